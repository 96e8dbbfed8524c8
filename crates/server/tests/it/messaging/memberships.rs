use hallway_wire::id::{PersonId, RoomId};
use hallway_wire::messaging::MembershipId;
use serde_json::{Value, json};

use super::{Cast, refused, text};

#[tokio::test]
async fn made_read_changed_deleted() {
    let cast = Cast::start().await;
    let Cast { ada, ben, cleo, .. } = &cast;
    let room = cast.room(json!({ "title": "Room" }), &[]).await;
    let joined = cast.join(&room, ben).await;
    let id = MembershipId::new(ben.id, room.parse::<RoomId>().unwrap());
    let expected = json!({
        "id": id, "roomId": room, "personId": ben.id, "personEmail": "ben@example.com",
        "personDisplayName": "Ben", "personOrgId": cast.rig.org, "isModerator": false,
        "isRoomHidden": false, "roomType": "group", "isMonitor": false,
        "created": "2026-03-04T05:06:07.089Z",
    });
    assert_eq!(joined, expected, "its id follows from who and where");
    let path = format!("/memberships/{id}");
    assert_eq!(cast.get(ada, &path).await.expect(200), joined);
    assert_eq!(
        refused(cast.get(cleo, &path).await, 404),
        "Failed to get membership"
    );
    let unknown = MembershipId::new(PersonId::random(), RoomId::random());
    let message = refused(cast.get(ada, &format!("/memberships/{unknown}")).await, 404);
    assert_eq!(message, "Failed to get membership");

    let post = "POST /memberships";
    for (body, status, says) in [
        (json!({}), 400, "roomId cannot be null"),
        (
            json!({ "roomId": room }),
            400,
            "Must specify either personId or personEmail.",
        ),
        (
            json!({ "roomId": room, "personId": ben.id }),
            409,
            "Person is already in the room.",
        ),
        (
            json!({ "roomId": room, "personEmail": "BEN@example.com" }),
            409,
            "Person is already in the room.",
        ),
        (
            json!({ "roomId": room, "personEmail": "no@where.example" }),
            404,
            "no@where.example not found.",
        ),
        (
            json!({ "roomId": room, "personId": PersonId::random() }),
            404,
            "Person not found",
        ),
        (
            json!({ "roomId": RoomId::random(), "personId": ben.id }),
            404,
            "Could not find a room with provided ID.",
        ),
    ] {
        assert_eq!(refused(cast.ask(ada, post, body).await, status), says);
    }
    cast.ask(cleo, post, json!({ "roomId": room, "personId": cleo.id }))
        .await
        .expect(404);

    let put = format!("PUT {path}");
    cast.ask(ada, &put, json!({})).await.expect(400);
    let moderator = cast
        .ask(ada, &put, json!({ "isModerator": true, "isRoomHidden": false }))
        .await
        .expect(200);
    assert_eq!(moderator["isModerator"], true);
    cast.ask(ada, &put, json!({ "isRoomHidden": true }))
        .await
        .expect(403);
    cast.ask(ben, &put, json!({ "isRoomHidden": true }))
        .await
        .expect(400);

    cast.ask(ada, &format!("DELETE {path}"), Value::Null)
        .await
        .expect(204);
    cast.get(ben, &format!("/rooms/{room}")).await.expect(404);
    cast.ask(ada, &format!("DELETE {path}"), Value::Null)
        .await
        .expect(404);
}

#[tokio::test]
async fn lists() {
    let cast = Cast::start().await;
    let Cast {
        ada,
        ben,
        cleo,
        officer,
        ..
    } = &cast;
    let room = cast.room(json!({ "title": "Room" }), &[ben]).await;
    cast.room(json!({ "title": "Alone" }), &[]).await;
    let count = async |who, query: &str| {
        cast.get(who, &format!("/memberships?{query}"))
            .await
            .items()
            .len()
    };
    assert_eq!(count(ada, "").await, 2);
    assert_eq!(count(ben, "").await, 1);
    assert_eq!(count(ben, &format!("roomId={room}")).await, 2);
    assert_eq!(count(ben, &format!("roomId={room}&personId={}", ada.id)).await, 1);
    assert_eq!(
        count(ben, &format!("roomId={room}&personEmail=no@where.example")).await,
        0
    );
    assert_eq!(
        count(ben, &format!("roomId={room}&personId={}", cleo.id)).await,
        0
    );
    cast.get(ben, &format!("/memberships?personId={}", ada.id))
        .await
        .expect(400);
    cast.get(cleo, &format!("/memberships?roomId={room}"))
        .await
        .expect(404);
    assert_eq!(count(officer, &format!("personId={}", ada.id)).await, 2);
    assert_eq!(count(officer, &format!("roomId={room}")).await, 2);
    let id = text(
        &cast
            .get(ada, &format!("/memberships?roomId={room}&personId={}", ben.id))
            .await
            .items()[0]["id"],
    );
    cast.ask(officer, &format!("DELETE /memberships/{id}"), Value::Null)
        .await
        .expect(204);
    assert_eq!(count(ben, "").await, 0);
}

#[tokio::test]
async fn a_room_of_two_stays_one() {
    let cast = Cast::start().await;
    let Cast { ada, ben, cleo, .. } = &cast;
    let message = json!({ "toPersonId": ben.id, "text": "hi" });
    let sent = cast.ask(ada, "POST /messages", message).await.expect(200);
    let room = text(&sent["roomId"]);
    let join = json!({ "roomId": room, "personId": cleo.id });
    cast.ask(ada, "POST /memberships", join).await.expect(400);
    let mine = cast
        .get(ben, &format!("/memberships?roomId={room}&personId={}", ben.id))
        .await
        .items();
    let path = format!("/memberships/{}", text(&mine[0]["id"]));
    let left = cast.ask(ben, &format!("DELETE {path}"), Value::Null).await;
    assert_eq!(refused(left, 400), "Failed to leave room.");
    let deleted = cast.ask(ben, &format!("DELETE /rooms/{room}"), Value::Null).await;
    assert_eq!(refused(deleted, 400), "Failed to delete room.");
    // Hidden until somebody writes again.
    cast.ask(ben, &format!("PUT {path}"), json!({ "isRoomHidden": true }))
        .await
        .expect(200);
    assert_eq!(cast.get(ben, &path).await.expect(200)["isRoomHidden"], true);
    cast.ask(ada, "POST /messages", json!({ "roomId": room, "text": "again" }))
        .await
        .expect(200);
    assert_eq!(cast.get(ben, &path).await.expect(200)["isRoomHidden"], false);
}

#[tokio::test]
async fn of_two_moderators_one_stays() {
    let cast = Cast::start().await;
    let Cast { ada, ben, .. } = &cast;
    let room = cast
        .room(json!({ "title": "Locked", "isLocked": true }), &[ben])
        .await;
    let id = |who: &super::Actor| MembershipId::new(who.id, room.parse::<RoomId>().unwrap());
    let promote = json!({ "isModerator": true });
    cast.ask(ada, &format!("PUT /memberships/{}", id(ben)), promote)
        .await
        .expect(200);
    let demote = json!({ "isModerator": false });
    let (one, other) = (
        format!("PUT /memberships/{}", id(ada)),
        format!("PUT /memberships/{}", id(ben)),
    );
    let (one, other) = tokio::join!(cast.ask(ada, &one, demote.clone()), cast.ask(ben, &other, demote));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
}
