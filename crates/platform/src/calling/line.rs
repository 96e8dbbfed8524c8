//! The primary line of a calling user (people-calling R2 to R5).

use hallway_wire::id::LocationId;

use crate::error::{Doing as _, Error, Result};
use crate::org::{Line, Person};
use crate::platform::Platform;
use crate::ports::Write;

/// The line that somebody is to have: exactly this, whatever the line was before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineWish {
    /// `None`: where the person's calls come from already.
    pub location: Option<LocationId>,
    /// As the caller wrote it.
    pub number: Option<String>,
    pub extension: Option<String>,
}

impl Platform {
    /// Gives a person the line, and returns the writes that belong into the commit that changes the person.
    ///
    /// # Errors
    /// There is no location, or neither number nor extension; the location is another one than the person has,
    /// or unknown.
    pub(crate) async fn plan_line(&self, person: &mut Person, wish: &LineWish) -> Result<Vec<Write>> {
        let location = match (person.location, wish.location) {
            (Some(has), Some(asked)) if has != asked => {
                return Err(Error::invalid(
                    "locationId: the location of a calling user cannot be changed",
                ));
            }
            (Some(location), _) | (None, Some(location)) => location,
            (None, None) => return Err(Error::invalid("locationId: a calling user needs a location")),
        };
        let found = self.store.location(location).await.doing("reading a location")?;
        if found.is_none_or(|found| found.org != person.org) {
            return Err(Error::invalid("locationId: there is no such location"));
        }
        if wish.number.is_none() && wish.extension.is_none() {
            return Err(Error::invalid(
                "a calling user needs a phone number, an extension, or both",
            ));
        }
        person.location = Some(location);
        person.line = Some(Line {
            number: wish.number.clone(),
            extension: wish.extension.clone(),
        });
        Ok(Vec::new())
    }

    /// Takes a person's line away, and returns the writes that belong into the commit that changes the person.
    ///
    /// # Errors
    /// The store failed.
    #[expect(
        clippy::unused_async,
        reason = "numbers and extensions will be given back here"
    )]
    pub(crate) async fn plan_no_line(&self, person: &mut Person) -> Result<Vec<Write>> {
        person.location = None;
        person.line = None;
        Ok(Vec::new())
    }
}
