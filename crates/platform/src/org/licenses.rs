//! Licenses as the REST API shows them, and `PATCH /licenses/users` (people-calling 3).

use hallway_wire::id::{LicenseId, LocationId, OrgId, license as public_id};
use hallway_wire::license as wire;

use super::assign::{Addition, Planned};
use super::{License, LicenseKind, Person};
use crate::audit;
use crate::caller::Caller;
use crate::calling::LineWish;
use crate::error::{CodedKind, Error, Result};
use crate::platform::Platform;
use crate::ports::{After, Find, Write};
use crate::records::{Document as _, Kept, Listed, put_new};

/// Units of each license that a new organization starts with.
const FIRST_UNITS: u64 = 100;
/// Most licenses or sites in one request.
const MAX_CHANGES: usize = 100;

/// What came of an assignment.
#[derive(Clone, Debug)]
pub struct AssignmentDone {
    pub now: wire::Assigned,
    /// Whether everything that was asked for is in force.
    pub whole: bool,
}

fn view(license: &License) -> wire::License {
    wire::License {
        id: public_id(license.org, license.id),
        name: license.name.clone(),
        total_units: license.total_units,
        consumed_units: license.consumed(),
        consumed_by_users: license.consumed_by_users,
        consumed_by_workspaces: license.consumed_by_workspaces,
        subscription_id: license.subscription.clone(),
        site_type: license
            .site_url
            .as_ref()
            .map(|_| "Control Hub managed site".to_owned()),
        site_url: license.site_url.clone(),
        users: None,
    }
}

/// The licenses that an organization starts with, as writes.
pub(super) fn first_licenses(org: OrgId, now: hallway_wire::Timestamp) -> Result<Vec<Write>> {
    let kinds = LicenseKind::ALL
        .into_iter()
        .filter(|&kind| kind != LicenseKind::ScreenShare);
    kinds
        .map(|kind| put_new(&License::new(org, kind, FIRST_UNITS, now)))
        .collect()
}

impl Platform {
    /// Gives organizations of before there were licenses the ones that a new organization starts with.
    pub(crate) async fn ensure_licenses(&self) -> Result<()> {
        for org in self.all_organizations().await? {
            let one = Find::new(License::KIND, org.id, License::ALL, "", 1);
            if self.list::<License>(one).await?.items.is_empty() {
                match self.commit(first_licenses(org.id, self.now())?).await {
                    // Another process was faster.
                    Err(Error::Conflict { .. } | Error::Stale) => {}
                    done => done?,
                }
            }
        }
        Ok(())
    }

    /// The licenses of the organization.
    ///
    /// # Errors
    /// Missing scope; no administrator.
    pub async fn licenses(&self, caller: &Caller) -> Result<Vec<wire::License>> {
        caller.may_read_licenses()?;
        let all = self.list_all::<License>(caller.org, License::ALL, "").await?;
        Ok(all.iter().map(|kept| view(&kept.doc)).collect())
    }

    /// One license.
    ///
    /// # Errors
    /// Missing scope; no administrator; unknown.
    pub async fn license(&self, caller: &Caller, id: LicenseId) -> Result<wire::License> {
        caller.may_read_licenses()?;
        Ok(view(&self.kept_license(caller.org, id).await?.doc))
    }

    /// One license with a page of those who hold it, and where the next page begins.
    ///
    /// # Errors
    /// Missing scope; no administrator; unknown.
    pub async fn license_with_holders(
        &self,
        caller: &Caller,
        id: LicenseId,
        max: usize,
        after: Option<After>,
    ) -> Result<(wire::License, Option<After>)> {
        let mut license = self.license(caller, id).await?;
        let holders = Find::new(
            Person::KIND,
            caller.org,
            Person::BY_LICENSE,
            id.uuid().to_string(),
            max,
        );
        let Listed { items, next } = self.list::<Person>(holders.after(after)).await?;
        let holder = |person: Kept<Person>| wire::Holder {
            id: person.id,
            kind: "INTERNAL".to_owned(),
            display_name: person.display_name.clone(),
            email: person.doc.email,
        };
        license.users = Some(items.into_iter().map(holder).collect());
        Ok((license, next))
    }

    async fn kept_license(&self, org: OrgId, id: LicenseId) -> Result<Kept<License>> {
        self.demand(org, &id.uuid().to_string()).await
    }

    /// Says how many units of a license there are: what was bought.
    ///
    /// # Errors
    /// No full administrator; unknown; more units are assigned.
    pub async fn set_license_units(
        &self,
        caller: &Caller,
        id: LicenseId,
        total: u64,
    ) -> Result<wire::License> {
        caller.require_full_admin()?;
        self.retrying(async || {
            let kept = self.kept_license(caller.org, id).await?;
            if total < kept.consumed() {
                return Err(Error::conflict(format!(
                    "{}: {} units are assigned; take some of them away first",
                    kept.name,
                    kept.consumed()
                )));
            }
            let changed = License {
                total_units: total,
                ..kept.doc.clone()
            };
            let description = format!("set the units of {} to {total}", kept.name);
            let entry = audit::by(caller, self.now(), "license.changed", &kept.name, description);
            self.commit(vec![kept.put(&changed)?, entry]).await?;
            Ok(view(&changed))
        })
        .await
    }

    /// Gives a person licenses and meeting sites, or takes them away. What can be done is done.
    ///
    /// # Errors
    /// Missing scope or role; nobody, or two people, are named; nothing of what was asked for can be done.
    pub async fn assign_licenses(
        &self,
        caller: &Caller,
        request: &wire::Assignment,
    ) -> Result<AssignmentDone> {
        caller.may_write_people()?;
        let done = self
            .retrying(async || self.try_assign(caller, request).await)
            .await?;
        self.forget_sessions_of(done.now.person_id);
        Ok(done)
    }

    async fn try_assign(&self, caller: &Caller, request: &wire::Assignment) -> Result<AssignmentDone> {
        caller.check_org(request.org_id)?;
        let kept = self.assignee(caller.org, request).await?;
        caller.may_change(&kept)?;
        let (licenses, sites) = (
            request.licenses.as_deref().unwrap_or_default(),
            request.site_urls.as_deref().unwrap_or_default(),
        );
        if licenses.is_empty() && sites.is_empty() {
            return Err(Error::invalid("licenses, siteUrls: one of them is needed"));
        }
        if licenses.len() > MAX_CHANGES || sites.len() > MAX_CHANGES {
            return Err(Error::invalid(format!(
                "licenses, siteUrls: at most {MAX_CHANGES} of each"
            )));
        }
        let (mut removed, mut added) = (Vec::new(), Vec::new());
        for (at, change) in licenses.iter().enumerate() {
            if is_removal(&format!("licenses[{at}]"), change.operation.as_deref())? {
                removed.push(change.id);
            } else {
                added.push(Addition {
                    license: change.id,
                    line: change.properties.as_ref().map(line_wish).transpose()?.flatten(),
                });
            }
        }
        if let Some(twice) = added.iter().find(|addition| removed.contains(&addition.license)) {
            return Err(Error::invalid(format!(
                "licenses: {} is to be added and removed at once",
                twice.license
            )));
        }
        let mut person = kept.doc.clone();
        let mut planned = self.plan_licenses(&mut person, &removed, &added).await?;
        change_sites(&mut person, sites, &mut planned);
        if planned.done == 0 {
            return Err(planned.into_error());
        }
        let whole = planned.refused.is_empty();
        if person != kept.doc || !planned.writes.is_empty() {
            person.last_modified = self.now();
            let mut writes = planned.writes;
            writes.push(kept.put(&person)?);
            writes.push(audit::by(
                caller,
                self.now(),
                "licenses.assigned",
                &person.display_name,
                format!("changed the licenses of {}", person.display_name),
            ));
            self.commit(writes).await?;
        }
        Ok(AssignmentDone {
            now: wire::Assigned {
                org_id: person.org,
                person_id: person.id,
                email: person.email.clone(),
                licenses: person
                    .licenses
                    .iter()
                    .map(|&id| public_id(person.org, id))
                    .collect(),
                site_urls: person.site_urls.iter().map(|site| site_view(site)).collect(),
                pending_licenses: Vec::new(),
                pending_site_urls: Vec::new(),
            },
            whole,
        })
    }

    /// Whom an assignment is about.
    async fn assignee(&self, org: OrgId, request: &wire::Assignment) -> Result<Kept<Person>> {
        let by_email =
            match request.email.as_deref().map(str::trim) {
                Some(email) if !email.is_empty() => {
                    let found = self.kept_person_of_email(org, email).await?;
                    Some(found.ok_or_else(|| {
                        Error::invalid(format!("email: nobody here has the address {email}"))
                    })?)
                }
                _ => None,
            };
        match (by_email, request.person_id) {
            (Some(person), Some(id)) if person.id != id => Err(Error::invalid(
                "email, personId: they name different people; one of them is enough",
            )),
            (Some(person), _) => Ok(person),
            (None, Some(id)) => self.kept_person(org, id).await,
            (None, None) => Err(Error::invalid("email, personId: one of them is needed")),
        }
    }
}

fn is_removal(whose: &str, operation: Option<&str>) -> Result<bool> {
    match operation.map(str::trim) {
        None | Some("") => Ok(false),
        Some(text) if text.eq_ignore_ascii_case("add") => Ok(false),
        Some(text) if text.eq_ignore_ascii_case("remove") => Ok(true),
        Some(text) => Err(Error::invalid(format!(
            "{whose}.operation: must be add or remove, not {text:?}"
        ))),
    }
}

/// The line that the properties of a calling license ask for; empty ones ask for none.
fn line_wish(properties: &wire::LicenseProperties) -> Result<Option<LineWish>> {
    let text = |text: &Option<String>| {
        let text = text.as_deref().map(str::trim).filter(|text| !text.is_empty());
        text.map(ToOwned::to_owned)
    };
    let (location, number, extension) = (
        text(&properties.location_id),
        text(&properties.phone_number),
        text(&properties.extension),
    );
    if location.is_none() && number.is_none() && extension.is_none() {
        return Ok(None);
    }
    Ok(Some(LineWish {
        location: location.map(|text| location_id(&text)).transpose()?,
        number,
        extension,
    }))
}

/// An id of a location in a body.
pub(super) fn location_id(text: &str) -> Result<LocationId> {
    text.parse()
        .map_err(|error| Error::coded(CodedKind::Invalid, 400, format!("locationId: {error}")))
}

fn change_sites(person: &mut Person, sites: &[wire::SiteChange], planned: &mut Planned) {
    for (at, site) in sites.iter().enumerate() {
        match site_change(at, site) {
            Ok((name, removal)) => {
                person.site_urls.retain(|held| *held != name);
                if !removal {
                    person.site_urls.push(name);
                }
                planned.done += 1;
            }
            Err(error) => planned.refused.push(error),
        }
    }
}

/// `site#attendee`, and whether it is to go.
fn site_change(at: usize, site: &wire::SiteChange) -> Result<(String, bool)> {
    let bad = |why: String| Error::coded(CodedKind::Invalid, 400_216, format!("siteUrls[{at}].{why}"));
    let url = site.site_url.trim().to_lowercase();
    let good = !url.is_empty()
        && url.len() <= 255
        && url.contains('.')
        && url
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
    if !good {
        return Err(bad(format!(
            "siteUrl: must be the host name of a site, not {:?}",
            site.site_url
        )));
    }
    match site.account_type.as_deref().map(str::trim) {
        Some(kind) if kind.eq_ignore_ascii_case("attendee") => {}
        None => {
            return Err(bad(
                "accountType: is missing; only attendee can be assigned".to_owned()
            ));
        }
        Some(kind) => {
            return Err(bad(format!(
                "accountType: only attendee can be assigned, not {kind:?}"
            )));
        }
    }
    let removal = is_removal(&format!("siteUrls[{at}]"), site.operation.as_deref())?;
    Ok((format!("{url}#attendee"), removal))
}

fn site_view(site: &str) -> wire::Site {
    let (url, kind) = site.split_once('#').unwrap_or((site, "host"));
    wire::Site {
        site_url: url.to_owned(),
        account_type: kind.to_owned(),
    }
}
