//! Administrators from outside: a person of one organization who also administers another one. A request that
//! names the other organization acts there with the role that was given for it, and with nothing else that the
//! person is or has at home.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use hallway_wire::Timestamp;
use hallway_wire::control::{ExternalAdmin, NewExternalAdmin, OwnOrganization};
use hallway_wire::id::{OrgId, PersonId};
use serde::{Deserialize, Serialize};

use super::{PersonKind, Role};
use crate::audit;
use crate::caller::{Caller, Home, Principal};
use crate::error::{Doing as _, Error, Result};
use crate::platform::Platform;
use crate::ports::{Key, Write, by_time};
use crate::records::{Document, Kept, put_new};

/// Most administrators from outside that an organization has.
const MOST: u64 = 200;
/// Scopes that an administrator from outside keeps, by how they start: those of administration. Rooms, messages
/// and meetings are the person's own, at home.
const KEPT_SCOPES: [&str; 5] = ["spark-admin:", "identity:", "Identity:", "audit:", "spark:xapi_"];

/// A person of another organization who administers this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OrgAdmin {
    pub(crate) person: PersonId,
    /// Where the person belongs.
    pub(crate) home: OrgId,
    /// What it administers.
    pub(crate) org: OrgId,
    pub(crate) role: Role,
    pub(crate) since: Timestamp,
    /// As they were when it began.
    pub(crate) email: String,
    pub(crate) name: String,
}

impl OrgAdmin {
    const ALL: &'static str = "all";

    fn key(person: PersonId, org: OrgId) -> String {
        format!("{}:{}", person.uuid(), org.uuid())
    }
}

impl Document for OrgAdmin {
    const KIND: &'static str = "org_admin";
    const NOUN: &'static str = "administrator";

    fn org(&self) -> OrgId {
        self.org
    }

    fn id(&self) -> String {
        Self::key(self.person, self.org)
    }

    fn keys(&self) -> Vec<Key> {
        vec![Key {
            index: Self::ALL,
            value: String::new(),
            order: by_time(self.since),
        }]
    }
}

type ByPerson = HashMap<PersonId, BTreeMap<OrgId, Role>>;

/// Who administers what besides the own organization.
#[derive(Debug, Default)]
pub(crate) struct Managers(RwLock<ByPerson>);

impl Managers {
    /// The role of a person in an organization that is not its own.
    fn role(&self, person: PersonId, org: OrgId) -> Option<Role> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&person)?.get(&org).copied()
    }

    fn of(&self, person: PersonId) -> BTreeMap<OrgId, Role> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&person).cloned().unwrap_or_default()
    }

    fn people(&self) -> Vec<(PersonId, OrgId)> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let all = known
            .iter()
            .flat_map(|(person, orgs)| orgs.keys().map(|org| (*person, *org)));
        all.collect()
    }
}

fn role_of(word: &str) -> Result<Role> {
    match Role::from_name(word) {
        Some(role @ (Role::FullAdmin | Role::ReadOnlyAdmin)) => Ok(role),
        _ => Err(Error::invalid("role: must be id_full_admin or id_readonly_admin")),
    }
}

fn shown(admin: &OrgAdmin) -> ExternalAdmin {
    ExternalAdmin {
        person_id: admin.person,
        home_org_id: admin.home,
        email: admin.email.clone(),
        display_name: admin.name.clone(),
        role: admin.role.name().to_owned(),
        created: admin.since,
    }
}

impl Platform {
    /// Reads anew who administers what.
    pub(crate) async fn load_managers(&self) -> Result<()> {
        const PAGE: usize = 500;
        let mut known = ByPerson::new();
        let mut after = None;
        loop {
            let page = self.store.all_records(OrgAdmin::KIND, after, PAGE).await;
            let page = page.doing("listing administrators from outside")?;
            let Some(last) = page.last() else { break };
            after = Some(last.id.clone());
            for stored in &page {
                let admin: OrgAdmin = serde_json::from_str(&stored.doc)
                    .map_err(|error| Error::Internal(format!("a stored administrator: {error}")))?;
                known
                    .entry(admin.person)
                    .or_default()
                    .insert(admin.org, admin.role);
            }
        }
        *self.managers.0.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(())
    }

    /// A person as an administrator of another organization.
    ///
    /// # Errors
    /// The person may not act there: organizations do not see each other.
    pub fn act_in(&self, principal: Arc<Principal>, org: OrgId) -> Result<Arc<Principal>> {
        if org == principal.org {
            return Ok(principal);
        }
        let may = principal.client_id.is_none() && principal.machine.is_none() && principal.is_human();
        let role = may.then(|| self.managers.role(principal.person, org)).flatten();
        let role = role.ok_or_else(|| Error::Missing {
            message: "Could not find an organization with provided ID.".to_owned(),
        })?;
        self.standings.check(org)?;
        let kept = |scope: &&String| KEPT_SCOPES.iter().any(|start| scope.starts_with(start));
        Ok(Arc::new(Principal {
            org,
            person: principal.person,
            name: principal.name.clone(),
            profile: principal.profile.clone(),
            roles: vec![role],
            scopes: principal.scopes.iter().filter(kept).cloned().collect(),
            machine: None,
            may_manage: principal.may_manage,
            grant: principal.grant,
            client_id: None,
            expires_ms: principal.expires_ms,
            token: principal.token,
            home: Some(Home { org: principal.org }),
        }))
    }

    /// The organizations that the caller can act in: its own first.
    ///
    /// # Errors
    /// The store failed.
    pub async fn own_organizations(&self, caller: &Caller) -> Result<Vec<OwnOrganization>> {
        let mut found = Vec::new();
        let own = caller.home.as_ref().map_or(caller.org, |home| home.org);
        let managed = self.managed_by(caller);
        for (id, role) in std::iter::once((own, None)).chain(managed) {
            let org = self.store.organization(id).await;
            let Some(org) = org.doing("reading an organization")? else {
                continue;
            };
            found.push(OwnOrganization {
                id: org.id,
                display_name: org.display_name,
                role: role.map(|role| role.name().to_owned()),
            });
        }
        Ok(found)
    }

    /// The other organizations that the caller's token can act in.
    pub(crate) fn managed_by(&self, caller: &Caller) -> Vec<(OrgId, Option<Role>)> {
        if caller.client_id.is_some() || caller.machine.is_some() {
            return Vec::new();
        }
        let all = self.managers.of(caller.person).into_iter();
        let active = all.filter(|(org, _)| self.standings.is_active(*org));
        active.map(|(org, role)| (org, Some(role))).collect()
    }

    /// The administrators from outside of the caller's organization, the oldest first.
    ///
    /// # Errors
    /// No administrator.
    pub async fn external_admins(&self, caller: &Caller) -> Result<Vec<ExternalAdmin>> {
        caller.require_reading_admin()?;
        self.admins_from_outside(caller.org).await
    }

    async fn admins_from_outside(&self, org: OrgId) -> Result<Vec<ExternalAdmin>> {
        let all = self.list_all::<OrgAdmin>(org, OrgAdmin::ALL, "").await?;
        Ok(all.iter().map(|kept| shown(kept)).collect())
    }

    /// Lets a person of another organization administer the caller's.
    ///
    /// # Errors
    /// No full administrator of its own; nobody has the address; it is one of this organization already.
    pub async fn add_external_admin(
        &self,
        caller: &Caller,
        wish: &NewExternalAdmin,
    ) -> Result<ExternalAdmin> {
        caller.require_own_full_admin()?;
        self.put_external_admin(caller, caller.org, wish).await
    }

    /// As [`Self::add_external_admin`], by the operator for any organization.
    ///
    /// # Errors
    /// Not the operator; unknown; otherwise the same.
    pub async fn appoint_admin(
        &self,
        caller: &Caller,
        org: OrgId,
        wish: &NewExternalAdmin,
    ) -> Result<ExternalAdmin> {
        caller.require_operator()?;
        self.any_organization(org).await?;
        self.put_external_admin(caller, org, wish).await
    }

    async fn put_external_admin(
        &self,
        caller: &Caller,
        org: OrgId,
        wish: &NewExternalAdmin,
    ) -> Result<ExternalAdmin> {
        let role = role_of(&wish.role)?;
        let mut found = None;
        for other in self.all_organizations().await? {
            if found.is_none() {
                found = self.kept_person_of_email(other.id, &wish.email).await?;
            }
        }
        let person = found
            .filter(|person| person.kind == PersonKind::Person && person.login_enabled)
            .ok_or_else(|| Error::Missing {
                message: format!("email: nobody of this Hallway has the address {}.", wish.email),
            })?;
        if person.org == org {
            return Err(Error::conflict(format!(
                "{} belongs to this organization: give the role to the person itself.",
                person.display_name
            )));
        }
        let admin = self
            .retrying(|| async {
                let before = self.get::<OrgAdmin>(org, &OrgAdmin::key(person.id, org)).await?;
                let now = self.now();
                let admin = OrgAdmin {
                    person: person.id,
                    home: person.org,
                    org,
                    role,
                    since: before.as_ref().map_or(now, |before| before.since),
                    email: person.email.clone(),
                    name: person.display_name.clone(),
                };
                let write = match &before {
                    Some(before) => before.put(&admin)?,
                    None if self.count::<OrgAdmin>(org, OrgAdmin::ALL, "").await? >= MOST => {
                        return Err(Error::conflict(format!(
                            "An organization has at most {MOST} administrators from outside."
                        )));
                    }
                    None => put_new(&admin)?,
                };
                let what = format!(
                    "made {} ({}) of another organization its {}",
                    admin.name,
                    admin.email,
                    role.display_name()
                );
                let mut writes = vec![write, person.demand()];
                writes.extend(self.told_of_admin(caller, &admin, "role.externalGranted", &what));
                self.commit(writes).await?;
                Ok(admin)
            })
            .await?;
        self.load_managers().await?;
        Ok(shown(&admin))
    }

    /// Entries in the trail of the organization and, where somebody else did it, in that one's.
    fn told_of_admin(&self, caller: &Caller, admin: &OrgAdmin, event: &str, what: &str) -> Vec<Write> {
        let now = self.now();
        let mut writes = vec![audit::by(caller, now, event, &admin.name, what.to_owned())];
        if admin.org != caller.org {
            let seen = format!("the operator {what}");
            writes.push(audit::by_system(admin.org, now, event, &admin.name, seen));
        }
        writes
    }

    /// Ends what a person of another organization may in the caller's.
    ///
    /// # Errors
    /// No full administrator, unless the person gives it up itself; unknown.
    pub async fn remove_external_admin(&self, caller: &Caller, person: PersonId) -> Result<()> {
        if caller.person != person {
            caller.require_own_full_admin()?;
        }
        self.take_external_admin(caller, caller.org, person).await
    }

    /// As [`Self::remove_external_admin`], by the operator for any organization.
    ///
    /// # Errors
    /// Not the operator; unknown.
    pub async fn dismiss_admin(&self, caller: &Caller, org: OrgId, person: PersonId) -> Result<()> {
        caller.require_operator()?;
        self.any_organization(org).await?;
        self.take_external_admin(caller, org, person).await
    }

    /// The administrators from outside of any organization, for the operator.
    ///
    /// # Errors
    /// Not the operator; unknown.
    pub async fn appointed_admins(&self, caller: &Caller, org: OrgId) -> Result<Vec<ExternalAdmin>> {
        caller.require_operator()?;
        self.any_organization(org).await?;
        self.admins_from_outside(org).await
    }

    async fn take_external_admin(&self, caller: &Caller, org: OrgId, person: PersonId) -> Result<()> {
        self.retrying(|| async {
            let found = self.demand::<OrgAdmin>(org, &OrgAdmin::key(person, org)).await?;
            let what = format!("ended the administration by {} ({})", found.name, found.email);
            let mut writes = vec![found.delete()];
            writes.extend(self.told_of_admin(caller, &found, "role.externalRevoked", &what));
            self.commit(writes).await
        })
        .await?;
        self.load_managers().await
    }

    /// The writes that end what a person administers elsewhere: for when the person goes. Call
    /// [`Self::load_managers`] after the commit.
    pub(super) async fn plan_no_managing(&self, person: PersonId) -> Result<Vec<Write>> {
        let mut writes = Vec::new();
        for org in self.managers.of(person).into_keys() {
            let found: Option<Kept<OrgAdmin>> = self.get(org, &OrgAdmin::key(person, org)).await?;
            if let Some(found) = found {
                writes.push(found.delete());
                let what = format!(
                    "ended the administration by {}, whose account is gone",
                    found.name
                );
                let event = "role.externalRevoked";
                writes.push(audit::by_system(org, self.now(), event, &found.name, what));
            }
        }
        Ok(writes)
    }

    /// Ends what the people of an organization administer elsewhere.
    pub(super) async fn end_managing_by(&self, home: OrgId) -> Result<()> {
        for (person, org) in self.managers.people() {
            let found: Option<Kept<OrgAdmin>> = self.get(org, &OrgAdmin::key(person, org)).await?;
            if found.is_some_and(|found| found.home == home) {
                let writes = self.plan_no_managing(person).await?;
                self.commit(writes).await?;
            }
        }
        self.load_managers().await
    }
}
