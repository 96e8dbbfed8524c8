//! Webhooks of `/v1/webhooks` in a whole house: a restart, `hallway listen`, and `kill -9` in the middle of a
//! stream of events.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hallway_platform::webhook::Happening;
use hallway_wire::Timestamp;
use hallway_wire::id::{OrgId, PersonId};
use hallway_wire::webhook::{Event, Resource};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use crate::support::binary::Served;
use crate::support::office::settings;
use crate::support::{Client, Mood, Office, Receiver, eventually, within};

/// Something about batch jobs that the administrator hears with ownedBy=org.
fn job(org: OrgId, number: u64) -> Happening {
    Happening {
        org,
        resource: Resource::AdminBatchJobs,
        event: Event::StatusChanged,
        actor: Some(PersonId::random()),
        at: Timestamp(7),
        data: json!({ "id": "job", "number": number }),
        full: None,
        audience: Vec::new(),
    }
}

fn wanted(url: &str) -> Value {
    json!({ "name": "Jobs", "targetUrl": url, "resource": "adminBatchJobs", "event": "statusChanged",
        "ownedBy": "org", "secret": "key" })
}

async fn tell(office: &Office, number: u64) {
    let org = office.plan.organization.id;
    office
        .house()
        .platform
        .announce(vec![job(org, number)])
        .await
        .unwrap();
}

fn number(body: &Value) -> u64 {
    body["data"]["number"].as_u64().unwrap()
}

#[tokio::test]
async fn what_waited_when_hallway_stopped_is_delivered_by_the_next_one() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = settings();
    config.data = hallway::Data::Dir(dir.path().join("data"));
    let office = Office::of(config.clone()).await;
    let mut receiver = Receiver::start().await;
    let made = office
        .admin
        .post("/v1/webhooks", wanted(&receiver.url))
        .await
        .expect(200);
    tell(&office, 0).await;
    let hook = receiver.next_taken().await;
    hook.check_signature("key");
    receiver.answer_with(Mood::Hang);
    for number in 1..=20 {
        tell(&office, number).await;
    }
    let first = receiver.next().await;
    assert_eq!(number(&first.json()), 1);
    office.close().await;

    receiver.answer_with(Mood::Status(204));
    let office = Office::of(config).await;
    for expected in 1..=20 {
        let hook = receiver.next_taken().await;
        assert_eq!(number(&hook.json()), expected);
        if expected == 1 {
            let again = hook.header("x-hallway-delivery");
            assert_eq!(
                again,
                first.header("x-hallway-delivery"),
                "it is known for a repetition"
            );
        }
    }
    // The history goes on, and nothing comes twice.
    let path = format!("/hallway/v1/webhooks/{}/deliveries", made["id"].as_str().unwrap());
    let all = async || {
        let shown = office.admin.get(&path).await.expect(200);
        let count = shown["items"].as_array().unwrap().len();
        (count == 21).then_some(())
    };
    eventually("every attempt is kept", all).await;
    office.close().await;
}

#[tokio::test]
async fn listening_forwards_to_a_local_address() {
    let office = Office::start().await;
    let mut receiver = Receiver::start().await;
    let mut child = Command::new(env!("CARGO_BIN_EXE_hallway"))
        .args(["listen", "--forward", &format!("{}/local?x=1", receiver.url)])
        .args([
            "--resource",
            "adminBatchJobs",
            "--event",
            "all",
            "--organization",
            "--secret",
            "key",
        ])
        .env("HALLWAY_URL", &office.admin.base)
        .env("HALLWAY_TOKEN", office.admin.token.as_deref().unwrap())
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let greeting = within("it listens", said.next_line()).await.unwrap().unwrap();
    assert!(
        greeting.starts_with("Listening to adminBatchJobs all for http://"),
        "{greeting}"
    );
    for expected in 0..3 {
        tell(&office, expected).await;
    }
    receiver.answer_with(Mood::Status(204));
    for expected in 0..3 {
        let hook = receiver.next().await;
        hook.check_signature("key");
        assert_eq!(number(&hook.json()), expected);
        assert_eq!(hook.path, "/local");
        assert_eq!(hook.header("content-type"), "application/json;charset=UTF-8");
        let line = within("a line for it", lines.next_line()).await.unwrap().unwrap();
        assert!(
            line.starts_with("adminBatchJobs statusChanged  204 in "),
            "{line}"
        );
    }
    // It is nobody's webhook, and it goes with its listener.
    let listed = office.admin.get("/v1/webhooks").await.expect(200);
    assert_eq!(listed["items"], json!([]));
    let id = child.id().unwrap().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .await
            .unwrap()
            .success()
    );
    let goodbye = within("it says so", said.next_line()).await.unwrap().unwrap();
    assert_eq!(goodbye, "Stopped listening.");
    assert!(within("it ends", child.wait()).await.unwrap().success());
    office.close().await;
}

const ROUNDS: usize = 8;

/// Makes meetings, one after the other, until the house is gone.
async fn make_meetings(admin: Client, next: Arc<Mutex<u64>>, done: Arc<Mutex<BTreeSet<u64>>>) {
    loop {
        let number = {
            let mut next = next.lock().unwrap();
            *next += 1;
            *next
        };
        let meeting = json!({ "title": format!("Meeting {number}"), "start": "2099-01-01T10:00:00Z",
            "end": "2099-01-01T11:00:00Z" });
        let request = admin.request("POST", "/v1/meetings", &meeting);
        match admin.try_send(request).await {
            Ok(answer) if answer.status == 200 => {
                done.lock().unwrap().insert(number);
            }
            // The house is gone; whether this one counts is not known.
            _ => return,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_change_is_told_after_a_crash() {
    let dir = tempfile::tempdir().unwrap();
    let more = ["--allow-private-targets", "--rate-limit", "0"];
    let mut served = Served::start(dir.path(), "127.0.0.1:0", &[], &more).await;
    let listen = served.address();
    let mut receiver = Receiver::start().await;
    let body =
        json!({ "name": "Meetings", "targetUrl": receiver.url, "resource": "meetings", "event": "created" });
    served.admin().post("/v1/webhooks", body).await.expect(200);
    let heard = Arc::new(Mutex::new(Vec::new()));
    let receiving = tokio::spawn({
        let heard = Arc::clone(&heard);
        async move {
            loop {
                let hook = receiver.next().await.json();
                let title = hook["data"]["title"].as_str().unwrap();
                let number: u64 = title.trim_start_matches("Meeting ").parse().unwrap();
                heard.lock().unwrap().push(number);
            }
        }
    });
    let (next, done) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new(BTreeSet::new())));
    for round in 0..ROUNDS {
        let making = tokio::spawn(make_meetings(
            served.admin(),
            Arc::clone(&next),
            Arc::clone(&done),
        ));
        // The moment of the kill is the point of the test, so it is a time.
        tokio::time::sleep(Duration::from_millis(40 + 35 * round as u64)).await;
        served.kill().await;
        within("everybody notices", making).await.unwrap();
        served = Served::start(dir.path(), &listen, &[], &more).await;
    }
    let all = async || {
        let heard: BTreeSet<u64> = heard.lock().unwrap().iter().copied().collect();
        done.lock().unwrap().is_subset(&heard).then_some(())
    };
    eventually("what was acknowledged is heard", all).await;
    assert!(!receiving.is_finished());
    receiving.abort();
    assert!(done.lock().unwrap().len() > ROUNDS, "{:?}", done.lock().unwrap());
    // Something may come twice, but never for the first time behind a later one.
    let mut seen = BTreeSet::new();
    let heard = heard.lock().unwrap().clone();
    let first: Vec<u64> = heard
        .iter()
        .copied()
        .filter(|number| seen.insert(*number))
        .collect();
    assert!(first.is_sorted(), "{heard:?}");
    served.stop().await;
}
