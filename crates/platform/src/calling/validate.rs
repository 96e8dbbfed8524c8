//! Whether numbers and extensions would be good (people-calling 5.4).

use std::collections::HashSet;

use hallway_wire::calling::{
    ExtensionVerdict, NumberVerdict, ValidatedExtension, ValidatedExtensions, ValidatedNumber,
    ValidatedNumbers, Verdict,
};
use hallway_wire::id::LocationId;

use super::inventory::{MOST, code};
use super::{Extension, Number, e164, extension_id, normalize, toll_free};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::platform::Platform;

/// The number of "this extension is taken".
pub(super) const EXTENSION_TAKEN: i64 = 4202;
/// The number of "this is no extension".
const EXTENSION_LENGTH: i64 = 25_110;

fn check_length(member: &str, length: usize) -> Result<()> {
    if length == 0 {
        return Err(Error::invalid(format!("{member}: is missing or empty")));
    }
    if length > MOST {
        return Err(Error::invalid(format!("{member}: at most {MOST}, not {length}")));
    }
    Ok(())
}

impl Platform {
    /// Says of each number whether it could be added.
    ///
    /// # Errors
    /// Missing scope or role; an empty or too long list.
    pub async fn validate_numbers(&self, caller: &Caller, texts: &[String]) -> Result<ValidatedNumbers> {
        caller.may_validate_calling()?;
        check_length("phoneNumbers", texts.len())?;
        let mut seen = HashSet::new();
        let mut numbers = Vec::with_capacity(texts.len());
        for text in texts {
            let number = normalize(text, None);
            let shown = number.clone().unwrap_or_else(|| text.clone());
            let (state, detail) = match &number {
                None => (
                    NumberVerdict::Invalid,
                    Some(format!("[Error {}] DN is invalid : {text}", code::INVALID)),
                ),
                Some(number) if !seen.insert(number.clone()) => (
                    NumberVerdict::DuplicateInList,
                    Some(format!(
                        "[Error {}] Duplicate DN in the request : {number}",
                        code::TWICE_IN_LIST
                    )),
                ),
                Some(number) => match self.get_anywhere::<Number>(number).await? {
                    None => (NumberVerdict::Available, None),
                    Some(there) if there.org == caller.org => (
                        NumberVerdict::Duplicate,
                        Some(format!("[Error {}] DN is in use : {number}", code::IN_USE)),
                    ),
                    // Another organization has it; which one is not told.
                    Some(_) => (
                        NumberVerdict::Unavailable,
                        Some(format!(
                            "[Error {}] DN is unavailable : {number}",
                            code::UNAVAILABLE
                        )),
                    ),
                },
            };
            numbers.push(ValidatedNumber {
                toll_free_number: toll_free(&shown),
                number: shown.clone(),
                phone_number: shown,
                state,
                detail: detail.into_iter().collect(),
            });
        }
        let good = numbers.iter().all(|it| it.state == NumberVerdict::Available);
        Ok(ValidatedNumbers {
            status: if good { Verdict::Ok } else { Verdict::Errors },
            phone_numbers: numbers.clone(),
            numbers,
        })
    }

    /// Says of each extension whether it could be given to somebody: in a location, or only as far as the
    /// whole organization is concerned, where what people hold does not count.
    ///
    /// # Errors
    /// Missing scope or role; unknown location; an empty or too long list.
    pub async fn validate_extensions(
        &self,
        caller: &Caller,
        location: Option<LocationId>,
        texts: &[String],
    ) -> Result<ValidatedExtensions> {
        caller.may_validate_calling()?;
        if let Some(location) = location {
            self.calling_location_of(caller, location).await?;
        }
        check_length("extensions", texts.len())?;
        let mut seen = HashSet::new();
        let mut verdicts = Vec::with_capacity(texts.len());
        for text in texts {
            let extension = text.trim();
            let valid = || (ExtensionVerdict::Valid, None, None);
            let (state, error_code, message) = if !e164::good_extension(extension) {
                let message = format!("An extension has 2 to 10 digits, not {extension:?}");
                (ExtensionVerdict::Invalid, Some(EXTENSION_LENGTH), Some(message))
            } else if !seen.insert(extension.to_owned()) {
                let message = format!("The extension {extension} is in the request twice");
                (
                    ExtensionVerdict::DuplicateInList,
                    Some(EXTENSION_TAKEN),
                    Some(message),
                )
            } else if let Some(location) = location {
                match self
                    .get::<Extension>(caller.org, &extension_id(location, extension))
                    .await?
                {
                    None => valid(),
                    Some(taken) => (
                        ExtensionVerdict::Duplicate,
                        Some(EXTENSION_TAKEN),
                        Some(taken_by(&taken.owner)),
                    ),
                }
            } else {
                valid()
            };
            verdicts.push(ValidatedExtension {
                extension: extension.to_owned(),
                state,
                error_code,
                message,
            });
        }
        let good = verdicts.iter().all(|it| it.state == ExtensionVerdict::Valid);
        Ok(ValidatedExtensions {
            status: if good { Verdict::Ok } else { Verdict::Errors },
            extension_status: verdicts,
        })
    }
}

/// The sentence about an extension that somebody has.
pub(super) fn taken_by(owner: &str) -> String {
    format!("The extension is not available. It is already assigned to a user : {owner}")
}
