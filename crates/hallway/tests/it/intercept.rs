//! Clients that need no change: the interceptor, asked by real TLS clients that know only the official names.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use hallway::Intercept;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::binary::{OFFICE, Served};
use crate::support::{Client, Office, within};

/// Somebody who knows where the interceptor is, and trusts its authority and nobody else.
struct Traveller {
    at: SocketAddr,
    ca: String,
    token: String,
}

/// Which way in.
#[derive(Clone, Copy, Debug)]
enum Way {
    Connect,
    Direct,
}

async fn office(passing: &[&str]) -> (Office, Traveller) {
    let passing = passing.iter().map(|host| host.parse().unwrap()).collect();
    let listen = ([127, 0, 0, 1], 0).into();
    let office = Office::with(|config| config.intercept = Some(Intercept { listen, passing })).await;
    let traveller = Traveller::of(
        &office.admin,
        office.house().ready.intercept_url.as_deref().unwrap(),
    )
    .await;
    (office, traveller)
}

impl Traveller {
    async fn of(admin: &Client, intercept_url: &str) -> Self {
        let ca = admin.get("/hallway/v1/ca").await;
        assert_eq!(ca.status, 200, "{}", ca.text());
        assert_eq!(
            ca.header("content-type"),
            Some("application/pem-certificate-chain")
        );
        Self {
            at: intercept_url.strip_prefix("http://").unwrap().parse().unwrap(),
            ca: ca.text(),
            token: admin.token.clone().unwrap(),
        }
    }

    async fn dial(&self) -> TcpStream {
        TcpStream::connect(self.at).await.unwrap()
    }

    /// Sends these bytes and reads all that comes.
    async fn say(&self, text: &str) -> String {
        let mut socket = self.dial().await;
        socket.write_all(text.as_bytes()).await.unwrap();
        let mut said = Vec::new();
        // What was not read when the other side closed makes a reset of it; what came before counts.
        within("the interceptor answers", socket.read_to_end(&mut said))
            .await
            .ok();
        String::from_utf8(said).unwrap()
    }

    /// A tunnel, or what was said instead.
    async fn connect(&self, target: &str) -> Result<TcpStream, String> {
        let mut socket = self.dial().await;
        let ask = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n");
        socket.write_all(ask.as_bytes()).await.unwrap();
        let mut said = Vec::new();
        while !said.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if within("the proxy answers", socket.read(&mut byte)).await.unwrap() == 0 {
                break;
            }
            said.extend(byte);
        }
        if said.starts_with(b"HTTP/1.1 200") {
            return Ok(socket);
        }
        socket.read_to_end(&mut said).await.unwrap();
        Err(String::from_utf8(said).unwrap())
    }

    /// Greets over TLS as a client that wants to talk to a host.
    async fn greet(
        &self,
        socket: TcpStream,
        host: &str,
        protocol: &[u8],
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(self.ca.as_bytes()).unwrap())
            .unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        let name = ServerName::try_from(host.to_owned()).unwrap();
        within("TLS", TlsConnector::from(Arc::new(config)).connect(name, socket)).await
    }

    async fn reach(&self, way: Way, host: &str, protocol: &[u8]) -> TlsStream<TcpStream> {
        let socket = match way {
            Way::Connect => self.connect(&format!("{host}:443")).await.unwrap(),
            Way::Direct => self.dial().await,
        };
        self.greet(socket, host, protocol).await.unwrap()
    }

    /// Reads JSON from an official URL.
    async fn get(&self, way: Way, url: &str) -> (Response<()>, Value) {
        let uri: hyper::Uri = url.parse().unwrap();
        let request = Request::get(uri.path_and_query().unwrap().as_str())
            .header("Host", uri.host().unwrap())
            .header("Authorization", format!("Bearer {}", self.token));
        let socket = TokioIo::new(self.reach(way, uri.host().unwrap(), b"http/1.1").await);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(socket).await.unwrap();
        let driven = tokio::spawn(connection);
        let request = request.body(Empty::<Bytes>::new()).unwrap();
        let answer = within("the answer", sender.send_request(request)).await.unwrap();
        let (head, body) = answer.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        drop(sender);
        driven.await.unwrap().unwrap();
        let body = serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{url}: {error}"));
        (Response::from_parts(head, ()), body)
    }
}

#[tokio::test]
async fn it_answers_as_the_official_hosts_both_ways() {
    let (office, traveller) = office(&[]).await;
    let keys = office.admin.get("/jwks").await.expect(200);
    for way in [Way::Connect, Way::Direct] {
        for host in hallway_server::intercept::HOSTS {
            let (answer, body) = traveller.get(way, &format!("https://{host}/jwks")).await;
            assert_eq!(answer.status(), 200, "{way:?} {host}");
            assert_eq!(body, keys, "{way:?} {host}");
        }
        let (answer, body) = traveller.get(way, "https://webexapis.com/v1/people/me").await;
        assert_eq!(answer.status(), 200, "{body}");
        let stranger = Traveller {
            token: "wrong".to_owned(),
            ca: traveller.ca.clone(),
            ..traveller
        };
        let (answer, _) = stranger.get(way, "https://webexapis.com/v1/people/me").await;
        assert_eq!(answer.status(), 401);
    }
    office.close().await;
}

#[tokio::test]
async fn links_lead_on_at_the_host_that_was_asked() {
    let (office, traveller) = office(&[]).await;
    let mut url = "https://api.ciscospark.com/v1/devices?max=5".to_owned();
    let mut seen = 0;
    loop {
        let (answer, body) = traveller.get(Way::Connect, &url).await;
        seen += body["items"].as_array().unwrap().len();
        let Some(link) = answer.headers().get("link") else {
            break;
        };
        let link = link.to_str().unwrap();
        let next = link
            .strip_prefix('<')
            .and_then(|link| link.split_once('>'))
            .unwrap()
            .0;
        assert!(
            next.starts_with("https://api.ciscospark.com/v1/devices?"),
            "{link}"
        );
        url = next.to_owned();
    }
    assert!(seen > 5);
    assert_eq!(seen, office.plan.devices.len());
    office.close().await;
}

#[tokio::test]
async fn it_speaks_http2_too() {
    let (office, traveller) = office(&[]).await;
    let socket = traveller.reach(Way::Connect, "webexapis.com", b"h2").await;
    assert_eq!(socket.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(socket))
            .await
            .unwrap();
    let driven = tokio::spawn(connection);
    let request = Request::get("https://webexapis.com/jwks")
        .body(Empty::<Bytes>::new())
        .unwrap();
    let answer = within("the answer", sender.send_request(request)).await.unwrap();
    assert_eq!(answer.status(), 200);
    drop((answer, sender));
    driven.await.unwrap().unwrap();
    office.close().await;
}

#[tokio::test]
async fn every_other_host_is_refused() {
    let (office, traveller) = office(&[]).await;
    for other in [
        "example.com:443",
        "www.webex.com:443",
        "a.webexapis.com:443",
        "127.0.0.1:443",
        "[::1]:443",
    ] {
        let said = traveller.connect(other).await.unwrap_err();
        assert!(said.starts_with("HTTP/1.1 403 "), "{said}");
        let (name, _) = other.rsplit_once(':').unwrap();
        let name = name.trim_matches(['[', ']']);
        assert!(said.contains(&format!("--intercept-allow {name}")), "{said}");
    }
    let said = traveller.connect("webexapis.com:80").await.unwrap_err();
    assert!(
        said.starts_with("HTTP/1.1 403 ") && said.contains("443 only"),
        "{said}"
    );
    let said = traveller.connect("webexapis.com").await.unwrap_err();
    assert!(said.starts_with("HTTP/1.1 400 "), "{said}");
    for plain in [
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET http://webexapis.com/v1 HTTP/1.1\r\nHost: webexapis.com\r\n\r\n",
    ] {
        let said = traveller.say(plain).await;
        assert!(
            said.starts_with("HTTP/1.1 405 ") && said.contains("HTTPS_PROXY"),
            "{said}"
        );
    }

    let refused = async |socket, host| {
        let error = traveller
            .greet(socket, host, b"http/1.1")
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains("AccessDenied"), "{host}: {error}");
    };
    refused(traveller.dial().await, "example.com").await;
    // An address sends no name.
    refused(traveller.dial().await, "127.0.0.1").await;
    // One host for the proxy and another one for TLS.
    let tunnel = traveller.connect("webexapis.com:443").await.unwrap();
    refused(tunnel, "api.ciscospark.com").await;
    office.close().await;
}

#[tokio::test]
async fn what_makes_no_sense_ends_the_connection() {
    let (office, traveller) = office(&[]).await;
    let long = format!(
        "CONNECT webexapis.com:443 HTTP/1.1\r\nX: {}\r\n\r\n",
        "x".repeat(64 * 1024)
    );
    let many = format!(
        "CONNECT webexapis.com:443 HTTP/1.1\r\n{}\r\n",
        "X: x\r\n".repeat(200)
    );
    for text in [
        "\u{16}\u{3}\u{1}",
        "\u{16}nonsense\r\n\r\n",
        "nonsense\r\n\r\n",
        "\r\n",
        &long,
        &many,
    ] {
        let mut socket = traveller.dial().await;
        // The other side may close before all is written.
        socket.write_all(text.as_bytes()).await.ok();
        socket.shutdown().await.ok();
        let mut said = Vec::new();
        within("the connection ends", socket.read_to_end(&mut said))
            .await
            .ok();
        assert!(
            !said.starts_with(b"HTTP/1.1 200"),
            "{}",
            String::from_utf8_lossy(&said)
        );
    }
    let (answer, _) = traveller.get(Way::Connect, "https://webexapis.com/jwks").await;
    assert_eq!(answer.status(), 200, "it goes on");
    office.close().await;
}

/// Answers each line with itself.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut read, mut write) = socket.split();
                tokio::io::copy(&mut read, &mut write).await.ok();
            });
        }
    });
    at
}

#[tokio::test]
async fn hosts_that_may_pass_are_not_touched() {
    let at = echo().await.to_string();
    let (office, traveller) = office(&[&at, "169.254.169.254:80", "127.0.0.1:1"]).await;
    let mut tunnel = traveller.connect(&at).await.unwrap();
    tunnel.write_all(b"\x16 no TLS at all").await.unwrap();
    tunnel.shutdown().await.unwrap();
    let mut said = Vec::new();
    within("the echo", tunnel.read_to_end(&mut said)).await.unwrap();
    assert_eq!(said, b"\x16 no TLS at all");
    // The guard of outgoing requests holds here too, and what is not there is told.
    let said = traveller.connect("169.254.169.254:80").await.unwrap_err();
    assert!(
        said.starts_with("HTTP/1.1 502 ") && said.contains("metadata"),
        "{said}"
    );
    let said = traveller.connect("127.0.0.1:1").await.unwrap_err();
    assert!(
        said.starts_with("HTTP/1.1 502 ") && said.contains("cannot be reached"),
        "{said}"
    );
    assert!(
        traveller
            .connect("127.0.0.1:2")
            .await
            .unwrap_err()
            .starts_with("HTTP/1.1 403 ")
    );
    // An open tunnel does not keep Hallway from ending.
    let _tunnel = traveller.connect(&at).await.unwrap();
    office.close().await;
}

#[tokio::test]
async fn private_addresses_pass_only_where_that_is_allowed() {
    let at = echo().await;
    let settings = Intercept {
        listen: ([127, 0, 0, 1], 0).into(),
        passing: vec![at.to_string().parse().unwrap()],
    };
    let office = Office::with(|config| {
        config.intercept = Some(settings);
        config.private_targets = false;
    })
    .await;
    let traveller = Traveller::of(
        &office.admin,
        office.house().ready.intercept_url.as_deref().unwrap(),
    )
    .await;
    let said = traveller.connect(&at.to_string()).await.unwrap_err();
    assert!(
        said.starts_with("HTTP/1.1 502 ") && said.contains("--allow-private-targets"),
        "{said}"
    );
    office.close().await;
}

#[tokio::test]
async fn without_it_there_is_no_authority() {
    let office = Office::start().await;
    assert_eq!(office.house().ready.intercept_url, None);
    let said = office.admin.get("/hallway/v1/ca").await.expect_error(404);
    assert!(said.contains("--intercept"), "{said}");
    office.close().await;
}

#[tokio::test]
async fn a_public_url_that_only_the_interceptor_makes_true() {
    let office = Office::with(|config| {
        config.intercept = Some(Intercept {
            listen: ([127, 0, 0, 1], 0).into(),
            passing: Vec::new(),
        });
        config.public_url = Some("https://webexapis.com".to_owned());
    })
    .await;
    let ready = &office.house().ready;
    assert!(
        ready.url.starts_with("http://127.0.0.1:"),
        "the command line finds us: {}",
        ready.url
    );
    assert_eq!(ready.oauth_url, "https://webexapis.com/v1/access_token");
    let traveller = Traveller::of(&office.admin, ready.intercept_url.as_deref().unwrap()).await;
    let (_, keys) = traveller.get(Way::Direct, &ready.jwks_url).await;
    assert_eq!(keys, office.admin.get("/jwks").await.expect(200));
    office.close().await;
}

#[tokio::test]
async fn the_authority_is_kept_with_the_data_and_exported() {
    let dir = tempfile::tempdir().unwrap();
    let more = [OFFICE, &["--intercept", "127.0.0.1:0"]].concat();
    let served = Served::start(dir.path(), "127.0.0.1:0", &[], &more).await;
    let (admin, at) = (served.admin(), served.ready["interceptUrl"].as_str().unwrap());
    let traveller = Traveller::of(&admin, at).await;
    let (answer, _) = traveller
        .get(Way::Connect, "https://webexapis.com/v1/people/me")
        .await;
    assert_eq!(answer.status(), 200);
    let data = dir.path().join("data");
    let mode = |name: &str| std::fs::metadata(data.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("intercept-ca.key"), 0o600);

    let ready = dir.path().join("ready.json");
    let export = async |args: &[&str]| {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_hallway"));
        let done = command.args(["ca", "export"]).args(args).output().await.unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    };
    assert_eq!(
        export(&["--ready-file", ready.to_str().unwrap()]).await,
        traveller.ca
    );
    served.kill().await;
    assert_eq!(export(&["--data", data.to_str().unwrap()]).await, traveller.ca);

    let again = Served::start(dir.path(), "127.0.0.1:0", &[], &more).await;
    let ca = again.admin().get("/hallway/v1/ca").await.text();
    assert_eq!(ca, traveller.ca, "clients go on trusting it");
    again.stop().await;
}
