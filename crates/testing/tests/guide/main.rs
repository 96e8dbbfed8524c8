//! The program of the guide, unchanged: against Hallway, and against a recorded exchange of the real protocol. Only its
//! settings differ.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod recording;

use std::process::Stdio;

use hallway_testing::{Office, within};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use recording::Player;

const MANIFEST: &str = include_str!("../../../../examples/first-light/manifest.json");
const RECORDING: &str = include_str!("../recorded/first-light.json");

/// What the program says, whatever the service is.
const SAID: [&str; 3] = [
    "Connected: 1 devices.",
    "DEVICE: 4 people",
    "DEVICE: the button lights was pressed",
];

/// The program, as `cargo test` built it: an example of this crate, from the SDK's own file.
struct Program {
    lines: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl Program {
    fn start(settings: [(&str, &str); 5]) -> Self {
        let tests = std::env::current_exe().unwrap();
        let built = tests.parent().unwrap().parent().unwrap().join("examples/guide");
        let mut command = Command::new(built);
        command
            .env_clear()
            .envs(settings)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        Self {
            lines: BufReader::new(stdout).lines(),
            _child: child,
        }
    }

    /// Reads what the program says until all of it was said, in this order.
    async fn says(&mut self, device: &str, expected: &[&str]) {
        for expected in expected {
            loop {
                let what = format!("the program that says {expected:?}");
                let line = within(&what, self.lines.next_line()).await.unwrap();
                let line = line.unwrap_or_else(|| panic!("the program ended before it said {expected:?}"));
                if line.replace(device, "DEVICE") == *expected {
                    break;
                }
            }
        }
    }
}

#[tokio::test]
async fn the_program_runs_against_hallway() {
    let office = Office::start().await;
    let room = office.room("Board Room").await;
    let installed = office.install(MANIFEST).await;
    let state = tempfile::tempdir().unwrap();
    let mut program = Program::start([
        ("CLIENT_ID", installed.client_id()),
        ("CLIENT_SECRET", installed.client_secret()),
        ("ACTIVATION_CODE", installed.activation_code()),
        ("JWKS_URL", &office.jwks_url()),
        ("STATE", state.path().to_str().unwrap()),
    ]);
    let id = room.device().id();
    program.says(id.as_str(), &SAID[..1]).await;
    room.device().set("RoomAnalytics.PeopleCount.Current", 4).await;
    room.device()
        .emit(
            "UserInterface.Extensions.Panel.Clicked",
            json!({ "PanelId": "lights" }),
        )
        .await;
    program.says(id.as_str(), &SAID[1..]).await;
    let alert = room.device().ran("UserInterface.Message.Alert.Display").await;
    assert_eq!(alert.arguments["Text"], "Welcome, all 4 of you");
    drop(program);
    office.close().await;
}

#[tokio::test]
async fn the_program_runs_against_a_recorded_exchange_of_the_real_protocol() {
    let player = Player::start(RECORDING).await;
    let state = tempfile::tempdir().unwrap();
    let mut program = Program::start([
        ("CLIENT_ID", "the-client-id"),
        ("CLIENT_SECRET", "the-client-secret"),
        ("ACTIVATION_CODE", &player.activation_code),
        ("JWKS_URL", &format!("{}/jwks", player.url)),
        ("STATE", state.path().to_str().unwrap()),
    ]);
    let device = "Y2lzY29zcGFyazovL3VzL0RFVklDRS8yNWZjMzQwYi0xYzJkLTRlM2YtOGE1Yi02YzdkOGU5ZjAxMTI";
    program.says(device, &SAID).await;
    drop(program);
    player.finished();
}
