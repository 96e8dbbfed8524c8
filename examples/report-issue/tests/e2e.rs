//! Somebody at a panel of the demo office, and a ticket system that is sometimes away.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hallway_sdk::Secret;
use hallway_sdk::client::RetryPolicy;
use hallway_sdk::notify::{PollOptions, RecentFile};
use hallway_sdk::tokens::FileStore;
use hallway_testing::{Fault, Installed, Office, TestDevice, eventually};
use report_issue::{Desk, Report, Settings, run};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

const MANIFEST: &str = include_str!("../manifest.json");
const SECRET: &str = "a secret of more than twenty characters";
const CLICKED: &str = "UserInterface.Extensions.Panel.Clicked";
const PROMPT: &str = "UserInterface.Message.Prompt.Display";
const CHOSEN: &str = "UserInterface.Message.Prompt.Response";
const INPUT: &str = "UserInterface.Message.TextInput.Display";
const TYPED: &str = "UserInterface.Message.TextInput.Response";
const ALERT: &str = "UserInterface.Message.Alert.Display";

/// The integration, running.
struct Running {
    address: SocketAddr,
    desk: Arc<Desk>,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Running {
    async fn start(installed: &Installed, state: &Path, url: Option<&str>) -> Self {
        let _ = tracing_subscriber::fmt().with_test_writer().try_init();
        let store = Arc::new(FileStore::new(state));
        let builder = installed.builder().store(store).retry(RetryPolicy::never()).long_polling();
        let integration = builder.connect().await.unwrap();
        let tickets = url.map(|url| (url, Secret::new(SECRET)));
        let desk = Arc::new(Desk::open(state, tickets, Arc::clone(integration.clock())).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let memory = Arc::new(RecentFile::open(state.join("handled"), 1000).unwrap());
        let settings = Settings {
            subjects: ["Screen", "Sound", "Something else"].map(str::to_owned).to_vec(),
            tag: None,
            every: Duration::from_secs(60),
            host: None,
            poll: PollOptions { memory, ..PollOptions::default() },
        };
        let task = tokio::spawn(run(integration, Arc::clone(&desk), listener, settings));
        Self { address, desk, task }
    }

    async fn ask(&self, head: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let length = body.len();
        let request = format!(
            "{head}\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    async fn page(&self) -> String {
        self.ask(&format!("GET / HTTP/1.1\r\nHost: {}", self.address), "").await
    }

    /// The only report.
    async fn report(&self, fits: impl Fn(&Report) -> bool) -> Report {
        let one = async || self.desk.reports().into_iter().next().filter(|report| fits(report));
        let report = eventually("the report", one).await;
        assert_eq!(self.desk.reports().len(), 1);
        report
    }

    async fn stop(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

/// Presses the button, chooses and writes, as somebody at the device does.
async fn complain(device: &TestDevice, text: &str) {
    device.emit(CLICKED, json!({ "PanelId": "report-issue" })).await;
    let asked = device.ran(PROMPT).await;
    assert_eq!(asked.arguments["Option.2"], "Sound");
    device.emit(CHOSEN, json!({ "FeedbackId": asked.arguments["FeedbackId"], "OptionId": "2" })).await;
    let asked = device.ran(INPUT).await;
    device.emit(TYPED, json!({ "FeedbackId": asked.arguments["FeedbackId"], "Text": text })).await;
}

async fn told(device: &TestDevice, words: &str) {
    device
        .ran_with(ALERT, |arguments| arguments["Text"].as_str().is_some_and(|text| text.contains(words)))
        .await;
}

/// A ticket system that checks signatures.
#[derive(Clone, Default)]
struct Tickets {
    taken: Arc<Mutex<Vec<(String, Value)>>>,
    away: Arc<Mutex<bool>>,
}

impl Tickets {
    async fn start() -> (Self, String) {
        let tickets = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/tickets", listener.local_addr().unwrap());
        let router = Router::new().route("/tickets", post(take)).with_state(tickets.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (tickets, url)
    }
}

async fn take(State(tickets): State<Tickets>, headers: HeaderMap, body: String) -> (StatusCode, String) {
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
    let signed = format!("{}.{}.{body}", header("webhook-id"), header("webhook-timestamp"));
    let given = header("webhook-signature");
    let tag = STANDARD.decode(given.strip_prefix("v1,").unwrap()).unwrap();
    ring::hmac::verify(&key, signed.as_bytes(), &tag).unwrap();
    assert_eq!(header("webhook-id"), header("idempotency-key"));
    tickets.taken.lock().unwrap().push((header("idempotency-key"), serde_json::from_str(&body).unwrap()));
    if *tickets.away.lock().unwrap() {
        return (StatusCode::BAD_GATEWAY, String::new());
    }
    (StatusCode::CREATED, json!({ "number": "INC0042" }).to_string())
}

#[tokio::test]
async fn a_report_is_in_the_list_until_it_is_closed() {
    let office = Office::demo().await;
    let state = tempfile::tempdir().unwrap();
    let installed = office.install(MANIFEST).await;
    let desk = Running::start(&installed, state.path(), None).await;
    let room = office.room("Kittiwake").await;
    room.device().ran("UserInterface.Extensions.Panel.Save").await;
    complain(room.device(), "<b>No</b> sound from the left").await;
    told(room.device(), "The number of your ticket is R-1.").await;
    let page = desk.page().await;
    for text in ["Kittiwake", "Sound", "&lt;b&gt;No&lt;/b&gt; sound", "Open: 1", "default-src 'none'"] {
        assert!(page.contains(text), "{text}: {page}");
    }

    // A page of somebody else can neither close it nor read the list under a name of its own.
    let host = format!("Host: {}", desk.address);
    let foreign = desk
        .ask(&format!("POST /reports/R-1/close HTTP/1.1\r\n{host}\r\nOrigin: https://evil.example"), "")
        .await;
    assert!(foreign.starts_with("HTTP/1.1 403"), "{foreign}");
    let foreign = desk.ask("GET / HTTP/1.1\r\nHost: evil.example", "").await;
    assert!(foreign.starts_with("HTTP/1.1 403") && !foreign.contains("Kittiwake"), "{foreign}");

    // It survives a restart, and is closed on the page.
    desk.stop().await;
    let desk = Running::start(&installed, state.path(), None).await;
    let (host, origin) = (format!("Host: {}", desk.address), format!("Origin: http://{}", desk.address));
    let closed = desk.ask(&format!("POST /reports/R-1/close HTTP/1.1\r\n{host}\r\n{origin}"), "").await;
    assert!(closed.starts_with("HTTP/1.1 303"), "{closed}");
    assert!(desk.page().await.contains("Open: 0"));
    let again = desk.ask(&format!("POST /reports/R-1/close HTTP/1.1\r\n{host}"), "").await;
    assert!(again.starts_with("HTTP/1.1 404"), "{again}");
    desk.stop().await;
    office.close().await;
}

#[tokio::test]
async fn a_ticket_system_that_is_away_gets_it_later_and_once() {
    let office = Office::demo().await;
    let state = tempfile::tempdir().unwrap();
    let installed = office.install(MANIFEST).await;
    let (tickets, url) = Tickets::start().await;
    *tickets.away.lock().unwrap() = true;
    let desk = Running::start(&installed, state.path(), Some(&url)).await;
    let room = office.room("Skerry").await;
    complain(room.device(), "").await;
    told(room.device(), "your report is kept and will be sent. Its number here is R-1.").await;
    assert_eq!(desk.report(|_| true).await.ticket, None);

    // It is tried again, with longer and longer pauses, also by the next process.
    office.clock().advance(Duration::from_secs(20)).await;
    eventually("another try", async || (tickets.taken.lock().unwrap().len() >= 2).then_some(())).await;
    desk.stop().await;
    let desk = Running::start(&installed, state.path(), Some(&url)).await;
    *tickets.away.lock().unwrap() = false;
    eventually("the last try", async || {
        office.clock().advance(Duration::from_secs(60)).await;
        desk.desk.reports()[0].ticket.clone()
    })
    .await;
    let report = desk.report(|report| report.closed).await;
    assert_eq!(report.ticket.as_deref(), Some("INC0042"));
    let taken = tickets.taken.lock().unwrap().clone();
    assert!(taken.iter().all(|(key, _)| *key == report.key), "one key for all tries: {taken:?}");
    assert_eq!((&taken[0].1["room"], &taken[0].1["subject"]), (&json!("Skerry"), &json!("Sound")));

    // Now it answers at once.
    complain(room.device(), "Still").await;
    told(room.device(), "The number of your ticket is INC0042.").await;
    desk.stop().await;
    office.close().await;
}

#[tokio::test]
async fn the_same_answer_twice_is_one_report_and_a_restart_in_between_loses_nothing() {
    let office = Office::demo().await;
    let state = tempfile::tempdir().unwrap();
    let installed = office.install(MANIFEST).await;
    let desk = Running::start(&installed, state.path(), None).await;
    let room = office.room("Cove").await;
    room.device().emit(CLICKED, json!({ "PanelId": "somebody-elses" })).await;
    room.device().emit(CLICKED, json!({ "PanelId": "report-issue" })).await;
    let asked = room.device().ran(PROMPT).await;
    // Asked and remembered as asked: a process that dies before that asks again.
    installed.heard_everything().await;
    desk.stop().await;
    // Between question and answer the process is started anew; and the answer comes twice.
    let chosen = json!({ "FeedbackId": asked.arguments["FeedbackId"], "OptionId": "1" });
    room.device().emit(CHOSEN, chosen).await;
    let desk = Running::start(&installed, state.path(), None).await;
    let asked = room.device().ran(INPUT).await;
    let twice = office.fault(Fault::duplicate().to(&installed).at(room.device())).await;
    let typed = json!({ "FeedbackId": asked.arguments["FeedbackId"], "Text": "Flickers" });
    room.device().emit(TYPED, typed).await;
    told(room.device(), "R-1").await;
    twice.struck(1).await;
    installed.heard_everything().await;
    let report = desk.report(|_| true).await;
    assert_eq!((report.subject.as_str(), report.text.as_str()), ("Screen", "Flickers"));
    assert_eq!(room.device().ran_times(PROMPT, 1).await.len(), 1);
    desk.stop().await;
    office.close().await;
}

#[tokio::test]
async fn what_was_not_permitted_is_done_without_and_said() {
    let office = Office::demo().await;
    let state = tempfile::tempdir().unwrap();
    let denied = [INPUT, ALERT, "UserInterface.Extensions.Panel.Save", "spark-admin:workspaces_read"];
    let installed = office.install_without(MANIFEST, &denied).await;
    let desk = Running::start(&installed, state.path(), None).await;
    let room = office.room("Kittiwake").await;
    room.device().emit(CLICKED, json!({ "PanelId": "report-issue" })).await;
    let asked = room.device().ran(PROMPT).await;
    room.device().emit(CHOSEN, json!({ "FeedbackId": asked.arguments["FeedbackId"], "OptionId": 3 })).await;
    let report = desk.report(|_| true).await;
    assert_eq!((report.subject.as_str(), report.room.as_str()), ("Something else", "Kittiwake Bar"));
    let page = desk.page().await;
    assert!(page.contains("Reporters cannot write anything, only choose. Not permitted:"), "{page}");
    assert!(page.contains("put panel.xml there by hand"), "{page}");
    let ran: Vec<_> = room.device().commands().into_iter().map(|ran| ran.command).collect();
    assert_eq!(ran, [PROMPT]);
    desk.stop().await;
    office.close().await;
}

/// `cargo test -p report-issue --test e2e -- --ignored`, where Chromium is; then make the file smaller, as with pngquant.
#[tokio::test]
#[ignore = "takes the picture of the README, with Chromium"]
async fn picture() {
    let office = Office::demo().await;
    let state = tempfile::tempdir().unwrap();
    let installed = office.install(MANIFEST).await;
    let desk = Running::start(&installed, state.path(), None).await;
    for (room, text) in [
        ("Kittiwake", "The left loudspeaker crackles when somebody far away speaks."),
        ("Board Room", ""),
        ("Cove", "Nobody hears us, though the microphone is not muted."),
    ] {
        complain(office.room(room).await.device(), text).await;
        office.clock().advance(Duration::from_secs(17 * 60)).await;
        installed.heard_everything().await;
    }
    eventually("three reports", async || (desk.desk.reports().len() == 3).then_some(())).await;
    desk.ask(&format!("POST /reports/R-2/close HTTP/1.1\r\nHost: {}", desk.address), "").await;
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/report-issue.png");
    let done = tokio::process::Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--hide-scrollbars", "--timeout=4000", "--window-size=1100,560"])
        .arg(format!("--screenshot={file}"))
        .arg(format!("http://{}/", desk.address))
        .status();
    assert!(done.await.unwrap().success());
    desk.stop().await;
    office.close().await;
}
