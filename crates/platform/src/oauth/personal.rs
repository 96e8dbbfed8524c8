//! Personal access tokens.

use hallway_wire::Secret;
use hallway_wire::Timestamp;
use hallway_wire::authorization::{NewPersonalToken, PersonalToken};
use hallway_wire::id::{OrgId, PersonId};
use hallway_wire::manifest::scopes;
use uuid::Uuid;

use super::{Grant, TokenKind, token_row, token_text};
use crate::audit;
use crate::caller::Caller;
use crate::error::{Doing as _, Error, Result};
use crate::org::Role;
use crate::platform::Platform;
use crate::ports::Write;

fn every_scope() -> Vec<String> {
    scopes::KNOWN.iter().map(|&scope| scope.to_owned()).collect()
}

fn personal(org: OrgId, person: PersonId, scopes: Vec<String>, limited: bool, now: Timestamp) -> Grant {
    Grant {
        id: Uuid::new_v4(),
        org,
        person,
        client_id: None,
        activation: None,
        scopes,
        created: now,
        standing: false,
        limited,
    }
}

impl Platform {
    /// Writes that give a person a personal access token with every known scope, and the token.
    pub(crate) fn personal_token(
        &self,
        org: OrgId,
        person: PersonId,
        now: Timestamp,
    ) -> (Secret, Vec<Write>) {
        let grant = personal(org, person, every_scope(), false, now);
        let text = token_text("hw", org);
        let row = token_row(
            &text,
            TokenKind::Access,
            &grant,
            now,
            self.config.admin_token_life,
        );
        (text, vec![Write::PutGrant(grant), Write::PutToken(row)])
    }

    /// A new personal access token for an administrator, by who holds the data directory.
    ///
    /// # Errors
    /// There is no such person, or it is no administrator.
    pub async fn issue_admin_token(&self, person: PersonId) -> Result<Secret> {
        let now = self.now();
        let owner = self.store.person(person).await.doing("looking up a person")?;
        let owner = owner.ok_or(Error::NotFound { what: "person" })?;
        if !owner.roles.contains(&Role::FullAdmin) {
            return Err(Error::forbidden("This person is not a full administrator."));
        }
        let (text, mut writes) = self.personal_token(owner.org, person, now);
        writes.push(audit::by_system(
            owner.org,
            now,
            "token.issued",
            &owner.display_name,
            format!("issued a personal access token to {}", owner.display_name),
        ));
        let what = "got a personal access token".to_owned();
        writes.push(audit::security(
            owner.org,
            now,
            "token.issued",
            Some(&owner),
            None,
            what,
        ));
        self.store.commit(writes).await.doing("storing a token")?;
        Ok(text)
    }

    /// Makes a personal access token for a person, for half a day: by the person itself or a full
    /// administrator. One that is limited to some scopes manages nothing of Hallway.
    ///
    /// # Errors
    /// Neither of them; unknown; a scope that does not exist.
    pub async fn make_personal_token(
        &self,
        caller: &Caller,
        id: PersonId,
        request: &NewPersonalToken,
    ) -> Result<PersonalToken> {
        let person = self.person_to_act_for(caller, id).await?;
        let unknown: Vec<String> = request
            .scopes
            .iter()
            .filter(|scope| !scopes::is_known(scope))
            .map(|scope| {
                format!(
                    "scopes: there is no scope {:?}",
                    scope.chars().take(100).collect::<String>()
                )
            })
            .take(20)
            .collect();
        if !unknown.is_empty() {
            return Err(Error::invalid_all("Some scopes do not exist.", unknown));
        }
        let now = self.now();
        let limited = !request.scopes.is_empty();
        let mut wanted = if limited {
            request.scopes.clone()
        } else {
            every_scope()
        };
        wanted.sort();
        wanted.dedup();
        let grant = personal(person.org, person.id, wanted, limited, now);
        let text = token_text("hw", person.org);
        let row = token_row(
            &text,
            TokenKind::Access,
            &grant,
            now,
            self.config.personal_token_life,
        );
        let answer = PersonalToken {
            person_id: person.id,
            access_token: text,
            expiry_time: row.expires,
            scopes: grant.scopes.clone(),
        };
        let entry = audit::by(
            caller,
            now,
            "token.issued",
            &person.display_name,
            format!("issued a personal access token to {}", person.display_name),
        );
        let what = "got a personal access token".to_owned();
        let seen = audit::security(person.org, now, "token.issued", Some(&person), None, what);
        self.commit(vec![Write::PutGrant(grant), Write::PutToken(row), entry, seen])
            .await?;
        Ok(answer)
    }
}
