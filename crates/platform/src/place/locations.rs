//! Locations, in both forms that the API has for them: `/locations`, and the older `/workspaceLocations`,
//! whose ids wrap the same UUID (people-calling 4, xapi 12).

use hallway_wire::id::LocationId;
use hallway_wire::place as wire;

use super::{Address, Location, rules};
use crate::audit;
use crate::caller::Caller;
use crate::error::{Doing as _, Error, Result};
use crate::platform::Platform;
use crate::ports::{Page, WorkspaceFilter, Write};

/// Which locations, in `/locations`.
#[derive(Clone, Debug, Default)]
pub struct LocationQuery {
    /// Part of the name, in any case.
    pub name: Option<String>,
    pub id: Option<LocationId>,
}

/// Which locations, in `/workspaceLocations`.
#[derive(Clone, Debug, Default)]
pub struct WorkspaceLocationQuery {
    pub display_name: Option<String>,
    pub address: Option<String>,
    pub country_code: Option<String>,
    pub city_name: Option<String>,
}

/// Which of the two resources a request came by: each has its own scopes and its own form of the id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    Locations,
    WorkspaceLocations,
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Part<T> {
    pub items: Vec<T>,
    /// Whether something follows.
    pub more: bool,
}

impl<T> Part<T> {
    /// Cuts a page out of a list that was read from its start.
    pub(crate) fn cut(items: impl Iterator<Item = T>, page: Page) -> Self {
        let mut items = items.skip(page.start);
        let part: Vec<T> = items.by_ref().take(page.max).collect();
        let more = items.next().is_some();
        Self { items: part, more }
    }

    /// Takes what was read with one item more than the page holds.
    pub(crate) fn trim(mut items: Vec<T>, max: usize) -> Self {
        let more = items.len() > max;
        items.truncate(max);
        Self { items, more }
    }
}

impl LocationQuery {
    fn matches(&self, location: &Location) -> bool {
        let named = self
            .name
            .as_ref()
            .is_none_or(|part| rules::contains(&location.name, part));
        named && self.id.is_none_or(|id| id == location.id)
    }
}

impl WorkspaceLocationQuery {
    fn matches(&self, location: &Location) -> bool {
        let part = |wanted: &Option<String>, text: &str| {
            wanted.as_ref().is_none_or(|wanted| rules::contains(text, wanted))
        };
        part(&self.display_name, &location.name)
            && part(&self.address, &one_line(&location.address))
            && part(&self.city_name, &location.address.city)
            && self
                .country_code
                .as_ref()
                .is_none_or(|code| code.eq_ignore_ascii_case(&location.address.country))
    }
}

impl Platform {
    /// A location of the caller's organization, as it is kept.
    pub(crate) async fn own_location(&self, caller: &Caller, id: LocationId) -> Result<Location> {
        let location = self.store.location(id).await.doing("reading a location")?;
        location
            .filter(|location| location.org == caller.org)
            .ok_or(Error::NotFound { what: "location" })
    }

    async fn all_locations(&self, caller: &Caller) -> Result<Vec<Location>> {
        self.store.locations(caller.org).await.doing("listing locations")
    }

    /// Locations that match.
    ///
    /// # Errors
    /// Missing scope or role.
    pub async fn list_locations(
        &self,
        caller: &Caller,
        query: &LocationQuery,
        page: Page,
    ) -> Result<Part<wire::Location>> {
        caller.may_read_locations()?;
        let all = self.all_locations(caller).await?;
        let matching = all.iter().filter(|location| query.matches(location));
        Ok(Part::cut(matching.map(view), page))
    }

    /// One location.
    ///
    /// # Errors
    /// Missing scope or role; unknown.
    pub async fn location_details(&self, caller: &Caller, id: LocationId) -> Result<wire::Location> {
        caller.may_read_locations()?;
        self.own_location(caller, id)
            .await
            .map(|location| view(&location))
    }

    /// Makes a location.
    ///
    /// # Errors
    /// Missing scope or role; a member is missing or bad; the name is taken.
    pub async fn create_location(
        &self,
        caller: &Caller,
        request: &wire::LocationRequest,
    ) -> Result<LocationId> {
        caller.may_write_locations()?;
        let location = rules::new_location(caller.org, self.now(), request)?;
        self.keep_location(caller, &location, "location.created").await?;
        Ok(location.id)
    }

    /// Changes what the request names.
    ///
    /// # Errors
    /// Missing scope or role; unknown; a member is bad; the name is taken.
    pub async fn update_location(
        &self,
        caller: &Caller,
        id: LocationId,
        request: &wire::LocationRequest,
    ) -> Result<()> {
        caller.may_write_locations()?;
        let mut location = self.own_location(caller, id).await?;
        rules::change_location(&mut location, request)?;
        self.keep_location(caller, &location, "location.updated").await
    }

    /// Deletes a location and its floors.
    ///
    /// # Errors
    /// Missing scope or role; unknown; workspaces are there.
    pub async fn delete_location(&self, caller: &Caller, surface: Surface, id: LocationId) -> Result<()> {
        match surface {
            Surface::Locations => caller.may_write_locations()?,
            Surface::WorkspaceLocations => caller.may_write_workspace_locations()?,
        }
        let location = self.own_location(caller, id).await?;
        if self.find_site(caller.org, id).await?.is_some() {
            return Err(Error::conflict(format!(
                "{} has Webex Calling: take that away first (hallway calling disable).",
                location.name
            )));
        }
        let here = WorkspaceFilter {
            location: Some(id),
            floor: None,
        };
        let first = Page { start: 0, max: 1 };
        let held = self
            .store
            .workspaces(caller.org, here, first)
            .await
            .doing("listing workspaces")?;
        if let Some(workspace) = held.first() {
            return Err(Error::conflict(format!(
                "The location still has workspaces, like {}: delete them first.",
                workspace.display_name
            )));
        }
        let entry = audit::by(
            caller,
            self.now(),
            "location.deleted",
            &location.name,
            format!("deleted the location {}", location.name),
        );
        self.store
            .commit(vec![Write::DeleteLocation(id), entry])
            .await
            .doing("deleting a location")
    }

    /// Writes a location whose name nobody else has.
    async fn keep_location(&self, caller: &Caller, location: &Location, event: &str) -> Result<()> {
        let all = self.all_locations(caller).await?;
        if all
            .iter()
            .any(|other| other.id != location.id && rules::same(&other.name, &location.name))
        {
            return Err(Error::conflict(format!(
                "There is another location named {}.",
                location.name
            )));
        }
        let verb = event.rsplit('.').next().unwrap_or(event);
        let entry = audit::by(
            caller,
            self.now(),
            event,
            &location.name,
            format!("{verb} the location {}", location.name),
        );
        self.store
            .commit(vec![Write::PutLocation(location.clone()), entry])
            .await
            .doing("keeping a location")
    }

    /// Locations that match, in the older form.
    ///
    /// # Errors
    /// Missing scope or role.
    pub async fn list_workspace_locations(
        &self,
        caller: &Caller,
        query: &WorkspaceLocationQuery,
    ) -> Result<Vec<wire::WorkspaceLocation>> {
        caller.may_read_workspace_locations()?;
        let all = self.all_locations(caller).await?;
        Ok(all
            .iter()
            .filter(|location| query.matches(location))
            .map(legacy_view)
            .collect())
    }

    /// One location, in the older form.
    ///
    /// # Errors
    /// Missing scope or role; unknown.
    pub async fn workspace_location(
        &self,
        caller: &Caller,
        id: LocationId,
    ) -> Result<wire::WorkspaceLocation> {
        caller.may_read_workspace_locations()?;
        self.own_location(caller, id)
            .await
            .map(|location| legacy_view(&location))
    }

    /// Makes a location by the older resource.
    ///
    /// # Errors
    /// Missing scope or role; a member is missing or bad; the name is taken.
    pub async fn create_workspace_location(
        &self,
        caller: &Caller,
        request: &wire::WorkspaceLocationRequest,
    ) -> Result<wire::WorkspaceLocation> {
        caller.may_write_workspace_locations()?;
        let location = rules::new_legacy_location(caller.org, self.now(), request)?;
        self.keep_location(caller, &location, "location.created").await?;
        Ok(legacy_view(&location))
    }

    /// Replaces what the older resource shows of a location; the rest of it stays.
    ///
    /// # Errors
    /// Missing scope or role; unknown; a member is missing or bad; the name is taken.
    pub async fn update_workspace_location(
        &self,
        caller: &Caller,
        id: LocationId,
        request: &wire::WorkspaceLocationRequest,
    ) -> Result<wire::WorkspaceLocation> {
        caller.may_write_workspace_locations()?;
        let mut location = self.own_location(caller, id).await?;
        rules::replace_legacy_location(&mut location, request)?;
        self.keep_location(caller, &location, "location.updated").await?;
        Ok(legacy_view(&location))
    }
}

/// The address on one line, without city and country, which have members of their own.
pub(super) fn one_line(address: &Address) -> String {
    match address.address2.as_deref().filter(|second| !second.is_empty()) {
        Some(second) => format!("{}, {second}", address.address1),
        None => address.address1.clone(),
    }
}

fn view(location: &Location) -> wire::Location {
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let address = &location.address;
    wire::Location {
        id: location.id,
        name: location.name.clone(),
        org_id: location.org,
        address: wire::Address {
            address1: given(&address.address1),
            address2: address.address2.clone(),
            city: given(&address.city),
            state: address.state.clone(),
            postal_code: given(&address.postal_code),
            country: given(&address.country),
        },
        time_zone: location.time_zone.clone(),
        preferred_language: location.preferred_language.clone(),
        announcement_language: location.announcement_language.clone(),
        latitude: location.latitude.clone(),
        longitude: location.longitude.clone(),
        notes: location.notes.clone(),
    }
}

fn legacy_view(location: &Location) -> wire::WorkspaceLocation {
    let degrees = |text: &Option<String>| text.as_ref().and_then(|text| text.parse().ok()).unwrap_or(0.0);
    wire::WorkspaceLocation {
        id: hallway_wire::id::workspace_location(location.org, location.id),
        location_id: location.id,
        display_name: location.name.clone(),
        address: one_line(&location.address),
        country_code: location.address.country.clone(),
        city_name: location.address.city.clone(),
        latitude: degrees(&location.latitude),
        longitude: degrees(&location.longitude),
        notes: location.notes.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::rules::tests::denver;

    #[test]
    fn filters() {
        let denver = denver();
        let by_name = |name: &str| {
            LocationQuery {
                name: Some(name.to_owned()),
                id: None,
            }
            .matches(&denver)
        };
        assert!(by_name("ENV") && by_name("Denver") && !by_name("Oslo"));
        assert!(
            LocationQuery {
                name: None,
                id: Some(denver.id)
            }
            .matches(&denver)
        );
        assert!(
            !LocationQuery {
                name: None,
                id: Some(LocationId::random())
            }
            .matches(&denver)
        );
        let country = |code: &str| WorkspaceLocationQuery {
            country_code: Some(code.to_owned()),
            ..WorkspaceLocationQuery::default()
        };
        assert!(country("us").matches(&denver) && !country("no").matches(&denver));
        let address = WorkspaceLocationQuery {
            address: Some("some st., suite".to_owned()),
            ..WorkspaceLocationQuery::default()
        };
        assert!(address.matches(&denver));
    }

    #[test]
    fn texts_here_and_numbers_there() {
        let denver = denver();
        assert_eq!(view(&denver).latitude.as_deref(), Some("12.935784"));
        assert!((legacy_view(&denver).latitude - 12.935_784).abs() < 1e-9);
        assert_eq!(legacy_view(&denver).address, "123 Some St., Suite 456");
    }

    #[test]
    fn pages() {
        let cut = |start, max| Part::cut(0..5, Page { start, max });
        assert_eq!(
            cut(0, 2),
            Part {
                items: vec![0, 1],
                more: true
            }
        );
        assert_eq!(
            cut(3, 2),
            Part {
                items: vec![3, 4],
                more: false
            }
        );
        assert_eq!(
            cut(0, 5),
            Part {
                items: vec![0, 1, 2, 3, 4],
                more: false
            }
        );
        assert_eq!(
            cut(9, 2),
            Part {
                items: vec![],
                more: false
            }
        );
        assert_eq!(
            Part::trim(vec![1, 2, 3], 2),
            Part {
                items: vec![1, 2],
                more: true
            }
        );
        assert_eq!(
            Part::trim(vec![1, 2], 2),
            Part {
                items: vec![1, 2],
                more: false
            }
        );
    }
}
