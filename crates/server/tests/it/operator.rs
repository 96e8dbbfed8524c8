//! Who runs this Hallway.

use hallway_platform::org::Role;
use hallway_wire::manifest::scopes::KNOWN;
use serde_json::{Value, json};

use crate::rig::Rig;

#[tokio::test]
async fn a_full_administrator_beside_the_operator_neither_becomes_it_nor_speaks_for_it() {
    let rig = Rig::start().await;
    let me = rig.get("/people/me").await.expect(200);
    let operator = me["id"].as_str().unwrap();
    let second = rig.token(&[Role::FullAdmin], KNOWN).await;
    // It is none of the roles that can be given.
    let roles = rig.get("/roles").await.expect(200);
    assert!(!roles.to_string().to_lowercase().contains("operator"), "{roles}");

    for request in ["token", "signInCode"] {
        let request = format!("POST /people/{operator}/{request}");
        let asked = rig.control_with(&second, &request, json!({})).await;
        assert_eq!(asked.status.as_u16(), 403, "{request}: {}", asked.body);
        let own = rig.control_with(&rig.admin, &request, json!({})).await;
        assert_eq!(own.status.as_u16(), 200, "{request}: {}", own.body);
    }
    let body = |address: &str| json!({ "emails": [address], "displayName": "Op", "firstName": "O", "lastName": "P" });
    for (request, body) in [
        (format!("PUT /people/{operator}"), body("taken@example.com")),
        (format!("DELETE /people/{operator}"), Value::Null),
    ] {
        let asked = rig.ask_as(Some(&second), &request, body).await;
        assert_eq!(asked.status.as_u16(), 403, "{request}: {}", asked.body);
        let message = asked.body["message"].as_str().unwrap();
        assert!(message.contains("Only an operator"), "{message}");
    }
    let put = format!("PUT /people/{operator}");
    rig.ask(&put, body("op@example.com")).await.expect(200);
}

#[tokio::test]
async fn where_nobody_runs_this_hallway_the_first_administrator_does_after_a_start() {
    let operates = async |rig: &Rig, token: &str| {
        let answer = rig.control(token, "GET /operator/publications").await;
        answer.status.as_u16() == 200
    };
    let nobody = std::sync::Arc::new(crate::stop::NoRequests);
    let rig = Rig::that_dies(hallway_platform::Config::default(), nobody).await;
    let stranger = rig.stranger().await;
    let second = rig.token(&[Role::FullAdmin], KNOWN).await;
    let rig = rig.again().await;
    assert!(operates(&rig, &rig.admin).await);
    let me = rig.get("/people/me").await.expect(200)["id"].clone();
    rig.ask(&format!("DELETE /people/{}", me.as_str().unwrap()), Value::Null)
        .await
        .expect(204);
    assert!(!operates(&rig, &second).await);
    let rig = rig.again().await;
    assert!(operates(&rig, &second).await);
    assert!(!operates(&rig, &stranger).await);
    rig.close().await;
}
