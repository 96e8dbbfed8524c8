//! `/v1/people`, `/v1/roles` and `/v1/organizations`.

use hallway_platform::org::{Person, PersonKind};
use hallway_platform::place::Seed;
use hallway_wire::id::PersonId;
use serde_json::{Value, json};

use crate::rig::{NOW, Rig};

fn person(rig: &Rig, name: &str) -> Person {
    let (email, called) = (format!("{name}+x@example.com"), format!("{name} Example"));
    let id = PersonId::random();
    Person {
        first_name: Some(name.to_owned()),
        title: Some("Dr".to_owned()),
        ..Person::new(id, rig.org, PersonKind::Person, email, called, NOW)
    }
}

#[tokio::test]
async fn oneself_and_others() {
    let rig = Rig::start().await;
    let me = rig.get("/people/me?callingData=True").await.expect(200);
    assert_eq!(
        (&me["displayName"], &me["type"]),
        (&json!("Ada Admin"), &json!("person"))
    );
    assert_eq!(me["orgId"], json!(rig.org));
    let roles = rig.get("/roles").await.items();
    assert!(
        roles
            .iter()
            .any(|role| role["name"] == "Full Administrator" && role["id"] == me["roles"][0])
    );
    let role = rig
        .get(&format!("/roles/{}", roles[0]["id"].as_str().unwrap()))
        .await
        .expect(200);
    assert_eq!(role, roles[0]);
    let uuid = me["id"].as_str().unwrap().parse::<PersonId>().unwrap().uuid();
    assert_eq!(rig.get(&format!("/people/{uuid}")).await.expect(200), me);
    let user = rig.token(&[], &["spark:people_read"]).await;
    let seen = rig
        .ask_as(Some(&user), &format!("GET /people/{uuid}"), Value::Null)
        .await
        .expect(200);
    assert!(seen.get("roles").is_none() && seen.get("loginEnabled").is_none());
    let refused = rig
        .ask_as(Some(&user), "GET /people", Value::Null)
        .await
        .expect(400);
    assert_eq!(
        refused["message"],
        "Email, displayName, or id list should be specified."
    );
}

#[tokio::test]
async fn finds_people_page_by_page() {
    let rig = Rig::start().await;
    let people: Vec<Person> = (b'a'..b'k')
        .map(|c| person(&rig, &char::from(c).to_string().repeat(3)))
        .collect();
    rig.platform
        .seed(Seed {
            people: people.clone(),
            ..Seed::default()
        })
        .await
        .unwrap();
    assert_eq!(
        rig.get("/people?email=AAA%2Bx@example.com").await.items().len(),
        1
    );
    assert_eq!(
        rig.get("/people?email=aaa+x@example.com").await.items().len(),
        1,
        "a raw plus"
    );
    assert_eq!(rig.get("/people?email=nobody@example.com").await.items().len(), 0);
    assert_eq!(rig.get("/people?displayName=CC").await.items().len(), 1);
    let nobody = PersonId::random();
    let found = rig
        .get(&format!("/people?id={},{nobody}", people[0].id))
        .await
        .expect(200);
    assert_eq!(
        (&found["items"][0]["id"], &found["notFoundIds"]),
        (&json!(people[0].id), &json!([nobody]))
    );
    let many = vec![nobody.to_string(); 86].join(",");
    rig.get(&format!("/people?id={many}")).await.expect(400);

    let mut next = Some("/people?max=3&excludeStatus=true".to_owned());
    let mut ids = std::collections::BTreeSet::new();
    let mut pages = 0;
    while let Some(path) = next {
        let mut answer = rig.get(&path).await;
        // One client repeats what it asked for beside the cursor.
        next = answer
            .next
            .take()
            .map(|url| format!("{url}&max=1&displayName=zzz"));
        for item in answer.items() {
            assert!(item.get("status").is_none());
            ids.insert(item["id"].to_string());
        }
        pages += 1;
    }
    assert_eq!((ids.len(), pages), (11, 4));
    rig.get("/people?cursor=broken").await.expect(400);
}

#[tokio::test]
async fn organizations() {
    let rig = Rig::start().await;
    let own = rig.get("/organizations").await.items();
    assert_eq!(
        own,
        [json!({ "id": rig.org, "displayName": "Acme", "created": NOW })]
    );
    let path = format!("/organizations/{}", rig.org.uuid());
    let calling = rig.get(&format!("{path}?callingData=true")).await.expect(200);
    assert_eq!(calling["xsiDomain"], "hallway.example");
    let refused = rig.ask(&format!("DELETE {path}"), Value::Null).await.expect(409);
    assert!(refused["message"].as_str().unwrap().contains("cannot be deleted"));
}
