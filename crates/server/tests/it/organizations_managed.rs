//! Administrators of several organizations.

use serde_json::{Value, json};

use crate::organizations::tenant;
use crate::rig::Rig;

fn admin(email: &str, role: &str) -> Value {
    json!({ "email": email, "role": role })
}

#[tokio::test]
async fn an_administrator_of_two_organizations_chooses() {
    let rig = Rig::start().await;
    let (home, other) = (tenant(&rig, "Home").await, tenant(&rig, "Other").await);
    let aside = tenant(&rig, "Aside").await;
    let in_other = format!("?orgId={}", other.id);
    let me = &home.admin;
    let get = async |path: &str| rig.ask_as(Some(me), &format!("GET {path}"), Value::Null).await;

    // Nobody of the other one sees anything yet.
    get(&format!("/workspaces{in_other}")).await.expect(404);
    rig.control(me, &format!("GET /audit{in_other}"))
        .await
        .expect(404);
    let request = "POST /organization/admins";
    let wish = admin("Boss@Home.example", "id_full_admin");
    let granted = rig
        .control_with(&other.admin, request, wish.clone())
        .await
        .expect(200);
    assert_eq!(granted["personId"], home.admin_id.as_str());

    let names = |answer: Vec<Value>| -> Vec<String> {
        answer
            .iter()
            .map(|it| it["displayName"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(get("/organizations").await.items()), ["Home", "Other"]);
    assert_eq!(
        names(rig.control(me, "GET /organizations").await.items()),
        ["Home", "Other"]
    );
    assert_eq!(
        get(&format!("/organizations/{}", other.id)).await.expect(200)["displayName"],
        "Other"
    );
    get(&format!("/organizations/{}", aside.id)).await.expect(404);
    // It acts there, with `orgId`, and at home without.
    let wish = json!({ "displayName": "Oslo" });
    let made = rig
        .ask_as(Some(me), &format!("POST /workspaces{in_other}"), wish)
        .await
        .expect(201);
    assert_eq!(made["orgId"], other.id.to_string());
    assert_eq!(
        names(get(&format!("/workspaces{in_other}")).await.items()),
        ["Oslo"]
    );
    assert!(get("/workspaces").await.items().is_empty());
    let id = made["id"].as_str().unwrap();
    get(&format!("/workspaces/{id}")).await.expect(404);
    get(&format!("/workspaces/{id}{in_other}")).await.expect(200);
    get(&format!("/workspaces?orgId={}", aside.id)).await.expect(404);
    let scim = format!("GET /identity/scim/{}/v2/Users", other.id.uuid());
    rig.ask_as(Some(me), &scim, Value::Null).await.expect(200);
    // Who did it, and from where.
    let trail = rig.control(&other.admin, "GET /audit").await.items();
    assert_eq!(trail[0]["event"], "workspace.created");
    assert_eq!(trail[0]["actorId"], home.admin_id.as_str());
    assert_eq!(trail[0]["actorOrgId"], home.id.to_string());
    let seen = "/adminAudit/events?from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z&orgId=";
    let seen = other
        .ask(&rig, &format!("GET {seen}{}", other.id), Value::Null)
        .await
        .items();
    let by_us = seen
        .iter()
        .find(|it| it["actorId"] == home.admin_id.as_str())
        .unwrap();
    assert_eq!(
        (&by_us["actorOrgId"], &by_us["data"]["actorOrgName"]),
        (&json!(home.id), &json!("Home"))
    );
    assert!(
        rig.control(me, "GET /audit")
            .await
            .items()
            .iter()
            .all(|it| it["event"] != "workspace.created")
    );

    // What it is as a person, it is at home.
    let refused = [
        (format!("POST /rooms{in_other}"), json!({ "title": "x" })),
        (
            format!("POST /webhooks{in_other}"),
            json!({ "name": "x", "targetUrl": "https://x.example", "resource": "devices", "event": "created" }),
        ),
        (
            format!("POST /applications{in_other}"),
            json!({ "type": "bot", "name": "x" }),
        ),
    ];
    for (request, body) in refused {
        let said = rig.ask_as(Some(me), &request, body).await;
        assert_eq!(said.status.as_u16(), 403, "{request}: {}", said.body);
    }
    for request in [
        format!("POST /people/{}/token{in_other}", other.admin_id),
        format!("POST /people/{}/signInCode{in_other}", other.admin_id),
    ] {
        rig.control_with(me, &request, json!({})).await.expect(403);
    }
    // It makes nobody else an administrator.
    let more = admin("boss@Aside.example", "id_full_admin");
    let request = format!("POST /organization/admins{in_other}");
    rig.control_with(me, &request, more).await.expect(403);

    // Revoked, it is over at once.
    let request = format!("DELETE /organization/admins/{}", home.admin_id);
    rig.control(&other.admin, &request).await.expect(204);
    get(&format!("/workspaces{in_other}")).await.expect(404);
    assert_eq!(names(get("/organizations").await.items()), ["Home"]);
    rig.control(&other.admin, &request).await.expect(404);
    rig.close().await;
}

#[tokio::test]
async fn a_reading_administrator_from_outside_only_reads() {
    let rig = Rig::start().await;
    let (home, other) = (tenant(&rig, "Home").await, tenant(&rig, "Other").await);
    let wish = admin("boss@Home.example", "id_readonly_admin");
    // By the operator, too.
    other.operate(&rig, "POST /admins", wish).await.expect(200);
    let at = format!("?orgId={}", other.id);
    home.ask(&rig, &format!("GET /people{at}"), Value::Null)
        .await
        .expect(200);
    let wish = json!({ "displayName": "Oslo" });
    home.ask(&rig, &format!("POST /workspaces{at}"), wish)
        .await
        .expect(403);
    // A suspended organization is closed to it as well, and so is its own home's token.
    other.suspend(&rig).await;
    home.ask(&rig, &format!("GET /people{at}"), Value::Null)
        .await
        .expect(403);
    home.ask(&rig, "GET /people", Value::Null).await.expect(200);
    other.operate(&rig, "POST /resume", Value::Null).await.expect(200);
    home.suspend(&rig).await;
    home.ask(&rig, &format!("GET /people{at}"), Value::Null)
        .await
        .expect(403);
    home.operate(&rig, "POST /resume", Value::Null).await.expect(200);
    // Kept over a restart, and gone with the organization of the person.
    let restarted = rig.twin().await;
    home.ask(&restarted, &format!("GET /people{at}"), Value::Null)
        .await
        .expect(200);
    restarted.close().await;
    home.suspend(&rig).await;
    home.operate(&rig, "DELETE ?confirm=Home", Value::Null)
        .await
        .expect(202);
    rig.until(async || {
        other
            .operate(&rig, "GET /admins", Value::Null)
            .await
            .items()
            .is_empty()
    })
    .await;
    rig.close().await;
}

#[tokio::test]
async fn who_can_administer_from_outside() {
    let rig = Rig::start().await;
    let (home, other) = (tenant(&rig, "Home").await, tenant(&rig, "Other").await);
    let add = async |email: &str, role: &str| {
        let request = "POST /organization/admins";
        rig.control_with(&other.admin, request, admin(email, role)).await
    };
    add("boss@Home.example", "id_device_admin").await.expect(400);
    add("nobody@Home.example", "id_full_admin").await.expect(404);
    add("boss@Other.example", "id_full_admin").await.expect(409);
    add("boss@Home.example", "id_readonly_admin").await.expect(200);
    add("boss@Home.example", "id_full_admin").await.expect(200);
    let listed = rig
        .control(&other.admin, "GET /organization/admins")
        .await
        .items();
    assert_eq!((listed.len(), &listed[0]["role"]), (1, &json!("id_full_admin")));
    // A token for a few scopes has those there too, and no others.
    let at = format!("?orgId={}", other.id);
    let limited = json!({ "scopes": ["spark-admin:people_read"] });
    let request = format!("POST /people/{}/token", home.admin_id);
    let limited = rig.control_with(&home.admin, &request, limited).await.expect(200);
    let limited = limited["accessToken"].as_str().unwrap();
    rig.ask_as(Some(limited), &format!("GET /people{at}"), Value::Null)
        .await
        .expect(200);
    rig.ask_as(Some(limited), &format!("GET /workspaces{at}"), Value::Null)
        .await
        .expect(403);
    // The person goes, and with it what it could.
    let second = json!({
        "emails": ["second@Home.example"], "displayName": "Second", "roles": [hallway_platform::org::Role::FullAdmin.id()],
    });
    let second = home.ask(&rig, "POST /people", second).await.expect(200);
    let request = format!("POST /people/{}/token", second["id"].as_str().unwrap());
    let token = rig
        .control_with(&home.admin, &request, json!({}))
        .await
        .expect(200);
    let token = token["accessToken"].as_str().unwrap();
    let request = format!("DELETE /people/{}", home.admin_id);
    let gone = rig.ask_as(Some(token), &request, Value::Null).await;
    assert_eq!(gone.status.as_u16(), 204, "{}", gone.body);
    assert!(
        rig.control(&other.admin, "GET /organization/admins")
            .await
            .items()
            .is_empty()
    );
    rig.close().await;
}
