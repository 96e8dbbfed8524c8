//! What webhooks and the log of events hear of it.

use hallway_platform::Config;
use hallway_platform::org::Role;
use serde_json::{Value, json};

use super::{Cast, text};
use crate::receiver::Receiver;
use crate::rig::Rig;

impl Cast {
    /// Somebody listens to everything of a resource.
    async fn listen(&self, who: &super::Actor, receiver: &Receiver, resource: &str) {
        let event = if resource == "attachmentActions" {
            "created"
        } else {
            "all"
        };
        let body = json!({ "name": "x", "targetUrl": receiver.url, "resource": resource, "event": event });
        self.ask(who, "POST /webhooks", body).await.expect(200);
    }
}

/// The next delivery: what happened, and its data.
async fn next(receiver: &mut Receiver) -> (String, Value) {
    let hook = receiver.next().await.json();
    (
        format!("{}/{}", text(&hook["resource"]), text(&hook["event"])),
        hook["data"].clone(),
    )
}

#[tokio::test]
async fn members_hear_of_their_rooms() {
    let cast = Cast::on(Rig::that_calls(Config::default()).await).await;
    let Cast { ada, ben, .. } = &cast;
    let mut receiver = Receiver::start().await;
    cast.listen(ben, &receiver, "all").await;
    // Nothing of a room that he is not in.
    let room = cast.room(json!({ "title": "Room", "isLocked": true }), &[]).await;
    cast.say(ada, &room, "alone").await;
    cast.join(&room, ben).await;
    let (what, joined) = next(&mut receiver).await;
    assert_eq!(
        (what.as_str(), &joined["personId"]),
        ("memberships/created", &json!(ben.id))
    );
    assert_eq!(
        (&joined["roomId"], &joined["isModerator"]),
        (&json!(room), &json!(false))
    );

    let said = cast
        .say(ada, &room, &format!("secret <@personId:{}>", ben.id))
        .await;
    let (what, data) = next(&mut receiver).await;
    let expected = json!({
        "id": said["id"], "roomId": room, "roomType": "group", "personId": ada.id,
        "personEmail": "ada@example.com", "mentionedPeople": [ben.id], "created": said["created"],
    });
    assert_eq!((what.as_str(), data), ("messages/created", expected));
    let path = format!("/messages/{}", text(&said["id"]));
    let edit = json!({ "roomId": room, "text": "secret" });
    cast.ask(ada, &format!("PUT {path}"), edit).await.expect(200);
    let (what, data) = next(&mut receiver).await;
    assert_eq!(what, "messages/updated");
    assert!(
        data["updated"].is_string() && !data.to_string().contains("secret"),
        "{data}"
    );
    cast.ask(ada, &format!("DELETE {path}"), Value::Null)
        .await
        .expect(204);
    assert_eq!(next(&mut receiver).await.0, "messages/deleted");

    cast.ask(ada, &format!("PUT /rooms/{room}"), json!({ "title": "New" }))
        .await
        .expect(200);
    let (what, data) = next(&mut receiver).await;
    assert_eq!(
        (what.as_str(), &data["title"], &data["isLocked"]),
        ("rooms/updated", &json!("New"), &json!(true))
    );
    let promote = json!({ "isModerator": true });
    cast.ask(ada, &format!("PUT /memberships/{}", text(&joined["id"])), promote)
        .await
        .expect(200);
    assert_eq!(next(&mut receiver).await.0, "memberships/updated");
    // Who is taken out hears of that last.
    let out = format!("DELETE /memberships/{}", text(&joined["id"]));
    cast.ask(ada, &out, Value::Null).await.expect(204);
    assert_eq!(next(&mut receiver).await.0, "memberships/deleted");
    cast.say(ada, &room, "alone again").await;

    // The room of two comes with its first message.
    cast.ask(
        ada,
        "POST /messages",
        json!({ "toPersonId": ben.id, "text": "hi" }),
    )
    .await
    .expect(200);
    for expected in [
        "rooms/created",
        "memberships/created",
        "memberships/created",
        "messages/created",
    ] {
        assert_eq!(next(&mut receiver).await.0, expected);
    }
    assert!(receiver.is_quiet());
    cast.rig.close().await;
}

#[tokio::test]
async fn bots_hear_what_mentions_them_and_what_is_submitted() {
    let cast = Cast::on(Rig::that_calls(Config::default()).await).await;
    let Cast { ada, bot, .. } = &cast;
    let mut receiver = Receiver::start().await;
    let room = cast.room(json!({ "title": "Room" }), &[bot]).await;
    cast.listen(bot, &receiver, "messages").await;
    cast.listen(bot, &receiver, "attachmentActions").await;
    cast.say(ada, &room, "not for it").await;
    let called = cast.say(ada, &room, &format!("<@personId:{}> hi", bot.id)).await;
    let (what, data) = next(&mut receiver).await;
    assert_eq!((what.as_str(), &data["id"]), ("messages/created", &called["id"]));
    let card = json!({
        "roomId": room, "text": "card",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive", "content": { "type": "AdaptiveCard" },
        }],
    });
    // Its own card does not mention it.
    let card = cast.ask(bot, "POST /messages", card).await.expect(200);
    let entered = json!({ "type": "submit", "messageId": card["id"], "inputs": { "a": "secret" } });
    let entered = cast
        .ask(ada, "POST /attachment/actions", entered)
        .await
        .expect(200);
    let (what, data) = next(&mut receiver).await;
    let expected = json!({
        "id": entered["id"], "type": "submit", "messageId": card["id"], "personId": ada.id, "roomId": room,
        "created": entered["created"],
    });
    assert_eq!((what.as_str(), data), ("attachmentActions/created", expected));
    cast.rig.close().await;
}

#[tokio::test]
async fn the_log_of_events_keeps_what_was_said() {
    let cast = Cast::start().await;
    let ada = &cast.ada;
    let officer = cast
        .rig
        .token(&[Role::ComplianceOfficer], &["spark-compliance:events_read"])
        .await;
    let room = cast.room(json!({ "title": "Room" }), &[]).await;
    let said = cast.say(ada, &room, "kept").await;
    let path = format!("DELETE /messages/{}", text(&said["id"]));
    cast.ask(ada, &path, Value::Null).await.expect(204);
    let events = cast
        .rig
        .ask_as(Some(&officer), "GET /events", Value::Null)
        .await
        .items();
    let mut what: Vec<String> = events
        .iter()
        .map(|event| format!("{}/{}", text(&event["resource"]), text(&event["type"])))
        .collect();
    what.sort();
    assert_eq!(
        what,
        [
            "memberships/created",
            "messages/created",
            "messages/deleted",
            "rooms/created"
        ]
    );
    let created = events
        .iter()
        .find(|event| event["data"] == said && event["type"] == "created")
        .unwrap();
    assert_eq!(
        (&created["type"], &created["data"]["text"]),
        (&json!("created"), &json!("kept"))
    );
}
