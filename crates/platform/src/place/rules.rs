//! What a location and a floor must look like. Nothing here reads or writes.

use hallway_wire::Timestamp;
use hallway_wire::id::{FloorId, LocationId, OrgId};
use hallway_wire::place as wire;

use super::locations::one_line;
use super::{Address, Floor, Location};
use crate::error::{Error, Result};

/// Longest name: the contract's limit for the name of a location.
pub(crate) const MAX_NAME: usize = 256;
/// Longest free text.
pub(crate) const MAX_NOTES: usize = 4096;

/// Whether two names are the same but for case and outer blanks.
pub(crate) fn same(one: &str, other: &str) -> bool {
    let lower = |text: &str| text.trim().to_lowercase();
    one == other || lower(one) == lower(other)
}

/// Whether a text contains another, in any case.
pub(crate) fn contains(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}

/// What is wrong with a request, one sentence for each thing.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<String>);

impl Faults {
    pub(crate) fn add(&mut self, fault: impl Into<String>) {
        self.0.push(fault.into());
    }

    /// A text that must be there: trimmed, not empty, not too long.
    pub(crate) fn text(&mut self, member: &str, text: Option<&String>) -> String {
        self.optional_text(member, text, MAX_NAME).unwrap_or_else(|| {
            self.add(format!("{member} is required"));
            String::new()
        })
    }

    /// A text that may be there; empty is as good as absent.
    pub(crate) fn optional_text(
        &mut self,
        member: &str,
        text: Option<&String>,
        max: usize,
    ) -> Option<String> {
        let text = text.map(|text| text.trim()).filter(|text| !text.is_empty())?;
        if text.chars().count() > max {
            self.add(format!("{member} is longer than {max} characters"));
        }
        Some(text.to_owned())
    }

    /// One of several words, spelled as the contract spells it.
    pub(crate) fn one_of(&mut self, member: &str, text: &str, words: &[&str]) -> String {
        match words.iter().find(|word| word.eq_ignore_ascii_case(text.trim())) {
            Some(&word) => word.to_owned(),
            None => {
                self.add(format!(
                    "{member} must be one of {}, not {text:?}",
                    words.join(", ")
                ));
                String::new()
            }
        }
    }

    fn country(&mut self, member: &str, text: &str) -> String {
        if text.len() != 2 || !text.bytes().all(|b| b.is_ascii_alphabetic()) {
            self.add(format!(
                "{member} must be a country code of two letters, not {text:?}"
            ));
        }
        text.to_ascii_uppercase()
    }

    fn degrees(&mut self, member: &str, value: Option<&wire::Degrees>, limit: f64) -> Option<String> {
        let text = value.map(wire::Degrees::text).filter(|text| !text.is_empty())?;
        match text.parse::<f64>() {
            Ok(degrees) if degrees.abs() <= limit => Some(text),
            _ => {
                self.add(format!(
                    "{member} must be a number from -{limit} to {limit}, not {text:?}"
                ));
                None
            }
        }
    }

    fn time_zone(&mut self, text: &str) {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+');
        if text.len() > 64 || !text.chars().all(plain) {
            self.add(format!(
                "timeZone must be the name of a time zone, like Europe/Oslo, not {text:?}"
            ));
        }
    }

    /// # Errors
    /// [`Error::Invalid`] with all faults, if there is any.
    pub(crate) fn end(self, what: &str) -> Result<()> {
        match self.0.as_slice() {
            [] => Ok(()),
            [one] => Err(Error::invalid(one.clone())),
            many => {
                let message = format!("The {what} is not valid: {}.", many.join("; "));
                Err(Error::invalid_all(message, self.0))
            }
        }
    }
}

/// The location of a `POST /locations`. Not every country has states: they may be left out, as may the language of
/// announcements (people-calling 4).
///
/// # Errors
/// A member is missing or bad; all of them are named.
pub(crate) fn new_location(org: OrgId, now: Timestamp, request: &wire::LocationRequest) -> Result<Location> {
    let mut faults = Faults::default();
    for (member, text) in [
        ("name", &request.name),
        ("timeZone", &request.time_zone),
        ("preferredLanguage", &request.preferred_language),
    ] {
        faults.text(member, text.as_ref());
    }
    let address = request.address.clone().unwrap_or_default();
    for (member, text) in [
        ("address.address1", &address.address1),
        ("address.city", &address.city),
        ("address.postalCode", &address.postal_code),
        ("address.country", &address.country),
    ] {
        faults.text(member, text.as_ref());
    }
    faults.end("location")?;
    let mut location = empty(org, now);
    change_location(&mut location, request)?;
    Ok(location)
}

fn empty(org: OrgId, now: Timestamp) -> Location {
    Location {
        id: LocationId::random(),
        org,
        name: String::new(),
        address: Address::default(),
        time_zone: String::new(),
        preferred_language: None,
        announcement_language: None,
        latitude: None,
        longitude: None,
        notes: None,
        created: now,
    }
}

/// A `PUT /locations/{id}`: what is absent stays.
///
/// # Errors
/// A member is bad; all of them are named. The location is to be thrown away then.
pub(crate) fn change_location(location: &mut Location, request: &wire::LocationRequest) -> Result<()> {
    let mut faults = Faults::default();
    if request.name.is_some() {
        location.name = faults.text("name", request.name.as_ref());
    }
    if let Some(zone) = faults.optional_text("timeZone", request.time_zone.as_ref(), MAX_NAME) {
        faults.time_zone(&zone);
        location.time_zone = zone;
    }
    let mut set = |kept: &mut Option<String>, member: &str, text: &Option<String>, max| {
        if text.is_some() {
            *kept = faults.optional_text(member, text.as_ref(), max);
        }
    };
    set(
        &mut location.preferred_language,
        "preferredLanguage",
        &request.preferred_language,
        64,
    );
    set(
        &mut location.announcement_language,
        "announcementLanguage",
        &request.announcement_language,
        64,
    );
    set(&mut location.notes, "notes", &request.notes, MAX_NOTES);
    if let Some(given) = &request.address {
        let kept = &mut location.address;
        for (slot, member, text) in [
            (&mut kept.address1, "address.address1", &given.address1),
            (&mut kept.city, "address.city", &given.city),
            (&mut kept.postal_code, "address.postalCode", &given.postal_code),
            (&mut kept.country, "address.country", &given.country),
        ] {
            if let Some(text) = faults.optional_text(member, text.as_ref(), MAX_NAME) {
                *slot = if member == "address.country" {
                    faults.country(member, &text)
                } else {
                    text
                };
            }
        }
        for (slot, member, text) in [
            (&mut kept.address2, "address.address2", &given.address2),
            (&mut kept.state, "address.state", &given.state),
        ] {
            if text.is_some() {
                *slot = faults.optional_text(member, text.as_ref(), MAX_NAME);
            }
        }
    }
    if request.latitude.is_some() {
        location.latitude = faults.degrees("latitude", request.latitude.as_ref(), 90.0);
    }
    if request.longitude.is_some() {
        location.longitude = faults.degrees("longitude", request.longitude.as_ref(), 180.0);
    }
    faults.end("location")
}

/// The location of a `POST /workspaceLocations`. Its time zone is not asked for there: UTC.
///
/// # Errors
/// A member is missing or bad; all of them are named.
pub(crate) fn new_legacy_location(
    org: OrgId,
    now: Timestamp,
    request: &wire::WorkspaceLocationRequest,
) -> Result<Location> {
    let mut location = empty(org, now);
    location.time_zone = "UTC".to_owned();
    replace_legacy_location(&mut location, request)?;
    Ok(location)
}

/// A `PUT /workspaceLocations/{id}`: what that resource shows is replaced.
///
/// # Errors
/// A member is missing or bad; all of them are named. The location is to be thrown away then.
pub(crate) fn replace_legacy_location(
    location: &mut Location,
    request: &wire::WorkspaceLocationRequest,
) -> Result<()> {
    let mut faults = Faults::default();
    location.name = faults.text("displayName", request.display_name.as_ref());
    let address = faults.text("address", request.address.as_ref());
    if address != one_line(&location.address) {
        location.address.address1 = address;
        location.address.address2 = None;
    }
    let country = faults.text("countryCode", request.country_code.as_ref());
    if !country.is_empty() {
        location.address.country = faults.country("countryCode", &country);
    }
    location.address.city = faults
        .optional_text("cityName", request.city_name.as_ref(), MAX_NAME)
        .unwrap_or_default();
    for (slot, member, value, limit) in [
        (&mut location.latitude, "latitude", &request.latitude, 90.0),
        (&mut location.longitude, "longitude", &request.longitude, 180.0),
    ] {
        if value.is_none() {
            faults.add(format!("{member} is required"));
        }
        *slot = faults.degrees(member, value.as_ref(), limit);
    }
    location.notes = faults.optional_text("notes", request.notes.as_ref(), MAX_NOTES);
    faults.end("location")
}

/// A floor of a request: number and name are replaced.
///
/// # Errors
/// The number is missing, or no number that a floor has; the name is too long.
pub(crate) fn floor(
    id: FloorId,
    org: OrgId,
    location: LocationId,
    request: &wire::FloorRequest,
) -> Result<Floor> {
    let mut faults = Faults::default();
    let number = request.floor_number.unwrap_or_else(|| {
        faults.add("floorNumber is required");
        0.0
    });
    if !(-1000.0..=1000.0).contains(&number) {
        faults.add("floorNumber must be from -1000 to 1000");
    }
    let display_name = faults.optional_text("displayName", request.display_name.as_ref(), MAX_NAME);
    faults.end("floor")?;
    Ok(Floor {
        id,
        org,
        location,
        floor_number: number,
        display_name,
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn request() -> wire::LocationRequest {
        wire::LocationRequest {
            name: text(" Denver "),
            time_zone: text("America/Chicago"),
            preferred_language: text("en_us"),
            announcement_language: text("fr_fr"),
            address: Some(wire::Address {
                address1: text("123 Some St."),
                address2: text("Suite 456"),
                city: text("Supercity"),
                state: text("Goodstate"),
                postal_code: text("12345"),
                country: text("us"),
            }),
            latitude: Some(wire::Degrees::Text("12.935784".to_owned())),
            longitude: Some(wire::Degrees::Number(77.697_332)),
            notes: None,
        }
    }

    pub(crate) fn denver() -> Location {
        new_location(OrgId::from_uuid(uuid::Uuid::nil()), Timestamp(0), &request()).unwrap()
    }

    fn faults(outcome: Result<impl std::fmt::Debug>) -> Vec<String> {
        match outcome {
            Err(Error::Invalid { errors, .. }) => errors.into_iter().map(|item| item.description).collect(),
            other => panic!("expected faults, got {other:?}"),
        }
    }

    #[test]
    fn a_new_location_needs_everything() {
        let location = denver();
        assert_eq!(location.name, "Denver");
        assert_eq!(location.address.country, "US");
        assert_eq!(location.longitude.as_deref(), Some("77.697332"));
        let org = location.org;
        let missing = faults(new_location(org, Timestamp(0), &wire::LocationRequest::default()));
        assert_eq!(missing.len(), 7, "{missing:?}");
        // As the published Python SDK sends it for a country without states.
        let mut stateless = request();
        stateless.announcement_language = None;
        stateless.address.as_mut().unwrap().state = None;
        let location = new_location(org, Timestamp(0), &stateless).unwrap();
        assert_eq!(
            (location.address.state, location.announcement_language),
            (None, None)
        );
        let mut bad = request();
        bad.latitude = Some(wire::Degrees::Number(91.0));
        bad.longitude = Some(wire::Degrees::Text("east".to_owned()));
        bad.time_zone = text("somewhere over there");
        bad.name = text(&"n".repeat(300));
        assert_eq!(
            faults(new_location(org, Timestamp(0), &bad)).len(),
            1,
            "the name is seen first"
        );
        bad.name = text("n");
        assert_eq!(faults(new_location(org, Timestamp(0), &bad)).len(), 3);
    }

    #[test]
    fn a_change_leaves_the_rest() {
        let mut location = denver();
        let before = location.clone();
        change_location(&mut location, &wire::LocationRequest::default()).unwrap();
        assert_eq!(location, before);
        let change = wire::LocationRequest {
            address: Some(wire::Address {
                city: text("Oslo"),
                ..wire::Address::default()
            }),
            notes: text("x"),
            ..wire::LocationRequest::default()
        };
        change_location(&mut location, &change).unwrap();
        assert_eq!(
            (location.address.city.as_str(), location.address.address1.as_str()),
            ("Oslo", "123 Some St.")
        );
        assert_eq!(location.notes.as_deref(), Some("x"));
    }

    #[test]
    fn the_older_form_replaces_what_it_shows() {
        let mut location = denver();
        location.notes = text("old");
        let request = wire::WorkspaceLocationRequest {
            display_name: text("Denver 2"),
            address: text("123 Some St., Suite 456"),
            country_code: text("US"),
            city_name: None,
            latitude: Some(wire::Degrees::Number(1.0)),
            longitude: Some(wire::Degrees::Number(2.0)),
            notes: None,
        };
        replace_legacy_location(&mut location, &request).unwrap();
        assert_eq!(
            location.address.address2.as_deref(),
            Some("Suite 456"),
            "the address did not change"
        );
        assert_eq!(
            (location.address.city.as_str(), location.notes.as_deref()),
            ("", None)
        );
        assert_eq!(location.time_zone, "America/Chicago");
        let missing = faults(replace_legacy_location(
            &mut location,
            &wire::WorkspaceLocationRequest::default(),
        ));
        assert_eq!(missing.len(), 5, "{missing:?}");
    }

    #[test]
    fn floors() {
        let id = FloorId::random();
        let (org, location) = (denver().org, denver().id);
        let make = |floor_number, display_name| {
            floor(
                id,
                org,
                location,
                &wire::FloorRequest {
                    floor_number,
                    display_name,
                },
            )
        };
        assert_eq!(
            make(Some(-2.0), text(" Cellar "))
                .unwrap()
                .display_name
                .as_deref(),
            Some("Cellar")
        );
        assert!(make(None, None).is_err());
        assert!(make(Some(1e9), None).is_err());
    }
}
