//! People, roles and organizations as the REST API shows them (people-calling 2 and 4).

use std::collections::{HashMap, HashSet};

use hallway_wire::id::{LocationId, OrgId, PersonId, RoleId, license};
use hallway_wire::organization::{self, CallingAddresses};
use hallway_wire::person as wire;

use super::{Person, PersonAddress, PersonKind, Role};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::place::permit::Sight;
use crate::platform::Platform;
use crate::ports::{After, Find};
use crate::records::{Document as _, Listed};

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
    /// Calling users of this location.
    pub location: Option<LocationId>,
    pub exclude_status: bool,
    /// Whether extension and location are shown.
    pub calling_data: bool,
}

/// A page of people.
#[derive(Clone, Debug)]
pub struct FoundPeople {
    pub items: Vec<wire::Person>,
    /// Ids that were asked for and are nobody's.
    pub not_found: Vec<PersonId>,
    /// Where the next page begins.
    pub next: Option<After>,
}

impl PeopleQuery {
    fn names_somebody(&self) -> bool {
        self.email.is_some() || self.display_name.is_some() || self.ids.is_some()
    }

    /// How the name starts, as the index has it.
    fn name_start(&self) -> Option<String> {
        self.display_name
            .as_ref()
            .map(|start| start.trim().to_lowercase())
    }

    fn matches(&self, person: &Person) -> bool {
        let email = self.email.as_ref().is_none_or(|email| {
            let has = Person::comparable_email(&person.email);
            spellings(email).contains(&has)
        });
        let name = self
            .name_start()
            .is_none_or(|start| person.display_name.to_lowercase().starts_with(&start));
        let role = self.roles.is_empty() || person.roles.iter().any(|role| self.roles.contains(&role.id()));
        let location = self.location.is_none() || person.location == self.location;
        email && name && role && location
    }

    /// The index that leaves the fewest people to look at, and whether everybody in it matches.
    fn index(&self, org: OrgId, max: usize) -> (Find, bool) {
        let find = |index, value: String| Find::new(Person::KIND, org, index, value, max);
        let role = match self.roles.as_slice() {
            [one] => Role::ALL.into_iter().find(|role| role.id() == *one),
            _ => None,
        };
        let (find, exact) = match (self.location, role) {
            (Some(location), _) => (
                find(Person::BY_LOCATION, location.uuid().to_string()),
                self.roles.is_empty(),
            ),
            (None, Some(role)) => (find(Person::BY_ROLE, role.name().to_owned()), true),
            (None, None) if self.display_name.is_some() => {
                (find(Person::BY_NAME, String::new()), self.roles.is_empty())
            }
            (None, None) => {
                let people = PersonKind::Person.name().to_owned();
                return (find(Person::BY_KIND, people), self.roles.is_empty());
            }
        };
        match self.name_start() {
            Some(start) => (find.starting_with(&start), exact),
            None => (find, exact),
        }
    }
}

/// How an address may have been meant: as it is, or with `+` where the query has a blank.
fn spellings(email: &str) -> [String; 2] {
    let email = Person::comparable_email(email);
    let plus = email.replace(' ', "+");
    [email, plus]
}

/// What of a person is shown.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shown {
    /// What only administrators and the person itself see.
    pub(super) private: bool,
    pub(super) status: bool,
    pub(super) calling: bool,
}

impl Shown {
    /// Everything.
    pub(super) const ALL: Self = Self {
        private: true,
        status: true,
        calling: true,
    };
}

/// The person as answers show it. The line's extension is shown with the location's routing prefix among the
/// phone numbers, without it in `extension` (people-calling R6).
pub(super) fn view(person: &Person, shown: Shown, prefix: Option<&str>) -> wire::Person {
    let Shown {
        private,
        status,
        calling,
    } = shown;
    let human = person.kind == PersonKind::Person;
    let line = person.line.clone().filter(|_| private);
    let calling = calling && private;
    wire::Person {
        id: person.id,
        emails: vec![person.email.clone()],
        phone_numbers: if private {
            phone_numbers(person, prefix)
        } else {
            Vec::new()
        },
        extension: line.and_then(|line| line.extension).filter(|_| calling),
        location_id: person.location.filter(|_| calling),
        display_name: person.display_name.clone(),
        nick_name: person.nick_name.clone().or_else(|| person.first_name.clone()),
        first_name: person.first_name.clone(),
        last_name: person.last_name.clone(),
        avatar: person.avatar.clone(),
        org_id: person.org,
        roles: private.then(|| person.roles.iter().map(|role| role.id()).collect()),
        licenses: private.then(|| {
            let licenses = person.licenses.iter();
            licenses.map(|&id| license(person.org, id)).collect()
        }),
        department: person.department.clone().filter(|_| private),
        manager: person.manager.clone().filter(|_| private),
        manager_id: person.manager_id.filter(|_| private),
        title: person.title.clone().filter(|_| private),
        addresses: if private {
            person.addresses.iter().map(address).collect()
        } else {
            Vec::new()
        },
        site_urls: person.site_urls.iter().filter(|_| private).cloned().collect(),
        timezone: person.timezone.clone().filter(|_| private),
        invite_pending: private.then_some(person.invite_pending),
        login_enabled: private.then_some(person.login_enabled),
        sip_addresses: Vec::new(),
        created: person.created,
        last_modified: private.then_some(person.last_modified),
        status: status.then(|| {
            match (human, person.invite_pending) {
                (true, true) => "pending",
                (true, false) => "active",
                (false, _) => "unknown",
            }
            .to_owned()
        }),
        kind: if human { "person" } else { "bot" }.to_owned(),
    }
}

fn phone_numbers(person: &Person, prefix: Option<&str>) -> Vec<wire::PhoneNumber> {
    let of_line = |kind: &str, value: String| wire::PhoneNumber {
        kind: kind.to_owned(),
        value,
        primary: Some(true),
    };
    let line = person.line.clone().unwrap_or_default();
    let number = line.number.map(|number| of_line("work", number));
    let extension = line.extension.map(|extension| {
        of_line(
            "work_extension",
            format!("{}{extension}", prefix.unwrap_or_default()),
        )
    });
    let others = person.phone_numbers.iter().map(|number| wire::PhoneNumber {
        kind: number.kind.clone(),
        value: number.value.clone(),
        primary: None,
    });
    number.into_iter().chain(extension).chain(others).collect()
}

fn address(address: &PersonAddress) -> wire::Address {
    let address = address.clone();
    wire::Address {
        kind: address.kind,
        country: address.country,
        locality: address.locality,
        region: address.region,
        street_address: address.street_address,
        postal_code: address.postal_code,
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
    pub async fn my_details(&self, caller: &Caller, calling: bool) -> Result<wire::Person> {
        caller.require_scope(&["spark:people_read", "spark-admin:people_read"])?;
        let shown = Shown {
            calling,
            ..Shown::ALL
        };
        self.show(&caller.profile, shown).await
    }

    /// One person of the caller's organization.
    ///
    /// # Errors
    /// Missing scope; unknown.
    pub async fn person_details(&self, caller: &Caller, id: PersonId, calling: bool) -> Result<wire::Person> {
        let sight = caller.may_read_people()?;
        let person = self.person(caller, id).await?;
        let shown = Shown {
            private: sight == Sight::Organization || person.id == caller.person,
            status: true,
            calling,
        };
        self.show(&person, shown).await
    }

    /// People who match, from a place in their list on.
    ///
    /// # Errors
    /// Missing scope; a user who names nobody; too many ids.
    pub async fn list_people(
        &self,
        caller: &Caller,
        query: &PeopleQuery,
        max: usize,
        after: Option<After>,
    ) -> Result<FoundPeople> {
        let sight = caller.may_read_people()?;
        if sight == Sight::Own && !query.names_somebody() {
            return Err(Error::invalid(
                "Email, displayName, or id list should be specified.",
            ));
        }
        let (people, not_found, next) = if let Some(ids) = &query.ids {
            let (found, missing) = self.people_of_ids(caller, query, ids).await?;
            (found, missing, None)
        } else if let Some(email) = &query.email {
            let found = self.people_of_address(caller.org, email).await?;
            let found = found.into_iter().filter(|person| query.matches(person));
            (found.collect(), Vec::new(), None)
        } else {
            let (find, exact) = query.index(caller.org, max);
            let find = find.after(after);
            let Listed { items, next } = if exact {
                self.list::<Person>(find).await?
            } else {
                self.list_where::<Person>(find, |person| query.matches(person))
                    .await?
            };
            let people = items.into_iter().map(|kept| kept.doc).collect();
            (people, Vec::new(), next)
        };
        let mut items = Vec::with_capacity(people.len());
        let mut prefixes = HashMap::new();
        for person in &people {
            let shown = Shown {
                private: sight == Sight::Organization || person.id == caller.person,
                status: !query.exclude_status && query.ids.is_none(),
                calling: query.calling_data,
            };
            let prefix = self.prefix_of(person, &mut prefixes).await?;
            items.push(view(person, shown, prefix.as_deref()));
        }
        Ok(FoundPeople {
            items,
            not_found,
            next,
        })
    }

    /// The person as answers show it.
    pub(super) async fn show(&self, person: &Person, shown: Shown) -> Result<wire::Person> {
        let prefix = self.prefix_of(person, &mut HashMap::new()).await?;
        Ok(view(person, shown, prefix.as_deref()))
    }

    /// What others dial before a person's extension. What was looked up for one is there for the next.
    async fn prefix_of(
        &self,
        person: &Person,
        known: &mut HashMap<LocationId, Option<String>>,
    ) -> Result<Option<String>> {
        let has_extension = person.line.as_ref().is_some_and(|line| line.extension.is_some());
        let Some(location) = person.location.filter(|_| has_extension) else {
            return Ok(None);
        };
        if let Some(prefix) = known.get(&location) {
            return Ok(prefix.clone());
        }
        let site = self.find_site(person.org, location).await?;
        let prefix = site.and_then(|site| site.doc.routing_prefix);
        known.insert(location, prefix.clone());
        Ok(prefix)
    }

    async fn people_of_ids(
        &self,
        caller: &Caller,
        query: &PeopleQuery,
        ids: &[PersonId],
    ) -> Result<(Vec<Person>, Vec<PersonId>)> {
        if ids.len() > MAX_IDS {
            return Err(Error::invalid(format!(
                "id: at most {MAX_IDS} ids can be asked for"
            )));
        }
        let (mut found, mut missing, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
        for &id in ids.iter().filter(|&&id| seen.insert(id)) {
            match self.person(caller, id).await {
                Ok(person) if query.matches(&person) => found.push(person),
                Ok(_) => {}
                Err(Error::NotFound { .. }) => missing.push(id),
                Err(error) => return Err(error),
            }
        }
        Ok((found, missing))
    }

    /// Whoever has this address in one of its spellings.
    async fn people_of_address(&self, org: OrgId, email: &str) -> Result<Vec<Person>> {
        let [plain, plus] = spellings(email);
        let mut found: Vec<Person> = self.person_of_email(org, &plain).await?.into_iter().collect();
        if plus != plain {
            found.extend(self.person_of_email(org, &plus).await?);
        }
        Ok(found)
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
        // What an administrator from outside can choose is seen from home too.
        let managed = self.managed_by(caller).iter().any(|(org, _)| *org == id);
        let found = match managed {
            true => self.any_organization(id).await?,
            false => self.organization(caller, id).await?,
        };
        Ok(organization::Organization {
            id: found.id,
            display_name: found.display_name,
            created: found.created,
            calling: calling_data.then(|| calling_addresses(&self.config.public_url)),
        })
    }

    /// The caller's organization and, seen from there, those that it administers from outside.
    ///
    /// # Errors
    /// Missing scope; no administrator.
    pub async fn organizations_seen(
        &self,
        caller: &Caller,
        calling_data: bool,
    ) -> Result<Vec<organization::Organization>> {
        let mut seen = vec![
            self.organization_details(caller, caller.org, calling_data)
                .await?,
        ];
        if caller.home.is_none() {
            for (org, _) in self.managed_by(caller) {
                seen.push(self.organization_details(caller, org, calling_data).await?);
            }
        }
        Ok(seen)
    }

    /// Deletes a suspended organization for the operator. Who administers one cannot delete it: its people and
    /// devices are at work in it.
    ///
    /// # Errors
    /// Missing scope or role; unknown; a conflict where it is the caller's own or in use.
    pub async fn delete_organization(&self, caller: &Caller, id: OrgId) -> Result<()> {
        caller.may_delete_organizations()?;
        if caller.is_operator() && id != caller.org {
            return self.delete_managed_organization(caller, id, None).await.map(drop);
        }
        let found = self.organization(caller, id).await?;
        Err(Error::conflict(format!(
            "{} cannot be deleted: its administrators work in it. Whoever operates this server can suspend and \
             delete it.",
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
    use crate::org::{Line, PersonNumber};

    fn ada() -> Person {
        Person {
            first_name: Some("Ada".to_owned()),
            last_name: Some("Lovelace".to_owned()),
            title: Some("Countess".to_owned()),
            roles: vec![Role::DeviceAdmin],
            ..Person::new(
                PersonId::from_uuid(uuid::Uuid::from_u128(7)),
                OrgId::from_uuid(uuid::Uuid::nil()),
                PersonKind::Person,
                "Ada+one@example.com",
                "Ada Lovelace",
                Timestamp(0),
            )
        }
    }

    #[test]
    fn finds_people() {
        let ada = ada();
        let query = PeopleQuery::default();
        let by_email = |email: &str| {
            PeopleQuery {
                email: Some(email.to_owned()),
                ..query.clone()
            }
            .matches(&ada)
        };
        assert!(by_email("ada+one@example.com") && by_email("ada one@example.com"));
        assert!(!by_email("one@example.com"));
        let by_name = |name: &str| {
            PeopleQuery {
                display_name: Some(name.to_owned()),
                ..query.clone()
            }
            .matches(&ada)
        };
        assert!(by_name("ada l") && !by_name("love"));
        let by_role = |role: Role| {
            PeopleQuery {
                roles: vec![role.id()],
                ..query.clone()
            }
            .matches(&ada)
        };
        assert!(by_role(Role::DeviceAdmin) && !by_role(Role::FullAdmin));
        let elsewhere = PeopleQuery {
            location: Some(LocationId::random()),
            ..query
        };
        assert!(!elsewhere.matches(&ada));
    }

    #[test]
    fn the_narrowest_index_is_read() {
        let org = OrgId::random();
        let index = |query: &PeopleQuery| {
            let (find, exact) = query.index(org, 9);
            (find.index, find.from.is_some(), exact)
        };
        let mut query = PeopleQuery::default();
        assert_eq!(index(&query), (Person::BY_KIND, false, true));
        query.display_name = Some("A".to_owned());
        assert_eq!(index(&query), (Person::BY_NAME, true, true));
        query.roles = vec![Role::FullAdmin.id()];
        assert_eq!(index(&query), (Person::BY_ROLE, true, true));
        query.location = Some(LocationId::random());
        assert_eq!(index(&query), (Person::BY_LOCATION, true, false));
        let query = PeopleQuery {
            roles: vec![Role::FullAdmin.id(), Role::UserAdmin.id()],
            ..PeopleQuery::default()
        };
        assert_eq!(index(&query), (Person::BY_KIND, false, false));
    }

    #[test]
    fn others_see_less() {
        let seen = view(
            &ada(),
            Shown {
                status: true,
                ..Shown::default()
            },
            None,
        );
        assert_eq!((seen.roles, seen.title, seen.invite_pending), (None, None, None));
        let own = Shown {
            private: true,
            ..Shown::default()
        };
        let own = view(&ada(), own, None);
        assert_eq!(own.roles, Some(vec![Role::DeviceAdmin.id()]));
        assert_eq!((own.title.as_deref(), own.status), (Some("Countess"), None));
    }

    #[test]
    fn the_line_is_the_primary_number() {
        let mut ada = ada();
        ada.location = Some(LocationId::random());
        ada.line = Some(Line {
            number: None,
            extension: Some("133".to_owned()),
        });
        let seen = view(&ada, Shown::ALL, Some("8080"));
        let one = wire::PhoneNumber {
            kind: "work_extension".to_owned(),
            value: "8080133".to_owned(),
            primary: Some(true),
        };
        assert_eq!(seen.phone_numbers, std::slice::from_ref(&one));
        assert_eq!(
            (seen.extension.as_deref(), seen.location_id),
            (Some("133"), ada.location)
        );
        ada.line.as_mut().unwrap().number = Some("+14085267209".to_owned());
        ada.phone_numbers.push(PersonNumber {
            kind: "mobile".to_owned(),
            value: "+4712345678".to_owned(),
        });
        let without = Shown {
            calling: false,
            ..Shown::ALL
        };
        let seen = view(&ada, without, Some("8080"));
        let kinds: Vec<&str> = seen.phone_numbers.iter().map(|it| it.kind.as_str()).collect();
        assert_eq!(kinds, ["work", "work_extension", "mobile"]);
        assert_eq!((seen.extension, seen.location_id), (None, None));
    }

    #[test]
    fn the_domain_is_the_host() {
        let domain = |url: &str| calling_addresses(url).xsi_domain;
        assert_eq!(domain("https://hallway.example.com"), "hallway.example.com");
        assert_eq!(domain("http://127.0.0.1:8080"), "127.0.0.1");
        assert_eq!(domain("http://[::1]:8080"), "[::1]");
    }
}
