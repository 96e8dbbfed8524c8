//! Renewal: once for all, ahead of time, and never a token lost.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use hallway_sdk::client::{Https, RateLimit};
use hallway_sdk::tokens::{Account, FileStore, MemoryStore, OAuth, Renewing, StoreError, TokenStore};
use hallway_sdk::{Client, Error, Secret, Timestamp};
use serde_json::json;

use crate::client::quick;
use crate::play::{Reply, Service, ok, refused, status, tokens};

fn now() -> i64 {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

async fn open(service: &Service, store: Arc<dyn TokenStore>, first: Option<Account>) -> Renewing {
    let oauth = OAuth::of(&service.api(), "C1", "client-secret");
    let transport = Arc::new(Https::new().unwrap());
    Renewing::open(oauth, store, "app", first, transport)
        .await
        .unwrap()
}

fn client(service: &Service, tokens: &Renewing) -> Client {
    Client::builder(service.api())
        .tokens(Arc::new(tokens.clone()))
        .retry(quick())
        .rate_limit(RateLimit::none())
        .build()
        .unwrap()
}

/// Takes only these refresh tokens; gives numbered access tokens, and the refresh token that is said.
fn exchange(service: &Service, good: &'static [&'static str], gives: Option<&'static str>, expires_in: i64) {
    let mut count = 0;
    service.rule(move |seen| {
        if seen.path != "/v1/access_token" {
            return None;
        }
        let sent = form(&seen.body, "refresh_token");
        if !good.contains(&sent.as_str()) {
            return Some(status(
                400,
                json!({ "error": "invalid_grant", "message": "The refresh token is not valid." }),
            ));
        }
        count += 1;
        Some(ok(tokens(
            &format!("access-{count}"),
            gives.unwrap_or(&sent),
            expires_in,
        )))
    });
}

fn form(body: &str, name: &str) -> String {
    let found = body
        .split('&')
        .find_map(|pair| pair.strip_prefix(&format!("{name}=")));
    found.unwrap_or_default().to_owned()
}

#[tokio::test]
async fn one_exchange_for_all_tasks() {
    let service = Service::start().await;
    exchange(&service, &["r0"], None, 64_800);
    service.plays("GET", "/v1/people/me", [ok(json!({ "id": "me" }))]);
    let tokens = open(
        &service,
        Arc::new(MemoryStore::default()),
        Some(Account::new("r0")),
    )
    .await;
    let client = client(&service, &tokens);
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.people().me().await.unwrap() })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let seen = service.seen("/v1/access_token");
    assert_eq!(seen.len(), 1);
    assert_eq!(form(&seen[0].body, "grant_type"), "refresh_token");
    assert_eq!(form(&seen[0].body, "client_secret"), "client-secret");
    assert!(
        service
            .seen("/v1/people/me")
            .iter()
            .all(|seen| seen.token() == "access-1")
    );
}

#[tokio::test]
async fn a_token_that_ends_in_the_middle_of_a_list_is_renewed_once() {
    let service = Service::start().await;
    exchange(&service, &["r0"], None, 64_800);
    let next = format!("<{}/v1/rooms?cursor=2>; rel=\"next\"", service.url);
    service.rule(move |seen| {
        let page = |id: &str| ok(json!({ "items": [{ "id": id, "title": id }] }));
        Some(match (seen.path.as_str(), seen.token()) {
            ("/v1/rooms", "access-1") => page("a").with("link", next.clone()),
            ("/v1/rooms?cursor=2", "access-1") => refused(401, "The token is not valid any more."),
            ("/v1/rooms?cursor=2", "access-2") => page("b"),
            _ => return None,
        })
    });
    let tokens = open(
        &service,
        Arc::new(MemoryStore::default()),
        Some(Account::new("r0")),
    )
    .await;
    let client = client(&service, &tokens);
    let (one, other) = tokio::join!(client.rooms().list().all(), client.rooms().list().first());
    let ids: Vec<_> = one.unwrap().into_iter().map(|room| room.title).collect();
    assert_eq!(ids, ["a", "b"]);
    assert!(other.unwrap().is_some());
    assert_eq!(service.seen("/v1/access_token").len(), 2);
}

#[tokio::test]
async fn renewed_ahead_of_time_while_the_old_one_is_used() {
    let service = Service::start().await;
    exchange(&service, &["r0"], None, 64_800);
    service.plays("GET", "/v1/people/me", [ok(json!({ "id": "me" }))]);
    let mut account = Account::new("r0");
    account.access_token = Some(Secret::new("old"));
    account.expires = Some(Timestamp(now() + 5 * 60 * 1000));
    let tokens = open(&service, Arc::new(MemoryStore::default()), Some(account)).await;
    let client = client(&service, &tokens);
    client.people().me().await.unwrap();
    assert_eq!(
        service.seen("/v1/people/me")[0].token(),
        "old",
        "nobody waits for the renewal"
    );
    service.until("/v1/access_token", 1).await;
    tokens.renew().await.unwrap();
    client.people().me().await.unwrap();
    assert!(service.seen("/v1/people/me")[1].token().starts_with("access-"));
}

#[tokio::test]
async fn a_rotated_token_is_stored_before_it_is_used_and_the_old_one_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn TokenStore> = Arc::new(FileStore::new(folder.path()));
    let service = Service::start().await;
    exchange(&service, &["r0", "r1"], Some("r1"), 64_800);
    let first = open(&service, Arc::clone(&store), Some(Account::new("r0"))).await;
    first.renew().await.unwrap();
    let text = store.load("app").await.unwrap().unwrap();
    let stored: Account = serde_json::from_str(text.expose()).unwrap();
    assert_eq!(stored.refresh_token, Secret::new("r1"));
    assert_eq!(stored.previous_refresh_token, Some(Secret::new("r0")));
    // After a restart the new one is used, proves good, and the old one is forgotten.
    let second = open(&service, Arc::clone(&store), Some(Account::new("r0"))).await;
    second.renew().await.unwrap();
    let seen = service.seen("/v1/access_token");
    assert_eq!(form(&seen[1].body, "refresh_token"), "r1");
    assert_eq!(second.account().previous_refresh_token, None);
}

#[tokio::test]
async fn after_death_in_the_exchange_the_old_token_still_opens() {
    // What was stored is a token that the service never heard of: the process died when it had stored the new one,
    // and the service when it had not.
    let service = Service::start().await;
    exchange(&service, &["r0"], None, 64_800);
    let store: Arc<dyn TokenStore> = Arc::new(MemoryStore::default());
    let mut account = Account::new("r1");
    account.previous_refresh_token = Some(Secret::new("r0"));
    let tokens = open(&service, Arc::clone(&store), Some(account)).await;
    assert_eq!(tokens.renew().await.unwrap(), Secret::new("access-1"));
    let text = store.load("app").await.unwrap().unwrap();
    let stored: Account = serde_json::from_str(text.expose()).unwrap();
    assert_eq!(stored.refresh_token, Secret::new("r0"));
    assert_eq!(stored.previous_refresh_token, None);
    assert_eq!(service.seen("/v1/access_token").len(), 2);
}

#[tokio::test]
async fn when_none_is_good_it_is_said_once() {
    let service = Service::start().await;
    exchange(&service, &[], None, 64_800);
    let tokens = open(
        &service,
        Arc::new(MemoryStore::default()),
        Some(Account::new("dead")),
    )
    .await;
    let error = client(&service, &tokens).people().me().await.unwrap_err();
    assert!(matches!(error, Error::Unauthorized(_)), "{error}");
    assert!(!format!("{error:?}").contains("dead"));
    assert_eq!(service.seen("/v1/access_token").len(), 1);
}

/// A store whose disk is full.
#[derive(Debug, Default)]
struct Full(Mutex<Vec<String>>);

#[async_trait]
impl TokenStore for Full {
    async fn load(&self, _: &str) -> Result<Option<Secret>, StoreError> {
        Ok(Some(Secret::new(r#"{"refreshToken":"r0"}"#)))
    }
    async fn save(&self, _: &str, text: &Secret) -> Result<(), StoreError> {
        self.0.lock().unwrap().push(text.expose().to_owned());
        Err(StoreError::new("writing", "no space left"))
    }
    async fn remove(&self, _: &str) -> Result<(), StoreError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_full_disk_does_not_stop_the_work_and_is_tried_again() {
    let service = Service::start().await;
    exchange(&service, &["r0", "r1"], Some("r1"), 64_800);
    let store = Arc::new(Full::default());
    let tokens = open(&service, Arc::clone(&store) as _, None).await;
    tokens.renew().await.unwrap();
    tokens.renew().await.unwrap();
    let saved = store.0.lock().unwrap().clone();
    assert_eq!(saved.len(), 2);
    assert!(saved[0].contains("r1") && saved[0].contains("r0"));
}

#[tokio::test]
async fn a_lost_answer_of_the_exchange_is_asked_for_again() {
    let service = Service::start().await;
    let replies: [Reply; 3] = [
        crate::play::cut(),
        status(503, json!({})),
        ok(tokens("access", "r0", 64_800)),
    ];
    service.plays("POST", "/v1/access_token", replies);
    let tokens = open(
        &service,
        Arc::new(MemoryStore::default()),
        Some(Account::new("r0")),
    )
    .await;
    assert_eq!(tokens.renew().await.unwrap(), Secret::new("access"));
}

#[tokio::test]
async fn a_short_life_makes_no_storm() {
    let service = Service::start().await;
    exchange(&service, &["r0"], None, 600);
    service.plays("GET", "/v1/people/me", [ok(json!({ "id": "me" }))]);
    let tokens = open(
        &service,
        Arc::new(MemoryStore::default()),
        Some(Account::new("r0")),
    )
    .await;
    let client = client(&service, &tokens);
    for _ in 0..20 {
        client.people().me().await.unwrap();
    }
    assert_eq!(service.seen("/v1/access_token").len(), 1);
}

#[tokio::test]
async fn what_another_process_stored_is_tried() {
    let service = Service::start().await;
    exchange(&service, &["r2"], None, 64_800);
    let store: Arc<dyn TokenStore> = Arc::new(MemoryStore::default());
    let tokens = open(&service, Arc::clone(&store), Some(Account::new("r1"))).await;
    let text = Secret::new(r#"{"refreshToken":"r2"}"#);
    store.save("app", &text).await.unwrap();
    tokens.renew().await.unwrap();
    assert_eq!(tokens.account().refresh_token, Secret::new("r2"));
    let sent: Vec<_> = service
        .seen("/v1/access_token")
        .iter()
        .map(|seen| form(&seen.body, "refresh_token"))
        .collect();
    assert_eq!(sent, ["r1", "r2"]);
}
