//! Applications, and the life of a service app (service-apps 2 to 5).

use hallway_platform::Config;
use hallway_platform::org::Role;
use hallway_wire::id::{OrgId, PersonId};
use serde_json::{Value, json};

use crate::browser::pass_s;
use crate::receiver::Receiver;
use crate::rig::{PUBLIC, Rig};

const SCOPES: [&str; 2] = ["spark-admin:people_read", "spark-admin:people_write"];

/// A service app that the administrator of the rig develops.
struct App {
    id: String,
    client: String,
    secret: String,
}

impl App {
    async fn register(rig: &Rig) -> Self {
        let body = json!({
            "type": "authorizedAppIssuer", "name": "Desk Connector", "contactEmail": "d@example.com",
            "logo": "https://example.com/logo.png", "scopes": SCOPES, "isNative": null,
        });
        let made = rig.ask("POST /applications", body).await.expect(200);
        let text = |member: &str| made[member].as_str().unwrap().to_owned();
        Self {
            id: text("id"),
            client: text("clientId"),
            secret: text("clientSecret"),
        }
    }

    fn path(&self, rest: &str) -> String {
        format!("/applications/{}{rest}", self.id)
    }

    fn control(&self, rest: &str) -> String {
        format!("{PUBLIC}/hallway/v1/applications/{}{rest}", self.id)
    }

    async fn decide(&self, rig: &Rig, token: &str, what: &str, org: OrgId) -> u16 {
        let request = format!("POST {}", self.path(&format!("/{what}")));
        let body = json!({ "orgId": org });
        rig.ask_as(Some(token), &request, body).await.status.as_u16()
    }

    async fn tokens(&self, rig: &Rig, token: &str, org: &str) -> (u16, Value) {
        let request = format!("POST {}", self.path("/token"));
        let body = json!({ "clientId": self.client, "clientSecret": self.secret, "targetOrgId": org });
        let answer = rig.ask_as(Some(token), &request, body).await;
        (answer.status.as_u16(), answer.body)
    }

    async fn refresh(&self, rig: &Rig, refresh_token: &Value) -> (u16, Value) {
        let body = json!({
            "grant_type": "refresh_token", "client_id": self.client, "client_secret": self.secret,
            "refresh_token": refresh_token,
        });
        let answer = rig.ask_as(None, "POST /access_token", body).await;
        (answer.status.as_u16(), answer.body)
    }
}

async fn me(rig: &Rig, tokens: &Value) -> u16 {
    let token = tokens["access_token"].as_str();
    rig.ask_as(token, "GET /people/me", Value::Null)
        .await
        .status
        .as_u16()
}

/// Members that clients know; any other makes one of them fail.
const MEMBERS: [&str; 42] = [
    "id",
    "name",
    "friendlyId",
    "type",
    "orgId",
    "createdBy",
    "created",
    "modified",
    "isNative",
    "isFeatured",
    "submissionStatus",
    "orgSubmissionStatus",
    "submissionDate",
    "clientId",
    "scopes",
    "redirectUrls",
    "description",
    "logo",
    "tagLine",
    "shortTagLine",
    "categories",
    "tags",
    "videoUrl",
    "contactEmail",
    "contactName",
    "companyName",
    "companyUrl",
    "supportUrl",
    "privacyUrl",
    "productUrl",
    "applicationUrls",
    "botEmail",
    "botPersonId",
    "appContext",
    "screenshot1",
    "screenshot2",
    "screenshot3",
    "validDomains",
    "groupId",
    "version",
    "meetingLayoutPreference",
    "entitlements",
];

#[tokio::test]
async fn from_registration_to_the_end() {
    let rig = Rig::start().await;
    let app = App::register(&rig).await;
    let decoded = hallway_wire::id::decode(&app.id).unwrap();
    assert_eq!(decoded, ("APPLICATION".to_owned(), app.client.clone()));
    let shown = rig.get(&app.path("")).await.expect(200);
    for member in shown.as_object().unwrap().keys() {
        assert!(MEMBERS.contains(&member.as_str()), "{member}");
    }
    assert_eq!(shown["friendlyId"], "desk-connector-acme");
    assert_eq!(
        (&shown["isNative"], &shown["submissionStatus"]),
        (&json!(false), &json!("none"))
    );
    assert_eq!(
        rig.get("/applications?type=authorizedAppIssuer&createdBy=me")
            .await
            .items(),
        [shown]
    );
    assert_eq!(rig.get("/applications?type=bot").await.items().len(), 0);

    // Nobody authorized it yet.
    let org = rig.org.to_string();
    let (status, body) = app.tokens(&rig, &rig.admin, &org).await;
    assert_eq!(status, 403, "{body}");
    // Only a full administrator of the organization may.
    let other_admin = rig
        .token(&[Role::DeviceAdmin], hallway_wire::manifest::scopes::KNOWN)
        .await;
    assert_eq!(app.decide(&rig, &other_admin, "authorize", rig.org).await, 403);
    let stranger = rig.stranger().await;
    assert_eq!(app.decide(&rig, &stranger, "authorize", rig.org).await, 404);
    assert_eq!(
        app.decide(&rig, &rig.admin, "authorize", OrgId::random()).await,
        404
    );
    assert_eq!(app.decide(&rig, &rig.admin, "deauthorize", rig.org).await, 409);
    assert_eq!(app.decide(&rig, &rig.admin, "authorize", rig.org).await, 200);
    let shown = rig.get(&app.path("")).await.expect(200);
    assert_eq!(shown["orgSubmissionStatus"], "approved");

    // The organization's id in either form.
    let uuid = rig.org.uuid().to_string();
    let (status, first) = app.tokens(&rig, &rig.admin, &uuid).await;
    assert_eq!(status, 200, "{first}");
    assert_eq!(
        (&first["expires_in"], &first["token_type"]),
        (&json!(1_209_600), &json!("Bearer"))
    );
    let (_, second) = app.tokens(&rig, &rig.admin, &org).await;
    assert_ne!(first["access_token"], second["access_token"]);
    let token = first["access_token"].as_str();
    let machine = rig.ask_as(token, "GET /people/me", Value::Null).await.expect(200);
    assert_eq!(
        (&machine["type"], &machine["orgId"]),
        (&json!("bot"), &json!(rig.org))
    );
    assert_eq!(machine["displayName"], "Desk Connector");
    assert_eq!(
        machine["emails"],
        json!(["desk-connector-acme@serviceapp.hallway.example"])
    );
    // It administers, inside its scopes.
    rig.ask_as(token, "GET /people", Value::Null).await.expect(200);
    rig.ask_as(token, "GET /locations", Value::Null).await.expect(200);
    rig.ask_as(token, "GET /devices", Value::Null).await.expect(403);
    rig.ask_as(
        token,
        &format!("GET /people?orgId={}", OrgId::random()),
        Value::Null,
    )
    .await
    .expect(404);
    // It manages nothing: not even itself.
    rig.ask_as(
        token,
        &format!("GET {PUBLIC}/hallway/v1/serviceApps"),
        Value::Null,
    )
    .await
    .expect(403);
    assert_eq!(app.decide(&rig, token.unwrap(), "authorize", rig.org).await, 403);

    let (status, renewed) = app.refresh(&rig, &first["refresh_token"]).await;
    assert_eq!(
        (status, &renewed["refresh_token"]),
        (200, &first["refresh_token"])
    );
    assert_eq!(me(&rig, &renewed).await, 200);

    // A new secret: the old one is no good, tokens stay.
    let rotated = rig
        .ask(&format!("POST {}", app.control("/rotateSecret")), Value::Null)
        .await
        .expect(200);
    assert_eq!(app.refresh(&rig, &first["refresh_token"]).await.0, 401);
    assert_eq!(app.tokens(&rig, &rig.admin, &org).await.0, 401);
    let app = App {
        secret: rotated["clientSecret"].as_str().unwrap().to_owned(),
        ..app
    };
    assert_eq!(me(&rig, &renewed).await, 200);

    // Scopes change for an organization when it authorizes again; what it has stays.
    let fewer = json!({ "scopes": [SCOPES[0], "spark-admin:devices_read"] });
    rig.ask(&format!("PUT {}", app.path("")), fewer).await.expect(200);
    assert_eq!(
        app.refresh(&rig, &first["refresh_token"]).await.1["scope"],
        SCOPES.join(" ")
    );
    assert_eq!(app.decide(&rig, &rig.admin, "authorize", rig.org).await, 200);
    let (_, wider) = app.refresh(&rig, &first["refresh_token"]).await;
    assert_eq!(wider["scope"], "spark-admin:people_read spark-admin:devices_read");
    rig.ask_as(wider["access_token"].as_str(), "GET /devices", Value::Null)
        .await
        .expect(200);
    rig.ask_as(token, "GET /devices", Value::Null).await.expect(403);

    // Deauthorized: dead at once, all of them.
    assert_eq!(app.decide(&rig, &rig.admin, "deauthorize", rig.org).await, 200);
    for tokens in [&first, &second, &renewed, &wider] {
        assert_eq!(me(&rig, tokens).await, 401);
        let (status, body) = app.refresh(&rig, &tokens["refresh_token"]).await;
        assert_eq!((status, &body["error"]), (400, &json!("invalid_grant")));
    }
    assert_eq!(app.tokens(&rig, &rig.admin, &org).await.0, 403);
    // Authorized again: the old ones stay dead, the account is the same.
    assert_eq!(app.decide(&rig, &rig.admin, "authorize", rig.org).await, 200);
    assert_eq!(me(&rig, &first).await, 401);
    let (_, third) = app.tokens(&rig, &rig.admin, &org).await;
    let again = rig
        .ask_as(third["access_token"].as_str(), "GET /people/me", Value::Null)
        .await
        .expect(200);
    assert_eq!(again["id"], machine["id"]);

    rig.ask(&format!("DELETE {}", app.path("")), Value::Null)
        .await
        .expect(204);
    assert_eq!(me(&rig, &third).await, 401);
    rig.get(&app.path("")).await.expect(404);
    assert_eq!(app.refresh(&rig, &third["refresh_token"]).await.0, 401);
    let gone = rig
        .get(&format!("/people/{}", machine["id"].as_str().unwrap()))
        .await;
    gone.expect(404);
}

#[tokio::test]
async fn another_organization_sees_it_when_it_is_asked() {
    let rig = Rig::start().await;
    let app = App::register(&rig).await;
    let stranger = rig.stranger().await;
    let there: OrgId = {
        let me = rig
            .ask_as(Some(&stranger), "GET /people/me", Value::Null)
            .await
            .expect(200);
        me["orgId"].as_str().unwrap().parse().unwrap()
    };
    let as_stranger = async |request: &str| rig.ask_as(Some(&stranger), request, Value::Null).await;
    as_stranger(&format!("GET {}", app.path(""))).await.expect(404);
    assert_eq!(as_stranger("GET /applications").await.items().len(), 0);
    assert_eq!(app.decide(&rig, &stranger, "authorize", there).await, 404);

    let ask = format!("POST {}", app.control("/requestAuthorization"));
    rig.ask(&ask, json!({ "orgId": OrgId::random() }))
        .await
        .expect(404);
    rig.ask_as(Some(&stranger), &ask, json!({ "orgId": there }))
        .await
        .expect(404);
    let asked = rig.ask(&ask, json!({ "orgId": there })).await.expect(200);
    assert_eq!(
        (&asked["state"], &asked["orgId"]),
        (&json!("requested"), &json!(there))
    );
    let seen = as_stranger(&format!("GET {}", app.path(""))).await.expect(200);
    assert_eq!(seen["orgSubmissionStatus"], "pending_approval");
    assert_eq!(as_stranger("GET /applications").await.items().len(), 1);
    let waiting = as_stranger(&format!("GET {PUBLIC}/hallway/v1/serviceApps"))
        .await
        .items();
    assert_eq!(
        (&waiting[0]["state"], &waiting[0]["scopes"]),
        (&json!("requested"), &json!(SCOPES))
    );
    // It sees, and changes nothing.
    for request in ["PUT", "DELETE"] {
        let request = format!("{request} {}", app.path(""));
        rig.ask_as(Some(&stranger), &request, json!({})).await.expect(404);
    }
    assert_eq!(app.decide(&rig, &stranger, "authorize", there).await, 200);
    // The tokens are the developer's to fetch.
    assert_eq!(app.tokens(&rig, &stranger, &there.to_string()).await.0, 404);
    let (status, tokens) = app.tokens(&rig, &rig.admin, &there.to_string()).await;
    assert_eq!(status, 200, "{tokens}");
    let machine = rig
        .ask_as(tokens["access_token"].as_str(), "GET /people/me", Value::Null)
        .await
        .expect(200);
    assert_eq!(machine["orgId"], json!(there));
    let listed = rig.get(&app.control("/authorizations")).await.items();
    assert_eq!(
        (&listed[0]["orgId"], &listed[0]["state"]),
        (&json!(there), &json!("authorized"))
    );
    assert_eq!(app.tokens(&rig, &rig.admin, &rig.org.to_string()).await.0, 403);
    // Its administrators take it back by the authorizations API too.
    let path = format!("DELETE /authorizations?clientId={}&orgId={there}", app.client);
    rig.ask(&path, Value::Null).await.expect(404);
    as_stranger(&path).await.expect(204);
    assert_eq!(me(&rig, &tokens).await, 401);
    let listed = rig.get(&app.control("/authorizations")).await.items();
    assert_eq!(listed[0]["state"], "deauthorized");
}

#[tokio::test]
async fn who_gets_tokens_of_a_service_app() {
    let rig = Rig::start().await;
    let app = App::register(&rig).await;
    assert_eq!(app.decide(&rig, &rig.admin, "authorize", rig.org).await, 200);
    let org = rig.org.to_string();
    let without = rig.token(&[Role::FullAdmin], &["spark-admin:people_read"]).await;
    assert_eq!(app.tokens(&rig, &without, &org).await.0, 403);
    let colleague = rig.token(&[], &["spark:applications_token"]).await;
    assert_eq!(
        app.tokens(&rig, &colleague, &org).await.0,
        404,
        "it is not theirs"
    );
    let request = format!("POST {}", app.path("/token"));
    let good = json!({ "clientId": app.client, "clientSecret": app.secret, "targetOrgId": org });
    for member in ["clientId", "clientSecret", "targetOrgId"] {
        let mut lacking = good.clone();
        lacking.as_object_mut().unwrap().remove(member);
        rig.ask(&request, lacking).await.expect(400);
    }
    for (member, wrong, status) in [
        ("clientId", "C00", 401),
        ("clientSecret", "wrong", 401),
        ("targetOrgId", "nonsense", 400),
    ] {
        let mut body = good.clone();
        body[member] = json!(wrong);
        let answer = rig.ask(&request, body).await.expect(status);
        if status == 401 {
            assert_eq!(answer["message"], "Invalid client credentials");
        }
    }
    let elsewhere =
        json!({ "clientId": app.client, "clientSecret": app.secret, "targetOrgId": OrgId::random() });
    rig.ask(&request, elsewhere).await.expect(403);
    rig.ask(&request.replace(&app.id, "C00ff"), good)
        .await
        .expect(404);
}

#[tokio::test]
async fn bots() {
    let rig = Rig::start().await;
    let made = rig
        .ask(
            "POST /applications",
            json!({ "type": "bot", "name": "Lunch Bot" }),
        )
        .await
        .expect(200);
    assert!(made.get("clientSecret").is_none());
    assert_eq!(made["botEmail"], "lunch-bot@bots.hallway.example");
    let id = made["id"].as_str().unwrap();
    let request = format!("POST {PUBLIC}/hallway/v1/applications/{id}/botToken");
    let first = rig.ask(&request, Value::Null).await.expect(200);
    let token = first["accessToken"].as_str();
    let me = rig.ask_as(token, "GET /people/me", Value::Null).await.expect(200);
    assert_eq!((&me["type"], &me["id"]), (&json!("bot"), &made["botPersonId"]));
    rig.ask_as(token, "GET /people", Value::Null).await.expect(400);
    pass_s(&rig, 40 * 365 * 24 * 3600);
    rig.ask_as(token, "GET /people/me", Value::Null).await.expect(200);
    let stranger = rig.stranger().await;
    rig.ask_as(Some(&stranger), &request, Value::Null)
        .await
        .expect(404);
}

#[tokio::test]
async fn a_new_token_of_a_bot_ends_the_old_one() {
    let rig = Rig::start().await;
    let made = rig
        .ask("POST /applications", json!({ "type": "bot", "name": "Bot" }))
        .await
        .expect(200);
    let request = format!(
        "POST {PUBLIC}/hallway/v1/applications/{}/botToken",
        made["id"].as_str().unwrap()
    );
    let first = rig.ask(&request, Value::Null).await.expect(200);
    let me = async |made: &Value| {
        rig.ask_as(made["accessToken"].as_str(), "GET /people/me", Value::Null)
            .await
    };
    me(&first).await.expect(200);
    let second = rig.ask(&request, Value::Null).await.expect(200);
    me(&first).await.expect(401);
    me(&second).await.expect(200);
    rig.ask(
        &format!("DELETE /applications/{}", made["id"].as_str().unwrap()),
        Value::Null,
    )
    .await
    .expect(204);
    me(&second).await.expect(401);
}

#[tokio::test]
async fn what_cannot_be_registered() {
    let rig = Rig::start().await;
    let good = json!({
        "type": "integration", "name": "A", "scopes": ["spark:people_read"],
        "redirectUrls": ["https://a.example/cb"], "friendlyId": "a-b",
    });
    rig.ask("POST /applications", good.clone()).await.expect(200);
    rig.ask("POST /applications", good.clone()).await.expect(409);
    for (member, wrong) in [
        ("type", json!("robot")),
        ("type", Value::Null),
        ("name", json!(" ")),
        ("scopes", json!(["spark:nonsense"])),
        ("scopes", json!([])),
        ("scopes", json!("spark:people_read")),
        ("redirectUrls", json!(["javascript:alert(1)"])),
        ("redirectUrls", json!([])),
        ("friendlyId", json!("A B")),
    ] {
        let mut body = good.clone();
        body["friendlyId"] = json!("other");
        body[member] = wrong;
        rig.ask("POST /applications", body.clone()).await.expect(400);
    }
    rig.ask("POST /applications", json!([])).await.expect(400);
    rig.get("/applications/nonsense").await.expect(400);
    rig.get("/applications/%ff").await.expect(400);
    rig.get(&format!("/applications/{}", PersonId::random()))
        .await
        .expect(400);
    // A name that is taken gets a number.
    let unnamed = json!({ "type": "bot", "name": "Twin" });
    let one = rig.ask("POST /applications", unnamed.clone()).await.expect(200);
    let other = rig.ask("POST /applications", unnamed).await.expect(200);
    assert_eq!(
        (&one["friendlyId"], &other["friendlyId"]),
        (&json!("twin-acme"), &json!("twin-acme-2"))
    );
    assert_ne!(one["botEmail"], other["botEmail"]);
}

#[tokio::test]
async fn applications_page_by_page() {
    let rig = Rig::start().await;
    for n in 0..5 {
        let body = json!({ "type": "bot", "name": format!("Bot {n}") });
        rig.ask("POST /applications", body).await.expect(200);
        pass_s(&rig, 1);
    }
    // Another organization asks for five more.
    let stranger = rig.stranger().await;
    for n in 0..5 {
        let body = json!({ "type": "authorizedAppIssuer", "name": format!("App {n}"), "scopes": SCOPES });
        let made = rig
            .ask_as(Some(&stranger), "POST /applications", body)
            .await
            .expect(200);
        let ask = format!(
            "POST {PUBLIC}/hallway/v1/applications/{}/requestAuthorization",
            made["id"].as_str().unwrap()
        );
        rig.ask_as(Some(&stranger), &ask, json!({ "orgId": rig.org }))
            .await
            .expect(200);
        pass_s(&rig, 1);
    }
    for max in [1, 2, 3, 4, 5, 7, 10, 11] {
        let mut names = Vec::new();
        let mut next = Some(format!("/applications?max={max}"));
        while let Some(path) = next {
            let mut answer = rig.get(&path).await;
            next = answer.next.take();
            let items = answer.items();
            assert!(!items.is_empty() && items.len() <= max, "{max}");
            names.extend(items.iter().map(|item| item["name"].as_str().unwrap().to_owned()));
        }
        let bots = (0..5).map(|n| format!("Bot {n}"));
        let apps = (0..5).map(|n| format!("App {n}"));
        assert_eq!(names, bots.chain(apps).collect::<Vec<_>>(), "{max}");
    }
    // Somebody without a role sees what is its own: nothing.
    let id = PersonId::random();
    rig.token_of(id, &[], &["spark:people_read"]).await;
    let made = rig
        .ask(
            &format!("POST {PUBLIC}/hallway/v1/people/{id}/token"),
            Value::Null,
        )
        .await
        .expect(200);
    let token = made["accessToken"].as_str();
    assert_eq!(
        rig.ask_as(token, "GET /applications", Value::Null)
            .await
            .items()
            .len(),
        0
    );
}

#[tokio::test]
async fn sites() {
    let rig = Rig::start().await;
    let path = format!("{PUBLIC}/hallway/v1/organization/sites");
    assert_eq!(rig.get(&path).await.expect(200), json!({ "sites": [] }));
    let wanted = json!({ "sites": ["Example.webex.com"] });
    rig.ask(&format!("PUT {path}"), wanted).await.expect(200);
    assert_eq!(
        rig.get(&path).await.expect(200),
        json!({ "sites": ["example.webex.com"] })
    );
    rig.ask(&format!("PUT {path}"), json!({ "sites": ["no host"] }))
        .await
        .expect(400);
}

/// The developer hears of an authorization and its end, with the data that is promised, and nothing else does.
#[tokio::test]
async fn the_developer_is_told() {
    let mut receiver = Receiver::start().await;
    let rig = Rig::that_calls(Config {
        allow_http: true,
        ..Config::default()
    })
    .await;
    let app = App::register(&rig).await;
    for event in ["authorized", "deauthorized"] {
        let body = json!({
            "name": "Auth watch", "targetUrl": receiver.url, "resource": "serviceApp", "event": event,
            "filter": format!("id={}", app.id),
        });
        rig.ask("POST /webhooks", body).await.expect(200);
    }
    // A customer with sites.
    let stranger = rig.stranger().await;
    let as_stranger =
        async |request: &str, body: Value| rig.ask_as(Some(&stranger), request, body).await.expect(200);
    let admin = as_stranger("GET /people/me", Value::Null).await;
    let there: OrgId = admin["orgId"].as_str().unwrap().parse().unwrap();
    let sites = json!({ "sites": ["x.webex.com"] });
    as_stranger(&format!("PUT {PUBLIC}/hallway/v1/organization/sites"), sites).await;
    let ask = format!("POST {}", app.control("/requestAuthorization"));
    rig.ask(&ask, json!({ "orgId": there })).await.expect(200);
    let when = rig.platform.now();
    assert_eq!(app.decide(&rig, &stranger, "authorize", there).await, 200);
    let expected = json!({
        "id": app.id, "friendlyId": "desk-connector-acme", "authorizerId": admin["id"],
        "authorizerOrgId": there, "authorizationDate": when, "scopes": SCOPES,
        "trainSiteNames": ["x.webex.com"], "adminTrainSiteNames": ["x.webex.com"],
    });
    let told = receiver.next().await.json();
    assert_eq!((&told["event"], &told["data"]), (&json!("authorized"), &expected));
    assert_eq!(
        (&told["orgId"], &told["actorId"]),
        (&json!(rig.org), &admin["id"])
    );
    // The date stays that of the authorization.
    pass_s(&rig, 60);
    assert_eq!(app.decide(&rig, &stranger, "deauthorize", there).await, 200);
    let told = receiver.next().await.json();
    assert_eq!(
        (&told["event"], &told["data"]),
        (&json!("deauthorized"), &expected)
    );
    assert_eq!(app.decide(&rig, &stranger, "authorize", there).await, 200);
    assert_eq!(receiver.next().await.json()["event"], "authorized");
    // The end of the app is the end of its authorizations.
    rig.ask(&format!("DELETE {}", app.path("")), Value::Null)
        .await
        .expect(204);
    let told = receiver.next().await.json();
    assert_eq!(
        (&told["event"], &told["data"]["authorizerId"]),
        (&json!("deauthorized"), &admin["id"])
    );
}
