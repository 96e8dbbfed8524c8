//! Calls and ratings in the demo office, on a clock that the test moves.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use call_feedback::{Settings, run};
use hallway_sdk::tokens::FileStore;
use hallway_testing::{Installed, Office, Room, eventually};
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

const MANIFEST: &str = include_str!("../manifest.json");
const RATING: &str = "UserInterface.Message.Rating.Display";
const INPUT: &str = "UserInterface.Message.TextInput.Display";
const MINUTE: Duration = Duration::from_secs(60);

struct Stage {
    office: Office,
    installed: Installed,
    state: tempfile::TempDir,
}

impl Stage {
    async fn without(denied: &[&str]) -> Self {
        let office = Office::demo().await;
        let installed = office.install_without(MANIFEST, denied).await;
        Self {
            office,
            installed,
            state: tempfile::tempdir().unwrap(),
        }
    }

    /// Starts the integration, as often as a test likes.
    async fn start(&self) -> (JoinHandle<()>, SocketAddr) {
        let store = Arc::new(FileStore::new(self.state.path()));
        let integration = self
            .installed
            .builder()
            .store(store)
            .long_polling()
            .connect()
            .await
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let state = self.state.path().to_owned();
        let settings = Settings {
            shortest: 60,
            pause: 60,
            bad: 2,
            days: 400,
            zone: TimeZone::UTC,
            state,
        };
        (
            tokio::spawn(async move { run(integration, settings, listener).await.unwrap() }),
            at,
        )
    }

    /// A call that lasts so long.
    async fn call(&self, room: &Room, length: Duration) {
        room.device()
            .run("Dial", json!({ "Number": "ann@example.com" }))
            .await;
        // It rings, and somebody answers.
        for _ in 0..3 {
            self.office.clock().advance(Duration::from_secs(2)).await;
        }
        room.device().has("SystemUnit.State.NumberOfActiveCalls", 1).await;
        self.office.clock().advance(length).await;
        room.device().run("Call.Disconnect", json!({})).await;
    }
}

async fn respond(room: &Room, kind: &str, mut answer: Value, asked: &hallway_testing::Ran) {
    answer["FeedbackId"] = asked.arguments["FeedbackId"].clone();
    room.device()
        .run(&format!("UserInterface.Message.{kind}.Response"), answer)
        .await;
}

/// What a browser gets.
async fn fetch(at: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(at).await.unwrap();
    let request = format!("GET {path} HTTP/1.0\r\nHost: {at}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// Waits until the file has a line that fits.
async fn rated(at: SocketAddr, fits: impl Fn(&str) -> bool) {
    let look = async || fetch(at, "/ratings.csv").await.lines().any(&fits).then_some(());
    eventually("a rating that is kept", look).await;
}

fn asked(room: &Room) -> usize {
    room.device()
        .commands()
        .iter()
        .filter(|ran| ran.command == RATING)
        .count()
}

#[tokio::test]
async fn asked_after_calls_and_not_too_often_and_shown() {
    let stage = Stage::without(&[]).await;
    let (board, huddle) = (
        stage.office.room("Board Room").await,
        stage.office.room("Huddle <1>").await,
    );
    let (running, at) = stage.start().await;
    stage.call(&board, Duration::from_secs(20)).await;
    stage.call(&huddle, 5 * MINUTE).await;
    let first = huddle.device().ran(RATING).await;
    assert_eq!(asked(&board), 0, "the call was too short");
    respond(&huddle, "Rating", json!({ "Rating": 2 }), &first).await;
    let why = huddle.device().ran(INPUT).await;
    respond(&huddle, "TextInput", json!({ "Text": "=No <b>sound</b>" }), &why).await;
    rated(at, |line| line.ends_with(",Huddle <1>,2,'=No <b>sound</b>")).await;
    // Twenty minutes later nobody is asked again; elsewhere, and an hour later, somebody is.
    stage.call(&huddle, 20 * MINUTE).await;
    stage.call(&board, 5 * MINUTE).await;
    let other = board.device().ran(RATING).await;
    respond(&board, "Rating", json!({ "Rating": 5 }), &other).await;
    rated(at, |line| line.ends_with(",Board Room,5,")).await;
    assert_eq!(
        (
            asked(&huddle),
            board
                .device()
                .commands()
                .iter()
                .filter(|ran| ran.command == INPUT)
                .count()
        ),
        (1, 0)
    );
    stage.call(&huddle, 60 * MINUTE).await;
    huddle.device().ran_times(RATING, 2).await;
    let page = fetch(at, "/?weeks=4").await;
    for part in [
        "2 ratings in 4 weeks, 3.5 of 5 stars on average, 50 % bad",
        "<th scope=row>Huddle &lt;1&gt;<td>1<td>2.0",
        "=No &lt;b&gt;sound",
        "role=img",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(
        !page.contains("ann@example.com") && !page.contains("<b>"),
        "{page}"
    );
    running.abort();
    stage.office.close().await;
}

#[tokio::test]
async fn an_answer_while_nobody_was_here_counts_once() {
    let stage = Stage::without(&[]).await;
    let (board, huddle) = (
        stage.office.room("Board Room").await,
        stage.office.room("Huddle").await,
    );
    let (running, _) = stage.start().await;
    stage.call(&board, 5 * MINUTE).await;
    let question = board.device().ran(RATING).await;
    running.abort();
    respond(&board, "Rating", json!({ "Rating": 4 }), &question).await;
    // Long over when it is heard of: nobody is asked any more.
    stage.call(&huddle, 5 * MINUTE).await;
    stage.office.clock().advance(10 * MINUTE).await;
    let (running, at) = stage.start().await;
    rated(at, |line| line.ends_with(",Board Room,4,")).await;
    stage.installed.heard_everything().await;
    running.abort();
    let (running, at) = stage.start().await;
    assert_eq!(fetch(at, "/ratings.csv").await.matches("Board Room").count(), 1);
    assert_eq!((asked(&board), asked(&huddle)), (1, 0));
    running.abort();
    stage.office.close().await;
}

#[tokio::test]
async fn without_what_is_optional_stars_are_taken_all_the_same() {
    let denied = [
        INPUT,
        "spark:xapi_statuses",
        "UserInterface.Message.TextInput.Response",
    ];
    let stage = Stage::without(&denied).await;
    let board = stage.office.room("Board Room").await;
    let (running, at) = stage.start().await;
    stage.call(&board, 5 * MINUTE).await;
    let question = board.device().ran(RATING).await;
    respond(&board, "Rating", json!({ "Rating": 1 }), &question).await;
    rated(at, |line| line.ends_with(",Board Room,1,")).await;
    stage.installed.heard_everything().await;
    assert!(board.device().commands().iter().all(|ran| ran.command != INPUT));
    running.abort();
    stage.office.close().await;
}
