//! What the store has of an account.

use std::sync::{Arc, Mutex};

use hallway_wire::Secret;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::account::Account;
use super::store::{StoreError, TokenStore};
use crate::error::Result;
use crate::sync::lock;

/// The place of one account in a store.
pub(crate) struct Stored {
    pub(super) name: String,
    store: Arc<dyn TokenStore>,
    /// What is stored, as far as this process knows.
    text: Mutex<Option<Secret>>,
    /// One change at a time, each of the newest state.
    turn: Semaphore,
}

/// What became of a write.
pub(super) enum Wrote {
    /// It is stored.
    Yes,
    /// Another process has stored something else since, which is still there.
    Other(Box<Account>),
    /// Another process has removed it.
    Gone,
}

impl Stored {
    /// Looks what is stored under a name.
    pub(crate) async fn look(store: Arc<dyn TokenStore>, name: String) -> Result<(Self, Option<Account>)> {
        let text = store.load(&name).await?;
        let account = text.as_ref().map(|text| read(&name, text)).transpose()?;
        let stored = Self {
            name,
            store,
            text: Mutex::new(text),
            turn: Semaphore::new(1),
        };
        Ok((stored, account))
    }

    /// Looks again: what another process may have stored since.
    pub(super) async fn again(&self) -> Result<Option<Account>> {
        let text = self.store.load(&self.name).await?;
        Ok(text.map(|text| read(&self.name, &text)).transpose()?)
    }

    /// Waits for its turn to write.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.turn.acquire().await.ok()
    }

    /// Writes an account in the place of what is known to be there. Only in one's turn.
    pub(super) async fn write(&self, account: &Account) -> Result<Wrote> {
        let text = serde_json::to_string(account)
            .map(Secret::new)
            .map_err(|error| StoreError::new("writing the account", error))?;
        let before = lock(&self.text).clone();
        if self.store.replace(&self.name, before.as_ref(), &text).await? {
            *lock(&self.text) = Some(text);
            return Ok(Wrote::Yes);
        }
        let found = self.store.load(&self.name).await?;
        let account = found.as_ref().map(|text| read(&self.name, text)).transpose()?;
        *lock(&self.text) = found;
        Ok(account.map_or(Wrote::Gone, |account| Wrote::Other(Box::new(account))))
    }

    /// Puts an account in the place of whatever is there.
    pub(crate) async fn put(&self, account: &Account) -> Result<()> {
        let _turn = self.turn().await;
        // Once it is something else, or nothing: then it is known what.
        for _ in 0..2 {
            if let Wrote::Yes = self.write(account).await? {
                return Ok(());
            }
        }
        Err(self.unsteady().into())
    }

    /// What is stored changes each time that it is looked at.
    pub(super) fn unsteady(&self) -> StoreError {
        let text = "what is stored keeps changing: several processes write to it";
        StoreError::new(format!("writing `{}`", self.name), text)
    }

    /// Removes it.
    pub(super) async fn remove(&self) -> Result<()> {
        Ok(self.store.remove(&self.name).await?)
    }
}

fn read(name: &str, text: &Secret) -> Result<Account, StoreError> {
    serde_json::from_str(text.expose()).map_err(|error| {
        // Where in the text, never what stands there.
        let at = format!(
            "what is stored is no account (line {}, column {})",
            error.line(),
            error.column()
        );
        StoreError::new(format!("reading `{name}`"), at)
    })
}
