//! Long polling: in order, acknowledged when handled, nothing lost, nothing twice.

use std::sync::{Arc, Mutex};

use hallway_sdk::notify::{Index, Persistence, PollOptions, RecentFile, Workspace};
use hallway_sdk::tokens::TokenStore as _;
use hallway_sdk::{Device, Handlers, Inbox, Notification, Value};
use serde_json::{Value as Json, json};

use crate::integration::{APP, Office, org};
use crate::play::{Reply, cut, ok, refused, status};

const POLL: &str = "/app/queue";

fn told(device: &str, at: u32, updated: Json) -> Json {
    json!({
        "type": "status", "appId": APP, "orgId": org(), "deviceId": device, "workspaceId": "room",
        "timestamp": format!("2026-03-04T05:06:07.{at:03}Z"), "isFullSync": false,
        "changes": { "updated": updated, "removed": [] },
    })
}

fn volume(device: &str, at: u32) -> Json {
    told(device, at, json!({ "Audio.Volume": at }))
}

fn batch(messages: &[Json]) -> Reply {
    ok(json!({ "messages": messages }))
}

fn patient() -> PollOptions {
    PollOptions {
        persistence: Persistence {
            attempts: 3,
            first: std::time::Duration::from_millis(2),
            most: std::time::Duration::from_millis(5),
        },
        ..PollOptions::default()
    }
}

/// The volume that a delivery tells of.
fn level(notification: &Notification) -> i64 {
    let Notification::Status(status) = notification else {
        panic!("{notification:?}")
    };
    status.updated[0].1.as_i64().unwrap()
}

async fn next(inbox: &mut Inbox) -> hallway_sdk::notify::Delivery {
    let waiting = tokio::time::timeout(std::time::Duration::from_secs(20), inbox.next());
    waiting.await.expect("a delivery within 20 s").unwrap()
}

#[tokio::test]
async fn the_next_poll_is_sent_when_the_batch_is_handled() {
    let office = Office::new().await;
    office.service.plays(
        "GET",
        POLL,
        [
            batch(&[volume("d", 1), volume("d", 2)]),
            batch(&[volume("d", 3)]),
            batch(&[]),
        ],
    );
    let mut inbox = office.connect().await.poll_with(patient()).unwrap();
    let first = next(&mut inbox).await;
    assert_eq!(level(first.notification()), 1);
    first.done();
    let second = next(&mut inbox).await;
    assert_eq!(office.service.seen(POLL).len(), 1, "the batch is not handled yet");
    second.done();
    let third = next(&mut inbox).await;
    assert_eq!(level(third.notification()), 3);
    assert_eq!(office.service.seen(POLL).len(), 2);
    assert_eq!(office.service.seen(POLL)[0].token(), "access-1");
}

#[tokio::test]
async fn what_failed_comes_again_before_what_follows() {
    let office = Office::new().await;
    office.service.plays(
        "GET",
        POLL,
        [
            batch(&[volume("d", 1), volume("d", 2), volume("d", 3)]),
            batch(&[]),
        ],
    );
    let mut inbox = office.connect().await.poll_with(patient()).unwrap();
    next(&mut inbox).await.failed();
    drop(next(&mut inbox).await);
    let third = next(&mut inbox).await;
    assert_eq!((level(third.notification()), third.attempt()), (1, 3));
    third.failed();
    // After three tries it is given up, and the rest goes on.
    let after = next(&mut inbox).await;
    assert_eq!(level(after.notification()), 2);
    after.done();
    next(&mut inbox).await.done();
    office.service.until(POLL, 2).await;
}

#[tokio::test]
async fn polls_that_break_off_lose_nothing_and_repeat_nothing() {
    let office = Office::new().await;
    let both = [volume("d", 1), volume("e", 2)];
    office.service.plays(
        "GET",
        POLL,
        [
            batch(&both),
            cut(),
            status(500, json!({ "message": "Internal error" })),
            batch(&both),
            batch(&[volume("d", 3)]),
            batch(&[]),
        ],
    );
    let mut inbox = office.connect().await.poll_with(patient()).unwrap();
    let mut levels = Vec::new();
    for _ in 0..3 {
        let delivery = next(&mut inbox).await;
        levels.push(level(delivery.notification()));
        delivery.done();
    }
    levels[..2].sort_unstable();
    assert_eq!(levels, [1, 2, 3], "what the service sent twice was handled once");
}

#[tokio::test]
async fn what_was_handled_before_a_restart_is_not_handled_after_it() {
    let office = Office::new().await;
    let messages = [volume("d", 1), volume("d", 2), volume("d", 3)];
    office.service.plays("GET", POLL, [batch(&messages)]);
    let folder = tempfile::tempdir().unwrap();
    let options = || PollOptions {
        memory: Arc::new(RecentFile::open(folder.path().join("handled"), 100).unwrap()),
        ..patient()
    };
    let integration = office.connect().await;
    let mut inbox = integration.poll_with(options()).unwrap();
    next(&mut inbox).await.done();
    let second = next(&mut inbox).await;
    assert_eq!(level(second.notification()), 2);
    // The process dies while the second is being handled: the service sends the whole batch again.
    drop((inbox, second));
    let mut inbox = integration.poll_with(options()).unwrap();
    let again = next(&mut inbox).await;
    assert_eq!(level(again.notification()), 2);
    again.done();
    let last = next(&mut inbox).await;
    assert_eq!(level(last.notification()), 3);
}

#[tokio::test]
async fn a_queue_that_is_gone_is_asked_for_again() {
    let office = Office::new().await;
    office.service.plays(
        "GET",
        POLL,
        [
            refused(404, "There is no queue."),
            batch(&[volume("d", 1)]),
            batch(&[]),
        ],
    );
    let mut inbox = office.connect().await.poll_with(patient()).unwrap();
    let first = next(&mut inbox).await;
    assert!(inbox.trouble().borrow().is_none(), "the trouble is over");
    first.done();
    let patches = office.service.seen("/app");
    assert_eq!(patches.last().unwrap().json()["queue"]["state"], "enabled");
    assert!(patches.len() >= 2);
}

#[tokio::test]
async fn actions_come_in_the_queue_and_deprovision_ends_it() {
    let office = Office::new().await;
    let jwt = office.sign(&office.claims("deprovision", "bye"));
    office.service.plays(
        "GET",
        POLL,
        [batch(&[
            json!({ "type": "action", "jwt": jwt }),
            json!({ "type": "weather" }),
        ])],
    );
    let integration = office.connect().await;
    let said = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&said);
    let handlers = Handlers::new().on_action(move |action| {
        heard.lock().unwrap().push(format!("{action:?}"));
        async {}
    });
    handlers
        .run(integration.poll_with(patient()).unwrap())
        .await
        .unwrap();
    assert_eq!(*said.lock().unwrap(), ["Deprovisioned"]);
    assert!(integration.ended());
    assert!(
        office.store.load("integration").await.unwrap().is_none(),
        "its tokens are forgotten"
    );
}

#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Clicked {
    panel_id: String,
}

#[tokio::test]
async fn handlers_by_pattern_get_what_they_ask_for() {
    let office = Office::new().await;
    let messages = [
        told(
            "d",
            1,
            json!({ "Audio.Volume": "33", "Call[7].Status": "Connected", "Audio.Mode": {} }),
        ),
        json!({
            "type": "status", "deviceId": "d", "timestamp": "2026-03-04T05:06:07.089Z", "isFullSync": false,
            "changes": { "updated": {}, "removed": ["Call[7]"] },
        }),
        json!({ "type": "events", "deviceId": "d", "events": [
            { "key": "UserInterface.Extensions.Panel.Clicked", "value": { "PanelId": "lights", "Target": "OSD" } },
        ] }),
        json!({ "type": "action", "jwt": office.sign(&office.claims("deprovision", "end")) }),
    ];
    // The action must be the last: it ends the run.
    office
        .service
        .plays("GET", POLL, [batch(&messages[..3]), batch(&messages[3..])]);
    let said = Arc::new(Mutex::new(Vec::new()));
    let say = |said: &Arc<Mutex<Vec<String>>>| {
        let said = Arc::clone(said);
        move |text: String| said.lock().unwrap().push(text)
    };
    let (a, b, c, d, e) = (say(&said), say(&said), say(&said), say(&said), say(&said));
    let handlers = Handlers::new()
        .on_status(
            "audio.volume",
            move |device: Device, Workspace(room): Workspace, Value(level): Value<u8>| {
                a(format!("{} in {room} at {level}", device.id()));
                async {}
            },
        )
        .on_status(
            "Call[*].Status",
            move |Index([call]): Index<1>, Value(status): Value<String>| {
                b(format!("call {call} {status}"));
                async { Ok::<(), std::io::Error>(()) }
            },
        )
        .on_status("Audio.Mode", move |Value(mode): Value<String>| {
            c(format!("never {mode}"));
            async {}
        })
        .on_removed("Call[*]", move |Index([call]): Index<1>| {
            d(format!("call {call} is over"));
            async {}
        })
        .on_event("UserInterface.*", move |Value(it): Value<Clicked>| {
            e(format!("{} clicked", it.panel_id));
            async {}
        });
    let integration = office.connect().await;
    handlers
        .run(integration.poll_with(patient()).unwrap())
        .await
        .unwrap();
    assert_eq!(
        *said.lock().unwrap(),
        [
            "d in room at 33",
            "call 7 Connected",
            "call 7 is over",
            "lights clicked"
        ]
    );
}

#[tokio::test]
async fn a_bad_pattern_is_told() {
    let office = Office::new().await;
    office.service.plays("GET", POLL, [batch(&[])]);
    let integration = office.connect().await;
    let handlers = Handlers::new().on_status("Audio..Volume", || async {});
    let error = handlers.run(integration.poll().unwrap()).await.unwrap_err();
    assert!(error.to_string().contains("Audio..Volume"));
}

#[tokio::test]
async fn a_handler_that_panics_has_failed_and_the_rest_goes_on() {
    let office = Office::new().await;
    let end = json!({ "type": "action", "jwt": office.sign(&office.claims("deprovision", "end")) });
    office.service.plays(
        "GET",
        POLL,
        [batch(&[volume("d", 1), volume("d", 2)]), batch(&[end])],
    );
    let said = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&said);
    let handlers = Handlers::new().on_status("Audio.Volume", move |Value(level): Value<i64>| {
        heard.lock().unwrap().push(level);
        async move { assert_ne!(level, 1, "a bug of the author's") }
    });
    let integration = office.connect().await;
    handlers
        .run(integration.poll_with(patient()).unwrap())
        .await
        .unwrap();
    assert_eq!(
        *said.lock().unwrap(),
        [1, 1, 1, 2],
        "three tries, and then the next"
    );
}
