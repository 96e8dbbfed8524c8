//! A person's numbers: the primary one is shown, alternate ones are added and taken away (people-calling 5.5).

use hallway_wire::calling::{
    AvailableNumber, NumberAction, PersonNumber, PersonNumberChange, PersonNumbers, PersonNumbersUpdate,
    PhoneNumberType, RingPattern,
};
use hallway_wire::id::PersonId;

use super::line::{active_if_mobile, behind, code, take_extension};
use super::{Number, NumberQuery, Owner, normalize};
use crate::audit;
use crate::caller::Caller;
use crate::error::{CodedKind, Doing as _, Error, Result};
use crate::org::Person;
use crate::place::Location;
use crate::platform::Platform;
use crate::ports::After;
use crate::records::Kept;

/// Most alternate numbers of a person.
const MOST_ALTERNATES: usize = 10;

impl Platform {
    /// The numbers of a person, the primary one first. Who has none, because he does not call, has an empty
    /// list.
    ///
    /// # Errors
    /// Missing scope or role; unknown.
    pub async fn person_numbers(&self, caller: &Caller, id: PersonId) -> Result<PersonNumbers> {
        caller.may_read_person_numbers()?;
        let person = self.person(caller, id).await?;
        let numbers = self.lines_of(person.org, id).await?;
        let site = match person.location {
            Some(location) => self.find_site(person.org, location).await?,
            None => None,
        };
        let view = |number: &Number| {
            let primary = number.line == Some(PhoneNumberType::Primary);
            PersonNumber {
                primary,
                direct_number: number.phone_number.clone(),
                extension: number.extension.clone(),
                routing_prefix: number
                    .extension
                    .as_ref()
                    .and_then(|_| site.as_ref().and_then(|site| site.routing_prefix.clone())),
                esn: number
                    .extension
                    .as_ref()
                    .and_then(|extension| site.as_ref().map(|site| site.esn(extension))),
                ring_pattern: (!primary).then(|| number.ring.unwrap_or(RingPattern::Normal)),
            }
        };
        Ok(PersonNumbers {
            distinctive_ring_enabled: numbers.iter().any(|number| number.distinctive_ring),
            phone_numbers: numbers.iter().map(|number| view(number)).collect(),
        })
    }

    /// The calling services that are switched on for a person. Hallway has none beyond lines.
    ///
    /// # Errors
    /// Missing scope or role; unknown; no user of Webex Calling.
    pub async fn person_services(&self, caller: &Caller, id: PersonId) -> Result<Vec<String>> {
        caller.may_read_person_numbers()?;
        let person = self.person(caller, id).await?;
        if person.line.is_none() {
            return Err(no_caller(&person, CodedKind::NotFound));
        }
        Ok(Vec::new())
    }

    /// Numbers that a person could get as alternate ones: those of the own location.
    ///
    /// # Errors
    /// Missing scope or role; unknown; no user of Webex Calling.
    pub async fn available_alternates(
        &self,
        caller: &Caller,
        id: PersonId,
        query: NumberQuery,
        after: Option<After>,
        max: usize,
    ) -> Result<(Vec<AvailableNumber>, Option<After>)> {
        caller.may_read_calling()?;
        let person = self.person(caller, id).await?;
        let Some(location) = person.location else {
            return Err(no_caller(&person, CodedKind::Invalid));
        };
        let here = NumberQuery {
            location: Some(location),
            ..query
        };
        self.available_numbers(caller, &here, false, after, max).await
    }

    /// Adds alternate numbers to a person and takes them away: all of them, or none.
    ///
    /// # Errors
    /// Missing scope or role; unknown; no user of Webex Calling; the primary number; numbers that are unknown,
    /// elsewhere or taken; too many.
    pub async fn change_person_numbers(
        &self,
        caller: &Caller,
        id: PersonId,
        request: &PersonNumbersUpdate,
    ) -> Result<()> {
        caller.may_write_calling()?;
        if request.phone_numbers.is_empty() && request.enable_distinctive_ring_pattern.is_none() {
            return Err(Error::coded(
                CodedKind::Invalid,
                super::inventory::code::MISSING_MEMBER,
                "phoneNumbers: is missing or empty",
            ));
        }
        if request.phone_numbers.len() > 2 * MOST_ALTERNATES {
            return Err(Error::invalid(format!(
                "phoneNumbers: at most {} changes at once",
                2 * MOST_ALTERNATES
            )));
        }
        self.retrying(|| self.try_change_person_numbers(caller, id, request))
            .await
    }

    async fn try_change_person_numbers(
        &self,
        caller: &Caller,
        id: PersonId,
        request: &PersonNumbersUpdate,
    ) -> Result<()> {
        let person = self.person(caller, id).await?;
        let (Some(place), Some(_)) = (person.location, &person.line) else {
            return Err(no_caller(&person, CodedKind::Invalid));
        };
        let location = self.store.location(place).await.doing("reading a location")?;
        let location = location.ok_or(Error::NotFound { what: "location" })?;
        let numbers = self.lines_of(person.org, id).await?;
        let (mut deleted, mut added, mut writes) = (Vec::new(), Vec::new(), Vec::new());
        for (at, change) in request.phone_numbers.iter().enumerate() {
            if change.primary == Some(true) {
                return Err(Error::invalid(format!(
                    "phoneNumbers[{at}].primary: the primary number is changed by PUT /people/{{personId}}"
                )));
            }
            match change.action {
                None => return Err(Error::invalid(format!("phoneNumbers[{at}].action: is missing"))),
                Some(NumberAction::Delete) => {
                    let number = owned(&numbers, &location, change, at)?;
                    writes.append(&mut self.plan_free(number).await?);
                    deleted.push(number.doc.phone_number.clone());
                }
                Some(NumberAction::Add) => added.push((at, change)),
            }
        }
        let left = numbers.len().saturating_sub(1 + deleted.len());
        if left + added.len() > MOST_ALTERNATES {
            return Err(Error::invalid(format!(
                "phoneNumbers: a person has at most {MOST_ALTERNATES} alternate numbers"
            )));
        }
        let mut assigned = behind(&numbers, self.now());
        for (at, change) in added {
            let Some(text) = change
                .direct_number
                .as_deref()
                .filter(|text| !text.trim().is_empty())
            else {
                return Err(Error::invalid(format!(
                    "phoneNumbers[{at}].directNumber: is missing"
                )));
            };
            let number = self.line_number(&person, &location, text).await?;
            if number.owner.is_some() {
                return Err(Error::coded(
                    CodedKind::Conflict,
                    code::ASSIGNED,
                    format!("{} has {text} already", person.display_name),
                ));
            }
            let extension = change
                .extension
                .as_deref()
                .map(str::trim)
                .filter(|it| !it.is_empty());
            let held = Number {
                extension: extension.map(ToOwned::to_owned),
                owner: Some(Owner::of(&person)),
                line: Some(PhoneNumberType::Alternate),
                ring: Some(change.ring_pattern.unwrap_or(RingPattern::Normal)),
                assigned: Some(assigned),
                state: active_if_mobile(&number),
                ..number.doc.clone()
            };
            if let Some(extension) = extension {
                self.line_extension(&person, place, extension).await?;
                writes.push(take_extension(&person, place, extension, &held)?);
            }
            writes.push(number.put(&held)?);
            assigned = assigned.plus_millis(1);
        }
        if let Some(distinctive_ring) = request.enable_distinctive_ring_pattern
            && let Some(primary) = numbers.first()
            && primary.distinctive_ring != distinctive_ring
        {
            writes.push(primary.put(&Number {
                distinctive_ring,
                ..primary.doc.clone()
            })?);
        }
        if writes.is_empty() {
            return Ok(());
        }
        writes.push(audit::by(
            caller,
            self.now(),
            "person.numbersChanged",
            &person.display_name,
            format!("changed the phone numbers of {}", person.display_name),
        ));
        self.commit(writes).await
    }
}

fn no_caller(person: &Person, kind: CodedKind) -> Error {
    Error::coded(
        kind,
        4008,
        format!("{} is not a user of Webex Calling", person.display_name),
    )
}

/// The alternate number that a change takes away.
fn owned<'n>(
    numbers: &'n [Kept<Number>],
    location: &Location,
    change: &PersonNumberChange,
    at: usize,
) -> Result<&'n Kept<Number>> {
    let text = change.direct_number.as_deref().unwrap_or_default();
    let number = normalize(text, Some(&location.address.country));
    let found = numbers
        .iter()
        .find(|it| it.phone_number.is_some() && it.phone_number == number);
    match found {
        None => Err(Error::coded(
            CodedKind::NotFound,
            code::UNKNOWN,
            format!("phoneNumbers[{at}].directNumber: {text:?} is not a number of this person"),
        )),
        Some(primary) if primary.line == Some(PhoneNumberType::Primary) => Err(Error::invalid(format!(
            "phoneNumbers[{at}].directNumber: {text} is the primary number; it is changed by PUT /people/{{personId}}"
        ))),
        Some(alternate) => Ok(alternate),
    }
}
