//! Who asks: tokens, how they are renewed, and where they are kept.
//!
//! A [`TokenSource`] hands out access tokens. [`Personal`] has one that is never renewed. [`Renewing`] has a
//! refresh token, of a Service App or of the machine account of an integration: it renews ahead of time, once
//! for all tasks that ask, and keeps what it has in a [`TokenStore`], so that a restart needs no person.

mod account;
#[cfg(feature = "sqlite")]
mod database;
mod exchange;
mod file;
#[cfg(feature = "keyring")]
mod keyring;
mod personal;
mod renewing;
mod store;
mod stored;

#[cfg(feature = "keyring")]
pub use self::keyring::KeyringStore;
pub(crate) use account::now;
pub use account::{Account, OAuth};
#[cfg(feature = "sqlite")]
pub use database::DatabaseStore;
pub use file::FileStore;
pub(crate) use file::private;
pub use personal::Personal;
pub use renewing::Renewing;
pub use store::{MemoryStore, StoreError, TokenStore};
pub(crate) use stored::Stored;

use async_trait::async_trait;
use hallway_wire::Secret;

use crate::error::Result;

/// Hands out access tokens.
#[async_trait]
pub trait TokenSource: Send + Sync + 'static {
    /// A token that is good now, as far as anybody knows.
    ///
    /// # Errors
    /// None can be had.
    async fn token(&self) -> Result<Secret>;

    /// The service refused this token. Whether there is another one now, so that asking again makes sense.
    ///
    /// # Errors
    /// A new one was asked for, and that failed.
    async fn refused(&self, token: &Secret) -> Result<bool>;
}
