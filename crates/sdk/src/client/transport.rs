//! How requests travel.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use super::proxy::{Dialer, Proxies};
use crate::error::{Error, Result};

/// Carries one request and brings back its whole answer.
///
/// [`Https`] does it over the network. Another one may count what is sent, or play a recording.
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
    client: Client<HttpsConnector<Dialer>, Full<Bytes>>,
    tls: ClientConfig,
    proxies: Option<Proxies>,
    most_bytes: usize,
}

/// Longest answer that is read.
const MOST_BYTES: usize = 64 * 1024 * 1024;

impl Https {
    /// Trusts the public authorities, and asks every host directly.
    ///
    /// # Errors
    /// The TLS library refuses its own defaults.
    pub fn new() -> Result<Self> {
        Self::trusting(None)
    }

    /// As [`new`](Self::new), through the proxies that the environment names; see
    /// [`env_proxies`](Self::env_proxies). This is what clients and integrations take if nothing is said.
    ///
    /// # Errors
    /// The TLS library refuses its own defaults.
    pub fn from_env() -> Result<Self> {
        Ok(Self::new()?.env_proxies())
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
        Ok(Self::with(tls, None))
    }

    /// Goes through the proxies that the environment names, as curl does: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`,
    /// except for the hosts in `NO_PROXY`; also in small letters. Hosts that are this machine are always asked
    /// directly. A proxy is spoken to in plain HTTP; what goes to an `https` address goes through a tunnel that it
    /// cannot look into.
    #[must_use]
    pub fn env_proxies(self) -> Self {
        Self::with(self.tls, Some(Proxies::from_env()))
    }

    /// Goes through a proxy, `http://user:password@proxy.example.com:3128`, except for these hosts, which are
    /// separated by commas as in `NO_PROXY`.
    ///
    /// # Errors
    /// [`Error::Configuration`]: it is no address of a proxy that is spoken to in HTTP.
    pub fn proxied(self, proxy: &str, except: &str) -> Result<Self> {
        let proxies = Proxies::through(proxy, except)?;
        Ok(Self::with(self.tls, Some(proxies)))
    }

    /// The same with connections of its own, so that whoever uses the one does not wait for whoever uses the other.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self::with(self.tls.clone(), self.proxies.clone())
    }

    fn with(tls: ClientConfig, proxies: Option<Proxies>) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(Duration::from_secs(10)));
        tcp.set_nodelay(true);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls.clone())
            .https_or_http()
            .enable_http1()
            .enable_http2()
            .wrap_connector(Dialer::new(tcp, proxies.clone()));
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(Duration::from_secs(55))
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .build(connector);
        Self {
            client,
            tls,
            proxies,
            most_bytes: MOST_BYTES,
        }
    }
}

#[async_trait]
impl Transport for Https {
    async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let proxies = self.proxies.as_ref();
        if let Some(authorization) = proxies.and_then(|proxies| proxies.authorization(request.uri())) {
            let headers = request.headers_mut();
            headers.insert(header::PROXY_AUTHORIZATION, authorization);
        }
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
