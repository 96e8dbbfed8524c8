//! `/v1/locations`, `/v1/workspaceLocations` and their floors.

use serde_json::{Value, json};

use crate::rig::Rig;

pub(crate) fn denver() -> Value {
    json!({
        "name": "Denver", "timeZone": "America/Chicago", "preferredLanguage": "en_us",
        "announcementLanguage": "fr_fr", "latitude": "12.935784", "longitude": "77.697332", "notes": "n",
        "address": {
            "address1": "123 Some St.", "address2": "Suite 456", "city": "Supercity", "state": "Goodstate",
            "postalCode": "12345", "country": "US"
        },
    })
}

#[tokio::test]
async fn one_location_in_both_forms() {
    let rig = Rig::start().await;
    let made = rig.ask("POST /locations", denver()).await.expect(201);
    assert_eq!(made.as_object().unwrap().len(), 1, "only the id: {made}");
    let id = made["id"].as_str().unwrap().to_owned();
    let read = rig.get(&format!("/locations/{id}")).await.expect(200);
    for (member, value) in denver().as_object().unwrap() {
        assert_eq!(&read[member], value, "{member}");
    }
    let older = &rig.get("/workspaceLocations").await.items()[0];
    assert_eq!(older["locationId"], id);
    assert_eq!(older["latitude"], 12.935784);
    assert_eq!(
        (&older["address"], &older["cityName"]),
        (&json!("123 Some St., Suite 456"), &json!("Supercity"))
    );
    let older_id = older["id"].as_str().unwrap();
    assert_ne!(older_id, id);
    // Each id works in the other's resource too.
    assert_eq!(rig.get(&format!("/locations/{older_id}")).await.expect(200), read);
    assert_eq!(
        &rig.get(&format!("/workspaceLocations/{id}")).await.expect(200),
        older
    );

    let put = rig
        .ask(&format!("PUT /locations/{id}"), json!({ "name": "Denver West" }))
        .await;
    assert_eq!(put.expect(204), Value::Null);
    assert_eq!(
        rig.get(&format!("/locations/{id}")).await.expect(200)["timeZone"],
        "America/Chicago"
    );
    let replaced = json!({
        "id": older_id, "displayName": "Oslo", "address": "Street 1", "countryCode": "no", "cityName": "Oslo",
        "latitude": 59.9, "longitude": 10.7,
    });
    let replaced = rig
        .ask(&format!("PUT /workspaceLocations/{older_id}"), replaced)
        .await
        .expect(200);
    assert_eq!(
        (&replaced["countryCode"], replaced.get("notes")),
        (&json!("NO"), None)
    );
    rig.ask(&format!("DELETE /workspaceLocations/{older_id}"), Value::Null)
        .await
        .expect(204);
    rig.get(&format!("/locations/{id}")).await.expect(404);
}

#[tokio::test]
async fn names_are_unique_and_members_checked() {
    let rig = Rig::start().await;
    rig.ask("POST /locations", denver()).await.expect(201);
    rig.ask("POST /locations", denver()).await.expect(409);
    let faults = rig.ask("POST /locations", json!({})).await.expect(400);
    assert_eq!(faults["errors"].as_array().unwrap().len(), 7);
    rig.ask("POST /locations", json!([])).await.expect(400);
    rig.ask("POST /locations", Value::Null).await.expect(415);
    let mut far = denver();
    far["name"] = json!("far");
    far["latitude"] = json!(99);
    assert_eq!(
        rig.ask("POST /locations", far).await.expect(400)["errors"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    rig.ask("POST /workspaceLocations", json!({ "displayName": "x" }))
        .await
        .expect(400);
}

#[tokio::test]
async fn floors_of_a_location() {
    let rig = Rig::start().await;
    let id = rig.ask("POST /locations", denver()).await.expect(201)["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let older = rig.get(&format!("/workspaceLocations/{id}")).await.expect(200)["id"].clone();
    let floors = format!("/locations/{id}/floors");
    let floor = rig
        .ask(&format!("POST {floors}"), json!({ "floorNumber": -1 }))
        .await
        .expect(201);
    assert_eq!(
        (&floor["floorNumber"], &floor["displayName"]),
        (&json!(-1), &json!("Floor -1"))
    );
    assert_eq!(floor["locationId"], id);
    rig.ask(&format!("POST {floors}"), json!({ "displayName": "no number" }))
        .await
        .expect(400);
    let path = format!(
        "/workspaceLocations/{}/floors/{}",
        older.as_str().unwrap(),
        floor["id"].as_str().unwrap()
    );
    let changed = rig
        .ask(
            &format!("PUT {path}"),
            json!({ "floorNumber": 2, "displayName": "Top" }),
        )
        .await
        .expect(200);
    assert_eq!(
        (&changed["displayName"], &changed["locationId"]),
        (&json!("Top"), &older)
    );
    assert_eq!(rig.get(&floors).await.items()[0]["displayName"], "Top");

    let room = json!({ "displayName": "Room", "locationId": id, "floorId": floor["id"] });
    let room = rig.ask("POST /workspaces", room).await.expect(201);
    let elsewhere = json!({
        "displayName": "Elsewhere", "address": "a", "countryCode": "US", "latitude": 0, "longitude": 0
    });
    let elsewhere = rig.ask("POST /workspaceLocations", elsewhere).await.expect(201);
    let wrong = json!({ "displayName": "x", "workspaceLocationId": elsewhere["id"], "floorId": floor["id"] });
    rig.ask("POST /workspaces", wrong).await.expect(400);
    let other = format!(
        "/locations/{}/floors/{}",
        elsewhere["locationId"].as_str().unwrap(),
        floor["id"].as_str().unwrap()
    );
    rig.get(&other).await.expect(404);

    rig.ask(&format!("DELETE {path}"), Value::Null).await.expect(204);
    assert!(rig.get(&floors).await.items().is_empty());
    let room = rig
        .get(&format!("/workspaces/{}", room["id"].as_str().unwrap()))
        .await
        .expect(200);
    assert_eq!(
        (room.get("floorId"), &room["locationId"]),
        (None, &json!(id)),
        "the room stays"
    );
    rig.ask(&format!("DELETE /locations/{id}"), Value::Null)
        .await
        .expect(409);
}

#[tokio::test]
async fn lists_filter_and_page() {
    let rig = Rig::start().await;
    for (name, country) in [("Denver", "US"), ("Denver West", "US"), ("Oslo", "NO")] {
        let mut body = denver();
        body["name"] = json!(name);
        body["address"]["country"] = json!(country);
        rig.ask("POST /locations", body).await.expect(201);
    }
    assert_eq!(rig.get("/locations?name=denVER").await.items().len(), 2);
    let all = rig.get("/locations").await.items();
    assert_eq!(
        rig.get(&format!("/locations?id={}", all[2]["id"].as_str().unwrap()))
            .await
            .items(),
        all[2..]
    );
    assert_eq!(
        rig.get("/workspaceLocations?countryCode=no&max=1")
            .await
            .items()
            .len(),
        1
    );
    let first = rig.get("/locations?name=denver&max=1").await;
    let second = rig.get(first.next.as_deref().unwrap()).await;
    assert_eq!(second.next, None);
    assert_eq!(second.items()[0]["name"], "Denver West");
}
