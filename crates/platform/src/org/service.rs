//! Founding an organization, and looking at it and its people.

use hallway_wire::Secret;
use hallway_wire::id::{OrgId, PersonId};

use super::{Organization, Person, PersonKind, Role, Standing};
use crate::caller::Caller;
use crate::error::{Doing as _, Error, Result};
use crate::platform::Platform;
use crate::ports::Write;
use crate::ports::records::Find;
use crate::records::{Document as _, Kept};

/// A new organization and its first administrator.
#[derive(Clone, Debug)]
pub struct Founding {
    pub org: OrgId,
    pub display_name: String,
    pub admin: PersonId,
    pub admin_email: String,
    pub admin_name: String,
    /// Two letters (ISO 3166).
    pub country: Option<String>,
}

impl Platform {
    /// Creates an organization with its administrator, and returns the administrator's token: it is shown
    /// this once.
    ///
    /// # Errors
    /// A name or the e-mail is missing; the organization exists.
    pub async fn found_organization(&self, founding: Founding) -> Result<Secret> {
        self.found(founding, Vec::new()).await
    }

    /// The same, together with what else belongs to it.
    pub(super) async fn found(&self, founding: Founding, also: Vec<Write>) -> Result<Secret> {
        let Founding {
            org,
            display_name,
            admin,
            admin_email,
            admin_name,
            country,
        } = founding;
        if display_name.trim().is_empty() || admin_name.trim().is_empty() || !admin_email.contains('@') {
            return Err(Error::invalid(
                "an organization needs a name, and an administrator with name and e-mail",
            ));
        }
        if self
            .store
            .organization(org)
            .await
            .doing("looking up an organization")?
            .is_some()
        {
            return Err(Error::conflict("The organization exists already."));
        }
        // Who founds the first organization runs this Hallway.
        let first = self.all_organizations().await?.is_empty();
        let now = self.now();
        let (token, mut writes) = self.personal_token(org, admin, now);
        let mut all = vec![
            Write::NewOrganization(Organization {
                id: org,
                display_name: display_name.clone(),
                created: now,
                sites: Vec::new(),
                country,
                standing: Standing::Active,
                revision: 0,
            }),
            Write::PutPerson(Person {
                roles: vec![Role::FullAdmin],
                operator: first,
                ..Person::new(admin, org, PersonKind::Person, admin_email, admin_name, now)
            }),
        ];
        all.append(&mut writes);
        all.extend(also);
        all.extend(super::licenses::first_licenses(org, now)?);
        all.push(crate::audit::by_system(
            org,
            now,
            "organization.created",
            &display_name,
            format!("created the organization {display_name}"),
        ));
        self.store.commit(all).await.doing("creating an organization")?;
        Ok(token)
    }

    /// Every organization of this Hallway; for who holds the data directory.
    ///
    /// # Errors
    /// The store failed.
    pub async fn all_organizations(&self) -> Result<Vec<Organization>> {
        self.store.organizations().await.doing("listing organizations")
    }

    /// The first full administrator of an organization.
    ///
    /// # Errors
    /// The store failed.
    pub async fn first_admin(&self, org: OrgId) -> Result<Option<Person>> {
        let role = Role::FullAdmin.name();
        let admins = self.list_all::<Person>(org, Person::BY_ROLE, role).await?;
        let first = admins.into_iter().min_by_key(|kept| (kept.created, kept.id));
        Ok(first.map(|kept| kept.doc))
    }

    /// Sees to it that somebody runs this Hallway: where nobody does (it was made before there were operators,
    /// or the last one is gone), the first administrator of the first organization.
    pub(crate) async fn ensure_operator(&self) -> Result<()> {
        let organizations = self.all_organizations().await?;
        let Some(org) = organizations.first() else {
            return Ok(());
        };
        let find = Find::new(Person::KIND, org.id, Person::OPERATORS, "", 1);
        if !self.list::<Person>(find).await?.items.is_empty() {
            return Ok(());
        }
        let Some(admin) = self.first_admin(org.id).await? else {
            return Ok(());
        };
        let now = self.now();
        let entry = crate::audit::by_system(
            org.id,
            now,
            "operator.appointed",
            &admin.display_name,
            format!("{} runs this Hallway, because nobody did", admin.display_name),
        );
        let kept = self.kept_person(org.id, admin.id).await?;
        let operator = Person {
            operator: true,
            last_modified: now,
            ..kept.doc.clone()
        };
        self.commit(vec![kept.put(&operator)?, entry]).await
    }

    /// The caller's organization.
    ///
    /// # Errors
    /// [`Error::NotFound`] for another one.
    pub async fn organization(&self, caller: &Caller, id: OrgId) -> Result<Organization> {
        let found = if id == caller.org {
            self.store
                .organization(id)
                .await
                .doing("reading an organization")?
        } else {
            None
        };
        found.ok_or(Error::NotFound { what: "organization" })
    }

    /// People of the caller's organization, without machine accounts. All of them: for who needs less there is
    /// [`list_people`](Self::list_people).
    ///
    /// # Errors
    /// The store failed.
    pub async fn people(&self, caller: &Caller) -> Result<Vec<Person>> {
        let kind = PersonKind::Person.name();
        let people = self.list_all::<Person>(caller.org, Person::BY_KIND, kind).await?;
        Ok(people.into_iter().map(|kept| kept.doc).collect())
    }

    /// A person of the caller's organization.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn person(&self, caller: &Caller, id: PersonId) -> Result<Person> {
        let person = self.store.person(id).await.doing("reading a person")?;
        person
            .filter(|person| person.org == caller.org)
            .ok_or(Error::NotFound { what: "person" })
    }

    /// The person or machine account with this address, in any case.
    pub(crate) async fn person_of_email(&self, org: OrgId, email: &str) -> Result<Option<Person>> {
        let kept = self.kept_person_of_email(org, email).await?;
        Ok(kept.map(|kept| kept.doc))
    }

    /// As [`person_of_email`](Self::person_of_email), with the revision that a change names.
    pub(crate) async fn kept_person_of_email(&self, org: OrgId, email: &str) -> Result<Option<Kept<Person>>> {
        self.claimant(org, Person::EMAIL, &Person::comparable_email(email))
            .await
    }

    /// A person of an organization with its revision: what changes a person reads it by this.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(crate) async fn kept_person(&self, org: OrgId, id: PersonId) -> Result<Kept<Person>> {
        self.demand(org, &id.uuid().to_string()).await
    }

    /// A person or machine account of an organization, for who decided already that it may be seen.
    pub(crate) async fn person_of_id(&self, org: OrgId, id: PersonId) -> Result<Option<Person>> {
        let person = self.store.person(id).await.doing("reading a person")?;
        Ok(person.filter(|person| person.org == org))
    }

    /// Adds people, for a demo or an import.
    ///
    /// # Errors
    /// The store failed.
    pub async fn put_people(&self, people: Vec<Person>) -> Result<()> {
        self.store
            .commit(people.into_iter().map(Write::PutPerson).collect())
            .await
            .doing("adding people")
    }
}
