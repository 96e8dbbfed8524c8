//! What was granted, listed and taken back (oauth 4).

use hallway_platform::org::Role;
use hallway_wire::id::PersonId;
use serde_json::{Value, json};

use crate::rig::{PUBLIC, Rig};

#[tokio::test]
async fn listed_and_revoked() {
    let rig = Rig::start().await;
    let id = PersonId::random();
    let own = rig.token_of(id, &[], &["spark:people_read"]).await;
    let email = rig
        .ask_as(Some(&own), "GET /people/me", Value::Null)
        .await
        .expect(200)["emails"][0]
        .clone();
    let email = email.as_str().unwrap();
    let by_id = rig.get(&format!("/authorizations?personId={id}")).await.items();
    assert_eq!(by_id.len(), 1);
    for member in [
        "id",
        "applicationId",
        "applicationName",
        "personId",
        "clientId",
        "created",
        "type",
    ] {
        assert!(by_id[0][member].is_string(), "{member}: {}", by_id[0]);
    }
    assert_eq!(
        (&by_id[0]["type"], &by_id[0]["personId"]),
        (&json!("access"), &json!(id))
    );
    let by_email = format!("/authorizations?personEmail={email}");
    assert_eq!(rig.get(&by_email).await.items(), by_id);
    // One's own, without a scope or role.
    assert_eq!(
        rig.ask_as(Some(&own), &format!("GET {by_email}"), Value::Null)
            .await
            .items(),
        by_id
    );

    rig.get("/authorizations").await.expect(400);
    rig.get(&format!("/authorizations?personId={id}&personEmail={email}"))
        .await
        .expect(400);
    rig.get("/authorizations?personId=x").await.expect(400);
    rig.get(&format!("/authorizations?personId={}", PersonId::random()))
        .await
        .expect(404);
    let stranger = rig.stranger().await;
    let foreign = format!("GET /authorizations?personId={id}");
    rig.ask_as(Some(&stranger), &foreign, Value::Null)
        .await
        .expect(404);

    let path = format!("DELETE /authorizations/{}", by_id[0]["id"].as_str().unwrap());
    rig.ask_as(Some(&stranger), &path, Value::Null).await.expect(404);
    let both = ["identity:tokens_read", "identity:tokens_write"];
    let reader = rig.token(&[Role::ReadOnlyAdmin], &both).await;
    rig.ask_as(Some(&reader), &path, Value::Null).await.expect(403);
    rig.ask_as(Some(&reader), &foreign, Value::Null).await.expect(403);
    let scopeless = rig.token(&[Role::FullAdmin], &["identity:tokens_read"]).await;
    rig.ask_as(Some(&scopeless), &path, Value::Null).await.expect(403);
    let user = rig.token(&[], &both).await;
    rig.ask_as(Some(&user), &path, Value::Null).await.expect(403);
    rig.ask_as(Some(&own), "GET /people/me", Value::Null)
        .await
        .expect(200);
    let helper = rig.token(&[Role::UserAdmin], &both).await;
    rig.ask_as(Some(&helper), &path, Value::Null).await.expect(204);
    rig.ask_as(Some(&own), "GET /people/me", Value::Null)
        .await
        .expect(401);
    rig.ask_as(Some(&helper), &path, Value::Null).await.expect(404);
    assert_eq!(
        rig.get(&format!("/authorizations?personId={id}"))
            .await
            .items()
            .len(),
        0
    );
}

#[tokio::test]
async fn ones_own_ends_by_ones_own_word() {
    let rig = Rig::start().await;
    let own = rig.token(&[], &["spark:people_read"]).await;
    let me = rig
        .ask_as(Some(&own), "GET /people/me", Value::Null)
        .await
        .expect(200);
    let list = format!("GET /authorizations?personId={}", me["id"].as_str().unwrap());
    let items = rig.ask_as(Some(&own), &list, Value::Null).await.items();
    let path = format!("DELETE /authorizations/{}", items[0]["id"].as_str().unwrap());
    rig.ask_as(Some(&own), &path, Value::Null).await.expect(204);
    rig.ask_as(Some(&own), &path, Value::Null).await.expect(401);
}

#[tokio::test]
async fn everything_of_a_client() {
    let rig = Rig::start().await;
    let body = json!({ "type": "bot", "name": "Bot" });
    let made = rig.ask("POST /applications", body).await.expect(200);
    let path = format!(
        "POST {PUBLIC}/hallway/v1/applications/{}/botToken",
        made["id"].as_str().unwrap()
    );
    let bot = rig.ask(&path, Value::Null).await.expect(200);
    let token = bot["accessToken"].as_str();
    let person = made["botPersonId"].as_str().unwrap();
    let listed = rig
        .get(&format!("/authorizations?personId={person}"))
        .await
        .items();
    assert_eq!(
        (
            &listed[0]["applicationName"],
            &listed[0]["clientId"],
            &listed[0]["applicationId"]
        ),
        (&json!("Bot"), &made["clientId"], &made["id"])
    );
    let client = made["clientId"].as_str().unwrap();
    rig.ask("DELETE /authorizations", Value::Null).await.expect(400);
    rig.ask("DELETE /authorizations?clientId=C00", Value::Null)
        .await
        .expect(404);
    rig.ask_as(token, "GET /people/me", Value::Null).await.expect(200);
    rig.ask(&format!("DELETE /authorizations?clientId={client}"), Value::Null)
        .await
        .expect(204);
    rig.ask_as(token, "GET /people/me", Value::Null).await.expect(401);
}

#[tokio::test]
async fn when_a_token_ends() {
    let rig = Rig::start().await;
    let token = rig.token(&[], &["identity:tokens_read"]).await;
    let answer = rig
        .ask_as(Some(&token), "GET /authorizations/tokenExpiry", Value::Null)
        .await
        .expect(200);
    assert_eq!(answer, json!({ "exp": crate::rig::NOW.millis() + 1_000_000 }));
    let token = rig.token(&[], &["spark:people_read"]).await;
    rig.ask_as(Some(&token), "GET /authorizations/tokenExpiry", Value::Null)
        .await
        .expect(403);
}
