//! Organizations from the command line: created, chosen, suspended, moved.

use std::path::Path;

use serde_json::Value;
use tokio::process::Command;

use crate::support::{Office, eventually};

struct Said {
    code: i32,
    out: String,
    err: String,
}

/// Runs a command of the binary against an office, as the holder of a token.
async fn hallway(office: &Office, token: &str, words: &[&str]) -> Said {
    let output = Command::new(env!("CARGO_BIN_EXE_hallway"))
        .args(words)
        .env("HALLWAY_URL", &office.admin.base)
        .env("HALLWAY_TOKEN", token)
        .env_remove("HALLWAY_ORG")
        .env_remove("RUST_LOG")
        .output()
        .await
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said {
        code: output.status.code().unwrap(),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

async fn done(office: &Office, token: &str, words: &[&str]) -> String {
    let said = hallway(office, token, words).await;
    assert_eq!(said.code, 0, "{words:?}: {}{}", said.out, said.err);
    said.out
}

async fn created(office: &Office, name: &str) -> String {
    let email = format!("boss@{}.example", name.to_lowercase());
    let words = [
        "--json",
        "operator",
        "org",
        "create",
        name,
        "--admin-email",
        &email,
        "--admin-name",
        "Bo",
    ];
    let made: Value = serde_json::from_str(&done(office, operator(office), &words).await).unwrap();
    made["accessToken"].as_str().unwrap().to_owned()
}

fn operator(office: &Office) -> &str {
    office.admin.token.as_deref().unwrap()
}

#[tokio::test]
async fn an_organization_lives_on_the_command_line() {
    let office = Office::start().await;
    let (first, second) = (created(&office, "First").await, created(&office, "Second").await);
    let listed = done(&office, operator(&office), &["operator", "org", "list"]).await;
    assert!(listed.contains("First") && listed.contains("active"), "{listed}");
    // Of two organizations, one is chosen.
    done(
        &office,
        &second,
        &["organization", "admins", "add", "boss@first.example"],
    )
    .await;
    let mine = done(&office, &first, &["organization", "list"]).await;
    assert!(
        mine.contains("its own") && mine.contains("full administrator"),
        "{mine}"
    );
    let of = async |words: &[&str]| done(&office, &first, words).await;
    assert!(
        of(&["--org", "second", "person", "list"])
            .await
            .contains("boss@second.example")
    );
    assert!(of(&["person", "list"]).await.contains("boss@first.example"));
    let unknown = hallway(&office, &first, &["--org", "Third", "person", "list"]).await;
    assert_eq!(unknown.code, 1);
    assert!(unknown.err.contains("organization list"), "{}", unknown.err);
    // Suspended and resumed.
    let words = ["operator", "org", "suspend", "Second", "--reason", "unpaid bills"];
    assert!(
        done(&office, operator(&office), &words)
            .await
            .contains("suspended")
    );
    let refused = hallway(&office, &second, &["person", "list"]).await;
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("unpaid bills"), "{}", refused.err);
    done(
        &office,
        operator(&office),
        &["operator", "org", "resume", "Second"],
    )
    .await;
    done(&office, &second, &["person", "list"]).await;
    // Deleted, by who says twice that it is meant.
    done(
        &office,
        operator(&office),
        &["operator", "org", "suspend", "Second"],
    )
    .await;
    let unsure = hallway(
        &office,
        operator(&office),
        &["operator", "org", "delete", "Second"],
    )
    .await;
    assert_eq!(unsure.code, 2);
    let words = ["operator", "org", "delete", "Second", "--confirm", "Second"];
    done(&office, operator(&office), &words).await;
    office.close().await;
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn the_demo_office_moves_to_another_hallway() {
    let laptop = Office::start().await;
    let server = Office::with(|config| config.demo = None).await;
    let folder = tempfile::tempdir().unwrap();
    let (archive, phrase) = (folder.path().join("office.hallway"), folder.path().join("phrase"));
    std::fs::write(&phrase, "correct horse battery\n").unwrap();
    let org = laptop.org();
    let words = [
        "operator",
        "org",
        "export",
        &org,
        "--output",
        text(&archive),
        "--with-secrets",
        "--passphrase-file",
        text(&phrase),
    ];
    done(&laptop, operator(&laptop), &words).await;
    let again = hallway(&laptop, operator(&laptop), &words).await;
    assert_eq!(again.code, 2, "an export is written over: {}", again.out);
    let words = [
        "operator",
        "org",
        "import",
        text(&archive),
        "--passphrase-file",
        text(&phrase),
    ];
    let said = done(&server, operator(&server), &words).await;
    assert!(said.contains("active") && said.contains("files came"), "{said}");
    let devices = done(&server, operator(&laptop), &["device", "list"]).await;
    assert!(devices.contains("Board Room"), "{devices}");
    let twice = hallway(&server, operator(&server), &words).await;
    assert_eq!(twice.code, 1);
    assert!(twice.err.contains("here already"), "{}", twice.err);
    // Without the passphrase it is of no use.
    let other = Office::with(|config| config.demo = None).await;
    let words = ["operator", "org", "import", text(&archive)];
    let refused = hallway(&other, operator(&other), &words).await;
    assert!(refused.err.contains("encrypted"), "{}", refused.err);
    other.close().await;
    server.close().await;
    laptop.close().await;
}

#[tokio::test]
async fn simulated_devices_follow_their_organization() {
    // The office moves into a Hallway whose operator is somebody else; its devices live in this process.
    let laptop = Office::start().await;
    let server = Office::with(|config| config.demo = None).await;
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("office.hallway");
    let org = laptop.org();
    let words = ["operator", "org", "export", &org, "--output", text(&archive)];
    done(&laptop, operator(&laptop), &words).await;
    done(
        &server,
        operator(&server),
        &["operator", "org", "import", text(&archive)],
    )
    .await;
    let planned = laptop
        .plan
        .devices
        .iter()
        .find(|device| device.accessory_of.is_none());
    let spec = planned.unwrap().spec.clone();
    let id = spec.id;
    let house = server.house();
    let device = hallway_device::SimulatedDevice::new(spec, hallway_xapi::Catalogue::builtin());
    house.devices.add(device).await.unwrap();
    let linked = async |wanted: bool| {
        let so = async || (house.platform.links().is_linked(id) == wanted).then_some(());
        eventually("the device follows", so).await;
    };
    linked(true).await;
    done(&server, operator(&server), &["operator", "org", "suspend", &org]).await;
    linked(false).await;
    done(&server, operator(&server), &["operator", "org", "resume", &org]).await;
    linked(true).await;
    done(&server, operator(&server), &["operator", "org", "suspend", &org]).await;
    let listed = done(
        &server,
        operator(&server),
        &["--json", "operator", "org", "show", &org],
    )
    .await;
    let name = serde_json::from_str::<Value>(&listed).unwrap()["displayName"]
        .as_str()
        .unwrap()
        .to_owned();
    done(
        &server,
        operator(&server),
        &["operator", "org", "delete", &org, "--confirm", &name],
    )
    .await;
    let gone = async || house.devices.get(id).is_none().then_some(());
    eventually("the device goes", gone).await;
    server.close().await;
    laptop.close().await;
}
