//! Codes, tokens and devices: OAuth as integrations use it (oauth 1 to 3).

use axum::body::{self, Body};
use axum::http::{Request, header};
use hallway_platform::Config;
use hallway_wire::id::PersonId;
use serde_json::{Value, json};

use crate::browser::{Browser, Page, pass_s, sign_in_code};
use crate::rig::{PUBLIC, Rig};

const REDIRECT: &str = "http://localhost:6001/redirect";
const DAY_S: i64 = 24 * 3600;

/// An integration and a browser of the administrator.
struct Client {
    id: String,
    secret: String,
}

impl Client {
    async fn register(rig: &Rig, scopes: &[&str]) -> Self {
        let body = json!({
            "type": "integration", "name": "Desk <b>Helper</b>", "scopes": scopes,
            "redirectUrls": [REDIRECT, "myapp://cb?x=1"],
        });
        let made = rig.ask("POST /applications", body).await.expect(200);
        Self {
            id: made["clientId"].as_str().unwrap().to_owned(),
            secret: made["clientSecret"].as_str().unwrap().to_owned(),
        }
    }

    fn authorize(&self, more: &str) -> String {
        let redirect = form_urlencoded::byte_serialize(REDIRECT.as_bytes()).collect::<String>();
        format!(
            "/v1/authorize?response_type=code&client_id={}&redirect_uri={redirect}&state=a%26b{more}",
            self.id
        )
    }

    fn with_code(&self, code: &str) -> Value {
        json!({
            "grant_type": "authorization_code", "client_id": self.id, "client_secret": self.secret,
            "code": code, "redirect_uri": REDIRECT,
        })
    }

    fn with_refresh(&self, token: &Value) -> Value {
        json!({
            "grant_type": "refresh_token", "client_id": self.id, "client_secret": self.secret,
            "refresh_token": token,
        })
    }
}

/// A request to the token endpoint, as a form or JSON, with whatever header clients send along.
async fn token(
    rig: &Rig,
    path: &str,
    body: &Value,
    as_json: bool,
    authorization: Option<&str>,
) -> (u16, Value) {
    let mut request = Request::post(format!("/v1{path}"));
    if let Some(authorization) = authorization {
        request = request.header(header::AUTHORIZATION, authorization);
    }
    let request = if as_json {
        request
            .header(header::CONTENT_TYPE, "application/json;charset=utf-8")
            .body(Body::from(body.to_string()))
    } else {
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (name, value) in body.as_object().unwrap() {
            form.append_pair(name, value.as_str().unwrap());
        }
        request
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form.finish()))
    };
    let response = rig.send(request.unwrap()).await;
    let status = response.status().as_u16();
    let bytes = body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap())
}

async fn exchange(rig: &Rig, body: &Value) -> (u16, Value) {
    token(rig, "/access_token", body, false, None).await
}

#[track_caller]
fn refused(answer: (u16, Value), status: u16, error: &str) {
    let (found, body) = answer;
    assert_eq!((found, &body["error"]), (status, &json!(error)), "{body}");
    assert!(
        body["error_description"].is_string() && body["message"].is_string(),
        "{body}"
    );
    assert!(
        body["errors"][0]["description"].is_string() && body["trackingId"].is_string(),
        "{body}"
    );
}

/// A person without a role: its id and a token for everything.
async fn user(rig: &Rig) -> (String, String) {
    let id = PersonId::random();
    rig.token_of(id, &[], &["spark:people_read"]).await;
    let request = format!("POST {PUBLIC}/hallway/v1/people/{id}/token");
    let made = rig.ask(&request, Value::Null).await.expect(200);
    (id.to_string(), made["accessToken"].as_str().unwrap().to_owned())
}

async fn me(rig: &Rig, token: &Value) -> u16 {
    let answer = rig.ask_as(token.as_str(), "GET /people/me", Value::Null).await;
    answer.status.as_u16()
}

/// From the link of an integration to the page that asks, as a person.
async fn consent(rig: &Rig, client: &Client, person: &str, more: &str) -> (Browser, Page) {
    let mut browser = Browser::default();
    let page = browser.get(rig, &client.authorize(more)).await.expect(200);
    let code = sign_in_code(rig, &rig.admin, person).await;
    let page = browser.sign_in(rig, &page, &code).await.expect(200);
    (browser, page)
}

async fn allowed(rig: &Rig, client: &Client, person: &str, more: &str) -> String {
    let (mut browser, page) = consent(rig, client, person, more).await;
    let form = page.form("Allow").with("decision", "allow");
    let sent = browser.submit(rig, &form).await.expect(302);
    assert!(sent.location().starts_with(REDIRECT), "{}", sent.location());
    assert_eq!(sent.sent("state").as_deref(), Some("a&b"));
    sent.sent("code").unwrap()
}

#[tokio::test]
async fn the_code_flow_with_a_challenge() {
    let rig = Rig::start().await;
    let client = Client::register(&rig, &["spark:people_read", "spark:rooms_read"]).await;
    let (person, _) = user(&rig).await;
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let more = "&scope=spark:people_read+spark:kms&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
    let (mut browser, page) = consent(&rig, &client, &person, more).await;
    let policy = page.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(
        policy.contains("form-action 'self' http://localhost:6001;"),
        "{policy}"
    );
    let page = page
        .says("Desk &lt;b&gt;Helper&lt;/b&gt;")
        .says("an integration of Acme")
        .says("See your people")
        .says("Some Body");
    let form = page.form("Allow").with("decision", "allow");
    let sent = browser.submit(&rig, &form).await.expect(302);
    let mut body = client.with_code(&sent.sent("code").unwrap());

    refused(exchange(&rig, &body).await, 400, "invalid_grant");
    body["code_verifier"] = json!("x".repeat(43));
    refused(exchange(&rig, &body).await, 400, "invalid_grant");
    body["code_verifier"] = json!(verifier);
    body["redirect_uri"] = json!("myapp://cb?x=1");
    refused(exchange(&rig, &body).await, 400, "invalid_grant");
    body["redirect_uri"] = json!(REDIRECT);
    body["client_secret"] = json!("wrong");
    refused(exchange(&rig, &body).await, 401, "invalid_client");
    body["client_secret"] = json!(client.secret);
    let (status, tokens) = exchange(&rig, &body).await;
    assert_eq!(status, 200, "{tokens}");
    assert_eq!(
        (
            &tokens["expires_in"],
            &tokens["refresh_token_expires_in"],
            &tokens["token_type"]
        ),
        (&json!(1_209_600), &json!(7_776_000), &json!("Bearer"))
    );
    assert_eq!(tokens["scope"], "spark:people_read spark:kms");
    let org = tokens["access_token"]
        .as_str()
        .unwrap()
        .split('_')
        .nth(2)
        .unwrap()
        .to_owned();
    assert_eq!(org, rig.org.uuid().to_string());
    assert_eq!(me(&rig, &tokens["access_token"]).await, 200);
    let rooms = rig
        .ask_as(tokens["access_token"].as_str(), "GET /workspaces", Value::Null)
        .await;
    rooms.expect(403);

    // The same code again: one of the two stole it, so nothing of it stays good.
    refused(exchange(&rig, &body).await, 400, "invalid_grant");
    assert_eq!(me(&rig, &tokens["access_token"]).await, 401);
    let refresh = client.with_refresh(&tokens["refresh_token"]);
    refused(exchange(&rig, &refresh).await, 400, "invalid_grant");
}

#[tokio::test]
async fn a_code_ends_soon_and_is_one_clients() {
    let rig = Rig::start().await;
    let client = Client::register(&rig, &["spark:people_read"]).await;
    let other = Client::register(&rig, &["spark:people_read"]).await;
    let (person, _) = user(&rig).await;
    let code = allowed(&rig, &client, &person, "").await;
    refused(
        exchange(&rig, &other.with_code(&code)).await,
        400,
        "invalid_grant",
    );
    pass_s(&rig, 121);
    refused(
        exchange(&rig, &client.with_code(&code)).await,
        400,
        "invalid_grant",
    );
    let plain = format!("&code_challenge={}", "p".repeat(43));
    let code = allowed(&rig, &client, &person, &plain).await;
    let mut body = client.with_code(&code);
    body["code_verifier"] = json!("p".repeat(43));
    // JSON, Basic, and nothing of the client in the body.
    use base64::Engine as _;
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{}:{}", client.id, client.secret));
    let object = body.as_object_mut().unwrap();
    object.remove("client_id");
    object.remove("client_secret");
    let (status, tokens) = token(
        &rig,
        "/access_token",
        &body,
        true,
        Some(&format!("Basic {basic}")),
    )
    .await;
    assert_eq!(
        (status, &tokens["scope"]),
        (200, &json!("spark:people_read")),
        "{tokens}"
    );
}

#[tokio::test]
async fn no_and_mistakes() {
    let rig = Rig::start().await;
    let client = Client::register(&rig, &["spark:people_read"]).await;
    let (person, _) = user(&rig).await;
    let (mut browser, page) = consent(&rig, &client, &person, "").await;
    let form = page.form("Deny").with("decision", "deny");
    let sent = browser.submit(&rig, &form).await.expect(302);
    assert_eq!(sent.sent("error").as_deref(), Some("access_denied"));
    assert_eq!(sent.sent("state").as_deref(), Some("a&b"));
    assert_eq!(sent.sent("code"), None);

    // Nobody is sent anywhere for a client or a place that is not registered.
    let good = client.authorize("");
    let mut nobody = Browser::default();
    for bad in [
        good.replace(&client.id, "C00"),
        good.replace("%2Fredirect", "%2Fredirect%2F"),
        good.replace("localhost", "LOCALHOST"),
        good.replace("redirect_uri", "x"),
        "/v1/authorize".to_owned(),
    ] {
        let page = nobody.get(&rig, &bad).await.expect(400).says("role=alert");
        assert!(page.headers.get(header::LOCATION).is_none(), "{bad}");
    }
    for (bad, error) in [
        (good.replace("=code", "=token"), "unsupported_response_type"),
        (good.replace("response_type=code&", ""), "invalid_request"),
        (
            client.authorize("&scope=spark-admin:people_write"),
            "invalid_scope",
        ),
        (client.authorize("&code_challenge=short"), "invalid_request"),
        (client.authorize("&code_challenge_method=S256"), "invalid_request"),
    ] {
        let sent = nobody.get(&rig, &bad).await.expect(302);
        assert_eq!(sent.sent("error").as_deref(), Some(error), "{bad}");
        assert_eq!(sent.sent("state").as_deref(), Some("a&b"), "{bad}");
    }
}

#[tokio::test]
async fn signing_in() {
    let rig = Rig::start().await;
    let client = Client::register(&rig, &["spark:people_read"]).await;
    let (person, personal) = user(&rig).await;
    let mut browser = Browser::default();
    let page = browser.get(&rig, &client.authorize("")).await.expect(200);
    let code = sign_in_code(&rig, &personal, &person).await;
    let wrong = page.form("Sign in").with("code", "AAAA-BBBB-CCCC-DDDD");
    browser
        .submit(&rig, &wrong)
        .await
        .expect(400)
        .says("That is no good");
    // Typed as people type.
    let typed = code.to_lowercase().replace('-', " ");
    let before = browser.cookie.clone();
    browser
        .sign_in(&rig, &page, &typed)
        .await
        .expect(200)
        .says("Allow access?");
    assert_ne!(browser.cookie, before, "a session has a cookie of its own");
    // Used once, it is used up.
    let mut second = Browser::default();
    let page = second.get(&rig, &client.authorize("")).await;
    let again = page.form("Sign in").with("code", &code);
    second.submit(&rig, &again).await.expect(400);
    let token_form = |token: &str| page.form("Sign in with the token").with("token", token);
    second.submit(&rig, &token_form("nonsense")).await.expect(400);
    second.submit(&rig, &token_form(&personal)).await.expect(303);
    // A code that nobody used ends.
    let late = sign_in_code(&rig, &rig.admin, &person).await;
    pass_s(&rig, 901);
    let mut third = Browser::default();
    let page = third.get(&rig, "/v1/device").await.expect(200);
    let form = page.form("Sign in").with("code", &late);
    third.submit(&rig, &form).await.expect(400);
    // A session ends too, and one can end it.
    let page = second
        .get(&rig, &client.authorize(""))
        .await
        .says("Allow access?");
    let form = page.form("Sign in as somebody else");
    second.submit(&rig, &form).await.expect(303);
    second.get(&rig, &client.authorize("")).await.says("Sign-in code");
    browser
        .get(&rig, &client.authorize(""))
        .await
        .says("Allow access?");
    pass_s(&rig, 3600);
    browser
        .get(&rig, &client.authorize(""))
        .await
        .says("Sign-in code");
    // Nobody is somebody by a click, unless the house says so.
    assert!(!page.text.contains("demonstration"));
    let form = page.form("Sign in as somebody else");
    let mut forged = form.clone().with("person", &person);
    forged.action = "/v1/authorize/signIn".to_owned();
    browser.submit(&rig, &forged).await.expect(400);
}

#[tokio::test]
async fn forms_of_others_do_nothing() {
    let rig = Rig::start().await;
    let client = Client::register(&rig, &["spark:people_read"]).await;
    let (person, _) = user(&rig).await;
    let (mut browser, page) = consent(&rig, &client, &person, "").await;
    let form = page.form("Allow").with("decision", "allow");
    let (mut stranger, _) = consent(&rig, &client, &person, "").await;
    // A key of another browser, no key, a request that the page did not show, no cookie.
    stranger.submit(&rig, &form).await.expect(400);
    browser
        .submit(&rig, &form.clone().with("key", ""))
        .await
        .expect(400);
    let widened = form.field("request").replace("a%26b", "c");
    browser
        .submit(&rig, &form.clone().with("request", &widened))
        .await
        .expect(400);
    Browser::default().submit(&rig, &form).await.expect(400);
    browser
        .submit(&rig, &form.clone().with("decision", "maybe"))
        .await
        .expect(400);
    browser.submit(&rig, &form).await.expect(302);
    // A sign-in leads to pages of ours only.
    let mut fresh = Browser::default();
    let page = fresh.get(&rig, "/v1/device").await;
    let form = page.form("Sign in").with("back", "//evil.example");
    fresh.submit(&rig, &form).await.expect(400);
}

#[tokio::test]
async fn in_a_demonstration_anybody_is_anybody() {
    let rig = Rig::that_calls(Config {
        open_sign_in: true,
        ..Config::default()
    })
    .await;
    let client = Client::register(&rig, &["spark:people_read"]).await;
    let mut browser = Browser::default();
    let page = browser
        .get(&rig, &client.authorize(""))
        .await
        .says("demonstration");
    let admin = rig.get("/people/me").await.expect(200);
    let form = page
        .form("Ada Admin")
        .with("person", admin["id"].as_str().unwrap());
    let sent = browser.submit(&rig, &form).await.expect(303);
    browser
        .get(&rig, &sent.location())
        .await
        .says("You are Ada Admin");
}

#[tokio::test]
async fn refreshing() {
    let rig = Rig::start().await;
    let client = Client::register(&rig, &["spark:people_read"]).await;
    let (person, _) = user(&rig).await;
    let code = allowed(&rig, &client, &person, "").await;
    let (_, first) = exchange(&rig, &client.with_code(&code)).await;
    pass_s(&rig, 13 * DAY_S);
    let body = client.with_refresh(&first["refresh_token"]);
    // As wxc_sdk does it, with an old token beside; and as wxcadm does, in JSON.
    let old = format!("Bearer {}", first["access_token"].as_str().unwrap());
    let (status, second) = token(&rig, "/access_token", &body, false, Some(&old)).await;
    assert_eq!(status, 200, "{second}");
    let (status, third) = token(&rig, "/access_token", &body, true, Some(&old)).await;
    assert_eq!(status, 200, "{third}");
    for answer in [&second, &third] {
        assert_eq!(answer["refresh_token"], first["refresh_token"]);
        assert_eq!(
            (&answer["expires_in"], &answer["refresh_token_expires_in"]),
            (&json!(1_209_600), &json!(7_776_000))
        );
        assert_eq!(me(&rig, &answer["access_token"]).await, 200);
    }
    assert_eq!(
        me(&rig, &first["access_token"]).await,
        200,
        "it lives to its own end"
    );
    pass_s(&rig, DAY_S);
    assert_eq!(me(&rig, &first["access_token"]).await, 401);
    assert_eq!(me(&rig, &third["access_token"]).await, 200);
    // Each refresh renews the refresh token; unused for 90 days it ends.
    pass_s(&rig, 80 * DAY_S);
    assert_eq!(exchange(&rig, &body).await.0, 200);
    pass_s(&rig, 89 * DAY_S);
    assert_eq!(exchange(&rig, &body).await.0, 200);
    pass_s(&rig, 90 * DAY_S);
    refused(exchange(&rig, &body).await, 400, "invalid_grant");
}

#[tokio::test]
async fn what_the_token_endpoint_refuses() {
    let rig = Rig::start().await;
    let client = Client::register(&rig, &["spark:people_read"]).await;
    let other = Client::register(&rig, &["spark:people_read"]).await;
    let (person, _) = user(&rig).await;
    let code = allowed(&rig, &client, &person, "").await;
    let (_, tokens) = exchange(&rig, &client.with_code(&code)).await;
    refused(
        exchange(&rig, &other.with_refresh(&tokens["refresh_token"])).await,
        400,
        "invalid_grant",
    );
    // An access token is no refresh token, and the other way round.
    refused(
        exchange(&rig, &client.with_refresh(&tokens["access_token"])).await,
        400,
        "invalid_grant",
    );
    assert_eq!(me(&rig, &tokens["refresh_token"]).await, 401);
    for (body, error) in [
        (json!({}), "invalid_request"),
        (json!({ "grant_type": "password" }), "unsupported_grant_type"),
        (
            json!({ "grant_type": "client_credentials" }),
            "unsupported_grant_type",
        ),
        (json!({ "grant_type": "refresh_token" }), "invalid_request"),
        (
            json!({ "grant_type": "authorization_code", "client_id": client.id }),
            "invalid_request",
        ),
        (
            json!({ "grant_type": "authorization_code", "client_id": client.id, "client_secret": client.secret }),
            "invalid_request",
        ),
        (client.with_code("nonsense"), "invalid_grant"),
    ] {
        refused(token(&rig, "/access_token", &body, true, None).await, 400, error);
        refused(exchange(&rig, &body).await, 400, error);
    }
    let mut unknown = client.with_refresh(&tokens["refresh_token"]);
    unknown["client_id"] = json!("C00");
    refused(exchange(&rig, &unknown).await, 401, "invalid_client");
}

#[tokio::test]
async fn a_device_without_a_browser() {
    let rig = Rig::start().await;
    let client = Client::register(&rig, &["spark:people_read"]).await;
    let (person, _) = user(&rig).await;
    let start = json!({ "client_id": client.id, "scope": "spark:people_read" });
    let begun = async || {
        let (status, body) = token(&rig, "/device/authorize", &start, false, None).await;
        assert_eq!((status, &body["interval"]), (200, &json!(5)), "{body}");
        body
    };
    let poll = async |begun: &Value, path: &str| {
        let body = json!({
            "grant_type": "urn:ietf:params:oauth:grant-type:device_code", "client_id": client.id,
            "device_code": begun["device_code"],
        });
        token(&rig, path, &body, false, None).await
    };
    let mut browser = Browser::default();
    let page = browser.get(&rig, "/v1/device").await;
    let code = sign_in_code(&rig, &rig.admin, &person).await;
    browser
        .sign_in(&rig, &page, &code)
        .await
        .says("The code that the device shows");

    let one = begun().await;
    refused(poll(&one, "/access_token").await, 400, "authorization_pending");
    refused(poll(&one, "/device/token").await, 400, "slow_down");
    pass_s(&rig, 6);
    refused(poll(&one, "/access_token").await, 400, "slow_down");
    pass_s(&rig, 16);
    refused(poll(&one, "/access_token").await, 400, "authorization_pending");
    let typed = one["user_code"]
        .as_str()
        .unwrap()
        .to_lowercase()
        .replace('-', "+");
    let page = browser
        .get(&rig, &format!("/v1/device?user_code={typed}"))
        .await
        .expect(200);
    let form = page.form("Allow").with("decision", "allow");
    browser.submit(&rig, &form).await.expect(200).says("Connected");
    pass_s(&rig, 16);
    let (status, tokens) = poll(&one, "/access_token").await;
    assert_eq!(
        (status, &tokens["scope"]),
        (200, &json!("spark:people_read")),
        "{tokens}"
    );
    assert_eq!(me(&rig, &tokens["access_token"]).await, 200);
    // A code is answered and fetched once.
    browser.submit(&rig, &form).await.expect(400);
    pass_s(&rig, 16);
    refused(poll(&one, "/access_token").await, 400, "invalid_grant");

    let two = begun().await;
    let complete = two["verification_uri_complete"].as_str().unwrap();
    let page = browser.get(&rig, complete).await.expect(200);
    let form = page.form("Deny").with("decision", "deny");
    browser.submit(&rig, &form).await.expect(200).says("Denied");
    refused(poll(&two, "/device/token").await, 400, "access_denied");

    let three = begun().await;
    pass_s(&rig, 601);
    refused(poll(&three, "/device/token").await, 400, "expired_token");
    let late = three["verification_uri_complete"].as_str().unwrap();
    browser.get(&rig, late).await.expect(400).says("No device waits");
    refused(
        token(
            &rig,
            "/device/authorize",
            &json!({ "client_id": "C00" }),
            true,
            None,
        )
        .await,
        401,
        "invalid_client",
    );
    let wide = json!({ "client_id": client.id, "scope": "spark:rooms_read" });
    refused(
        token(&rig, "/device/authorize", &wide, true, None).await,
        400,
        "invalid_scope",
    );

    // Who tries codes is stopped.
    let mut last = 0;
    for n in 0..12 {
        let guess = format!("/v1/device?user_code=BBBB-BBB{}", char::from(b'B' + n));
        last = browser.get(&rig, &guess).await.status;
    }
    assert_eq!(last, 429);
}

#[tokio::test]
async fn personal_tokens_last_half_a_day_and_manage_only_unlimited() {
    let rig = Rig::start().await;
    let (person, personal) = user(&rig).await;
    let request = format!("POST {PUBLIC}/hallway/v1/people/{person}/token");
    let limited = rig
        .ask_as(
            Some(&personal),
            &request,
            json!({ "scopes": ["spark:people_read", "identity:tokens_read"] }),
        )
        .await
        .expect(200);
    let token = limited["accessToken"].as_str().unwrap();
    let expiry = rig
        .ask_as(Some(token), "GET /authorizations/tokenExpiry", Value::Null)
        .await
        .expect(200);
    assert_eq!(expiry["exp"], json!(crate::rig::NOW.millis() + 12 * 3_600_000));
    // It does what its scopes say, and nothing else.
    rig.ask_as(Some(token), &request, Value::Null).await.expect(403);
    rig.ask_as(Some(token), "POST /applications", json!({}))
        .await
        .expect(403);
    rig.ask(&request, json!({ "scopes": ["spark:nonsense"] }))
        .await
        .expect(400);
    // A person makes tokens for itself only.
    let (other, _) = user(&rig).await;
    let for_other = format!("POST {PUBLIC}/hallway/v1/people/{other}/token");
    rig.ask_as(Some(&personal), &for_other, Value::Null)
        .await
        .expect(403);
    let stranger = rig.stranger().await;
    rig.ask_as(Some(&stranger), &for_other, Value::Null)
        .await
        .expect(404);
    pass_s(&rig, 12 * 3600);
    rig.ask_as(Some(token), "GET /people/me", Value::Null)
        .await
        .expect(401);
    rig.ask_as(Some(&personal), "GET /people/me", Value::Null)
        .await
        .expect(401);
}

/// What an administrator let an integration do is not what the administrator may do.
#[tokio::test]
async fn an_integration_of_an_administrator_manages_nothing() {
    let rig = Rig::start().await;
    let scopes: Vec<&str> = hallway_wire::manifest::scopes::KNOWN
        .iter()
        .copied()
        .filter(|scope| scope.starts_with("spark"))
        .take(60)
        .collect();
    let client = Client::register(&rig, &scopes).await;
    let admin = rig.get("/people/me").await.expect(200);
    let code = allowed(&rig, &client, admin["id"].as_str().unwrap(), "").await;
    let (_, tokens) = exchange(&rig, &client.with_code(&code)).await;
    let token = tokens["access_token"].as_str();
    rig.ask_as(token, "GET /people", Value::Null).await.expect(200);
    for request in [
        "GET /hallway/v1/integrations",
        "POST /hallway/v1/keys/rotate",
        "GET /hallway/v1/audit",
        "GET /hallway/v1/serviceApps",
    ] {
        let (method, path) = request.split_once(' ').unwrap();
        rig.ask_as(token, &format!("{method} {PUBLIC}{path}"), Value::Null)
            .await
            .expect(403);
    }
    rig.ask_as(token, "POST /applications", json!({}))
        .await
        .expect(403);
}
