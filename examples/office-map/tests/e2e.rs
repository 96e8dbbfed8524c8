//! The map in the demo office: what people see, and what they must not see.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hallway_sdk::client::RetryPolicy;
use hallway_sdk::notify::{PollOptions, RecentFile};
use hallway_sdk::resources::WorkspaceBody;
use hallway_sdk::tokens::FileStore;
use hallway_testing::{Fault, Installed, Office, eventually, within};
use office_map::{Settings, run};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

const MANIFEST: &str = include_str!("../manifest.json");
const REFRESH: Duration = Duration::from_secs(300);

/// A map that runs.
struct Map {
    address: SocketAddr,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Map {
    async fn start(installed: &Installed, state: &Path) -> Self {
        let _ = tracing_subscriber::fmt().with_test_writer().try_init();
        let store = Arc::new(FileStore::new(state));
        let builder = installed.builder().store(store).retry(RetryPolicy::never()).long_polling();
        let integration = builder.connect().await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let memory = Arc::new(RecentFile::open(state.join("handled"), 1000).unwrap());
        let settings = Settings {
            title: "Fjord & Falk".to_owned(),
            refresh: REFRESH,
            leave_out: vec!["desk".to_owned()],
            poll: PollOptions { memory, ..PollOptions::default() },
        };
        let task = tokio::spawn(run(integration, listener, settings));
        Self { address, task }
    }

    async fn open(&self, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address);
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    /// Head and body of an answer.
    async fn get(&self, path: &str) -> (String, String) {
        let mut answer = String::new();
        self.open(path).await.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned())
    }

    async fn room(&self, name: &str) -> Option<Value> {
        let all: Value = serde_json::from_str(&self.get("/api/rooms").await.1).unwrap();
        all["rooms"].as_array().unwrap().iter().find(|room| room["name"] == name).cloned()
    }

    /// Waits until a room is so.
    async fn shows(&self, name: &str, expected: Value) -> Value {
        let fits =
            |room: &Value| expected.as_object().unwrap().iter().all(|(key, value)| room[key] == *value);
        eventually(&format!("{name} as {expected}"), async || self.room(name).await.filter(&fits)).await
    }
}

#[tokio::test]
async fn shows_what_happens_in_the_rooms() {
    let office = Office::demo().await;
    let state = tempfile::tempdir().unwrap();
    let installed = office.install(MANIFEST).await;
    let map = Map::start(&installed, state.path()).await;
    let kittiwake = office.room("Kittiwake").await;
    let free = map.shows("Kittiwake", json!({ "state": "free", "people": 0, "booked": false })).await;
    assert_eq!(
        (&free["location"], &free["floor"], &free["capacity"]),
        (&json!("Oslo"), &json!("Third floor"), &json!(8))
    );

    let mut live = BufReader::new(map.open("/events").await).lines();
    kittiwake.device().set("RoomAnalytics.PeopleCount.Current", 3).await;
    kittiwake.device().set("RoomAnalytics.AmbientNoise.Level.A", 41).await;
    map.shows("Kittiwake", json!({ "state": "inUse", "people": 3, "noise": 41.0 })).await;
    let told = within("the open page is told", async {
        while let Some(line) = live.next_line().await.unwrap() {
            if line.contains("people: 3 of 8") {
                return line;
            }
        }
        panic!("the events ended");
    });
    assert!(told.await.starts_with("data:"));

    kittiwake.device().set("Bookings.Availability.Status", "BookedUntil").await;
    kittiwake.device().set("RoomAnalytics.PeopleCount.Current", 0).await;
    map.shows("Kittiwake", json!({ "state": "booked", "people": 0 })).await;
    let (head, page) = map.get("/").await;
    assert!(page.contains("Booked, nobody there") && page.contains("<h1>Fjord &amp; Falk</h1>"), "{page}");
    assert!(head.contains("content-security-policy: default-src 'none'"), "{head}");

    // Two devices stand in the board room; only one of them knows the calendar, and each sees some of the people.
    let board = office.room("Board Room").await;
    board.devices()[0].set("Bookings.Availability.Status", "BookedUntil").await;
    board.devices()[0].set("RoomAnalytics.PeopleCount.Current", 4).await;
    board.devices()[1].set("RoomAnalytics.PeopleCount.Current", 9).await;
    map.shows("Board Room", json!({ "state": "inUse", "people": 9, "booked": true })).await;

    // A device that cannot count says -1; the store room has no device; desks are left out.
    kittiwake.device().set("RoomAnalytics.PeopleCount.Current", -1).await;
    kittiwake.device().set("RoomAnalytics.PeoplePresence", "Yes").await;
    map.shows("Kittiwake", json!({ "state": "inUse", "people": null })).await;
    map.shows("Store room", json!({ "state": "unknown", "why": "there is no device" })).await;
    assert_eq!(map.room("Desk 4.12").await, None);
    map.task.abort();
    office.close().await;
}

#[tokio::test]
async fn what_was_not_heard_of_for_long_is_not_known() {
    let office = Office::demo().await;
    let state = tempfile::tempdir().unwrap();
    let installed = office.install(MANIFEST).await;
    let map = Map::start(&installed, state.path()).await;
    map.shows("Gannet", json!({ "state": "free" })).await;

    let gannet = office.room("Gannet").await;
    gannet.device().disconnect().await;
    office.clock().sleepers(2).await;
    office.clock().advance(REFRESH).await;
    map.shows("Gannet", json!({ "state": "unknown", "why": "the device is not connected", "people": null }))
        .await;
    gannet.device().connect().await;
    office.clock().sleepers(2).await;
    office.clock().advance(REFRESH).await;
    map.shows("Gannet", json!({ "state": "free" })).await;

    // The service is away: what was true a while ago is not shown as if it were true now.
    let away = office.fault(Fault::status(503).on("GET /v1/devices").by(&installed)).await;
    for round in 1..=4 {
        office.clock().sleepers(2).await;
        office.clock().advance(REFRESH).await;
        away.struck(round).await;
    }
    map.shows("Gannet", json!({ "state": "unknown", "why": "nothing was heard for long" })).await;
    away.lift().await;
    office.clock().sleepers(2).await;
    office.clock().advance(REFRESH).await;
    map.shows("Gannet", json!({ "state": "free" })).await;
    map.task.abort();
    office.close().await;
}

#[tokio::test]
async fn what_was_not_permitted_is_left_out_and_said() {
    let office = Office::demo().await;
    let state = tempfile::tempdir().unwrap();
    let denied =
        ["RoomAnalytics.PeopleCount.Current", "Bookings.Availability.Status", "spark-admin:locations_read"];
    let installed = office.install_without(MANIFEST, &denied).await;
    let map = Map::start(&installed, state.path()).await;
    office.room("Skerry").await.device().set("RoomAnalytics.PeoplePresence", "Yes").await;
    let room = map.shows("Skerry", json!({ "state": "inUse" })).await;
    assert_eq!(
        (&room["people"], &room["booked"], &room["location"]),
        (&Value::Null, &Value::Null, &json!(""))
    );
    let page = map.get("/").await.1;
    let said = "not permitted: how many people; what is booked; the names of locations and floors.";
    assert!(page.contains(said), "{page}");
    map.task.abort();
    office.close().await;
}

#[tokio::test]
async fn starts_again_without_a_code_and_shows_nobody() {
    let office = Office::demo().await;
    let state = tempfile::tempdir().unwrap();
    let installed = office.install(MANIFEST).await;
    let map = Map::start(&installed, state.path()).await;
    map.shows("Cove", json!({ "state": "free" })).await;
    map.task.abort();
    // While nobody listens, somebody comes, and a room gets a name that no page may take for markup.
    let cove = office.room("Cove").await;
    cove.device().set("RoomAnalytics.PeopleCount.Current", 2).await;
    let body = WorkspaceBody::new().display_name("<b>Co&ve</b>").capacity(4_u32);
    office.admin().workspaces().update(&cove.workspace_id(), &body).await.unwrap();
    let map = Map::start(&installed, state.path()).await;
    map.shows("<b>Co&ve</b>", json!({ "state": "inUse", "people": 2 })).await;
    let (page, all) = (map.get("/").await.1, map.get("/api/rooms").await.1);
    assert!(page.contains("&lt;b&gt;Co&amp;ve&lt;/b&gt;") && !page.contains("<b>"), "{page}");
    for secret in ["@", "Falk,", "Ingrid", "Amara", installed.client_secret(), "Bearer"] {
        assert!(!page.contains(secret) && !all.contains(secret), "{secret}");
    }
    map.task.abort();
    office.close().await;
}

/// `cargo test -p office-map --test e2e -- --ignored`, where Chromium is; then make the file smaller, as with pngquant.
#[tokio::test]
#[ignore = "takes the picture of the README, with Chromium"]
async fn picture() {
    let office = Office::demo().await;
    let state = tempfile::tempdir().unwrap();
    let installed = office.install(MANIFEST).await;
    let map = Map::start(&installed, state.path()).await;
    for (room, people, booked) in [
        ("Kittiwake", 3, true),
        ("Gannet", 0, true),
        ("Board Room", 11, true),
        ("Quay", 6, false),
        ("Tern", 1, false),
    ] {
        let room = office.room(room).await;
        room.device().set("RoomAnalytics.PeopleCount.Current", people).await;
        room.device().set("RoomAnalytics.AmbientNoise.Level.A", 33 + people).await;
        if booked {
            room.device().set("Bookings.Availability.Status", "BookedUntil").await;
        }
    }
    office.room("Skerry").await.device().disconnect().await;
    office.clock().sleepers(2).await;
    office.clock().advance(REFRESH).await;
    map.shows("Skerry", json!({ "state": "unknown" })).await;
    map.shows("Tern", json!({ "state": "inUse" })).await;
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/office-map.png");
    let done = tokio::process::Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--hide-scrollbars",
            "--timeout=4000",
            "--window-size=1000,1240",
        ])
        .arg(format!("--screenshot={file}"))
        .arg(format!("http://{}/", map.address))
        .status();
    assert!(done.await.unwrap().success());
    map.task.abort();
    office.close().await;
}
