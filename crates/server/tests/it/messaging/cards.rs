use serde_json::{Value, json};

use super::{Cast, refused, text};

fn card(content: Value) -> Value {
    json!({ "contentType": "application/vnd.microsoft.card.adaptive", "content": content })
}

#[tokio::test]
async fn cards_are_sent_and_submitted() {
    let cast = Cast::start().await;
    let Cast {
        ada, ben, cleo, bot, ..
    } = &cast;
    let room = cast.room(json!({ "title": "Room" }), &[ben, bot]).await;
    let good = card(json!({ "type": "AdaptiveCard", "version": "1.3", "body": [] }));
    let send = |cards: Value| json!({ "roomId": room, "text": "see the card", "attachments": cards });
    let sent = cast
        .ask(bot, "POST /messages", send(json!([good])))
        .await
        .expect(200);
    assert_eq!(sent["attachments"], json!([good]));
    for bad in [
        json!([good, good]),
        json!([{ "contentType": "text/html", "content": { "type": "AdaptiveCard" } }]),
        json!([card(json!({ "type": "Other" }))]),
        json!([card(json!("AdaptiveCard"))]),
        json!([{ "content": {} }]),
        json!([card(json!({ "type": "AdaptiveCard", "x": "x".repeat(70_000) }))]),
    ] {
        cast.ask(ada, "POST /messages", send(bad)).await.expect(400);
    }
    let silent = json!({ "roomId": room, "attachments": [good] });
    cast.ask(ada, "POST /messages", silent).await.expect(400);
    let edit = json!({ "roomId": room, "text": "x" });
    let edited = cast
        .ask(bot, &format!("PUT /messages/{}", text(&sent["id"])), edit)
        .await;
    assert!(refused(edited, 400).contains("unsupported"));

    let submit = |id: &Value| json!({ "type": "submit", "messageId": id, "inputs": { "n": 1, "t": "ü" } });
    let action = cast
        .ask(ben, "POST /attachment/actions", submit(&sent["id"]))
        .await
        .expect(200);
    let expected = json!({
        "id": action["id"], "type": "submit", "messageId": sent["id"], "roomId": room, "personId": ben.id,
        "inputs": { "n": 1, "t": "ü" }, "created": "2026-03-04T05:06:07.089Z",
    });
    assert_eq!(action, expected);
    let path = format!("/attachment/actions/{}", text(&action["id"]));
    assert_eq!(
        cast.get(bot, &path).await.expect(200),
        action,
        "the bot reads what was entered"
    );
    cast.get(cleo, &path).await.expect(404);
    cast.ask(cleo, "POST /attachment/actions", submit(&sent["id"]))
        .await
        .expect(404);
    let plain = cast.say(ada, &room, "no card").await;
    cast.ask(ben, "POST /attachment/actions", submit(&plain["id"]))
        .await
        .expect(400);
    for bad in [
        json!({ "messageId": sent["id"], "inputs": {} }),
        json!({ "type": "cancel", "messageId": sent["id"], "inputs": {} }),
        json!({ "type": "submit", "inputs": {} }),
        json!({ "type": "submit", "messageId": sent["id"] }),
        json!({ "type": "submit", "messageId": sent["id"], "inputs": "x" }),
    ] {
        cast.ask(ben, "POST /attachment/actions", bad).await.expect(400);
    }
    let delete = format!("DELETE /messages/{}", text(&sent["id"]));
    cast.ask(bot, &delete, Value::Null).await.expect(204);
    cast.get(ben, &path).await.expect(404);
}
