//! `hallway test`: an office for one command; and the routes by which that command furnishes it.

use std::process::{Output, Stdio};

use hallway::{HouseConfig, Time};
use hallway_device::ManualTimer;
use serde_json::{Value, json};
use tokio::io::AsyncBufReadExt as _;
use tokio::process::Command;

use crate::support::office::{Office, settings};
use crate::support::within;

const HALLWAY: &str = env!("CARGO_BIN_EXE_hallway");

fn command(words: &[&str]) -> Command {
    let mut command = Command::new(HALLWAY);
    command
        .arg("test")
        .args(words)
        .env_remove("RUST_LOG")
        .env("HALLWAY_ORG", "another organization")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

async fn run(words: &[&str]) -> Output {
    within("the command ends", command(words).output()).await.unwrap()
}

fn manifest() -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("manifest.json");
    let text = crate::support::integration::manifest(&["RoomAnalytics.PeopleCount.Current"], &[]);
    std::fs::write(&file, text.to_string()).unwrap();
    let path = file.to_str().unwrap().to_owned();
    (dir, path)
}

#[tokio::test]
async fn the_command_meets_an_office_that_is_furnished_for_it() {
    let words = ["--room", "Board Room", "--", HALLWAY, "--json", "device", "list"];
    let output = run(&words).await;
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let devices: Value = serde_json::from_slice(&output.stdout).unwrap();
    let names: Vec<_> = devices["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|device| device["displayName"].clone())
        .collect();
    assert_eq!(names, ["Board Room"]);
}

#[tokio::test]
async fn the_exit_status_is_that_of_the_command() {
    assert_eq!(run(&["--", "sh", "-c", "exit 7"]).await.status.code(), Some(7));
    assert_eq!(
        run(&["--", "sh", "-c", "kill -9 $$"]).await.status.code(),
        Some(137)
    );
    let missing = run(&["--", "no-such-program-anywhere"]).await;
    assert_eq!(missing.status.code(), Some(1));
    let said = String::from_utf8_lossy(&missing.stderr).into_owned();
    assert!(said.contains("starting no-such-program-anywhere"), "{said}");
    assert_eq!(run(&[]).await.status.code(), Some(2));
}

#[tokio::test]
async fn an_integration_is_uploaded_and_activated_as_the_administrator_likes() {
    let (_dir, manifest) = manifest();
    let print =
        "printf '%s\\n' \"$CLIENT_ID\" \"$CLIENT_SECRET\" \"$ACTIVATION_CODE\" \"$STATE\" \"$JWKS_URL\"";
    let deny = "spark-admin:devices_write";
    let output = run(&["--manifest", &manifest, "--deny", deny, "--", "sh", "-c", print]).await;
    let said = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    let [id, secret, code, state, keys] = lines[..] else {
        panic!("{said} {}", String::from_utf8_lossy(&output.stderr));
    };
    assert!(
        !id.is_empty() && !secret.is_empty() && keys.ends_with("/jwks"),
        "{said}"
    );
    assert_eq!(code.split('.').count(), 3, "a JWT: {code}");
    assert!(
        !std::path::Path::new(state).exists(),
        "what was kept is gone with the office"
    );

    let wrong = run(&[
        "--manifest",
        &manifest,
        "--deny",
        "spark:xapi_commands",
        "--",
        "true",
    ])
    .await;
    assert_eq!(wrong.status.code(), Some(1), "a required scope cannot be denied");
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(
        said.contains("activating the integration") && said.contains("spark:xapi_commands cannot be denied"),
        "{said}"
    );
}

/// SIGTERM ends the command first, and then the office.
#[tokio::test]
async fn who_ends_it_ends_the_command() {
    let script = "trap 'echo ended; exit 3' TERM; echo ready; while :; do sleep 0.05; done";
    let mut child = command(&["--", "sh", "-c", script])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = tokio::io::BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(
        within("it starts", lines.next_line()).await.unwrap().unwrap(),
        "ready"
    );
    let pid = child.id().unwrap().to_string();
    let killed = Command::new("kill").args(["-TERM", &pid]).status().await.unwrap();
    assert!(killed.success());
    assert_eq!(
        within("it ends", lines.next_line()).await.unwrap().unwrap(),
        "ended"
    );
    assert_eq!(
        within("the office ends", child.wait()).await.unwrap().code(),
        Some(3)
    );
}

async fn office(time: Time) -> Office {
    Office::of(HouseConfig {
        demo: None,
        office: true,
        time,
        ..settings()
    })
    .await
}

#[tokio::test]
async fn rooms_are_made_and_what_ran_on_their_devices_is_told() {
    let office = office(Time::Machine).await;
    let order = json!({ "name": "Auditorium", "product": "room kit eq", "capacity": 40, "navigator": true, "tags": ["big"] });
    let made = office
        .admin
        .post("/hallway/v1/office/rooms", order)
        .await
        .expect(200);
    let device = made["deviceIds"][0].as_str().unwrap();
    let devices = office.admin.get("/v1/devices").await.expect(200);
    assert_eq!(
        devices["items"].as_array().unwrap().len(),
        2,
        "the device and its panel: {devices}"
    );
    let workspace = made["workspaceId"].as_str().unwrap();
    let workspace = office
        .admin
        .get(&format!("/v1/workspaces/{workspace}"))
        .await
        .expect(200);
    assert_eq!(
        (&workspace["displayName"], &workspace["capacity"]),
        (&json!("Auditorium"), &json!(40))
    );

    let commands = format!("/hallway/v1/office/devices/{device}/commands?command=Standby.Activate");
    let none = office.admin.get(&commands).await.expect(200);
    assert_eq!(none, json!({ "items": [] }));
    let waiting = format!("{commands}&waitSeconds=30");
    let (told, ran) = tokio::join!(office.admin.get(&waiting), async {
        let body = json!({ "deviceId": device });
        office.admin.post("/v1/xapi/command/Standby.Activate", body).await
    });
    ran.expect(200);
    assert_eq!(told.expect(200)["items"][0]["command"], "Standby.Activate");
    let after = office.admin.get(&format!("{commands}&after=0")).await.expect(200);
    assert_eq!(after, json!({ "items": [] }), "numbers begin at 0");
    office.close().await;
}

#[tokio::test]
async fn a_stopped_clock_moves_when_it_is_told_to() {
    let timer = std::sync::Arc::new(ManualTimer::at(1_772_600_000_000));
    let stopped = office(Time::Manual(timer)).await;
    let clock = "/hallway/v1/office/clock";
    assert_eq!(
        stopped.admin.get(clock).await.expect(200)["now"],
        "2026-03-04T04:53:20.000Z"
    );
    let hour = json!({ "advanceSeconds": 3600 });
    let moved = stopped.admin.post(clock, hour.clone()).await.expect(200);
    assert_eq!(moved["now"], "2026-03-04T05:53:20.000Z");
    for wrong in [
        json!({ "advanceSeconds": -1 }),
        json!({ "advanceSeconds": 1e12 }),
        json!({}),
        json!({ "by": 1 }),
    ] {
        stopped.admin.post(clock, wrong).await.expect_error(400);
    }
    stopped.close().await;

    let running = office(Time::Machine).await;
    let why = running.admin.post(clock, hour).await.expect_error(409);
    assert!(why.contains("--stopped-clock"), "{why}");
    running.close().await;
}

#[tokio::test]
async fn only_administrators_of_an_office_for_tests_furnish_it() {
    let plain = Office::start().await;
    plain
        .admin
        .get("/hallway/v1/office/clock")
        .await
        .expect_error(404);
    plain.close().await;

    let office = office(Time::Machine).await;
    let nobody = office.admin.anonymous();
    nobody.get("/hallway/v1/office/clock").await.expect_error(401);
    nobody
        .post("/hallway/v1/office/rooms", json!({ "name": "x" }))
        .await
        .expect_error(401);
    nobody
        .get("/hallway/v1/office/devices/x/commands")
        .await
        .expect_error(401);
    for (wrong, says) in [
        (json!({ "name": " " }), "name"),
        (json!({ "name": "x", "product": "toaster" }), "Room Bar"),
        (json!({ "name": "x", "color": "red" }), "color"),
    ] {
        let why = office
            .admin
            .post("/hallway/v1/office/rooms", wrong)
            .await
            .expect_error(400);
        assert!(why.contains(says), "{why}");
    }
    office
        .admin
        .get("/hallway/v1/office/devices/x/commands")
        .await
        .expect_error(400);
    let unknown = uuid::Uuid::new_v4();
    office
        .admin
        .get(&format!("/hallway/v1/office/devices/{unknown}/commands"))
        .await
        .expect_error(404);
    office.close().await;
}
