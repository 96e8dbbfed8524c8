//! Numbers of a location: added, activated, removed (people-calling 5.2 and 5.3). Each request is done as a
//! whole or not at all.

use std::collections::HashSet;

use hallway_wire::calling::{
    AddNumbers, ManageNumbers, NumberState, NumberStateAction, NumberType, NumberUsage, PstnConnectionType,
};
use hallway_wire::error::ErrorItem;
use hallway_wire::id::LocationId;

use super::{CallingSite, Number, normalize, toll_free};
use crate::audit;
use crate::caller::Caller;
use crate::error::{CodedKind, Error, Result};
use crate::place::Location;
use crate::platform::Platform;
use crate::records::{Kept, put_new};

/// Most numbers in one request.
pub(super) const MOST: usize = 1000;
/// Most mobile numbers that are added at once.
const MOST_MOBILE: usize = 20;
/// Most numbers that are deactivated at once.
const MOST_DEACTIVATED: usize = 500;

pub(super) mod code {
    //! Error numbers that clients know.
    pub(crate) const TWICE_IN_LIST: i64 = 8360;
    pub(crate) const UNAVAILABLE: i64 = 8361;
    pub(crate) const INVALID: i64 = 8362;
    pub(crate) const IN_USE: i64 = 8363;
    pub(crate) const ADD_REFUSED: i64 = 25_223;
    pub(crate) const UNKNOWN: i64 = 25_089;
    pub(crate) const MAIN: i64 = 10_030_005;
    pub(crate) const MISSING_MEMBER: i64 = 25_008;
}

/// A refusal that names each number that was bad.
fn refusal(kind: CodedKind, code: Option<i64>, what: &str, faults: Vec<(i64, String)>) -> Error {
    let message = match faults.as_slice() {
        [(_, one)] => one.clone(),
        many => format!("{what}: {} numbers are refused.", many.len()),
    };
    Error::Coded {
        kind,
        message,
        code,
        errors: faults
            .into_iter()
            .map(|(code, description)| ErrorItem {
                description,
                error_code: Some(code),
            })
            .collect(),
    }
}

/// Reads the numbers of a request.
fn read(location: &Location, texts: &[String]) -> Result<Vec<String>> {
    if texts.is_empty() {
        return Err(Error::coded(
            CodedKind::Invalid,
            code::MISSING_MEMBER,
            "phoneNumbers: is missing or empty",
        ));
    }
    if texts.len() > MOST {
        return Err(Error::invalid(format!(
            "phoneNumbers: at most {MOST} numbers, not {}",
            texts.len()
        )));
    }
    let (mut numbers, mut faults, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    for text in texts {
        match normalize(text, Some(&location.address.country)) {
            None => faults.push((code::INVALID, format!("DN is invalid : {text}"))),
            Some(number) if !seen.insert(number.clone()) => {
                faults.push((
                    code::TWICE_IN_LIST,
                    format!("Duplicate DN in the request : {number}"),
                ));
            }
            Some(number) => numbers.push(number),
        }
    }
    if faults.is_empty() {
        Ok(numbers)
    } else {
        Err(refusal(CodedKind::Invalid, None, "phoneNumbers", faults))
    }
}

/// Numbers can be managed where the telephone network is connected by hand.
fn check_pstn(location: &Location, site: &CallingSite, mobile: bool) -> Result<()> {
    let name = &location.name;
    match site.pstn {
        None => Err(Error::invalid(format!(
            "{name} has no PSTN connection yet: choose one before numbers are added"
        ))),
        Some(_) if mobile => Ok(()),
        Some(PstnConnectionType::LocalGateway | PstnConnectionType::NonIntegratedCcp) => Ok(()),
        Some(kind) => Err(Error::invalid(format!(
            "not supported for this PSTN connection type: {name} has {}, whose numbers come from its provider",
            kind.word()
        ))),
    }
}

impl Platform {
    /// Adds numbers to a location. Those that are there already, free, are passed over.
    ///
    /// # Errors
    /// Missing scope or role; unknown location; no or an integrated connection; bad numbers; numbers that are
    /// taken.
    pub async fn add_numbers(&self, caller: &Caller, id: LocationId, request: &AddNumbers) -> Result<()> {
        caller.may_write_calling()?;
        self.retrying(|| self.try_add_numbers(caller, id, request)).await
    }

    async fn try_add_numbers(&self, caller: &Caller, id: LocationId, request: &AddNumbers) -> Result<()> {
        let (location, site) = self.calling_location_of(caller, id).await?;
        let kind = request.number_type.unwrap_or(NumberType::Did);
        let mobile = kind == NumberType::Mobile;
        let numbers = read(&location, &request.phone_numbers)?;
        check_pstn(&location, &site, mobile)?;
        if mobile && numbers.len() > MOST_MOBILE {
            return Err(Error::invalid(format!(
                "phoneNumbers: at most {MOST_MOBILE} mobile numbers at once"
            )));
        }
        let now = self.now();
        let (mut writes, mut faults) = (Vec::new(), Vec::new());
        for number in numbers {
            match self.get_anywhere::<Number>(&number).await? {
                None => writes.push(put_new(&Number {
                    org: caller.org,
                    location: id,
                    extension: None,
                    // A toll-free number says so itself.
                    kind: if toll_free(&number) && !mobile {
                        NumberType::TollFree
                    } else {
                        kind
                    },
                    phone_number: Some(number),
                    state: request.state.unwrap_or(if mobile {
                        NumberState::Inactive
                    } else {
                        NumberState::Active
                    }),
                    usage: request.number_usage_type.unwrap_or(NumberUsage::None),
                    main: false,
                    owner: None,
                    line: None,
                    ring: None,
                    distinctive_ring: false,
                    added: now,
                    assigned: None,
                })?),
                Some(there) if there.org == caller.org && there.location == id && there.is_free() => {}
                Some(_) => faults.push((code::IN_USE, format!("[Error 8363] DN is in use : {number}"))),
            }
        }
        if !faults.is_empty() {
            let what = "Add numbers failed";
            return Err(refusal(
                CodedKind::Conflict,
                Some(code::ADD_REFUSED),
                what,
                faults,
            ));
        }
        if writes.is_empty() {
            return Ok(());
        }
        let added = writes.len();
        // The location stays as it was read: enabled, with the same connection.
        writes.push(site.demand());
        writes.push(audit::by(
            caller,
            now,
            "number.added",
            &location.name,
            format!("added {added} numbers to {}", location.name),
        ));
        self.commit(writes).await
    }

    /// The numbers of a request, as they are in a location.
    async fn own_numbers(
        &self,
        caller: &Caller,
        location: &Location,
        texts: &[String],
    ) -> Result<Vec<Kept<Number>>> {
        let (mut found, mut faults) = (Vec::new(), Vec::new());
        for number in read(location, texts)? {
            match self.get::<Number>(caller.org, &number).await? {
                Some(there) if there.location == location.id => found.push(there),
                _ => faults.push((
                    code::UNKNOWN,
                    format!("{number} is not a number of {}", location.name),
                )),
            }
        }
        if faults.is_empty() {
            Ok(found)
        } else {
            Err(refusal(CodedKind::Invalid, None, "phoneNumbers", faults))
        }
    }

    /// Activates or deactivates numbers.
    ///
    /// # Errors
    /// Missing scope or role; unknown location or number; numbers that cannot be deactivated.
    pub async fn manage_numbers(
        &self,
        caller: &Caller,
        id: LocationId,
        request: &ManageNumbers,
    ) -> Result<()> {
        caller.may_write_calling()?;
        self.retrying(|| self.try_manage_numbers(caller, id, request))
            .await
    }

    async fn try_manage_numbers(
        &self,
        caller: &Caller,
        id: LocationId,
        request: &ManageNumbers,
    ) -> Result<()> {
        let (location, _) = self.calling_location_of(caller, id).await?;
        let numbers = self
            .own_numbers(caller, &location, &request.phone_numbers)
            .await?;
        let action = request.action.unwrap_or(NumberStateAction::Activate);
        let state = match action {
            NumberStateAction::Activate => NumberState::Active,
            NumberStateAction::Deactivate => {
                if numbers.len() > MOST_DEACTIVATED {
                    return Err(Error::invalid(format!(
                        "phoneNumbers: at most {MOST_DEACTIVATED} numbers are deactivated at once"
                    )));
                }
                NumberState::Inactive
            }
        };
        if state == NumberState::Inactive {
            let mut faults = Vec::new();
            for number in &numbers {
                let name = number.doc.phone_number.clone().unwrap_or_default();
                if number.owner.is_some() {
                    faults.push((code::IN_USE, format!("{name} belongs to somebody")));
                } else if number.main {
                    faults.push((
                        code::MAIN,
                        format!("{name} is the main number of {}", location.name),
                    ));
                } else if number.kind == NumberType::Mobile {
                    faults.push((code::UNAVAILABLE, format!("{name} is a mobile number")));
                }
            }
            if !faults.is_empty() {
                return Err(refusal(CodedKind::Invalid, None, "phoneNumbers", faults));
            }
        }
        let mut writes = Vec::new();
        for number in numbers.iter().filter(|number| number.state != state) {
            writes.push(number.put(&Number {
                state,
                ..number.doc.clone()
            })?);
        }
        if writes.is_empty() {
            return Ok(());
        }
        let (event, verb) = match state {
            NumberState::Active => ("number.activated", "activated"),
            NumberState::Inactive => ("number.deactivated", "deactivated"),
        };
        writes.push(audit::by(
            caller,
            self.now(),
            event,
            &location.name,
            format!("{verb} {} numbers of {}", writes.len(), location.name),
        ));
        self.commit(writes).await
    }

    /// Removes numbers from a location.
    ///
    /// # Errors
    /// Missing scope or role; unknown location or number; the main number; numbers that belong to somebody.
    pub async fn remove_numbers(&self, caller: &Caller, id: LocationId, texts: &[String]) -> Result<()> {
        caller.may_write_calling()?;
        self.retrying(|| self.try_remove_numbers(caller, id, texts)).await
    }

    async fn try_remove_numbers(&self, caller: &Caller, id: LocationId, texts: &[String]) -> Result<()> {
        let (location, site) = self.calling_location_of(caller, id).await?;
        let numbers = self.own_numbers(caller, &location, texts).await?;
        let integrated = matches!(
            site.pstn,
            Some(PstnConnectionType::IntegratedCcp | PstnConnectionType::CiscoPstn)
        );
        if integrated {
            check_pstn(
                &location,
                &site,
                numbers.iter().all(|number| number.kind == NumberType::Mobile),
            )?;
        }
        let name = |number: &Kept<Number>| number.doc.phone_number.clone().unwrap_or_default();
        if let Some(main) = numbers.iter().find(|number| number.main) {
            return Err(Error::coded(
                CodedKind::Invalid,
                code::MAIN,
                format!(
                    "{} is the main number of {}: choose another main number first",
                    name(main),
                    location.name
                ),
            ));
        }
        let owned: Vec<_> = numbers
            .iter()
            .filter(|number| number.owner.is_some())
            .map(|number| {
                (
                    code::IN_USE,
                    format!("{} belongs to somebody: unassign it first", name(number)),
                )
            })
            .collect();
        if !owned.is_empty() {
            return Err(refusal(CodedKind::Conflict, None, "phoneNumbers", owned));
        }
        let mut writes: Vec<_> = numbers.iter().map(Kept::delete).collect();
        writes.push(audit::by(
            caller,
            self.now(),
            "number.removed",
            &location.name,
            format!("removed {} numbers from {}", numbers.len(), location.name),
        ));
        self.commit(writes).await
    }
}
