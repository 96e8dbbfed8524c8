//! `/v1/groups` (people-calling 4).

use hallway_platform::org::Role;
use hallway_wire::id::{GroupId, PersonId, decode};
use serde_json::{Value, json};

use crate::people_write::create;
use crate::rig::Rig;

async fn people(rig: &Rig, count: usize) -> Vec<Value> {
    let mut ids = Vec::new();
    for n in 0..count {
        ids.push(create(rig, &format!("p{n}@example.com"), json!({})).await["id"].clone());
    }
    ids
}

#[tokio::test]
async fn a_group_from_beginning_to_end() {
    let rig = Rig::start().await;
    let ids = people(&rig, 4).await;
    let body = json!({ "displayName": " Sales ", "orgId": rig.org, "description": "Who sells",
                       "members": [{ "id": ids[0] }, { "id": ids[1] }, { "id": ids[0] }] });
    let group = rig.ask("POST /groups", body.clone()).await.expect(201);
    assert_eq!(
        (&group["displayName"], &group["memberSize"]),
        (&json!("Sales"), &json!(2))
    );
    let (kind, inner) = decode(group["id"].as_str().unwrap()).unwrap();
    assert_eq!(kind, "SCIM_GROUP");
    assert_eq!(inner.split_once(':').unwrap().1, rig.org.uuid().to_string());
    rig.ask("POST /groups", json!({ "displayName": "SALES" }))
        .await
        .expect(409);
    rig.ask("POST /groups", json!({ "description": "x" }))
        .await
        .expect(400);
    rig.ask(
        "POST /groups",
        json!({ "displayName": "x", "members": [{ "id": PersonId::random() }] }),
    )
    .await
    .expect(400);

    let path = format!("/groups/{}", group["id"].as_str().unwrap());
    assert!(rig.get(&path).await.expect(200).get("members").is_none());
    assert_eq!(
        rig.get(&format!("{path}?includeMembers=true")).await.expect(200),
        group
    );
    let body = json!({ "displayName": "Sales 2", "members": [{ "id": ids[2] }, { "id": ids[3], "operation": "add" },
                       { "id": ids[0], "operation": "delete" }] });
    let changed = rig.ask(&format!("PATCH {path}"), body.clone()).await.expect(200);
    assert_eq!(
        (&changed["displayName"], &changed["memberSize"]),
        (&json!("Sales 2"), &json!(3))
    );
    assert_eq!(changed["description"], "Who sells");
    assert_eq!(
        rig.ask(&format!("PATCH {path}"), body).await.expect(200)["memberSize"],
        3,
        "again"
    );
    rig.ask(
        &format!("PATCH {path}"),
        json!({ "members": [{ "id": ids[0], "operation": "steal" }] }),
    )
    .await
    .expect(400);
    // Who leaves the organization leaves its groups.
    rig.ask(
        &format!("DELETE /people/{}", ids[2].as_str().unwrap()),
        Value::Null,
    )
    .await
    .expect(204);
    for spelling in ["members", "Members"] {
        let mut first = rig.get(&format!("{path}/{spelling}?count=1")).await;
        let next = first.next.take().unwrap();
        let first = first.expect(200);
        assert_eq!(
            (&first["memberSize"], &first["members"][0]["type"]),
            (&json!(2), &json!("user"))
        );
        let mut second = rig.get(&next).await;
        assert!(second.next.take().is_none());
        let second = second.expect(200);
        assert_eq!(second["startIndex"], 2);
        let mut members = [
            first["members"][0]["id"].clone(),
            second["members"][0]["id"].clone(),
        ];
        let mut expected = [ids[1].clone(), ids[3].clone()];
        members.sort_by_key(ToString::to_string);
        expected.sort_by_key(ToString::to_string);
        assert_eq!(members, expected);
    }
    rig.ask(&format!("DELETE {path}"), Value::Null).await.expect(204);
    rig.get(&path).await.expect(404);
    rig.get(&format!("/groups/{}", GroupId::random()))
        .await
        .expect(404);
}

#[tokio::test]
async fn groups_are_found_and_paged() {
    let rig = Rig::start().await;
    for n in 0..7 {
        let body = json!({ "displayName": format!("Team {n}") });
        rig.ask("POST /groups", body).await.expect(201);
    }
    rig.ask("POST /groups", json!({ "displayName": "Other" }))
        .await
        .expect(201);
    let names = |body: &Value| -> Vec<String> {
        let groups = body["groups"].as_array().unwrap().iter();
        groups
            .map(|group| group["displayName"].as_str().unwrap().to_owned())
            .collect()
    };
    let all = rig.get("/groups").await.expect(200);
    assert_eq!(
        (&all["totalResults"], &all["startIndex"], &all["itemsPerPage"]),
        (&json!(8), &json!(1), &json!(8))
    );
    assert_eq!(names(&all)[0], "Other");
    let one = rig
        .get("/groups?filter=displayName%20eq%20%22team%203%22")
        .await
        .expect(200);
    assert_eq!(
        (names(&one), &one["totalResults"]),
        (vec!["Team 3".to_owned()], &json!(1))
    );
    let none = rig
        .get("/groups?filter=displayName+eq+%22team%22")
        .await
        .expect(200);
    assert_eq!(names(&none).len(), 0);
    let mut next = Some("/groups?filter=displayName+sw+%22Team%22&count=3&sortOrder=descending".to_owned());
    let mut pages = Vec::new();
    while let Some(path) = next {
        let mut answer = rig.get(&path).await;
        next = answer.next.take();
        let body = answer.expect(200);
        assert_eq!(body["totalResults"], 7);
        pages.push(names(&body));
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 1]);
    assert_eq!((pages[0][0].as_str(), pages[2][0].as_str()), ("Team 6", "Team 0"));
    for bad in ["filter=x", "startIndex=0", "count=0", "count=x", "sortOrder=up"] {
        rig.get(&format!("/groups?{bad}")).await.expect(400);
    }
}

#[tokio::test]
async fn who_may_with_groups() {
    let rig = Rig::start().await;
    let body = json!({ "displayName": "A" });
    let group_admin = rig.token(&[Role::GroupAdmin], &["identity:groups_rw"]).await;
    let group = rig
        .ask_as(Some(&group_admin), "POST /groups", body.clone())
        .await
        .expect(201);
    let reader = rig.token(&[Role::ReadOnlyAdmin], &["identity:groups_rw"]).await;
    rig.ask_as(Some(&reader), "GET /groups", Value::Null)
        .await
        .expect(200);
    rig.ask_as(Some(&reader), "POST /groups", body).await.expect(403);
    let user = rig.token(&[], &["identity:groups_read"]).await;
    rig.ask_as(Some(&user), "GET /groups", Value::Null)
        .await
        .expect(403);
    let stranger = rig.stranger().await;
    let path = format!("/groups/{}", group["id"].as_str().unwrap());
    for method in ["GET", "DELETE"] {
        rig.ask_as(Some(&stranger), &format!("{method} {path}"), Value::Null)
            .await
            .expect(404);
    }
    rig.ask_as(Some(&stranger), &format!("PATCH {path}"), json!({}))
        .await
        .expect(404);
}
