//! Floors of a location, below `/locations/{id}` and `/workspaceLocations/{id}`.

use hallway_wire::id::{FloorId, LocationId};
use hallway_wire::place as wire;

use super::locations::Surface;
use super::{Floor, rules};
use crate::audit;
use crate::caller::Caller;
use crate::error::{Doing as _, Error, Result};
use crate::platform::Platform;
use crate::ports::{Page, WorkspaceFilter, Write};

impl Surface {
    fn may_read(self, caller: &Caller) -> Result<()> {
        match self {
            Self::Locations => caller.may_read_floors(),
            Self::WorkspaceLocations => caller.may_read_workspace_locations(),
        }
    }

    /// Whether the caller may change locations and floors of this resource.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_write(self, caller: &Caller) -> Result<()> {
        match self {
            Self::Locations => caller.may_write_locations(),
            Self::WorkspaceLocations => caller.may_write_workspace_locations(),
        }
    }

    fn view(self, floor: &Floor) -> wire::Floor {
        wire::Floor {
            id: floor.id,
            location_id: match self {
                Self::Locations => floor.location.to_string(),
                Self::WorkspaceLocations => hallway_wire::id::workspace_location(floor.org, floor.location),
            },
            floor_number: floor.floor_number,
            display_name: floor
                .display_name
                .clone()
                .unwrap_or_else(|| format!("Floor {}", floor.floor_number)),
        }
    }
}

impl Platform {
    /// A floor of one location of the caller's organization, as it is kept.
    async fn own_floor(&self, caller: &Caller, location: LocationId, id: FloorId) -> Result<Floor> {
        self.own_location(caller, location).await?;
        let floor = self.store.floor(id).await.doing("reading a floor")?;
        floor
            .filter(|floor| floor.org == caller.org && floor.location == location)
            .ok_or(Error::NotFound { what: "floor" })
    }

    /// All floors of a location.
    ///
    /// # Errors
    /// Missing scope or role; unknown location.
    pub async fn list_floors(
        &self,
        caller: &Caller,
        surface: Surface,
        location: LocationId,
    ) -> Result<Vec<wire::Floor>> {
        surface.may_read(caller)?;
        self.own_location(caller, location).await?;
        let floors = self.store.floors(location).await.doing("listing floors")?;
        Ok(floors.iter().map(|floor| surface.view(floor)).collect())
    }

    /// One floor.
    ///
    /// # Errors
    /// Missing scope or role; unknown location or floor.
    pub async fn floor_details(
        &self,
        caller: &Caller,
        surface: Surface,
        location: LocationId,
        id: FloorId,
    ) -> Result<wire::Floor> {
        surface.may_read(caller)?;
        let floor = self.own_floor(caller, location, id).await?;
        Ok(surface.view(&floor))
    }

    /// Makes a floor.
    ///
    /// # Errors
    /// Missing scope or role; unknown location; a bad member.
    pub async fn create_floor(
        &self,
        caller: &Caller,
        surface: Surface,
        location: LocationId,
        request: &wire::FloorRequest,
    ) -> Result<wire::Floor> {
        surface.may_write(caller)?;
        self.own_location(caller, location).await?;
        let floor = rules::floor(FloorId::random(), caller.org, location, request)?;
        self.keep_floor(caller, surface, floor, "floor.created").await
    }

    /// Replaces number and name of a floor.
    ///
    /// # Errors
    /// Missing scope or role; unknown location or floor; a bad member.
    pub async fn update_floor(
        &self,
        caller: &Caller,
        surface: Surface,
        location: LocationId,
        id: FloorId,
        request: &wire::FloorRequest,
    ) -> Result<wire::Floor> {
        surface.may_write(caller)?;
        self.own_floor(caller, location, id).await?;
        let floor = rules::floor(id, caller.org, location, request)?;
        self.keep_floor(caller, surface, floor, "floor.updated").await
    }

    async fn keep_floor(
        &self,
        caller: &Caller,
        surface: Surface,
        floor: Floor,
        event: &str,
    ) -> Result<wire::Floor> {
        let view = surface.view(&floor);
        let verb = event.rsplit('.').next().unwrap_or(event);
        let description = format!("{verb} the floor {}", view.display_name);
        let entry = audit::by(caller, self.now(), event, &view.display_name, description);
        self.store
            .commit(vec![Write::PutFloor(floor), entry])
            .await
            .doing("keeping a floor")?;
        Ok(view)
    }

    /// Deletes a floor. Its workspaces stay in the location, on no floor.
    ///
    /// # Errors
    /// Missing scope or role; unknown location or floor.
    pub async fn delete_floor(
        &self,
        caller: &Caller,
        surface: Surface,
        location: LocationId,
        id: FloorId,
    ) -> Result<()> {
        surface.may_write(caller)?;
        let view = surface.view(&self.own_floor(caller, location, id).await?);
        let here = WorkspaceFilter {
            location: Some(location),
            floor: Some(id),
        };
        let workspaces = self
            .store
            .workspaces(caller.org, here, Page::ALL)
            .await
            .doing("listing workspaces")?;
        let mut writes: Vec<Write> = workspaces
            .into_iter()
            .map(|workspace| {
                Write::PutWorkspace(super::Workspace {
                    floor: None,
                    ..workspace
                })
            })
            .collect();
        writes.push(Write::DeleteFloor(id));
        let description = format!("deleted the floor {}", view.display_name);
        writes.push(audit::by(
            caller,
            self.now(),
            "floor.deleted",
            &view.display_name,
            description,
        ));
        self.store.commit(writes).await.doing("deleting a floor")
    }
}
