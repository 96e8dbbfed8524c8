//! Accepts connections: plain or TLS, HTTP/1.1 or (over TLS) HTTP/2, counted, with time limits, and ended
//! gracefully.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::uri::PathAndQuery;
use axum::http::{Response, Uri};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use crate::intercept::Origin;

/// How long a client may take to send the head of a request, and to greet over TLS.
pub(crate) const HEAD_TIME: Duration = Duration::from_secs(15);

/// Most headers of a request.
pub(crate) const MAX_HEADERS: usize = 100;

/// Most bytes of a request's head.
const MAX_HEAD: usize = 64 * 1024;

/// What a listener needs to know.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "the TLS acceptor has none")]
pub struct Listening {
    /// One permit for each connection that may be open at once, on all listeners that share them; further ones
    /// wait to be accepted.
    pub places: Arc<Semaphore>,
    pub tls: Option<TlsAcceptor>,
}

/// Serves until `stop`, then finishes what is in flight.
pub async fn serve(listener: TcpListener, router: Router, listening: Listening, stop: CancellationToken) {
    let Listening { places, tls } = listening;
    let until = stop.clone();
    let each = move |socket| {
        let (router, tls, stop) = (router.clone(), tls.clone(), stop.clone());
        async move {
            match tls {
                None => plain(socket, router, stop).await,
                Some(tls) => {
                    if let Ok(Ok(socket)) = tokio::time::timeout(HEAD_TIME, tls.accept(socket)).await {
                        encrypted(socket, router, None, stop).await;
                    }
                }
            }
        }
    };
    accept(listener, places, until, each).await;
}

/// Accepts connections while there are places, and looks after each, until `stop`; then waits for those that
/// are there.
pub(crate) async fn accept<F, Work>(
    listener: TcpListener,
    places: Arc<Semaphore>,
    stop: CancellationToken,
    each: F,
) where
    F: Fn(TcpStream) -> Work,
    Work: Future<Output = ()> + Send + 'static,
{
    let connections = TaskTracker::new();
    loop {
        let place = tokio::select! {
            () = stop.cancelled() => break,
            place = Arc::clone(&places).acquire_owned() => place,
        };
        let Ok(place) = place else { break };
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let socket = match accepted {
            Ok((socket, _)) => socket,
            Err(error) => {
                // Out of sockets, most likely: others must end first.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        socket.set_nodelay(true).ok();
        let work = each(socket);
        connections.spawn(async move {
            work.await;
            drop(place);
        });
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

async fn plain(socket: TcpStream, router: Router, stop: CancellationToken) {
    let service = service_fn(move |request| answer(router.clone(), request));
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(socket), service)
        .with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}

/// Serves HTTP/1.1 or HTTP/2 over what TLS made of a connection. With an `origin`, answers point there.
pub(crate) async fn encrypted<S>(
    socket: S,
    router: Router,
    origin: Option<Arc<Origin>>,
    stop: CancellationToken,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| {
        let (router, origin) = (router.clone(), origin.clone());
        async move {
            let mut response = answer(router, request).await?;
            if let Some(origin) = origin {
                origin.adopt(response.headers_mut());
            }
            Ok::<_, HungUp>(response)
        }
    });
    let mut builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_headers(MAX_HEADERS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(100);
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(socket), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}

/// What makes hyper close a connection (over HTTP/2: end a stream) without an answer.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a fault was ordered: no answer is sent")]
struct HungUp;

async fn answer(router: Router, request: Request<Incoming>) -> Result<Response<Body>, HungUp> {
    let mut request = request.map(Body::new);
    if let Some(uri) = without_trailing_slash(request.uri()) {
        *request.uri_mut() = uri;
    }
    let response = match router.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    if response.extensions().get::<crate::fault::Close>().is_some() {
        return Err(HungUp);
    }
    Ok(response)
}

/// The official Node SDK asks for `/v1/xapi/status/?…` and `/v1/people/`.
fn without_trailing_slash(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    if path.len() <= 1 || !path.ends_with('/') {
        return None;
    }
    let path = path.trim_end_matches('/');
    let path = if path.is_empty() { "/" } else { path };
    let joined = match uri.query() {
        None => path.to_owned(),
        Some(query) => format!("{path}?{query}"),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(joined).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trailing_slashes_go() {
        let strip = |text: &str| without_trailing_slash(&text.parse().unwrap()).map(|uri| uri.to_string());
        assert_eq!(strip("/v1/people/").as_deref(), Some("/v1/people"));
        assert_eq!(
            strip("/v1/xapi/status/?name=Call[*].*&").as_deref(),
            Some("/v1/xapi/status?name=Call[*].*&")
        );
        assert_eq!(strip("/v1/people"), None);
        assert_eq!(strip("/"), None);
    }
}
