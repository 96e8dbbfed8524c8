//! `/v1/licenses` (people-calling 3).

use hallway_platform::org::Role;
use hallway_wire::id::{LicenseId, OrgId, PersonId, decode};
use serde_json::{Value, json};

use crate::people_write::{create, license, units};
use crate::rig::{PUBLIC, Rig};

const MESSAGING: &str = "Advanced Messaging";
const MEETINGS: &str = "Meeting - Webex Meetings Suite";

async fn set_units(rig: &Rig, license: &str, total: u64) {
    let request = format!("PATCH {PUBLIC}/hallway/v1/licenses/{license}");
    rig.ask(&request, json!({ "totalUnits": total }))
        .await
        .expect(200);
}

fn codes(body: &Value) -> Vec<i64> {
    let errors = body["errors"].as_array().unwrap();
    errors
        .iter()
        .filter_map(|error| error["errorCode"].as_i64())
        .collect()
}

#[tokio::test]
async fn licenses_are_what_clients_look_for() {
    let rig = Rig::start().await;
    let all = rig
        .get(&format!("/licenses?orgId={}", rig.org.uuid()))
        .await
        .items();
    let names: Vec<&str> = all
        .iter()
        .map(|license| license["name"].as_str().unwrap())
        .collect();
    for name in [
        "Webex Calling - Professional",
        "Webex Calling - Basic",
        "Webex Calling - Workspaces",
        "Customer Experience - Essential",
        "Unified Communication Manager (UCM)",
    ] {
        assert!(names.contains(&name), "{names:?}");
    }
    for license in &all {
        for number in [
            "totalUnits",
            "consumedUnits",
            "consumedByUsers",
            "consumedByWorkspaces",
        ] {
            assert!(license[number].is_u64(), "{license}");
        }
        let id = license["id"].as_str().unwrap();
        let (kind, inner) = decode(id).unwrap();
        let (org, rest) = inner.split_once(':').unwrap();
        let uuid = rest.split('_').nth(1).unwrap();
        assert_eq!(
            (kind.as_str(), org),
            ("LICENSE", rig.org.uuid().to_string().as_str())
        );
        assert_eq!(&rig.get(&format!("/licenses/{id}")).await.expect(200), license);
        assert_eq!(&rig.get(&format!("/licenses/{uuid}")).await.expect(200), license);
    }
    let stranger = rig.stranger().await;
    let id = all[0]["id"].as_str().unwrap();
    rig.ask_as(Some(&stranger), &format!("GET /licenses/{id}"), Value::Null)
        .await
        .expect(404);
    rig.get(&format!("/licenses/{}", LicenseId::random()))
        .await
        .expect(404);
    rig.get("/licenses/zzz").await.expect(400);
    rig.get(&format!("/licenses/{id}?includeAssignedTo=cat"))
        .await
        .expect(400);
    let user = rig.token(&[], &["spark-admin:licenses_read"]).await;
    rig.ask_as(Some(&user), "GET /licenses", Value::Null)
        .await
        .expect(403);
}

#[tokio::test]
async fn holders_are_listed_in_pages() {
    let rig = Rig::start().await;
    let messaging = license(&rig, MESSAGING).await;
    let mut emails = Vec::new();
    for n in 0..7 {
        let email = format!("p{n}@example.com");
        create(&rig, &email, json!({ "licenses": [messaging] })).await;
        emails.push(email);
    }
    let mut next = Some(format!("/licenses/{messaging}?includeAssignedTo=user&limit=3"));
    let (mut sizes, mut found) = (Vec::new(), Vec::new());
    while let Some(path) = next {
        let mut answer = rig.get(&path).await;
        next = answer.next.take();
        let body = answer.expect(200);
        assert_eq!(
            (&body["consumedUnits"], &body["consumedByUsers"]),
            (&json!(7), &json!(7))
        );
        let users = body["users"].as_array().unwrap();
        sizes.push(users.len());
        for user in users {
            assert_eq!(user["type"], "INTERNAL");
            assert!(user["id"].is_string() && user["displayName"].is_string());
            found.push(user["email"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!((sizes, found), (vec![3, 3, 1], emails));
    rig.get(&format!("/licenses/{messaging}?includeAssignedTo=user&next=zzz"))
        .await
        .expect(400);
    let unasked = rig.get(&format!("/licenses/{messaging}")).await.expect(200);
    assert!(unasked.get("users").is_none());
}

#[tokio::test]
async fn people_get_what_can_be_given() {
    let rig = Rig::start().await;
    let (messaging, meetings) = (license(&rig, MESSAGING).await, license(&rig, MEETINGS).await);
    set_units(&rig, &messaging, 1).await;
    let ann = create(
        &rig,
        "ann@example.com",
        json!({ "licenses": [messaging, meetings, messaging] }),
    )
    .await;
    assert_eq!(ann["licenses"], json!([messaging, meetings]));
    // Of several those that can be given; a single one that cannot is an error, and nothing is done.
    let ben = create(
        &rig,
        "ben@example.com",
        json!({ "licenses": [messaging, meetings] }),
    )
    .await;
    assert_eq!(ben["licenses"], json!([meetings]));
    let body = json!({ "emails": ["cem@example.com"], "displayName": "Cem", "licenses": [messaging] });
    let refused = rig.ask("POST /people", body).await.expect(400);
    assert!(
        refused["message"].as_str().unwrap().contains("assigned"),
        "{refused}"
    );
    assert_eq!(rig.get("/people?email=cem@example.com").await.items().len(), 0);
    assert_eq!(
        (units(&rig, &messaging).await, units(&rig, &meetings).await),
        (1, 2)
    );
    // The list is the whole truth.
    let path = format!("PUT /people/{}", ann["id"].as_str().unwrap());
    let ann = rig
        .ask(&path, json!({ "licenses": [meetings] }))
        .await
        .expect(200);
    assert_eq!(ann["licenses"], json!([meetings]));
    rig.ask(&path, json!({ "licenses": null })).await.expect(200);
    assert_eq!(
        (units(&rig, &messaging).await, units(&rig, &meetings).await),
        (0, 2)
    );
    rig.ask(&path, json!({ "licenses": [] })).await.expect(200);
    assert_eq!(units(&rig, &meetings).await, 1);
    // What is assigned is not unbought.
    let request = format!("PATCH {PUBLIC}/hallway/v1/licenses/{meetings}");
    rig.ask(&request, json!({ "totalUnits": 0 })).await.expect(409);
}

#[tokio::test]
async fn assignments_say_how_far_they_came() {
    let rig = Rig::start().await;
    let (messaging, meetings) = (license(&rig, MESSAGING).await, license(&rig, MEETINGS).await);
    let ann = create(&rig, "ann@example.com", json!({})).await;
    let assign = async |body: Value| rig.ask("PATCH /licenses/users", body).await;
    let body = json!({ "email": "ANN@example.com", "personId": ann["id"], "orgId": rig.org,
                       "licenses": [{ "id": messaging }, { "id": meetings, "operation": "ADD" }],
                       "siteUrls": [{ "siteUrl": "Site.example.com", "accountType": "ATTENDEE" }] });
    let done = assign(body.clone()).await.expect(200);
    assert_eq!(done["licenses"], json!([messaging, meetings]));
    assert_eq!(
        done["siteUrls"],
        json!([{ "siteUrl": "site.example.com", "accountType": "attendee" }])
    );
    assert_eq!(
        (&done["pendingLicenses"], &done["personId"]),
        (&json!([]), &ann["id"])
    );
    assert_eq!(assign(body).await.expect(200), done, "again");
    assert_eq!(units(&rig, &messaging).await, 1);
    let body = json!({ "personId": ann["id"], "licenses": [{ "id": messaging, "operation": "remove" },
                       { "id": LicenseId::random() }] });
    let done = assign(body).await.expect(206);
    assert_eq!(done["licenses"], json!([meetings]));
    assert_eq!(units(&rig, &messaging).await, 0);

    let professional = license(&rig, "Webex Calling - Professional").await;
    let basic = license(&rig, "Webex Calling - Basic").await;
    let console = license(&rig, "Attendant Console").await;
    for (licenses, expected) in [
        (json!([{ "id": LicenseId::random() }]), vec![400_000]),
        (json!([{ "id": professional }]), vec![400_411]),
        (json!([{ "id": professional, "properties": {} }]), vec![400_411]),
        (json!([{ "id": console }]), vec![400_408]),
        (
            json!([{ "id": professional }, { "id": basic }]),
            vec![400_404, 400_404],
        ),
        (
            json!([{ "id": professional, "properties": { "locationId": hallway_wire::id::LocationId::random(), "extension": "12" } }]),
            vec![400],
        ),
    ] {
        let refused = assign(json!({ "personId": ann["id"], "licenses": licenses }))
            .await
            .expect(400);
        assert_eq!(codes(&refused), expected, "{refused}");
    }
    let ben = create(&rig, "ben@example.com", json!({})).await;
    for body in [
        json!({ "licenses": [{ "id": messaging }] }),
        json!({ "email": "nobody@example.com", "licenses": [{ "id": messaging }] }),
        json!({ "email": "ann@example.com", "personId": ben["id"], "licenses": [{ "id": messaging }] }),
        json!({ "personId": ann["id"] }),
        json!({ "personId": ann["id"], "licenses": [{ "id": messaging, "operation": "steal" }] }),
        json!({ "personId": ann["id"], "licenses": [{}] }),
        json!({ "personId": ann["id"], "licenses": [{ "id": messaging }, { "id": messaging, "operation": "remove" }] }),
    ] {
        assign(body).await.expect(400);
    }
    let body = json!({ "personId": ann["id"], "siteUrls": [{ "siteUrl": "site.example.com", "accountType": "host" }] });
    assert_eq!(codes(&assign(body).await.expect(400)), [400_216]);
    assign(json!({ "personId": PersonId::random(), "licenses": [{ "id": messaging }] }))
        .await
        .expect(404);
    assign(json!({ "personId": ann["id"], "orgId": OrgId::random(), "licenses": [{ "id": messaging }] }))
        .await
        .expect(404);
    let reader = rig
        .token(&[Role::ReadOnlyAdmin], &["spark-admin:people_write"])
        .await;
    rig.ask_as(Some(&reader), "PATCH /licenses/users", json!({}))
        .await
        .expect(403);
}

#[tokio::test]
async fn one_of_many_gets_the_last_unit() {
    let rig = Rig::start().await;
    let messaging = license(&rig, MESSAGING).await;
    set_units(&rig, &messaging, 1).await;
    let mut people = Vec::new();
    for n in 0..50 {
        people.push(create(&rig, &format!("p{n}@example.com"), json!({})).await["id"].clone());
    }
    let asks = people.iter().map(|id| {
        rig.ask(
            "PATCH /licenses/users",
            json!({ "personId": id, "licenses": [{ "id": messaging }] }),
        )
    });
    let (mut won, mut lost) = (0, 0);
    for answer in futures_util::future::join_all(asks).await {
        match answer.status.as_u16() {
            200 => won += 1,
            400 => lost += 1,
            other => panic!("{other}: {}", answer.body),
        }
    }
    assert_eq!((won, lost), (1, 49));
    assert_eq!(units(&rig, &messaging).await, 1);
    let holders = rig
        .get(&format!("/licenses/{messaging}?includeAssignedTo=user"))
        .await
        .expect(200);
    assert_eq!(holders["users"].as_array().unwrap().len(), 1);
}
