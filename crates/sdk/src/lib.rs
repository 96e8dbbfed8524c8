//! Write integrations for Webex rooms, devices and people: for the Webex cloud and for a self-hosted Hallway alike.
//!
//! # Where to begin
//!
//! - An **integration of rooms**, activated by an administrator: [`Integration`]. It reads and runs the xAPI of
//!   devices ([`Device`]), is told what happens on them ([`Handlers`]), and may provide signage and web apps.
//! - A **public integration** that many organizations have activated: [`tenants::Tenants`].
//! - A **Service App**, a **bot** or a **person**: [`Client`] with a token, or with a [`tokens::Renewing`] account.
//!
//! # A first integration
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use hallway_sdk::jwt::KeySource;
//! use hallway_sdk::tokens::FileStore;
//! use hallway_sdk::{Device, Handlers, Integration, Value};
//!
//! # async fn example() -> hallway_sdk::Result<()> {
//! let setting = |name| std::env::var(name).ok();
//! let integration = Integration::builder(
//!     setting("CLIENT_ID").unwrap_or_default(),
//!     setting("CLIENT_SECRET").unwrap_or_default(),
//! )
//! .activation_code(setting("ACTIVATION_CODE"))
//! .store(Arc::new(FileStore::new("tokens")))
//! // Against a Hallway: its own keys. Without this line: those of Webex.
//! .keys(setting("JWKS_URL").map_or(KeySource::Webex, KeySource::Url))
//! .long_polling()
//! .connect()
//! .await?;
//!
//! Handlers::new()
//!     .on_status("RoomAnalytics.PeopleCount.Current", |device: Device, Value(count): Value<i64>| async move {
//!         if count > 0 {
//!             device.alert(format!("Welcome, all {count} of you")).duration(5).show().await?;
//!         }
//!         Ok::<(), hallway_sdk::Error>(())
//!     })
//!     .run(integration.poll()?)
//!     .await
//! # }
//! ```
//!
//! The same text runs against Webex and against Hallway: the activation code says where everything is.
//!
//! # What is promised
//!
//! - **No token is lost.** A rotated refresh token is stored before it is used, the one before is kept until the
//!   new one has proved good. See [`tokens`].
//! - **No notification is lost, none is handled twice.** It is acknowledged when its handler returned, and what was
//!   handled is remembered. See [`notify`].
//! - **Nothing is done twice.** What may have done something is only repeated if it may be repeated. See
//!   [`client::RetryPolicy`].
//! - **Tokens go only where they belong**: to hosts that the author or a verified code named. No error, log or
//!   `Debug` shows one.
//! - **One [`Error`]**, with the tracking id that operators ask for.
//!
//! # Async only
//!
//! There is no blocking façade: notifications and renewals need tasks that run beside. A program without a runtime
//! calls `tokio::runtime::Runtime::new()?.block_on(…)` around what it needs.
//!
//! # Features
//!
//! - `tower` (on): webhook receivers as [`tower`](https://docs.rs/tower) services, for axum and hyper.
//! - `keyring` (off): [`tokens`] in the keyring of the system.
//! - `sqlite` (off): [`tokens`] in a table of an SQLite file. This one compiles SQLite, which is written in C.
//!
//! Needs Rust 1.90, or newer. TLS is rustls with ring; without the feature `sqlite` no C library is linked.
#![warn(missing_docs)]

pub mod client;
pub mod id;
pub mod integration;
pub mod jwt;
pub mod listen;
pub mod mirror;

pub mod notify;
pub mod outbox;
pub mod resources;
pub mod state;
pub mod tenants;
pub mod time;
pub mod tokens;
pub mod xapi;

mod error;
mod signature;
mod sync;
mod words;

pub use client::{Call, Client};
pub use error::{Context, Detail, Error, Missing, Result};
pub use hallway_wire::{Secret, Timestamp};
pub use hallway_xapi::{Key, Pattern};
pub use id::{
    ActionId, ApplicationId, AuthorizationId, DeviceId, EventId, FloorId, GroupId, LicenseId, LocationId,
    MeetingId, MembershipId, MessageId, OrgId, PersonId, RecordingId, RoleId, RoomId, TeamId,
    TeamMembershipId, WebhookId, WorkspaceId,
};
pub use integration::Integration;
pub use notify::{Handlers, Inbox, Notification, Value};
pub use xapi::Device;

/// Shapes that this crate takes over as they are.
pub mod wire {
    pub use hallway_wire::feature;
}

/// Compiles the program of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

/// Compiles the programs of the guide.
#[cfg(all(doctest, feature = "tower"))]
#[doc = include_str!("../../../docs/sdk-guide.md")]
mod guide {}
