//! What receivers get, when, and how often.

use std::time::Duration;

use hallway_platform::Config;
use hallway_platform::org::{PersonKind, Role};
use hallway_platform::webhook::Happening;
use hallway_wire::id::PersonId;
use hallway_wire::webhook::{Event, Resource};
use serde_json::{Value, json};

use super::{MESSAGES, eventually, id_of, made, message, messages, number, quick, some_room, somebody, tell};
use crate::receiver::{Mood, Receiver};
use crate::rig::Rig;

#[tokio::test]
async fn the_envelope_and_its_signatures() {
    let rig = Rig::that_calls(Config {
        webhook_sha256: true,
        ..quick()
    })
    .await;
    let mut receiver = Receiver::start().await;
    let (person, token) = somebody(&rig, &[MESSAGES]).await;
    let mut body = messages(&receiver);
    body["secret"] = json!("key");
    body["event"] = json!("all");
    let webhook = made(&rig, &token, body).await;
    let mut happening = message(rig.org, 1, &[person]);
    happening.data["title"] = json!("Größe / 1.0");
    happening.data["size"] = json!(3.0);
    tell(&rig, happening).await;
    let hook = receiver.next().await;
    assert_eq!(hook.header("content-type"), "application/json;charset=UTF-8");
    let sent = hook.json();
    assert_eq!(sent.to_string().as_bytes(), &hook.body[..], "compact");
    let expected = json!({
        "id": webhook["id"], "name": "Mine", "targetUrl": receiver.url, "resource": "messages",
        "event": "created", "orgId": webhook["orgId"], "createdBy": person, "appId": webhook["appId"],
        "ownedBy": "creator", "status": "active", "created": webhook["created"], "actorId": person,
        "data": { "id": "m1", "roomType": "group", "number": 1, "title": "Größe / 1.0", "size": 3 },
    });
    assert_eq!(sent, expected);
    assert!(uuid::Uuid::try_parse(hook.header("x-hallway-delivery")).is_ok());
    let signature = |algorithm| {
        let key = ring::hmac::Key::new(algorithm, b"key");
        let tag = ring::hmac::sign(&key, &hook.body);
        tag.as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let sha1 = signature(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY);
    assert_eq!(hook.header("x-spark-signature"), sha1);
    let sha256 = signature(ring::hmac::HMAC_SHA256);
    assert_eq!(hook.header("x-webex-signature"), format!("sha256={sha256}"));
    rig.close().await;
}

#[tokio::test]
async fn in_order_and_with_retries() {
    let rig = Rig::that_calls(quick()).await;
    let mut receiver = Receiver::start().await;
    let (person, token) = somebody(&rig, &[MESSAGES]).await;
    made(&rig, &token, messages(&receiver)).await;
    receiver.answer_with(&[Mood::Status(500), Mood::Hang], Mood::Status(200));
    for number in 0..50 {
        tell(&rig, message(rig.org, number, &[person])).await;
    }
    // The first is tried three times, and the others wait for it.
    let first: Vec<_> = [
        receiver.next().await,
        receiver.next().await,
        receiver.next().await,
    ]
    .into();
    assert!(first.iter().all(|hook| number(hook) == 0), "{first:?}");
    assert_eq!(first[0].body, first[2].body);
    assert_eq!(
        first[0].header("x-hallway-delivery"),
        first[2].header("x-hallway-delivery")
    );
    for expected in 1..50 {
        assert_eq!(number(&receiver.next().await), expected);
    }
    assert!(receiver.is_quiet());
    rig.close().await;
}

#[tokio::test]
async fn an_event_is_given_up_after_its_attempts() {
    let rig = Rig::that_calls(quick()).await;
    let mut receiver = Receiver::start().await;
    let (person, token) = somebody(&rig, &[MESSAGES]).await;
    let webhook = made(&rig, &token, messages(&receiver)).await;
    receiver.answer_with(
        &[Mood::Status(302), Mood::Status(401), Mood::Status(500)],
        Mood::Status(204),
    );
    tell(&rig, message(rig.org, 1, &[person])).await;
    tell(&rig, message(rig.org, 2, &[person])).await;
    let mut came = Vec::new();
    for _ in 0..4 {
        came.push(number(&receiver.next().await));
    }
    assert_eq!(came, [1, 1, 1, 2]);
    let history = format!("/webhooks/{}/deliveries", id_of(&webhook));
    let listed = async || rig.control(&token, &format!("GET {history}")).await.items();
    eventually("all is written", async || listed().await.len() == 4).await;
    let attempts = listed().await;
    let told: Vec<Value> = attempts
        .iter()
        .map(|a| json!([a["attempt"], a["delivered"], a["status"]]))
        .collect();
    assert_eq!(
        told,
        [
            json!([1, true, 204]),
            json!([3, false, 500]),
            json!([2, false, 401]),
            json!([1, false, 302])
        ]
    );
    assert_eq!(attempts[1]["error"], "the receiver answered 500");
    assert_eq!(attempts[1]["answer"], "thanks");
    assert_eq!(attempts[1]["request"]["url"], receiver.url);
    assert_eq!(
        attempts[1]["request"]["headers"]["content-type"],
        "application/json;charset=UTF-8"
    );
    assert!(
        attempts[1]["request"]["body"]
            .as_str()
            .unwrap()
            .contains("\"m1\"")
    );

    // Once more: the same bytes under the same id.
    let delivery = attempts[1]["deliveryId"].as_str().unwrap();
    let again = format!("POST {history}/{delivery}/redeliver");
    let attempt = rig.control(&token, &again).await.expect(200);
    assert_eq!(
        (&attempt["attempt"], &attempt["redelivery"], &attempt["status"]),
        (&json!(4), &json!(true), &json!(204))
    );
    let hook = receiver.next().await;
    assert_eq!(hook.body, attempts[1]["request"]["body"].as_str().unwrap());
    assert_eq!(hook.header("x-hallway-delivery"), delivery);
    let unknown = format!("POST {history}/{}/redeliver", uuid::Uuid::new_v4());
    rig.control(&token, &unknown).await.expect(404);
    rig.control(&token, &format!("POST {history}/x/redeliver"))
        .await
        .expect(400);
    // The administrator looks after it too; others do not know of it.
    rig.control(&rig.admin, &format!("GET {history}?max=2"))
        .await
        .expect(200);
    let (_, colleague) = somebody(&rig, &[MESSAGES]).await;
    for other in [colleague, rig.stranger().await] {
        rig.control(&other, &format!("GET {history}")).await.expect(404);
        rig.control(&other, &again).await.expect(404);
    }
    rig.close().await;
}

#[tokio::test]
async fn deactivated_and_revived() {
    let config = Config {
        webhook_failures_max: 10,
        webhook_attempts: 1,
        ..quick()
    };
    let rig = Rig::that_calls(config).await;
    let mut receiver = Receiver::start().await;
    let (person, token) = somebody(&rig, &[MESSAGES]).await;
    let mut body = messages(&receiver);
    body["secret"] = json!("key");
    let webhook = made(&rig, &token, body).await;
    let path = format!("/webhooks/{}", id_of(&webhook));
    let status = async || {
        let shown = rig
            .ask_as(Some(&token), &format!("GET {path}"), Value::Null)
            .await
            .expect(200);
        shown["status"].as_str().unwrap().to_owned()
    };
    // Nine failures and a success: it begins again.
    let mut moods = vec![Mood::Status(500); 9];
    moods.push(Mood::Status(200));
    receiver.answer_with(&moods, Mood::Status(503));
    for number in 0..30 {
        tell(&rig, message(rig.org, number, &[person])).await;
    }
    eventually("it is inactive", async || status().await == "inactive").await;
    for _ in 0..20 {
        receiver.next().await;
    }
    receiver.answer_with(&[], Mood::Status(200));
    tell(&rig, message(rig.org, 100, &[person])).await;
    let put = format!("PUT {path}");
    let name = json!({ "name": "Mine", "targetUrl": receiver.url });
    let still = rig.ask_as(Some(&token), &put, name.clone()).await.expect(200);
    assert_eq!(still["status"], "inactive");
    let mut revive = name;
    revive["status"] = json!("active");
    let revived = rig.ask_as(Some(&token), &put, revive).await.expect(200);
    assert_eq!(
        (&revived["status"], &revived["secret"]),
        (&json!("active"), &json!("key"))
    );
    tell(&rig, message(rig.org, 101, &[person])).await;
    // What happened meanwhile is gone, and so is what waited.
    assert_eq!(number(&receiver.next().await), 101);
    let trail = rig.control(&rig.admin, "GET /audit?max=10").await.expect(200);
    assert!(trail.to_string().contains("webhook.deactivated"), "{trail}");
    rig.close().await;
}

#[tokio::test]
async fn who_hears_what() {
    let rig = Rig::that_calls(quick()).await;
    let scopes = [
        "spark:messages_read",
        "spark:rooms_read",
        "spark:memberships_read",
    ];
    let (ada, ada_token) = somebody(&rig, &scopes).await;
    let (bob, _) = somebody(&rig, &[]).await;
    let bot = PersonId::random();
    let bot_token = rig.token_by(bot, PersonKind::Bot, Some("C9"), &[], &scopes).await;
    let room = some_room();
    let mut receivers = Vec::new();
    let stranger = rig.stranger().await;
    let officer = rig.token(&[Role::ComplianceOfficer], &scopes).await;
    for (token, name, resource, filter, owned_by) in [
        (&ada_token, "firehose", "all", None, "creator"),
        (
            &ada_token,
            "filtered",
            "messages",
            Some(format!("roomId={room}")),
            "creator",
        ),
        (&bot_token, "bot", "messages", None, "creator"),
        (&officer, "org", "messages", None, "org"),
        (&stranger, "elsewhere", "messages", None, "org"),
    ] {
        let receiver = Receiver::start().await;
        let body = json!({ "name": name, "targetUrl": receiver.url, "resource": resource, "event": "all",
            "filter": filter, "ownedBy": owned_by });
        made(&rig, token, body).await;
        receivers.push((name, receiver));
    }
    let say = |number: u64, event: Event, resource: Resource, data: Value, audience: Vec<PersonId>| {
        let mut happening = Happening {
            event,
            resource,
            ..message(rig.org, number, &audience)
        };
        for (key, value) in data.as_object().unwrap() {
            happening.data[key] = value.clone();
        }
        happening
    };
    let happenings = vec![
        say(
            1,
            Event::Created,
            Resource::Messages,
            json!({ "roomId": room }),
            vec![ada, bot],
        ),
        say(
            2,
            Event::Updated,
            Resource::Messages,
            json!({ "mentionedPeople": [bot] }),
            vec![ada, bob, bot],
        ),
        say(
            3,
            Event::Deleted,
            Resource::Messages,
            json!({ "roomType": "direct" }),
            vec![bob, bot],
        ),
        say(4, Event::Updated, Resource::Rooms, json!({}), vec![ada]),
        say(
            5,
            Event::Created,
            Resource::AttachmentActions,
            json!({}),
            vec![ada, bot],
        ),
        say(6, Event::Deleted, Resource::Memberships, json!({}), vec![ada]),
    ];
    rig.platform.announce(happenings).await.unwrap();
    // One more that everybody hears ends the wait.
    let last = say(
        9,
        Event::Created,
        Resource::Messages,
        json!({ "roomId": room, "roomType": "direct" }),
        vec![ada, bot],
    );
    tell(&rig, last).await;
    for (name, mut receiver) in receivers {
        let expected: &[u64] = match name {
            "firehose" => &[1, 2, 4, 6, 9],
            "filtered" => &[1, 9],
            "bot" => &[2, 3, 9],
            "org" => &[1, 2, 3, 9],
            _ => &[],
        };
        for expected in expected {
            let hook = receiver.next().await.json();
            assert_eq!(hook["data"]["number"], *expected, "{name}");
            assert_eq!(hook["name"], name);
            assert!(hook["resource"] != "all" && hook["event"] != "all", "{hook}");
        }
        assert!(receiver.is_quiet(), "{name}");
    }
    rig.close().await;
}

#[tokio::test]
async fn a_slow_receiver_holds_nobody_else_up_and_a_deleted_webhook_hears_nothing() {
    let rig = Rig::that_calls(Config {
        webhook_timeout: Duration::from_secs(300),
        ..quick()
    })
    .await;
    let (mut slow, mut fast) = (Receiver::start().await, Receiver::start().await);
    let (person, token) = somebody(&rig, &[MESSAGES]).await;
    let hanging = made(&rig, &token, messages(&slow)).await;
    made(&rig, &token, messages(&fast)).await;
    slow.answer_with(&[], Mood::Hang);
    for expected in 0..20 {
        tell(&rig, message(rig.org, expected, &[person])).await;
        assert_eq!(number(&fast.next().await), expected);
    }
    assert_eq!(number(&slow.next().await), 0);
    let path = format!("DELETE /webhooks/{}", id_of(&hanging));
    rig.ask_as(Some(&token), &path, Value::Null).await.expect(204);
    tell(&rig, message(rig.org, 20, &[person])).await;
    assert_eq!(number(&fast.next().await), 20);
    assert!(slow.is_quiet());
    rig.close().await;
}

#[tokio::test]
async fn history_is_bounded() {
    let rig = Rig::that_calls(quick()).await;
    let mut receiver = Receiver::start().await;
    let (person, token) = somebody(&rig, &[MESSAGES]).await;
    let webhook = made(&rig, &token, messages(&receiver)).await;
    let path = format!("GET /webhooks/{}/deliveries", id_of(&webhook));
    let newest = async || {
        let all = rig.control(&token, &path).await.items();
        let body: Value = serde_json::from_str(all.first()?["request"]["body"].as_str()?).ok()?;
        Some((all.len(), body["data"]["number"].as_u64()?))
    };
    for number in 0..450 {
        tell(&rig, message(rig.org, number, &[person])).await;
        if number % 150 == 149 {
            for _ in 0..150 {
                receiver.next().await;
            }
            let least = (number as usize + 1).min(200);
            eventually("the last one is there", async || {
                newest().await == Some((least, number))
            })
            .await;
        }
    }
    rig.close().await;
}

#[tokio::test]
async fn too_much_for_one_webhook_drops_the_oldest() {
    let rig = Rig::that_calls(Config {
        webhook_queue_max: 50,
        webhook_timeout: Duration::from_secs(20),
        ..quick()
    })
    .await;
    let mut receiver = Receiver::start().await;
    let (person, token) = somebody(&rig, &[MESSAGES]).await;
    let webhook = made(&rig, &token, messages(&receiver)).await;
    receiver.answer_with(&[Mood::Hang], Mood::Status(204));
    for number in 0..400 {
        tell(&rig, message(rig.org, number, &[person])).await;
    }
    let id = id_of(&webhook).parse().unwrap();
    eventually("it is shortened", async || rig.waiting_for(id).await <= 56).await;
    assert!(rig.waiting_for(id).await >= 50);
    assert_eq!(number(&receiver.next().await), 0);
    rig.close().await;
}
