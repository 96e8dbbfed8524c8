//! room-controls: lights and shades from the touch panel of a room.
//!
//! A task per device keeps its panel as the building reports it; a touch only asks the building. So the panel shows
//! what is, never what was hoped for, whoever changed it.

mod building;
mod mqtt;
mod panel;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use hallway_sdk::integration::Sighting;
use hallway_sdk::notify::{At, PollOptions};
use hallway_sdk::resources::DeviceInfo;
use hallway_sdk::xapi::FromValue as _;
use hallway_sdk::{DeviceId, Handlers, Integration, Timestamp, Value};
use serde::Deserialize;
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinSet};

pub use building::{Building, Order, Report, Values, percent, simulate};
pub use mqtt::{Broker, mqtt};
pub use panel::{PANEL, PANEL_ID};

const SAVE: &str = "UserInterface.Extensions.Panel.Save";
/// A touch that waited in the queue for longer is not carried out: nobody stands there any more.
const TOO_LATE_MILLIS: i64 = 30_000;

/// So long a building has for a report, before the panel shows again how it was.
const BUILDING_MILLIS: i64 = 3_000;

/// How it behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Only devices with this tag have the panel; without it, all that are in a workspace.
    pub tag: Option<String>,
    /// How often is looked which devices are there.
    pub every: Duration,
    /// What was handled, so that it is not handled again after a restart.
    pub poll: PollOptions,
}

/// A device that has the panel: its room, its task, and two bells for it.
struct Stand {
    room: String,
    /// Show everything anew.
    again: Arc<Notify>,
    /// The building was asked for something.
    touched: Arc<Notify>,
    task: AbortHandle,
}

type Stands = Arc<Mutex<HashMap<DeviceId, Stand>>>;

/// What a touch on a widget says.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Touch {
    widget_id: String,
    r#type: String,
    value: serde_json::Value,
}

/// A name as it stands in topics: `Board Room` is `board-room`.
pub fn topic_of(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

/// Connects panels and building until the integration is deactivated.
///
/// # Errors
/// The integration was not connected for long polling.
pub async fn run(
    integration: Integration,
    building: Arc<Building>,
    settings: Settings,
) -> anyhow::Result<()> {
    if !integration.grants().may_command(SAVE) {
        tracing::warn!("not permitted to put panels on devices ({SAVE}): put panel.xml there by hand");
    }
    let stands = Stands::default();
    let inbox = integration.poll_with(settings.poll.clone())?;
    tokio::select! {
        done = handlers(&integration, &building, &stands).run(inbox) => done.context("listening to the panels"),
        () = panels(&integration, &building, &stands, &settings) => Ok(()),
    }
}

fn stand<T>(stands: &Stands, id: &DeviceId, look: impl FnOnce(&Stand) -> T) -> Option<T> {
    stands.lock().unwrap_or_else(PoisonError::into_inner).get(id).map(look)
}

fn handlers(integration: &Integration, building: &Arc<Building>, stands: &Stands) -> Handlers {
    let (clock, building) = (Arc::clone(integration.clock()), Arc::clone(building));
    let (touched, opened) = (Arc::clone(stands), Arc::clone(stands));
    Handlers::new()
        .on_event(
            "UserInterface.Extensions.Widget.Action",
            move |id: DeviceId, Value(touch): Value<Touch>, At(at): At| {
                let (now, building, stands) = (clock.now(), Arc::clone(&building), Arc::clone(&touched));
                async move {
                    let value = String::from_value(&touch.value).unwrap_or_default();
                    let wanted = panel::wanted(&touch.widget_id, &touch.r#type, &value);
                    let room = stand(&stands, &id, |it| it.room.clone());
                    let (Some((thing, percent)), Some(room)) = (wanted, room) else { return };
                    let in_time = at.plus_millis(TOO_LATE_MILLIS) >= now;
                    let asked = in_time && building.ask(Order::Set(format!("{room}/{thing}"), percent));
                    tracing::info!(room, thing, percent, in_time, asked, "somebody touched the panel");
                    // The widget shows what was wished for. It is put right at once, or when the building had its time.
                    stand(&stands, &id, |it| if asked { &it.touched } else { &it.again }.notify_one());
                }
            },
        )
        // Panels were saved, perhaps by somebody else, or the page was opened: what it shows is made sure.
        .on_event("UserInterface.Extensions.*", move |id: DeviceId, key: hallway_sdk::Key| {
            let stands = Arc::clone(&opened);
            async move {
                if ["LayoutUpdated", "PageOpened"].iter().any(|end| key.to_string().ends_with(end)) {
                    stand(&stands, &id, |it| it.again.notify_one());
                }
            }
        })
}

/// Has a task for each device that is there.
async fn panels(integration: &Integration, building: &Arc<Building>, stands: &Stands, settings: &Settings) {
    let mut fleet = integration.fleet(settings.every);
    let mut tasks = JoinSet::new();
    let lock = || stands.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let sighting = tokio::select! {
            sighting = fleet.next() => sighting,
            Some(Ok(ended)) = tasks.join_next() => {
                // It failed. If the device is still there at the next look, it starts again from the beginning.
                if lock().get(&ended).is_some_and(|stand| stand.task.is_finished()) {
                    fleet.forget(&ended);
                    lock().remove(&ended);
                }
                continue;
            }
        };
        let (Sighting::Came(device) | Sighting::Changed(device) | Sighting::Went(device)) = &sighting else {
            continue;
        };
        if let Some(before) = lock().remove(&device.id) {
            before.task.abort();
        }
        let tagged = settings.tag.as_ref().is_none_or(|tag| device.tags.contains(tag));
        if matches!(sighting, Sighting::Went(_)) || !tagged {
            continue;
        }
        match room_of(integration, device).await {
            Ok(Some(room)) => {
                let (again, touched) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
                let panel = panel::Panel::new(integration.device(&device.id), room.clone());
                let bells = (Arc::clone(&again), Arc::clone(&touched));
                let task = tasks.spawn(keep(integration.clone(), Arc::clone(building), panel, bells));
                lock().insert(device.id.clone(), Stand { room, again, touched, task });
            }
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(device = device.display_name, %error, "its room could not be read; trying again");
                fleet.forget(&device.id);
            }
        }
    }
}

async fn room_of(integration: &Integration, device: &DeviceInfo) -> hallway_sdk::Result<Option<String>> {
    let Some(id) = &device.workspace_id else {
        return Ok(None);
    };
    let workspace = integration.client().workspaces().get(id).await?;
    Ok(Some(topic_of(&workspace.display_name)))
}

/// Puts the panel on a device and keeps it right, until that fails.
async fn keep(
    integration: Integration,
    building: Arc<Building>,
    mut panel: panel::Panel,
    (again, touched): (Arc<Notify>, Arc<Notify>),
) -> DeviceId {
    let (clock, mut check) = (integration.clock(), None);
    let mut report = building.report();
    let keeping = async {
        building.ask(Order::Enter(panel.room.clone()));
        if integration.grants().may_command(SAVE) {
            panel.device.save_panel(PANEL_ID, PANEL).await?;
        }
        loop {
            let now = report.borrow_and_update().clone();
            if !now.values.contains_key(&format!("{}/lights", panel.room)) {
                building.ask(Order::Enter(panel.room.clone()));
            }
            panel.show(&now).await?;
            tokio::select! {
                _ = report.changed() => {}
                () = again.notified() => panel.forget(),
                () = touched.notified() => check = Some(clock.now().plus_millis(BUILDING_MILLIS)),
                () = clock.sleep_until(check.unwrap_or(Timestamp(0))), if check.is_some() => {
                    check = None;
                    panel.forget();
                }
            }
        }
    };
    let Err::<std::convert::Infallible, hallway_sdk::Error>(error) = keeping.await;
    tracing::warn!(room = panel.room, %error, "the panel could not be kept right; trying again");
    panel.device.id().clone()
}
