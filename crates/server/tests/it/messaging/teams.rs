use hallway_wire::id::{RoomId, TeamId};
use hallway_wire::messaging::TeamMembershipId;
use serde_json::{Value, json};

use super::{Cast, refused, text};

#[tokio::test]
async fn a_team_and_its_general_room() {
    let cast = Cast::start().await;
    let Cast { ada, ben, cleo, .. } = &cast;
    cast.ask(ada, "POST /teams", json!({ "name": " " }))
        .await
        .expect(400);
    let made = cast
        .ask(ada, "POST /teams", json!({ "name": "Build", "description": "A" }))
        .await
        .expect(200);
    let expected = json!({
        "id": made["id"], "name": "Build", "description": "A", "created": "2026-03-04T05:06:07.089Z",
    });
    assert_eq!(made, expected);
    let team: TeamId = text(&made["id"]).parse().unwrap();
    let path = format!("/teams/{team}");
    let general = RoomId::from_uuid(team.uuid());
    let room = cast.get(ada, &format!("/rooms/{general}")).await.expect(200);
    assert_eq!((&room["title"], &room["teamId"]), (&json!("Build"), &made["id"]));
    cast.get(ben, &path).await.expect(404);

    // In the team is in the room, and the other way round.
    let join = |who: &super::Actor| json!({ "teamId": team, "personEmail": who.email });
    let joined = cast
        .ask(ada, "POST /team/memberships", join(ben))
        .await
        .expect(200);
    assert_eq!(joined["id"], json!(TeamMembershipId::new(ben.id, team)));
    assert_eq!(
        (&joined["isModerator"], &joined["personDisplayName"]),
        (&json!(false), &json!("Ben"))
    );
    cast.get(ben, &format!("/rooms/{general}")).await.expect(200);
    cast.ask(ada, "POST /team/memberships", join(ben))
        .await
        .expect(409);
    cast.ask(ben, "POST /team/memberships", join(cleo))
        .await
        .expect(403);
    let in_room = json!({ "roomId": general, "personId": cleo.id });
    cast.ask(ben, "POST /memberships", in_room.clone())
        .await
        .expect(403);
    cast.ask(ada, "POST /memberships", in_room).await.expect(200);
    let list = format!("/team/memberships?teamId={team}");
    assert_eq!(cast.get(cleo, &list).await.items().len(), 3);
    cast.get(cleo, "/team/memberships").await.expect(400);
    assert_eq!(
        cast.get(cleo, "/teams").await.items(),
        std::slice::from_ref(&made)
    );

    // Only moderators rename; the room follows.
    cast.ask(ben, &format!("PUT {path}"), json!({ "name": "Mine" }))
        .await
        .expect(403);
    cast.ask(ada, &format!("PUT {path}"), json!({ "name": "Builders" }))
        .await
        .expect(200);
    let room = cast.get(ben, &format!("/rooms/{general}")).await.expect(200);
    assert_eq!(room["title"], "Builders");

    // The last moderator stays, in the team and in the room.
    let mine = TeamMembershipId::new(ada.id, team);
    let there = hallway_wire::messaging::MembershipId::new(ada.id, general);
    let demote = json!({ "isModerator": false });
    cast.ask(ada, &format!("PUT /team/memberships/{mine}"), demote.clone())
        .await
        .expect(400);
    cast.ask(ada, &format!("PUT /memberships/{there}"), demote.clone())
        .await
        .expect(400);
    cast.ask(ada, &format!("DELETE /team/memberships/{mine}"), Value::Null)
        .await
        .expect(400);
    cast.ask(ada, &format!("DELETE /memberships/{there}"), Value::Null)
        .await
        .expect(400);
    let promote = json!({ "isModerator": true });
    let bens = TeamMembershipId::new(ben.id, team);
    cast.ask(ada, &format!("PUT /team/memberships/{bens}"), promote)
        .await
        .expect(200);
    let in_room = format!(
        "/memberships/{}",
        hallway_wire::messaging::MembershipId::new(ben.id, general)
    );
    assert_eq!(cast.get(ben, &in_room).await.expect(200)["isModerator"], true);
    cast.ask(ada, &format!("PUT /team/memberships/{mine}"), demote)
        .await
        .expect(200);

    cast.ask(ada, &format!("DELETE {path}"), Value::Null)
        .await
        .expect(403);
    let deleted = cast
        .ask(ben, &format!("DELETE /rooms/{general}"), Value::Null)
        .await;
    assert_eq!(refused(deleted, 400), "Failed to delete room.");
    cast.ask(ben, &format!("DELETE {path}"), Value::Null)
        .await
        .expect(204);
    cast.get(ben, &path).await.expect(404);
    cast.get(ben, &format!("/rooms/{general}")).await.expect(404);
    assert!(cast.get(cleo, "/teams").await.items().is_empty());
}

#[tokio::test]
async fn rooms_of_a_team() {
    let cast = Cast::start().await;
    let Cast {
        ada, ben, officer, ..
    } = &cast;
    let team = text(
        &cast
            .ask(ada, "POST /teams", json!({ "name": "Build" }))
            .await
            .expect(200)["id"],
    );
    let elsewhere = cast
        .ask(ben, "POST /rooms", json!({ "title": "x", "teamId": team }))
        .await;
    elsewhere.expect(404);
    let join = json!({ "teamId": team, "personId": ben.id });
    cast.ask(ada, "POST /team/memberships", join).await.expect(200);
    let room = cast
        .room(json!({ "title": "Part", "teamId": team }), &[ben])
        .await;
    let listed = cast.get(ben, &format!("/rooms?teamId={team}")).await.items();
    assert_eq!(listed.len(), 2);
    // A room comes into a team once.
    let free = cast.room(json!({ "title": "Free" }), &[]).await;
    let moved = cast
        .ask(
            ada,
            &format!("PUT /rooms/{free}"),
            json!({ "title": "Free", "teamId": team }),
        )
        .await;
    assert_eq!(moved.expect(200)["teamId"], team);
    let other = text(
        &cast
            .ask(ada, "POST /teams", json!({ "name": "Other" }))
            .await
            .expect(200)["id"],
    );
    let again = json!({ "title": "Free", "teamId": other });
    cast.ask(ada, &format!("PUT /rooms/{free}"), again)
        .await
        .expect(400);
    // A deleted one is archived.
    cast.say(ada, &room, "kept").await;
    cast.ask(ada, &format!("DELETE /rooms/{free}"), Value::Null)
        .await
        .expect(204);
    cast.get(ada, &format!("/rooms/{free}")).await.expect(404);
    cast.get(officer, &format!("/rooms/{free}")).await.expect(200);
    // Who leaves the team leaves its rooms.
    let bens = TeamMembershipId::new(ben.id, team.parse().unwrap());
    cast.ask(ben, &format!("DELETE /team/memberships/{bens}"), Value::Null)
        .await
        .expect(204);
    assert!(cast.get(ben, "/rooms").await.items().is_empty());
    assert_eq!(
        cast.get(officer, &format!("/messages?roomId={room}"))
            .await
            .items()
            .len(),
        1
    );
}
