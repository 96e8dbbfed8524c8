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
        if ours.contains(&text(&it["resource"]).as_str()) {
            let body = json!({ "resource": it["resource"], "event": it["event"] });
            let answer = trigger(&cast, body).await.expect(200);
            let thing = answer.as_object().unwrap().values().next().unwrap().clone();
            assert!(thing["id"].is_string(), "{it}: {answer}");
            made += 1;
        }
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
