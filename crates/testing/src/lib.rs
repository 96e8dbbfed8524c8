//! An office for the tests of integrations: a whole Hallway inside a test, in milliseconds.
//!
//! ```
//! use hallway_sdk::{Handlers, Value};
//! use hallway_testing::Office;
//!
//! const MANIFEST: &str = r#"{
//!     "id": "8b8f6a3e-52a4-4a0e-9a67-3f4ab2a8f1d1",
//!     "manifestVersion": 1,
//!     "displayName": "Greeter",
//!     "vendor": "Tests",
//!     "email": "tests@example.com",
//!     "description": "Says hello.",
//!     "availability": "org_private",
//!     "apiAccess": [
//!         { "scope": "spark-admin:devices_read", "access": "required", "role": "id_readonly_admin" },
//!         { "scope": "spark:xapi_statuses", "access": "required" },
//!         { "scope": "spark:xapi_commands", "access": "required" }
//!     ],
//!     "xapiAccess": {
//!         "status": [{ "path": "RoomAnalytics.PeopleCount.Current", "access": "required" }],
//!         "commands": [{ "path": "UserInterface.Message.Alert.Display", "access": "required" }],
//!         "events": []
//!     },
//!     "provisioning": { "type": "manual" }
//! }"#;
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let office = Office::start().await;
//! let board = office.room("Board Room").await;
//!
//! let integration = office.install(MANIFEST).await.builder().long_polling().connect().await?;
//! let inbox = integration.poll()?;
//! let greeter = tokio::spawn(
//!     Handlers::new()
//!         .on_status("RoomAnalytics.PeopleCount.Current", |device: hallway_sdk::Device, Value(count): Value<i64>| {
//!             async move {
//!                 // At first every device tells what it knows: that nobody is there.
//!                 if count > 0 {
//!                     device.alert(format!("Welcome, all {count} of you")).show().await?;
//!                 }
//!                 Ok::<(), hallway_sdk::Error>(())
//!             }
//!         })
//!         .run(inbox),
//! );
//!
//! board.device().set("RoomAnalytics.PeopleCount.Current", 4).await;
//! let alert = board.device().ran("UserInterface.Message.Alert.Display").await;
//! assert_eq!(alert.arguments["Text"], "Welcome, all 4 of you");
//!
//! greeter.abort();
//! office.close().await;
//! # Ok::<(), hallway_sdk::Error>(()) }).unwrap();
//! ```
//!
//! - [`Office::start`]: empty; [`Office::demo`]: the demo office, in which nothing happens by itself.
//! - [`Room`] and [`TestDevice`]: rooms to order, what happens in them, and what was run there.
//! - [`TestClock`]: time passes when the test says so, for the platform, the devices and the SDK.
//! - [`Fault`]: 429s, dropped polls, expired tokens, notifications that come twice.
//! - [`Installed`]: a manifest that an administrator activated, with or without its optional permissions.
//!
//! Everything here panics when it fails, with the place of the call: it is for tests.
//!
//! For integrations in other languages there is the same as a command: `hallway test -- COMMAND`.
#![warn(missing_docs)]
#![allow(clippy::unwrap_used, reason = "a test kit fails by panicking")]

mod clock;
mod fault;
mod install;
mod office;
mod room;
mod waiting;

pub use clock::{Flowing, TestClock};
pub use fault::{Fault, Ordered};
pub use hallway_device::{ProductModel, Ran};
pub use install::Installed;
pub use office::{Office, OfficeBuilder};
pub use room::{Room, RoomBuilder, TestDevice};
pub use waiting::{DEADLINE, eventually, within};

/// Compiles the program of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
