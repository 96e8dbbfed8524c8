//! Giving licenses to a person and taking them away: planned as writes, so that units, line and person change
//! in one commit (people-calling 3).
//!
//! A unit is counted in the license's record, which is replaced only by who read its newest revision: of many
//! who want the last unit, one gets it.

use std::collections::BTreeMap;

use hallway_wire::error::ErrorItem;
use hallway_wire::id::LicenseId;

use super::{License, LicenseKind, Person};
use crate::calling::LineWish;
use crate::error::{CodedKind, Error, Result};
use crate::platform::Platform;
use crate::ports::Write;
use crate::records::Kept;

/// Numbers of the documented refusals (people-calling 3).
mod code {
    pub(super) const UNKNOWN: i64 = 400_000;
    pub(super) const DOWNGRADE: i64 = 400_112;
    pub(super) const BOTH_CALLING: i64 = 400_404;
    pub(super) const BASIC_WITH_CONSOLE: i64 = 400_406;
    pub(super) const BASIC_WITH_EXPERIENCE: i64 = 400_407;
    pub(super) const CONSOLE_NEEDS_PROFESSIONAL: i64 = 400_408;
    pub(super) const EXPERIENCE_TO_BASIC: i64 = 400_410;
    pub(super) const NO_PROPERTIES: i64 = 400_411;
    pub(super) const EXCLUSIVE: i64 = 400_413;
    pub(super) const IMPLICIT: i64 = 700_006;
}

/// A license that somebody is to have.
#[derive(Clone, Debug)]
pub(super) struct Addition {
    pub(super) license: LicenseId,
    /// The line that comes with a calling license.
    pub(super) line: Option<LineWish>,
}

/// What came of a plan. The person has been changed; these writes belong into the commit that stores it.
#[derive(Debug, Default)]
pub(super) struct Planned {
    pub(super) writes: Vec<Write>,
    /// How many of the wanted changes are in force now, whether they were before or not.
    pub(super) done: usize,
    /// Why the others are not.
    pub(super) refused: Vec<Error>,
    /// Which of the refusals is about the line rather than the license.
    pub(super) bad_line: Option<usize>,
}

impl Planned {
    /// The refusals as one error: the only one as it is.
    pub(super) fn into_error(mut self) -> Error {
        if self.refused.len() == 1 {
            return self.refused.remove(0);
        }
        let errors: Vec<ErrorItem> = self
            .refused
            .into_iter()
            .flat_map(|error| match error {
                Error::Coded { errors, .. } | Error::Invalid { errors, .. } => errors,
                other => vec![ErrorItem {
                    description: other.to_string(),
                    error_code: None,
                }],
            })
            .collect();
        Error::Invalid {
            message: "License assignment failed".to_owned(),
            errors,
        }
    }
}

/// Whether an error says no to one license, rather than that nothing can be said.
fn is_refusal(error: &Error) -> bool {
    matches!(
        error,
        Error::Invalid { .. }
            | Error::Coded { .. }
            | Error::Conflict { .. }
            | Error::NotFound { .. }
            | Error::Missing { .. }
    )
}

fn refusal(code: i64, message: impl Into<String>) -> Error {
    Error::coded(CodedKind::Invalid, code, message)
}

/// The licenses of an organization while one person's are changed.
struct Stock(BTreeMap<LicenseId, (Kept<License>, License)>);

impl Stock {
    fn get(&self, id: LicenseId) -> Option<&License> {
        self.0.get(&id).map(|(_, now)| now)
    }

    fn take(&mut self, id: LicenseId) -> Result<()> {
        if let Some((_, now)) = self.0.get_mut(&id) {
            *now = now.taken_by_user()?;
        }
        Ok(())
    }

    fn give_back(&mut self, id: LicenseId) {
        if let Some((_, now)) = self.0.get_mut(&id) {
            *now = now.given_back_by_user();
        }
    }

    fn kinds_of(&self, person: &Person) -> Vec<LicenseKind> {
        let held = person.licenses.iter().filter_map(|&id| self.get(id));
        held.map(|license| license.kind).collect()
    }

    /// The license of a kind that the person holds.
    fn held(&self, person: &Person, kind: LicenseKind) -> Option<LicenseId> {
        let mut held = person.licenses.iter().copied();
        held.find(|&id| self.get(id).is_some_and(|license| license.kind == kind))
    }

    fn is_calling_user(&self, person: &Person) -> bool {
        let mut held = person.licenses.iter();
        held.any(|&id| self.get(id).is_some_and(License::is_calling))
    }

    fn writes(&self) -> Result<Vec<Write>> {
        let changed = self.0.values().filter(|(kept, now)| kept.doc != *now);
        changed.map(|(kept, now)| kept.put(now)).collect()
    }
}

impl Platform {
    async fn stock(&self, org: hallway_wire::id::OrgId) -> Result<Stock> {
        let all = self.list_all::<License>(org, License::ALL, "").await?;
        let entry = |kept: Kept<License>| (kept.id, (kept.clone(), kept.doc));
        Ok(Stock(all.into_iter().map(entry).collect()))
    }

    /// Takes licenses from a person and gives it others. Each one that cannot be given is a refusal; the rest
    /// is done. A person without a calling license has no line afterwards.
    pub(super) async fn plan_licenses(
        &self,
        person: &mut Person,
        removed: &[LicenseId],
        added: &[Addition],
    ) -> Result<Planned> {
        let mut stock = self.stock(person.org).await?;
        let mut planned = Planned::default();
        let before = stock.kinds_of(person);
        let was_calling = stock.is_calling_user(person);
        for &id in removed {
            match stock.get(id) {
                None => planned.refused.push(unknown(id)),
                Some(license) if license.kind == LicenseKind::ScreenShare => {
                    planned.refused.push(implicit());
                }
                Some(_) => {
                    if person.licenses.contains(&id) {
                        person.licenses.retain(|&held| held != id);
                        stock.give_back(id);
                    }
                    planned.done += 1;
                }
            }
        }
        let wanted: Vec<LicenseKind> = added
            .iter()
            .filter_map(|addition| stock.get(addition.license).map(|license| license.kind))
            .collect();
        for addition in added {
            // What is refused leaves no trace.
            let unchanged = person.clone();
            let mut about_line = false;
            match self
                .plan_license(&mut stock, person, &before, &wanted, addition, &mut about_line)
                .await
            {
                Ok(writes) => {
                    planned.writes.extend(writes);
                    planned.done += 1;
                }
                Err(error) if is_refusal(&error) => {
                    *person = unchanged;
                    if about_line {
                        planned.bad_line = Some(planned.refused.len());
                    }
                    planned.refused.push(error);
                }
                Err(error) => return Err(error),
            }
        }
        if was_calling && !stock.is_calling_user(person) {
            planned.writes.extend(self.plan_no_line(person).await?);
        }
        planned.writes.extend(stock.writes()?);
        Ok(planned)
    }

    async fn plan_license(
        &self,
        stock: &mut Stock,
        person: &mut Person,
        before: &[LicenseKind],
        wanted: &[LicenseKind],
        addition: &Addition,
        about_line: &mut bool,
    ) -> Result<Vec<Write>> {
        let id = addition.license;
        let license = stock.get(id).cloned().ok_or_else(|| unknown(id))?;
        check_company(license.kind, &stock.kinds_of(person), before, wanted)?;
        let held = person.licenses.contains(&id);
        if !held {
            license.taken_by_user()?;
        }
        let mut writes = Vec::new();
        if license.is_calling() {
            *about_line = true;
            match &addition.line {
                Some(wish) => writes.extend(self.plan_line(person, wish).await?),
                None if person.line.is_some() => {}
                None => {
                    return Err(refusal(
                        code::NO_PROPERTIES,
                        format!(
                            "{}: a calling license needs a phone number or an extension, and a location",
                            license.name
                        ),
                    ));
                }
            }
        }
        if !held {
            stock.take(id)?;
            // Professional takes the place of Basic.
            if license.kind == LicenseKind::CallingProfessional
                && let Some(basic) = stock.held(person, LicenseKind::CallingBasic)
            {
                person.licenses.retain(|&held| held != basic);
                stock.give_back(basic);
            }
            person.licenses.push(id);
        }
        Ok(writes)
    }
}

fn unknown(id: LicenseId) -> Error {
    refusal(
        code::UNKNOWN,
        format!("The organization has no license with the id {id}."),
    )
}

fn implicit() -> Error {
    refusal(
        code::IMPLICIT,
        "Basic Screen Share comes with the account: it is neither assigned nor removed.",
    )
}

/// Which licenses do not go together.
fn check_company(
    kind: LicenseKind,
    held: &[LicenseKind],
    before: &[LicenseKind],
    wanted: &[LicenseKind],
) -> Result<()> {
    use LicenseKind as Kind;
    let has = |other: Kind| held.contains(&other) || wanted.contains(&other);
    let no = |code: i64, why: &str| Err(refusal(code, format!("{}: {why}", kind.display_name())));
    if held.contains(&kind) {
        return Ok(());
    }
    match kind {
        Kind::ScreenShare => Err(implicit()),
        Kind::CallingWorkspaces => Err(Error::invalid(format!(
            "{}: this license is for workspaces, not for people",
            kind.display_name()
        ))),
        Kind::CallingProfessional | Kind::CallingBasic
            if wanted.contains(&Kind::CallingProfessional) && wanted.contains(&Kind::CallingBasic) =>
        {
            no(code::BOTH_CALLING, "Professional and Basic do not go together")
        }
        Kind::CallingBasic if before.contains(&Kind::CallingProfessional) => no(
            code::DOWNGRADE,
            "a user with Professional cannot be moved to Basic; take the license away first",
        ),
        Kind::CallingBasic if before.contains(&Kind::CustomerExperience) => no(
            code::EXPERIENCE_TO_BASIC,
            "a user of Customer Experience cannot have Basic",
        ),
        Kind::CallingBasic if has(Kind::CustomerExperience) => no(
            code::BASIC_WITH_EXPERIENCE,
            "Basic and Customer Experience do not go together",
        ),
        Kind::CallingBasic if has(Kind::AttendantConsole) => no(
            code::BASIC_WITH_CONSOLE,
            "Basic and Attendant Console do not go together",
        ),
        Kind::CustomerExperience if has(Kind::CallingBasic) && !has(Kind::CallingProfessional) => no(
            code::BASIC_WITH_EXPERIENCE,
            "Basic and Customer Experience do not go together",
        ),
        Kind::AttendantConsole if has(Kind::CallingBasic) && !has(Kind::CallingProfessional) => no(
            code::BASIC_WITH_CONSOLE,
            "Basic and Attendant Console do not go together",
        ),
        Kind::AttendantConsole if !has(Kind::CallingProfessional) => no(
            code::CONSOLE_NEEDS_PROFESSIONAL,
            "Attendant Console needs Webex Calling - Professional",
        ),
        Kind::UnifiedCommunicationManager if has(Kind::CallingProfessional) || has(Kind::CallingBasic) => no(
            code::EXCLUSIVE,
            "Unified Communication Manager and Webex Calling do not go together",
        ),
        Kind::CallingProfessional | Kind::CallingBasic if has(Kind::UnifiedCommunicationManager) => no(
            code::EXCLUSIVE,
            "Unified Communication Manager and Webex Calling do not go together",
        ),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The code of the refusal, 0 for one without a code.
    fn refused(kind: LicenseKind, held: &[LicenseKind], wanted: &[LicenseKind]) -> Option<i64> {
        match check_company(kind, held, held, wanted) {
            Ok(()) => None,
            Err(Error::Coded { errors, .. }) => errors[0].error_code,
            Err(_) => Some(0),
        }
    }

    #[test]
    fn who_goes_with_whom() {
        use LicenseKind as Kind;
        let (professional, basic) = (Kind::CallingProfessional, Kind::CallingBasic);
        let (console, experience) = (Kind::AttendantConsole, Kind::CustomerExperience);
        assert_eq!(refused(professional, &[], &[professional]), None);
        assert_eq!(refused(basic, &[], &[professional, basic]), Some(400_404));
        assert_eq!(refused(basic, &[professional], &[basic]), Some(400_112));
        assert_eq!(refused(professional, &[basic], &[professional]), None);
        assert_eq!(refused(basic, &[experience], &[basic]), Some(400_410));
        assert_eq!(refused(experience, &[basic], &[experience]), Some(400_407));
        assert_eq!(refused(console, &[basic], &[console]), Some(400_406));
        assert_eq!(refused(console, &[], &[console]), Some(400_408));
        assert_eq!(refused(console, &[], &[console, professional]), None);
        let ucm = Kind::UnifiedCommunicationManager;
        assert_eq!(refused(ucm, &[professional], &[ucm]), Some(400_413));
        assert_eq!(refused(Kind::ScreenShare, &[], &[]), Some(700_006));
        assert_eq!(refused(Kind::CallingWorkspaces, &[], &[]), Some(0));
    }
}
