//! Who sits at a browser. Hallway has no passwords: a person signs in with a code that an administrator (or the
//! person itself, with a token) made, or with a personal access token. What follows is a short session.

use hallway_wire::authorization::SignInCode as Shown;
use hallway_wire::id::{OrgId, PersonId};
use hallway_wire::{Secret, Timestamp};
use serde::{Deserialize, Serialize};

use super::guesses::MOST_SIGN_INS;
use super::{expiry_key, hashed_key};
use crate::audit;
use crate::caller::Caller;
use crate::crypto::{random, random_text};
use crate::error::{Doing as _, Error, Result};
use crate::org::{Person, PersonKind};
use crate::platform::Platform;
use crate::ports::{Key, Page, Write};
use crate::records::{Document, put_new};

/// A code that signs a person in once, known by its hash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SignInCode {
    key: String,
    org: OrgId,
    person: PersonId,
    expires: Timestamp,
}

impl Document for SignInCode {
    const KIND: &'static str = "sign_in_code";
    const NOUN: &'static str = "sign-in code";
    fn org(&self) -> OrgId {
        self.org
    }
    fn id(&self) -> String {
        self.key.clone()
    }
    fn keys(&self) -> Vec<Key> {
        vec![expiry_key(self.expires)]
    }
}

/// A browser in which a person is signed in, known by the hash of its cookie.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct BrowserSession {
    key: String,
    org: OrgId,
    person: PersonId,
    expires: Timestamp,
}

impl Document for BrowserSession {
    const KIND: &'static str = "browser_session";
    const NOUN: &'static str = "browser session";
    fn org(&self) -> OrgId {
        self.org
    }
    fn id(&self) -> String {
        self.key.clone()
    }
    fn keys(&self) -> Vec<Key> {
        vec![expiry_key(self.expires)]
    }
}

/// A person at a browser.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub org: OrgId,
    pub person: PersonId,
    pub name: String,
    pub email: String,
}

impl SignedIn {
    fn of(person: &Person) -> Self {
        Self {
            org: person.org,
            person: person.id,
            name: person.display_name.clone(),
            email: person.email.clone(),
        }
    }

    /// An audit entry about something that the person did on a page.
    pub(super) fn entry(&self, now: Timestamp, event: &str, target: &str, description: String) -> Write {
        let mut write = audit::by_system(self.org, now, event, target, description);
        if let Write::Audit(entry) = &mut write {
            entry.actor_id = Some(self.person);
            entry.actor_name.clone_from(&self.name);
            entry.actor_email = Some(self.email.clone());
        }
        write
    }
}

/// What a person shows to sign in.
#[derive(Clone, Debug)]
pub enum Credential {
    /// A sign-in code.
    Code(Secret),
    /// A personal access token for everything.
    Token(Secret),
    /// Anybody may be anybody: only where [`Config::open_sign_in`](crate::Config::open_sign_in) says so.
    Anybody(PersonId),
}

/// Letters and digits that nobody takes for another.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// Four groups of four: 80 bits.
fn new_code() -> Secret {
    let mut text = String::with_capacity(19);
    for (at, byte) in random::<16>().into_iter().enumerate() {
        if at > 0 && at % 4 == 0 {
            text.push('-');
        }
        text.push(char::from(ALPHABET[usize::from(byte % 32)]));
    }
    Secret::new(text)
}

/// A code as it was meant, however it was typed.
fn plain(code: &str) -> String {
    code.chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .take(64)
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

/// Most people that a page offers where anybody may be anybody.
const OFFERED: usize = 12;

impl Platform {
    /// The person of the caller's organization that the caller may act for: itself, or for a full
    /// administrator anybody.
    pub(super) async fn person_to_act_for(&self, caller: &Caller, id: PersonId) -> Result<Person> {
        caller.require_personal()?;
        if id != caller.person {
            caller.require_full_admin()?;
        }
        let person = self.person_of_id(caller.org, id).await?;
        let person = person
            .filter(|person| person.kind == PersonKind::Person)
            .ok_or(Error::NotFound { what: "person" })?;
        caller.may_change(&person)?;
        Ok(person)
    }

    /// Makes a code with which a person signs in on a page, once.
    ///
    /// # Errors
    /// Neither the person itself nor a full administrator; unknown.
    pub async fn make_sign_in_code(&self, caller: &Caller, id: PersonId) -> Result<Shown> {
        let person = self.person_to_act_for(caller, id).await?;
        let now = self.now();
        let code = new_code();
        let life = i64::try_from(self.config.sign_in_code_life.as_millis()).unwrap_or(i64::MAX);
        let record = SignInCode {
            key: hashed_key(&plain(code.expose())),
            org: person.org,
            person: person.id,
            expires: now.plus_millis(life),
        };
        let entry = audit::by(
            caller,
            now,
            "signInCode.made",
            &person.display_name,
            format!("made a sign-in code for {}", person.display_name),
        );
        self.commit(vec![put_new(&record)?, entry]).await?;
        Ok(Shown {
            person_id: person.id,
            code,
            expiry_time: record.expires,
        })
    }

    /// Signs a person in. Returns what the browser keeps in its cookie; `None`: these are no good credentials.
    ///
    /// # Errors
    /// Too many wrong ones lately; the store failed.
    pub async fn sign_in(&self, credential: &Credential) -> Result<Option<Secret>> {
        self.guesses.check("sign-in", MOST_SIGN_INS, self.now())?;
        let Some((person, mut writes)) = self.identify(credential).await? else {
            self.guesses.missed("sign-in", self.now());
            return Ok(None);
        };
        let now = self.now();
        let cookie = Secret::new(random_text());
        let life = i64::try_from(self.config.browser_session_life.as_millis()).unwrap_or(i64::MAX);
        writes.push(put_new(&BrowserSession {
            key: hashed_key(cookie.expose()),
            org: person.org,
            person: person.id,
            expires: now.plus_millis(life),
        })?);
        let how = match credential {
            Credential::Code(_) => "with a sign-in code",
            Credential::Token(_) => "with a personal access token",
            Credential::Anybody(_) => "by choosing a name, as this Hallway allows",
        };
        let what = format!("signed in {how}");
        writes.push(audit::security(
            person.org,
            now,
            "login.page",
            Some(&person),
            None,
            what,
        ));
        match self.commit(writes).await {
            // Somebody else was faster with the code.
            Err(Error::Stale) => Ok(None),
            done => done.map(|()| Some(cookie)),
        }
    }

    /// Who shows a credential, and the writes that use it up.
    async fn identify(&self, credential: &Credential) -> Result<Option<(Person, Vec<Write>)>> {
        let (org, id, writes) = match credential {
            Credential::Code(code) => {
                let key = hashed_key(&plain(code.expose()));
                let found = self.get_anywhere::<SignInCode>(&key).await?;
                let Some(found) = found.filter(|found| found.expires > self.now()) else {
                    return Ok(None);
                };
                (found.org, found.person, vec![found.delete()])
            }
            Credential::Token(token) => match self.authenticate(token.expose().trim()).await {
                Ok(principal) if principal.may_manage => (principal.org, principal.person, Vec::new()),
                Ok(_) | Err(Error::Unauthenticated | Error::Forbidden { .. }) => return Ok(None),
                Err(error) => return Err(error),
            },
            Credential::Anybody(id) if self.config.open_sign_in => {
                let person = self.store.person(*id).await.doing("reading a person")?;
                let Some(person) = person else { return Ok(None) };
                (person.org, person.id, Vec::new())
            }
            Credential::Anybody(_) => return Ok(None),
        };
        let person = self.person_of_id(org, id).await?;
        Ok(person
            .filter(|person| {
                person.kind == PersonKind::Person
                    && person.login_enabled
                    && self.standings.is_active(person.org)
            })
            .map(|person| (person, writes)))
    }

    /// Who is signed in with a cookie.
    ///
    /// # Errors
    /// The store failed.
    pub async fn signed_in(&self, cookie: &Secret) -> Result<Option<SignedIn>> {
        let key = hashed_key(cookie.expose());
        let found = self.get_anywhere::<BrowserSession>(&key).await?;
        let Some(session) = found.filter(|session| session.expires > self.now()) else {
            return Ok(None);
        };
        let person = self.person_of_id(session.org, session.person).await?;
        Ok(person
            .filter(|person| person.login_enabled && self.standings.is_active(person.org))
            .map(|person| SignedIn::of(&person)))
    }

    /// Ends a browser's session.
    ///
    /// # Errors
    /// The store failed.
    pub async fn sign_out(&self, cookie: &Secret) -> Result<()> {
        let key = hashed_key(cookie.expose());
        self.retrying(|| async {
            match self.get_anywhere::<BrowserSession>(&key).await? {
                Some(session) => self.commit(vec![session.delete()]).await,
                None => Ok(()),
            }
        })
        .await
    }

    /// The people that a page offers to be, where anybody may be anybody.
    ///
    /// # Errors
    /// The store failed.
    pub async fn people_to_be(&self) -> Result<Vec<SignedIn>> {
        let mut offered = Vec::new();
        if !self.config.open_sign_in {
            return Ok(offered);
        }
        for org in self.all_organizations().await? {
            if !self.standings.is_active(org.id) {
                continue;
            }
            let page = Page {
                start: 0,
                max: OFFERED,
            };
            let people = self.store.people(org.id, page).await.doing("listing people")?;
            let people = people.iter().filter(|person| person.kind == PersonKind::Person);
            offered.extend(people.map(SignedIn::of));
            if offered.len() >= OFFERED {
                break;
            }
        }
        offered.truncate(OFFERED);
        Ok(offered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_may_be_typed_as_one_likes() {
        let code = new_code();
        assert_eq!(code.expose().len(), 19);
        let typed = format!(" {} ", code.expose().to_lowercase().replace('-', " "));
        assert_eq!(plain(&typed), plain(code.expose()));
        assert_eq!(plain(code.expose()).len(), 16);
    }
}
