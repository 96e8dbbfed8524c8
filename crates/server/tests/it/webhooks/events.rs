//! `/v1/events`.

use hallway_platform::org::Role;
use hallway_platform::webhook::Happening;
use hallway_wire::Timestamp;
use hallway_wire::id::{EventId, PersonId};
use hallway_wire::webhook::{Event, Resource};
use serde_json::{Value, json};

use super::{message, officer, tell};
use crate::rig::{NOW, Rig};

const READ: &str = "spark-compliance:events_read";

#[tokio::test]
async fn officers_read_what_happened() {
    let rig = Rig::start().await;
    let token = rig.token(&officer(), &[READ]).await;
    let (ada, bob) = (PersonId::random(), PersonId::random());
    let at = |second: i64| Timestamp(NOW.millis() - 100_000 + second * 1000);
    for (second, resource, event, actor, full) in [
        (1, Resource::Rooms, Event::Created, ada, true),
        (2, Resource::Messages, Event::Created, ada, true),
        (3, Resource::Messages, Event::Created, bob, true),
        (4, Resource::Messages, Event::Deleted, bob, true),
        (5, Resource::Meetings, Event::Started, bob, true),
        (6, Resource::Meetings, Event::Ended, bob, true),
        (7, Resource::Messages, Event::Created, bob, false),
    ] {
        let number = u64::try_from(second).unwrap();
        let mut happening = Happening {
            resource,
            event,
            actor: Some(actor),
            at: at(second),
            ..message(rig.org, number, &[])
        };
        if !full {
            happening.full = None;
        }
        tell(&rig, happening).await;
    }
    let ask = async |query: &str| {
        rig.ask_as(Some(&token), &format!("GET /events{query}"), Value::Null)
            .await
    };
    let ids = async |query: &str| -> Vec<String> {
        let items = ask(query).await.items();
        items
            .iter()
            .map(|item| item["data"]["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids("").await, ["m6", "m4", "m3", "m2", "m1"]);
    assert_eq!(ids("?resource=messages").await, ["m4", "m3", "m2"]);
    assert_eq!(ids("?resource=messages&type=created").await, ["m3", "m2"]);
    assert_eq!(ids("?type=created").await, ["m3", "m2", "m1"]);
    assert_eq!(ids(&format!("?actorId={ada}")).await, ["m2", "m1"]);
    assert_eq!(
        ids(&format!("?actorId={}&type=created", bob.uuid())).await,
        ["m3"]
    );
    assert_eq!(ids(&format!("?from={}&to={}", at(2), at(4))).await, ["m3", "m2"]);
    assert_eq!(ids("?resource=businessTexts").await, Vec::<String>::new());
    for bad in [
        "?resource=people",
        "?type=joined",
        "?actorId=x",
        "?from=soon",
        "?max=0",
        "?serviceType=calling",
        &format!("?to={}", NOW.plus_millis(10_000)),
        &format!("?from={}&to={}", at(4), at(2)),
    ] {
        ask(bad).await.expect(400);
    }
    // Page by page, over several lists at once.
    let mut next = Some("/events?type=created&max=1".to_owned());
    let mut seen = Vec::new();
    while let Some(url) = next {
        let answer = rig.ask_as(Some(&token), &format!("GET {url}"), Value::Null).await;
        next = answer.next.clone();
        seen.extend(
            answer
                .items()
                .iter()
                .map(|item| item["data"]["id"].as_str().unwrap().to_owned()),
        );
    }
    assert_eq!(seen, ["m3", "m2", "m1"]);

    let event = ask("?max=1").await.items().remove(0);
    let path = format!("/events/{}", event["id"].as_str().unwrap());
    let shown = rig
        .ask_as(Some(&token), &format!("GET {path}"), Value::Null)
        .await
        .expect(200);
    assert_eq!(shown, event);
    assert_eq!(
        event,
        json!({ "id": event["id"], "resource": "meetings", "type": "ended", "appId": null, "actorId": bob,
            "orgId": rig.org, "created": at(6), "data": { "id": "m6", "text": "hello" } })
    );
    let unknown = format!("GET /events/{}", EventId::random());
    rig.ask_as(Some(&token), &unknown, Value::Null).await.expect(404);
    // Nobody else.
    for (roles, scope) in [(vec![Role::FullAdmin], READ), (officer(), "spark:all")] {
        let other = rig.token(&roles, &[scope]).await;
        rig.ask_as(Some(&other), "GET /events", Value::Null)
            .await
            .expect(403);
        rig.ask_as(Some(&other), &format!("GET {path}"), Value::Null)
            .await
            .expect(403);
    }
}

#[tokio::test]
async fn old_events_go() {
    let rig = Rig::start().await;
    let token = rig.token(&officer(), &[READ]).await;
    let day = 24 * 3_600_000;
    for (number, age) in [(1, 91 * day), (2, 89 * day), (3, 200 * day)] {
        let at = NOW.plus_millis(-age);
        tell(
            &rig,
            Happening {
                at,
                ..message(rig.org, number, &[])
            },
        )
        .await;
    }
    rig.platform.sweep_events().await.unwrap();
    let left = rig.ask_as(Some(&token), "GET /events", Value::Null).await.items();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["data"]["id"], "m2");
}
