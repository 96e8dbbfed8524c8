//! Rooms that are booked and empty, in the demo office, on a clock that the test moves.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hallway_sdk::tokens::FileStore;
use hallway_testing::{Installed, Office, Room, eventually};
use room_release::{Rules, Settings, decisions, run};
use serde_json::json;
use tokio::task::JoinHandle;

const MANIFEST: &str = include_str!("../manifest.json");
const PROMPT: &str = "UserInterface.Message.Prompt.Display";
const RESPOND: &str = "Bookings.Respond";
const MINUTE: Duration = Duration::from_secs(60);

struct Stage {
    office: Office,
    installed: Installed,
    state: tempfile::TempDir,
    dry: bool,
}

impl Stage {
    async fn without(denied: &[&str]) -> Self {
        let office = Office::demo().await;
        let installed = office.install_without(MANIFEST, denied).await;
        Self {
            office,
            installed,
            state: tempfile::tempdir().unwrap(),
            dry: false,
        }
    }

    fn settings(&self) -> Settings {
        let rules = r#"{"everywhere": {"ask_after_minutes": 10, "answer_within_minutes": 5},
                        "rooms": [{"name": "Quiet*", "release": false}]}"#;
        let rules: Rules = serde_json::from_str(rules).unwrap();
        Settings {
            rules,
            dry: self.dry,
            state: self.state.path().to_owned(),
        }
    }

    /// Starts the integration, as often as a test likes.
    async fn start(&self) -> JoinHandle<()> {
        let store = Arc::new(FileStore::new(self.state.path()));
        let integration = self
            .installed
            .builder()
            .store(store)
            .long_polling()
            .connect()
            .await
            .unwrap();
        let settings = self.settings();
        tokio::spawn(async move { run(integration, settings).await.unwrap() })
    }

    /// Books a room for an hour from now on, and waits until that was heard.
    async fn book(&self, room: &Room) {
        let booked = json!({ "Title": "Review", "Duration": 60 });
        room.device().run("Bookings.Book", booked).await;
        self.until(room, |_| true).await;
    }

    /// Waits until something is kept about the booking of a room.
    async fn until(&self, room: &Room, fits: impl Fn(&serde_json::Value) -> bool) {
        let look = async || {
            let text = std::fs::read_to_string(self.state.path().join("room%2Drelease.json")).ok()?;
            let state: serde_json::Value = serde_json::from_str(&text).ok()?;
            let watch = &state["watches"][room.workspace_id().as_str()];
            (watch.is_object() && fits(watch)).then_some(())
        };
        eventually(&format!("a booking of {} that is watched", room.name()), look).await;
    }

    async fn decided(&self, room: &Room) {
        self.until(room, |watch| watch["phase"] == "Decided").await;
    }

    async fn pass(&self, minutes: u32) {
        self.office.clock().advance(MINUTE * minutes).await;
    }

    /// What was decided about a room, without when and which booking.
    fn decisions(&self, room: &Room) -> Vec<String> {
        let all = decisions(&self.settings()).unwrap();
        let lines = all.iter().map(|line| line.split('\t').collect::<Vec<_>>());
        let here = lines.filter(|line| line[1] == room.name());
        here.map(|line| format!("{}: {}", line[2], line[3])).collect()
    }
}

/// A room of the demo office in which nobody is.
async fn empty(office: &Office, name: &str) -> Room {
    let room = office.make(Office::plan_room(name)).await;
    room.device().run("Bookings.Clear", json!({})).await;
    room.device().set("RoomAnalytics.PeoplePresence", "No").await;
    room.device().set("RoomAnalytics.PeopleCount.Current", 0).await;
    room
}

fn answer(room: &Room, feedback_id: &serde_json::Value, option: u8) -> impl Future<Output = ()> {
    let answer = json!({ "FeedbackId": feedback_id, "OptionId": option });
    let device = room.device().clone();
    async move { drop(device.run("UserInterface.Message.Prompt.Response", answer).await) }
}

#[tokio::test]
async fn silence_releases_and_an_answer_or_a_person_keeps() {
    let stage = Stage::without(&[]).await;
    let mut rooms = Vec::new();
    for name in [
        "Silent",
        "Answered",
        "Entered",
        "Given back",
        "Early",
        "Quiet Corner",
    ] {
        rooms.push(empty(&stage.office, name).await);
    }
    let [silent, answered, entered, given, early, quiet] = rooms.as_slice() else {
        unreachable!()
    };
    let running = stage.start().await;
    for room in &rooms {
        stage.book(room).await;
    }
    stage.pass(5).await;
    early.device().set("RoomAnalytics.PeoplePresence", "Yes").await;
    stage.decided(early).await;
    stage.pass(5).await;
    let prompt = silent.device().ran(PROMPT).await;
    assert_eq!(prompt.arguments["Option.1"], "Keep the booking");
    assert_eq!(prompt.arguments["Duration"], 300);
    for room in [silent, answered, entered, given] {
        room.device().ran(PROMPT).await;
        stage.until(room, |watch| watch["phase"] == "Asked").await;
    }
    answer(
        answered,
        &answered.device().ran(PROMPT).await.arguments["FeedbackId"],
        1,
    )
    .await;
    stage.decided(answered).await;
    entered.device().set("RoomAnalytics.PeopleCount.Current", 2).await;
    stage.decided(entered).await;
    entered.device().ran("UserInterface.Message.Prompt.Clear").await;
    answer(
        given,
        &given.device().ran(PROMPT).await.arguments["FeedbackId"],
        2,
    )
    .await;
    given.device().ran(RESPOND).await;
    stage.pass(5).await;
    let released = silent.device().ran(RESPOND).await;
    assert_eq!(released.arguments["Type"], "Decline");
    for room in &rooms {
        stage.decided(room).await;
    }
    assert_eq!(
        silent.device().status("Bookings.Availability.Status").await,
        "Free"
    );
    assert_eq!(
        stage.decisions(silent),
        [
            "asked: nobody is there",
            "releases: nobody answered",
            "released: it was declined"
        ]
    );
    assert_eq!(
        stage.decisions(answered),
        ["asked: nobody is there", "kept: somebody said so"]
    );
    assert_eq!(
        stage.decisions(entered),
        [
            "asked: nobody is there",
            "kept: RoomAnalytics.PeopleCount.Current is 2"
        ]
    );
    assert_eq!(
        stage.decisions(given)[1..],
        ["releases: somebody said so", "released: it was declined"]
    );
    assert_eq!(
        stage.decisions(early),
        ["kept: RoomAnalytics.PeoplePresence is Yes"]
    );
    assert_eq!(
        stage.decisions(quiet),
        ["left alone: the rules leave this room alone"]
    );
    for room in [answered, entered, early, quiet] {
        assert_eq!(
            room.device().status("Bookings.Availability.Status").await,
            "BookedUntil"
        );
        assert!(room.device().commands().iter().all(|ran| ran.command != RESPOND));
    }
    running.abort();
    stage.office.close().await;
}

#[tokio::test]
async fn a_restart_in_the_middle_of_a_countdown_goes_on() {
    let stage = Stage::without(&[]).await;
    let (silent, answered) = (
        empty(&stage.office, "Silent").await,
        empty(&stage.office, "Answered").await,
    );
    let running = stage.start().await;
    stage.book(&silent).await;
    stage.book(&answered).await;
    stage.pass(4).await;
    running.abort();
    let running = stage.start().await;
    stage.office.clock().sleepers(1).await;
    stage.pass(6).await;
    for room in [&silent, &answered] {
        room.device().ran(PROMPT).await;
        stage.until(room, |watch| watch["phase"] == "Asked").await;
    }
    running.abort();
    // The time to answer ends while nobody is here; one answer waits in the queue.
    answer(
        &answered,
        &answered.device().ran(PROMPT).await.arguments["FeedbackId"],
        1,
    )
    .await;
    stage.pass(20).await;
    let running = stage.start().await;
    stage.decided(&answered).await;
    stage.office.clock().sleepers(1).await;
    stage.pass(1).await;
    silent.device().ran(RESPOND).await;
    stage.decided(&silent).await;
    assert_eq!(stage.decisions(&answered)[1..], ["kept: somebody said so"]);
    assert_eq!(
        stage.decisions(&silent)[1..],
        ["releases: nobody answered", "released: it was declined"]
    );
    // Once each, whatever the queue repeats.
    assert_eq!(
        silent
            .device()
            .commands()
            .iter()
            .filter(|ran| ran.command == PROMPT)
            .count(),
        1
    );
    running.abort();
    stage.office.close().await;
}

#[tokio::test]
async fn dry_only_writes() {
    let mut stage = Stage::without(&[]).await;
    stage.dry = true;
    writes_only(stage).await;
}

#[tokio::test]
async fn without_the_right_to_release_it_only_writes() {
    let stage = Stage::without(&[
        RESPOND,
        "RoomAnalytics.PeopleCount.Current",
        "spark-admin:locations_read",
    ])
    .await;
    writes_only(stage).await;
}

async fn writes_only(stage: Stage) {
    let room = empty(&stage.office, "Silent").await;
    let running = stage.start().await;
    stage.book(&room).await;
    stage.pass(10).await;
    stage.until(&room, |watch| watch["phase"] == "Asked").await;
    stage.office.clock().sleepers(1).await;
    stage.pass(5).await;
    stage.decided(&room).await;
    assert_eq!(
        stage.decisions(&room),
        [
            "would have asked: nobody is there",
            "would have released: nobody is there"
        ]
    );
    let commands = room.device().commands();
    assert!(
        commands
            .iter()
            .all(|ran| ran.command != PROMPT && ran.command != RESPOND),
        "{commands:?}"
    );
    running.abort();
    stage.office.close().await;
}

#[test]
fn the_rules_of_the_readme_are_good() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules.json");
    Rules::read(&file).unwrap();
}
