//! A profile that somebody signed in with: whoever asks gets a token that is good now.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hallway_sdk::client::Https;
use hallway_sdk::tokens::{OAuth, Personal, Renewing, TokenSource};
use tokio::sync::OnceCell;

use super::book::{How, Profile};
use super::vault::Vault;
use crate::cli::failure::{Failure, Result};
use crate::cli::input;

/// See the module documentation.
pub(crate) struct Session {
    pub(crate) name: String,
    pub(crate) profile: Profile,
    folder: PathBuf,
    ca: Option<PathBuf>,
    source: OnceCell<Arc<dyn TokenSource>>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Session {
    pub(crate) fn new(name: String, profile: Profile, folder: PathBuf, ca: Option<PathBuf>) -> Self {
        Self {
            name,
            profile,
            folder,
            ca,
            source: OnceCell::new(),
        }
    }

    /// Who hands out the tokens. They are read, and renewed where needed, when the first one is asked for.
    ///
    /// # Errors
    /// Nobody has signed in, or the secrets cannot be read.
    pub(crate) async fn source(&self) -> Result<Arc<dyn TokenSource>> {
        self.source.get_or_try_init(|| self.open()).await.cloned()
    }

    async fn open(&self) -> Result<Arc<dyn TokenSource>> {
        let account = self.profile.account.as_ref().ok_or_else(|| self.signed_out())?;
        let vault = Vault::at(account.secrets, &self.folder, &self.name)?;
        if self.profile.sign_in.how == How::Token {
            let token = vault.token().await?.ok_or_else(|| self.signed_out())?;
            return Ok(Arc::new(Personal::new(token)));
        }
        let secret = vault.client_secret().await?.ok_or_else(|| self.signed_out())?;
        let client_id = self.profile.sign_in.client_id.as_deref().unwrap_or_default();
        let base = format!("{}/v1", self.profile.service.url());
        let oauth = OAuth::of(&base, client_id, secret.expose());
        let transport = Arc::new(transport(self.ca.as_deref())?);
        let renewing = Renewing::open(oauth, vault.store(), vault.tokens_name(), None, transport).await?;
        Ok(Arc::new(renewing))
    }

    fn signed_out(&self) -> Failure {
        Failure::usage(format!("nobody is signed in with the profile `{}`", self.name))
            .hint(self.sign_in_hint())
    }

    /// What to type to sign in.
    pub(crate) fn sign_in_hint(&self) -> String {
        format!("sign in with `hallway login --profile {}`", self.name)
    }
}

/// HTTPS that trusts the public authorities, and those in a PEM file beside them.
pub(crate) fn transport(ca: Option<&Path>) -> Result<Https> {
    let pem = match ca {
        Some(path) => Some(input::file(path, "the certificate file")?),
        None => None,
    };
    Https::trusting(pem.as_deref().map(str::as_bytes)).map_err(|error| Failure::usage(error.to_string()))
}
