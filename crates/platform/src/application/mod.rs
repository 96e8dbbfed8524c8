//! Applications: integrations, bots and service apps, and where service apps are authorized.
//!
//! Cast: the *developer* registers an application in its own organization; an *administrator* authorizes a
//! service app for an organization, perhaps another one; the *machine account* of a service app is who its
//! tokens belong to, one in each organization.

use std::collections::BTreeSet;

use hallway_wire::Timestamp;
use hallway_wire::application::{
    About, ApplicationId, ApplicationKind, AuthorizationState, SubmissionStatus,
};
use hallway_wire::id::{OrgId, PersonId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ports::{Claim, Key, by_time};
use crate::records::Document;

mod accounts;
mod lifecycle;
mod registry;
mod rules;
mod tokens;
mod view;
mod withdrawal;

pub use view::ApplicationQuery;

/// An OAuth client that a developer registered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Application {
    /// `C` and 64 hexadecimal digits. The public id wraps it.
    pub client_id: String,
    /// The developer's.
    pub org: OrgId,
    pub kind: ApplicationKind,
    pub name: String,
    /// The name as a part of addresses; unique in the developer's organization.
    pub friendly_id: String,
    /// SHA-256 of the client secret; bots have none.
    #[serde(default)]
    pub secret_hash: Option<[u8; 32]>,
    pub scopes: Vec<String>,
    #[serde(default)]
    pub redirect_urls: Vec<String>,
    pub created_by: PersonId,
    pub created: Timestamp,
    pub modified: Timestamp,
    #[serde(default)]
    pub submission_status: SubmissionStatus,
    #[serde(default)]
    pub submission_date: Option<Timestamp>,
    #[serde(default)]
    pub about: About,
    /// The account of a bot.
    #[serde(default)]
    pub bot: Option<(PersonId, String)>,
    /// The grant of a bot's token.
    #[serde(default)]
    pub bot_grant: Option<Uuid>,
    /// Organizations that know of it: there is an [`AppAuthorization`] for each.
    #[serde(default)]
    pub orgs: BTreeSet<OrgId>,
}

impl Application {
    /// The public id.
    pub fn id(&self) -> ApplicationId {
        ApplicationId(self.client_id.clone())
    }
}

impl Document for Application {
    const KIND: &'static str = "application";
    const NOUN: &'static str = "application";
    fn org(&self) -> OrgId {
        self.org
    }
    fn id(&self) -> String {
        self.client_id.clone()
    }
    fn keys(&self) -> Vec<Key> {
        let at = by_time(self.created);
        let key = |index, value: String| Key {
            index,
            value,
            order: at.clone(),
        };
        vec![
            key("all", String::new()),
            key("developer", self.created_by.uuid().to_string()),
        ]
    }
    fn claims(&self) -> Vec<Claim> {
        vec![Claim {
            name: "friendly_id",
            value: self.friendly_id.clone(),
            taken: "friendlyId: another application of the organization has it.",
        }]
    }
}

/// Where a service app stands in an organization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AppAuthorization {
    pub client_id: String,
    /// The organization it is authorized in.
    pub org: OrgId,
    pub developer_org: OrgId,
    pub state: AuthorizationState,
    /// When the developer asked for it first, or an administrator authorized it unasked.
    pub created: Timestamp,
    /// What was authorized last.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Who authorized it last, and when.
    #[serde(default)]
    pub authorizer: Option<PersonId>,
    #[serde(default)]
    pub authorized: Option<Timestamp>,
    /// Its account. It stays the same however often the app is authorized anew.
    pub machine: PersonId,
    /// What its tokens belong to. A new one each time: old tokens stay dead.
    #[serde(default)]
    pub grant: Option<Uuid>,
}

impl AppAuthorization {
    /// The record of a client in an organization.
    pub(crate) fn key(client_id: &str, org: OrgId) -> String {
        format!("{client_id}:{}", org.uuid())
    }
}

impl Document for AppAuthorization {
    const KIND: &'static str = "app_authorization";
    const NOUN: &'static str = "service app";
    fn org(&self) -> OrgId {
        self.org
    }
    fn id(&self) -> String {
        Self::key(&self.client_id, self.org)
    }
    fn keys(&self) -> Vec<Key> {
        vec![Key {
            index: "all",
            value: String::new(),
            order: by_time(self.created),
        }]
    }
}
