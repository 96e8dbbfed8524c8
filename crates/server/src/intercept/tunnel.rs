//! Carries bytes between a client and a host that passes, unread.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// A tunnel through which nothing goes for this long is closed: it holds a place that others want.
const IDLE: Duration = Duration::from_secs(300);

/// Carries until one side fails, both have ended, nothing moves for long, or `stop`.
pub(super) async fn carry(
    client: impl AsyncRead + AsyncWrite,
    target: impl AsyncRead + AsyncWrite,
    stop: &CancellationToken,
) {
    let (from_client, to_client) = tokio::io::split(client);
    let (from_target, to_target) = tokio::io::split(target);
    let moved = Moved::default();
    let both = async {
        tokio::try_join!(
            one_way(from_client, to_target, &moved),
            one_way(from_target, to_client, &moved)
        )
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = moved.rests() => tracing::debug!("a tunnel was closed after nothing went through it"),
        ended = both => {
            if let Err(error) = ended {
                tracing::debug!(%error, "a tunnel broke");
            }
        }
    }
}

async fn one_way(from: impl AsyncRead, to: impl AsyncWrite, moved: &Moved) -> std::io::Result<()> {
    tokio::pin!(from, to);
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).await?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else {
            return to.shutdown().await;
        };
        to.write_all(bytes).await?;
        to.flush().await?;
        moved.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Counts what went through, either way.
#[derive(Default)]
struct Moved(AtomicU64);

impl Moved {
    /// Returns once nothing has moved for [`IDLE`].
    async fn rests(&self) {
        let mut seen = self.0.load(Ordering::Relaxed);
        loop {
            tokio::time::sleep_until(Instant::now() + IDLE).await;
            let now = self.0.load(Ordering::Relaxed);
            if now == seen {
                return;
            }
            seen = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_goes_in_comes_out_and_ends() {
        let (mut client, near) = tokio::io::duplex(64);
        let (mut target, far) = tokio::io::duplex(64);
        let carried = tokio::spawn(async move { carry(near, far, &CancellationToken::new()).await });
        client.write_all(b"question").await.unwrap();
        let mut read = [0; 8];
        target.read_exact(&mut read).await.unwrap();
        assert_eq!(&read, b"question");
        // Who has said all may still listen.
        client.shutdown().await.unwrap();
        assert_eq!(target.read(&mut read).await.unwrap(), 0);
        target.write_all(b"answer").await.unwrap();
        target.shutdown().await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer, "answer");
        carried.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_tunnel_ends_and_a_busy_one_does_not() {
        let (mut client, near) = tokio::io::duplex(64);
        let (mut target, far) = tokio::io::duplex(64);
        let carried = tokio::spawn(async move { carry(near, far, &CancellationToken::new()).await });
        let mut read = [0; 1];
        for _ in 0..4 {
            tokio::time::sleep(IDLE / 2).await;
            client.write_all(b"x").await.unwrap();
            target.read_exact(&mut read).await.unwrap();
        }
        assert!(!carried.is_finished());
        let since = Instant::now();
        carried.await.unwrap();
        assert!(since.elapsed() <= IDLE * 2);
    }
}
