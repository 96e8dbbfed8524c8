//! Going through a proxy.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{HeaderValue, Uri};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

use crate::error::{Error, Result};

/// Which requests go through which proxy. Hosts that are this machine are always asked directly.
#[derive(Clone)]
pub(super) struct Proxies(Arc<Matcher>);

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A proxy may have a password.
        f.write_str("Proxies")
    }
}

impl Proxies {
    pub(super) fn from_env() -> Self {
        Self(Arc::new(Matcher::from_env()))
    }

    pub(super) fn through(url: &str, except: &str) -> Result<Self> {
        let uri: Option<Uri> = url.parse().ok();
        let good =
            uri.is_some_and(|uri| matches!(uri.scheme_str(), Some("http") | None) && uri.host().is_some());
        if !good {
            return Err(Error::configuration(
                "the address of a proxy must look like http://proxy.example.com:3128",
            ));
        }
        let matcher = Matcher::builder().all(url.to_owned()).no(except.to_owned());
        Ok(Self(Arc::new(matcher.build())))
    }

    fn of(&self, target: &Uri) -> Option<Intercept> {
        let host = target.host()?.trim_matches(['[', ']']);
        let here = host.eq_ignore_ascii_case("localhost")
            || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        self.0.intercept(target).filter(|_| !here)
    }

    /// What a request has to show that the proxy forwards. Through a tunnel none goes that the proxy sees.
    pub(super) fn authorization(&self, target: &Uri) -> Option<HeaderValue> {
        let forwarded = target.scheme_str() == Some("http");
        self.of(target).filter(|_| forwarded)?.basic_auth().cloned()
    }
}

/// Connects to where a request goes, or to the proxy that takes it there.
#[derive(Clone, Debug)]
pub(super) struct Dialer {
    tcp: HttpConnector,
    proxies: Option<Proxies>,
}

impl Dialer {
    pub(super) fn new(tcp: HttpConnector, proxies: Option<Proxies>) -> Self {
        Self { tcp, proxies }
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl Service<Uri> for Dialer {
    type Response = Line;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Line, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let mut tcp = self.tcp.clone();
        let Some(proxy) = self.proxies.as_ref().and_then(|proxies| proxies.of(&target)) else {
            let dialing = tcp.call(target);
            return Box::pin(async move { Ok(Line::new(dialing.await?, false)) });
        };
        Box::pin(async move {
            let uri = proxy.uri().clone();
            if uri.scheme_str() != Some("http") {
                let text = format!(
                    "proxies that are spoken to in {} are not supported",
                    uri.scheme_str().unwrap_or("-")
                );
                return Err(text.into());
            }
            if target.scheme_str() != Some("https") {
                return Ok(Line::new(tcp.call(uri).await?, true));
            }
            let mut tunnel = Tunnel::new(uri, tcp);
            if let Some(authorization) = proxy.basic_auth() {
                tunnel = tunnel.with_auth(authorization.clone());
            }
            let dug = tunnel.call(target).await;
            dug.map(|io| Line::new(io, false))
                .map_err(|error| format!("the proxy did not let the request through: {error}").into())
        })
    }
}

/// A connection.
pub(super) struct Line {
    io: TokioIo<TcpStream>,
    /// Whether a proxy at its end forwards requests, and so has to be told the whole address.
    forwarded: bool,
}

impl Line {
    fn new(io: TokioIo<TcpStream>, forwarded: bool) -> Self {
        Self { io, forwarded }
    }
}

impl Connection for Line {
    fn connected(&self) -> Connected {
        self.io.connected().proxy(self.forwarded)
    }
}

impl Read for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl Write for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_and_exceptions_are_asked_directly() {
        let proxies =
            Proxies::through("http://me:secret@proxy.example:3128", "fjord.example, 10.0.0.0/8").unwrap();
        let through = |text: &str| proxies.of(&text.parse().unwrap()).is_some();
        assert!(through("https://webexapis.com/v1") && through("http://hallway.example/v1"));
        for direct in [
            "http://localhost:8080/v1",
            "http://127.0.0.1:8080/v1",
            "https://[::1]/v1",
            "https://fjord.example/v1",
            "https://hallway.fjord.example/v1",
            "http://10.1.2.3/",
        ] {
            assert!(!through(direct), "{direct}");
        }
        assert!(
            proxies
                .authorization(&"http://x.example/".parse().unwrap())
                .is_some()
        );
        assert!(
            proxies
                .authorization(&"https://x.example/".parse().unwrap())
                .is_none()
        );
        assert!(!format!("{proxies:?}").contains("secret"));
        for bad in ["socks5://x:1", "https://x:1", "", "/"] {
            assert!(Proxies::through(bad, "").is_err(), "{bad}");
        }
    }
}
