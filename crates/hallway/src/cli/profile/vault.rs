//! Where the secrets of a profile are: its tokens, and the secret of the client that they belong to.

use std::path::Path;
use std::sync::Arc;

use hallway_sdk::tokens::{Account, FileStore, TokenStore};
use hallway_wire::Secret;
use serde::{Deserialize, Serialize};

use super::book::Place;
use crate::cli::failure::{Failure, Result};

/// What proves the client. Texts of a [`TokenStore`] are secrets as a whole.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientSecret {
    client_secret: Secret,
}

/// A token that is not renewed.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Plain {
    token: Secret,
}

/// The secrets of one profile.
#[derive(Clone, Debug)]
pub(crate) struct Vault {
    store: Arc<dyn TokenStore>,
    profile: String,
    place: Place,
    shown: String,
}

impl Vault {
    /// The secrets of a profile at a kind of place.
    ///
    /// # Errors
    /// They are in the keyring, and this build has none.
    pub(crate) fn at(place: Place, folder: &Path, profile: &str) -> Result<Self> {
        let secrets = folder.join("secrets");
        let (store, shown): (Arc<dyn TokenStore>, _) = match place {
            Place::Keyring => (keyring::store()?, "the keyring of this system".to_owned()),
            Place::File => (
                Arc::new(FileStore::new(&secrets)),
                format!("files in {} that only you can read", secrets.display()),
            ),
        };
        Ok(Self {
            store,
            profile: profile.to_owned(),
            place,
            shown,
        })
    }

    /// The best place that there is: a keyring that keeps things, or files.
    pub(crate) async fn best(folder: &Path, profile: &str) -> Result<Self> {
        let place = if keyring::works().await {
            Place::Keyring
        } else {
            Place::File
        };
        Self::at(place, folder, profile)
    }

    pub(crate) fn place(&self) -> Place {
        self.place
    }

    /// Where that is, in words.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    pub(crate) fn store(&self) -> Arc<dyn TokenStore> {
        Arc::clone(&self.store)
    }

    /// Under which name the tokens are kept.
    pub(crate) fn tokens_name(&self) -> String {
        format!("{}/tokens", self.profile)
    }

    fn client_name(&self) -> String {
        format!("{}/client", self.profile)
    }

    pub(crate) async fn client_secret(&self) -> Result<Option<Secret>> {
        let kept: Option<ClientSecret> = self.load(&self.client_name()).await?;
        Ok(kept.map(|kept| kept.client_secret))
    }

    /// Keeps an account that renews its tokens.
    pub(crate) async fn keep_account(&self, account: &Account, client_secret: &Secret) -> Result {
        let client_secret = client_secret.clone();
        self.save(&self.client_name(), &ClientSecret { client_secret })
            .await?;
        self.save(&self.tokens_name(), account).await
    }

    /// Keeps a token that is not renewed.
    pub(crate) async fn keep_token(&self, token: &Secret) -> Result {
        let token = token.clone();
        self.save(&self.tokens_name(), &Plain { token }).await
    }

    pub(crate) async fn token(&self) -> Result<Option<Secret>> {
        let kept: Option<Plain> = self.load(&self.tokens_name()).await?;
        Ok(kept.map(|kept| kept.token))
    }

    /// Forgets the tokens, and the client's secret too where it is said.
    pub(crate) async fn forget(&self, client_too: bool) -> Result {
        self.store.remove(&self.tokens_name()).await.map_err(failed)?;
        if client_too {
            self.store.remove(&self.client_name()).await.map_err(failed)?;
        }
        Ok(())
    }

    async fn load<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let Some(text) = self.store.load(name).await.map_err(failed)? else {
            return Ok(None);
        };
        // The error of the parser would show what stands there.
        serde_json::from_str(text.expose()).map(Some).map_err(|_| {
            Failure::refused(format!("what {} holds under `{name}` cannot be read", self.shown))
                .hint(format!("sign in again: hallway login --profile {}", self.profile))
        })
    }

    async fn save<T: Serialize>(&self, name: &str, value: &T) -> Result {
        let text = serde_json::to_string(value)
            .map_err(|error| Failure::refused(format!("`{name}` cannot be written: {error}")))?;
        self.store.save(name, &Secret::new(text)).await.map_err(failed)
    }
}

fn failed(error: hallway_sdk::tokens::StoreError) -> Failure {
    Failure::refused(format!("the secrets of the profile: {error}"))
}

/// The keyring of the system.
#[cfg(feature = "keyring")]
mod keyring {
    use std::sync::Arc;

    use hallway_sdk::tokens::{KeyringStore, TokenStore};

    use crate::cli::failure::Result;

    /// What people see in their keyring.
    const SERVICE: &str = "hallway";

    #[expect(
        clippy::unnecessary_wraps,
        reason = "a build without the keyring has none to give"
    )]
    pub(super) fn store() -> Result<Arc<dyn TokenStore>> {
        Ok(Arc::new(KeyringStore::new(SERVICE)))
    }

    pub(super) async fn works() -> bool {
        KeyringStore::new(SERVICE).is_there().await
    }
}

/// No keyring: this build does without.
#[cfg(not(feature = "keyring"))]
mod keyring {
    use std::sync::Arc;

    use hallway_sdk::tokens::TokenStore;

    use crate::cli::failure::{Failure, Result};

    pub(super) fn store() -> Result<Arc<dyn TokenStore>> {
        Err(
            Failure::refused("the secrets of this profile are in the keyring, which this build cannot open")
                .hint("build hallway with `--features keyring`, or `hallway profile remove` it and sign in anew"),
        )
    }

    pub(super) async fn works() -> bool {
        false
    }
}
