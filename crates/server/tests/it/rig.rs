//! A platform over a store in memory, its router, and tokens for whoever a test needs.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use axum::{Router, body};
use hallway_bus::{LocalBus, LogQueue};
use hallway_platform::crypto::{Vault, random, sha256};
use hallway_platform::oauth::{Grant, Token, TokenKind};
use hallway_platform::org::{Founding, Person, PersonKind, Role};
use hallway_platform::ports::courier::Courier;
use hallway_platform::ports::{Clock, Queue as _, QueueLimits, Store, Write};
use hallway_platform::{Config, Parts, Platform};
use hallway_server::courier::{HttpCourier, Reach};
use hallway_server::{App, ServerConfig};
use hallway_store::{FileBlobs, SqlStore};
use hallway_wire::Timestamp;
use hallway_wire::id::{OrgId, PersonId, WebhookId};
use hallway_xapi::{Catalogue, Link, RpcError};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::stop::{MortalCourier, MortalQueue, MortalStore, NoRequests, StopAfter};

pub(crate) const NOW: Timestamp = Timestamp(1_772_600_767_089);
pub(crate) const PUBLIC: &str = "https://hallway.example";

/// A clock that stands still until a test moves it.
pub(crate) struct StoppedClock(AtomicI64);

impl StoppedClock {
    pub(crate) fn forward(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// A link that refuses everything, and says when it is closed.
pub(crate) struct DeadLink(pub(crate) CancellationToken);

#[async_trait]
impl Link for DeadLink {
    async fn call(&self, method: &str, _: Value) -> Result<Value, RpcError> {
        Err(RpcError::new(hallway_xapi::rpc::code::NOT_FOUND, method))
    }

    fn close(&self, _: &str) {
        self.0.cancel();
    }
}

/// See the module documentation.
pub(crate) struct Rig {
    pub(crate) platform: Arc<Platform>,
    pub(crate) org: OrgId,
    /// A full administrator with every scope.
    pub(crate) admin: String,
    pub(crate) clock: Arc<StoppedClock>,
    kept: Kept,
    life: Arc<StopAfter>,
    router: Router,
}

/// What outlives a process: the disk, the world, and the key on the disk.
#[derive(Clone)]
struct Kept {
    config: Config,
    store: Arc<SqlStore>,
    queue: Arc<LogQueue>,
    blobs: Arc<FileBlobs>,
    /// Where the queue is, for who reads it again.
    disk: Option<Arc<tempfile::TempDir>>,
    courier: Arc<dyn Courier>,
    vault_key: [u8; 32],
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
    /// The URL of the next page.
    pub(crate) next: Option<String>,
}

impl Answer {
    /// The answer's body, if its status is the one.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self.body
    }

    #[track_caller]
    pub(crate) fn items(self) -> Vec<Value> {
        self.expect(200)["items"].as_array().cloned().unwrap()
    }
}

impl Rig {
    pub(crate) async fn start() -> Self {
        Self::with(Config::default(), Arc::new(NoRequests)).await
    }

    /// A rig whose requests go out, also to this machine.
    pub(crate) async fn that_calls(config: Config) -> Self {
        let courier = HttpCourier::new(Reach { private: true }, None).unwrap();
        Self::with(config, Arc::new(courier)).await
    }

    pub(crate) async fn with(config: Config, courier: Arc<dyn Courier>) -> Self {
        let queue = LogQueue::in_memory(QueueLimits::default());
        Self::found(Kept::new(config, courier, queue, None)).await
    }

    /// A rig that can be stopped at any step, and started [`again`](Self::again).
    pub(crate) async fn that_dies(config: Config, courier: Arc<dyn Courier>) -> Self {
        let disk = tempfile::tempdir().unwrap();
        let queue = LogQueue::open(disk.path(), QueueLimits::default()).unwrap();
        Self::found(Kept::new(config, courier, queue, Some(Arc::new(disk)))).await
    }

    async fn found(kept: Kept) -> Self {
        let clock = Arc::new(StoppedClock(AtomicI64::new(NOW.millis())));
        let org = OrgId::random();
        let mut rig = Self::over(kept, clock, org, String::new()).await;
        rig.admin = found(&rig.platform, org).await;
        rig
    }

    async fn over(kept: Kept, clock: Arc<StoppedClock>, org: OrgId, admin: String) -> Self {
        let life = Arc::new(StopAfter::default());
        let platform = Platform::start(Parts {
            config: kept.config.clone(),
            store: Arc::new(MortalStore {
                inner: Arc::<SqlStore>::clone(&kept.store),
                life: Arc::clone(&life),
            }),
            queue: Arc::new(MortalQueue {
                inner: Arc::<LogQueue>::clone(&kept.queue),
                life: Arc::clone(&life),
            }),
            bus: Arc::new(LocalBus::new()),
            courier: Arc::new(MortalCourier {
                inner: Arc::clone(&kept.courier),
                life: Arc::clone(&life),
            }),
            blobs: Arc::<FileBlobs>::clone(&kept.blobs),
            clock: Arc::<StoppedClock>::clone(&clock),
            catalogue: Catalogue::builtin(),
            vault: Vault::new(&kept.vault_key),
        })
        .await
        .unwrap();
        let config = ServerConfig {
            requests_per_minute: None,
            cors_origins: Vec::new(),
            authority: None,
        };
        let app = App::new(Arc::clone(&platform), None, config, CancellationToken::new()).unwrap();
        let router = hallway_server::router(app, Router::new());
        Self {
            platform,
            org,
            admin,
            clock,
            kept,
            life,
            router,
        }
    }

    /// From now on so many steps are done, and then nothing: see [`StopAfter`].
    pub(crate) fn stop_after(&self, steps: u64) {
        self.life.stop_after(steps);
    }

    /// Whether something was wanted after the last step.
    pub(crate) fn has_stopped(&self) -> bool {
        self.life.has_refused()
    }

    /// How many steps were done so far.
    pub(crate) fn steps(&self) -> u64 {
        self.life.steps()
    }

    /// Kills it, and starts another platform over what was kept. Devices have to link up again.
    pub(crate) async fn again(self) -> Self {
        self.life.stop_after(0);
        self.platform.stop(Duration::from_secs(10)).await;
        let mut kept = self.kept;
        let disk = kept.disk.as_ref().expect("a rig that dies");
        kept.queue.close().await;
        kept.queue = Arc::new(LogQueue::open(disk.path(), QueueLimits::default()).unwrap());
        Self::over(kept, self.clock, self.org, self.admin).await
    }

    /// Another platform over the same store and files, as after a restart; this one goes on.
    pub(crate) async fn twin(&self) -> Self {
        let mut kept = self.kept.clone();
        kept.queue = Arc::new(LogQueue::in_memory(QueueLimits::default()));
        Self::over(kept, Arc::clone(&self.clock), self.org, self.admin.clone()).await
    }

    pub(crate) fn store(&self) -> &SqlStore {
        &self.kept.store
    }

    pub(crate) fn blobs(&self) -> &FileBlobs {
        &self.kept.blobs
    }

    /// The token of an administrator of another organization.
    pub(crate) async fn stranger(&self) -> String {
        found(&self.platform, OrgId::random()).await
    }

    /// A token of a person with these roles, for these scopes.
    pub(crate) async fn token(&self, roles: &[Role], scopes: &[&str]) -> String {
        self.token_of(PersonId::random(), roles, scopes).await
    }

    pub(crate) async fn token_of(&self, id: PersonId, roles: &[Role], scopes: &[&str]) -> String {
        self.token_by(id, PersonKind::Person, None, roles, scopes).await
    }

    /// A token of an account of any kind, by any client.
    pub(crate) async fn token_by(
        &self,
        id: PersonId,
        kind: PersonKind,
        client: Option<&str>,
        roles: &[Role],
        scopes: &[&str],
    ) -> String {
        let email = format!("p{}@example.com", id.uuid().simple());
        let person = Person {
            roles: roles.to_vec(),
            ..Person::new(id, self.org, kind, email, "Some Body", NOW)
        };
        let grant = Grant {
            id: Uuid::new_v4(),
            org: self.org,
            person: id,
            client_id: client.map(ToOwned::to_owned),
            activation: None,
            scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
            created: NOW,
            standing: false,
            limited: false,
        };
        let text = format!("test{}", Uuid::new_v4().simple());
        let token = Token {
            hash: sha256(text.as_bytes()),
            kind: TokenKind::Access,
            grant: grant.id,
            scopes: grant.scopes.clone(),
            issued: NOW,
            expires: NOW.plus_millis(1_000_000),
        };
        let writes = vec![
            Write::PutPerson(person),
            Write::PutGrant(grant),
            Write::PutToken(token),
        ];
        self.kept.store.commit(writes).await.unwrap();
        text
    }

    /// Any request, as it is.
    pub(crate) async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// What the router tells about itself: its routes are in it.
    pub(crate) fn router_says(&self) -> String {
        format!("{:?}", self.router)
    }

    /// A page for a browser: status and text.
    pub(crate) async fn page(&self, method: &str, url: &str) -> (u16, String) {
        let path = url.strip_prefix(PUBLIC).unwrap_or(url);
        let request = Request::builder().method(method).uri(path).body(Body::empty());
        let response = self.send(request.unwrap()).await;
        let status = response.status().as_u16();
        let bytes = body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    /// Looks again until it is so.
    pub(crate) async fn until(&self, so: impl AsyncFn() -> bool) {
        let looking = async {
            while !so().await {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(std::time::Duration::from_secs(20), looking).await;
        waited.expect("it never became so");
    }

    /// One request of the administrator.
    pub(crate) async fn ask(&self, request: &str, body: Value) -> Answer {
        self.ask_as(Some(&self.admin), request, body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path}"), Value::Null).await
    }

    /// One request below `/hallway/v1`.
    pub(crate) async fn control(&self, token: &str, request: &str) -> Answer {
        self.control_with(token, request, Value::Null).await
    }

    pub(crate) async fn control_with(&self, token: &str, request: &str, body: Value) -> Answer {
        let (method, path) = request.split_once(' ').unwrap();
        let request = format!("{method} {PUBLIC}/hallway/v1{path}");
        self.ask_as(Some(token), &request, body).await
    }

    /// A request whose body claims to be JSON.
    pub(crate) async fn ask_text(&self, token: &str, request: &str, body: &str) -> Answer {
        let (method, path) = request.split_once(' ').unwrap();
        let request = Request::builder()
            .method(method)
            .uri(format!("/v1{path}"))
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/json;charset=utf-8")
            .body(Body::from(body.to_owned()));
        read(self.router.clone().oneshot(request.unwrap()).await.unwrap()).await
    }

    /// A webhook as the store keeps it.
    pub(crate) async fn stored_webhook(&self, id: &str) -> String {
        let id: WebhookId = id.parse().unwrap();
        let record = self.kept.store.record("webhook", &id.uuid().to_string()).await;
        record.unwrap().unwrap().doc
    }

    /// How many deliveries wait for a webhook.
    pub(crate) async fn waiting_for(&self, webhook: WebhookId) -> usize {
        self.kept
            .store
            .outgoing(webhook, 0, usize::MAX)
            .await
            .unwrap()
            .len()
    }

    /// Ends what runs in the background, in time.
    pub(crate) async fn close(self) {
        assert!(
            self.platform.stop(Duration::from_secs(10)).await,
            "something still runs"
        );
    }

    /// One request: `GET /devices`, below `/v1` or absolute. A body that is null is none.
    pub(crate) async fn ask_as(&self, token: Option<&str>, request: &str, body: Value) -> Answer {
        let (method, path) = request.split_once(' ').unwrap();
        let path = match path.strip_prefix(PUBLIC) {
            Some(path) => path.to_owned(),
            None if path.starts_with("/hallway/") || path.starts_with("/identity/") => path.to_owned(),
            None => format!("/v1{path}"),
        };
        let mut builder = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            builder = builder.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = if body.is_null() {
            builder.body(Body::empty())
        } else {
            builder
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(body.to_string()))
        };
        read(self.router.clone().oneshot(request.unwrap()).await.unwrap()).await
    }
}

impl Kept {
    fn new(
        config: Config,
        courier: Arc<dyn Courier>,
        queue: LogQueue,
        disk: Option<Arc<tempfile::TempDir>>,
    ) -> Self {
        Self {
            config: Config {
                public_url: PUBLIC.to_owned(),
                ..config
            },
            store: Arc::new(SqlStore::ephemeral().unwrap()),
            queue: Arc::new(queue),
            blobs: Arc::new(FileBlobs::ephemeral().unwrap()),
            disk,
            courier,
            vault_key: random(),
        }
    }
}

async fn found(platform: &Platform, org: OrgId) -> String {
    let founding = Founding {
        org,
        display_name: "Acme".to_owned(),
        admin: PersonId::random(),
        admin_email: format!("admin@{}.example", org.uuid().simple()),
        admin_name: "Ada Admin".to_owned(),
        country: None,
    };
    platform
        .found_organization(founding)
        .await
        .unwrap()
        .expose()
        .to_owned()
}

pub(crate) async fn read(response: Response<Body>) -> Answer {
    let status = response.status();
    let link = response
        .headers()
        .get(header::LINK)
        .map(|link| link.to_str().unwrap().to_owned());
    let next = link.map(|link| {
        link.strip_prefix('<')
            .unwrap()
            .strip_suffix(">; rel=\"next\"")
            .unwrap()
            .to_owned()
    });
    let is_json = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.to_str().unwrap().starts_with("application/json"));
    let bytes = body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let body = if bytes.is_empty() {
        assert!(!is_json, "a content type without content");
        Value::Null
    } else {
        assert!(is_json, "content without a content type");
        serde_json::from_slice(&bytes).unwrap()
    };
    Answer { status, body, next }
}
