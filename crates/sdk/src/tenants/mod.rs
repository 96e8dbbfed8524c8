//! Many tenants in one process: a public integration that many organizations have activated.
//!
//! A public integration has one client id and secret, and one activation for each organization. [`Tenants`] is the
//! registry of these activations. Each is an [`Integration`] of its own, kept in the store under a name of its own;
//! at the start all that are stored are connected again.
//!
//! ```no_run
//! # async fn example() -> hallway_sdk::Result<()> {
//! use std::sync::Arc;
//! use hallway_sdk::tenants::{Tenant, Tenants};
//! use hallway_sdk::tokens::FileStore;
//! use hallway_sdk::{Device, Handlers, Integration, Value};
//!
//! // What is said here holds for each tenant.
//! let integration = Integration::builder("the client id", "the client secret")
//!     .store(Arc::new(FileStore::new("tenants")))
//!     .long_polling();
//! let (tenants, inbox) = Tenants::builder(integration).open().await?;
//!
//! // An activation code that somebody copied. Codes that are posted come by `tenants.provisioning()`.
//! if let Ok(code) = std::env::var("ACTIVATION_CODE") {
//!     tenants.add(&code).await?;
//! }
//! Handlers::new()
//!     .on_status(
//!         "RoomAnalytics.PeopleCount.Current",
//!         |tenant: Tenant, device: Device, Value(count): Value<i64>| async move {
//!             println!("{count} people at {:?} of {}", device.id(), tenant.id());
//!         },
//!     )
//!     .run_tenants(inbox)
//!     .await
//! # }
//! ```
//!
//! # What keeps tenants apart
//!
//! Each tenant has its own tokens, its own connections, its own rate limit, its own queue or webhook secret, and its
//! own memory of what was handled. At most [`Limits::at_once`] of its notifications are handled at the same time,
//! each in a task of its own: a tenant whose handlers are slow, or on whose devices very much happens, waits for
//! itself and holds up nobody else. A tenant that cannot be connected is tried again by itself; [`Tenants::health`]
//! says why. Code runs in one process all the same: a handler that never yields takes a thread from all.
//!
//! # Activation codes that are posted
//!
//! With `"provisioning": {"type": "https", "url": …}` in its manifest, an integration gets its activation codes by
//! HTTP. The service of [`Tenants::provisioning`] takes them:
//!
//! ```no_run
//! # #[cfg(feature = "tower")]
//! # async fn example(tenants: hallway_sdk::tenants::Tenants) -> Result<(), Box<dyn std::error::Error>> {
//! let app = axum::Router::new()
//!     .route_service("/activations", tenants.provisioning())
//!     // Only with webhooks: the last segment is the tenant.
//!     .route_service("/notifications/{tenant}", tenants.notifications())
//!     .route_service("/actions/{tenant}", tenants.actions());
//! let listener = tokio::net::TcpListener::bind("0.0.0.0:8000").await?;
//! axum::serve(listener, app).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What an author must do
//!
//! Keep what belongs to an organization by [`Tenant::id`], and forget it when the tenant leaves:
//! [`Handlers::on_tenant_action`](crate::Handlers::on_tenant_action) tells of
//! [`Action::Deprovisioned`](crate::integration::Action::Deprovisioned). Give the store to one process only: the
//! service keeps one queue for each activation, and two processes would take it from each other.

mod builder;
mod health;
mod inbox;
mod keeper;
mod provisioning;
mod registry;
#[cfg(feature = "tower")]
mod service;
mod slot;
mod tenant;

pub use builder::{Limits, TenantsBuilder};
pub use health::{Health, State};
pub use inbox::{TenantDelivery, TenantInbox};
pub use provisioning::{Activation, Refusal, Welcome};
pub use registry::Tenants;
#[cfg(feature = "tower")]
pub use service::{ProvisioningService, TenantActions, TenantNotifications};
pub use tenant::{Tenant, TenantId};
