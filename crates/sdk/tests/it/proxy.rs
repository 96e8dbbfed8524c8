//! Through a proxy: tunnels for https, forwarded requests for http, and hosts that are asked directly.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use hallway_sdk::Client;
use hallway_sdk::client::{Https, RateLimit, RetryPolicy, Transport};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::play::{Service, ok};

/// A proxy that leads every tunnel to one place, whatever its name; the first lines of what it was asked.
async fn tunnels_to(target: String, answer: &'static str) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://me:secret@{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    tokio::spawn(async move {
        loop {
            let (mut near, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(near.read_u8().await.unwrap());
            }
            log.lock().unwrap().push(String::from_utf8(head).unwrap());
            near.write_all(answer.as_bytes()).await.unwrap();
            if answer.contains("200") {
                let mut far = TcpStream::connect(&target).await.unwrap();
                tokio::spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await });
            }
        }
    });
    (url, asked)
}

/// A service behind TLS, for one host; its address and its certificate.
async fn behind_tls(service: &Service, host: &str) -> (String, String) {
    let key = rcgen::generate_simple_self_signed([host.to_owned()]).unwrap();
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.signing_key.serialize_der()));
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![key.cert.der().clone()], private)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let plain = service.url.strip_prefix("http://").unwrap().to_owned();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let mut near = acceptor.accept(stream).await.unwrap();
            let mut far = TcpStream::connect(&plain).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await });
        }
    });
    let der = base64::engine::general_purpose::STANDARD.encode(key.cert.der());
    let lines = der
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap());
    let lines = lines.collect::<Vec<_>>().join("\n");
    let pem = format!("-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n");
    (address, pem)
}

fn client(base: &str, transport: impl Transport) -> Client {
    Client::builder(base)
        .personal_token("secret-token")
        .transport(Arc::new(transport))
        .retry(RetryPolicy::never())
        .rate_limit(RateLimit::none())
        .build()
        .unwrap()
}

#[tokio::test]
async fn https_goes_through_a_tunnel() {
    let service = Service::start().await;
    service.plays("GET", "/v1/people/me", [ok(json!({ "id": "me" }))]);
    let (address, pem) = behind_tls(&service, "hallway.example").await;
    let (proxy, asked) = tunnels_to(address, "HTTP/1.1 200 OK\r\n\r\n").await;
    let https = Https::trusting(Some(pem.as_bytes())).unwrap();
    let client = client("https://hallway.example/v1", https.proxied(&proxy, "").unwrap());
    assert_eq!(client.people().me().await.unwrap().id.as_str(), "me");
    let asked = asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 1);
    assert!(
        asked[0].starts_with("CONNECT hallway.example:443 HTTP/1.1\r\n"),
        "{}",
        asked[0]
    );
    assert!(
        asked[0].contains("Proxy-Authorization: Basic bWU6c2VjcmV0\r\n"),
        "{}",
        asked[0]
    );
    let seen = &service.seen("/v1/people/me")[0];
    assert_eq!(seen.token(), "secret-token");
    assert!(
        !seen.headers.contains_key("proxy-authorization"),
        "the service does not see it"
    );
}

#[tokio::test]
async fn http_is_forwarded_and_exceptions_are_asked_directly() {
    // The player answers whatever it is asked for: it is the proxy here.
    let proxy = Service::start().await;
    proxy.plays("GET", "/v1/people/me", [ok(json!({ "id": "proxied" }))]);
    let service = Service::start().await;
    service.plays("GET", "/v1/people/me", [ok(json!({ "id": "direct" }))]);
    let address = proxy.url.replace("http://", "http://me:secret@");
    let https = || Https::new().unwrap().proxied(&address, "other.example").unwrap();
    let far = client("http://hallway.example/v1", https());
    assert_eq!(far.people().me().await.unwrap().id.as_str(), "proxied");
    let seen = &proxy.seen("/v1/people/me")[0];
    assert_eq!(seen.headers["host"], "hallway.example");
    assert_eq!(seen.headers["proxy-authorization"], "Basic bWU6c2VjcmV0");
    let here = client(&service.api(), https());
    assert_eq!(here.people().me().await.unwrap().id.as_str(), "direct");
    let excepted = client("http://hallway.other.example/v1", https());
    let error = excepted.people().me().await.unwrap_err();
    assert!(error.is_temporary(), "there is no such host: {error}");
    assert_eq!(proxy.seen("/v1/people/me").len(), 1);
}

#[tokio::test]
async fn a_proxy_that_refuses_is_told_without_its_password() {
    let refused = "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n";
    let (proxy, _) = tunnels_to(String::new(), refused).await;
    let https = Https::new().unwrap().proxied(&proxy, "").unwrap();
    let error = client("https://hallway.example/v1", https)
        .people()
        .me()
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("proxy") && text.contains("authorization required"),
        "{text}"
    );
    assert!(!text.contains("secret"), "{text}");
}
