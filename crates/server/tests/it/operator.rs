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
