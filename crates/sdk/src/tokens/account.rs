//! What is kept of an account: its tokens, and how an integration was provisioned.

use std::time::Duration;

use hallway_wire::{Secret, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::integration::Provisioning;
use crate::time::{Clock as _, SystemClock};

/// Where and as whom tokens are renewed.
#[derive(Clone, Debug)]
pub struct OAuth {
    /// The token endpoint: `https://webexapis.com/v1/access_token`.
    pub url: String,
    /// The OAuth client id.
    pub client_id: String,
    /// The OAuth client secret.
    pub client_secret: Secret,
}

impl OAuth {
    /// The token endpoint of an API.
    pub fn of(base_url: &str, client_id: impl Into<String>, client_secret: impl Into<String>) -> Self {
        Self {
            url: format!("{}/access_token", base_url.trim_end_matches('/')),
            client_id: client_id.into(),
            client_secret: Secret::new(client_secret),
        }
    }
}

/// What a [`TokenStore`](super::TokenStore) keeps of one account, as JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// The newest refresh token.
    pub refresh_token: Secret,
    /// The one before, until the newest has proved good: it is tried if the newest is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_refresh_token: Option<Secret>,
    /// The access token, so that a restart need not ask for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token: Option<Secret>,
    /// Until when it is good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// The granted scopes, separated by spaces, as the last answer said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// How the integration was provisioned; a Service App has nothing of the kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioning: Option<Provisioning>,
}

impl Account {
    /// An account of which only the refresh token is known.
    pub fn new(refresh_token: impl Into<String>) -> Self {
        Self {
            refresh_token: Secret::new(refresh_token),
            previous_refresh_token: None,
            access_token: None,
            expires: None,
            scope: None,
            provisioning: None,
        }
    }

    /// Whether this comes of the same activation code, or of a later one of the same integration.
    pub(crate) fn knows(&self, code_id: &str, app_id: Uuid, code_made: i64) -> bool {
        self.provisioning.as_ref().is_some_and(|known| {
            known.code_id == code_id || (known.app_id == app_id && known.code_made >= code_made)
        })
    }

    /// Takes over what another account has that a newer code has replaced: for the same activation, issued again,
    /// what worked before is not thrown away.
    #[must_use]
    pub(crate) fn after(mut self, before: Option<Self>) -> Self {
        if let (Some(before), Some(new)) = (before, &mut self.provisioning)
            && let Some(old) = before.provisioning
            && old.app_id == new.app_id
            && old.org_id.names_same(&new.org_id)
        {
            self.previous_refresh_token = Some(before.refresh_token);
            new.webhook_secret = old.webhook_secret;
        }
        self
    }

    /// Another process has stored something else meanwhile. Nothing of it is lost: its newest refresh token is kept
    /// as the one before. `false`: what it stored comes of a later activation, and this account is over.
    pub(super) fn meet(&mut self, other: &Self) -> bool {
        let made = |account: &Self| account.provisioning.as_ref().map(|known| known.code_made);
        if made(other) > made(self) {
            return false;
        }
        if other.refresh_token != self.refresh_token {
            self.previous_refresh_token = Some(other.refresh_token.clone());
        }
        true
    }

    /// Puts a new refresh token in the place of the newest, which is kept as the one before.
    pub(crate) fn rotate(&mut self, token: Secret) {
        if token != self.refresh_token {
            self.previous_refresh_token = Some(std::mem::replace(&mut self.refresh_token, token));
        }
    }

    /// What may be good; the newest last.
    pub(crate) fn refresh_tokens(&self) -> Vec<Secret> {
        let newest = std::iter::once(self.refresh_token.clone());
        self.previous_refresh_token
            .clone()
            .into_iter()
            .chain(newest)
            .collect()
    }

    /// How long the access token is still good.
    pub(crate) fn remaining(&self) -> Duration {
        let Some(expires) = self.expires else {
            return Duration::ZERO;
        };
        let left = expires.millis().saturating_sub(now().millis());
        Duration::from_millis(u64::try_from(left).unwrap_or_default())
    }
}

/// The time of day.
pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}
