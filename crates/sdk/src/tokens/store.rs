//! Where tokens are kept.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use hallway_wire::Secret;

use crate::sync::lock;

/// Keeps small texts that hold secrets, each under a name. A file, a keyring, a row of a database.
///
/// ```
/// use hallway_sdk::Secret;
/// use hallway_sdk::tokens::{StoreError, TokenStore};
///
/// /// Keeps one text in an environment that starts empty each time.
/// #[derive(Debug, Default)]
/// struct Row(std::sync::Mutex<Option<Secret>>);
///
/// #[async_trait::async_trait]
/// impl TokenStore for Row {
///     async fn load(&self, _name: &str) -> Result<Option<Secret>, StoreError> {
///         Ok(self.0.lock().unwrap().clone())
///     }
///     async fn save(&self, _name: &str, text: &Secret) -> Result<(), StoreError> {
///         *self.0.lock().unwrap() = Some(text.clone());
///         Ok(())
///     }
///     async fn remove(&self, _name: &str) -> Result<(), StoreError> {
///         *self.0.lock().unwrap() = None;
///         Ok(())
///     }
/// }
/// ```
#[async_trait]
pub trait TokenStore: fmt::Debug + Send + Sync + 'static {
    /// The text under this name, if there is one.
    ///
    /// # Errors
    /// It cannot be read. It is not an error that there is none.
    async fn load(&self, name: &str) -> Result<Option<Secret>, StoreError>;

    /// Keeps a text in the place of the one before. When this returns, the text survives a crash; if the process
    /// ends before, the old text is still whole.
    ///
    /// # Errors
    /// It is not kept.
    async fn save(&self, name: &str, text: &Secret) -> Result<(), StoreError>;

    /// Forgets the text under this name.
    ///
    /// # Errors
    /// It may still be there.
    async fn remove(&self, name: &str) -> Result<(), StoreError>;

    /// The names under which something is kept, in order. Who
    /// has many tenants needs it; who has one account does not.
    ///
    /// # Errors
    /// They cannot be read. A store that does not say otherwise cannot list.
    async fn names(&self) -> Result<Vec<String>, StoreError> {
        Err(StoreError::new(
            "listing names",
            "this store cannot list what it keeps",
        ))
    }

    /// Keeps a text if what is kept still is what the caller takes it to be; `None`: nothing. `false`: it is
    /// something else, and stays. Two processes that share an account lose no token when the store can do this.
    ///
    /// # Errors
    /// It is not kept. A store that does not say otherwise keeps the text in any case.
    async fn replace(&self, name: &str, before: Option<&Secret>, text: &Secret) -> Result<bool, StoreError> {
        // Another process may have written since.
        let _ = before;
        self.save(name, text).await.map(|()| true)
    }
}

/// A store failed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{doing}: {source}")]
pub struct StoreError {
    doing: String,
    source: Arc<dyn std::error::Error + Send + Sync>,
}

impl StoreError {
    /// Says what was being done, and what came of it. Neither may hold a secret.
    pub fn new(
        doing: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self {
            doing: doing.into(),
            source: Arc::from(source.into()),
        }
    }
}

/// Forgets everything when the process ends: for tests and for tokens that are brought along each time.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Arc<Mutex<BTreeMap<String, Secret>>>);

#[async_trait]
impl TokenStore for MemoryStore {
    async fn load(&self, name: &str) -> Result<Option<Secret>, StoreError> {
        Ok(lock(&self.0).get(name).cloned())
    }

    async fn save(&self, name: &str, text: &Secret) -> Result<(), StoreError> {
        lock(&self.0).insert(name.to_owned(), text.clone());
        Ok(())
    }

    async fn remove(&self, name: &str) -> Result<(), StoreError> {
        lock(&self.0).remove(name);
        Ok(())
    }

    async fn names(&self) -> Result<Vec<String>, StoreError> {
        Ok(lock(&self.0).keys().cloned().collect())
    }

    async fn replace(&self, name: &str, before: Option<&Secret>, text: &Secret) -> Result<bool, StoreError> {
        let mut texts = lock(&self.0);
        let same = texts.get(name) == before;
        if same {
            texts.insert(name.to_owned(), text.clone());
        }
        Ok(same)
    }
}
