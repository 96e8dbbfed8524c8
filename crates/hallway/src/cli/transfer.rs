//! Files of any length, up and down: neither is ever in memory as a whole.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hallway_wire::Secret;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};

use super::failure::{Failure, Result};
use super::http::{Answer, Client};
use super::tls;

type Outgoing = UnsyncBoxBody<Bytes, std::io::Error>;

/// How much of a file is read at once.
const PART: usize = 256 * 1024;
/// How long nothing may come. What comes in between may take as long as it takes.
const PAUSE: Duration = Duration::from_secs(120);
/// Longest refusal that is read.
const MAX_REFUSAL: usize = 1 << 20;

fn late() -> Failure {
    Failure::refused("nothing came for two minutes")
}

impl Client {
    /// Posts a wish, and writes the answer to a file. Returns its length.
    pub(crate) async fn download(&self, path: &str, wish: &Value, mut file: &File) -> Result<u64> {
        let body = Full::new(Bytes::from(wish.to_string()))
            .map_err(|never| match never {})
            .boxed_unsync();
        let request = self.transfer(path, "application/json").await?;
        let request = request.body(body).map_err(|error| bad(&error))?;
        let (mut response, connection) = self.begin(request).await?;
        if !response.status().is_success() {
            let answer = self.refused(response).await?;
            connection.abort();
            answer.accepted(self.url(), &Method::POST, path)?;
            return Err(Failure::refused("the answer is none"));
        }
        let mut written = 0;
        loop {
            let frame = tokio::time::timeout(PAUSE, response.body_mut().frame()).await;
            match frame.map_err(|_| late())? {
                None => break,
                Some(Err(error)) => {
                    return Err(Failure::refused(format!("the file broke off: {error}"))
                        .hint("the log of the Hallway says why"));
                }
                Some(Ok(frame)) => {
                    let Ok(bytes) = frame.into_data() else { continue };
                    written += bytes.len() as u64;
                    file.write_all(&bytes)
                        .map_err(|error| Failure::refused(format!("the file cannot be written: {error}")))?;
                }
            }
        }
        connection.abort();
        Ok(written)
    }

    /// Posts a file. The answer is JSON.
    pub(crate) async fn upload(&self, path: &str, file: &Path, passphrase: Option<&Secret>) -> Result<Value> {
        let cannot =
            |error: std::io::Error| Failure::usage(format!("{} cannot be read: {error}", file.display()));
        let open = tokio::fs::File::open(file).await.map_err(cannot)?;
        let length = open.metadata().await.map_err(cannot)?.len();
        let parts = futures_util::stream::unfold(Some(open), async |open| {
            let mut open = open?;
            let mut part = Vec::with_capacity(PART);
            match (&mut open).take(PART as u64).read_to_end(&mut part).await {
                Ok(0) => None,
                Ok(_) => Some((Ok(Frame::data(Bytes::from(part))), Some(open))),
                Err(error) => Some((Err(error), None)),
            }
        });
        let mut request = self
            .transfer(path, "application/octet-stream")
            .await?
            .header(CONTENT_LENGTH, length);
        if let Some(passphrase) = passphrase {
            let mut value = HeaderValue::try_from(STANDARD.encode(passphrase.expose()))
                .map_err(|_| Failure::usage("the passphrase cannot be sent"))?;
            value.set_sensitive(true);
            request = request.header("x-hallway-passphrase", value);
        }
        let request = request
            .body(StreamBody::new(parts).boxed_unsync())
            .map_err(|error| bad(&error))?;
        let (response, connection) = self.begin(request).await?;
        let answer = self.refused(response).await?;
        connection.abort();
        let answer = answer.accepted(self.url(), &Method::POST, path)?;
        answer.json(&Method::POST, path)
    }

    async fn transfer(&self, path: &str, kind: &'static str) -> Result<hyper::http::request::Builder> {
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", self.token().await?.expose().trim()))
            .map_err(|_| Failure::usage("the token holds characters that no token has"))?;
        bearer.set_sensitive(true);
        Ok(Request::builder()
            .method(Method::POST)
            .uri(self.target(path))
            .header(HOST, self.authority())
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, kind)
            .header(AUTHORIZATION, bearer))
    }

    /// Sends a request, and returns the head of the answer and who drives the connection.
    async fn begin(
        &self,
        request: Request<Outgoing>,
    ) -> Result<(Response<Incoming>, tokio::task::JoinHandle<()>)> {
        let stream = self.connect().await?;
        let Some(host) = self.secure_host() else {
            return self.ask_over(stream, request).await;
        };
        let connector = tls::connector(self.ca())?;
        let name = ServerName::try_from(host.to_owned())
            .map_err(|error| Failure::usage(format!("`{host}` is no name for TLS: {error}")))?;
        let stream = connector.connect(name, stream).await.map_err(|error| {
            self.unreachable(&error)
                .hint("a certificate of your own authority is trusted with --ca FILE")
        })?;
        self.ask_over(stream, request).await
    }

    async fn ask_over<S>(
        &self,
        stream: S,
        request: Request<Outgoing>,
    ) -> Result<(Response<Incoming>, tokio::task::JoinHandle<()>)>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| self.unreachable(&error))?;
        let driver = tokio::spawn(async move {
            // What goes wrong is seen by who reads the answer.
            let _ = connection.await;
        });
        let response = sender.send_request(request).await;
        Ok((response.map_err(|error| self.unreachable(&error))?, driver))
    }

    /// A short answer as a whole.
    async fn refused(&self, response: Response<Incoming>) -> Result<Answer> {
        let (head, body) = response.into_parts();
        let body = http_body_util::Limited::new(body, MAX_REFUSAL).collect().await;
        let body = body.map_err(|error| self.unreachable(&*error))?.to_bytes();
        Ok(Answer::of(head.status, head.headers, body))
    }
}

fn bad(error: &hyper::http::Error) -> Failure {
    Failure::usage(format!("this is no request: {error}"))
}
