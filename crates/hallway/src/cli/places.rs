//! `hallway workspace` and `hallway location`.

use serde_json::{Value, json};

use super::args::{LocationCommand, WorkspaceCommand};
use super::device::text;
use super::failure::Result;
use super::http::Client;
use super::names::{LOCATIONS, WORKSPACES, named};
use super::printer::Printer;
use super::table::Table;

pub(crate) async fn workspaces(command: &WorkspaceCommand, client: &Client, printer: &mut Printer) -> Result {
    let WorkspaceCommand::List = command;
    let rooms = client.list(WORKSPACES).await?;
    // Names of locations are a courtesy, as in the list of devices.
    let places = if printer.is_json() {
        Vec::new()
    } else {
        client.list(LOCATIONS).await.unwrap_or_default()
    };
    printer.show(&json!({ "items": rooms }), || workspace_table(&rooms, &places))
}

fn workspace_table(rooms: &[Value], places: &[Value]) -> String {
    let places = named(places, "id", &["name", "displayName"], "timeZone");
    let mut table = Table::new(&["NAME", "TYPE", "CAPACITY", "LOCATION", "ID"]);
    for room in rooms {
        let id = text(room, "locationId");
        let place = places.iter().find(|place| place.id == id);
        table.row([
            text(room, "displayName").to_owned(),
            text(room, "type").to_owned(),
            room.get("capacity")
                .filter(|value| !value.is_null())
                .map(ToString::to_string)
                .unwrap_or_default(),
            place.map_or(id, |place| &place.name).to_owned(),
            text(room, "id").to_owned(),
        ]);
    }
    table.or("There is no workspace.")
}

pub(crate) async fn locations(command: &LocationCommand, client: &Client, printer: &mut Printer) -> Result {
    let LocationCommand::List = command;
    let places = client.list(LOCATIONS).await?;
    printer.show(&json!({ "items": places }), || location_table(&places))
}

fn location_table(places: &[Value]) -> String {
    let mut table = Table::new(&["NAME", "CITY", "COUNTRY", "TIME ZONE", "ID"]);
    for place in places {
        let address = place.get("address").unwrap_or(&Value::Null);
        table.row([
            text(place, "name").to_owned(),
            text(address, "city").to_owned(),
            text(address, "country").to_owned(),
            text(place, "timeZone").to_owned(),
            text(place, "id").to_owned(),
        ]);
    }
    table.or("There is no location.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_listed() {
        let places = [json!({"id": "l1", "name": "Oslo", "timeZone": "Europe/Oslo",
                             "address": {"city": "Oslo", "country": "NO"}})];
        let rooms = [
            json!({"id": "w1", "displayName": "Atrium", "type": "open", "capacity": 40, "locationId": "l1"}),
            json!({"id": "w2", "displayName": "Cellar", "capacity": null, "locationId": "l2"}),
        ];
        insta::assert_snapshot!(workspace_table(&rooms, &places), @r"
        NAME    TYPE  CAPACITY  LOCATION  ID
        Atrium  open  40        Oslo      w1
        Cellar  -     -         l2        w2
        ");
        insta::assert_snapshot!(location_table(&places), @r"
        NAME  CITY  COUNTRY  TIME ZONE    ID
        Oslo  Oslo  NO       Europe/Oslo  l1
        ");
    }
}
