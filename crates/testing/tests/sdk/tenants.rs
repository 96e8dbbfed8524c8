//! A public integration that two organizations activate: codes that are posted, a restart, one that leaves.

use std::sync::{Arc, Mutex};

use hallway_sdk::client::{RateLimit, RetryPolicy};
use hallway_sdk::integration::Action;
use hallway_sdk::jwt::KeySource;
use hallway_sdk::tenants::{Tenant, TenantId, TenantInbox, Tenants, Welcome};
use hallway_sdk::tokens::{FileStore, TokenStore as _};
use hallway_sdk::{Client, Handlers, Integration, OrgId, Value};
use hallway_testing::{Office, eventually};
use http::Method;
use serde_json::{Value as Json, json};
use uuid::Uuid;

const APP: Uuid = Uuid::from_u128(0x77e1_5d3c_06b4_4c0e_8d7b_3d1c_52a9_6f10);

fn manifest(url: &str) -> Json {
    json!({
        "id": APP,
        "manifestVersion": 1,
        "displayName": "Counter",
        "vendor": "Fjord Gardens",
        "email": "ops@fjord.example",
        "description": "Counts.",
        "availability": "global",
        "tocUrl": "https://fjord.example/terms",
        "apiAccess": [
            { "scope": "spark-admin:devices_read", "access": "required", "role": "id_readonly_admin" },
            { "scope": "spark:xapi_statuses", "access": "required" },
        ],
        "xapiAccess": { "status": [{ "path": "RoomAnalytics.PeopleCount.Current", "access": "required" }] },
        "provisioning": { "type": "https", "url": url },
    })
}

/// A request of the management API.
async fn manage(client: &Client, office: &Office, path: &str, body: Json) -> Json {
    let call = client.request(Method::POST, format!("{}/hallway/v1/{path}", office.url()));
    call.json(&body)
        .read()
        .await
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}

struct Vendor {
    uploaded: Json,
    store: Arc<FileStore>,
}

impl Vendor {
    async fn open(&self, office: &Office) -> (Tenants, TenantInbox) {
        let text = |name: &str| self.uploaded[name].as_str().unwrap().to_owned();
        let integration = Integration::builder(text("clientId"), text("clientSecret"))
            .store(Arc::clone(&self.store) as _)
            .keys(KeySource::Url(office.jwks_url()))
            .clock(office.clock())
            .retry(RetryPolicy::default())
            .rate_limit(RateLimit::none())
            .long_polling();
        let builder = Tenants::builder(integration)
            .app_id(APP)
            .admit(|activation| async move {
                Ok(Welcome::redirect(format!(
                    "https://192.0.2.7/{}",
                    activation.tenant
                )))
            });
        builder.open().await.unwrap()
    }
}

#[tokio::test]
async fn two_organizations_of_one_process() {
    let office = Office::start().await;
    let admin = office.admin();
    let room = office.room("Board Room").await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/activations", listener.local_addr().unwrap());
    let uploaded = manage(&admin, &office, "integrations", manifest(&url)).await;
    let folder = tempfile::tempdir().unwrap();
    let vendor = Vendor {
        uploaded,
        store: Arc::new(FileStore::new(folder.path())),
    };
    let (tenants, inbox) = vendor.open(&office).await;
    let router = axum::Router::new().route_service("/activations", tenants.provisioning());
    let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });

    // Published, and activated at home and by a customer.
    manage(
        &admin,
        &office,
        &format!("vendor/integrations/{APP}/submit"),
        json!({}),
    )
    .await;
    manage(
        &admin,
        &office,
        &format!("operator/publications/{APP}/approve"),
        json!({}),
    )
    .await;
    let customer = json!({
        "displayName": "Customer", "adminEmail": "ada@customer.example", "adminName": "Ada Customer",
    });
    let created = manage(&admin, &office, "operator/organizations", customer).await;
    let theirs = Client::builder(office.base_url())
        .personal_token(created["accessToken"].as_str().unwrap())
        .build()
        .unwrap();
    let customer = TenantId::of(&OrgId::new(created["organization"]["id"].as_str().unwrap()));
    let home = TenantId::of(&office.org_id());
    manage(
        &admin,
        &office,
        &format!("integrations/{APP}/activate"),
        json!({}),
    )
    .await;
    let activated = manage(&theirs, &office, &format!("catalog/{APP}/activate"), json!({})).await;
    assert_eq!(activated["push"]["state"], "pushed", "{activated}");
    assert_eq!(
        activated["push"]["redirectUrl"],
        format!("https://192.0.2.7/{customer}")
    );
    eventually("both are connected", async || {
        (tenants.connected().len() == 2).then_some(())
    })
    .await;
    let names: Vec<_> = tenants
        .health()
        .into_iter()
        .map(|health| health.org_name.unwrap())
        .collect();
    assert!(names.contains(&"Customer".to_owned()), "{names:?}");

    // The same code, once more: nothing changes.
    let code = activated["activationCode"].as_str().unwrap();
    assert_eq!(tenants.add(code).await.unwrap(), customer);
    assert_eq!(vendor.store.names().await.unwrap().len(), 2);

    // A restart: both are taken up again from the store.
    serving.abort();
    let _ = serving.await;
    drop((tenants, inbox));
    let (tenants, inbox) = vendor.open(&office).await;
    tenants.settled().await;
    assert_eq!(tenants.connected().len(), 2, "{:?}", tenants.health());

    let heard = Arc::new(Mutex::new(Vec::new()));
    let (counts, ends) = (Arc::clone(&heard), Arc::clone(&heard));
    let handlers = Handlers::new()
        .on_status(
            "RoomAnalytics.PeopleCount.Current",
            move |tenant: Tenant, Value(count): Value<i64>| {
                counts.lock().unwrap().push(format!("{count} at {}", tenant.id()));
                async {}
            },
        )
        .on_tenant_action(move |tenant: Tenant, action| {
            if matches!(action, Action::Deprovisioned) {
                ends.lock().unwrap().push(format!("the end of {}", tenant.id()));
            }
            async {}
        });
    let running = tokio::spawn(handlers.run_tenants(inbox));
    let said = async |text: String| {
        let look = async || heard.lock().unwrap().contains(&text).then_some(());
        eventually(&text, look).await;
    };
    room.device().set("RoomAnalytics.PeopleCount.Current", 4).await;
    said(format!("4 at {home}")).await;

    // The customer leaves; the others stay.
    manage(
        &theirs,
        &office,
        &format!("integrations/{APP}/deactivate"),
        json!({}),
    )
    .await;
    said(format!("the end of {customer}")).await;
    eventually("it is gone", async || {
        (tenants.ids() == [home.clone()]).then_some(())
    })
    .await;
    assert_eq!(vendor.store.names().await.unwrap().len(), 1);
    room.device().set("RoomAnalytics.PeopleCount.Current", 5).await;
    said(format!("5 at {home}")).await;
    running.abort();
    office.close().await;
}
