//! A day in the demo office, on a clock that the test moves.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hallway_sdk::tokens::FileStore;
use hallway_testing::{Installed, Office, Room, eventually};
use room_usage::{Settings, report, run};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

const MANIFEST: &str = include_str!("../manifest.json");
const SAVE: &str = "UserInterface.Extensions.Panel.Save";
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
        let settings = Settings {
            uses: 2,
            people_hours: 100.0,
            state: self.state.path().to_owned(),
        };
        (
            tokio::spawn(async move { run(integration, settings, listener).await.unwrap() }),
            at,
        )
    }

    /// So many people are in the room for so long, and nobody afterwards.
    async fn used(&self, room: &Room, people: u32, how_long: Duration) {
        self.heard(room, people).await;
        self.office.clock().advance(how_long).await;
        self.heard(room, 0).await;
    }

    async fn people(&self, room: &Room, people: u32) {
        room.device()
            .set("RoomAnalytics.PeopleCount.Current", people)
            .await;
        room.device()
            .set(
                "RoomAnalytics.PeoplePresence",
                if people > 0 { "Yes" } else { "No" },
            )
            .await;
    }

    /// The same, and waits until it was heard: what was not yet, the service replaces by what is newer.
    async fn heard(&self, room: &Room, people: u32) {
        self.people(room, people).await;
        self.installed.heard_everything().await;
    }

    /// The line of a room in the report of the days around now, when all was heard.
    async fn line(&self, room: &Room) -> String {
        self.installed.heard_everything().await;
        let now = hallway_sdk::time::Clock::now(&*self.office.clock());
        let today = now.to_jiff().to_zoned(jiff::tz::TimeZone::UTC).date();
        let days = (
            today.yesterday().unwrap().yesterday().unwrap(),
            today.tomorrow().unwrap(),
        );
        let csv = report(self.state.path(), days.0, days.1, now, false).unwrap();
        let line = csv.lines().find(|line| line.starts_with(room.name()));
        line.unwrap_or_else(|| panic!("{} is missing: {csv}", room.name()))
            .to_owned()
    }
}

/// What a browser gets.
async fn ask(at: SocketAddr, request: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(at).await.unwrap();
    let request = format!("{request} HTTP/1.0\r\nHost: {at}\r\nContent-Length: 0\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// Waits until the page says something.
async fn says(at: SocketAddr, part: &str) -> String {
    let look = async || Some(ask(at, "GET /", "").await).filter(|page| page.contains(part));
    eventually(&format!("a page that says {part}"), look).await
}

#[tokio::test]
async fn uses_ghosts_and_cleaning() {
    let stage = Stage::without(&[]).await;
    let room = stage
        .office
        .make(Office::plan_room("Usage Lab").for_people(10))
        .await;
    let (running, at) = stage.start().await;
    room.device().ran(SAVE).await;
    stage.used(&room, 4, 60 * MINUTE).await;
    stage.office.clock().advance(30 * MINUTE).await;
    // A booking to which nobody comes, and one in which somebody is.
    for people in [0, 2] {
        room.device()
            .run("Bookings.Book", json!({ "Title": "Review", "Duration": 30 }))
            .await;
        stage.used(&room, people, 30 * MINUTE).await;
        stage.office.clock().advance(15 * MINUTE).await;
    }
    assert_eq!(stage.line(&room).await, "Usage Lab,10,1.5,2,4,5.0,2,1,0");
    let page = says(
        at,
        "<th scope=row>Usage Lab<td><strong>clean it</strong><td>2<td>5.0",
    )
    .await;
    assert!(page.contains("role=img") && page.contains("4 of 10"), "{page}");
    // The button on the panel.
    room.device()
        .emit(
            "UserInterface.Extensions.Panel.Clicked",
            json!({ "PanelId": "room-usage-cleaned" }),
        )
        .await;
    room.device().ran("UserInterface.Message.Alert.Display").await;
    says(at, "<th scope=row>Usage Lab<td>fine<td>0<td>0.0").await;
    // And the one on the page, which takes no forms of others.
    stage.office.clock().advance(15 * MINUTE).await;
    stage.used(&room, 1, 60 * MINUTE).await;
    says(at, "<th scope=row>Usage Lab<td>fine<td>1<td>1.0").await;
    let clean = format!("POST /cleaned?room={}", room.workspace_id());
    let refused = ask(at, &clean, "Origin: https://elsewhere.example\r\n").await;
    assert!(refused.starts_with("HTTP/1.0 403"), "{refused}");
    let taken = ask(at, &clean, &format!("Origin: http://{at}\r\n")).await;
    assert!(taken.starts_with("HTTP/1.0 303"), "{taken}");
    says(at, "<th scope=row>Usage Lab<td>fine<td>0<td>0.0").await;
    assert!(
        ask(at, "POST /cleaned?room=nowhere", "")
            .await
            .starts_with("HTTP/1.0 404")
    );
    assert!(
        ask(at, "GET /?period=month&date=soon", "")
            .await
            .starts_with("HTTP/1.0 400")
    );
    let csv = ask(at, "GET /report.csv?period=month", "").await;
    assert!(csv.contains("Room,Places,Hours used"), "{csv}");
    assert_eq!(stage.line(&room).await, "Usage Lab,10,2.5,3,4,6.0,2,1,2");
    running.abort();
    stage.office.close().await;
}

#[tokio::test]
async fn what_happens_while_nobody_is_here_is_counted_with_its_own_times() {
    let stage = Stage::without(&[]).await;
    let room = stage
        .office
        .make(Office::plan_room("Usage Lab").for_people(4))
        .await;
    let (running, at) = stage.start().await;
    stage.heard(&room, 3).await;
    says(at, "Usage Lab").await;
    running.abort();
    stage.office.clock().advance(30 * MINUTE).await;
    stage.people(&room, 0).await;
    stage.office.clock().advance(20 * MINUTE).await;
    let (running, _) = stage.start().await;
    assert_eq!(stage.line(&room).await, "Usage Lab,4,0.5,1,3,1.5,0,0,0");
    running.abort();
    let (running, _) = stage.start().await;
    assert_eq!(stage.line(&room).await, "Usage Lab,4,0.5,1,3,1.5,0,0,0");
    running.abort();
    stage.office.close().await;
}

#[tokio::test]
async fn without_what_is_optional_it_counts_what_it_can() {
    let denied = [
        "RoomAnalytics.PeopleCount.Current",
        "spark:xapi_commands",
        "Bookings.Start",
        "spark-admin:locations_read",
    ];
    let stage = Stage::without(&denied).await;
    let room = stage
        .office
        .make(Office::plan_room("Usage Lab").for_people(4))
        .await;
    let (running, at) = stage.start().await;
    stage.used(&room, 3, 60 * MINUTE).await;
    says(at, "Usage Lab").await;
    assert_eq!(
        stage.line(&room).await,
        "Usage Lab,4,1.0,1,not measured,not measured,not measured,not measured,0"
    );
    assert!(room.device().commands().iter().all(|ran| ran.command != SAVE));
    running.abort();
    stage.office.close().await;
}
