//! Where organizations stand: active, suspended, being deleted or being imported. What is not active is known in
//! memory, so that every request can be asked about it.
//!
//! Suspending is one commit. What follows from it (links end, sessions are forgotten, senders rest) is in memory
//! only: a restart starts none of it, and resuming starts all of it.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use hallway_wire::Timestamp;
use hallway_wire::control::{CreatedOrganization, ManagedOrganization, NewOrganization, OrganizationState};
use hallway_wire::id::{OrgId, PersonId};
use serde::{Deserialize, Serialize};

use super::{Founding, Organization};
use crate::audit;
use crate::caller::Caller;
use crate::error::{Doing as _, Error, Result};
use crate::platform::Platform;
use crate::ports::{Topic, Write};

/// Longest reason of a suspension, in characters.
const MAX_REASON: usize = 500;
/// Longest name and address.
const MAX_NAME: usize = 256;

/// Where an organization stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Standing {
    #[default]
    Active,
    /// Nobody of it may do anything, and nothing goes out; nothing of it is lost.
    Suspended { reason: String, since: Timestamp },
    /// Everything of it goes, in parts.
    Deleting { since: Timestamp },
    /// It arrives, in parts; what a crash leaves of it goes at the next start.
    Importing { since: Timestamp },
}

/// The organizations that are not active.
#[derive(Debug, Default)]
pub(crate) struct Standings(ArcSwap<HashMap<OrgId, Standing>>);

impl Standings {
    /// What is known of an organization that is not active.
    fn of(&self, org: OrgId) -> Option<Standing> {
        let known = self.0.load();
        if known.is_empty() {
            return None;
        }
        known.get(&org).cloned()
    }

    /// Whether an organization may act.
    pub(crate) fn is_active(&self, org: OrgId) -> bool {
        let known = self.0.load();
        known.is_empty() || !known.contains_key(&org)
    }

    /// Demands that an organization may act.
    ///
    /// # Errors
    /// [`Error::Forbidden`], which says why. Not 401: clients would throw their tokens away, which are good
    /// again when the suspension ends.
    pub(crate) fn check(&self, org: OrgId) -> Result<()> {
        let Some(standing) = self.of(org) else {
            return Ok(());
        };
        Err(Error::forbidden(match standing {
            Standing::Active => return Ok(()),
            Standing::Suspended { reason, .. } if reason.is_empty() => {
                "The organization is suspended: ask the operator of this server.".to_owned()
            }
            Standing::Suspended { reason, .. } => {
                format!("The organization is suspended: {reason}")
            }
            Standing::Deleting { .. } => "The organization is being deleted.".to_owned(),
            Standing::Importing { .. } => "The organization is being imported: try again soon.".to_owned(),
        }))
    }
}

impl Organization {
    /// As the operator sees it.
    pub(crate) fn managed(&self) -> ManagedOrganization {
        let (state, reason, since) = match &self.standing {
            Standing::Active => (OrganizationState::Active, None, None),
            Standing::Suspended { reason, since } => {
                (OrganizationState::Suspended, Some(reason.clone()), Some(*since))
            }
            Standing::Deleting { since } => (OrganizationState::Deleting, None, Some(*since)),
            Standing::Importing { since } => (OrganizationState::Importing, None, Some(*since)),
        };
        ManagedOrganization {
            id: self.id,
            display_name: self.display_name.clone(),
            country: self.country.clone(),
            created: self.created,
            state,
            reason,
            since,
        }
    }

    /// The same in another standing, as the next revision.
    pub(crate) fn standing_as(&self, standing: Standing) -> Self {
        Self {
            standing,
            revision: self.revision + 1,
            ..self.clone()
        }
    }
}

impl Platform {
    /// Reads anew which organizations are not active.
    pub(crate) async fn load_standings(&self) -> Result<Vec<Organization>> {
        let all = self.all_organizations().await?;
        let known = all
            .iter()
            .filter(|org| org.standing != Standing::Active)
            .map(|org| (org.id, org.standing.clone()));
        self.standings.0.store(Arc::new(known.collect()));
        Ok(all)
    }

    /// Any organization of this Hallway, for its operator.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(crate) async fn any_organization(&self, id: OrgId) -> Result<Organization> {
        let found = self
            .store
            .organization(id)
            .await
            .doing("reading an organization")?;
        found.ok_or(Error::NotFound { what: "organization" })
    }

    /// Every organization, for the operator.
    ///
    /// # Errors
    /// Not the operator.
    pub async fn managed_organizations(&self, caller: &Caller) -> Result<Vec<ManagedOrganization>> {
        caller.require_operator()?;
        let all = self.all_organizations().await?;
        Ok(all.iter().map(Organization::managed).collect())
    }

    /// One organization, for the operator.
    ///
    /// # Errors
    /// Not the operator; unknown.
    pub async fn managed_organization(&self, caller: &Caller, id: OrgId) -> Result<ManagedOrganization> {
        caller.require_operator()?;
        Ok(self.any_organization(id).await?.managed())
    }

    /// Creates an organization with its first administrator, whose token is shown this once.
    ///
    /// # Errors
    /// Not the operator; a name or address is missing or taken.
    pub async fn create_managed_organization(
        &self,
        caller: &Caller,
        wish: &NewOrganization,
    ) -> Result<CreatedOrganization> {
        caller.require_operator()?;
        let trimmed = |text: &str| text.trim().to_owned();
        let mut problems = Vec::new();
        for (name, text) in [
            ("displayName", &wish.display_name),
            ("adminEmail", &wish.admin_email),
            ("adminName", &wish.admin_name),
        ] {
            let long = text.trim().chars().count();
            if !(1..=MAX_NAME).contains(&long) || text.chars().any(char::is_control) {
                problems.push(format!("{name}: 1 to {MAX_NAME} printable characters are needed"));
            }
        }
        if !super::body::is_email(wish.admin_email.trim()) {
            problems.push("adminEmail: this is no e-mail address".to_owned());
        }
        let country = wish
            .country
            .as_deref()
            .map(|country| country.trim().to_ascii_uppercase());
        if country
            .as_ref()
            .is_some_and(|country| country.len() != 2 || !country.bytes().all(|b| b.is_ascii_uppercase()))
        {
            problems.push("country: two letters (ISO 3166) are needed".to_owned());
        }
        if !problems.is_empty() {
            return Err(Error::invalid_all("The organization is not in order.", problems));
        }
        for org in self.all_organizations().await? {
            if org
                .display_name
                .trim()
                .eq_ignore_ascii_case(wish.display_name.trim())
            {
                return Err(Error::conflict(format!(
                    "displayName: there is an organization with the name {} already.",
                    org.display_name
                )));
            }
            if self.person_of_email(org.id, &wish.admin_email).await?.is_some() {
                return Err(Error::conflict(format!(
                    "adminEmail: somebody of another organization has the address {}; let that person administer \
                     the new one from outside.",
                    wish.admin_email.trim()
                )));
            }
        }
        let (org, admin) = (OrgId::random(), PersonId::random());
        let founding = Founding {
            org,
            display_name: trimmed(&wish.display_name),
            admin,
            admin_email: trimmed(&wish.admin_email),
            admin_name: trimmed(&wish.admin_name),
            country,
        };
        let what = format!("created the organization {}", founding.display_name);
        let named = (founding.display_name.clone(), org.to_string());
        let entry = audit::by_on(
            caller,
            self.now(),
            "organization.created",
            (&named.0, named.1),
            what,
        );
        let access_token = self.found(founding, vec![entry]).await?;
        Ok(CreatedOrganization {
            organization: self.any_organization(org).await?.managed(),
            admin_id: admin,
            access_token,
        })
    }

    /// Suspends an organization: nobody of it may do anything, its devices are unlinked, and nothing is
    /// delivered, until it is resumed.
    ///
    /// # Errors
    /// Not the operator; unknown; the operator's own; not active.
    pub async fn suspend_organization(
        &self,
        caller: &Caller,
        id: OrgId,
        reason: &str,
    ) -> Result<ManagedOrganization> {
        caller.require_operator()?;
        let reason = reason.trim();
        if reason.chars().count() > MAX_REASON {
            return Err(Error::invalid(format!(
                "reason: at most {MAX_REASON} characters are possible"
            )));
        }
        let changed = self
            .retrying(|| async {
                let org = self.other_organization(caller, id).await?;
                if org.standing != Standing::Active {
                    return Err(Error::conflict(format!("{} is not active.", org.display_name)));
                }
                let since = self.now();
                let changed = org.standing_as(Standing::Suspended {
                    reason: reason.to_owned(),
                    since,
                });
                let what = format!("suspended the organization {}: {reason}", org.display_name);
                self.commit(self.told_twice(caller, &changed, "organization.suspended", &what))
                    .await?;
                Ok(changed)
            })
            .await?;
        self.load_standings().await?;
        self.still(id, "the organization is suspended").await?;
        Ok(changed.managed())
    }

    /// Resumes a suspended organization: everything that waited goes on.
    ///
    /// # Errors
    /// Not the operator; unknown; not suspended.
    pub async fn resume_organization(&self, caller: &Caller, id: OrgId) -> Result<ManagedOrganization> {
        caller.require_operator()?;
        let changed = self
            .retrying(|| async {
                let org = self.other_organization(caller, id).await?;
                if !matches!(org.standing, Standing::Suspended { .. }) {
                    return Err(Error::conflict(format!("{} is not suspended.", org.display_name)));
                }
                let changed = org.standing_as(Standing::Active);
                let what = format!("resumed the organization {}", org.display_name);
                self.commit(self.told_twice(caller, &changed, "organization.resumed", &what))
                    .await?;
                Ok(changed)
            })
            .await?;
        self.load_standings().await?;
        self.stir(id).await?;
        Ok(changed.managed())
    }

    /// An organization that is not the operator's own.
    pub(super) async fn other_organization(&self, caller: &Caller, id: OrgId) -> Result<Organization> {
        let org = self.any_organization(id).await?;
        if id == caller.org {
            return Err(Error::conflict(
                "This is the operator's own organization: it can be neither suspended nor deleted.",
            ));
        }
        Ok(org)
    }

    /// The writes of a change that both the operator's trail and that of the organization tell of.
    pub(crate) fn told_twice(
        &self,
        caller: &Caller,
        changed: &Organization,
        event: &str,
        what: &str,
    ) -> Vec<Write> {
        let now = self.now();
        let id = changed.id.to_string();
        let named = (changed.display_name.as_str(), id);
        vec![
            Write::PutOrganization(changed.clone()),
            audit::by_on(caller, now, event, named, what.to_owned()),
            audit::by_system(
                changed.id,
                now,
                event,
                &changed.display_name,
                format!("the operator {what}"),
            ),
        ]
    }

    /// Ends in memory what an organization has going: sessions, links, senders, held polls.
    pub(super) async fn still(&self, org: OrgId, reason: &str) -> Result<()> {
        self.sessions.forget_org(org);
        for device in self.links.all() {
            if device.place.load().org == org {
                self.links.drop_device(device.id, reason);
            }
        }
        for activation in self.store.activations().await.doing("reading activations")? {
            if activation.org == org {
                self.deliveries.stop(activation.id);
                self.deliveries.stop(activation.actions_queue);
                self.bus.nudge(Topic::Notifications(activation.id));
            }
        }
        self.wake_lanes_of(org);
        self.bus.nudge(Topic::Organizations);
        Ok(())
    }

    /// Takes up what an organization has going. Values may be missing of the time in which its devices were
    /// away: they are sent in full when each device links up.
    pub(crate) async fn stir(&self, org: OrgId) -> Result<()> {
        self.rebuild_audiences().await?;
        for activation in self.store.activations().await.doing("reading activations")? {
            if activation.org == org {
                self.start_deliveries(&activation).await?;
                self.bus.nudge(Topic::Notifications(activation.id));
            }
        }
        self.wake_lanes_of(org);
        self.wake_mail();
        self.bus.nudge(Topic::Organizations);
        Ok(())
    }

    /// Whether an organization may act: for who runs something for it.
    pub fn is_active(&self, org: OrgId) -> bool {
        self.standings.is_active(org)
    }

    /// Waits for changes of organizations, from now on.
    pub fn organization_changes(&self) -> crate::ports::Nudges {
        self.bus.subscribe(Topic::Organizations)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_organizations_are_active() {
        let text = format!(
            r#"{{"id":"{}","display_name":"Acme","created":"2026-01-01T00:00:00Z"}}"#,
            OrgId::random()
        );
        let org: Organization = serde_json::from_str(&text).unwrap();
        assert_eq!((org.standing, org.revision), (Standing::Active, 0));
    }

    #[test]
    fn who_is_suspended_is_told_why() {
        let standings = Standings::default();
        let (org, other) = (OrgId::random(), OrgId::random());
        let suspended = Standing::Suspended {
            reason: "unpaid bills".to_owned(),
            since: Timestamp(0),
        };
        standings.0.store(Arc::new(HashMap::from([(org, suspended)])));
        let said = standings.check(org).unwrap_err().to_string();
        assert_eq!(said, "The organization is suspended: unpaid bills");
        assert!(!standings.is_active(org));
        assert!(standings.is_active(other) && standings.check(other).is_ok());
    }
}
