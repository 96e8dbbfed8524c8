//! The commands of a service desk, as the built binary runs them.

use std::process::{Output, Stdio};

use serde_json::{Value, json};
use tokio::process::Command;

use crate::support::{Office, within};

const MAIN: &str = "+14085550100";

/// The demo office with a location that can call, and a command line to it.
struct Desk {
    office: Office,
    location: String,
    config: tempfile::TempDir,
}

impl Desk {
    async fn open() -> Self {
        let office = Office::start().await;
        let places = office.admin.get("/v1/locations").await.expect(200);
        let desk = Self {
            location: places["items"][0]["name"].as_str().unwrap().to_owned(),
            config: tempfile::tempdir().unwrap(),
            office,
        };
        let location = desk.location.clone();
        desk.says(&[
            "calling",
            "enable",
            &location,
            "--pstn",
            "local_gateway",
            "--prefix",
            "8",
        ])
        .await;
        desk.says(&["number", "add", &location, MAIN, "+14085550101", "+14085550102"])
            .await;
        desk
    }

    async fn run(&self, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hallway"));
        command
            .args(words)
            .env_remove("RUST_LOG")
            .env_remove("HALLWAY_ORG")
            .env_remove("HALLWAY_PROFILE")
            .env("HALLWAY_CONFIG_DIR", self.config.path())
            .env("HALLWAY_URL", &self.office.admin.base)
            .env("HALLWAY_TOKEN", self.office.admin.token.as_deref().unwrap())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        within("the command ends", command.output()).await.unwrap()
    }

    /// What a command says that must succeed.
    async fn says(&self, words: &[&str]) -> String {
        let output = self.run(words).await;
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{words:?}: {err}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The document of a command that must succeed.
    async fn json(&self, words: &[&str]) -> Value {
        let words = [&["--json"], words].concat();
        serde_json::from_str(&self.says(&words).await).unwrap()
    }

    /// What a command says that must fail so.
    async fn fails(&self, words: &[&str], code: i32) -> (String, String) {
        let output = self.run(words).await;
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let (out, err) = (text(output.stdout), text(output.stderr));
        assert_eq!(output.status.code(), Some(code), "{words:?}: {out}{err}");
        (out, err)
    }

    /// How many entries the audit trail has.
    async fn changes(&self) -> usize {
        let audit = self
            .office
            .admin
            .get("/hallway/v1/audit?max=200")
            .await
            .expect(200);
        audit["items"].as_array().unwrap().len()
    }
}

#[tokio::test]
async fn a_user_comes_calls_and_goes_and_every_command_twice_is_once() {
    let desk = Desk::open().await;
    let ada = "ada@example.com";
    let create = [
        "people",
        "create",
        ada,
        "--first-name",
        "Ada",
        "--last-name",
        "Berg",
        "--title",
        "Engineer",
    ];
    let before = desk.changes().await;
    let dry = desk.says(&[&create[..], &["--dry-run"]].concat()).await;
    assert!(
        dry.contains("POST /people?callingData=true\n     {") && dry.contains("\"displayName\":\"Ada Berg\""),
        "{dry}"
    );
    assert!(
        dry.contains("undo: DELETE /people/{personId}") && dry.contains("nothing was."),
        "{dry}"
    );
    assert_eq!(desk.changes().await, before, "a dry run changes nothing");

    let made = desk.json(&create).await;
    assert_eq!(made["outcome"], "created", "{made}");
    assert_eq!(made["user"]["displayName"], "Ada Berg");
    assert!(made["steps"][0]["calls"][0]["trackingId"].is_string(), "{made}");
    let line = [
        "--location",
        desk.location.as_str(),
        "--number",
        "+14085550101",
        "--extension",
        "0101",
    ];
    let enable = [&["calling", "enable", ada][..], &line[..]].concat();
    let said = desk.says(&enable).await;
    assert!(
        said.starts_with("changed    enable calling for ada@example.com: Webex Calling"),
        "{said}"
    );
    assert!(said.contains("primary  +14085550101  0101       80101"), "{said}");
    let assigned = desk
        .json(&[
            "number",
            "assign",
            ada,
            "+14085550102",
            "--ring-pattern",
            "LONG_LONG",
        ])
        .await;
    assert_eq!(
        assigned["phoneNumbers"][1]["directNumber"], "+14085550102",
        "{assigned}"
    );
    let user = desk.json(&["people", "get", ada]).await;
    assert_eq!(user["location"]["name"], desk.location.as_str());
    assert_eq!(user["licenses"][0]["name"], "Webex Calling - Professional");
    let listed = desk.json(&["number", "list", "--person", ada]).await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 2, "{listed}");
    assert_eq!(listed["items"][0]["phoneNumber"], "+14085550101");
    desk.says(&["people", "update", ada, "--title", "Lead"]).await;

    let before = desk.changes().await;
    for again in [
        &create[..],
        &enable[..],
        &["number", "assign", ada, "+14085550102"],
        &["number", "add", &desk.location, MAIN, "+14085550101"],
        &["people", "update", ada, "--title", "Lead"],
    ] {
        assert_eq!(desk.json(again).await["outcome"], "unchanged", "{again:?}");
    }
    assert_eq!(desk.changes().await, before, "the second time changes nothing");

    desk.says(&["number", "unassign", ada, "+14085550102"]).await;
    desk.says(&["calling", "disable", ada]).await;
    let (_, err) = desk.fails(&["people", "delete", ada], 2).await;
    assert!(err.contains("--confirm ada@example.com"), "{err}");
    let delete = ["people", "delete", ada, "--confirm", ada];
    assert_eq!(desk.json(&delete).await["outcome"], "deleted");
    let before = desk.changes().await;
    for again in [&["number", "list", "--available"][..], &delete[..]] {
        desk.says(again).await;
    }
    assert_eq!(desk.changes().await, before);
    let (_, err) = desk.fails(&["people", "get", ada], 1).await;
    assert!(err.contains("there is no user ada@example.com"), "{err}");
    desk.office.close().await;
}

#[tokio::test]
async fn what_failed_is_undone_and_said() {
    let desk = Desk::open().await;
    let fault = json!({ "effect": { "type": "status", "status": 403 }, "route": "PATCH /v1/licenses/users" });
    desk.office
        .admin
        .post("/hallway/v1/faults", fault)
        .await
        .expect(201);
    let create = [
        "people",
        "create",
        "ada@example.com",
        "--first-name",
        "Ada",
        "--number",
        "+14085550101",
    ];
    let (out, err) = desk.fails(&create, 1).await;
    assert!(
        out.contains("undone     create the user ada@example.com"),
        "{out}"
    );
    assert!(out.contains("failed     enable calling"), "{out}");
    assert!(
        err.contains("what was done before it is undone") && err.contains("tracking id: "),
        "{err}"
    );
    desk.fails(&["people", "get", "ada@example.com"], 1).await;
    let fault = json!({ "effect": { "type": "status", "status": 403 }, "route": "DELETE /v1/people/{id}" });
    desk.office
        .admin
        .post("/hallway/v1/faults", fault)
        .await
        .expect(201);
    let (out, err) = desk.fails(&[&["--json"], &create[..]].concat(), 1).await;
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["outcome"], "left", "{report}");
    assert_eq!(report["steps"][0]["outcome"], "left");
    let next = report["steps"][0]["problem"]["next"].as_str().unwrap();
    assert!(next.starts_with("undo it by hand: DELETE /people/"), "{next}");
    assert!(
        err.contains("could not be undone: create the user ada@example.com"),
        "{err}"
    );
    desk.office.close().await;
}

#[tokio::test]
async fn wrong_usage_is_found_before_anything_is_sent() {
    let desk = Desk::open().await;
    let before = desk.changes().await;
    for (words, code, said) in [
        (
            &["number", "add", &desk.location, "555"][..],
            2,
            "no phone number",
        ),
        (&["people", "update", "ada@example.com"], 2, "nothing was said"),
        (&["people", "create", "ada@example.com"], 2, "needs a name"),
        (
            &[
                "calling",
                "enable",
                "ada@example.com",
                "--pstn",
                "x",
                "--number",
                MAIN,
            ],
            2,
            "--pstn",
        ),
        (
            &["calling", "enable", &desk.location, "--number", MAIN],
            2,
            "--number is for people",
        ),
        (
            &["calling", "enable", "ada@example.com", "--number", MAIN],
            1,
            "there is no user",
        ),
        (&["number", "assign", "ada@example.com", MAIN], 1, "people create"),
    ] {
        let (_, err) = desk.fails(words, code).await;
        assert!(err.contains(said) && err.contains("hint: "), "{words:?}: {err}");
    }
    assert_eq!(desk.changes().await, before);
    desk.office.close().await;
}
