//! `hallway listen`: events of webhooks at a local address that nobody outside can call.

use std::time::{Duration, Instant};

use bytes::Bytes;
use hallway_wire::webhook::{Heard, HeardReport, HeardReports, Webhook};
use http_body_util::{BodyExt as _, Full};
use hyper::header::HOST;
use hyper::{Method, Request, Uri};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::signal::unix::{SignalKind, signal};

use super::args::ListenArgs;
use super::failure::{Failure, Result};
use super::http::{Body, Client, shape};
use super::printer::Printer;
use super::webhook::told;

/// How long the local receiver may take, as a webhook's receiver may.
const LOCAL_TIMEOUT: Duration = Duration::from_secs(15);

/// Pause before Hallway is asked again after it could not be reached.
const AGAIN: Duration = Duration::from_secs(1);

/// Where deliveries go.
struct Local {
    authority: String,
    address: String,
    path: Uri,
}

impl Local {
    fn of(url: &str) -> Result<Self> {
        let wrong = |why: &str| Failure::usage(format!("`{url}` is no address to forward to: {why}"));
        let uri: Uri = url.parse().map_err(|_| wrong("it is no URL"))?;
        if uri.scheme_str() != Some("http") {
            return Err(wrong("it must begin with http://"));
        }
        let authority = uri.authority().ok_or_else(|| wrong("it names no host"))?;
        let host = authority.host();
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self {
            address: format!("{host}:{}", authority.port_u16().unwrap_or(80)),
            authority: authority.to_string(),
            path: path.parse().map_err(|_| wrong("its path is strange"))?,
        })
    }

    /// Posts a delivery as it would have been posted. Returns the status.
    async fn post(&self, heard: &Heard) -> Result<u16, String> {
        let text = |error: &dyn std::fmt::Display| format!("{}: {error}", self.address);
        let exchange = async {
            let socket = TcpStream::connect(&self.address).await.map_err(|e| text(&e))?;
            let _ = socket.set_nodelay(true);
            let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(socket))
                .await
                .map_err(|e| text(&e))?;
            let mut request = Request::builder()
                .method(Method::POST)
                .uri(self.path.clone())
                .header(HOST, &self.authority);
            for (name, value) in &heard.headers {
                request = request.header(name, value);
            }
            let body = Full::new(Bytes::from(heard.body.clone()));
            let request = request.body(body).map_err(|e| text(&e))?;
            let driver = tokio::spawn(connection);
            let answer = sender.send_request(request).await.map_err(|e| text(&e));
            let status = match answer {
                Ok(answer) => {
                    let status = answer.status().as_u16();
                    // What it says is not asked for; the connection is not used again.
                    drop(answer.into_body().frame());
                    Ok(status)
                }
                Err(error) => Err(error),
            };
            driver.abort();
            status
        };
        match tokio::time::timeout(LOCAL_TIMEOUT, exchange).await {
            Ok(outcome) => outcome,
            Err(_) => Err(format!(
                "{}: no answer within {} s",
                self.address,
                LOCAL_TIMEOUT.as_secs()
            )),
        }
    }
}

pub(crate) async fn run(args: ListenArgs, client: &Client, printer: &mut Printer) -> Result {
    let local = Local::of(&args.forward)?;
    let failed = |error: std::io::Error| Failure::refused(format!("signals cannot be heard: {error}"));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let body = Body::Json(args.wish.body(&args.forward));
    let listener: Webhook = shape(&client.ask(Method::POST, "/hallway/v1/listen", body).await?)?;
    printer.note(&format!(
        "Listening to {} {} for {}; Ctrl-C ends it.",
        listener.resource.word(),
        listener.event.word(),
        args.forward
    ));
    let path = format!("/hallway/v1/listen/{}", listener.id);
    let outcome = tokio::select! {
        outcome = forward(&path, &local, client, printer) => outcome,
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    };
    // Where Hallway cannot be told, it notices by itself that nobody asks any more.
    let ended = client.tell(Method::DELETE, &path, Body::None).await;
    if outcome.is_ok() && ended.is_ok() {
        printer.note("Stopped listening.");
    }
    outcome
}

/// Forwards until something is refused.
async fn forward(path: &str, local: &Local, client: &Client, printer: &mut Printer) -> Result {
    loop {
        let heard = match client.get(path).await {
            Ok(answer) => answer,
            Err(failure) if is_away(&failure) => {
                tokio::time::sleep(AGAIN).await;
                continue;
            }
            Err(failure) => return Err(failure),
        };
        for item in heard["items"].as_array().into_iter().flatten() {
            let heard: Heard = shape(item)?;
            let started = Instant::now();
            let outcome = local.post(&heard).await;
            let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            let report = HeardReport {
                seq: heard.seq,
                status: outcome.as_ref().ok().copied(),
                error: outcome.err(),
                duration_ms,
            };
            show(&heard, &report, printer)?;
            let reports = HeardReports {
                reports: vec![report],
            };
            let body = serde_json::to_value(&reports).unwrap_or(Value::Null);
            let told = client
                .tell(Method::POST, &format!("{path}/reports"), Body::Json(body))
                .await;
            match told {
                Err(failure) if is_away(&failure) => break,
                told => told?,
            }
        }
    }
}

/// Whether Hallway could not be reached, or not now: another try may help.
fn is_away(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused(refusal) if refusal.status.is_none_or(|status| status >= 500 || status == 429))
}

fn show(heard: &Heard, report: &HeardReport, printer: &mut Printer) -> Result {
    if printer.is_json() {
        let line = json!({ "deliveryId": heard.delivery_id, "status": report.status, "error": report.error,
            "durationMs": report.duration_ms, "body": heard.body });
        return printer.verbatim(&line.to_string());
    }
    let outcome = match (&report.error, report.status) {
        (Some(error), _) => error.clone(),
        (None, Some(status)) => format!("{status} in {} ms", report.duration_ms),
        (None, None) => "no answer".to_owned(),
    };
    printer.text(&format!(
        "{}  {outcome}  {}",
        told(&heard.body),
        heard.delivery_id
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_addresses() {
        let local = Local::of("http://127.0.0.1:3000/hook?x=1").unwrap();
        assert_eq!(
            (local.address.as_str(), local.path.to_string().as_str()),
            ("127.0.0.1:3000", "/hook?x=1")
        );
        assert_eq!(Local::of("http://localhost").unwrap().address, "localhost:80");
        for bad in ["", "localhost:3000", "https://localhost", "http://"] {
            assert_eq!(Local::of(bad).err().unwrap().exit_code(), 2, "{bad}");
        }
    }
}
