//! How requests travel.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use crate::error::{Error, Result};

/// Carries one request and brings back its whole answer.
///
/// [`Https`] does it over the network. Another one may go through a proxy, or play a recording.
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// Sends a request.
    ///
    /// # Errors
    /// No answer came; see [`TransportError`].
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError>;
}

/// No answer came.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{source}")]
pub struct TransportError {
    /// Whether the request may have arrived. Only if it certainly did not is a request repeated that would do
    /// something a second time.
    pub maybe_arrived: bool,
    /// What the network said.
    pub source: Arc<dyn std::error::Error + Send + Sync>,
}

impl TransportError {
    /// An error after which nobody knows whether the request arrived.
    pub fn unknown(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self {
            maybe_arrived: true,
            source: Arc::from(source.into()),
        }
    }

    /// An error before anything was sent.
    pub fn not_sent(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self {
            maybe_arrived: false,
            source: Arc::from(source.into()),
        }
    }
}

/// HTTP/1.1 and HTTP/2 over kept connections, with TLS by rustls.
#[derive(Clone, Debug)]
pub struct Https {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    most_bytes: usize,
}

/// Longest answer that is read.
const MOST_BYTES: usize = 64 * 1024 * 1024;

impl Https {
    /// Trusts the public authorities.
    ///
    /// # Errors
    /// The TLS library refuses its own defaults.
    pub fn new() -> Result<Self> {
        Self::trusting(None)
    }

    /// Trusts the public authorities and those of `pem` too: for a Hallway with a certificate of the house.
    ///
    /// # Errors
    /// `pem` holds something that is no certificate.
    pub fn trusting(pem: Option<&[u8]>) -> Result<Self> {
        let mut roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        for certificate in CertificateDer::pem_slice_iter(pem.unwrap_or_default()) {
            let bad = |error: &dyn fmt::Display| Error::configuration(format!("bad certificate: {error}"));
            let certificate = certificate.map_err(|error| bad(&error))?;
            roots.add(certificate).map_err(|error| bad(&error))?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::configuration(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(Duration::from_secs(10)));
        tcp.set_nodelay(true);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .enable_http2()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(Duration::from_secs(55))
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .build(connector);
        Ok(Self {
            client,
            most_bytes: MOST_BYTES,
        })
    }
}

#[async_trait]
impl Transport for Https {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let answer = self
            .client
            .request(request.map(Full::new))
            .await
            .map_err(|error| {
                if error.is_connect() {
                    TransportError::not_sent(error)
                } else {
                    TransportError::unknown(error)
                }
            })?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, self.most_bytes).collect().await;
        let body = body.map_err(TransportError::unknown)?.to_bytes();
        Ok(Response::from_parts(head, body))
    }
}
