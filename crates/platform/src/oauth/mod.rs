//! Tokens: who they belong to, what they allow, how long they live.

use hallway_wire::Timestamp;
use hallway_wire::id::{ActivationId, OrgId, PersonId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::crypto::sha256;
use crate::error::Error;
use crate::ports::{Key, by_time};

mod authorizations;
mod clients;
mod codes;
mod device_flow;
mod exchange;
mod guesses;
mod personal;
mod service;
mod sessions;
mod sign_in;
mod sweep;

pub use authorizations::Owner;
pub use codes::{Asked, AuthorizeRequest, BadRequest, Challenge};
pub use device_flow::DeviceAsks;
pub(crate) use guesses::Guesses;
pub(crate) use service::{token_row, token_text};
pub(crate) use sessions::Sessions;
pub use sign_in::{Credential, SignedIn};

/// What an account allowed a client to do. Every token belongs to one; ending it ends them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    pub id: Uuid,
    pub org: OrgId,
    pub person: PersonId,
    /// The OAuth client; `None` for a personal access token.
    #[serde(default)]
    pub client_id: Option<String>,
    /// Set for machine accounts.
    #[serde(default)]
    pub activation: Option<ActivationId>,
    pub scopes: Vec<String>,
    pub created: Timestamp,
    /// Whether it stays when its last token has ended: a service app may ask for new ones.
    #[serde(default)]
    pub standing: bool,
    /// A personal access token for some scopes only: it does not manage Hallway.
    #[serde(default)]
    pub limited: bool,
}

/// Which half of a pair a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    Access,
    Refresh,
}

/// A token, known by its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// SHA-256 of the text.
    pub hash: [u8; 32],
    pub kind: TokenKind,
    pub grant: Uuid,
    /// Scopes at the time of issue.
    pub scopes: Vec<String>,
    pub issued: Timestamp,
    pub expires: Timestamp,
}

/// Where records that end are listed by when they do.
const EXPIRY: &str = "expiry";

fn expiry_key(expires: Timestamp) -> Key {
    Key {
        index: EXPIRY,
        value: String::new(),
        order: by_time(expires),
    }
}

/// The id of the record of a secret: its hash, in hexadecimal digits.
fn hashed_key(secret: &str) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(64);
    for byte in sha256(secret.as_bytes()) {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Why a grant of the token endpoint is refused.
fn invalid_grant(description: &str) -> Error {
    Error::OAuth {
        error: "invalid_grant",
        description: description.to_owned(),
    }
}
