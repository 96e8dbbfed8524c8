//! Many tenants in one process: kept apart, taken up again, added by codes that are posted.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hallway_sdk::integration::Action;
use hallway_sdk::jwt::CodeError;
use hallway_sdk::tenants::{
    Limits, Refusal, State, Tenant, TenantId, TenantInbox, Tenants, TenantsBuilder, Welcome,
};
use hallway_sdk::tokens::TokenStore as _;
use hallway_sdk::{Error, Handlers, OrgId, Value};
use serde_json::{Value as Json, json};
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::integration::{APP, Office, now};
use crate::play::{ok, refused, status, tokens};
use crate::webhook::signed;

/// A service in which many organizations have activated the integration. Organization `n` has the refresh token
/// `refresh-n` and its integration at `/app/n`.
struct House {
    office: Office,
    state: Arc<Mutex<Doings>>,
}

#[derive(Default)]
struct Doings {
    /// What waits in the queue of an organization; a batch is taken by its poll.
    queues: HashMap<u128, Vec<Json>>,
    /// Organizations whose tokens are not valid.
    refused: Vec<u128>,
    /// Organizations for which the service cannot answer.
    down: Vec<u128>,
}

fn org(n: u128) -> String {
    URL_SAFE_NO_PAD.encode(format!("ciscospark://us/ORGANIZATION/{}", Uuid::from_u128(n)))
}

fn id(n: u128) -> TenantId {
    TenantId::of(&OrgId::new(org(n)))
}

impl House {
    async fn new() -> Self {
        let office = Office::bare().await;
        let state = Arc::new(Mutex::new(Doings::default()));
        let (doings, url, app) = (Arc::clone(&state), office.service.url.clone(), office.app());
        office.service.rule(move |seen| {
            let mut doings = doings.lock().unwrap();
            if seen.path == "/v1/access_token" {
                let n: u128 = seen.body.rsplit("refresh_token=refresh-").next()?.parse().ok()?;
                if doings.refused.contains(&n) {
                    return Some(status(
                        400,
                        json!({ "error": "invalid_grant", "message": "It is not valid." }),
                    ));
                }
                return Some(ok(tokens(
                    &format!("access-{n}"),
                    &format!("refresh-{n}"),
                    64_800,
                )));
            }
            let (n, rest) = seen
                .path
                .strip_prefix("/app/")?
                .split_once('/')
                .unwrap_or((&seen.path[5..], ""));
            let n: u128 = n.parse().ok()?;
            assert_eq!(
                seen.token(),
                format!("access-{n}"),
                "no token goes to another tenant's address"
            );
            if doings.down.contains(&n) {
                return Some(refused(503, "Later."));
            }
            if rest == "queue" {
                let messages = doings.queues.remove(&n).unwrap_or_default();
                return Some(ok(json!({ "messages": messages })));
            }
            let mut app = app.clone();
            app["queue"]["pollUrl"] = format!("{url}/app/{n}/queue").into();
            Some(if seen.method == "DELETE" {
                status(204, Json::Null)
            } else {
                ok(app)
            })
        });
        Self { office, state }
    }

    fn claims(&self, n: u128, jti: &str) -> Json {
        let mut claims = self.office.code_claims(jti);
        claims["sub"] = org(n).into();
        claims["orgName"] = format!("Organization {n}").into();
        claims["refreshToken"] = format!("refresh-{n}").into();
        claims["appUrl"] = format!("{}/app/{n}", self.office.service.url).into();
        claims
    }

    fn code(&self, n: u128) -> String {
        self.office.sign(&self.claims(n, &format!("code-{n}")))
    }

    fn action(&self, n: u128, action: &str) -> String {
        let mut claims = self.office.claims(action, &format!("{action}-{n}"));
        claims["sub"] = org(n).into();
        self.office.sign(&claims)
    }

    fn builder(&self) -> TenantsBuilder {
        Tenants::builder(self.office.builder().name("lights").long_polling())
    }

    async fn open(&self) -> (Tenants, TenantInbox) {
        self.builder().open().await.unwrap()
    }

    fn tells(&self, n: u128, messages: impl IntoIterator<Item = Json>) {
        self.state
            .lock()
            .unwrap()
            .queues
            .entry(n)
            .or_default()
            .extend(messages);
    }

    async fn stored(&self, n: u128) -> Option<String> {
        let name = format!("lights/{}", id(n));
        let text = self.office.store.load(&name).await.unwrap();
        text.map(|text| text.expose().to_owned())
    }

    fn exchanges(&self) -> usize {
        self.office.service.seen("/v1/access_token").len()
    }
}

fn volume(n: u128, device: &str, level: usize) -> Json {
    json!({
        "type": "status", "appId": APP, "orgId": org(n), "deviceId": device, "workspaceId": "room",
        "timestamp": "2026-03-04T05:06:07.089Z", "isFullSync": false,
        "changes": { "updated": { "Audio.Volume": level }, "removed": [] },
    })
}

/// Waits until something is so.
async fn until(what: &str, so: impl Fn() -> bool) {
    let waiting = async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let done = tokio::time::timeout(Duration::from_secs(20), waiting).await;
    done.unwrap_or_else(|_| panic!("not within 20 s: {what}"));
}

#[tokio::test]
async fn all_that_are_stored_are_connected_again_and_one_that_fails_stops_none() {
    let house = House::new().await;
    let (tenants, inbox) = house.open().await;
    for n in 1..=4 {
        assert_eq!(tenants.add(&house.code(n)).await.unwrap(), id(n));
    }
    assert_eq!(tenants.connected().len(), 4);
    let names = house.office.store.names().await.unwrap();
    assert_eq!(names.len(), 4, "each under a name of its own: {names:?}");
    drop((tenants, inbox));
    house.state.lock().unwrap().down.push(2);
    // What is stored of the third cannot be read.
    let name = format!("lights/{}", id(3));
    house
        .office
        .store
        .save(&name, &hallway_sdk::Secret::new("rubbish"))
        .await
        .unwrap();
    let before = house.exchanges();
    let (tenants, _inbox) = house.open().await;
    tenants.settled().await;
    assert_eq!(house.exchanges(), before, "their tokens are still good");
    let well: Vec<bool> = tenants
        .health()
        .iter()
        .map(|health| health.state.is_well())
        .collect();
    assert_eq!(well, [true, false, false, true], "{:?}", tenants.health());
    let health = tenants.health_of(&id(2)).unwrap();
    assert!(
        matches!(health.state, State::Troubled(Error::Unavailable { .. })),
        "{health:?}"
    );
    assert_eq!(
        tenants.health_of(&id(4)).unwrap().org_name.as_deref(),
        Some("Organization 4")
    );
    assert!(tenants.get(&id(2)).is_none() && tenants.get(&id(1)).is_some());
    // What is over is tried again by itself, or at once if somebody says so.
    house.state.lock().unwrap().down.clear();
    tenants.retry(&id(2));
    until("the second is connected", || tenants.get(&id(2)).is_some()).await;
}

#[tokio::test]
async fn a_token_that_was_withdrawn_is_told_apart() {
    let house = House::new().await;
    let (tenants, inbox) = house.open().await;
    tenants.add(&house.code(1)).await.unwrap();
    drop((tenants, inbox));
    // The access token that is stored is not taken any more, nor is the refresh token.
    house.state.lock().unwrap().refused.push(1);
    let text = house.stored(1).await.unwrap();
    let mut account: Json = serde_json::from_str(&text).unwrap();
    account.as_object_mut().unwrap().remove("accessToken");
    let name = format!("lights/{}", id(1));
    let text = hallway_sdk::Secret::new(account.to_string());
    house.office.store.save(&name, &text).await.unwrap();
    let (tenants, _inbox) = house.open().await;
    tenants.settled().await;
    let health = tenants.health_of(&id(1)).unwrap();
    assert!(
        matches!(health.state, State::Refused(Error::Unauthorized(_))),
        "{health:?}"
    );
    assert!(
        house.stored(1).await.is_some(),
        "it is for a person to decide what becomes of it"
    );
}

#[tokio::test]
async fn one_stream_of_all_with_the_tenant_as_an_argument() {
    let house = House::new().await;
    let (tenants, inbox) = house.open().await;
    for n in 1..=3 {
        house.tells(n, [volume(n, "d", usize::try_from(n).unwrap() * 10)]);
        tenants.add(&house.code(n)).await.unwrap();
    }
    let heard = Arc::new(Mutex::new(Vec::new()));
    let said = Arc::clone(&heard);
    let handlers = Handlers::new().on_status(
        "Audio.Volume",
        move |tenant: Tenant, id: TenantId, Value(level): Value<u8>| {
            assert_eq!(*tenant.id(), id);
            said.lock().unwrap().push((tenant.org_name().unwrap(), level));
            async {}
        },
    );
    let running = tokio::spawn(handlers.run_tenants(inbox));
    until("all three are heard", || heard.lock().unwrap().len() == 3).await;
    let mut all = heard.lock().unwrap().clone();
    all.sort();
    let expected = [
        ("Organization 1", 10),
        ("Organization 2", 20),
        ("Organization 3", 30),
    ];
    assert_eq!(all, expected.map(|(name, level)| (name.to_owned(), level)));
    until("they are counted", || {
        tenants.health().iter().all(|health| health.handled == 1)
    })
    .await;
    assert!(
        tenants
            .health()
            .iter()
            .all(|health| health.handling == 0 && health.last.is_some())
    );
    running.abort();
}

#[tokio::test]
async fn a_storm_and_slow_handlers_hold_up_nobody_else() {
    let house = House::new().await;
    let limits = Limits {
        at_once: 3,
        ..Limits::default()
    };
    let (tenants, inbox) = house.builder().limits(limits).open().await.unwrap();
    house.tells(1, (0..100).map(|device| volume(1, &format!("d{device}"), 1)));
    for n in 1..=2 {
        tenants.add(&house.code(n)).await.unwrap();
    }
    let (slow, quick) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (in_slow, in_quick) = (Arc::clone(&slow), Arc::clone(&quick));
    let handlers = Handlers::new().on_status("Audio.Volume", move |tenant: Tenant| {
        let (slow, quick) = (Arc::clone(&in_slow), Arc::clone(&in_quick));
        async move {
            if *tenant.id() == id(1) {
                slow.fetch_add(1, Ordering::Relaxed);
                std::future::pending::<()>().await;
            }
            quick.fetch_add(1, Ordering::Relaxed);
        }
    });
    let running = tokio::spawn(handlers.run_tenants(inbox));
    until("the first is at its limit", || slow.load(Ordering::Relaxed) == 3).await;
    for round in 1..=3 {
        house.tells(2, (0..5).map(|device| volume(2, &format!("d{device}"), round)));
        until("the second is handled", || {
            quick.load(Ordering::Relaxed) == round * 5
        })
        .await;
    }
    assert_eq!(slow.load(Ordering::Relaxed), 3);
    let health = tenants.health_of(&id(1)).unwrap();
    assert_eq!((health.handling, health.handled), (3, 0));
    running.abort();
}

async fn post(tenants: &Tenants, body: String) -> (StatusCode, Json) {
    let request = Request::post("/activations").body(Body::from(body)).unwrap();
    let response = tenants.provisioning().oneshot(request).await.unwrap();
    let status = response.status();
    let body = http_body_util::BodyExt::collect(response.into_body())
        .await
        .unwrap()
        .to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

fn envelope(code: &str) -> String {
    json!({ "jwt": code }).to_string()
}

#[tokio::test]
async fn codes_that_are_posted_are_verified_before_anything_else() {
    let house = House::new().await;
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let builder = house.builder().app_id(APP).admit(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        async { Ok(Welcome::default()) }
    });
    let (tenants, _inbox) = builder.open().await.unwrap();
    let stranger = House::new().await;
    let mut expired = house.claims(1, "old");
    expired["expiryTime"] = "2020-01-01T00:00:00Z".into();
    let mut foreign = house.claims(1, "foreign");
    foreign["appId"] = Uuid::nil().to_string().into();
    for body in [
        String::new(),
        "{}".to_owned(),
        envelope("nonsense"),
        envelope(&stranger.code(1)),
        envelope(&house.office.sign(&expired)),
        envelope(&house.office.sign(&foreign)),
        envelope(&house.action(1, "deprovision")),
    ] {
        let (status, answer) = post(&tenants, body.clone()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}: {answer}");
    }
    let (status, _) = post(&tenants, " ".repeat(200_000)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    let get = Request::get("/activations").body(Body::empty()).unwrap();
    let response = tenants.provisioning().oneshot(get).await.unwrap();
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(
        asked.load(Ordering::Relaxed),
        0,
        "the author is not asked about forgeries"
    );
    assert_eq!(house.exchanges(), 0);
    assert!(tenants.ids().is_empty() && house.office.store.names().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_code_that_is_posted_many_times_is_taken_once() {
    let house = House::new().await;
    let builder = house.builder().admit(|activation| async move {
        match activation.org_name.as_deref() {
            Some("Organization 2") => Err(Refusal::new("Pay first.")),
            _ => Ok(Welcome::redirect(format!(
                "https://vendor.example/{}",
                activation.tenant
            ))),
        }
    });
    let (tenants, _inbox) = builder.open().await.unwrap();
    let body = envelope(&house.code(1));
    let posts = (0..10).map(|_| post(&tenants, body.clone()));
    for (status, answer) in futures_util::future::join_all(posts).await {
        assert_eq!(status, StatusCode::OK);
        assert_eq!(answer["redirectUrl"], format!("https://vendor.example/{}", id(1)));
    }
    assert_eq!((house.exchanges(), tenants.connected().len()), (1, 1));
    let (status, answer) = post(&tenants, envelope(&house.code(2))).await;
    assert_eq!(
        (status, answer),
        (StatusCode::FORBIDDEN, json!({ "message": "Pay first." }))
    );
    assert!(house.stored(2).await.is_none());
    // A newer code takes the place of the older; the older one is passed over from then on.
    let mut newer = house.claims(1, "newer");
    newer["iat"] = (now() + 5).into();
    newer["refreshToken"] = "refresh-7".into();
    newer["appUrl"] = format!("{}/app/7", house.office.service.url).into();
    let (status, _) = post(&tenants, envelope(&house.office.sign(&newer))).await;
    assert_eq!(status, StatusCode::OK);
    let (status, _) = post(&tenants, body).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(tenants.connected().len(), 1);
    assert!(house.stored(1).await.unwrap().contains("/app/7"));
    let address = tenants.get(&id(1)).unwrap().integration().provisioning().app_url;
    assert!(address.ends_with("/app/7"), "{address}");
}

#[tokio::test]
async fn what_never_worked_is_not_kept_and_what_cannot_be_reached_is() {
    let house = House::new().await;
    let limits = Limits {
        tenants: 2,
        ..Limits::default()
    };
    let (tenants, _inbox) = house.builder().limits(limits).open().await.unwrap();
    house.state.lock().unwrap().refused.push(1);
    let (status, answer) = post(&tenants, envelope(&house.code(1))).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
    assert!(house.stored(1).await.is_none() && tenants.ids().is_empty());
    house.state.lock().unwrap().down.push(2);
    let (status, _) = post(&tenants, envelope(&house.code(2))).await;
    assert_eq!(status, StatusCode::OK, "it is stored, and will be connected");
    assert!(matches!(
        tenants.health_of(&id(2)).unwrap().state,
        State::Troubled(_)
    ));
    assert!(house.stored(2).await.is_some());
    tenants.add(&house.code(3)).await.unwrap();
    let (status, answer) = post(&tenants, envelope(&house.code(4))).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{answer}");
    assert!(matches!(
        tenants.add(&house.code(4)).await,
        Err(Error::Conflict(_))
    ));
    assert!(house.stored(4).await.is_none());
    house.state.lock().unwrap().down.clear();
    until("the second is connected", || tenants.connected().len() == 2).await;
}

#[tokio::test]
async fn a_tenant_that_leaves_is_forgotten_and_its_code_does_not_bring_it_back() {
    let house = House::new().await;
    let (tenants, inbox) = house.open().await;
    let codes = [house.code(1), house.code(2)];
    for code in &codes {
        tenants.add(code).await.unwrap();
    }
    let left = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&left);
    let handlers = Handlers::new().on_tenant_action(move |tenant: Tenant, action| {
        if matches!(action, Action::Deprovisioned) {
            told.lock().unwrap().push(tenant.id().clone());
        }
        async {}
    });
    let running = tokio::spawn(handlers.run_tenants(inbox));
    house.tells(
        1,
        [json!({ "type": "action", "jwt": house.action(1, "deprovision") })],
    );
    until("the first is gone", || tenants.ids() == [id(2)]).await;
    assert_eq!(*left.lock().unwrap(), [id(1)]);
    assert!(house.stored(1).await.is_none() && house.stored(2).await.is_some());
    let error = tenants.add(&codes[0]).await.unwrap_err();
    assert!(matches!(error, Error::Code(CodeError::Replayed)), "{error}");
    assert!(tenants.ids() == [id(2)] && house.stored(1).await.is_none());
    // A new activation does.
    let mut again = house.claims(1, "again");
    again["iat"] = (now() + 5).into();
    tenants.add(&house.office.sign(&again)).await.unwrap();
    assert_eq!(tenants.connected().len(), 2);
    running.abort();
}

#[tokio::test]
async fn removed_here_or_deactivated_at_the_service() {
    let house = House::new().await;
    let (tenants, inbox) = house.open().await;
    for n in 1..=2 {
        tenants.add(&house.code(n)).await.unwrap();
    }
    tenants.remove(&id(1)).await.unwrap();
    tenants.deactivate(&id(2)).await.unwrap();
    assert!(tenants.ids().is_empty() && house.office.store.names().await.unwrap().is_empty());
    let deleted = |n: u128| {
        let seen = house.office.service.seen(&format!("/app/{n}"));
        seen.iter().any(|seen| seen.method == "DELETE")
    };
    assert!(!deleted(1) && deleted(2));
    assert!(matches!(tenants.remove(&id(1)).await, Err(Error::NotFound(_))));
    // Who removed a tenant by mistake adds it again with the same code.
    tenants.add(&house.code(1)).await.unwrap();
    // Everything ends with its owners; what is stored stays.
    drop((tenants, inbox));
    let polls = || house.office.service.seen("/app/1/queue").len();
    let before = polls();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(polls() <= before + 1, "nobody polls any more");
    assert!(house.stored(1).await.is_some());
}

#[tokio::test]
async fn whoever_arrives_is_greeted_before_anything_is_handed_out() {
    let house = House::new().await;
    let greeted = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&greeted);
    let builder = house.builder().on_connect(move |tenant| {
        let log = Arc::clone(&log);
        async move {
            log.lock()
                .unwrap()
                .push(format!("hello {}", tenant.org_name().unwrap()));
            let first = log.lock().unwrap().len() == 1;
            if first {
                Err(Error::Configuration("the panel is broken".to_owned()))
            } else {
                Ok(())
            }
        }
    });
    let (tenants, inbox) = builder.open().await.unwrap();
    house.tells(1, [volume(1, "d", 1)]);
    let log = Arc::clone(&greeted);
    let handlers = Handlers::new().on_status("Audio.Volume", move |tenant: Tenant| {
        log.lock()
            .unwrap()
            .push(format!("news of {}", tenant.org_name().unwrap()));
        async {}
    });
    let running = tokio::spawn(handlers.run_tenants(inbox));
    house.state.lock().unwrap().down.push(1);
    tenants.add(&house.code(1)).await.unwrap();
    house.state.lock().unwrap().down.clear();
    until("it failed once", || {
        tenants
            .health_of(&id(1))
            .is_some_and(|health| matches!(health.state, State::Refused(_)))
    })
    .await;
    tenants.retry(&id(1));
    until("news arrived", || greeted.lock().unwrap().len() == 3).await;
    assert_eq!(
        *greeted.lock().unwrap(),
        [
            "hello Organization 1",
            "hello Organization 1",
            "news of Organization 1"
        ]
    );
    running.abort();
}

#[tokio::test]
async fn webhooks_find_their_tenant_and_no_other_may_sign_for_it() {
    let house = House::new().await;
    let builder = house
        .office
        .builder()
        .name("lights")
        .webhook("https://me.example/told/");
    let builder = Tenants::builder(builder.actions_url("https://me.example/actions"));
    let (tenants, inbox) = builder.open().await.unwrap();
    let mut secrets = HashMap::new();
    for n in 1..=2 {
        tenants.add(&house.code(n)).await.unwrap();
        let patch = house.office.service.seen(&format!("/app/{n}"))[0].json();
        assert_eq!(
            patch["webhook"]["targetUrl"],
            format!("https://me.example/told/{}", id(n))
        );
        assert_eq!(
            patch["actionsUrl"],
            format!("https://me.example/actions/{}", id(n))
        );
        secrets.insert(n, patch["webhook"]["secret"].as_str().unwrap().to_owned());
    }
    assert_ne!(secrets[&1], secrets[&2]);
    let heard = Arc::new(Mutex::new(Vec::new()));
    let said = Arc::clone(&heard);
    let handlers = Handlers::new().on_status("Audio.Volume", move |tenant: Tenant| {
        said.lock().unwrap().push(tenant.id().clone());
        async {}
    });
    let running = tokio::spawn(handlers.run_tenants(inbox));
    let post = |to: String, n: u128, secret: &str| {
        let mut message = volume(n, "d", 3);
        message["timestamp"] = hallway_sdk::Timestamp(now() * 1000).to_string().into();
        let mut request = signed(&message.to_string(), secret);
        *request.uri_mut() = format!("/told/{to}").parse().unwrap();
        let service = tenants.notifications();
        async move { service.oneshot(request).await.unwrap().status() }
    };
    assert_eq!(post(id(1).to_string(), 1, &secrets[&1]).await, StatusCode::OK);
    assert_eq!(post(id(2).to_string(), 2, &secrets[&2]).await, StatusCode::OK);
    assert_eq!(
        post(id(1).to_string(), 1, &secrets[&2]).await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        post(id(2).to_string(), 1, &secrets[&2]).await,
        StatusCode::NOT_FOUND,
        "signed by the one, about the other"
    );
    assert_eq!(
        post("nobody".to_owned(), 1, &secrets[&1]).await,
        StatusCode::NOT_FOUND
    );
    assert_eq!(*heard.lock().unwrap(), [id(1), id(2)]);
    // An action of one is none of another's.
    let act = |to: u128, n: u128| {
        let body = envelope(&house.action(n, "deprovision"));
        let request = Request::post(format!("/actions/{}", id(to)))
            .body(Body::from(body))
            .unwrap();
        let service = tenants.actions();
        async move { service.oneshot(request).await.unwrap().status() }
    };
    assert_eq!(act(2, 1).await, StatusCode::BAD_REQUEST);
    assert_eq!(tenants.connected().len(), 2);
    assert_eq!(act(1, 1).await, StatusCode::OK);
    until("the first is gone", || tenants.ids() == [id(2)]).await;
    assert!(house.stored(1).await.is_none());
    running.abort();
}

#[tokio::test]
async fn a_store_that_cannot_list_is_told_at_once() {
    #[derive(Debug)]
    struct Plain;
    #[async_trait::async_trait]
    impl hallway_sdk::tokens::TokenStore for Plain {
        async fn load(
            &self,
            _: &str,
        ) -> Result<Option<hallway_sdk::Secret>, hallway_sdk::tokens::StoreError> {
            Ok(None)
        }
        async fn save(
            &self,
            _: &str,
            _: &hallway_sdk::Secret,
        ) -> Result<(), hallway_sdk::tokens::StoreError> {
            Ok(())
        }
        async fn remove(&self, _: &str) -> Result<(), hallway_sdk::tokens::StoreError> {
            Ok(())
        }
    }
    let house = House::new().await;
    let builder = house.office.builder().store(Arc::new(Plain)).long_polling();
    let error = Tenants::builder(builder).open().await.unwrap_err();
    assert!(error.to_string().contains("cannot list"), "{error}");
    let error = Tenants::builder(house.office.builder()).open().await.unwrap_err();
    assert!(error.to_string().contains("long_polling"), "{error}");
}
