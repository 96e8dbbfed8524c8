//! Activation: a person follows the link of an e-mail and the account is active. The link holds a token that
//! is kept as a hash; a newer e-mail makes older links useless.

use hallway_wire::Timestamp;
use hallway_wire::id::{OrgId, PersonId};
use hallway_wire::mail::MailState;
use serde::{Deserialize, Serialize};

use super::Mail;
use crate::audit;
use crate::crypto::{random_text, sha256};
use crate::error::{Error, Result};
use crate::org::Person;
use crate::platform::Platform;
use crate::ports::Write;
use crate::ports::records::{Key, RecordWrite, by_time};
use crate::records::{Document, Kept, put_new};

/// How long a link is good: thirty days.
const LINK_LIFE_MS: i64 = 30 * 24 * 3_600_000;

/// The link of an activation e-mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Link {
    /// SHA-256 of the token, in hexadecimal digits.
    hash: String,
    org: OrgId,
    person: PersonId,
    expires: Timestamp,
}

impl Link {
    const BY_PERSON: &'static str = "person";
}

impl Document for Link {
    const KIND: &'static str = "activation_link";
    const NOUN: &'static str = "activation link";

    fn org(&self) -> OrgId {
        self.org
    }

    fn id(&self) -> String {
        self.hash.clone()
    }

    fn keys(&self) -> Vec<Key> {
        vec![Key {
            index: Self::BY_PERSON,
            value: self.person.uuid().to_string(),
            order: by_time(self.expires),
        }]
    }
}

/// Whom an activation link is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    pub organization: String,
    pub name: String,
    pub email: String,
}

fn hash_of(token: &str) -> String {
    sha256(token.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn useless() -> Error {
    Error::Missing {
        message:
            "This activation link is unknown, was used already, or has ended: ask your administrator to \
                  send the e-mail again."
                .to_owned(),
    }
}

impl Platform {
    /// The writes that put an activation e-mail into the outbox and make its link the only one.
    pub(crate) async fn plan_activation_mail(&self, person: &Person) -> Result<Vec<Write>> {
        let now = self.now();
        let organization = self.organization_name(person.org).await?;
        let token = random_text();
        let link = format!("{}/activate?token={token}", self.config.public_url);
        let text = format!(
            "Hello {},\n\nyou have an account of {organization} now. Open this link to activate it:\n\n    {link}\n\n\
             The link is good for 30 days. If you did not expect this e-mail, do nothing.\n",
            person.display_name
        );
        let mail = Mail {
            id: uuid::Uuid::now_v7().to_string(),
            org: person.org,
            to: person.email.clone(),
            person: Some(person.id),
            subject: format!("Activate your account of {organization}"),
            text: self.vault.seal(&text),
            state: MailState::Waiting,
            attempts: 0,
            last_error: None,
            due: now,
            created: now,
            sent: None,
        };
        let link = Link {
            hash: hash_of(&token),
            org: person.org,
            person: person.id,
            expires: now.plus_millis(LINK_LIFE_MS),
        };
        let mut writes = self.plan_no_links(person);
        writes.push(put_new(&link)?);
        writes.push(put_new(&mail)?);
        Ok(writes)
    }

    /// The writes that make the links of a person useless.
    pub(crate) fn plan_no_links(&self, person: &Person) -> Vec<Write> {
        vec![Write::Record(RecordWrite::DeleteAll {
            kind: Link::KIND,
            org: person.org,
            index: Link::BY_PERSON,
            value: person.id.uuid().to_string(),
        })]
    }

    async fn organization_name(&self, org: OrgId) -> Result<String> {
        use crate::error::Doing as _;
        let found = self
            .store
            .organization(org)
            .await
            .doing("reading an organization")?;
        Ok(found.map(|found| found.display_name).unwrap_or_default())
    }

    async fn invited(&self, token: &str) -> Result<(Kept<Link>, Kept<Person>)> {
        let link = self
            .get_anywhere::<Link>(&hash_of(token))
            .await?
            .ok_or_else(useless)?;
        if link.expires <= self.now() {
            return Err(useless());
        }
        self.standings.check(link.org)?;
        match self.kept_person(link.org, link.person).await {
            Ok(person) => Ok((link, person)),
            Err(Error::NotFound { .. }) => Err(useless()),
            Err(error) => Err(error),
        }
    }

    /// Whom a link is for. It changes nothing: programs that look at e-mails follow links too.
    ///
    /// # Errors
    /// The link is of no use.
    pub async fn invitation(&self, token: &str) -> Result<Invitation> {
        let (link, person) = self.invited(token).await?;
        Ok(Invitation {
            organization: self.organization_name(link.org).await?,
            name: person.display_name.clone(),
            email: person.doc.email,
        })
    }

    /// Activates the account that a link is for. The link is used up.
    ///
    /// # Errors
    /// The link is of no use.
    pub async fn accept_invitation(&self, token: &str) -> Result<Invitation> {
        let invitation = self.invitation(token).await?;
        let id = self
            .retrying(async || {
                let (_, kept) = self.invited(token).await?;
                let now = self.now();
                let person = Person {
                    invite_pending: false,
                    last_modified: now,
                    ..kept.doc.clone()
                };
                let mut writes = self.plan_no_links(&person);
                writes.push(kept.put(&person)?);
                writes.push(audit::by_system(
                    person.org,
                    now,
                    "person.activated",
                    &person.display_name,
                    format!("{} activated the account", person.display_name),
                ));
                self.commit(writes).await?;
                Ok(person.id)
            })
            .await?;
        self.forget_sessions_of(id);
        Ok(invitation)
    }
}
