//! The webhook receiver: it counts, and measures from the time in the value. The same one receives from
//! Hallway and from the baselines, and it does as little as it can, so that it is not what is measured.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::clock;
use crate::frames;
use crate::stats::Times;

/// The secret of every webhook here.
pub(crate) const SECRET: &str = "a-secret-of-the-benchmark";

/// Every so many bodies the signature is checked.
const CHECK_EVERY: u64 = 1000;

#[derive(Debug)]
struct Shared {
    count: AtomicU64,
    wrong: AtomicU64,
    sampling: AtomicBool,
    samples: Mutex<Vec<u32>>,
    /// The first notification that carried a value.
    first: Mutex<Option<Vec<u8>>>,
    open: watch::Sender<bool>,
}

/// Receives webhooks.
#[derive(Clone, Debug)]
pub(crate) struct Receiver {
    shared: Arc<Shared>,
    pub(crate) address: SocketAddr,
}

impl Receiver {
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            count: AtomicU64::new(0),
            wrong: AtomicU64::new(0),
            sampling: AtomicBool::new(false),
            samples: Mutex::default(),
            first: Mutex::default(),
            open: watch::channel(true).0,
        });
        let all = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).ok();
                let shared = Arc::clone(&all);
                tokio::spawn(async move { shared.serve(stream).await });
            }
        });
        Ok(Self { shared, address })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Notifications with a value so far.
    pub(crate) fn count(&self) -> u64 {
        self.shared.count.load(Ordering::Acquire)
    }

    /// Whether requests are answered, or left waiting.
    pub(crate) fn set_open(&self, open: bool) {
        self.shared.open.send_replace(open);
    }

    /// Waits for the notification number `target`.
    pub(crate) async fn reach(&self, target: u64) -> Result<()> {
        let mut before = self.count();
        let mut still = 0;
        while self.count() < target {
            tokio::time::sleep(Duration::from_millis(1)).await;
            let now = self.count();
            still = if now == before { still + 1 } else { 0 };
            before = now;
            if still > 20_000 {
                bail!("only {now} of {target} notifications arrived");
            }
        }
        let wrong = self.shared.wrong.load(Ordering::Acquire);
        if wrong > 0 {
            bail!("{wrong} notifications had no good signature");
        }
        Ok(())
    }

    /// Begins to measure how long notifications take.
    pub(crate) fn sample(&self) {
        self.samples().clear();
        self.shared.sampling.store(true, Ordering::Release);
    }

    /// What was measured.
    pub(crate) fn sampled(&self) -> Times {
        self.shared.sampling.store(false, Ordering::Release);
        Times::new(std::mem::take(&mut *self.samples()))
    }

    fn samples(&self) -> std::sync::MutexGuard<'_, Vec<u32>> {
        self.shared.samples.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A notification as Hallway wrote it.
    pub(crate) fn first_body(&self) -> Result<Vec<u8>> {
        let first = self.shared.first.lock().unwrap_or_else(PoisonError::into_inner);
        first.clone().context("no notification came yet")
    }
}

impl Shared {
    async fn serve(&self, mut stream: TcpStream) {
        let mut bytes: Vec<u8> = Vec::with_capacity(4096);
        let mut open = self.open.subscribe();
        loop {
            while let Some(head) = frames::next_message(&bytes) {
                if !*open.borrow() && open.wait_for(|open| *open).await.is_err() {
                    return;
                }
                self.take(&bytes[..head.body.start], &bytes[head.body.clone()]);
                bytes.drain(..head.body.end);
                if stream
                    .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
                    .await
                    .is_err()
                {
                    return;
                }
            }
            if !matches!(stream.read_buf(&mut bytes).await, Ok(1..)) {
                return;
            }
        }
    }

    fn take(&self, head: &[u8], body: &[u8]) {
        let Some((sent, _)) = frames::value(body) else {
            return;
        };
        if self.sampling.load(Ordering::Acquire) {
            let took = clock::micros().saturating_sub(sent);
            let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
            samples.push(u32::try_from(took).unwrap_or(u32::MAX));
        }
        let number = self.count.fetch_add(1, Ordering::AcqRel);
        if number.is_multiple_of(CHECK_EVERY) {
            let key = hallway_platform::crypto::hmac_key(&hallway_wire::Secret::new(SECRET));
            let expected = hallway_platform::crypto::hmac_sha1_hex(&key, body);
            if frames::header(head, b"x-spark-signature") != Some(expected.as_str()) {
                self.wrong.fetch_add(1, Ordering::AcqRel);
            }
            let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
            first.get_or_insert_with(|| body.to_vec());
        }
    }
}
