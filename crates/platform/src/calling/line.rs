//! The primary line of a person: planned as writes, so that whoever gives the license commits both together
//! (people-calling R2 to R5 and R11).

use hallway_wire::Timestamp;
use hallway_wire::calling::{NumberState, NumberType, OwnerType, PhoneNumberType};
use hallway_wire::id::{LocationId, OrgId, PersonId};

use super::validate::{EXTENSION_TAKEN, taken_by};
use super::{CallingSite, Extension, Number, Owner, e164, extension_id, normalize};
use crate::error::{CodedKind, Doing as _, Error, Result};
use crate::org::{Line, Person};
use crate::place::Location;
use crate::platform::Platform;
use crate::ports::Write;
use crate::records::{Document as _, Kept, put_new};

/// Numbers of the move of numbers between users, reused (people-calling 5.5).
pub(super) mod code {
    pub(crate) const UNKNOWN: i64 = 10_030_000;
    pub(crate) const ELSEWHERE: i64 = 10_030_001;
    pub(crate) const ASSIGNED: i64 = 10_030_003;
    /// The location is not there.
    pub(crate) const LOCATION: i64 = 400;
}

/// What the line of a person should be. Either number or extension must be there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineWish {
    /// Where; it follows from the number if there is one, and does not change for who has a line already.
    pub location: Option<LocationId>,
    /// In any form.
    pub number: Option<String>,
    /// Without the routing prefix.
    pub extension: Option<String>,
}

/// The writes that free a number and its extension.
async fn free(platform: &Platform, number: &Kept<Number>, writes: &mut Vec<Write>) -> Result<()> {
    if let Some(extension) = &number.extension {
        let id = extension_id(number.location, extension);
        if let Some(taken) = platform.get::<Extension>(number.org, &id).await? {
            writes.push(taken.delete());
        }
    }
    writes.push(if number.phone_number.is_some() {
        number.put(&number.freed())?
    } else {
        number.delete()
    });
    Ok(())
}

impl Owner {
    pub(super) fn of(person: &Person) -> Self {
        Self {
            kind: OwnerType::People,
            id: person.id.uuid(),
            first_name: Some(
                person
                    .first_name
                    .clone()
                    .unwrap_or_else(|| person.display_name.clone()),
            ),
            last_name: person.last_name.clone(),
        }
    }
}

impl Platform {
    /// Everything that a person has, the primary line first.
    pub(super) async fn lines_of(&self, org: OrgId, person: PersonId) -> Result<Vec<Kept<Number>>> {
        self.list_all(org, "owner", &person.uuid().to_string()).await
    }

    /// The writes that make this the primary line of a person, and the person as it is then.
    ///
    /// It is called inside [`retrying`](Platform::retrying): that a number was free when it was looked at is
    /// part of the commit.
    ///
    /// # Errors
    /// Neither number nor extension; a location that has no Webex Calling or is not the person's; a number
    /// that is unknown, elsewhere or somebody's; an extension that is taken.
    pub(crate) async fn plan_line(&self, person: &mut Person, wish: &LineWish) -> Result<Vec<Write>> {
        let text = |text: &Option<String>| {
            text.as_deref()
                .map(str::trim)
                .filter(|it| !it.is_empty())
                .map(str::to_owned)
        };
        let (number, extension) = (text(&wish.number), text(&wish.extension));
        if number.is_none() && extension.is_none() {
            return Err(Error::invalid(
                "phoneNumber, extension: a user of Webex Calling needs a number, an extension, or both",
            ));
        }
        let before = self.lines_of(person.org, person.id).await?;
        let primary = before.iter().find(|it| it.line == Some(PhoneNumberType::Primary));
        let (location, site) = self.line_location(person, wish, number.as_deref()).await?;
        let number = match &number {
            None => None,
            Some(number) => Some(self.line_number(person, &location, number).await?),
        };
        if let Some(extension) = &extension {
            self.line_extension(person, location.id, extension).await?;
        }

        let mut writes = vec![site.demand()];
        let now = self.now();
        let same = |number: &Kept<Number>| primary.is_some_and(|primary| primary.id() == number.id());
        let keep_number = number.as_ref().is_some_and(same);
        let distinctive_ring = primary.is_some_and(|it| it.distinctive_ring);
        // What it had goes first: what is freed here may be taken below.
        if let Some(primary) = primary {
            let keep_extension = primary.extension == extension && primary.location == location.id;
            if keep_extension && (keep_number || (number.is_none() && primary.phone_number.is_none())) {
                person.location = Some(location.id);
                person.line = Some(line_of(primary));
                return Ok(Vec::new());
            }
            if keep_number {
                self.drop_extension(primary, &mut writes).await?;
            } else {
                free(self, primary, &mut writes).await?;
            }
        }
        let line = |number: &Number| Number {
            extension: extension.clone(),
            owner: Some(Owner::of(person)),
            line: Some(PhoneNumberType::Primary),
            ring: None,
            distinctive_ring,
            assigned: Some(now),
            state: active_if_mobile(number),
            ..number.clone()
        };
        let held = match (&number, &extension) {
            (Some(number), _) => {
                let held = line(number);
                writes.push(number.put(&held)?);
                held
            }
            (None, extension) => {
                let extension = extension.as_deref().unwrap_or_default();
                let held = line(&Number::extension_only(person.org, location.id, extension, now));
                writes.push(put_new(&held)?);
                held
            }
        };
        if let Some(extension) = &extension {
            writes.push(take_extension(person, location.id, extension, &held)?);
        }
        person.location = Some(location.id);
        person.line = Some(Line {
            number: held.phone_number.clone(),
            extension: held.extension.clone(),
        });
        Ok(writes)
    }

    /// The writes that take the line and all alternate numbers from a person: numbers go back to the pool of
    /// their location, extensions are free, and the person has no location any more.
    pub(crate) async fn plan_no_line(&self, person: &mut Person) -> Result<Vec<Write>> {
        let mut writes = Vec::new();
        for number in self.lines_of(person.org, person.id).await? {
            free(self, &number, &mut writes).await?;
        }
        person.location = None;
        person.line = None;
        Ok(writes)
    }

    /// The writes that show a person's new name at its numbers.
    pub(crate) async fn plan_renamed_owner(&self, person: &Person) -> Result<Vec<Write>> {
        let owner = Some(Owner::of(person));
        let mut writes = Vec::new();
        for number in self.lines_of(person.org, person.id).await? {
            if number.owner != owner {
                writes.push(number.put(&Number {
                    owner: owner.clone(),
                    ..number.doc.clone()
                })?);
            }
        }
        Ok(writes)
    }

    /// Where the line is: the location does not change for who calls already (R4).
    async fn line_location(
        &self,
        person: &Person,
        wish: &LineWish,
        number: Option<&str>,
    ) -> Result<(Location, Kept<CallingSite>)> {
        let id = match (person.location, wish.location) {
            (Some(here), Some(there)) if here != there => {
                return Err(Error::invalid(
                    "locationId: the location of a user of Webex Calling cannot be changed; take the license \
                     away and give it again",
                ));
            }
            (Some(here), _) => here,
            (None, Some(there)) => there,
            (None, None) => {
                let found = match number.and_then(|text| normalize(text, Some("US"))) {
                    Some(number) => self.get::<Number>(person.org, &number).await?,
                    None => None,
                };
                found.map(|found| found.location).ok_or_else(|| {
                    Error::invalid("locationId: is missing, and the phone number does not tell a location")
                })?
            }
        };
        let location = self.store.location(id).await.doing("reading a location")?;
        let location = location.filter(|location| location.org == person.org);
        let unknown = |what: &str| Error::coded(CodedKind::Invalid, code::LOCATION, what);
        let location = location.ok_or_else(|| unknown("locationId: the location was not found"))?;
        let site = self.find_site(person.org, id).await?;
        let site = site.ok_or_else(|| unknown("locationId: the location does not have Webex Calling"))?;
        Ok((location, site))
    }

    /// A number that the person may have.
    pub(super) async fn line_number(
        &self,
        person: &Person,
        location: &Location,
        text: &str,
    ) -> Result<Kept<Number>> {
        let Some(number) = normalize(text, Some(&location.address.country)) else {
            return Err(Error::coded(
                CodedKind::Invalid,
                super::inventory::code::INVALID,
                format!("DN is invalid : {text}"),
            ));
        };
        let found = self.get::<Number>(person.org, &number).await?.ok_or_else(|| {
            Error::coded(
                CodedKind::Invalid,
                code::UNKNOWN,
                format!(
                    "{number} is not a number of the organization: add it to {} first",
                    location.name
                ),
            )
        })?;
        if found.location != location.id {
            return Err(Error::coded(
                CodedKind::Invalid,
                code::ELSEWHERE,
                format!("{number} is not a number of {}", location.name),
            ));
        }
        match &found.owner {
            Some(owner) if owner.id == person.id.uuid() => Ok(found),
            Some(_) => Err(Error::coded(
                CodedKind::Conflict,
                code::ASSIGNED,
                format!("{number} belongs to somebody else already"),
            )),
            None if found.main => Err(Error::coded(
                CodedKind::Conflict,
                super::inventory::code::MAIN,
                format!("{number} is the main number of {}", location.name),
            )),
            None => Ok(found),
        }
    }

    /// An extension that the person may have.
    pub(super) async fn line_extension(
        &self,
        person: &Person,
        location: LocationId,
        extension: &str,
    ) -> Result<()> {
        if !e164::good_extension(extension) {
            return Err(Error::coded(
                CodedKind::Invalid,
                25_110,
                format!("extension: must be 2 to 10 digits, not {extension:?}"),
            ));
        }
        let taken = self
            .get::<Extension>(person.org, &extension_id(location, extension))
            .await?;
        let Some(taken) = taken else { return Ok(()) };
        let holder = self.get::<Number>(person.org, &taken.number).await?;
        let own = holder.is_some_and(|it| {
            it.owner
                .as_ref()
                .is_some_and(|owner| owner.id == person.id.uuid())
        });
        if own {
            return Ok(());
        }
        Err(Error::coded(
            CodedKind::Invalid,
            EXTENSION_TAKEN,
            taken_by(&taken.owner),
        ))
    }

    pub(super) async fn drop_extension(&self, number: &Number, writes: &mut Vec<Write>) -> Result<()> {
        if let Some(extension) = &number.extension {
            let id = extension_id(number.location, extension);
            if let Some(taken) = self.get::<Extension>(number.org, &id).await? {
                writes.push(taken.delete());
            }
        }
        Ok(())
    }

    /// The writes that take a number from its owner.
    pub(super) async fn plan_free(&self, number: &Kept<Number>) -> Result<Vec<Write>> {
        let mut writes = Vec::new();
        free(self, number, &mut writes).await?;
        Ok(writes)
    }
}

fn line_of(number: &Number) -> Line {
    Line {
        number: number.phone_number.clone(),
        extension: number.extension.clone(),
    }
}

/// A mobile number works from the moment it belongs to somebody; others keep their state.
pub(super) fn active_if_mobile(number: &Number) -> NumberState {
    if number.kind == NumberType::Mobile {
        NumberState::Active
    } else {
        number.state
    }
}

/// The write that takes an extension; it fails as stale if somebody was faster.
pub(super) fn take_extension(
    person: &Person,
    location: LocationId,
    extension: &str,
    holder: &Number,
) -> Result<Write> {
    put_new(&Extension {
        org: person.org,
        location,
        extension: extension.to_owned(),
        number: holder.id(),
        owner: person.display_name.clone(),
    })
}

/// The moment of an assignment that sorts behind all earlier ones.
pub(super) fn behind(numbers: &[Kept<Number>], now: Timestamp) -> Timestamp {
    let last = numbers.iter().filter_map(|number| number.assigned).max();
    last.map_or(now, |last| now.max(last.plus_millis(1)))
}
