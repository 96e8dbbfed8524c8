//! Creating, changing and deleting people (people-calling 2).

use hallway_platform::org::Role;
use hallway_wire::id::{LicenseId, LocationId, PersonId};
use serde_json::{Value, json};

use crate::rig::Rig;

const SCOPES: [&str; 4] = [
    "spark-admin:people_read",
    "spark-admin:people_write",
    "spark-admin:licenses_read",
    "spark-admin:roles_read",
];

pub(crate) async fn create(rig: &Rig, email: &str, more: Value) -> Value {
    let mut body = json!({ "emails": [email], "displayName": email.split('@').next() });
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    rig.ask("POST /people", body).await.expect(200)
}

/// The id of a license by its name.
pub(crate) async fn license(rig: &Rig, name: &str) -> String {
    let all = rig.get("/licenses").await.items();
    let found = all.iter().find(|license| license["name"] == name);
    found.unwrap_or_else(|| panic!("{name}: {all:?}"))["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

pub(crate) async fn units(rig: &Rig, license: &str) -> u64 {
    let license = rig.get(&format!("/licenses/{license}")).await.expect(200);
    license["consumedUnits"].as_u64().unwrap()
}

#[tokio::test]
async fn a_person_from_beginning_to_end() {
    let rig = Rig::start().await;
    let body = json!({
        "emails": ["Ann.Bee+x@example.com"], "firstName": "Ann", "lastName": "Bee", "title": "Dr", "department": "Lab",
        "manager": "boss@example.com", "siteUrls": ["site.example.com#attendee"], "unknown": [1],
        "addresses": [{ "type": "work", "country": "NO", "locality": "Oslo", "streetAddress": "Street 1" }],
    });
    let ann = rig.ask("POST /people?callingData=true", body).await.expect(200);
    assert_eq!(ann["displayName"], "Ann Bee");
    assert_eq!(ann["nickName"], "Ann");
    assert_eq!(
        (&ann["invitePending"], &ann["loginEnabled"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(
        (&ann["status"], &ann["type"]),
        (&json!("pending"), &json!("person"))
    );
    assert_eq!(
        (&ann["licenses"], &ann["roles"], &ann["phoneNumbers"]),
        (&json!([]), &json!([]), &json!([]))
    );
    let path = format!("/people/{}", ann["id"].as_str().unwrap());
    assert_eq!(rig.get(&path).await.expect(200), ann);
    let found = rig.get("/people?email=ann.bee+x@example.com").await.items();
    assert_eq!(found.len(), 1, "without case, with a raw plus");

    // Everything that the body does not mention stays.
    let changed = rig
        .ask(
            &format!("PUT {path}?minResponse=true"),
            json!({ "displayName": "Ann B." }),
        )
        .await
        .expect(200);
    assert_eq!(changed, json!({ "id": ann["id"] }));
    let mut expected = ann.clone();
    expected["displayName"] = json!("Ann B.");
    assert_eq!(rig.get(&path).await.expect(200), expected);
    // What is null or empty goes.
    let body = json!({ "displayName": "Ann B.", "title": null, "department": "", "addresses": [], "firstName": "Anna" });
    let changed = rig.ask(&format!("PUT {path}"), body).await.expect(200);
    for gone in ["title", "department", "addresses"] {
        assert!(changed.get(gone).is_none(), "{gone}: {changed}");
    }
    assert_eq!(
        (&changed["nickName"], &changed["manager"]),
        (&json!("Anna"), &json!("boss@example.com"))
    );
    // What it sends back as it read it is the same again.
    let again = rig
        .ask(&format!("PUT {path}?callingData=True"), changed.clone())
        .await
        .expect(200);
    assert_eq!(again, changed);

    rig.ask(&format!("DELETE {path}"), Value::Null).await.expect(204);
    rig.get(&path).await.expect(404);
    assert_eq!(
        rig.get("/people?email=ann.bee%2Bx@example.com")
            .await
            .items()
            .len(),
        0
    );
    rig.ask(&format!("DELETE {path}"), Value::Null).await.expect(404);
}

#[tokio::test]
async fn bad_requests_say_where() {
    let rig = Rig::start().await;
    let ann = create(&rig, "ann@example.com", json!({})).await;
    let path = format!("PUT /people/{}", ann["id"].as_str().unwrap());
    for (body, what) in [
        (json!({}), "emails"),
        (json!({ "emails": [] }), "emails"),
        (
            json!({ "emails": ["a@b.c", "d@e.f"], "displayName": "x" }),
            "emails",
        ),
        (json!({ "emails": ["nonsense"], "displayName": "x" }), "emails"),
        (json!({ "emails": ["b@example.com"] }), "displayName"),
        (
            json!({ "emails": ["b@example.com"], "displayName": "x".repeat(300) }),
            "displayName",
        ),
        (
            json!({ "emails": ["b@example.com"], "displayName": "x", "roles": ["zzz"] }),
            "ID",
        ),
        (
            json!({ "emails": ["b@example.com"], "displayName": "x", "roles": [PersonId::random().uuid()] }),
            "roles",
        ),
        (
            json!({ "emails": ["b@example.com"], "displayName": "x", "managerId": PersonId::random() }),
            "managerId",
        ),
        (
            json!({ "emails": ["b@example.com"], "displayName": "x", "licenses": [LicenseId::random()] }),
            "license",
        ),
        (
            json!({ "emails": ["b@example.com"], "displayName": "x", "extension": "12" }),
            "license",
        ),
        (
            json!({ "emails": ["b@example.com"], "displayName": "x", "locationId": LocationId::random() }),
            "license",
        ),
        (
            json!({ "emails": ["b@example.com"], "displayName": "x", "phoneNumbers": 7 }),
            "phoneNumbers",
        ),
    ] {
        let refused = rig.ask("POST /people", body.clone()).await.expect(400);
        let message = refused["message"].as_str().unwrap();
        assert!(message.contains(what), "{body}: {message}");
    }
    for body in [
        json!({ "displayName": "" }),
        json!({ "extension": "12" }),
        json!({ "emails": ["x"] }),
    ] {
        rig.ask(&path, body).await.expect(400);
    }
    assert_eq!(
        rig.get("/people?email=b@example.com").await.items().len(),
        0,
        "nothing half done"
    );
    rig.ask("PUT /people/zzz", json!({ "displayName": "x" }))
        .await
        .expect(400);
    rig.ask(
        &format!("PUT /people/{}", PersonId::random()),
        json!({ "displayName": "x" }),
    )
    .await
    .expect(404);
    let answer = rig
        .ask(
            &format!("POST /people?orgId={}", hallway_wire::id::OrgId::random()),
            json!({}),
        )
        .await;
    answer.expect(404);
}

#[tokio::test]
async fn an_address_is_one_persons() {
    let rig = Rig::start().await;
    create(&rig, "ann@example.com", json!({})).await;
    let body = json!({ "emails": ["ANN@example.com"], "displayName": "Ann" });
    rig.ask("POST /people", body.clone()).await.expect(409);
    let ben = create(&rig, "ben@example.com", json!({})).await;
    let path = format!("PUT /people/{}", ben["id"].as_str().unwrap());
    rig.ask(&path, body.clone()).await.expect(409);
    rig.ask(&path, json!({ "emails": ["BEN@example.com"] }))
        .await
        .expect(200);
    // An address of another organization is not for here.
    let stranger = rig.stranger().await;
    rig.ask_as(Some(&stranger), "POST /people", body)
        .await
        .expect(400);

    // Of many who create the same person at once, one does.
    let body = json!({ "emails": ["cem@example.com"], "displayName": "Cem" });
    let (mut won, mut lost) = (0, 0);
    let all = (0..20).map(|_| rig.ask("POST /people", body.clone()));
    for answer in futures_util::future::join_all(all).await {
        match answer.status.as_u16() {
            200 => won += 1,
            409 => lost += 1,
            other => panic!("{other}: {}", answer.body),
        }
    }
    assert_eq!((won, lost), (1, 19));
}

#[tokio::test]
async fn rights_are_given_by_who_has_them() {
    let rig = Rig::start().await;
    let roles = rig.get("/roles").await.items();
    assert_eq!(roles.len(), 8);
    let role = |name: &str| roles.iter().find(|role| role["name"] == name).unwrap()["id"].clone();
    let (full, user) = (role("Full Administrator"), role("User Administrator"));
    let ann = create(&rig, "ann@example.com", json!({ "roles": [user] })).await;
    assert_eq!(ann["roles"], json!([user]));
    let path = format!("/people/{}", ann["id"].as_str().unwrap());

    let user_admin = rig.token(&[Role::UserAdmin], &SCOPES).await;
    let as_user_admin = |request: String, body: Value| {
        let (rig, user_admin) = (&rig, &user_admin);
        async move { rig.ask_as(Some(user_admin), &request, body).await }
    };
    let body = json!({ "emails": ["eve@example.com"], "displayName": "Eve", "roles": [full] });
    as_user_admin("POST /people".to_owned(), body).await.expect(403);
    as_user_admin(format!("PUT {path}"), json!({ "roles": [full, user] }))
        .await
        .expect(403);
    as_user_admin(format!("PUT {path}"), json!({ "roles": [user], "title": "T" }))
        .await
        .expect(200);
    let me = rig.get("/people/me").await.expect(200);
    let admin = format!("/people/{}", me["id"].as_str().unwrap());
    as_user_admin(format!("PUT {admin}"), json!({ "title": "T" }))
        .await
        .expect(403);
    as_user_admin(format!("DELETE {admin}"), Value::Null)
        .await
        .expect(403);

    for (roles, scopes) in [
        (&[Role::ReadOnlyAdmin][..], &SCOPES[..]),
        (&[Role::DeviceAdmin], &SCOPES),
        (&[], &SCOPES),
        (&[Role::FullAdmin], &SCOPES[..1]),
    ] {
        let token = rig.token(roles, scopes).await;
        let body = json!({ "emails": ["no@example.com"], "displayName": "No" });
        rig.ask_as(Some(&token), "POST /people", body).await.expect(403);
        rig.ask_as(Some(&token), &format!("DELETE {path}"), Value::Null)
            .await
            .expect(403);
    }
}

#[tokio::test]
async fn somebody_always_administers() {
    let rig = Rig::start().await;
    let me = rig.get("/people/me").await.expect(200);
    let path = format!("/people/{}", me["id"].as_str().unwrap());
    rig.ask(&format!("DELETE {path}"), Value::Null).await.expect(409);
    rig.ask(&format!("PUT {path}"), json!({ "roles": [] }))
        .await
        .expect(409);
    rig.ask(&format!("PUT {path}"), json!({ "loginEnabled": "false" }))
        .await
        .expect(409);
    // A second one, and both go at once: one stays.
    let second = PersonId::random();
    let token = rig.token_of(second, &[Role::FullAdmin], &SCOPES).await;
    // Each itself: nobody but an operator takes an operator away.
    let (first_path, second_path) = (format!("DELETE {path}"), format!("DELETE /people/{second}"));
    let (one, other) = tokio::join!(
        rig.ask(&first_path, Value::Null),
        rig.ask_as(Some(&token), &second_path, Value::Null),
    );
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409]);
}

#[tokio::test]
async fn who_goes_loses_everything() {
    let rig = Rig::start().await;
    let id = PersonId::random();
    let token = rig.token_of(id, &[], &["spark:people_read"]).await;
    rig.ask_as(Some(&token), "GET /people/me", Value::Null)
        .await
        .expect(200);
    let messaging = license(&rig, "Advanced Messaging").await;
    rig.ask(&format!("PUT /people/{id}"), json!({ "licenses": [messaging] }))
        .await
        .expect(200);
    assert_eq!(units(&rig, &messaging).await, 1);
    let seen = rig
        .ask_as(Some(&token), "GET /people/me", Value::Null)
        .await
        .expect(200);
    assert_eq!(
        seen["licenses"],
        json!([messaging]),
        "the session knows the change"
    );
    // Whose sign-in is disabled is nobody.
    rig.ask(&format!("PUT /people/{id}"), json!({ "loginEnabled": false }))
        .await
        .expect(200);
    rig.ask_as(Some(&token), "GET /people/me", Value::Null)
        .await
        .expect(401);
    rig.ask(&format!("PUT /people/{id}"), json!({ "loginEnabled": "true" }))
        .await
        .expect(200);
    rig.ask_as(Some(&token), "GET /people/me", Value::Null)
        .await
        .expect(200);
    rig.ask(&format!("DELETE /people/{id}"), Value::Null)
        .await
        .expect(204);
    rig.ask_as(Some(&token), "GET /people/me", Value::Null)
        .await
        .expect(401);
    assert_eq!(units(&rig, &messaging).await, 0);
}

#[tokio::test]
async fn ten_thousand_people_are_walked_page_by_page() {
    use hallway_platform::org::{Person, PersonKind};
    use hallway_platform::place::Seed;
    let rig = Rig::start().await;
    let office = LocationId::random();
    let people = (0..10_000_u32).map(|n| {
        let name = format!("{} person {n:05}", if n % 10 == 0 { "Zoë" } else { "Ann" });
        let email = format!("p{n}@example.com");
        Person {
            roles: if n % 1000 == 0 {
                vec![Role::DeviceAdmin]
            } else {
                Vec::new()
            },
            location: (n % 100 == 0).then_some(office),
            ..Person::new(
                PersonId::random(),
                rig.org,
                PersonKind::Person,
                email,
                name,
                crate::rig::NOW,
            )
        }
    });
    rig.platform
        .seed(Seed {
            people: people.collect(),
            ..Seed::default()
        })
        .await
        .unwrap();
    let walk = async |path: &str| {
        let (mut next, mut sizes, mut names) = (Some(path.to_owned()), Vec::new(), Vec::new());
        while let Some(path) = next {
            let mut answer = rig.get(&path).await;
            next = answer.next.take();
            let items = answer.items();
            sizes.push(items.len());
            names.extend(
                items
                    .iter()
                    .map(|item| item["displayName"].as_str().unwrap().to_lowercase()),
            );
        }
        (sizes, names)
    };
    let (sizes, names) = walk("/people?max=1000").await;
    // The administrator is there too.
    assert_eq!((sizes.len(), sizes[10], names.len()), (11, 1, 10_001));
    assert!(sizes[..10].iter().all(|&size| size == 1000));
    let distinct: std::collections::BTreeSet<&String> = names.iter().collect();
    assert_eq!(distinct.len(), names.len());

    let (sizes, names) = walk("/people?displayName=ZO%C3%8B&max=400").await;
    assert_eq!(sizes, [400, 400, 200]);
    assert!(names.is_sorted() && names.iter().all(|name| name.starts_with("zoë")));
    let (sizes, _) = walk(&format!("/people?locationId={office}&max=999")).await;
    assert_eq!(sizes, [50, 50], "at most 50 of a location");
    let (sizes, _) = walk("/people?callingData=true&max=999&displayName=zoe").await;
    assert_eq!(sizes, [0]);
    let role = Role::DeviceAdmin.id();
    let (sizes, names) = walk(&format!("/people?roles={role}&max=6")).await;
    assert_eq!((sizes, names.len()), (vec![6, 4], 10));
    let both = format!(
        "/people?roles={role},{}&locationId={office}&displayName=zoë person 0&max=3",
        Role::FullAdmin.id()
    );
    let (sizes, names) = walk(&both.replace(' ', "+")).await;
    assert_eq!((sizes.len(), names.len()), (4, 10));
}
