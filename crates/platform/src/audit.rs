//! The audit trail: what was decided, by whom. What is about signing in and tokens is a trail of its own.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use hallway_wire::Timestamp;
use hallway_wire::audit::{AdminEvent, AdminEventData, SecurityEvent, SecurityEventData};
use hallway_wire::control::AuditEvent;
use hallway_wire::id::{OrgId, PersonId};
use uuid::Uuid;

use crate::caller::Caller;
use crate::error::{Doing as _, Result};
use crate::org::Person;
use crate::platform::Platform;
use crate::ports::{AuditPlace, AuditQuery, Page, Write};

/// The categories of the administrative trail, by the nouns that events begin with.
const CATEGORIES: &[(&str, &[&str])] = &[
    (
        "CALLING",
        &["calling", "number", "extension", "pstn", "dial_plan", "call"],
    ),
    ("DEVICES", &["device", "configuration", "hot_desk"]),
    ("GROUPS", &["group"]),
    (
        "INTEGRATIONS",
        &[
            "integration",
            "application",
            "authorization",
            "service_app",
            "bot",
        ],
    ),
    ("LICENSES", &["license", "subscription"]),
    ("LOCATIONS", &["location", "floor"]),
    ("MEETINGS", &["meeting", "recording"]),
    ("MESSAGING", &["room", "message", "membership", "team"]),
    ("ORG_SETTINGS", &["organization", "keys", "settings"]),
    ("OTHERS", &[]),
    ("TOKENS", &["token"]),
    ("USERS", &["person", "people", "user", "role"]),
    ("WEBHOOKS", &["webhook"]),
    ("WORKSPACES", &["workspace"]),
];

/// The categories of the trail about signing in.
const SECURITY_CATEGORIES: &[(&str, &[&str])] = &[
    ("FAILED_LOGINS", &["failed"]),
    ("LOGINS", &["login"]),
    ("LOGOUT", &["logout"]),
    ("TOKENS", &["token"]),
];

fn noun(event: &str) -> &str {
    event.split('.').next().unwrap_or(event)
}

fn category(categories: &[(&str, &[&str])], event: &str) -> String {
    let found = categories.iter().find(|(_, nouns)| nouns.contains(&noun(event)));
    found.map_or("OTHERS", |(category, _)| category).to_owned()
}

fn entry(org: OrgId, now: Timestamp, event: &str, target: &str, description: String) -> AuditEvent {
    AuditEvent {
        id: Uuid::now_v7().to_string(),
        created: now,
        org_id: org,
        actor_id: None,
        actor_name: "Hallway".to_owned(),
        event: event.to_owned(),
        target: target.to_owned(),
        description,
        tracking_id: String::new(),
        category: category(CATEGORIES, event),
        security: false,
        actor_email: None,
        actor_user_agent: None,
        actor_ip: None,
        admin_roles: Vec::new(),
        // Public ids are their own names.
        actor_org_id: None,
        target_id: hallway_wire::id::decode(target)
            .is_ok()
            .then(|| target.to_owned()),
    }
}

fn with_caller(entry: AuditEvent, caller: &Caller) -> AuditEvent {
    AuditEvent {
        actor_id: Some(caller.person),
        actor_name: caller.name.clone(),
        actor_org_id: caller.home.map(|home| home.org),
        actor_email: Some(caller.profile.email.clone()),
        actor_user_agent: caller.user_agent.as_deref().map(ToOwned::to_owned),
        admin_roles: caller.roles.iter().map(|role| role.name().to_owned()).collect(),
        tracking_id: caller.tracking_id.to_string(),
        ..entry
    }
}

/// An entry about something the caller did. It is written with the change itself.
pub(crate) fn by(caller: &Caller, now: Timestamp, event: &str, target: &str, description: String) -> Write {
    Write::Audit(with_caller(
        entry(caller.org, now, event, target, description),
        caller,
    ))
}

/// As [`by`], with the public id of what it happened to.
pub(crate) fn by_on(
    caller: &Caller,
    now: Timestamp,
    event: &str,
    (name, id): (&str, String),
    description: String,
) -> Write {
    let entry = AuditEvent {
        target_id: Some(id),
        ..entry(caller.org, now, event, name, description)
    };
    Write::Audit(with_caller(entry, caller))
}

/// An entry about something that followed by itself.
pub(crate) fn by_system(org: OrgId, now: Timestamp, event: &str, target: &str, description: String) -> Write {
    Write::Audit(entry(org, now, event, target, description))
}

/// An entry of the trail about signing in and tokens. Events begin with `login`, `logout`, `token` or
/// `failed`; `user_agent` is what the client calls itself, where that is known.
pub(crate) fn security(
    org: OrgId,
    now: Timestamp,
    event: &str,
    who: Option<&Person>,
    user_agent: Option<&str>,
    description: String,
) -> Write {
    let target = who.map_or("", |who| who.display_name.as_str());
    let mut entry = entry(org, now, event, target, description);
    entry.category = category(SECURITY_CATEGORIES, event);
    entry.security = true;
    entry.actor_user_agent = user_agent.map(ToOwned::to_owned);
    if let Some(who) = who {
        entry.actor_id = Some(who.id);
        entry.actor_name = who.display_name.clone();
        entry.actor_email = Some(who.email.clone());
    }
    Write::Audit(entry)
}

/// Most failures to sign in that are noted in a minute and organization: whoever guesses passwords must not fill
/// the disk, nor hide what happens in other organizations.
const FAILURES_A_MINUTE: u32 = 60;

/// The minute that is counted, and how many failures it had in each organization.
#[derive(Debug, Default)]
pub(crate) struct FailedLogins(Mutex<(i64, HashMap<OrgId, u32>)>);

impl FailedLogins {
    /// Counts one. Returns whether it is to be noted.
    fn count(&self, org: OrgId, now: Timestamp) -> bool {
        let minute = now.seconds() / 60;
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.0 != minute {
            *counted = (minute, HashMap::new());
        }
        let of_org = counted.1.entry(org).or_default();
        *of_org = of_org.saturating_add(1);
        *of_org <= FAILURES_A_MINUTE
    }
}

/// Which entries; every condition must hold.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub actor: Option<PersonId>,
    /// Any of these; none: all.
    pub categories: Vec<String>,
    pub after: Option<AuditPlace>,
    /// How many to pass over.
    pub offset: usize,
    pub max: usize,
}

/// Words of filters come as they stand in answers, too: `EventCategory.LOGINS`.
fn plain(category: &str) -> String {
    let word = category.rsplit('.').next().unwrap_or(category);
    word.trim().to_ascii_uppercase()
}

impl Platform {
    /// Entries of one trail, and where the next page begins.
    async fn audit_page(
        &self,
        caller: &Caller,
        security: bool,
        filter: &AuditFilter,
    ) -> Result<(Vec<AuditEvent>, Option<AuditPlace>)> {
        let query = |category: Option<String>, start, max| AuditQuery {
            org: caller.org,
            security,
            from: filter.from,
            until: filter.until,
            actor: filter.actor,
            category,
            after: filter.after.clone(),
            page: Page { start, max },
        };
        let mut wanted: Vec<String> = filter.categories.iter().map(|it| plain(it)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let ask = async |query| {
            let found = self.store.audit_entries(query).await;
            found.doing("reading the audit trail")
        };
        let most = filter.max.saturating_add(1);
        let mut found = match wanted.len() {
            0 => ask(query(None, filter.offset, most)).await?,
            1 => ask(query(wanted.pop(), filter.offset, most)).await?,
            _ => {
                // Each category has its own order in the index: they are read side by side and merged.
                let mut all = Vec::new();
                for category in wanted {
                    all.extend(ask(query(Some(category), 0, filter.offset.saturating_add(most))).await?);
                }
                all.sort_by(|(a, _), (b, _)| b.cmp(a));
                all.drain(..filter.offset.min(all.len()));
                all.truncate(most);
                all
            }
        };
        let more = found.len() > filter.max;
        found.truncate(filter.max);
        let next = found.last().filter(|_| more).map(|(place, _)| place.clone());
        Ok((found.into_iter().map(|(_, event)| event).collect(), next))
    }

    async fn audit_org_name(&self, caller: &Caller) -> Result<String> {
        Ok(self.organization(caller, caller.org).await?.display_name)
    }

    /// Entries of the administrative trail, newest first.
    ///
    /// # Errors
    /// Missing scope or role.
    pub async fn admin_audit(
        &self,
        caller: &Caller,
        filter: &AuditFilter,
    ) -> Result<(Vec<AdminEvent>, Option<AuditPlace>)> {
        caller.may_read_audit()?;
        let org_name = self.audit_org_name(caller).await?;
        let (found, next) = self.audit_page(caller, false, filter).await?;
        let homes = self.actor_org_names(&found).await?;
        let home = |it: &AuditEvent| it.actor_org_id.and_then(|org| homes.get(&org).cloned());
        let shown = found.into_iter().map(|it| AdminEvent {
            data: AdminEventData {
                actor_org_name: home(&it).unwrap_or_else(|| org_name.clone()),
                action_text: format!("{} {}", it.actor_name, it.description),
                actor_name: it.actor_name,
                actor_email: it.actor_email,
                actor_user_agent: it.actor_user_agent,
                actor_ip: it.actor_ip,
                // The contract knows these three words.
                admin_roles: vec![
                    if it.admin_roles.iter().any(|role| role == "id_full_admin") {
                        "id_full_admin"
                    } else {
                        "User"
                    }
                    .to_owned(),
                ],
                event_category: it.category,
                event_description: it.description,
                tracking_id: it.tracking_id,
                target_type: noun(&it.event).to_ascii_uppercase(),
                target_name: it.target,
                target_id: it.target_id,
                target_org_id: it.org_id,
                target_org_name: org_name.clone(),
            },
            id: it.id,
            created: it.created,
            actor_org_id: it.actor_org_id.unwrap_or(it.org_id),
            actor_id: it.actor_id,
        });
        Ok((shown.collect(), next))
    }

    /// The names of the organizations from which administrators of others came.
    async fn actor_org_names(&self, found: &[AuditEvent]) -> Result<HashMap<OrgId, String>> {
        let homes: HashSet<OrgId> = found.iter().filter_map(|it| it.actor_org_id).collect();
        let mut names = HashMap::new();
        for org in homes {
            let home = self.store.organization(org).await;
            let home = home.doing("reading an organization")?;
            names.insert(org, home.map_or_else(String::new, |home| home.display_name));
        }
        Ok(names)
    }

    /// Entries about signing in and tokens, newest first.
    ///
    /// # Errors
    /// Missing scope or role.
    pub async fn security_audit(
        &self,
        caller: &Caller,
        filter: &AuditFilter,
    ) -> Result<(Vec<SecurityEvent>, Option<AuditPlace>)> {
        caller.may_read_audit()?;
        let org_name = self.audit_org_name(caller).await?;
        let (found, next) = self.audit_page(caller, true, filter).await?;
        let shown = found.into_iter().map(|it| SecurityEvent {
            data: SecurityEventData {
                actor_org_name: org_name.clone(),
                action_text: format!("{} {}", it.actor_name, it.description),
                actor_name: it.actor_name,
                actor_email: it.actor_email,
                actor_user_agent: it.actor_user_agent,
                actor_ip: it.actor_ip,
                event_category: it.category,
                event_description: it.description,
                tracking_id: it.tracking_id,
            },
            id: it.id,
            created: it.created,
            actor_org_id: it.org_id,
            actor_id: it.actor_id,
        });
        Ok((shown.collect(), next))
    }

    /// The categories of the administrative trail.
    ///
    /// # Errors
    /// Missing scope or role.
    pub fn audit_categories(&self, caller: &Caller) -> Result<Vec<String>> {
        caller.may_read_audit()?;
        Ok(CATEGORIES.iter().map(|(name, _)| (*name).to_owned()).collect())
    }

    /// The administrative trail as it is kept, newest first.
    ///
    /// # Errors
    /// The caller is no administrator.
    pub async fn audit_trail(&self, caller: &Caller, filter: &AuditFilter) -> Result<Vec<AuditEvent>> {
        caller.require_reading_admin()?;
        Ok(self.audit_page(caller, false, filter).await?.0)
    }

    /// Notes that somebody could not sign in; beyond [`FAILURES_A_MINUTE`] only the log tells of it.
    pub(crate) async fn note_failed_login(
        &self,
        org: OrgId,
        who: Option<&Person>,
        description: String,
    ) -> Result<()> {
        let now = self.now();
        if !self.failed_logins.count(org, now) {
            tracing::warn!(%description, "a failed sign-in");
            return Ok(());
        }
        let entry = security(org, now, "failed.login", who, None, description);
        self.store
            .commit(vec![entry])
            .await
            .doing("noting a failed sign-in")
    }

    /// Forgets what is older than the audit trail is kept.
    pub(crate) async fn sweep_audit(&self, now: Timestamp) -> Result<()> {
        let kept = i64::try_from(self.config.audit_retention.as_millis()).unwrap_or(i64::MAX);
        if kept == 0 {
            return Ok(());
        }
        let before = Timestamp(now.millis().saturating_sub(kept).max(0));
        let writes = vec![Write::DeleteAuditBefore(before)];
        self.store.commit(writes).await.doing("tidying the audit trail")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_a_category() {
        assert_eq!(category(CATEGORIES, "device.registered"), "DEVICES");
        assert_eq!(category(CATEGORIES, "keys.rotated"), "ORG_SETTINGS");
        assert_eq!(category(CATEGORIES, "something.else"), "OTHERS");
        assert_eq!(category(SECURITY_CATEGORIES, "login.done"), "LOGINS");
        assert_eq!(plain("EventCategory.Logins"), "LOGINS");
    }

    #[test]
    fn guessing_does_not_fill_the_disk() {
        let failures = FailedLogins::default();
        let org = OrgId::random();
        let noted = (0..1000).filter(|_| failures.count(org, Timestamp(5))).count();
        assert_eq!(noted, 60);
        assert!(
            failures.count(OrgId::random(), Timestamp(5)),
            "another organization"
        );
        assert!(failures.count(org, Timestamp(60_000)));
    }
}
