//! People, roles and organizations as the REST API shows them (people-calling 2 and 4).

use std::collections::HashSet;

use hallway_wire::id::{OrgId, PersonId, RoleId};
use hallway_wire::organization::{self, CallingAddresses};
use hallway_wire::person as wire;

use super::{Person, PersonKind, Role};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::place::Part;
use crate::place::permit::Sight;
use crate::platform::Platform;
use crate::ports::Page;

/// Most ids in one question.
const MAX_IDS: usize = 85;

/// Which people; every condition must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PeopleQuery {
    /// The address; a blank in it is read as the `+` that some clients do not encode.
    pub email: Option<String>,
    /// How the name starts, in any case.
    pub display_name: Option<String>,
    /// Only these, and say which are nobody's.
    pub ids: Option<Vec<PersonId>>,
    /// Somebody with any of these roles.
    pub roles: Vec<RoleId>,
    /// Only calling users have a location: a question for one finds nobody yet.
    pub with_location: bool,
    pub exclude_status: bool,
}

impl PeopleQuery {
    fn names_somebody(&self) -> bool {
        self.email.is_some() || self.display_name.is_some() || self.ids.is_some()
    }

    fn matches(&self, person: &Person) -> bool {
        let email = self.email.as_ref().is_none_or(|email| {
            let email = email.trim();
            person.email.eq_ignore_ascii_case(email)
                || person.email.eq_ignore_ascii_case(&email.replace(' ', "+"))
        });
        let name = self.display_name.as_ref().is_none_or(|start| {
            person
                .display_name
                .to_lowercase()
                .starts_with(&start.trim().to_lowercase())
        });
        let role = self.roles.is_empty() || person.roles.iter().any(|role| self.roles.contains(&role.id()));
        email && name && role && !self.with_location
    }
}

/// The person as answers show it. What only administrators and the person itself see is left out unless
/// `private`.
fn view(person: &Person, private: bool, status: bool) -> wire::Person {
    wire::Person {
        id: person.id,
        emails: vec![person.email.clone()],
        phone_numbers: Vec::new(),
        display_name: person.display_name.clone(),
        nick_name: person.first_name.clone(),
        first_name: person.first_name.clone(),
        last_name: person.last_name.clone(),
        org_id: person.org,
        roles: private.then(|| person.roles.iter().map(|role| role.id()).collect()),
        licenses: private.then(Vec::new),
        department: person.department.clone().filter(|_| private),
        title: person.title.clone().filter(|_| private),
        invite_pending: private.then_some(false),
        login_enabled: private.then_some(true),
        sip_addresses: Vec::new(),
        created: person.created,
        last_modified: private.then_some(person.last_modified),
        status: status.then(|| "unknown".to_owned()),
        kind: match person.kind {
            PersonKind::Person => "person",
            PersonKind::Machine | PersonKind::Bot | PersonKind::ServiceApp => "bot",
        }
        .to_owned(),
    }
}

fn role_view(role: Role) -> wire::Role {
    wire::Role {
        id: role.id(),
        name: role.display_name().to_owned(),
    }
}

impl Platform {
    /// The caller, with everything about it.
    ///
    /// # Errors
    /// Missing scope.
    pub fn my_details(&self, caller: &Caller) -> Result<wire::Person> {
        caller.require_scope(&["spark:people_read", "spark-admin:people_read"])?;
        Ok(view(&caller.profile, true, true))
    }

    /// One person of the caller's organization.
    ///
    /// # Errors
    /// Missing scope; unknown.
    pub async fn person_details(&self, caller: &Caller, id: PersonId) -> Result<wire::Person> {
        let sight = caller.may_read_people()?;
        let person = self.person(caller, id).await?;
        let private = sight == Sight::Organization || person.id == caller.person;
        Ok(view(&person, private, true))
    }

    /// People who match, and the ids that were asked for in vain.
    ///
    /// # Errors
    /// Missing scope; a user who names nobody; too many ids.
    pub async fn list_people(
        &self,
        caller: &Caller,
        query: &PeopleQuery,
        page: Page,
    ) -> Result<(Part<wire::Person>, Vec<PersonId>)> {
        let sight = caller.may_read_people()?;
        if sight == Sight::Own && !query.names_somebody() {
            return Err(Error::invalid(
                "Email, displayName, or id list should be specified.",
            ));
        }
        let show = |person: &Person| {
            let private = sight == Sight::Organization || person.id == caller.person;
            view(person, private, !query.exclude_status && query.ids.is_none())
        };
        let Some(ids) = &query.ids else {
            let people = self.people(caller).await?;
            let matching = people.iter().filter(|person| query.matches(person));
            return Ok((Part::cut(matching.map(show), page), Vec::new()));
        };
        if ids.len() > MAX_IDS {
            return Err(Error::invalid(format!(
                "id: at most {MAX_IDS} ids can be asked for"
            )));
        }
        let (mut found, mut missing, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
        for &id in ids.iter().filter(|&&id| seen.insert(id)) {
            match self.person(caller, id).await {
                Ok(person) if query.matches(&person) => found.push(show(&person)),
                Ok(_) => {}
                Err(Error::NotFound { .. }) => missing.push(id),
                Err(error) => return Err(error),
            }
        }
        Ok((Part::cut(found.into_iter(), page), missing))
    }

    /// All roles.
    ///
    /// # Errors
    /// Missing scope; no administrator.
    pub fn roles(&self, caller: &Caller) -> Result<Vec<wire::Role>> {
        caller.may_read_roles()?;
        Ok(Role::ALL.into_iter().map(role_view).collect())
    }

    /// One role.
    ///
    /// # Errors
    /// Missing scope; no administrator; unknown.
    pub fn role(&self, caller: &Caller, id: RoleId) -> Result<wire::Role> {
        caller.may_read_roles()?;
        let role = Role::ALL.into_iter().find(|role| role.id() == id);
        role.map(role_view).ok_or(Error::NotFound { what: "role" })
    }

    /// An organization that the caller sees: its own.
    ///
    /// # Errors
    /// Missing scope; no administrator; unknown.
    pub async fn organization_details(
        &self,
        caller: &Caller,
        id: OrgId,
        calling_data: bool,
    ) -> Result<organization::Organization> {
        caller.may_read_organizations()?;
        let found = self.organization(caller, id).await?;
        Ok(organization::Organization {
            id: found.id,
            display_name: found.display_name,
            created: found.created,
            calling: calling_data.then(|| calling_addresses(&self.config.public_url)),
        })
    }

    /// Refuses to delete an organization: this can only be done by who holds the data directory.
    ///
    /// # Errors
    /// Missing scope or role; unknown; always a conflict otherwise.
    pub async fn delete_organization(&self, caller: &Caller, id: OrgId) -> Result<()> {
        caller.may_delete_organizations()?;
        let found = self.organization(caller, id).await?;
        Err(Error::conflict(format!(
            "{} cannot be deleted: its administrators work in it. Whoever operates this server can remove its data.",
            found.display_name
        )))
    }
}

/// Addresses of the calling platform below a public URL. Nothing answers there yet; clients only carry them.
fn calling_addresses(public_url: &str) -> CallingAddresses {
    let authority = public_url.split_once("://").map_or(public_url, |(_, rest)| rest);
    let authority = authority.split('/').next().unwrap_or(authority);
    let domain = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    };
    CallingAddresses {
        xsi_actions_endpoint: format!("{public_url}/com.broadsoft.xsi-actions"),
        xsi_events_endpoint: format!("{public_url}/com.broadsoft.xsi-events"),
        xsi_events_channel_endpoint: format!("{public_url}/com.broadsoft.async/com.broadsoft.xsi-events"),
        xsi_domain: domain.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use hallway_wire::Timestamp;

    use super::*;

    fn ada() -> Person {
        Person {
            id: PersonId::from_uuid(uuid::Uuid::from_u128(7)),
            org: OrgId::from_uuid(uuid::Uuid::nil()),
            kind: PersonKind::Person,
            email: "Ada+one@example.com".to_owned(),
            display_name: "Ada Lovelace".to_owned(),
            first_name: Some("Ada".to_owned()),
            last_name: Some("Lovelace".to_owned()),
            title: Some("Countess".to_owned()),
            department: None,
            roles: vec![Role::DeviceAdmin],
            created: Timestamp(0),
            last_modified: Timestamp(0),
        }
    }

    #[test]
    fn finds_people() {
        let ada = ada();
        let text = |text: &str| Some(text.to_owned());
        let by_email = |email: &str| {
            PeopleQuery {
                email: text(email),
                ..PeopleQuery::default()
            }
            .matches(&ada)
        };
        assert!(by_email("ada+one@example.com") && by_email("ada one@example.com"));
        assert!(!by_email("one@example.com"));
        let by_name = |name: &str| {
            PeopleQuery {
                display_name: text(name),
                ..PeopleQuery::default()
            }
            .matches(&ada)
        };
        assert!(by_name("ada l") && !by_name("love"));
        let by_role = |role: Role| {
            PeopleQuery {
                roles: vec![role.id()],
                ..PeopleQuery::default()
            }
            .matches(&ada)
        };
        assert!(by_role(Role::DeviceAdmin) && !by_role(Role::FullAdmin));
        assert!(
            !PeopleQuery {
                with_location: true,
                ..PeopleQuery::default()
            }
            .matches(&ada)
        );
    }

    #[test]
    fn others_see_less() {
        let seen = view(&ada(), false, true);
        assert_eq!((seen.roles, seen.title, seen.invite_pending), (None, None, None));
        let own = view(&ada(), true, false);
        assert_eq!(own.roles, Some(vec![Role::DeviceAdmin.id()]));
        assert_eq!((own.title.as_deref(), own.status), (Some("Countess"), None));
    }

    #[test]
    fn the_domain_is_the_host() {
        let domain = |url: &str| calling_addresses(url).xsi_domain;
        assert_eq!(domain("https://hallway.example.com"), "hallway.example.com");
        assert_eq!(domain("http://127.0.0.1:8080"), "127.0.0.1");
        assert_eq!(domain("http://[::1]:8080"), "[::1]");
    }
}
