//! Activation, restarts, grants, actions, features.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hallway_sdk::client::RateLimit;
use hallway_sdk::integration::{Action, Builder, OperationalState, Via};
use hallway_sdk::jwt::{CodeError, KeySource};
use hallway_sdk::tokens::{Account, MemoryStore, TokenStore};
use hallway_sdk::wire::feature::DigitalSignageConfiguration;
use hallway_sdk::{Error, Integration, Missing, Secret};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::client::quick;
use crate::play::{Service, ok, refused, tokens};

pub const APP: Uuid = Uuid::from_u128(0x5f0c_1c0e_9d52_4b7a_8f6e_0a4c_8c9b_2d11);

/// A service in which the integration is activated.
pub struct Office {
    pub service: Service,
    pub store: Arc<MemoryStore>,
    pair: EcdsaKeyPair,
}

pub fn org() -> String {
    URL_SAFE_NO_PAD.encode(format!("ciscospark://us/ORGANIZATION/{}", Uuid::from_u128(9)))
}

pub fn now() -> i64 {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

impl Office {
    /// One whose token endpoint takes every refresh token.
    pub async fn new() -> Self {
        let office = Self::bare().await;
        let mut count = 0;
        office.service.rule(move |seen| {
            (seen.path == "/v1/access_token").then(|| {
                count += 1;
                ok(tokens(&format!("access-{count}"), "refresh", 64_800))
            })
        });
        office
    }

    /// One that only has keys.
    pub async fn bare() -> Self {
        let service = Service::start().await;
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap();
        let point = pair.public_key().as_ref();
        let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let keys = json!({ "keys": [{
            "kty": "EC", "use": "sig", "crv": "P-256", "kid": "k", "key_ops": ["verify"], "alg": "ES256",
            "x": part(&point[1..33]), "y": part(&point[33..]),
        }] });
        service.plays("GET", "/jwks", [ok(keys)]);
        let store = Arc::new(MemoryStore::default());
        Self { service, store, pair }
    }

    /// The integration as `appUrl` answers it.
    pub fn app(&self) -> Value {
        json!({
            "id": APP, "manifestVersion": 3, "scopes": ["spark:xapi_statuses", "spark:xapi_commands"], "roles": [],
            "xapiAccessKeys": { "commands": ["Audio.Volume.*"], "statuses": ["Audio.Volume"], "events": [] },
            "createdAt": "2026-03-04T05:06:07.089Z", "updatedAt": "2026-03-04T05:06:07.089Z",
            "provisioningState": "completed", "operationalState": "operational", "availability": "org_private",
            "queue": { "pollUrl": format!("{}/app/queue", self.service.url), "state": "enabled" },
        })
    }

    pub fn serves_app(&self) {
        self.service.plays("PATCH", "/app", [ok(self.app())]);
        self.service.plays("GET", "/app", [ok(self.app())]);
    }

    pub fn sign(&self, claims: &Value) -> String {
        let header = URL_SAFE_NO_PAD.encode(json!({ "kid": "k", "typ": "JWT", "alg": "ES256" }).to_string());
        let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }

    pub fn claims(&self, action: &str, jti: &str) -> Value {
        json!({ "sub": org(), "iat": now(), "jti": jti, "appId": APP, "region": "us-east-2_a", "action": action })
    }

    pub fn code_claims(&self, jti: &str) -> Value {
        let mut claims = self.claims("provision", jti);
        let url = &self.service.url;
        for (name, value) in [
            ("oauthUrl", format!("{url}/v1/access_token")),
            ("webexapisBaseUrl", format!("{url}/v1")),
            ("appUrl", format!("{url}/app")),
            ("manifestUrl", format!("{url}/manifest")),
            ("signageUrl", format!("{url}/signage")),
            ("refreshToken", "refresh".to_owned()),
            ("orgName", "Fjord Gardens".to_owned()),
            ("scopes", "spark:xapi_statuses,spark:xapi_commands".to_owned()),
            (
                "xapiAccess",
                json!({ "commands": ["Audio.Volume.*"], "statuses": ["Audio.Volume"], "events": [] })
                    .to_string(),
            ),
            ("expiryTime", "2099-01-01T00:00:00.123456789Z".to_owned()),
            ("userId", "Y2lz".to_owned()),
        ] {
            claims[name] = value.into();
        }
        claims
    }

    pub fn builder(&self) -> Builder {
        Integration::builder("C1", "client-secret")
            .store(Arc::clone(&self.store) as _)
            .keys(KeySource::Url(format!("{}/jwks", self.service.url)))
            .retry(quick())
            .rate_limit(RateLimit::none())
    }

    pub async fn connect(&self) -> Integration {
        self.serves_app();
        let code = self.sign(&self.code_claims("code-1"));
        self.builder()
            .activation_code(code)
            .long_polling()
            .connect()
            .await
            .unwrap()
    }

    pub async fn stored(&self) -> Account {
        let text = self.store.load("integration").await.unwrap().unwrap();
        serde_json::from_str(text.expose()).unwrap()
    }
}

fn code_error(error: Error) -> CodeError {
    match error {
        Error::Code(error) => error,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn connects_with_a_code_once_and_then_without() {
    let office = Office::new().await;
    let integration = office.connect().await;
    let patch = &office.service.seen("/app")[0];
    assert_eq!(
        patch.json(),
        json!({ "provisioningState": "completed", "queue": { "state": "enabled" } })
    );
    assert_eq!(patch.token(), "access-1");
    assert_eq!(
        integration.provisioning().org_name.as_deref(),
        Some("Fjord Gardens")
    );
    assert_eq!(integration.app().manifest_version, 3);
    drop(integration);
    // After a restart: neither code nor keys nor a new token are needed, with or without the old code at hand.
    let before = (
        office.service.seen("/jwks").len(),
        office.service.seen("/v1/access_token").len(),
    );
    let old = office.sign(&office.code_claims("code-1"));
    for code in [None, Some(old)] {
        let again = office
            .builder()
            .activation_code(code)
            .long_polling()
            .connect()
            .await
            .unwrap();
        assert_eq!(again.provisioning().app_id, APP);
    }
    let after = (
        office.service.seen("/jwks").len(),
        office.service.seen("/v1/access_token").len(),
    );
    assert_eq!(before, after);
}

#[tokio::test]
async fn a_code_that_is_not_good_opens_nothing() {
    let office = Office::new().await;
    office.serves_app();
    let stranger = Office::new().await;
    let mut expired = office.code_claims("old");
    expired["expiryTime"] = "2020-01-01T00:00:00Z".into();
    for (code, expected) in [
        (stranger.sign(&office.code_claims("c")), CodeError::Signature),
        (office.sign(&expired), CodeError::Time),
        ("nonsense".to_owned(), CodeError::Shape),
        (
            office.sign(&office.claims("deprovision", "d")),
            CodeError::Action {
                expected: "provision",
                found: "deprovision".to_owned(),
            },
        ),
    ] {
        let error = office
            .builder()
            .activation_code(code)
            .connect()
            .await
            .unwrap_err();
        assert_eq!(code_error(error), expected);
    }
    let error = office.builder().connect().await.unwrap_err();
    assert!(error.to_string().contains("activation code is needed"), "{error}");
    assert!(office.service.seen("/app").is_empty() && office.service.seen("/v1/access_token").is_empty());
}

#[tokio::test]
async fn what_was_not_granted_is_refused_here() {
    let office = Office::new().await;
    let integration = office.connect().await;
    office
        .service
        .plays("POST", "/v1/xapi/command/Audio.Volume.Set", [ok(json!({}))]);
    let device = integration.device("d");
    device.set_volume(3).await.unwrap();
    let error = device.dial("1").await.unwrap_err();
    assert!(
        matches!(&error, Error::Permission { missing: Missing::Xapi(path), .. } if path == "Dial"),
        "{error}"
    );
    let error = device.status("Standby.State").get::<String>().await.unwrap_err();
    assert!(matches!(error, Error::Permission { .. }));
    assert!(
        office.service.seen("/v1/xapi/command/Dial").is_empty()
            && office.service.seen("/v1/xapi/status").is_empty()
    );
    assert!(integration.grants().may_command("Audio.Volume.Set"));
}

#[tokio::test]
async fn an_approved_update_is_read_again() {
    let office = Office::new().await;
    let mut grown = office.app();
    grown["manifestVersion"] = 4.into();
    grown["xapiAccessKeys"]["commands"] = json!(["Audio.Volume.*", "Dial"]);
    office.service.plays("GET", "/app", [ok(grown)]);
    let integration = office.connect().await;
    let mut watch = integration.watch_grants();
    let mut claims = office.claims("updateApproved", "u1");
    claims["manifestVersion"] = 4.into();
    claims["scopes"] = "spark:xapi_statuses".into();
    claims["pwaUrl"] = format!("{}/pwa", office.service.url).into();
    let jwt = office.sign(&claims);
    let action = integration.act(&jwt, Via::Post).await.unwrap();
    assert!(
        matches!(
            action,
            Some(Action::UpdateApproved {
                manifest_version: 4,
                ..
            })
        ),
        "{action:?}"
    );
    assert!(watch.has_changed().unwrap() && watch.borrow_and_update().may_command("Dial"));
    assert!(integration.web_app().is_some() && integration.signage().is_none());
    assert_eq!(
        office.service.seen("/v1/access_token").len(),
        2,
        "new scopes come with a new token"
    );
    assert!(
        office
            .stored()
            .await
            .provisioning
            .unwrap()
            .grants
            .may_command("Dial")
    );
    // The same action by another way is done already.
    assert!(integration.act(&jwt, Via::Queue).await.unwrap().is_none());
}

#[tokio::test]
async fn a_new_refresh_token_is_kept_with_the_old_one() {
    let office = Office::new().await;
    let integration = office.connect().await;
    let mut claims = office.claims("update", "u2");
    claims["refreshToken"] = "refresh-2".into();
    integration.act(&office.sign(&claims), Via::Queue).await.unwrap();
    let seen = office.service.seen("/v1/access_token");
    assert!(seen.last().unwrap().body.contains("refresh_token=refresh-2"));
    let stored = office.stored().await;
    // The service here answers every exchange with `refresh`.
    assert_eq!(stored.refresh_token, Secret::new("refresh"));
    assert_eq!(stored.previous_refresh_token, Some(Secret::new("refresh-2")));
    assert_eq!(
        office.service.seen("/app").last().unwrap().json()["queue"]["state"],
        "enabled"
    );
}

#[tokio::test]
async fn actions_of_others_and_of_yesterday_are_refused() {
    let office = Office::new().await;
    let integration = office.connect().await;
    let mut foreign = office.claims("deprovision", "a");
    foreign["appId"] = Uuid::nil().to_string().into();
    let mut elsewhere = office.claims("deprovision", "b");
    elsewhere["sub"] = URL_SAFE_NO_PAD
        .encode(format!("ciscospark://us/ORGANIZATION/{}", Uuid::nil()))
        .into();
    let mut old = office.claims("deprovision", "c");
    old["iat"] = (now() - 301).into();
    let mut future = office.claims("deprovision", "d");
    future["iat"] = (now() + 120).into();
    for (claims, expected) in [
        (foreign, CodeError::Foreign("integration")),
        (elsewhere, CodeError::Foreign("organization")),
        (old, CodeError::Time),
        (future, CodeError::Time),
    ] {
        let error = integration
            .act(&office.sign(&claims), Via::Post)
            .await
            .unwrap_err();
        assert_eq!(code_error(error), expected);
    }
    assert!(!integration.ended());
    // In another spelling it is the same organization.
    let mut moved = office.claims("deprovision", "e");
    moved["sub"] = URL_SAFE_NO_PAD
        .encode(format!(
            "ciscospark://urn:TEAM:eu-central-1_k/ORGANIZATION/{}",
            Uuid::from_u128(9)
        ))
        .into();
    let action = integration.act(&office.sign(&moved), Via::Post).await.unwrap();
    assert!(matches!(action, Some(Action::Deprovisioned)));
    integration.until_ended().await;
    integration.forget().await.unwrap();
    assert!(
        office.store.load("integration").await.unwrap().is_none(),
        "its tokens are forgotten"
    );
}

#[tokio::test]
async fn health_checks_are_answered() {
    let office = Office::new().await;
    let integration = office.connect().await;
    let health = integration.health().await;
    assert_eq!(
        (health.operational_state, health.tokens_state),
        (OperationalState::Operational, "valid")
    );
    integration
        .report_health(OperationalState::Impaired)
        .await
        .unwrap();
    let action = integration
        .act(&office.sign(&office.claims("healthCheck", "h")), Via::Queue)
        .await
        .unwrap();
    assert!(matches!(action, Some(Action::HealthCheck)));
    let last = office.service.seen("/app").pop().unwrap();
    assert_eq!(last.json(), json!({ "operationalState": "impaired" }));
}

#[tokio::test]
async fn signage_is_put_and_cross_launches_are_verified() {
    let office = Office::new().await;
    office
        .service
        .plays("GET", "/signage", [refused(404, "No configuration is stored.")]);
    office.service.plays("PUT", "/signage", [ok(json!({}))]);
    let integration = office.connect().await;
    let signage = integration.signage().unwrap();
    assert_eq!(signage.get().await.unwrap(), None);
    let page = DigitalSignageConfiguration {
        signage_url: "https://signs.example/?d=$(deviceId)".to_owned(),
        cross_launch: None,
    };
    signage.put(&page).await.unwrap();
    assert_eq!(
        office.service.seen("/signage")[1].json(),
        json!({ "signageUrl": "https://signs.example/?d=$(deviceId)" })
    );
    let jwt = office.sign(&office.claims("crossLaunch", "x"));
    let body = json!({ "task": "assign_content", "jwt": jwt, "devices": [{ "deviceId": "d" }] }).to_string();
    let launch = integration.cross_launch(body.as_bytes()).await.unwrap();
    assert_eq!(launch.devices[0].device_id.as_str(), "d");
    let error = integration.cross_launch(body.as_bytes()).await.unwrap_err();
    assert_eq!(code_error(error), CodeError::Replayed);
    let other = office.sign(&office.claims("healthCheck", "y"));
    let body = json!({ "jwt": other, "devices": [] }).to_string();
    let error = integration.cross_launch(body.as_bytes()).await.unwrap_err();
    assert!(matches!(code_error(error), CodeError::Action { .. }));
    assert!(matches!(
        integration.cross_launch(b"{}").await,
        Err(Error::BadRequest(_))
    ));
}

#[tokio::test]
async fn nothing_shows_a_secret() {
    let office = Office::new().await;
    let integration = office.connect().await;
    let text = format!(
        "{integration:?} {:?} {:?}",
        integration.provisioning(),
        office.stored().await
    );
    assert!(
        !text.contains("refresh\"") && !text.contains("access-1") && !text.contains("client-secret"),
        "{text}"
    );
}
