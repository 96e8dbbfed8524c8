use hallway_wire::id::{MessageId, PersonId, RoomId};
use serde_json::{Value, json};

use super::{Cast, refused, text};

#[tokio::test]
async fn written_read_edited_deleted() {
    let cast = Cast::start().await;
    let Cast { ada, ben, cleo, .. } = &cast;
    let room = cast.room(json!({ "title": "Room" }), &[ben]).await;
    let plain = cast
        .ask(ada, "POST /messages", json!({ "roomId": room, "text": "Hello" }))
        .await
        .expect(200);
    let expected = json!({
        "id": plain["id"], "roomId": room, "roomType": "group", "text": "Hello", "personId": ada.id,
        "personEmail": "ada@example.com", "created": "2026-03-04T05:06:07.089Z",
    });
    assert_eq!(plain, expected);
    let path = format!("/messages/{}", text(&plain["id"]));
    assert_eq!(cast.get(ben, &path).await.expect(200), plain);
    assert_eq!(
        refused(cast.get(cleo, &path).await, 404),
        "Unable to get message."
    );
    let answer = cast
        .rig
        .ask_as(Some(&cast.stranger), &format!("GET {path}"), Value::Null)
        .await;
    answer.expect(404);

    let said = format!(
        "**Hi** <@personEmail:{}|Benny>, <@personId:{}> and <@all> <b>x</b>",
        ben.email, cleo.id
    );
    let marked = cast.say(ada, &room, &said).await;
    assert_eq!(marked["markdown"], said);
    assert_eq!(
        marked["mentionedPeople"],
        json!([ben.id]),
        "who is not in the room is not mentioned"
    );
    assert_eq!(marked["mentionedGroups"], json!(["all"]));
    let html = text(&marked["html"]);
    assert!(
        html.starts_with("<p><strong>Hi</strong> <spark-mention data-object-type=\"person\""),
        "{html}"
    );
    assert!(html.contains("&lt;b&gt;x&lt;/b&gt;"), "{html}");
    assert!(text(&marked["text"]).starts_with("Hi Benny, "), "{marked}");

    let put = format!("PUT {path}");
    let edit = |text: &str| json!({ "roomId": room, "text": text });
    cast.ask(ben, &put, edit("x")).await.expect(403);
    let elsewhere = json!({ "roomId": RoomId::random(), "text": "x" });
    cast.ask(ada, &put, elsewhere).await.expect(400);
    cast.ask(ada, &put, json!({ "roomId": room })).await.expect(400);
    cast.ask(ada, &put, json!({ "text": "x" })).await.expect(400);
    let both = json!({ "roomId": room, "markdown": "x", "html": "<p>x</p>" });
    cast.ask(ada, &put, both).await.expect(400);
    for number in 0..10 {
        let edited = cast
            .ask(ada, &put, edit(&format!("edit {number}")))
            .await
            .expect(200);
        assert_eq!(edited["updated"], "2026-03-04T05:06:07.089Z");
        assert_eq!(edited["text"], format!("edit {number}"));
    }
    cast.ask(ada, &put, edit("once too often")).await.expect(400);

    let delete = format!("DELETE {path}");
    assert_eq!(
        refused(cast.ask(ben, &delete, Value::Null).await, 403),
        "Unable to delete message."
    );
    assert_eq!(
        refused(cast.ask(cleo, &delete, Value::Null).await, 404),
        "Unable to delete message."
    );
    cast.ask(ada, &delete, Value::Null).await.expect(204);
    cast.get(ada, &path).await.expect(404);
}

#[tokio::test]
async fn rules_of_new_messages() {
    let cast = Cast::start().await;
    let Cast { ada, ben, .. } = &cast;
    let room = cast.room(json!({ "title": "Room" }), &[]).await;
    let destination =
        "Exactly one of the destination fields must not be empty (roomId, toPersonEmail, toPersonId)";
    let file = "https://example.com/x";
    for (body, status, says) in [
        (json!({ "text": "x" }), 400, destination),
        (
            json!({ "roomId": room, "toPersonId": ben.id, "text": "x" }),
            400,
            destination,
        ),
        (
            json!({ "roomId": room }),
            400,
            "Both text and file cannot be empty.",
        ),
        (
            json!({ "roomId": room, "text": " ", "files": [] }),
            400,
            "Both text and file cannot be empty.",
        ),
        (
            json!({ "roomId": room, "files": [file, file] }),
            400,
            "files: a message can carry one file.",
        ),
        (
            json!({ "toPersonEmail": "no@where.example", "text": "x" }),
            404,
            "no@where.example not found.",
        ),
        (
            json!({ "toPersonId": PersonId::random(), "text": "x" }),
            404,
            "Person not found",
        ),
        (
            json!({ "roomId": RoomId::random(), "text": "x" }),
            404,
            "Could not find a room with provided ID.",
        ),
        (
            json!({ "roomId": room, "text": "x", "files": [file] }),
            400,
            "files: the file cannot be fetched: nothing goes out of this test.",
        ),
    ] {
        assert_eq!(
            refused(cast.ask(ada, "POST /messages", body.clone()).await, status),
            says,
            "{body}"
        );
    }
    let long = |length: usize| json!({ "roomId": room, "text": "x".repeat(length) });
    cast.ask(ada, "POST /messages", long(7439)).await.expect(200);
    cast.ask(ada, "POST /messages", long(7440)).await.expect(400);
    cast.ask(
        ada,
        "POST /messages",
        json!({ "toPersonId": ada.id, "text": "me" }),
    )
    .await
    .expect(400);
    cast.ask(ada, "POST /messages", json!([])).await.expect(400);
}

#[tokio::test]
async fn threads() {
    let cast = Cast::start().await;
    let Cast { ada, ben, .. } = &cast;
    let room = cast.room(json!({ "title": "Room" }), &[ben]).await;
    let other = cast.room(json!({ "title": "Other" }), &[]).await;
    let parent = text(&cast.say(ada, &room, "question").await["id"]);
    let reply = json!({ "roomId": room, "parentId": parent, "text": "answer" });
    let reply = cast.ask(ben, "POST /messages", reply).await.expect(200);
    assert_eq!(reply["parentId"], parent);
    let listed = cast
        .get(ada, &format!("/messages?roomId={room}&parentId={parent}"))
        .await
        .items();
    assert_eq!(listed, std::slice::from_ref(&reply));
    assert_eq!(
        cast.get(ada, &format!("/messages?roomId={room}"))
            .await
            .items()
            .len(),
        2
    );
    for (room, parent) in [
        (&room, text(&reply["id"])),
        (&other, parent.clone()),
        (&room, MessageId::random().to_string()),
    ] {
        let body = json!({ "roomId": room, "parentId": parent, "text": "x" });
        cast.ask(ada, "POST /messages", body).await.expect(400);
    }
    let stranger = format!("/messages?roomId={other}&parentId={parent}");
    assert!(
        cast.get(ada, &stranger).await.items().is_empty(),
        "threads stay in their room"
    );
}

#[tokio::test]
async fn to_one_person() {
    let cast = Cast::start().await;
    let Cast {
        ada,
        ben,
        cleo,
        officer,
        ..
    } = &cast;
    let direct = |who: &super::Actor| format!("/messages/direct?personEmail={}", who.email);
    cast.get(ada, &direct(ben)).await.expect(404);
    let first = json!({ "toPersonEmail": "Ben@Example.com", "text": "hi" });
    let first = cast.ask(ada, "POST /messages", first).await.expect(200);
    assert_eq!(
        (&first["roomType"], &first["toPersonEmail"]),
        (&json!("direct"), &json!("Ben@Example.com"))
    );
    let second = json!({ "toPersonId": ada.id, "text": "hello" });
    let second = cast.ask(ben, "POST /messages", second).await.expect(200);
    assert_eq!(second["roomId"], first["roomId"], "there is one room of the two");
    let path = format!("/rooms/{}", text(&first["roomId"]));
    let (mine, theirs) = (
        cast.get(ada, &path).await.expect(200),
        cast.get(ben, &path).await.expect(200),
    );
    assert_eq!((&mine["title"], &theirs["title"]), (&json!("Ben"), &json!("Ada")));
    assert_eq!(mine["type"], "direct");
    assert_eq!(cast.get(ada, &direct(ben)).await.items().len(), 2);
    assert_eq!(
        cast.get(ben, &format!("/messages/direct?personId={}", ada.id))
            .await
            .items()
            .len(),
        2
    );
    cast.get(cleo, &direct(ada)).await.expect(404);
    cast.get(ada, "/messages/direct").await.expect(400);
    cast.get(ada, &format!("{}&personId={}", direct(ben), ben.id))
        .await
        .expect(400);
    // It is called like the other person, and what was read can be sent back.
    assert_eq!(
        cast.ask(ada, &format!("PUT {path}"), mine.clone())
            .await
            .expect(200),
        mine
    );
    cast.ask(ada, &format!("PUT {path}"), json!({ "title": "Ours" }))
        .await
        .expect(400);
    let stopped = json!({ "title": mine["title"], "isReadOnly": true });
    cast.ask(ada, &format!("PUT {path}"), stopped).await.expect(403);
    let seen = cast.get(officer, &path).await.expect(200);
    let stopped = json!({ "title": seen["title"], "isReadOnly": true });
    cast.ask(officer, &format!("PUT {path}"), stopped)
        .await
        .expect(200);
    cast.ask(
        ada,
        "POST /messages",
        json!({ "toPersonId": ben.id, "text": "x" }),
    )
    .await
    .expect(403);
}

#[tokio::test]
async fn two_who_write_first_at_once_share_a_room() {
    let cast = Cast::start().await;
    let Cast { ada, ben, .. } = &cast;
    let (one, other) = tokio::join!(
        cast.ask(
            ada,
            "POST /messages",
            json!({ "toPersonId": ben.id, "text": "hi" })
        ),
        cast.ask(
            ben,
            "POST /messages",
            json!({ "toPersonId": ada.id, "text": "hi" })
        ),
    );
    assert_eq!(one.expect(200)["roomId"], other.expect(200)["roomId"]);
    assert_eq!(cast.get(ada, "/rooms").await.items().len(), 1);
}

#[tokio::test]
async fn bots_see_what_mentions_them() {
    let cast = Cast::start().await;
    let Cast { ada, bot, .. } = &cast;
    let room = cast.room(json!({ "title": "Room" }), &[bot]).await;
    let other = text(&cast.say(ada, &room, "not for it").await["id"]);
    let called = text(
        &cast
            .say(ada, &room, &format!("<@personEmail:{}> hi", bot.email))
            .await["id"],
    );
    let own = text(&cast.say(bot, &room, "beep").await["id"]);
    assert_eq!(
        refused(cast.get(bot, &format!("/messages/{other}")).await, 404),
        "Unable to get message."
    );
    cast.get(bot, &format!("/messages/{called}")).await.expect(200);
    cast.get(bot, &format!("/messages/{own}")).await.expect(200);
    let list = format!("/messages?roomId={room}");
    cast.get(bot, &list).await.expect(403);
    cast.get(bot, &format!("{list}&mentionedPeople={}", ada.id))
        .await
        .expect(403);
    for who in ["me".to_owned(), bot.id.to_string()] {
        let listed = cast
            .get(bot, &format!("{list}&mentionedPeople={who}"))
            .await
            .items();
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0]["id"], called);
    }
    cast.ask(
        ada,
        "POST /messages",
        json!({ "toPersonId": bot.id, "text": "psst" }),
    )
    .await
    .expect(200);
    let direct = cast
        .get(bot, &format!("/messages/direct?personId={}", ada.id))
        .await
        .items();
    let path = format!("/messages?roomId={}", text(&direct[0]["roomId"]));
    assert_eq!(
        cast.get(bot, &path).await.items().len(),
        1,
        "of a direct room it sees all"
    );
}

#[tokio::test]
async fn who_oversees_reads_and_deletes() {
    let cast = Cast::start().await;
    let Cast {
        ada, ben, officer, ..
    } = &cast;
    let room = cast
        .room(json!({ "title": "Room", "isLocked": true }), &[ben])
        .await;
    let (one, two) = (
        cast.say(ada, &room, "one").await,
        cast.say(ben, &room, "two").await,
    );
    assert_eq!(cast.get(officer, "/rooms").await.items().len(), 1);
    assert_eq!(
        cast.get(officer, &format!("/messages?roomId={room}"))
            .await
            .items()
            .len(),
        2
    );
    // The moderator deletes what others wrote, and so does who oversees.
    cast.ask(
        ada,
        &format!("DELETE /messages/{}", text(&two["id"])),
        Value::Null,
    )
    .await
    .expect(204);
    cast.ask(
        officer,
        &format!("DELETE /messages/{}", text(&one["id"])),
        Value::Null,
    )
    .await
    .expect(204);
    cast.ask(officer, "POST /messages", json!({ "roomId": room, "text": "x" }))
        .await
        .expect(403);
    let plain = cast.rig.token(&[], &["spark-compliance:messages_read"]).await;
    let list = format!("GET /messages?roomId={room}");
    cast.rig
        .ask_as(Some(&plain), &list, Value::Null)
        .await
        .expect(403);
}
