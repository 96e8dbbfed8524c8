//! E-mails: they are written into the outbox with the change that causes them, and sent in the background by
//! whoever has a mail server. Without one, the administrator reads them there and passes them on.

use async_trait::async_trait;
use hallway_wire::Timestamp;
use hallway_wire::id::{OrgId, PersonId};
use hallway_wire::mail::MailState;
use serde::{Deserialize, Serialize};

use crate::crypto::Sealed;
use crate::ports::records::{Key, by_time};
use crate::records::Document;

mod activation;
mod outbox;
mod resend;
mod sending;

pub use activation::Invitation;
pub use resend::{JobFault, ResendJob};
pub(crate) use sending::MailRoom;

/// An e-mail in the outbox.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Mail {
    pub(crate) id: String,
    pub(crate) org: OrgId,
    pub(crate) to: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) person: Option<PersonId>,
    pub(crate) subject: String,
    /// Sealed: it may hold a link that opens an account.
    pub(crate) text: Sealed,
    pub(crate) state: MailState,
    #[serde(default)]
    pub(crate) attempts: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last_error: Option<String>,
    /// When it is tried next, while it waits.
    pub(crate) due: Timestamp,
    pub(crate) created: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sent: Option<Timestamp>,
}

impl Mail {
    /// All of an organization, by age.
    pub(crate) const ALL: &'static str = "all";
    /// Those that wait, by the moment when they are due.
    pub(crate) const WAITING: &'static str = "waiting";
}

impl Document for Mail {
    const KIND: &'static str = "mail";
    const NOUN: &'static str = "e-mail";

    fn org(&self) -> OrgId {
        self.org
    }

    fn id(&self) -> String {
        self.id.clone()
    }

    fn keys(&self) -> Vec<Key> {
        let key = |index, at| Key {
            index,
            value: String::new(),
            order: by_time(at),
        };
        let mut keys = vec![key(Self::ALL, self.created)];
        if self.state == MailState::Waiting {
            keys.push(key(Self::WAITING, self.due));
        }
        keys
    }
}

/// An e-mail on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The same each time that it is sent: who gets it twice can tell.
    pub id: String,
    pub written: Timestamp,
    pub to: String,
    pub subject: String,
    pub text: String,
}

/// Why a letter was not taken.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{what}")]
pub struct MailError {
    pub what: String,
    /// Trying again is of no use: there is no such mailbox.
    pub forever: bool,
}

/// Whoever brings letters to a mail server.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands a letter over. When it returns, the server has taken it.
    async fn send(&self, letter: &Letter) -> Result<(), MailError>;
}
