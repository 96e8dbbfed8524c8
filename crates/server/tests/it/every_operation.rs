//! What holds of every operation on places, devices and people: 401 without a token, 403 without the scope, 400
//! for a malformed id, 404 for what is another organization's.

use hallway_platform::org::Role;
use hallway_wire::id::{DeviceId, FloorId, LocationId, PersonId, RoleId, WorkspaceId};
use serde_json::{Value, json};

use crate::rig::Rig;

/// Every operation; `{l}` and so on stand for ids.
const OPERATIONS: [&str; 40] = [
    "GET /organizations",
    "GET /organizations/{o}",
    "DELETE /organizations/{o}",
    "GET /roles",
    "GET /roles/{r}",
    "GET /locations",
    "POST /locations",
    "GET /locations/{l}",
    "PUT /locations/{l}",
    "DELETE /locations/{l}",
    "GET /locations/{l}/floors",
    "POST /locations/{l}/floors",
    "GET /locations/{l}/floors/{f}",
    "PUT /locations/{l}/floors/{f}",
    "DELETE /locations/{l}/floors/{f}",
    "GET /workspaceLocations",
    "POST /workspaceLocations",
    "GET /workspaceLocations/{l}",
    "PUT /workspaceLocations/{l}",
    "DELETE /workspaceLocations/{l}",
    "GET /workspaceLocations/{l}/floors",
    "POST /workspaceLocations/{l}/floors",
    "GET /workspaceLocations/{l}/floors/{f}",
    "PUT /workspaceLocations/{l}/floors/{f}",
    "DELETE /workspaceLocations/{l}/floors/{f}",
    "GET /workspaces",
    "POST /workspaces",
    "GET /workspaces/{w}",
    "PUT /workspaces/{w}",
    "DELETE /workspaces/{w}",
    "GET /workspaces/{w}/capabilities",
    "GET /devices",
    "POST /devices",
    "POST /devices/activationCode",
    "GET /devices/{d}",
    "PATCH /devices/{d}",
    "DELETE /devices/{d}",
    "GET /people",
    "GET /people/me",
    "GET /people/{p}",
];

fn fill(operation: &str, ids: impl Fn(&str) -> String) -> String {
    let mut filled = operation.to_owned();
    for slot in ["o", "r", "l", "f", "w", "d", "p"] {
        filled = filled.replace(&format!("{{{slot}}}"), &ids(slot));
    }
    filled
}

fn unknown(slot: &str) -> String {
    match slot {
        "o" => hallway_wire::id::OrgId::random().to_string(),
        "r" => RoleId::random().to_string(),
        "l" => LocationId::random().to_string(),
        "f" => FloorId::random().to_string(),
        "w" => WorkspaceId::random().to_string(),
        "d" => DeviceId::random().to_string(),
        _ => PersonId::random().to_string(),
    }
}

#[track_caller]
fn check_error(body: &Value, operation: &str) {
    assert!(
        body["message"].is_string() && body["trackingId"].is_string(),
        "{operation}: {body}"
    );
    assert!(
        body["errors"][0]["description"].is_string(),
        "{operation}: {body}"
    );
}

#[tokio::test]
async fn needs_a_token_and_a_scope() {
    let rig = Rig::start().await;
    let scopeless = rig
        .token(&[Role::FullAdmin], &["spark-admin:workspace_metrics_read"])
        .await;
    let everything: Vec<&str> = hallway_wire::manifest::scopes::KNOWN
        .iter()
        .copied()
        .filter(|scope| !scope.starts_with("spark:"))
        .collect();
    let nobody = rig.token(&[], &everything).await;
    for operation in OPERATIONS {
        let request = fill(operation, unknown);
        let answer = rig.ask_as(None, &request, Value::Null).await;
        check_error(&answer.expect(401), operation);
        // No body: the right is checked before it is looked at.
        let answer = rig.ask_as(Some(&scopeless), &request, Value::Null).await;
        check_error(&answer.expect(403), operation);
        if operation != "GET /people/me" {
            let answer = rig.ask_as(Some(&nobody), &request, Value::Null).await;
            check_error(&answer.expect(403), operation);
        }
    }
}

#[tokio::test]
async fn malformed_and_foreign_ids() {
    let rig = Rig::start().await;
    let stranger = rig.stranger().await;
    let made = crate::workspaces::Office::build(&rig).await;
    let floor = json!({ "floorNumber": 1 });
    let location =
        json!({ "displayName": "x", "address": "x", "countryCode": "US", "latitude": 1, "longitude": 1 });
    for operation in OPERATIONS.into_iter().filter(|operation| operation.contains('{')) {
        let body = match operation {
            _ if operation.starts_with("GET") || operation.starts_with("DELETE") => Value::Null,
            _ if operation.contains("/floors") => floor.clone(),
            "PUT /workspaceLocations/{l}" => location.clone(),
            "PATCH /devices/{d}" => json!([{ "op": "remove", "path": "tags" }]),
            _ => json!({}),
        };
        let malformed = fill(operation, |_| "not-an-id".to_owned());
        let answer = rig.ask(&malformed, body.clone()).await.expect(400);
        assert_eq!(answer["message"], "Expect base64 ID or UUID.", "{operation}");
        let answer = rig
            .ask(&fill(operation, |_| "%ff".to_owned()), body.clone())
            .await;
        check_error(&answer.expect(400), operation);
        let answer = rig.ask(&fill(operation, unknown), body.clone()).await;
        check_error(&answer.expect(404), operation);
        if !operation.contains("{r}") {
            let answer = rig
                .ask_as(Some(&stranger), &fill(operation, |slot| made.id(slot)), body)
                .await;
            check_error(&answer.expect(404), operation);
        }
    }
}

#[tokio::test]
async fn an_organization_id_is_accepted_everywhere_and_checked() {
    let rig = Rig::start().await;
    for list in [
        "/organizations",
        "/roles",
        "/locations",
        "/workspaceLocations",
        "/workspaces",
        "/devices",
        "/people",
        "/people/me",
    ] {
        rig.get(&format!("{list}?orgId={}", rig.org.uuid()))
            .await
            .expect(200);
        rig.get(&format!("{list}?orgId={}&", rig.org)).await.expect(200);
        rig.get(&format!("{list}?orgId={}", unknown("o")))
            .await
            .expect(404);
        rig.get(&format!("{list}?orgId=x")).await.expect(400);
    }
}
