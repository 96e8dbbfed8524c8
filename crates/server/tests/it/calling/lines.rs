//! Lines of people: given with a license, changed, taken away; alternate numbers (people-calling 1, 2.3, 5.5, 6).

use hallway_platform::org::Role;
use serde_json::{Value, json};

use super::{codes, listed, number, numbers_of, site};
use crate::rig::Rig;

/// Everything that a service desk's connector may do: its workflows must get by with this.
const CONNECTOR: &[&str] = &[
    "spark-admin:people_read",
    "spark-admin:people_write",
    "spark-admin:licenses_read",
    "spark-admin:telephony_config_read",
    "spark-admin:telephony_config_write",
];

async fn person(rig: &Rig, name: &str) -> String {
    let body = json!({ "emails": [format!("{name}@example.com")], "firstName": name, "lastName": "Berg" });
    let made = rig.ask("POST /people", body).await.expect(200);
    made["id"].as_str().unwrap().to_owned()
}

async fn license(rig: &Rig) -> Value {
    let all = rig.get("/licenses").await.items();
    all.into_iter()
        .find(|it| it["name"] == "Webex Calling - Professional")
        .unwrap()
}

async fn assign(rig: &Rig, person: &str, properties: Value) -> crate::rig::Answer {
    let license = license(rig).await;
    let body = json!({
        "personId": person,
        "licenses": [{ "id": license["id"], "operation": "add", "properties": properties }],
    });
    rig.ask("PATCH /licenses/users", body).await
}

/// The numbers of a person.
async fn lines(rig: &Rig, person: &str) -> Value {
    let answer = rig.get(&format!("/people/{person}/features/numbers")).await;
    answer.expect(200)["phoneNumbers"].clone()
}

#[tokio::test]
async fn a_license_brings_a_line() {
    let rig = Rig::start().await;
    let location = site(&rig, "Denver", 100, 4).await;
    let ada = person(&rig, "ada").await;
    let before = license(&rig).await["consumedUnits"].as_u64().unwrap();
    // Nothing to call with, nowhere to call from.
    assign(&rig, &ada, json!({ "locationId": location }))
        .await
        .expect(400);
    assign(&rig, &ada, json!({ "extension": "4711" }))
        .await
        .expect(400);
    let given = assign(
        &rig,
        &ada,
        json!({ "phoneNumber": number(101), "extension": "4711" }),
    )
    .await;
    given.expect(200);
    let shown = rig
        .get(&format!("/people/{ada}?callingData=true"))
        .await
        .expect(200);
    assert_eq!(
        (&shown["locationId"], &shown["extension"]),
        (&json!(location.to_string()), &json!("4711"))
    );
    let work = &shown["phoneNumbers"].as_array().unwrap()[0];
    assert_eq!(
        (&work["type"], &work["value"], &work["primary"]),
        (&json!("work"), &json!(number(101)), &json!(true))
    );
    assert_eq!(license(&rig).await["consumedUnits"], before + 1);
    let numbers = rig
        .get(&format!("/people/{ada}/features/numbers"))
        .await
        .expect(200);
    assert_eq!(
        numbers["phoneNumbers"],
        json!([{ "primary": true, "directNumber": number(101), "extension": "4711", "routingPrefix": "81", "esn": "814711" }])
    );
    let owned = listed(&rig, "extension=4711").await;
    assert_eq!(
        (&owned[0]["owner"]["id"], &owned[0]["owner"]["lastName"]),
        (&json!(ada), &json!("Berg"))
    );
    assert_eq!(owned[0]["esn"], "814711");
    // The extension is Ada's now, the number too.
    let bob = person(&rig, "bob").await;
    let taken = assign(&rig, &bob, json!({ "locationId": location, "extension": "4711" })).await;
    assert_eq!(codes(&taken.expect(400)), [4202]);
    let taken = assign(&rig, &bob, json!({ "phoneNumber": number(101) })).await;
    taken.expect(409);
    let main = assign(&rig, &bob, json!({ "phoneNumber": number(100) })).await;
    main.expect(409);

    // An extension alone is a line too.
    assign(&rig, &bob, json!({ "locationId": location, "extension": "4712" }))
        .await
        .expect(200);
    let only = listed(&rig, "numberType=EXTENSION").await;
    assert_eq!((only.len(), only[0].get("phoneNumber")), (1, None));
    let shown = rig.get(&format!("/people/{bob}")).await.expect(200);
    assert_eq!(
        shown["phoneNumbers"],
        json!([{ "type": "work_extension", "value": "814712", "primary": true }])
    );

    // A new name is shown at the number.
    rig.ask(
        &format!("PUT /people/{ada}"),
        json!({ "displayName": "Ada L", "lastName": "Lovelace" }),
    )
    .await
    .expect(200);
    assert_eq!(
        numbers_of(&listed(&rig, "ownerName=lovelace").await),
        [number(101)]
    );

    // Who leaves frees everything at once.
    rig.ask(&format!("DELETE /people/{ada}"), Value::Null)
        .await
        .expect(204);
    assert_eq!(listed(&rig, "extension=4711").await, [] as [Value; 0]);
    let free = numbers_of(&listed(&rig, "available=true&order=dn-asc").await).join(" ");
    assert!(free.contains(&number(101)), "{free}");
    assert_eq!(license(&rig).await["consumedUnits"], before + 1, "Bob's is left");
}

#[tokio::test]
async fn a_line_is_changed_as_a_whole() {
    let rig = Rig::start().await;
    let location = site(&rig, "Denver", 100, 4).await;
    let other = site(&rig, "Boulder", 200, 2).await;
    let ada = person(&rig, "ada").await;
    let put = format!("PUT /people/{ada}?callingData=true");
    let id = license(&rig).await["id"].clone();
    // Assigning by update, with the numbers as one object, as wxcadm does.
    let body = json!({
        "displayName": "Ada Berg", "licenses": [id], "locationId": location, "extension": "4711",
        "phoneNumbers": { "type": "work", "value": "408 555 0101" },
    });
    rig.ask(&put, body).await.expect(200);
    assert_eq!(lines(&rig, &ada).await[0]["directNumber"], number(101));
    // Number gone, extension stays: what is not said is not there.
    rig.ask(&put, json!({ "displayName": "Ada Berg", "extension": "4712" }))
        .await
        .expect(200);
    let now = lines(&rig, &ada).await;
    assert_eq!(
        (now[0].get("directNumber"), &now[0]["extension"]),
        (None, &json!("4712"))
    );
    assert_eq!(listed(&rig, "extension=4711").await.len(), 0);
    let both = json!({ "displayName": "Ada Berg", "extension": "4712", "phoneNumbers": [{ "type": "work", "value": number(102) }] });
    rig.ask(&put, both).await.expect(200);
    let now = lines(&rig, &ada).await;
    assert_eq!(
        (&now[0]["directNumber"], &now[0]["extension"]),
        (&json!(number(102)), &json!("4712"))
    );
    // Not said at all: unchanged.
    rig.ask(&put, json!({ "displayName": "Ada Berg", "title": "x" }))
        .await
        .expect(200);
    assert_eq!(lines(&rig, &ada).await, now);
    // An empty line cannot be while the license stays; nor can the location change, nor a number be elsewhere.
    for bad in [
        json!({ "displayName": "Ada", "extension": null, "phoneNumbers": [] }),
        json!({ "displayName": "Ada", "locationId": other }),
        json!({ "displayName": "Ada", "phoneNumbers": [{ "type": "work", "value": number(201) }] }),
        json!({ "displayName": "Ada", "extension": "x" }),
    ] {
        rig.ask(&put, bad.clone()).await.expect(400);
    }
    assert_eq!(lines(&rig, &ada).await, now, "nothing is half done");
    // Taking the license away takes the line away.
    rig.ask(
        &put,
        json!({ "displayName": "Ada Berg", "licenses": [], "extension": null }),
    )
    .await
    .expect(200);
    assert_eq!(lines(&rig, &ada).await, json!([]));
    let shown = rig
        .get(&format!("/people/{ada}?callingData=true"))
        .await
        .expect(200);
    assert_eq!((shown.get("locationId"), shown.get("extension")), (None, None));
}

#[tokio::test]
async fn alternate_numbers_come_and_go() {
    let rig = Rig::start().await;
    let location = site(&rig, "Denver", 100, 20).await;
    site(&rig, "Boulder", 200, 2).await;
    let ada = person(&rig, "ada").await;
    let put = format!("PUT /telephony/config/people/{ada}/numbers");
    let change = |action: &str, last: u32| json!({ "phoneNumbers": [{ "action": action, "directNumber": number(last) }] });
    rig.ask(&put, change("ADD", 102)).await.expect(400);
    assign(&rig, &ada, json!({ "locationId": location, "extension": "4711" }))
        .await
        .expect(200);
    let path = format!("/people/{ada}/features/numbers");
    let before = rig.get(&path).await.expect(200);

    let added = json!({
        "enableDistinctiveRingPattern": true,
        "phoneNumbers": [
            { "primary": false, "action": "ADD", "external": number(102), "ringPattern": "LONG_LONG" },
            { "primary": false, "action": "ADD", "directNumber": number(103), "extension": "4713" },
        ],
    });
    rig.ask(&put, added).await.expect(204);
    let now = rig.get(&path).await.expect(200);
    assert_eq!(now["distinctiveRingEnabled"], true);
    let shown: Vec<(Value, Value, Value)> = now["phoneNumbers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            (
                it["primary"].clone(),
                it["directNumber"].clone(),
                it["ringPattern"].clone(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            (json!(true), Value::Null, Value::Null),
            (json!(false), json!(number(102)), json!("LONG_LONG")),
            (json!(false), json!(number(103)), json!("NORMAL")),
        ]
    );
    assert_eq!(
        numbers_of(&listed(&rig, "phoneNumberType=ALTERNATE&order=dn-asc").await),
        [number(102), number(103)]
    );
    assert_eq!(
        codes(&rig.ask(&put, change("ADD", 102)).await.expect(409)),
        [10_030_003]
    );
    assert_eq!(
        codes(&rig.ask(&put, change("ADD", 999)).await.expect(400)),
        [10_030_000]
    );
    assert_eq!(
        codes(&rig.ask(&put, change("ADD", 201)).await.expect(400)),
        [10_030_001]
    );
    assert_eq!(
        codes(&rig.ask(&put, change("DELETE", 104)).await.expect(404)),
        [10_030_000]
    );
    rig.ask(&put, json!({ "phoneNumbers": [{ "directNumber": number(104) }] }))
        .await
        .expect(400);
    rig.ask(&put, json!({})).await.expect(400);
    // Ten at most.
    let many: Vec<Value> = (104..113)
        .map(|last| json!({ "action": "ADD", "directNumber": number(last) }))
        .collect();
    rig.ask(&put, json!({ "phoneNumbers": many })).await.expect(400);

    for last in [102, 103] {
        rig.ask(&put, change("DELETE", last)).await.expect(204);
    }
    rig.ask(
        &put,
        json!({ "enableDistinctiveRingPattern": false, "phoneNumbers": [] }),
    )
    .await
    .expect(204);
    assert_eq!(rig.get(&path).await.expect(200), before);
    let free = rig
        .get(&format!(
            "/telephony/config/people/{ada}/secondary/availableNumbers?phoneNumber=50102"
        ))
        .await;
    assert_eq!(free.expect(200)["phoneNumbers"][0]["phoneNumber"], number(102));
}

#[tokio::test]
async fn a_service_desk_gets_by_with_five_scopes() {
    let rig = Rig::start().await;
    let location = site(&rig, "Denver", 100, 5).await;
    let token = rig.token(&[Role::FullAdmin], CONNECTOR).await;
    let ask = |request: String, body: Value| {
        let (rig, token) = (&rig, &token);
        async move { rig.ask_as(Some(token), &request, body).await }
    };
    let get = |path: &str| ask(format!("GET {path}"), Value::Null);
    // Create, get, update.
    let made = ask(
        "POST /people".to_owned(),
        json!({ "emails": ["new@example.com"], "displayName": "New" }),
    )
    .await
    .expect(200);
    let id = made["id"].as_str().unwrap().to_owned();
    assert_eq!(
        get("/people?email=new@example.com&callingData=true")
            .await
            .items()
            .len(),
        1
    );
    ask(
        format!("PUT /people/{id}?callingData=true"),
        json!({ "displayName": "Newer" }),
    )
    .await
    .expect(200);
    // Enable calling.
    let licenses = get("/licenses").await.items();
    let license = licenses
        .iter()
        .find(|it| it["name"] == "Webex Calling - Professional")
        .unwrap();
    assert!(!get("/locations").await.items().is_empty());
    let free = get(&format!(
        "/telephony/config/numbers?locationId={location}&available=true"
    ))
    .await
    .expect(200);
    let free = free["phoneNumbers"][0]["phoneNumber"].clone();
    let assign = json!({ "personId": id, "licenses": [{ "id": license["id"], "properties": { "phoneNumber": free } }] });
    ask("PATCH /licenses/users".to_owned(), assign).await.expect(200);
    // Assign, list, unassign.
    let change =
        |action: &str| json!({ "phoneNumbers": [{ "action": action, "directNumber": number(103) }] });
    let numbers = format!("/telephony/config/people/{id}/numbers");
    ask(format!("PUT {numbers}"), change("ADD")).await.expect(204);
    let held = get(&format!("/people/{id}/features/numbers")).await.expect(200);
    assert_eq!(held["phoneNumbers"].as_array().unwrap().len(), 2);
    ask(format!("PUT {numbers}"), change("DELETE")).await.expect(204);
    // Add numbers to a location, and check them.
    let add = json!({ "phoneNumbers": [number(150)] });
    ask(
        "POST /telephony/config/actions/validateNumbers/invoke".to_owned(),
        add.clone(),
    )
    .await
    .expect(200);
    ask(
        format!("POST /telephony/config/locations/{location}/numbers"),
        add,
    )
    .await
    .expect(201);
    ask(format!("DELETE /people/{id}"), Value::Null).await.expect(204);
}
