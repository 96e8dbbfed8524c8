//! Outgoing requests: a connection of one's own per errand, and a guard over where it may lead.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Uri, header};
use bytes::Bytes;
use hallway_platform::ports::{Answer, Courier, CourierError, Errand, Fetched, Target};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

mod fetch;

/// Which addresses may be dialled.
#[derive(Clone, Copy, Debug)]
pub struct Reach {
    /// Whether loopback and private ranges may be dialled. Link-local and metadata addresses never are.
    pub private: bool,
}

impl Reach {
    /// Why an address must not be dialled.
    pub fn refuses(self, address: IpAddr) -> Option<&'static str> {
        let address = match address {
            IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(IpAddr::V6(v6), IpAddr::V4),
            v4 => v4,
        };
        match address {
            IpAddr::V4(v4) => refuses_v4(v4, self.private),
            IpAddr::V6(v6) => refuses_v6(v6, self.private),
        }
    }
}

fn refuses_v4(address: Ipv4Addr, private: bool) -> Option<&'static str> {
    let [a, b, ..] = address.octets();
    if address.is_link_local() || address == Ipv4Addr::new(100, 100, 100, 200) {
        Some("it is a link-local or metadata address")
    } else if address.is_unspecified()
        || address.is_multicast()
        || address.is_broadcast()
        || a >= 240
        || a == 0
    {
        Some("it is no address of a host")
    } else if !private
        && (address.is_loopback() || address.is_private() || (a == 100 && (64..128).contains(&b)))
    {
        Some(
            "it is a loopback or private address, which this Hallway does not call (--allow-private-targets)",
        )
    } else {
        None
    }
}

fn refuses_v6(address: Ipv6Addr, private: bool) -> Option<&'static str> {
    let metadata = address == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    if address.is_unicast_link_local() || metadata {
        Some("it is a link-local or metadata address")
    } else if address.is_unspecified() || address.is_multicast() {
        Some("it is no address of a host")
    } else if !private && (address.is_loopback() || address.is_unique_local()) {
        Some(
            "it is a loopback or private address, which this Hallway does not call (--allow-private-targets)",
        )
    } else {
        None
    }
}

/// Carries requests over HTTP/1.1.
#[derive(Clone, Debug)]
pub struct HttpCourier {
    reach: Reach,
    tls: Arc<ClientConfig>,
    roots: Arc<RootCertStore>,
}

impl HttpCourier {
    /// A courier that trusts the public authorities, and those of `more` (PEM).
    ///
    /// # Errors
    /// `more` holds no certificates.
    pub fn new(reach: Reach, more: Option<&[u8]>) -> Result<Self, CourierError> {
        let mut roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        if let Some(pem) = more {
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate =
                    certificate.map_err(|error| CourierError(format!("bad certificate: {error}")))?;
                roots
                    .add(certificate)
                    .map_err(|error| CourierError(format!("bad certificate: {error}")))?;
            }
        }
        let roots = Arc::new(roots);
        let tls = client_config(&roots)?.with_no_client_auth();
        Ok(Self {
            reach,
            tls: Arc::new(tls),
            roots,
        })
    }
}

fn client_config(
    roots: &Arc<RootCertStore>,
) -> Result<rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert>, CourierError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| CourierError(error.to_string()))?
        .with_root_certificates(Arc::clone(roots)))
}

#[async_trait]
impl Courier for HttpCourier {
    fn errand(&self, target: &Target) -> Result<Box<dyn Errand>, CourierError> {
        Ok(Box::new(self.prepare(target)?))
    }

    fn check(&self, target: &Target) -> Result<(), CourierError> {
        self.errand(target)?;
        let uri: Uri = target
            .url
            .parse()
            .map_err(|_| CourierError("the target URL is not a URL".to_owned()))?;
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        if let Ok(address) = host.parse::<IpAddr>()
            && let Some(why) = self.reach.refuses(address)
        {
            return Err(CourierError(format!("the target URL names {host}: {why}")));
        }
        Ok(())
    }

    async fn check_host(&self, target: &Target) -> Result<(), CourierError> {
        self.check(target)?;
        let errand = self.prepare(target)?;
        let asked = tokio::net::lookup_host((errand.host.as_str(), errand.port));
        let Ok(Ok(found)) = tokio::time::timeout(target.timeout, asked).await else {
            return Ok(());
        };
        for address in found {
            if let Some(why) = self.reach.refuses(address.ip()) {
                return Err(CourierError(format!(
                    "{} is at {}: {why}",
                    errand.host,
                    address.ip()
                )));
            }
        }
        Ok(())
    }

    async fn fetch(&self, target: &Target) -> Result<Fetched, CourierError> {
        fetch::fetch(self.prepare(target)?).await
    }
}

impl HttpCourier {
    /// Reads a target.
    fn prepare(&self, target: &Target) -> Result<HttpErrand, CourierError> {
        let bad = |what: &str| CourierError(format!("the target URL {what}"));
        let uri: Uri = target.url.parse().map_err(|_| bad("is not a URL"))?;
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(bad("is neither http nor https")),
        };
        let host = uri
            .host()
            .ok_or_else(|| bad("names no host"))?
            .trim_matches(['[', ']'])
            .to_owned();
        let port = uri.port_u16().unwrap_or(if https { 443 } else { 80 });
        let tls = match (https, &target.mutual_tls) {
            (false, _) => None,
            (true, None) => Some(Arc::clone(&self.tls)),
            (true, Some((certificate, key))) => {
                let chain = CertificateDer::pem_slice_iter(certificate.as_bytes())
                    .collect::<Result<Vec<_>, _>>()
                    .map_err(|_| CourierError("the client certificate is not PEM".to_owned()))?;
                let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes())
                    .map_err(|_| CourierError("the client key is not PEM".to_owned()))?;
                let config = client_config(&self.roots)?
                    .with_client_auth_cert(chain, key)
                    .map_err(|error| {
                        CourierError(format!("the client certificate cannot be used: {error}"))
                    })?;
                Some(Arc::new(config))
            }
        };
        let authority = uri
            .authority()
            .map(|authority| authority.as_str())
            .unwrap_or_default();
        let authority = authority.rsplit('@').next().unwrap_or_default();
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(HttpErrand {
            reach: self.reach,
            host,
            port,
            tls,
            host_header: HeaderValue::from_str(authority).map_err(|_| bad("names a strange host"))?,
            path: path.parse().map_err(|_| bad("has a strange path"))?,
            timeout: target.timeout,
            max_answer: target.max_answer,
            sender: None,
        })
    }
}

/// Dials a host, within what is in reach. The address that was checked is the one that is dialled, so a name
/// that resolves otherwise a moment later changes nothing.
pub(crate) async fn dial(reach: Reach, host: &str, port: u16) -> Result<TcpStream, CourierError> {
    let found = tokio::net::lookup_host((host, port))
        .await
        .map_err(|error| CourierError(format!("{host} cannot be resolved: {error}")))?;
    let mut refused = format!("{host} has no address");
    let mut allowed: Vec<SocketAddr> = Vec::new();
    for address in found {
        match reach.refuses(address.ip()) {
            None => allowed.push(address),
            Some(why) => refused = format!("{host} is at {}: {why}", address.ip()),
        }
    }
    if allowed.is_empty() {
        return Err(CourierError(refused));
    }
    let socket = TcpStream::connect(allowed.as_slice())
        .await
        .map_err(|error| CourierError(format!("{host}:{port} cannot be reached: {error}")))?;
    socket.set_nodelay(true).ok();
    Ok(socket)
}

struct HttpErrand {
    reach: Reach,
    host: String,
    port: u16,
    tls: Option<Arc<ClientConfig>>,
    host_header: HeaderValue,
    path: Uri,
    timeout: Duration,
    max_answer: usize,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl HttpErrand {
    /// Dials the target, and greets it.
    async fn dial(&self) -> Result<SendRequest<Full<Bytes>>, CourierError> {
        let (host, port) = (&self.host, self.port);
        let socket = dial(self.reach, host, port).await?;
        let failed =
            |error: hyper::Error| CourierError(format!("{host}:{port} does not speak HTTP: {error}"));
        match &self.tls {
            None => {
                let (sender, connection) = shake(socket).await.map_err(failed)?;
                drive(connection);
                Ok(sender)
            }
            Some(tls) => {
                let name = ServerName::try_from(host.clone())
                    .map_err(|_| CourierError(format!("{host} is no name for TLS")))?;
                let socket = TlsConnector::from(Arc::clone(tls))
                    .connect(name, socket)
                    .await
                    .map_err(|error| CourierError(format!("TLS with {host}:{port} failed: {error}")))?;
                let (sender, connection) = shake(socket).await.map_err(failed)?;
                drive(connection);
                Ok(sender)
            }
        }
    }

    async fn exchange(&mut self, headers: &HeaderMap, body: Bytes) -> Result<Answer, CourierError> {
        // A kept connection may have been closed by the other side meanwhile: then one fresh try is made,
        // but only if nothing of the request was taken.
        for fresh in [false, true] {
            let mut sender = match self.sender.take() {
                Some(sender) if !fresh => sender,
                _ => self.dial().await?,
            };
            if sender.ready().await.is_err() {
                continue;
            }
            let mut request = Request::new(Full::new(body.clone()));
            *request.method_mut() = Method::POST;
            *request.uri_mut() = self.path.clone();
            request.headers_mut().clone_from(headers);
            request
                .headers_mut()
                .insert(header::HOST, self.host_header.clone());
            match sender.try_send_request(request).await {
                Ok(answer) => {
                    let status = answer.status().as_u16();
                    let content_type = answer.headers().get(header::CONTENT_TYPE);
                    let content_type = content_type.and_then(|value| value.to_str().ok());
                    let content_type = content_type.map(ToOwned::to_owned);
                    let read = Limited::new(answer.into_body(), self.max_answer).collect().await;
                    let cut = read.is_err();
                    let body = match read {
                        Ok(body) => {
                            self.sender = Some(sender);
                            body.to_bytes()
                        }
                        // Too long, or broken off: the status counts, the connection does not go on.
                        Err(_) => Bytes::new(),
                    };
                    return Ok(Answer {
                        status,
                        content_type,
                        cut,
                        body,
                    });
                }
                Err(mut error) => {
                    let untaken = error.take_message().is_some();
                    if fresh || !untaken {
                        return Err(CourierError(format!(
                            "{}:{}: {}",
                            self.host,
                            self.port,
                            error.error()
                        )));
                    }
                }
            }
        }
        Err(CourierError(format!(
            "{}:{} closes its connections",
            self.host, self.port
        )))
    }
}

/// Begins HTTP. Names of headers go out as `X-Spark-Signature`: there are receivers that look for no other spelling.
async fn shake<T>(
    socket: T,
) -> hyper::Result<(
    SendRequest<Full<Bytes>>,
    http1::Connection<TokioIo<T>, Full<Bytes>>,
)>
where
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let mut builder = http1::Builder::new();
    builder.title_case_headers(true);
    builder.handshake(TokioIo::new(socket)).await
}

/// Moves a connection's bytes until it ends.
fn drive<T>(connection: http1::Connection<T, Full<Bytes>>)
where
    T: hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
{
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "an outgoing connection broke");
        }
    });
}

#[async_trait]
impl Errand for HttpErrand {
    async fn post(&mut self, headers: &HeaderMap, body: Bytes) -> Result<Answer, CourierError> {
        let timeout = self.timeout;
        match tokio::time::timeout(timeout, self.exchange(headers, body)).await {
            Ok(outcome) => outcome,
            Err(_) => {
                self.sender = None;
                Err(CourierError(format!(
                    "no answer within {} s",
                    timeout.as_secs_f32()
                )))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_addresses_are_never_dialled() {
        for private in [false, true] {
            let reach = Reach { private };
            for address in [
                "169.254.169.254",
                "169.254.0.1",
                "fe80::1",
                "::ffff:169.254.169.254",
                "fd00:ec2::254",
                "100.100.100.200",
                "0.0.0.0",
                "::",
                "224.0.0.1",
                "255.255.255.255",
            ] {
                assert!(
                    reach.refuses(address.parse().unwrap()).is_some(),
                    "{address} with private={private}"
                );
            }
        }
    }

    #[test]
    fn private_addresses_are_a_setting() {
        for address in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.1.1",
            "172.16.0.1",
            "::1",
            "fc00::1",
            "::ffff:127.0.0.1",
        ] {
            let address = address.parse().unwrap();
            assert!(Reach { private: false }.refuses(address).is_some(), "{address}");
            assert!(Reach { private: true }.refuses(address).is_none(), "{address}");
        }
        assert!(
            Reach { private: false }
                .refuses("93.184.216.34".parse().unwrap())
                .is_none()
        );
    }
}
