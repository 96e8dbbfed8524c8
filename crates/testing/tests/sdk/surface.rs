//! Resources as Hallway serves them: what is written is read again.

use hallway_sdk::resources::{
    GroupBody, Invitee, MeetingBody, MeetingState, PersonBody, RoomBody, ScimOperation, ScimPatch, ScimUser,
    TeamBody, WorkspaceLocationBody,
};
use hallway_sdk::time::Clock as _;
use hallway_sdk::{Error, MeetingId, Timestamp};
use hallway_testing::Office;
use serde_json::json;

fn now(office: &Office) -> Timestamp {
    office.clock().now()
}

#[tokio::test]
async fn groups_and_their_members() {
    let office = Office::start().await;
    let client = office.admin();
    let groups = client.groups();
    let mut people = Vec::new();
    for name in ["ada", "ben", "cleo"] {
        let body = PersonBody::new()
            .emails(vec![format!("{name}@hallway.example")])
            .display_name(name);
        people.push(client.people().create(&body).await.unwrap().id);
    }
    for name in ["Gardeners", "Cooks", "Pilots \"and\" crew"] {
        groups.create(&GroupBody::new().display_name(name)).await.unwrap();
    }
    let cooks = groups.list().named("Cooks").first().await.unwrap().unwrap();
    groups.add(&cooks.id, &people).await.unwrap();
    groups.remove(&cooks.id, &people[..1]).await.unwrap();
    let members = groups.members(&cooks.id).page_size(1).all().await.unwrap();
    assert_eq!(members.len(), 2, "{members:?}");
    assert!(
        members
            .iter()
            .all(|member| people[1..].iter().any(|id| id.names_same(&member.id)))
    );
    let quoted = groups.list().named("Pilots \"and\" crew").all().await.unwrap();
    assert_eq!(quoted.len(), 1);
    let all = groups.list().page_size(1).all().await.unwrap();
    assert_eq!(all.len(), 3, "pages of one: {all:?}");
    groups
        .update(&cooks.id, &GroupBody::new().display_name("Chefs"))
        .await
        .unwrap();
    assert_eq!(groups.get(&cooks.id).await.unwrap().display_name, "Chefs");
    groups.delete(&cooks.id).await.unwrap();
    assert!(matches!(groups.get(&cooks.id).await, Err(Error::NotFound(_))));
    office.close().await;
}

#[tokio::test]
async fn users_of_a_directory() {
    let office = Office::start().await;
    let client = office.admin();
    let scim = client.scim(&office.org_id());
    let users = scim.users();
    let before = users.list().all().await.unwrap().len();
    let new = ScimUser::new("ada@hallway.example").named("Ada", "Lovelace");
    let ada = users.create(&new).await.unwrap();
    assert!(matches!(users.create(&new).await, Err(Error::Conflict(_))));
    let changed = users
        .patch(&ada.id, &[ScimPatch::replace("title", "Gardener".into())])
        .await
        .unwrap();
    assert_eq!(changed.title.as_deref(), Some("Gardener"));
    let mut whole = users.get(&ada.id).await.unwrap();
    whole.title = Some("Pilot".to_owned());
    assert_eq!(
        users.replace(&ada.id, &whole).await.unwrap().title.as_deref(),
        Some("Pilot")
    );
    let operations: Vec<ScimOperation> = (0..3)
        .map(|n| ScimOperation {
            method: "POST",
            path: "/Users".to_owned(),
            bulk_id: Some(format!("b{n}")),
            data: Some(json!(
                ScimUser::new(format!("b{n}@hallway.example")).named("B", "Bulk")
            )),
        })
        .collect();
    let outcomes = scim.bulk(&operations).await.unwrap();
    assert!(
        outcomes.iter().all(|outcome| outcome.status == "201"),
        "{outcomes:?}"
    );
    let found = users.by_user_name("b1@hallway.example").await.unwrap();
    assert_eq!(found.unwrap().display_name.as_deref(), Some("B Bulk"));
    let all = users.list().page_size(2).all().await.unwrap();
    assert_eq!(all.len(), before + 4, "pages of two");
    users.delete(&ada.id).await.unwrap();
    assert!(matches!(users.get(&ada.id).await, Err(Error::NotFound(_))));
    assert!(!users.me().await.unwrap().user_name.is_empty());
    office.close().await;
}

#[tokio::test]
async fn meetings_are_planned_changed_and_cancelled() {
    let office = Office::start().await;
    let client = office.admin();
    let meetings = client.meetings();
    let start = now(&office).plus_millis(60 * 60 * 1000);
    let body = MeetingBody::new()
        .title("Watering")
        .start(start)
        .end(start.plus_millis(30 * 60 * 1000))
        .invitees(vec![Invitee::new("ben@hallway.example")]);
    let meeting = meetings.create(&body).await.unwrap();
    assert_eq!(meeting.start.map(Timestamp::seconds), Some(start.seconds()));
    assert!(
        matches!(
            meeting.state,
            Some(MeetingState::Active | MeetingState::Scheduled)
        ),
        "{meeting:?}"
    );
    let changed = meetings
        .patch(&meeting.id, &MeetingBody::new().title("Pruning"))
        .await
        .unwrap();
    assert_eq!(changed.title, "Pruning");
    let found = meetings.list().all().await.unwrap();
    assert!(found.iter().any(|found| found.id == meeting.id), "{found:?}");
    meetings.delete(&meeting.id).await.unwrap();
    assert!(matches!(meetings.get(&meeting.id).await, Err(Error::NotFound(_))));
    assert!(matches!(
        meetings.get(&MeetingId::from("0123")).await,
        Err(Error::NotFound(_) | Error::BadRequest(_))
    ));
    assert!(client.recordings().list().all().await.unwrap().is_empty());
    office.close().await;
}

#[tokio::test]
async fn what_was_done_is_read_again() {
    let office = Office::start().await;
    let client = office.admin();
    client
        .groups()
        .create(&GroupBody::new().display_name("Cooks"))
        .await
        .unwrap();
    let now = now(&office);
    let (from, to) = (now.plus_millis(-3_600_000), now.plus_millis(1000));
    let audit = client.admin_audit();
    let done = audit
        .list(&office.org_id(), from, to)
        .page_size(2)
        .all()
        .await
        .unwrap();
    assert!(
        done.iter()
            .any(|event| event.data.target_name.as_deref() == Some("Cooks")),
        "{done:?}"
    );
    assert!(!audit.categories().await.unwrap().is_empty());
    client
        .security_audit()
        .list(&office.org_id(), from, to)
        .all()
        .await
        .unwrap();
    let expiry = client.authorizations().token_expiry().await.unwrap();
    assert!(expiry > to, "{expiry}");
    assert!(client.hot_desks().list().all().await.unwrap().is_empty());
    office.close().await;
}

#[tokio::test]
async fn places_in_both_forms() {
    let office = Office::start().await;
    let client = office.admin();
    let places = client.workspace_locations();
    let body = WorkspaceLocationBody::new()
        .display_name("Oslo")
        .address("Karl Johans gate 1, Oslo")
        .country_code("NO")
        .latitude(59.9)
        .longitude(10.7);
    let oslo = places.create(&body).await.unwrap();
    let floors = places.floors(&oslo.id);
    let floor = floors.create(2.0, Some("Second")).await.unwrap();
    floors.update(&floor.id, 3.0, Some("Third")).await.unwrap();
    assert_eq!(
        floors.get(&floor.id).await.unwrap().display_name.as_deref(),
        Some("Third")
    );
    let same = oslo.location_id.clone().unwrap_or_else(|| oslo.id.clone());
    let other = client.locations().floors(&same);
    assert_eq!(other.get(&floor.id).await.unwrap().floor_number, 3.0);
    assert_eq!(
        other.update(&floor.id, 4.0, None).await.unwrap().floor_number,
        4.0
    );
    floors.delete(&floor.id).await.unwrap();
    assert!(floors.list().all().await.unwrap().is_empty());
    places.delete(&oslo.id).await.unwrap();
    office.close().await;
}

#[tokio::test]
async fn teams_rooms_and_direct_messages() {
    let office = Office::start().await;
    let client = office.admin();
    let ben = PersonBody::new()
        .emails(vec!["ben@hallway.example".to_owned()])
        .display_name("Ben");
    client.people().create(&ben).await.unwrap();
    let team = client
        .teams()
        .create(&TeamBody::new().name("Garden"))
        .await
        .unwrap();
    let member = client
        .team_memberships()
        .add(&team.id, "ben@hallway.example", false)
        .await
        .unwrap();
    assert!(
        client
            .team_memberships()
            .set_moderator(&member.id, true)
            .await
            .unwrap()
            .is_moderator
    );
    assert!(
        client
            .team_memberships()
            .get(&member.id)
            .await
            .unwrap()
            .is_moderator
    );
    assert_eq!(
        client
            .team_memberships()
            .list(&team.id)
            .all()
            .await
            .unwrap()
            .len(),
        2
    );
    client.team_memberships().delete(&member.id).await.unwrap();
    let room = client
        .rooms()
        .create(&RoomBody::new().title("Greenhouse"))
        .await
        .unwrap();
    let info = client.rooms().meeting_info(&room.id).await.unwrap();
    assert_eq!(info.room_id, Some(room.id));
    client
        .messages()
        .to_email("ben@hallway.example", "Water!")
        .await
        .unwrap();
    let direct = client
        .messages()
        .direct("ben@hallway.example")
        .all()
        .await
        .unwrap();
    assert_eq!(direct.len(), 1);
    office.close().await;
}
