//! What the map says of each room.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use hallway_sdk::mirror::{Mirror, Mirrored};
use hallway_sdk::xapi::FromValue;
use hallway_sdk::{Integration, Result, WorkspaceId};
use serde::Serialize;

const PRESENCE: &str = "RoomAnalytics.PeoplePresence";
const PEOPLE: &str = "RoomAnalytics.PeopleCount.Current";
const BOOKED: &str = "Bookings.Availability.Status";
/// What rooms feel like: the status, what the page calls it, and what the JSON calls it. The touch panel of a room
/// has sensors of its own.
const CLIMATE: [(&str, &str, &str); 5] = [
    ("RoomAnalytics.AmbientTemperature", "the temperature", "temperature"),
    (
        "Peripherals.ConnectedDevice[*].RoomAnalytics.AmbientTemperature",
        "the temperature at panels",
        "temperature",
    ),
    ("RoomAnalytics.AmbientNoise.Level.A", "the noise", "noise"),
    ("RoomAnalytics.RelativeHumidity", "the humidity", "humidity"),
    ("Peripherals.ConnectedDevice[*].RoomAnalytics.AirQuality.Index", "the quality of the air", "airQuality"),
];
/// The scope without which nobody knows what locations and floors are called.
const PLACES: &str = "spark-admin:locations_read";

/// All statuses that the map looks at.
pub(crate) fn paths() -> impl Iterator<Item = &'static str> {
    [PRESENCE, PEOPLE, BOOKED].into_iter().chain(CLIMATE.map(|it| it.0))
}

/// How a room is, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// Nobody is there, and as far as is known it is not booked.
    Free,
    /// It is booked, and nobody is known to be there.
    Booked,
    /// Somebody is there.
    InUse,
    /// That is not known.
    Unknown,
}

/// Where a room is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Space {
    /// The id of the workspace.
    pub id: WorkspaceId,
    /// What it is called.
    pub name: String,
    /// In which building; empty if that is not known.
    pub location: String,
    /// On which floor; empty if that is not known.
    pub floor: String,
    #[serde(skip)]
    level: f64,
    /// How many people fit in.
    pub capacity: Option<i64>,
}

/// A room, as the page and the JSON show it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Room {
    /// Where it is.
    #[serde(flatten)]
    pub space: Space,
    /// How it is.
    pub state: State,
    /// Why its state is not known.
    pub why: Option<&'static str>,
    /// How many people are there.
    pub people: Option<i64>,
    /// Whether it is booked now.
    pub booked: Option<bool>,
    /// `temperature` in degrees Celsius, `noise` in dB(A), `humidity` in percent, `airQuality` from 1, good, to 5.
    #[serde(flatten)]
    pub climate: BTreeMap<&'static str, f64>,
}

/// All rooms at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Picture {
    /// What the administrators did not permit to show.
    pub not_shown: Vec<&'static str>,
    /// By location, floor and name.
    pub rooms: Vec<Room>,
}

/// Reads where the rooms are.
pub(crate) async fn spaces(integration: &Integration, leave_out: &[String]) -> Result<Vec<Space>> {
    let client = integration.client();
    let (mut locations, mut floors) = (HashMap::new(), HashMap::new());
    if integration.grants().may_use(PLACES) {
        for place in client.locations().list().all().await? {
            for floor in client.locations().floors(&place.id).list().all().await? {
                let name = floor.display_name.unwrap_or_else(|| format!("Floor {}", floor.floor_number));
                floors.insert(floor.id, (name, floor.floor_number));
            }
            locations.insert(place.id, place.name);
        }
    }
    let mut spaces = client.workspaces().list().all().await?;
    spaces.retain(|space| !space.kind.as_ref().is_some_and(|kind| leave_out.contains(kind)));
    let known = spaces.into_iter().map(|space| {
        let floor = space.floor_id.and_then(|id| floors.get(&id).cloned());
        let (floor, level) = floor.unwrap_or((String::new(), f64::MAX));
        let location = space.location_id.and_then(|id| locations.get(&id).cloned()).unwrap_or_default();
        let capacity = space.capacity.filter(|capacity| *capacity > 0);
        Space { id: space.id, name: space.display_name, location, floor, level, capacity }
    });
    let mut spaces: Vec<_> = known.collect();
    spaces.sort_by(|a, b| {
        let by_level = a.level.total_cmp(&b.level);
        a.location.cmp(&b.location).then(by_level).then_with(|| a.name.cmp(&b.name))
    });
    Ok(spaces)
}

/// The rooms as they are now. What was not heard of for longer than `stale` is not known.
pub(crate) fn picture(
    integration: &Integration,
    mirror: &Mirror,
    spaces: &[Space],
    stale: Duration,
) -> Picture {
    let since = i64::try_from(stale.as_millis()).unwrap_or(i64::MAX);
    let since = integration.clock().now().plus_millis(-since);
    let denied = mirror.not_granted();
    let all =
        [(PRESENCE, "whether somebody is there"), (PEOPLE, "how many people"), (BOOKED, "what is booked")];
    let all = all.into_iter().chain(CLIMATE.map(|(path, what, _)| (path, what)));
    let mut not_shown: Vec<_> = all.filter(|(path, _)| denied.contains(path)).map(|(_, what)| what).collect();
    if !integration.grants().may_use(PLACES) {
        not_shown.push("the names of locations and floors");
    }
    let mut tellers: HashMap<_, Vec<Mirrored>> = HashMap::new();
    for teller in mirror.devices() {
        if let Some(workspace) = teller.device.workspace_id.clone() {
            tellers.entry(workspace).or_default().push(teller);
        }
    }
    let rooms = spaces.iter().map(|space| {
        let here = tellers.remove(&space.id).unwrap_or_default();
        let why = match () {
            () if here.is_empty() => "there is no device",
            () if !here.iter().any(|teller| teller.device.is_connected()) => "the device is not connected",
            () if !here.iter().any(|teller| teller.is_fresh(since)) => "nothing was heard for long",
            () => "the device does not say",
        };
        let told: Vec<_> = here.into_iter().filter(|teller| teller.is_fresh(since)).collect();
        // A device that cannot count says -1.
        let people = values(&told, PEOPLE).filter(|people: &i64| *people >= 0).max();
        let booked = values(&told, BOOKED).map(|word: String| word == "BookedUntil").max();
        let somebody = people.map(|people| people > 0).or(values(&told, PRESENCE).max());
        let state = match (somebody, booked) {
            (Some(true), _) => State::InUse,
            (_, Some(true)) => State::Booked,
            (Some(false), _) => State::Free,
            (None, _) => State::Unknown,
        };
        let climate =
            CLIMATE.iter().filter_map(|(path, _, name)| Some((*name, values(&told, path).reduce(f64::max)?)));
        Room {
            space: space.clone(),
            state,
            why: (state == State::Unknown).then_some(why),
            people,
            booked,
            climate: climate.collect(),
        }
    });
    Picture { rooms: rooms.collect(), not_shown }
}

/// What the devices of a room tell. Several see the same people, and each may miss some: the largest value counts.
fn values<'a, T: FromValue>(told: &'a [Mirrored], path: &'a str) -> impl Iterator<Item = T> + 'a {
    told.iter().flat_map(|teller| teller.matching(path)).filter_map(|(_, value)| T::from_value(value))
}
