//! Counts how rooms are used: hours, people, uses, ghost bookings; and says which rooms want cleaning.

mod page;
mod records;
mod report;
mod rooms;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hallway_sdk::notify::{At, Notice, PollOptions, Shared, Workspace};
use hallway_sdk::state::Kept;
use hallway_sdk::xapi::FromValue as _;
use hallway_sdk::xapi::events::PanelClicked;
use hallway_sdk::{Device, Handlers, Integration, Timestamp, Value, WorkspaceId};
use jiff::civil::Date;
use serde::Deserialize;
use tokio::net::TcpListener;

pub use report::{Line, Report};
pub use rooms::{Record, Room, Rooms, What};

const PANEL: &str = "room-usage-cleaned";
const COUNT: &str = "RoomAnalytics.PeopleCount.Current";
const SAVE: &str = "UserInterface.Extensions.Panel.Save";
const LOCATIONS: &str = "spark-admin:locations_read";

/// What the program is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// After so many uses a room wants cleaning,
    pub uses: u32,
    /// or after so many hours times people.
    pub people_hours: f64,
    /// Where state and records are kept.
    pub state: PathBuf,
}

struct App {
    integration: Integration,
    settings: Settings,
    kept: Kept<Rooms>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Booking {
    id: String,
}

type Outcome = anyhow::Result<()>;

/// The report of some days, from what is kept in a folder, as a whole HTML document or as CSV.
///
/// # Errors
/// What is kept cannot be read.
pub fn report(state: &Path, from: Date, to: Date, now: Timestamp, html: bool) -> anyhow::Result<String> {
    let kept: Kept<Rooms> = Kept::open(state, "room-usage")?;
    let report = kept.look(|rooms| Report::read(state, rooms, from, to, now))?;
    if html {
        Ok(page::document(&report.html()))
    } else {
        report.csv()
    }
}

/// Counts and shows, until the integration is deactivated.
///
/// # Errors
/// The state cannot be read, the integration does not poll, or the page cannot be served.
pub async fn run(integration: Integration, settings: Settings, listener: TcpListener) -> anyhow::Result<()> {
    let inbox = integration.poll_with(PollOptions::remembering(&settings.state)?)?;
    let kept = Kept::open(&settings.state, "room-usage")?;
    let app = Arc::new(App {
        integration,
        settings,
        kept,
    });
    app.say_what_is_missing().await?;
    app.place_panels().await;
    let handlers = Handlers::new()
        .with(Arc::clone(&app))
        .on_status("RoomAnalytics.PeoplePresence", sensed)
        .on_status(COUNT, sensed)
        .on_status("SystemUnit.State.NumberOfActiveCalls", sensed)
        .on_event("Bookings.Start", booked)
        .on_event("Bookings.End", booking_over)
        .on_event("UserInterface.Extensions.Panel.Clicked", clicked);
    tokio::select! {
        ended = handlers.run(inbox) => Ok(ended?),
        ended = axum::serve(listener, page::router(Arc::clone(&app))) => Ok(ended?),
    }
}

/// A sensor says something of people.
async fn sensed(app: Shared<App>, Workspace(room): Workspace, it: Notice) -> Outcome {
    let (key, at) = (
        it.key.to_string(),
        it.timestamp.unwrap_or_else(|| app.integration.clock().now()),
    );
    let count = i64::from_value(&it.value).unwrap_or(i64::from(it.value == "Yes"));
    // How many calls there are does not say how many people.
    let people = u32::try_from(count.clamp(0, if key == COUNT { 1000 } else { 1 }))?;
    let source = format!("{} {key}", it.device_id);
    app.change(&room, |rooms| rooms.told(&room, source, people, at))
        .await
}

async fn booked(
    app: Shared<App>,
    Workspace(room): Workspace,
    Value(it): Value<Booking>,
    At(at): At,
) -> Outcome {
    app.change(&room, |rooms| rooms.booked(&room, it.id, at)).await
}

async fn booking_over(
    app: Shared<App>,
    Workspace(room): Workspace,
    Value(it): Value<Booking>,
    At(at): At,
) -> Outcome {
    app.change(&room, |rooms| rooms.booking_over(&room, &it.id, at))
        .await
}

/// Somebody touched the button on the panel.
async fn clicked(
    app: Shared<App>,
    device: Device,
    Workspace(room): Workspace,
    Value(it): Value<PanelClicked>,
) -> Outcome {
    if it.panel_id == PANEL && app.cleaned(&room).await? {
        // Without the permission, and where the device is gone by now, the counting began anew all the same.
        if let Err(error) = device
            .alert("Thank you. The room counts as cleaned.")
            .duration(5)
            .show()
            .await
        {
            tracing::debug!(%error, "nobody was thanked");
        }
    }
    Ok(())
}

impl App {
    /// Says what was not granted, and lets reports say it.
    async fn say_what_is_missing(&self) -> Outcome {
        let grants = self.integration.grants();
        let (people, bookings) = (
            grants.may_read(COUNT),
            grants.may_hear("Bookings.Start") && grants.may_hear("Bookings.End"),
        );
        for (granted, problem) in [
            (
                people,
                "people counts were not granted: one person is counted wherever somebody is",
            ),
            (
                bookings,
                "bookings were not granted: ghost bookings are not counted",
            ),
            (
                grants.may_use(LOCATIONS),
                "locations were not granted: days begin at midnight UTC",
            ),
            (
                self.may_place_panels(),
                "devices or panels were not granted: rooms are marked as cleaned on the page only",
            ),
        ] {
            if !granted {
                tracing::warn!("{problem}");
            }
        }
        self.kept
            .change(|rooms| (rooms.counts_people, rooms.hears_bookings) = (people, bookings))
            .await?;
        Ok(())
    }

    fn may_place_panels(&self) -> bool {
        let grants = self.integration.grants();
        let heard = grants.may_hear("UserInterface.Extensions.Panel.Clicked");
        heard && grants.may_command(SAVE) && grants.may_use("spark-admin:devices_read")
    }

    /// Puts the button on all panels.
    async fn place_panels(&self) {
        if !self.may_place_panels() {
            return;
        }
        let devices = self
            .integration
            .client()
            .devices()
            .list()
            .connected()
            .with_xapi()
            .all()
            .await;
        let devices =
            devices.inspect_err(|error| tracing::warn!(%error, "the buttons come with the next start"));
        for info in devices
            .unwrap_or_default()
            .into_iter()
            .filter(|info| info.workspace_id.is_some())
        {
            let device = self.integration.device(&info.id);
            if let Err(error) = device.save_panel(PANEL, include_str!("panel.xml")).await {
                tracing::warn!(%error, device = info.display_name, "it has no button before the next start");
            }
        }
    }

    /// Changes what is known of a room, which is asked for if it is new, and writes the records that come of it.
    async fn change(&self, room: &WorkspaceId, change: impl FnOnce(&mut Rooms)) -> Outcome {
        if !self.kept.look(|rooms| rooms.all.contains_key(room)) {
            let client = self.integration.client();
            let place = client.workspaces().get(room).await?;
            let mut zone = None;
            if let Some(location) = place.location_id
                && self.integration.grants().may_use(LOCATIONS)
            {
                zone = client.locations().get(&location).await?.time_zone;
            }
            let mut new = Room::new(self.integration.clock().now());
            new.describe(place.display_name, place.capacity, zone);
            self.kept
                .change(|rooms| {
                    rooms.all.entry(room.clone()).or_insert(new);
                })
                .await?;
        }
        self.kept.change(change).await?;
        let records = self.kept.look(|rooms| rooms.unwritten.clone());
        if !records.is_empty() {
            let (folder, written) = (self.settings.state.clone(), records.clone());
            tokio::task::spawn_blocking(move || records::append(&folder, &written)).await??;
            // A crash before this writes them once more; they are read once.
            self.kept
                .change(|rooms| rooms.unwritten.retain(|it| !records.contains(it)))
                .await?;
        }
        Ok(())
    }

    /// A room was cleaned; `false`: nobody knows it.
    async fn cleaned(&self, room: &WorkspaceId) -> anyhow::Result<bool> {
        let (now, mut known) = (self.integration.clock().now(), false);
        if self.kept.look(|rooms| rooms.all.contains_key(room)) {
            self.change(room, |rooms| known = rooms.cleaned(room, now))
                .await?;
        }
        Ok(known)
    }
}
