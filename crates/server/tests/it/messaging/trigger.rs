use serde_json::{Value, json};

use super::{Cast, refused, text};

async fn trigger(cast: &Cast, body: Value) -> crate::rig::Answer {
    let request = format!("POST {}/hallway/v1/trigger", crate::rig::PUBLIC);
    cast.ask(&cast.ada, &request, body).await
}

#[tokio::test]
async fn everything_in_the_table_happens() {
    let cast = Cast::start().await;
    let request = format!("GET {}/hallway/v1/trigger", crate::rig::PUBLIC);
    let table = cast.ask(&cast.ada, &request, Value::Null).await.items();
    let ours = ["rooms", "memberships", "messages", "attachmentActions", "teams"];
    let mut made = 0;
    for it in &table {
        if !ours.contains(&text(&it["resource"]).as_str()) {
            continue;
        }
        let body = json!({ "resource": it["resource"], "event": it["event"] });
        let answer = trigger(&cast, body).await.expect(200);
        let thing = answer.as_object().unwrap().values().next().unwrap().clone();
        assert!(thing["id"].is_string(), "{it}: {answer}");
        made += 1;
    }
    assert_eq!(made, 10);
    assert!(
        cast.get(&cast.ada, "/rooms").await.items().len() > 5,
        "it really happened"
    );
}

#[tokio::test]
async fn settings_and_rights() {
    let cast = Cast::start().await;
    let room = cast.room(json!({ "title": "Room" }), &[]).await;
    let body =
        json!({ "resource": "Messages", "event": "created", "set": { "roomId": room, "markdown": "*a*" } });
    let made = trigger(&cast, body).await.expect(200);
    assert_eq!(
        (&made["message"]["roomId"], &made["message"]["text"]),
        (&json!(room), &json!("a"))
    );
    for (body, says) in [
        (
            json!({ "resource": "cakes", "event": "created" }),
            "resource: \"cakes\" cannot be triggered",
        ),
        (
            json!({ "resource": "rooms", "event": "baked" }),
            "event: \"baked\" cannot be triggered for rooms",
        ),
        (
            json!({ "resource": "rooms", "event": "created", "set": { "x": "y" } }),
            "set.x: there is no such setting",
        ),
        (
            json!({ "resource": "messages", "event": "created", "set": { "roomId": "x" } }),
            "set.roomId: Expect base64 ID or UUID.",
        ),
    ] {
        let message = refused(trigger(&cast, body).await, 400);
        assert!(message.starts_with(says), "{message}");
    }
    let reader = cast.rig.token(&[], &["spark:rooms_read"]).await;
    let request = format!("POST {}/hallway/v1/trigger", crate::rig::PUBLIC);
    let body = json!({ "resource": "rooms", "event": "created" });
    cast.rig.ask_as(Some(&reader), &request, body).await.expect(403);
}

/// What is triggered is told like what happens by itself.
#[tokio::test]
async fn webhooks_hear_of_meetings_and_calls() {
    let rig = crate::rig::Rig::that_calls(hallway_platform::Config::default()).await;
    let other = hallway_wire::id::PersonId::random();
    rig.token_of(other, &[], &[]).await;
    let mut heard = crate::receiver::Receiver::start().await;
    for (resource, events) in [
        (
            "meetings",
            &["created", "updated", "deleted", "started", "ended"][..],
        ),
        ("meetingParticipants", &["joined", "left"]),
        ("meetingTranscripts", &["created"]),
        ("recordings", &["created", "updated", "deleted"]),
        ("telephony_calls", &["created", "updated", "deleted"]),
    ] {
        for event in events {
            let webhook = json!({
                "name": "Told", "targetUrl": heard.url, "resource": resource, "event": event, "ownedBy": "org",
            });
            let own = json!({ "name": "Told", "targetUrl": heard.url, "resource": resource, "event": event });
            // Calls are told to the people in them only.
            let webhook = if resource == "telephony_calls" {
                own
            } else {
                webhook
            };
            let made = rig.ask("POST /webhooks", webhook).await.expect(200);
            let request = format!("POST {}/hallway/v1/trigger", crate::rig::PUBLIC);
            let body = json!({ "resource": resource, "event": event });
            rig.ask(&request, body).await.expect(200);
            // The host joins too, and is told of: the one before may still be on its way.
            loop {
                let told = heard.next().await.json();
                if (&told["resource"], &told["event"]) == (&json!(resource), &json!(event)) {
                    break;
                }
            }
            let path = format!("DELETE /webhooks/{}", made["id"].as_str().unwrap());
            rig.ask(&path, Value::Null).await.expect(204);
        }
    }
    let request = format!("POST {}/hallway/v1/trigger", crate::rig::PUBLIC);
    let body = json!({ "resource": "serviceApp", "event": "authorized" });
    let message = refused(rig.ask(&request, body).await, 400);
    assert!(message.starts_with("set.applicationId: "), "{message}");
}
