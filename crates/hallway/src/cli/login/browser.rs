//! The code flow with PKCE: the browser comes back to an address of this machine (oauth 2; RFC 8252).

use std::convert::Infallible;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use hallway_sdk::client::Https;
use hallway_sdk::tokens::Account;
use hallway_wire::Secret;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::{TokioIo, TokioTimer};
use rand::RngCore as _;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::Plan;
use super::token_endpoint::{Granted, post};
use crate::cli::failure::{Failure, Result};
use crate::cli::http::with_query;
use crate::cli::printer::Printer;

/// Where the browser comes back to.
#[derive(Debug, PartialEq, Eq)]
struct Loopback {
    addresses: Vec<SocketAddr>,
    path: String,
}

impl Loopback {
    /// # Errors
    /// The URL is none of this machine.
    fn of(url: &str) -> Result<Self> {
        let wrong = |why: &str| {
            Failure::usage(format!("the redirect {url} cannot be used here: {why}"))
                .hint("it must be like http://localhost:6001/redirect, with a port, as the integration registered it")
        };
        let uri: Uri = url.parse().map_err(|_| wrong("it is no URL"))?;
        if uri.scheme_str() != Some("http") {
            return Err(wrong("it does not begin with http://"));
        }
        let port = uri.port_u16().filter(|port| *port != 0);
        let port = port.ok_or_else(|| wrong("it names no port"))?;
        let hosts: &[std::net::IpAddr] = match uri.host() {
            Some("127.0.0.1") => &[std::net::IpAddr::V4(Ipv4Addr::LOCALHOST)],
            Some("[::1]") => &[std::net::IpAddr::V6(Ipv6Addr::LOCALHOST)],
            // Browsers take the one or the other.
            Some("localhost") => &[
                std::net::IpAddr::V4(Ipv4Addr::LOCALHOST),
                std::net::IpAddr::V6(Ipv6Addr::LOCALHOST),
            ],
            _ => return Err(wrong("it is not on this machine")),
        };
        Ok(Self {
            addresses: hosts.iter().map(|host| SocketAddr::new(*host, port)).collect(),
            path: uri.path().to_owned(),
        })
    }

    /// Listens at all of its addresses; one must do.
    async fn listen(&self) -> Result<Vec<TcpListener>> {
        let mut listeners = Vec::new();
        let mut failed = None;
        for address in &self.addresses {
            match TcpListener::bind(address).await {
                Ok(listener) => listeners.push(listener),
                // A machine without IPv6 has no such address; one where somebody else listens is another matter.
                Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                    return Err(Failure::refused(format!("somebody else listens at {address}"))
                        .hint("end that program, or register another redirect: `hallway profile add … --redirect-uri URL`"));
                }
                Err(error) => failed = Some(error),
            }
        }
        match (listeners.is_empty(), failed) {
            (true, Some(error)) => Err(Failure::refused(format!(
                "this machine cannot be listened at: {error}"
            ))),
            _ => Ok(listeners),
        }
    }
}

/// What the browser brings back.
#[derive(Debug, PartialEq, Eq)]
enum Back {
    Code(Secret),
    Denied(String),
}

pub(super) async fn sign_in(plan: &Plan<'_>, https: &Https, printer: &mut Printer) -> Result<Account> {
    let loopback = Loopback::of(&plan.redirect_uri)?;
    let listeners = loopback.listen().await?;
    let (state, verifier) = (random(), random());
    let challenge = challenge(&verifier);
    let scope = plan.scopes.join(" ");
    let url = with_query(
        &format!("{}/authorize", plan.base),
        &[
            ("response_type", "code"),
            ("client_id", &plan.client_id),
            ("redirect_uri", &plan.redirect_uri),
            ("scope", &scope),
            ("state", &state),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ],
    );
    let opened = !plan.args.no_browser && open(&url);
    let how = if opened {
        "The browser opens; if it does not, go to"
    } else {
        "Go to"
    };
    printer.note(&format!(
        "{how}\n\n  {url}\n\nand sign in to {}.",
        plan.profile.service
    ));
    let back = wait(
        listeners,
        loopback.path,
        state,
        Duration::from_secs(plan.args.wait),
    )
    .await?;
    let code = match back {
        Back::Code(code) => code,
        Back::Denied(why) => return Err(Failure::refused(format!("signing in failed: {why}"))),
    };
    let pairs = [
        ("grant_type", "authorization_code"),
        ("client_id", plan.client_id.as_str()),
        ("client_secret", plan.client_secret.expose()),
        ("code", code.expose()),
        ("redirect_uri", plan.redirect_uri.as_str()),
        ("code_verifier", verifier.as_str()),
    ];
    let granted: Granted = post(https, &format!("{}/access_token", plan.base), None, &pairs).await??;
    granted.account()
}

/// 256 random bits as text: 43 characters, as a verifier has at least (RFC 7636 4.1).
fn random() -> String {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What proves the verifier later (S256).
fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, verifier.as_bytes()))
}

/// Opens a page in the browser of this system, and says whether it tried.
fn open(url: &str) -> bool {
    let (program, before): (&str, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        ("rundll32", &["url.dll,FileProtocolHandler"])
    } else {
        ("xdg-open", &[])
    };
    let child = std::process::Command::new(program)
        .args(before)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    match child {
        Ok(mut child) => {
            // Somebody must take note of its end; a browser may stay for long.
            std::thread::spawn(move || child.wait());
            true
        }
        Err(_) => false,
    }
}

/// Waits until the browser comes back with the right state. Who comes with another one is turned away.
async fn wait(listeners: Vec<TcpListener>, path: String, state: String, life: Duration) -> Result<Back> {
    let (said, mut heard) = mpsc::channel(1);
    let path: Arc<str> = path.into();
    let state: Arc<str> = state.into();
    let mut tasks = tokio::task::JoinSet::new();
    for listener in listeners {
        tasks.spawn(serve(
            listener,
            Arc::clone(&path),
            Arc::clone(&state),
            said.clone(),
        ));
    }
    drop(said);
    let back = tokio::time::timeout(life, heard.recv()).await;
    drop(heard);
    match back {
        Ok(Some(back)) => {
            // The page that tells the person is still on its way.
            tokio::time::timeout(Duration::from_secs(1), async {
                while tasks.join_next().await.is_some() {}
            })
            .await
            .ok();
            Ok(back)
        }
        Ok(None) => Err(Failure::refused("this machine cannot be listened at any more")),
        Err(_) => Err(
            Failure::refused(format!("nobody signed in within {} s", life.as_secs())).hint(
                "run `hallway login` again; without a browser on this machine: `hallway login --device`",
            ),
        ),
    }
}

async fn serve(listener: TcpListener, path: Arc<str>, state: Arc<str>, said: mpsc::Sender<Back>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = said.closed() => break,
        };
        let Ok((stream, _)) = accepted else { continue };
        let (path, state, said) = (Arc::clone(&path), Arc::clone(&state), said.clone());
        connections.spawn(async move {
            let service =
                service_fn(|request| answer(request, Arc::clone(&path), Arc::clone(&state), said.clone()));
            // A connection that breaks is no more than that.
            let _ = hyper::server::conn::http1::Builder::new()
                .keep_alive(false)
                .timer(TokioTimer::new())
                .header_read_timeout(Duration::from_secs(10))
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
    while connections.join_next().await.is_some() {}
}

async fn answer(
    request: Request<Incoming>,
    path: Arc<str>,
    state: Arc<str>,
    said: mpsc::Sender<Back>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.method() != Method::GET || request.uri().path() != &*path {
        return Ok(page(StatusCode::NOT_FOUND, "There is nothing here."));
    }
    let back = read(request.uri().query().unwrap_or_default(), &state);
    let Some(back) = back else {
        return Ok(page(
            StatusCode::BAD_REQUEST,
            "This is not the answer that hallway waits for. Start again with hallway login.",
        ));
    };
    let (status, text) = match &back {
        Back::Code(_) => (
            StatusCode::OK,
            "You are signed in. You can close this page and go back to the terminal.",
        ),
        Back::Denied(_) => (
            StatusCode::BAD_REQUEST,
            "You are not signed in. The terminal says why.",
        ),
    };
    // Only the first answer counts.
    let _ = said.try_send(back);
    Ok(page(status, text))
}

/// What a query says; nothing if its state is not the one that went out.
fn read(query: &str, state: &str) -> Option<Back> {
    let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    let get = |name: &str| {
        pairs
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_ref())
    };
    if get("state") != Some(state) {
        return None;
    }
    if let Some(error) = get("error") {
        let about = get("error_description").map(|about| format!("{about} ({error})"));
        return Some(Back::Denied(about.unwrap_or_else(|| error.to_owned())));
    }
    get("code")
        .filter(|code| !code.is_empty())
        .map(|code| Back::Code(Secret::new(code)))
}

fn page(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let body = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>hallway login</title>\
         <body style=\"font:1.1rem system-ui;margin:15vh auto;max-width:32rem;padding:0 1rem\"><p>{text}</p>"
    );
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        hyper::header::HeaderValue::from_static("text/html; charset=utf-8"),
    );
    headers.insert(CACHE_CONTROL, hyper::header::HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_the_standard() {
        // RFC 7636, appendix B.
        assert_eq!(
            challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
        assert_eq!(random().len(), 43);
        assert_ne!(random(), random());
    }

    #[test]
    fn only_this_machine_is_redirected_to() {
        let local = Loopback::of("http://localhost:6001/redirect").unwrap();
        assert_eq!((local.addresses.len(), local.path.as_str()), (2, "/redirect"));
        assert_eq!(Loopback::of("http://127.0.0.1:1/").unwrap().addresses.len(), 1);
        for bad in [
            "https://localhost:6001/redirect",
            "http://localhost/redirect",
            "http://localhost.example.com:6001/",
            "http://10.0.0.1:6001/",
            "nonsense",
        ] {
            assert_eq!(Loopback::of(bad).unwrap_err().exit_code(), 2, "{bad}");
        }
    }

    #[test]
    fn only_the_right_state_counts() {
        assert_eq!(
            read("code=c%20d&state=s", "s"),
            Some(Back::Code(Secret::new("c d")))
        );
        assert_eq!(
            read("error=access_denied&error_description=No.&state=s", "s"),
            Some(Back::Denied("No. (access_denied)".to_owned()))
        );
        for bad in ["code=c&state=t", "code=c", "state=s", "code=&state=s", ""] {
            assert_eq!(read(bad, "s"), None, "{bad}");
        }
    }

    #[tokio::test]
    async fn a_stranger_is_turned_away_and_the_wait_goes_on() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let get = |target: &str| {
            let request = format!("GET {target} HTTP/1.1\r\nhost: localhost\r\n\r\n");
            async move {
                use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
                let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
                stream.write_all(request.as_bytes()).await.unwrap();
                let mut text = String::new();
                stream.read_to_string(&mut text).await.unwrap();
                text
            }
        };
        let waiting = wait(
            vec![listener],
            "/redirect".to_owned(),
            "right".to_owned(),
            Duration::from_secs(10),
        );
        let browser = async {
            assert!(get("/favicon.ico").await.starts_with("HTTP/1.1 404"));
            assert!(
                get("/redirect?code=evil&state=wrong")
                    .await
                    .starts_with("HTTP/1.1 400")
            );
            assert!(
                get("/redirect?code=good&state=right")
                    .await
                    .starts_with("HTTP/1.1 200")
            );
        };
        let (back, ()) = tokio::join!(waiting, browser);
        assert_eq!(back.unwrap(), Back::Code(Secret::new("good")));
    }
}
