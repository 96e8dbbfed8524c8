//! Tokens and the keys that sign.

use serde_json::{Value, json};

use super::{audit, next_action};
use crate::support::integration::{check_signature, exchange, manifest, verified};
use crate::support::{Client, Integration, Office};

#[tokio::test]
async fn refreshing_in_every_way() {
    let office = Office::start().await;
    let integration = Integration::activate(&office.admin, &manifest(&["RoomAnalytics.*"], &[])).await;
    let first = integration.refresh().await.expect(200);
    assert_eq!(first["token_type"], "Bearer");
    assert_eq!(first["expires_in"], 64_800);
    let left = first["refresh_token_expires_in"].as_i64().unwrap();
    assert!((7_775_990..=7_776_000).contains(&left), "{left}");
    assert_eq!(first["refresh_token"], integration.refresh_token.as_str());
    let scope = first["scope"].as_str().unwrap();
    assert!(
        scope.split(' ').any(|scope| scope == "spark:xapi_statuses"),
        "{scope}"
    );

    // The Node SDK sends JSON; others send the client's credentials by Basic.
    let anonymous = office.admin.anonymous();
    let mut fields = json!({
        "grant_type": "refresh_token", "client_id": integration.client_id,
        "client_secret": integration.client_secret, "refresh_token": integration.refresh_token,
    });
    let second = anonymous
        .post("/v1/access_token", fields.clone())
        .await
        .expect(200);
    assert_eq!(second["refresh_token"], first["refresh_token"]);
    assert_ne!(second["access_token"], first["access_token"]);
    use base64::Engine as _;
    let basic = base64::engine::general_purpose::STANDARD
        .encode(format!("{}:{}", integration.client_id, integration.client_secret));
    let form = format!(
        "grant_type=refresh_token&refresh_token={}",
        integration.refresh_token
    );
    let mut request = anonymous.request("POST", "/v1/access_token", &Value::Null);
    let headers = request.headers_mut();
    headers.insert("authorization", format!("Basic {basic}").parse().unwrap());
    headers.insert(
        "content-type",
        "application/x-www-form-urlencoded".parse().unwrap(),
    );
    *request.body_mut() = form.into();
    let third = anonymous.send(request).await.expect(200);
    // All of them are good at the same time, the first one too.
    for tokens in [&first, &second, &third] {
        let client = office.admin.with_token(tokens["access_token"].as_str().unwrap());
        client.get(&integration.app_url).await.expect(200);
    }
    integration.client.get(&integration.app_url).await.expect(200);
    // A refresh token opens nothing else.
    let wrong = office.admin.with_token(&integration.refresh_token);
    wrong.get(&integration.app_url).await.expect_error(401);

    for (name, error, status) in [
        ("client_id", "invalid_request", 400),
        ("client_secret", "invalid_request", 400),
        ("refresh_token", "invalid_request", 400),
        ("grant_type", "invalid_request", 400),
    ] {
        let mut fields = fields.clone();
        fields.as_object_mut().unwrap().remove(name);
        refused(&anonymous, fields, error, status).await;
    }
    for (name, value, error, status) in [
        ("client_id", "C00", "invalid_client", 401),
        ("client_secret", "no", "invalid_client", 401),
        ("refresh_token", "no", "invalid_grant", 400),
        ("refresh_token", integration.token(), "invalid_grant", 400),
        ("grant_type", "password", "unsupported_grant_type", 400),
    ] {
        let mut fields = fields.clone();
        fields[name] = json!(value);
        refused(&anonymous, fields, error, status).await;
    }
    // Another integration's client cannot use the token.
    let other = Integration::activate(&office.admin, &manifest(&["RoomAnalytics.*"], &[])).await;
    fields["client_id"] = json!(other.client_id);
    fields["client_secret"] = json!(other.client_secret);
    refused(&anonymous, fields, "invalid_grant", 400).await;
    office.close().await;
}

async fn refused(client: &Client, fields: Value, error: &str, status: u16) {
    let answer = client.post("/v1/access_token", fields).await;
    let body = answer.json();
    assert_eq!(body["error"], error, "{body}");
    assert!(body["error_description"].is_string(), "{body}");
    answer.expect_error(status);
}

#[tokio::test]
async fn rotated_keys_leave_old_codes_verifiable() {
    let office = Office::start().await;
    let integration = Integration::activate(&office.admin, &manifest(&["Standby.State"], &[])).await;
    integration.listen_by_queue().await;
    let before = office.admin.get("/jwks").await.expect(200);
    assert!(before["keys"].as_array().unwrap().len() >= 3);
    let old_kid = kid(&integration.code);
    for turn in 0..3 {
        office
            .admin
            .post("/hallway/v1/keys/rotate", json!({}))
            .await
            .expect(204);
        let published = office.admin.get("/jwks").await.expect(200);
        check_signature(&published, &integration.code);
        office
            .admin
            .post(
                &format!("/hallway/v1/integrations/{}/renewToken", integration.app),
                json!({}),
            )
            .await
            .expect(204);
        let action = |heard: &[Value]| heard.iter().any(|message| message["type"] == "action");
        let heard = integration.hear("the action", action).await;
        let jwt = heard.iter().find_map(|message| message["jwt"].as_str()).unwrap();
        check_signature(&published, jwt);
        assert_ne!(kid(jwt), old_kid);
        // Clients that loaded the keys once, at their start, know the next one already.
        if turn == 0 {
            check_signature(&before, jwt);
        }
    }
    let by_region = office
        .admin
        .anonymous()
        .get("/jwks/us-east-2_a")
        .await
        .expect(200);
    assert_eq!(by_region, office.admin.get("/jwks").await.expect(200));
    assert!(
        audit(&office)
            .await
            .iter()
            .any(|entry| entry["event"] == "keys.rotated")
    );
    office.close().await;
}

fn kid(jwt: &str) -> String {
    use base64::Engine as _;
    let head = jwt.split('.').next().unwrap();
    let head = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(head)
        .unwrap();
    let head: Value = serde_json::from_slice(&head).unwrap();
    head["kid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_renewed_refresh_token_is_told_by_update() {
    let office = Office::start().await;
    let integration = Integration::activate(&office.admin, &manifest(&["Standby.State"], &[])).await;
    let renew = format!("/hallway/v1/integrations/{}/renewToken", integration.app);
    // There is no way to tell it yet.
    office.admin.post(&renew, json!({})).await.expect_error(409);
    integration.listen_by_queue().await;
    office.admin.post(&renew, json!({})).await.expect(204);
    let claims = next_action(&integration).await;
    assert_eq!(claims["action"], "update");
    assert_eq!(claims["appUrl"], integration.app_url.as_str());
    let new = claims["refreshToken"].as_str().unwrap();
    assert_ne!(new, integration.refresh_token);
    let (id, secret) = (&integration.client_id, &integration.client_secret);
    let tokens = exchange(&office.admin, id, secret, new).await.expect(200);
    assert_eq!(tokens["refresh_token"], new);
    // The Node SDK goes on with the one of its activation code.
    integration.refresh().await.expect(200);
    assert!(
        audit(&office)
            .await
            .iter()
            .any(|entry| entry["event"] == "integration.token_renewed")
    );
    verified(&office.admin, &integration.code).await;
    office.close().await;
}
