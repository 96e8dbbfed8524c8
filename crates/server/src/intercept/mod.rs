//! Stands in for the hosts that clients have compiled in, so that clients need no change.
//!
//! One port takes both ways in: a client that has it as its HTTPS proxy says `CONNECT host:443`, and a client
//! that finds it under the host's name greets over TLS at once. The first byte tells them apart. Either way
//! Hallway then speaks TLS as that host, with a certificate of the local [`Authority`], and the same router
//! answers. Every other host is refused, or passed on untouched where that was asked for; what passes is
//! never opened.

use std::sync::Arc;

use axum::Router;
use axum::http::header::{LINK, LOCATION};
use axum::http::{HeaderMap, HeaderValue};
use hallway_platform::ports::Clock;
use rustls::ServerConfig;
use rustls::server::{Acceptor, ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use crate::courier::Reach;
use crate::listen::{self, HEAD_TIME};

mod authority;
mod connect;
mod hosts;
mod tunnel;

pub use authority::{Authority, AuthorityError, make_key};
pub use hosts::{HOSTS, Passing, known};

/// The first byte of a TLS connection: the content type `handshake` (RFC 8446, 5.1). No HTTP method has it.
const HANDSHAKE: u8 = 0x16;

/// What the interceptor needs to know.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "it holds the authority's key")]
pub struct Interception {
    pub authority: Arc<Authority>,
    /// Hosts that are passed on.
    pub passing: Arc<[Passing]>,
    /// Which addresses those may have.
    pub reach: Reach,
    pub clock: Arc<dyn Clock>,
    /// What the URLs of answers start with.
    pub public_url: Arc<str>,
    /// Shared with the other listeners, see [`listen::Listening`].
    pub places: Arc<Semaphore>,
}

/// Serves until `stop`, then finishes what is in flight.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    interception: Interception,
    stop: CancellationToken,
) {
    let (places, until) = (Arc::clone(&interception.places), stop.clone());
    let interception = Arc::new(interception);
    let each = move |socket| {
        let (router, interception, stop) = (router.clone(), Arc::clone(&interception), stop.clone());
        async move { greet(socket, router, interception, stop).await }
    };
    listen::accept(listener, places, until, each).await;
}

/// Finds out which way in a client took.
async fn greet(socket: TcpStream, router: Router, interception: Arc<Interception>, stop: CancellationToken) {
    let mut first = [0];
    let peeked = tokio::select! {
        () = stop.cancelled() => return,
        peeked = tokio::time::timeout(HEAD_TIME, socket.peek(&mut first)) => peeked,
    };
    match (peeked, first) {
        (Ok(Ok(1)), [HANDSHAKE]) => answer(socket, None, router, &interception, stop).await,
        (Ok(Ok(1)), _) => match connect::ask(socket, &interception, &stop).await {
            Some((client, connect::Goal::Here(host))) => {
                answer(client, Some(host), router, &interception, stop).await;
            }
            Some((client, connect::Goal::There(target))) => tunnel::carry(client, target, &stop).await,
            None => {}
        },
        _ => {}
    }
}

/// Speaks TLS as the host that was asked for, and lets the router answer.
async fn answer<S>(
    socket: S,
    connected_to: Option<&'static str>,
    router: Router,
    interception: &Interception,
    stop: CancellationToken,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let shaken = tokio::select! {
        () = stop.cancelled() => return,
        shaken = tokio::time::timeout(HEAD_TIME, shake_hands(socket, connected_to, interception)) => shaken,
    };
    let Ok(Some((host, socket))) = shaken else {
        return;
    };
    let origin = Origin::new(host, &interception.public_url);
    listen::encrypted(socket, router, Some(Arc::new(origin)), stop).await;
}

async fn shake_hands<S>(
    socket: S,
    connected_to: Option<&'static str>,
    interception: &Interception,
) -> Option<(&'static str, TlsStream<S>)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let start = match LazyConfigAcceptor::new(Acceptor::default(), socket).await {
        Ok(start) => start,
        Err(error) => {
            tracing::debug!(%error, "what came was no TLS");
            return None;
        }
    };
    let hello = start.client_hello();
    let host = match (hello.server_name(), connected_to) {
        (None, host) => host,
        (Some(name), None) => hosts::known(name),
        // Who asked the proxy for one host must not greet another.
        (Some(name), Some(host)) => hosts::known(name).filter(|named| *named == host),
    };
    let Some(host) = host else {
        let name = hello.server_name().unwrap_or("no host").to_owned();
        tracing::info!(
            host = name,
            "refused to speak TLS as a host that is not intercepted"
        );
        if let Some(refusal) = refusal() {
            // Fails always, and says so to the client.
            start.into_stream(refusal).await.ok();
        }
        return None;
    };
    let config = match interception.authority.speak_as(host, interception.clock.now()) {
        Ok(config) => config,
        Err(error) => {
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, host, "no certificate could be made");
            return None;
        }
    };
    match start.into_stream(config).await {
        Ok(stream) => Some((host, stream)),
        Err(error) => {
            // Most often the client does not trust the authority: its user wants to read this.
            tracing::info!(%error, host, "TLS failed: does the client trust `hallway ca export`?");
            None
        }
    }
}

/// Has no certificate for anybody, so that the client gets an alert and no silence.
#[derive(Debug)]
struct Nobody;

impl ResolvesServerCert for Nobody {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        None
    }
}

fn refusal() -> Option<Arc<ServerConfig>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .ok()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Nobody));
    Some(Arc::new(config))
}

/// Where a client believes to be: what it is pointed to must be there too (rest-basics 4.1).
#[derive(Debug)]
pub(crate) struct Origin {
    /// What our own URLs start with, without a final slash.
    public_url: Arc<str>,
    /// The same at the host that the client asked.
    here: String,
}

impl Origin {
    fn new(host: &str, public_url: &Arc<str>) -> Self {
        Self {
            public_url: Arc::clone(public_url),
            here: format!("https://{host}"),
        }
    }

    /// Points the headers that hold URLs of ours to where the client is.
    pub(crate) fn adopt(&self, headers: &mut HeaderMap) {
        for (name, before) in [(LINK, "<"), (LOCATION, "")] {
            let Some(value) = headers.get(&name).and_then(|value| value.to_str().ok()) else {
                continue;
            };
            let rest = value
                .strip_prefix(before)
                .and_then(|rest| rest.strip_prefix(&*self.public_url))
                .filter(|rest| rest.starts_with('/'));
            let here = rest.map(|rest| HeaderValue::try_from(format!("{before}{}{rest}", self.here)));
            if let Some(Ok(here)) = here {
                headers.insert(name, here);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_urls_move_and_no_others() {
        let origin = Origin::new("webexapis.com", &Arc::from("http://127.0.0.1:80"));
        let adopted = |name: &axum::http::HeaderName, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(name.clone(), HeaderValue::from_static(value));
            origin.adopt(&mut headers);
            headers[name].to_str().unwrap().to_owned()
        };
        assert_eq!(
            adopted(&LINK, "<http://127.0.0.1:80/v1/devices?start=2>; rel=\"next\""),
            "<https://webexapis.com/v1/devices?start=2>; rel=\"next\""
        );
        assert_eq!(
            adopted(&LOCATION, "http://127.0.0.1:80/v1/x"),
            "https://webexapis.com/v1/x"
        );
        for other in [
            "http://127.0.0.1:8080/v1/x",
            "https://app.example/redirect?code=1",
            "/v1/x",
        ] {
            assert_eq!(adopted(&LOCATION, other), other);
        }
    }
}
