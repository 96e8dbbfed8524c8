//! Calling users: licenses, line and location in one request (people-calling 1, 2.3 and 3).

use hallway_platform::calling::CallingSeed;
use hallway_platform::place::{Address, Location, Seed};
use hallway_wire::calling::PstnConnectionType;
use hallway_wire::id::LocationId;
use serde_json::{Value, json};

use crate::people_write::{create, license, units};
use crate::rig::{NOW, Rig};

const PROFESSIONAL: &str = "Webex Calling - Professional";
const MAIN: &str = "+14085267200";
const NUMBERS: [&str; 3] = [MAIN, "+14085267201", "+14085267202"];

/// A location with Webex Calling, the prefix 80, and three numbers.
async fn office(rig: &Rig) -> LocationId {
    let id = LocationId::random();
    let location = Location {
        id,
        org: rig.org,
        name: format!("Office {}", id.uuid()),
        address: Address {
            address1: "Street 1".to_owned(),
            city: "San Jose".to_owned(),
            state: Some("CA".to_owned()),
            postal_code: "95134".to_owned(),
            country: "US".to_owned(),
            ..Address::default()
        },
        time_zone: "America/Los_Angeles".to_owned(),
        preferred_language: None,
        announcement_language: None,
        latitude: None,
        longitude: None,
        notes: None,
        created: NOW,
    };
    let seed = Seed {
        locations: vec![location],
        ..Seed::default()
    };
    rig.platform.seed(seed).await.unwrap();
    let calling = CallingSeed {
        location: id,
        routing_prefix: Some("80".to_owned()),
        pstn: PstnConnectionType::LocalGateway,
        numbers: NUMBERS.iter().map(|&number| number.to_owned()).collect(),
    };
    rig.platform.seed_calling(rig.org, &[calling]).await.unwrap();
    id
}

/// The numbers that nobody has.
async fn free(rig: &Rig) -> Vec<String> {
    let body = rig
        .get("/telephony/config/numbers?available=true")
        .await
        .expect(200);
    let numbers = body["phoneNumbers"].as_array().unwrap().iter();
    numbers
        .map(|number| number["phoneNumber"].as_str().unwrap().to_owned())
        .collect()
}

fn kinds(person: &Value) -> Vec<(String, String)> {
    let numbers = person["phoneNumbers"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    numbers
        .map(|number| (text(&number["type"]), text(&number["value"])))
        .collect()
}

fn pair(kind: &str, value: &str) -> (String, String) {
    (kind.to_owned(), value.to_owned())
}

#[tokio::test]
async fn a_calling_user_from_beginning_to_end() {
    let rig = Rig::start().await;
    let (office, professional) = (office(&rig).await, license(&rig, PROFESSIONAL).await);
    let ann = create(
        &rig,
        "ann@example.com",
        json!({ "licenses": [professional], "locationId": office, "extension": "133",
                "phoneNumbers": [{ "type": "work", "value": "408 526 7201" }] }),
    )
    .await;
    let path = format!("/people/{}", ann["id"].as_str().unwrap());
    let with_calling = format!("{path}?callingData=true");
    let ann = rig.get(&with_calling).await.expect(200);
    assert_eq!(
        kinds(&ann),
        [pair("work", "+14085267201"), pair("work_extension", "80133")]
    );
    assert!(
        ann["phoneNumbers"]
            .as_array()
            .unwrap()
            .iter()
            .all(|number| number["primary"] == true)
    );
    assert_eq!(
        (&ann["extension"], &ann["locationId"]),
        (&json!("133"), &json!(office))
    );
    let plain = rig.get(&path).await.expect(200);
    assert!(plain.get("extension").is_none() && plain.get("locationId").is_none());
    assert_eq!(plain["phoneNumbers"], ann["phoneNumbers"]);
    assert_eq!(
        rig.get(&format!("/people?locationId={office}&callingData=true"))
            .await
            .items(),
        std::slice::from_ref(&ann)
    );
    assert_eq!(units(&rig, &professional).await, 1);

    // All that was read, sent back, changes nothing; nor does a part of it.
    let put = async |body: Value| rig.ask(&format!("PUT {with_calling}"), body).await;
    assert_eq!(put(ann.clone()).await.expect(200), ann);
    assert_eq!(
        put(json!({ "displayName": ann["displayName"] }))
            .await
            .expect(200),
        ann
    );
    assert_eq!(
        put(json!({ "displayName": "ann", "phoneNumbers": ann["phoneNumbers"], "extension": "133" }))
            .await
            .expect(200),
        ann
    );
    // One half of the line is the whole line.
    let half = put(json!({ "displayName": "ann", "extension": "134" }))
        .await
        .expect(200);
    assert_eq!(kinds(&half), [pair("work_extension", "80134")]);
    assert!(free(&rig).await.contains(&"+14085267201".to_owned()));
    let object = json!({ "displayName": "ann", "phoneNumbers": { "type": "work", "value": "+14085267202" } });
    let half = put(object).await.expect(200);
    assert_eq!(kinds(&half), [pair("work", "+14085267202")]);
    assert!(half.get("extension").is_none());
    // No line at all, with the license: no.
    put(json!({ "displayName": "ann", "extension": null }))
        .await
        .expect(400);
    put(json!({ "displayName": "ann", "phoneNumbers": [] }))
        .await
        .expect(400);
    // Nobody moves like this.
    put(json!({ "displayName": "ann", "locationId": LocationId::random() }))
        .await
        .expect(400);
    put(json!({ "displayName": "ann", "locationId": office }))
        .await
        .expect(200);

    // Without the license there is no line; what is said of it is passed over.
    let off = put(json!({ "displayName": "ann", "extension": null, "licenses": [], "phoneNumbers": half["phoneNumbers"] }))
        .await
        .expect(200);
    assert_eq!((kinds(&off), off.get("locationId")), (Vec::new(), None));
    assert_eq!(units(&rig, &professional).await, 0);
    assert_eq!(free(&rig).await.len(), 2);
    put(json!({ "displayName": "ann", "extension": "135" }))
        .await
        .expect(400);
}

#[tokio::test]
async fn a_line_comes_with_the_license() {
    let rig = Rig::start().await;
    let (office, professional) = (office(&rig).await, license(&rig, PROFESSIONAL).await);
    let messaging = license(&rig, "Advanced Messaging").await;
    let ann = create(&rig, "ann@example.com", json!({})).await;
    let assign = async |properties: Value| {
        let licenses = json!([{ "id": professional, "properties": properties }]);
        rig.ask(
            "PATCH /licenses/users",
            json!({ "personId": ann["id"], "licenses": licenses }),
        )
        .await
    };
    assign(json!({ "locationId": office })).await.expect(400);
    assign(json!({ "extension": "133" })).await.expect(400);
    let done = assign(json!({ "locationId": office, "extension": "133" }))
        .await
        .expect(200);
    assert_eq!(done["licenses"], json!([professional]));
    let path = format!("/people/{}", ann["id"].as_str().unwrap());
    assert_eq!(
        kinds(&rig.get(&path).await.expect(200)),
        [pair("work_extension", "80133")]
    );
    let found = rig
        .get(&format!(
            "/telephony/config/numbers?locationId={office}&extension=133"
        ))
        .await
        .expect(200);
    assert_eq!(found["phoneNumbers"][0]["owner"]["type"], "PEOPLE");

    // Somebody else cannot have the extension, or half of a request.
    for body in [
        json!({ "licenses": [professional], "locationId": office, "extension": "133" }),
        json!({ "licenses": [professional, messaging], "locationId": office, "extension": "133" }),
        json!({ "licenses": [professional], "extension": "134" }),
        json!({ "licenses": [professional], "locationId": office }),
        json!({ "licenses": [professional, messaging] }),
        json!({ "locationId": office, "extension": "134" }),
    ] {
        let mut body = body;
        body["emails"] = json!(["ben@example.com"]);
        body["displayName"] = json!("Ben");
        rig.ask("POST /people?callingData=true", body).await.expect(400);
    }
    let ben = create(&rig, "ben@example.com", json!({})).await;
    let taken = json!([{ "id": messaging }, { "id": professional, "properties": { "locationId": office, "extension": "133" } }]);
    let partly = rig
        .ask(
            "PATCH /licenses/users",
            json!({ "personId": ben["id"], "licenses": taken }),
        )
        .await
        .expect(206);
    assert_eq!(partly["licenses"], json!([messaging]));
    assert_eq!(units(&rig, &professional).await, 1);
    // A number tells its location.
    let by_number = json!([{ "id": professional, "properties": { "phoneNumber": "+14085267201" } }]);
    rig.ask(
        "PATCH /licenses/users",
        json!({ "email": "ben@example.com", "licenses": by_number }),
    )
    .await
    .expect(200);

    // Whoever goes leaves number and extension behind.
    for id in [&ann["id"], &ben["id"]] {
        rig.ask(&format!("DELETE /people/{}", id.as_str().unwrap()), Value::Null)
            .await
            .expect(204);
    }
    let found = rig
        .get(&format!(
            "/telephony/config/numbers?locationId={office}&extension=133"
        ))
        .await
        .expect(200);
    assert_eq!(found["phoneNumbers"], json!([]));
    assert_eq!((free(&rig).await.len(), units(&rig, &professional).await), (2, 0));
}

#[tokio::test]
async fn one_of_many_gets_the_number() {
    let rig = Rig::start().await;
    let (office, professional) = (office(&rig).await, license(&rig, PROFESSIONAL).await);
    let asks = (0..20).map(|n| {
        let body = json!({ "emails": [format!("p{n}@example.com")], "displayName": "P", "licenses": [professional],
                           "locationId": office, "phoneNumbers": [{ "type": "work", "value": "+14085267202" }] });
        rig.ask("POST /people?callingData=true", body)
    });
    let mut won = 0;
    for answer in futures_util::future::join_all(asks).await {
        match answer.status.as_u16() {
            200 => won += 1,
            400 | 409 => {}
            other => panic!("{other}: {}", answer.body),
        }
    }
    assert_eq!((won, units(&rig, &professional).await), (1, 1));
    assert_eq!(
        rig.get(&format!("/people?locationId={office}"))
            .await
            .items()
            .len(),
        1
    );
    // The others were not created at all.
    assert_eq!(rig.get("/people?displayName=P").await.items().len(), 1);
}
