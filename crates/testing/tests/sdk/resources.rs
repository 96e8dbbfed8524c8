//! The typed resources against a whole Hallway: what is written is there, as it was written.

use hallway_sdk::resources::{
    Address, LicenseChange, LocationBody, PersonBody, RoomBody, TeamBody, WebhookBody, WorkspaceBody,
};
use hallway_sdk::{Client, Error};
use hallway_testing::Office;
use serde_json::json;

async fn location(client: &Client) -> hallway_sdk::LocationId {
    let body = LocationBody::new()
        .name("Harbour")
        .time_zone("Europe/Oslo".to_owned())
        .preferred_language("en_US".to_owned())
        .announcement_language("en_us".to_owned())
        .address(Address {
            address1: Some("2 Quay Street".to_owned()),
            city: Some("Bergen".to_owned()),
            state: Some("Vestland".to_owned()),
            postal_code: Some("5003".to_owned()),
            country: Some("NO".to_owned()),
            ..Address::default()
        });
    client.locations().create(&body).await.unwrap()
}

#[tokio::test]
async fn locations_and_floors() {
    let office = Office::start().await;
    let client = office.admin();
    let id = location(&client).await;
    client
        .locations()
        .update(&id, &LocationBody::new().notes("By the water".to_owned()))
        .await
        .unwrap();
    let read = client.locations().get(&id).await.unwrap();
    assert_eq!(read.name, "Harbour");
    let floors = client.locations().floors(&id);
    let floor = floors.create(2.0, Some("Second")).await.unwrap();
    assert_eq!(floors.list().all().await.unwrap().len(), 1);
    floors.delete(&floor.id).await.unwrap();
    assert!(floors.list().all().await.unwrap().is_empty());
    client.locations().delete(&id).await.unwrap();
    let gone = client.locations().get(&id).await.unwrap_err();
    assert!(matches!(gone, Error::NotFound(_)), "{gone:?}");
    office.close().await;
}

#[tokio::test]
async fn workspaces_and_device_tags() {
    let office = Office::start().await;
    let client = office.admin();
    let body = WorkspaceBody::new()
        .display_name("Lighthouse".to_owned())
        .capacity(6u32)
        .kind("huddle".to_owned());
    let made = client.workspaces().create(&body).await.unwrap();
    // An update replaces: what it does not say is gone.
    let renamed = WorkspaceBody::new()
        .display_name("Beacon".to_owned())
        .capacity(6u32);
    client.workspaces().update(&made.id, &renamed).await.unwrap();
    let found = client
        .workspaces()
        .list()
        .display_name("Beacon")
        .all()
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0].id, found[0].capacity), (&made.id, Some(6)));
    let code = client.devices().activation_code(&made.id).await.unwrap();
    assert!(
        code.code.chars().filter(char::is_ascii_digit).count() == 16,
        "16 digits"
    );
    client.workspaces().delete(&made.id).await.unwrap();
    assert!(client.workspaces().get(&made.id).await.is_err());

    let room = office.room("Board Room").await;
    let id = room.device().id();
    client.devices().add_tags(&id, &["quiet"]).await.unwrap();
    let tagged = client.devices().add_tags(&id, &["blue"]).await.unwrap();
    assert_eq!(tagged.tags, ["quiet", "blue"]);
    assert_eq!(
        client.devices().set_tags(&id, &["red"]).await.unwrap().tags,
        ["red"]
    );
    assert!(client.devices().remove_tags(&id).await.unwrap().tags.is_empty());
    assert!(client.devices().get(&id).await.unwrap().is_connected());
    office.close().await;
}

#[tokio::test]
async fn people_and_their_licenses() {
    let office = Office::demo().await;
    let client = office.admin();
    let body = PersonBody::new()
        .emails(vec!["ada.new@example.com".to_owned()])
        .first_name("Ada".to_owned())
        .last_name("New".to_owned())
        .display_name("Ada New".to_owned());
    let made = client.people().create(&body).await.unwrap();
    let found = client
        .people()
        .by_email("ada.new@example.com")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.id, made.id);
    let licenses = client.licenses().list().all().await.unwrap();
    let free = licenses
        .iter()
        .find(|it| it.free() > 0 && !it.name.contains("Calling") && it.site_url.is_none());
    let free = free.expect("the demo office has a license to give");
    client
        .licenses()
        .change(&made.id, &[LicenseChange::add(free.id.clone())])
        .await
        .unwrap();
    let holders = client.licenses().holders(&free.id).all().await.unwrap();
    assert!(holders.iter().any(|holder| holder.id == made.id));
    client
        .licenses()
        .change(&made.id, &[LicenseChange::remove(free.id.clone())])
        .await
        .unwrap();
    let holders = client.licenses().holders(&free.id).all().await.unwrap();
    assert!(!holders.iter().any(|holder| holder.id == made.id));
    client.people().delete(&made.id).await.unwrap();
    assert_eq!(
        client.people().by_email("ada.new@example.com").await.unwrap(),
        None
    );
    office.close().await;
}

#[tokio::test]
async fn rooms_messages_memberships_and_teams() {
    let office = Office::demo().await;
    let client = office.admin();
    let team = client
        .teams()
        .create(&TeamBody::new().name("Movers".to_owned()))
        .await
        .unwrap();
    assert!(
        client
            .teams()
            .list()
            .all()
            .await
            .unwrap()
            .iter()
            .any(|it| it.id == team.id)
    );
    let room = client
        .rooms()
        .create(&RoomBody::new().title("Moving day".to_owned()))
        .await
        .unwrap();
    let message = client
        .messages()
        .to_room(&room.id, "The **boxes** are here")
        .await
        .unwrap();
    let listed = client.messages().list(&room.id).all().await.unwrap();
    assert_eq!(listed.first().map(|it| &it.id), Some(&message.id));
    let people = client.people().list().all().await.unwrap();
    let me = client.people().me().await.unwrap();
    let other = people
        .iter()
        .find(|person| person.id != me.id && !person.emails.is_empty())
        .unwrap();
    let added = client
        .memberships()
        .add(&room.id, &other.emails[0], false)
        .await
        .unwrap();
    let raised = client.memberships().set_moderator(&added.id, true).await.unwrap();
    assert!(raised.is_moderator);
    client.memberships().delete(&added.id).await.unwrap();
    client.messages().delete(&message.id).await.unwrap();
    client.rooms().delete(&room.id).await.unwrap();
    client.teams().delete(&team.id).await.unwrap();
    office.close().await;
}

#[tokio::test]
async fn webhooks_of_ordinary_resources() {
    let office = Office::start().await;
    let client = office.admin();
    let body = WebhookBody::new()
        .name("rooms".to_owned())
        .target_url("http://127.0.0.1:9/rooms".to_owned())
        .resource("rooms".to_owned())
        .event("all".to_owned());
    let made = client.webhooks().create(&body).await.unwrap();
    assert_eq!(client.webhooks().list().all().await.unwrap().len(), 1);
    client.webhooks().delete(&made.id).await.unwrap();
    assert!(client.webhooks().list().all().await.unwrap().is_empty());
    office.close().await;
}

/// What the crate has no method for is a path away.
#[tokio::test]
async fn anything_else_is_a_request() {
    let office = Office::start().await;
    let client = office.admin();
    let roles: serde_json::Value = client.request(http::Method::GET, "roles").read().await.unwrap();
    assert!(roles["items"].as_array().is_some_and(|roles| !roles.is_empty()));
    let wrong = client
        .request(http::Method::POST, "rooms")
        .json(&json!({ "title": 7 }));
    let error = wrong.read::<serde_json::Value>().await.unwrap_err();
    assert!(matches!(error, Error::BadRequest(_)), "{error:?}");
    office.close().await;
}
