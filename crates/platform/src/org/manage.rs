//! Creating, changing and deleting people (people-calling 2.2 and 2.3). Each is one commit: person, licenses,
//! line, e-mail and audit entry together, or nothing.

use hallway_wire::id::{LicenseId, OrgId, PersonId};
use hallway_wire::person::{self as wire, PersonRequest};

use super::assign::{Addition, Planned};
use super::body::{self, GivenLine};
use super::directory::Shown;
use super::{Also, Person, PersonKind, Role};
use crate::audit;
use crate::caller::Caller;
use crate::error::{Doing as _, Error, Result};
use crate::platform::Platform;
use crate::ports::{DeviceFilter, Page, Write};
use crate::records::{Kept, put_new};

/// Two licenses and more are given as far as they can be; a single one that cannot be given is an error.
const SEVERAL: usize = 2;

impl Platform {
    /// Creates a person and writes the e-mail with which it activates its account.
    ///
    /// # Errors
    /// Missing scope or role; something is wrong with the request; the address is taken; the only license that
    /// was asked for cannot be given.
    pub async fn create_person(
        &self,
        caller: &Caller,
        request: &PersonRequest,
        calling: bool,
    ) -> Result<wire::Person> {
        caller.may_edit_people()?;
        let person = self
            .retrying(|| self.try_create(caller, request, &|_| Ok(Vec::new())))
            .await?;
        self.wake_mail();
        self.show(
            &person,
            Shown {
                calling,
                ..Shown::ALL
            },
        )
        .await
    }

    /// Creates a person for who may, together with what `also` says.
    pub(super) async fn try_create(
        &self,
        caller: &Caller,
        request: &PersonRequest,
        also: Also<'_, Person>,
    ) -> Result<Person> {
        caller.check_org(request.org_id)?;
        let now = self.now();
        let id = PersonId::random();
        let mut person = Person::new(id, caller.org, PersonKind::Person, "", "", now);
        person.apply(request, true)?;
        person.invite_pending = true;
        if let Some(roles) = body::roles(request)? {
            change_roles(caller, &mut person, roles)?;
        }
        self.check_manager(&person).await?;
        self.check_address(&person, None).await?;
        let line = body::line(request)?;
        let licenses = request.licenses.clone().unwrap_or_default();
        let planned = self.plan_wanted(&mut person, &licenses, &line).await?;
        if line.wishes() && person.line.is_none() {
            return Err(needs_license());
        }
        let mut writes = planned.writes;
        writes.push(put_new(&person)?);
        writes.extend(also(&person)?);
        writes.extend(self.plan_activation_mail(&person).await?);
        let description = format!("created {}", person.display_name);
        writes.push(audit::by(
            caller,
            now,
            "person.created",
            &person.display_name,
            description,
        ));
        self.commit(writes).await?;
        Ok(person)
    }

    /// Changes a person: what the request does not mention stays.
    ///
    /// # Errors
    /// Missing scope or role; unknown; something is wrong with the request; the address is taken; the only
    /// license that was asked for cannot be given; nobody would administer the organization.
    pub async fn update_person(
        &self,
        caller: &Caller,
        id: PersonId,
        request: &PersonRequest,
        calling: bool,
    ) -> Result<wire::Person> {
        caller.may_edit_people()?;
        let person = self
            .retrying(|| self.try_update(caller, id, request, &|_| Ok(Vec::new())))
            .await?;
        self.forget_sessions_of(id);
        self.show(
            &person,
            Shown {
                calling,
                ..Shown::ALL
            },
        )
        .await
    }

    /// Changes a person for who may, together with what `also` says.
    pub(super) async fn try_update(
        &self,
        caller: &Caller,
        id: PersonId,
        request: &PersonRequest,
        also: Also<'_, Person>,
    ) -> Result<Person> {
        caller.check_org(request.org_id)?;
        let kept = self.changeable(caller, id).await?;
        let mut person = kept.doc.clone();
        person.apply(request, false)?;
        let mut writes = Vec::new();
        if let Some(roles) = body::roles(request)? {
            change_roles(caller, &mut person, roles)?;
        }
        if administers(&kept) && !administers(&person) {
            writes.push(self.demand_another_admin(&kept).await?);
        }
        if person.manager_id != kept.manager_id {
            self.check_manager(&person).await?;
        }
        if Person::comparable_email(&person.email) != Person::comparable_email(&kept.email) {
            self.check_address(&person, Some(id)).await?;
        }
        let line = body::line(request)?;
        let planned = match &request.licenses {
            Some(licenses) => self.plan_wanted(&mut person, licenses, &line).await?,
            None => Planned::default(),
        };
        writes.extend(planned.writes);
        writes.extend(self.plan_changed_line(&kept, &mut person, &line).await?);
        let beside = also(&person)?;
        if person == kept.doc && beside.is_empty() {
            return Ok(person);
        }
        writes.extend(beside);
        person.last_modified = self.now();
        writes.push(kept.put(&person)?);
        let description = format!("changed {}", person.display_name);
        let entry = audit::by(
            caller,
            self.now(),
            "person.changed",
            &person.display_name,
            description,
        );
        writes.push(entry);
        self.commit(writes).await?;
        Ok(person)
    }

    /// What a change of the line means for who was or became a calling user.
    async fn plan_changed_line(
        &self,
        before: &Person,
        person: &mut Person,
        line: &GivenLine,
    ) -> Result<Vec<Write>> {
        let (was, is) = (before.line.is_some(), person.line.is_some());
        if !was {
            // Who became one has the line already, with the license.
            return if is || !line.wishes() {
                Ok(Vec::new())
            } else {
                Err(needs_license())
            };
        }
        if !is {
            // Calling was taken away; what is said of the line was read before.
            return Ok(Vec::new());
        }
        if let (Some(asked), Some(has)) = (line.location, before.location)
            && asked != has
        {
            return Err(Error::invalid(
                "locationId: the location of a user of Webex Calling cannot be changed; take the license away \
                 and give it again",
            ));
        }
        let kept_line = person.line.clone();
        let writes = match line.wish() {
            Some(wish) => self.plan_line(person, &wish).await?,
            None => Vec::new(),
        };
        let name = |person: &Person| {
            let (first, last) = (person.first_name.clone(), person.last_name.clone());
            (first, last, person.display_name.clone())
        };
        if writes.is_empty() && person.line == kept_line && name(before) != name(person) {
            return self.plan_renamed_owner(person).await;
        }
        Ok(writes)
    }

    /// Gives a person exactly these licenses.
    async fn plan_wanted(
        &self,
        person: &mut Person,
        licenses: &[LicenseId],
        line: &GivenLine,
    ) -> Result<Planned> {
        const MOST: usize = 100;
        if licenses.len() > MOST {
            return Err(Error::invalid(format!("licenses: at most {MOST}")));
        }
        let removed: Vec<LicenseId> = person
            .licenses
            .iter()
            .copied()
            .filter(|held| !licenses.contains(held))
            .collect();
        let mut added: Vec<Addition> = Vec::new();
        for &license in licenses {
            let known = person.licenses.contains(&license)
                || added.iter().any(|addition| addition.license == license);
            if !known {
                added.push(Addition {
                    license,
                    line: line.wish().filter(|_| line.wishes()),
                });
            }
        }
        let mut planned = self.plan_licenses(person, &removed, &added).await?;
        // A calling license without a good line is an error however many others there are.
        if let Some(at) = planned.bad_line {
            return Err(planned.refused.swap_remove(at));
        }
        let given = added
            .iter()
            .filter(|addition| person.licenses.contains(&addition.license))
            .count();
        if !added.is_empty() && (added.len() < SEVERAL || given == 0) && !planned.refused.is_empty() {
            return Err(planned.into_error());
        }
        Ok(planned)
    }

    /// Deletes a person with everything that is its own: numbers and licenses are free, tokens end.
    ///
    /// # Errors
    /// Missing scope or role; unknown; nobody would administer the organization.
    pub async fn delete_person(&self, caller: &Caller, id: PersonId) -> Result<()> {
        caller.may_write_people()?;
        self.remove_person(caller, id).await
    }

    /// Deletes a person for who may.
    pub(super) async fn remove_person(&self, caller: &Caller, id: PersonId) -> Result<()> {
        let devices = self.retrying(|| self.try_delete(caller, id)).await?;
        self.forget_sessions_of(id);
        self.load_managers().await?;
        for device in devices {
            self.links.drop_device(device, "the person was deleted");
        }
        Ok(())
    }

    async fn try_delete(&self, caller: &Caller, id: PersonId) -> Result<Vec<hallway_wire::id::DeviceId>> {
        let kept = self.changeable(caller, id).await?;
        let mut writes = Vec::new();
        if administers(&kept) {
            writes.push(self.demand_another_admin(&kept).await?);
        }
        let mut person = kept.doc.clone();
        let held = person.licenses.clone();
        writes.extend(self.plan_licenses(&mut person, &held, &[]).await?.writes);
        if person.line.is_some() {
            writes.extend(self.plan_no_line(&mut person).await?);
        }
        let devices = self.devices_of(caller.org, id).await?;
        writes.extend(devices.iter().map(|&device| Write::DeleteDevice(device)));
        writes.extend(self.plan_farewell(&kept).await?);
        writes.extend(self.plan_no_managing(id).await?);
        writes.push(kept.delete());
        let description = format!("deleted {} ({})", kept.display_name, kept.email);
        writes.push(audit::by(
            caller,
            self.now(),
            "person.deleted",
            &kept.display_name,
            description,
        ));
        self.commit(writes).await?;
        Ok(devices)
    }

    /// The writes that take away what only a person that is there can have.
    async fn plan_farewell(&self, person: &Person) -> Result<Vec<Write>> {
        let grants = self.store.grants_of(person.org, person.id).await;
        let grants = grants.doing("listing grants")?;
        let mut writes: Vec<Write> = grants
            .into_iter()
            .map(|grant| Write::DeleteGrant(grant.id))
            .collect();
        writes.extend(self.plan_no_groups(person).await?);
        let of = person.id.uuid().to_string();
        writes.extend(self.plan_no_attributes(person.org, &of).await?);
        writes.extend(self.plan_no_links(person));
        writes.extend(crate::messaging::leave_everything(person.org, person.id));
        writes.extend(self.end_webhooks_of(person.org, person.id).await?);
        Ok(writes)
    }

    async fn devices_of(&self, org: OrgId, person: PersonId) -> Result<Vec<hallway_wire::id::DeviceId>> {
        let filter = DeviceFilter {
            workspace: None,
            person: Some(person),
        };
        let found = self.store.devices(org, filter, Page::ALL).await;
        let found = found.doing("listing the devices of a person")?;
        Ok(found.into_iter().map(|device| device.id).collect())
    }

    /// A person that this caller may change. Accounts of bots, apps and integrations are theirs.
    async fn changeable(&self, caller: &Caller, id: PersonId) -> Result<Kept<Person>> {
        let kept = self.kept_person(caller.org, id).await?;
        if kept.kind != PersonKind::Person {
            return Err(Error::invalid(format!(
                "{} is the account of a bot or an app: it changes and goes with that",
                kept.display_name
            )));
        }
        caller.may_change(&kept)?;
        Ok(kept)
    }

    async fn check_manager(&self, person: &Person) -> Result<()> {
        let Some(manager) = person.manager_id else {
            return Ok(());
        };
        match self.person_of_id(person.org, manager).await? {
            Some(_) => Ok(()),
            None => Err(Error::invalid("managerId: nobody here has this id")),
        }
    }

    /// Whether an address can be a person's: it is nobody's, here or elsewhere.
    async fn check_address(&self, person: &Person, own: Option<PersonId>) -> Result<()> {
        for org in self.all_organizations().await? {
            match self.person_of_email(org.id, &person.email).await? {
                Some(other) if Some(other.id) == own => {}
                Some(_) if org.id == person.org => {
                    return Err(Error::conflict(format!(
                        "emails: there is a person with the address {} already.",
                        person.email
                    )));
                }
                Some(_) => {
                    return Err(Error::invalid(format!(
                        "emails: {} belongs to another organization",
                        person.email
                    )));
                }
                None => {}
            }
        }
        Ok(())
    }

    /// Demands that somebody else administers the organization, in the commit too.
    async fn demand_another_admin(&self, leaving: &Person) -> Result<Write> {
        let role = Role::FullAdmin.name();
        let admins = self
            .list_all::<Person>(leaving.org, Person::BY_ROLE, role)
            .await?;
        let mut others = admins
            .iter()
            .filter(|other| other.id != leaving.id && administers(other));
        // Somebody who has activated the account, if there is one.
        let other = others
            .clone()
            .find(|other| !other.invite_pending)
            .or_else(|| others.next());
        other.map(Kept::demand).ok_or_else(|| {
            Error::conflict(format!(
                "{} is the last full administrator of the organization.",
                leaving.display_name
            ))
        })
    }
}

fn administers(person: &Person) -> bool {
    person.login_enabled && person.roles.contains(&Role::FullAdmin)
}

/// Gives a person these roles. Rights are given and taken by who has them all.
fn change_roles(caller: &Caller, person: &mut Person, mut roles: Vec<Role>) -> Result<()> {
    roles.sort();
    let mut before = person.roles.clone();
    before.sort();
    if roles == before {
        return Ok(());
    }
    if !caller.is_full_admin() {
        return Err(Error::forbidden(
            "Only a full administrator may give or take administrative roles.",
        ));
    }
    person.roles = roles;
    Ok(())
}

fn needs_license() -> Error {
    Error::invalid(
        "licenses: a phone number, an extension and a location belong to a Webex Calling license, which must \
         be in the same request",
    )
}
