//! Locations with Webex Calling.

use serde_json::{Value, json};

use super::{number, site};
use crate::locations::denver;
use crate::rig::Rig;

#[tokio::test]
async fn a_location_gets_webex_calling() {
    let rig = Rig::start().await;
    let made = rig.ask("POST /locations", denver()).await.expect(201);
    let id = made["id"].as_str().unwrap();
    let details = format!("/telephony/config/locations/{id}");
    assert_eq!(rig.get(&details).await.status, 404, "not yet");

    let missing = rig
        .ask("POST /telephony/config/locations", json!({ "id": id }))
        .await;
    let missing = missing.expect(400);
    assert!(missing.to_string().contains("timeZone: is missing"), "{missing}");
    let mut request = denver();
    request["id"] = json!(id);
    let enabled = rig.ask("POST /telephony/config/locations", request.clone()).await;
    assert_eq!(enabled.expect(201), json!({ "id": id }));
    rig.ask("POST /telephony/config/locations", request)
        .await
        .expect(409);

    let listed = rig.get("/telephony/config/locations?name=den").await.expect(200);
    assert_eq!(listed["locations"][0]["name"], "Denver");
    assert_eq!(
        rig.get("/telephony/config/locations?name=x").await.expect(200)["locations"],
        json!([])
    );
    let details = rig.get(&details).await.expect(200);
    assert_eq!(details["announcementLanguage"], "fr_fr");
    // While it has Webex Calling it stays.
    rig.ask(&format!("DELETE /locations/{id}"), Value::Null)
        .await
        .expect(409);
    rig.ask(&format!("DELETE /hallway/v1/calling/locations/{id}"), Value::Null)
        .await
        .expect(204);
    rig.ask(&format!("DELETE /locations/{id}"), Value::Null)
        .await
        .expect(204);
}

#[tokio::test]
async fn the_connection_decides_about_numbers() {
    let rig = Rig::start().await;
    let made = rig.ask("POST /locations", denver()).await.expect(201);
    let id = made["id"].as_str().unwrap();
    let mut request = denver();
    request["id"] = json!(id);
    rig.ask("POST /telephony/config/locations", request)
        .await
        .expect(201);
    let add = format!("POST /telephony/config/locations/{id}/numbers");
    let one = |last| json!({ "phoneNumbers": [number(last)] });
    let none = rig.ask(&add, one(1)).await.expect(400);
    assert!(
        none["message"].as_str().unwrap().contains("no PSTN connection"),
        "{none}"
    );

    let connection = format!("/telephony/pstn/locations/{id}/connection");
    rig.get(&connection).await.expect(404);
    let options = rig.get(&format!("{connection}Options")).await.items();
    let of = |kind: &str| {
        let found = options.iter().find(|it| it["pstnConnectionType"] == kind);
        found.unwrap()["id"].clone()
    };
    let choose = format!("PUT {connection}");
    for kind in ["INTEGRATED_CCP", "CISCO_PSTN"] {
        rig.ask(&choose, json!({ "id": of(kind) })).await.expect(400);
    }
    rig.ask(&choose, json!({})).await.expect(400);
    rig.ask(&choose, json!({ "id": "x" })).await.expect(400);
    rig.ask(&choose, json!({ "premiseRouteType": "TRUNK" }))
        .await
        .expect(400);
    rig.ask(&choose, json!({ "id": of("NON_INTEGRATED_CCP") }))
        .await
        .expect(204);
    let chosen = rig.get(&connection).await.expect(200);
    assert_eq!(chosen["pstnConnectionType"], "NON_INTEGRATED_CCP");
    assert_eq!(rig.ask(&add, one(1)).await.expect(201), Value::Null);

    rig.ask(
        &choose,
        json!({ "premiseRouteType": "TRUNK", "premiseRouteId": "T1" }),
    )
    .await
    .expect(204);
    let chosen = rig.get(&connection).await.expect(200);
    assert_eq!(
        (
            &chosen["pstnConnectionType"],
            &chosen["routeType"],
            &chosen["routeId"]
        ),
        (&json!("LOCAL_GATEWAY"), &json!("TRUNK"), &json!("T1"))
    );
    rig.ask(&add, one(2)).await.expect(201);

    // Control Hub can choose an integrated one; numbers then come from its provider.
    let any = format!("PUT /hallway/v1/calling/locations/{id}/connection");
    rig.ask(&any, json!({ "pstnConnectionType": "CISCO_PSTN" }))
        .await
        .expect(204);
    let refused = rig.ask(&add, one(3)).await.expect(400);
    let text = refused["message"].as_str().unwrap();
    assert!(
        text.contains("not supported for this PSTN connection type"),
        "{text}"
    );
}

#[tokio::test]
async fn details_are_changed() {
    let rig = Rig::start().await;
    let location = site(&rig, "Denver", 100, 3).await;
    let path = format!("/telephony/config/locations/{location}");
    let put = format!("PUT {path}");
    let change = json!({
        "callingLineId": { "name": "Front desk", "phoneNumber": "408 555 0101" },
        "routingPrefix": "77", "outsideDialDigit": "9", "announcementLanguage": "en_us",
        "connection": { "type": "ROUTE_GROUP", "id": "R1" }, "unknown": 1,
    });
    assert_eq!(rig.ask(&put, change).await.expect(200), json!({}));
    let details = rig.get(&path).await.expect(200);
    assert_eq!(
        details["callingLineId"],
        json!({ "name": "Front desk", "phoneNumber": number(101) })
    );
    assert_eq!(
        details["connection"],
        json!({ "type": "ROUTE_GROUP", "id": "R1" })
    );
    assert_eq!(
        (&details["routingPrefix"], &details["outsideDialDigit"]),
        (&json!("77"), &json!("9"))
    );
    let main = rig
        .get("/telephony/config/numbers?order=dn-asc")
        .await
        .expect(200);
    let main: Vec<bool> = main["phoneNumbers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["mainNumber"].as_bool().unwrap())
        .collect();
    assert_eq!(main, [false, true, false], "there is one main number");
    // Null clears, absence does not.
    rig.ask(&put, json!({ "outsideDialDigit": null }))
        .await
        .expect(200);
    let details = rig.get(&path).await.expect(200);
    assert_eq!(
        (details.get("outsideDialDigit"), &details["routingPrefix"]),
        (None, &json!("77"))
    );
    for bad in [
        json!({ "routingPrefix": "x" }),
        json!({ "callingLineId": { "phoneNumber": number(999) } }),
        json!({ "callingLineId": { "phoneNumber": "12" } }),
        json!({ "outsideDialDigit": "99" }),
        json!([]),
    ] {
        rig.ask(&put, bad).await.expect(400);
    }
    let other = site(&rig, "Boulder", 200, 1).await;
    let taken = format!("PUT /telephony/config/locations/{other}");
    rig.ask(&taken, json!({ "routingPrefix": "77" }))
        .await
        .expect(409);
}
