use serde_json::{Value, json};

use super::{Cast, refused, text};

#[tokio::test]
async fn made_read_changed_deleted() {
    let cast = Cast::start().await;
    let Cast { ada, ben, .. } = &cast;
    let created = cast
        .ask(
            ada,
            "POST /rooms",
            json!({ "title": " Unicorn ", "isLocked": null }),
        )
        .await
        .expect(200);
    let expected = json!({
        "id": created["id"], "title": "Unicorn", "type": "group", "isLocked": false,
        "lastActivity": "2026-03-04T05:06:07.089Z", "creatorId": ada.id,
        "created": "2026-03-04T05:06:07.089Z", "ownerId": cast.rig.org,
        "isAnnouncementOnly": false, "isReadOnly": false, "isPublic": false,
    });
    assert_eq!(created, expected);
    let path = format!("/rooms/{}", text(&created["id"]));
    assert_eq!(cast.get(ada, &path).await.expect(200), created);
    let uuid = text(&created["id"])
        .parse::<hallway_wire::id::RoomId>()
        .unwrap()
        .uuid();
    assert_eq!(
        cast.get(ada, &format!("/rooms/{uuid}")).await.expect(200),
        created
    );

    // Who is not in it does not learn that it is there.
    let message = refused(cast.get(ben, &path).await, 404);
    assert_eq!(message, "Could not find a room with provided ID.");
    let answer = cast
        .rig
        .ask_as(Some(&cast.stranger), &format!("GET {path}"), Value::Null)
        .await;
    answer.expect(404);

    // What was read can be sent back.
    let put = format!("PUT {path}");
    assert_eq!(cast.ask(ada, &put, created.clone()).await.expect(200), created);
    let changed = cast
        .ask(ada, &put, json!({ "title": "Pegasus", "description": "wings" }))
        .await
        .expect(200);
    assert_eq!(
        (&changed["title"], &changed["description"]),
        (&json!("Pegasus"), &json!("wings"))
    );
    let changed = cast
        .ask(ada, &put, json!({ "title": "Pegasus", "description": " " }))
        .await
        .expect(200);
    assert!(changed.get("description").is_none(), "{changed}");
    assert_eq!(
        refused(cast.ask(ada, &put, json!({})).await, 400),
        "Title cannot be empty."
    );

    let info = cast.get(ada, &format!("{path}/meetingInfo")).await.expect(200);
    assert_eq!(info["roomId"], created["id"]);
    assert_eq!(
        info,
        cast.get(ada, &format!("{path}/meetingInfo")).await.expect(200)
    );

    cast.say(ada, &text(&created["id"]), "x").await;
    cast.ask(ada, &format!("DELETE {path}"), Value::Null)
        .await
        .expect(204);
    cast.get(ada, &path).await.expect(404);
    assert!(cast.get(ada, "/rooms").await.items().is_empty());
    assert!(cast.get(ada, "/memberships").await.items().is_empty());
}

#[tokio::test]
async fn rules_of_new_rooms() {
    let cast = Cast::start().await;
    let ada = &cast.ada;
    for (fields, says) in [
        (json!({}), "Title cannot be empty."),
        (json!({ "title": "  " }), "Title cannot be empty."),
        (
            json!({ "title": "x", "isPublic": true }),
            "description: a public space needs one.",
        ),
        (
            json!({ "title": "x", "isAnnouncementOnly": true }),
            "isAnnouncementOnly: only a moderated space (isLocked) can be for announcements only.",
        ),
    ] {
        assert_eq!(refused(cast.ask(ada, "POST /rooms", fields).await, 400), says);
    }
    cast.ask(ada, "POST /rooms", json!({ "title": "x".repeat(300) }))
        .await
        .expect(400);
    cast.ask(ada, "POST /rooms", json!({ "title": 7 }))
        .await
        .expect(400);
    let nowhere = json!({ "title": "x", "teamId": hallway_wire::id::TeamId::random() });
    cast.ask(ada, "POST /rooms", nowhere).await.expect(404);
    assert!(
        cast.get(ada, "/rooms").await.items().is_empty(),
        "nothing was half made"
    );
}

#[tokio::test]
async fn locked_rooms_are_their_moderators() {
    let cast = Cast::start().await;
    let Cast { ada, ben, cleo, .. } = &cast;
    let room = cast
        .room(json!({ "title": "Locked", "isLocked": true }), &[ben])
        .await;
    let put = format!("PUT /rooms/{room}");
    let mine = cast
        .get(ada, &format!("/memberships?roomId={room}&personId={}", ada.id))
        .await
        .items();
    assert_eq!(mine[0]["isModerator"], true);
    cast.ask(ben, &put, json!({ "title": "Mine" })).await.expect(403);
    let join = json!({ "roomId": room, "personId": cleo.id });
    cast.ask(ben, "POST /memberships", join).await.expect(403);
    let announcing = json!({ "title": "Locked", "isAnnouncementOnly": true });
    cast.ask(ada, &put, announcing).await.expect(200);
    let post = json!({ "roomId": room, "text": "x" });
    cast.ask(ben, "POST /messages", post.clone()).await.expect(403);
    cast.ask(ada, "POST /messages", post).await.expect(200);
    let open = json!({ "title": "Locked", "isLocked": false });
    cast.ask(ada, &put, open).await.expect(400);

    // Deleting is leaving for who does not moderate.
    cast.ask(ben, &format!("DELETE /rooms/{room}"), Value::Null)
        .await
        .expect(204);
    cast.get(ben, &format!("/rooms/{room}")).await.expect(404);
    cast.get(ada, &format!("/rooms/{room}")).await.expect(200);

    // Whoever locks a room moderates it.
    let open = cast.room(json!({ "title": "Open" }), &[ben]).await;
    let lock = json!({ "title": "Open", "isLocked": true });
    cast.ask(ben, &format!("PUT /rooms/{open}"), lock)
        .await
        .expect(200);
    cast.ask(ada, &format!("PUT /rooms/{open}"), json!({ "title": "x" }))
        .await
        .expect(403);
    // With its last moderator a room loses its lock.
    let ben_there = format!("/memberships?roomId={open}&personEmail={}", ben.email);
    let there = text(&cast.get(ada, &ben_there).await.items()[0]["id"]);
    let demote = json!({ "isModerator": false });
    cast.ask(ben, &format!("PUT /memberships/{there}"), demote)
        .await
        .expect(400);
    cast.ask(ben, &format!("DELETE /memberships/{there}"), Value::Null)
        .await
        .expect(204);
    assert_eq!(
        cast.get(ada, &format!("/rooms/{open}")).await.expect(200)["isLocked"],
        false
    );
}

#[tokio::test]
async fn public_rooms() {
    let cast = Cast::start().await;
    let Cast {
        ada,
        ben,
        bot,
        officer,
        ..
    } = &cast;
    let public = json!({ "title": "All hands", "isPublic": true, "description": "news" });
    let room = cast.room(public, &[]).await;
    let private = cast.room(json!({ "title": "x" }), &[ben]).await;
    let listed = cast.get(ben, "/rooms?orgPublicSpaces=True").await.items();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["madePublic"], "2026-03-04T05:06:07.089Z");
    cast.get(ben, "/rooms?orgPublicSpaces=true&type=group")
        .await
        .expect(400);
    cast.get(bot, "/rooms?orgPublicSpaces=true").await.expect(403);
    for (filter, found) in [
        ("from=2026-03-04T05:06:07.089Z", 1),
        ("to=2026-03-04T05:06:07.089Z", 0),
        ("to=2026-03-04T06:06:08%2B01:00", 1),
    ] {
        let path = format!("/rooms?orgPublicSpaces=true&{filter}");
        assert_eq!(cast.get(ben, &path).await.items().len(), found, "{filter}");
    }
    cast.get(ben, "/rooms?from=yesterday").await.expect(400);

    // Anybody finds it and joins; nobody joins others, nor what is private.
    cast.get(ben, &format!("/rooms/{room}")).await.expect(200);
    cast.get(bot, &format!("/rooms/{room}")).await.expect(404);
    let join = |room: &str, who: &super::Actor| json!({ "roomId": room, "personEmail": who.email });
    cast.ask(ben, "POST /memberships", join(&room, &cast.cleo))
        .await
        .expect(404);
    cast.ask(ben, "POST /memberships", join(&room, ben))
        .await
        .expect(200);
    cast.ask(&cast.cleo, "POST /memberships", join(&private, &cast.cleo))
        .await
        .expect(404);

    // Any member makes it private; only who oversees makes a private one public.
    let put = |room: &str| format!("PUT /rooms/{room}");
    let undescribed = json!({ "title": "All hands", "description": " " });
    cast.ask(ada, &put(&room), undescribed).await.expect(400);
    cast.ask(
        ben,
        &put(&room),
        json!({ "title": "All hands", "isPublic": false }),
    )
    .await
    .expect(200);
    let again = json!({ "title": "All hands", "isPublic": true });
    cast.ask(ada, &put(&room), again.clone()).await.expect(403);
    cast.ask(officer, &put(&room), again).await.expect(200);
    // Only who oversees stops a room.
    let stopped = json!({ "title": "All hands", "isReadOnly": true });
    cast.ask(ada, &put(&room), stopped.clone()).await.expect(403);
    cast.ask(officer, &put(&room), stopped).await.expect(200);
    cast.ask(ada, "POST /messages", json!({ "roomId": room, "text": "x" }))
        .await
        .expect(403);
}
