//! Releases rooms that are booked and empty: somebody is asked on the panel first, and only silence releases.
//!
//! A booking goes through [`Phase`]s, each of which is on the disk before anything else happens; a restart goes on
//! where the last run ended.

mod rules;
mod watch;

use std::path::PathBuf;
use std::sync::Arc;

use hallway_sdk::notify::{PollOptions, Shared, Workspace};
use hallway_sdk::state::Kept;
use hallway_sdk::xapi::events::PromptResponse;
use hallway_sdk::{Device, Handlers, Integration, Key, Result, Timestamp, Value, WorkspaceId};
use jiff::tz::TimeZone;

pub use rules::{Plan, Room, Rule, Rules};
use watch::{Phase, State, Watch};

/// The statuses that tell whether somebody is there.
const SIGNS: [&str; 4] = [
    "RoomAnalytics.PeoplePresence",
    "RoomAnalytics.PeopleCount.Current",
    "SystemUnit.State.NumberOfActiveCalls",
    "Conference.Presentation.LocalInstance[*].SendingMode",
];
const PROMPT: &str = "UserInterface.Message.Prompt.Display";
const LOCATIONS: &str = "spark-admin:locations_read";
const ANSWER: &str = "UserInterface.Message.Prompt.Response";
/// What comes so soon after the start is the meeting before, which leaves. What failed is tried again after this
/// time, and so long after a restart, answers that waited are heard first.
const MINUTE: i64 = 60_000;

/// What the program is told.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Which bookings, and when.
    pub rules: Rules,
    /// Only write what would have been done.
    pub dry: bool,
    /// Where state is kept.
    pub state: PathBuf,
}

struct App {
    integration: Integration,
    settings: Settings,
    kept: Kept<State>,
}

/// What was decided so far, the oldest first: when, where, what, why, and about which booking, with tabs between.
///
/// # Errors
/// The state cannot be read.
pub fn decisions(settings: &Settings) -> Result<Vec<String>> {
    let kept: Kept<State> = Kept::open(&settings.state, "room-release")?;
    Ok(kept.look(|state| state.decisions.iter().cloned().collect()))
}

/// Watches bookings until the integration is deactivated.
///
/// # Errors
/// The state cannot be read, or the integration does not poll.
pub async fn run(integration: Integration, settings: Settings) -> Result<()> {
    let inbox = integration.poll_with(PollOptions::remembering(&settings.state)?)?;
    let kept: Kept<State> = Kept::open(&settings.state, "room-release")?;
    let soon = integration.clock().now().plus_millis(MINUTE);
    kept.change(|state| state.put_off(soon)).await?;
    let app = App {
        integration,
        settings,
        kept,
    };
    let app = Arc::new(app);
    app.say_what_is_missing();
    let mut handlers = Handlers::new()
        .with(Arc::clone(&app))
        .on_event("Bookings.Start", began)
        .on_status("Bookings.Current.Id", began)
        .on_event(ANSWER, answered)
        .on_event("UserInterface.Extensions.Panel.Clicked", touched)
        .on_event("UserInterface.Extensions.Widget.Action", touched);
    for path in SIGNS {
        handlers = handlers.on_status(path, sensed);
    }
    tokio::select! {
        ended = handlers.run(inbox) => ended,
        never = app.follow_clock() => never,
    }
}

async fn began(app: Shared<App>, device: Device, Workspace(room): Workspace) -> Result<()> {
    app.look_at(&device, room).await
}

async fn sensed(
    app: Shared<App>,
    Workspace(room): Workspace,
    key: Key,
    Value(it): Value<String>,
) -> Result<()> {
    if says_somebody(&it) {
        app.used(&room, &format!("{key} is {it}")).await
    } else {
        Ok(())
    }
}

async fn touched(app: Shared<App>, Workspace(room): Workspace) -> Result<()> {
    app.used(&room, "somebody touched the panel").await
}

async fn answered(
    app: Shared<App>,
    Workspace(room): Workspace,
    Value(it): Value<PromptResponse>,
) -> Result<()> {
    let watch = app.kept.look(|state| state.watches.get(&room).cloned());
    match watch.filter(|watch| watch.phase == Phase::Asked && watch.feedback_id() == it.feedback_id) {
        Some(watch) if it.option_id == 1 => app.decide(&room, &watch, "kept", "somebody said so").await,
        Some(watch) => {
            app.go_on(
                &room,
                &watch,
                (Phase::Releasing, app.now()),
                ("releases", "somebody said so"),
            )
            .await
        }
        None => Ok(()),
    }
}

/// Whether the value of a sign says that somebody is there.
fn says_somebody(value: &str) -> bool {
    let number = value.parse::<i64>();
    number.map_or(!matches!(value, "No" | "Unknown" | "Off" | ""), |number| {
        number > 0
    })
}

impl App {
    fn now(&self) -> Timestamp {
        self.integration.clock().now()
    }

    /// Whether nothing is done, only written: by setting, or because a permission was not granted.
    fn dry(&self) -> bool {
        let grants = self.integration.grants();
        let may =
            grants.may_command(PROMPT) && grants.may_hear(ANSWER) && grants.may_command("Bookings.Respond");
        self.settings.dry || !may
    }

    fn say_what_is_missing(&self) {
        let grants = self.integration.grants();
        for path in SIGNS.iter().filter(|path| !grants.may_read(path)) {
            tracing::warn!("{path} was not granted: it cannot say that somebody is there");
        }
        if self.dry() {
            tracing::warn!(
                "nothing is released, only written down: by --dry, or as not all that it takes was granted"
            );
        }
        if !grants.may_use(LOCATIONS) {
            tracing::warn!("locations were not granted: hours in the rules are read as UTC");
        }
    }

    /// Begins to watch the booking that is on now, if there is one and it is news.
    async fn look_at(&self, device: &Device, room: WorkspaceId) -> Result<()> {
        let id = device.status("Bookings.Current.Id").optional::<String>().await?;
        let known = |state: &State| state.watches.get(&room).map(|it| it.booking.clone()) == id;
        let Some(id) = id.as_ref().filter(|id| !id.is_empty() && !self.kept.look(known)) else {
            return Ok(());
        };
        let client = self.integration.client();
        let (booking, place) = (device.booking(id).await?, client.workspaces().get(&room).await?);
        let tags = client.devices().get(device.id()).await?.tags;
        let mut zone = None;
        if let Some(location) = &place.location_id
            && self.integration.grants().may_use(LOCATIONS)
        {
            zone = client.locations().get(location).await?.time_zone;
        }
        let zone = zone
            .and_then(|name| TimeZone::get(&name).ok())
            .unwrap_or(TimeZone::UTC);
        let (name, now) = (place.display_name, self.now());
        let it = Room { name, tags, zone };
        // What is found late gets its time all the same.
        let plan = self.settings.rules.plan(&it, &booking, now.plus_millis(-MINUTE));
        let watch = Watch::new(device.id(), &it, booking, plan.as_ref().ok());
        self.kept
            .change(|state| state.begin(room, watch, now, plan.err()))
            .await
    }

    /// Somebody is there.
    async fn used(&self, room: &WorkspaceId, why: &str) -> Result<()> {
        let watch = self.kept.look(|state| state.watches.get(room).cloned());
        let open = watch.filter(|it| matches!(it.phase, Phase::Waiting | Phase::Asked));
        match open.filter(|it| self.now() >= it.starts.plus_millis(MINUTE)) {
            Some(watch) => self.decide(room, &watch, "kept", why).await,
            None => Ok(()),
        }
    }

    /// Does what is due, when it is. After a failure everything waits for a minute.
    async fn follow_clock(&self) -> Result<()> {
        let mut pause = self.now();
        loop {
            let next = |state: &State| state.next().map(|due| due.max(pause));
            let now = self.kept.until(&**self.integration.clock(), next).await;
            for (room, watch) in self.kept.look(|state| state.due(now)) {
                if let Err(error) = self.step(&room, &watch).await {
                    tracing::warn!(%error, room = watch.room, "it is tried again in a minute");
                    pause = now.plus_millis(MINUTE);
                }
            }
        }
    }

    /// The next thing for a booking whose time has come. A device that does not answer releases nothing.
    async fn step(&self, room: &WorkspaceId, watch: &Watch) -> Result<()> {
        let device = self.integration.device(&watch.device);
        let current: Option<String> = device.status("Bookings.Current.Id").optional().await?;
        let releasing = watch.phase == Phase::Releasing;
        if current.as_deref() != Some(watch.booking.as_str()) {
            // Also where a crash came between the release and its record.
            let what = if releasing { "released" } else { "left alone" };
            return self.decide(room, watch, what, "it is not on any more").await;
        }
        // What should have been released a while ago, and could not be, is looked at again: people may have come.
        let late = self.now() >= watch.due.plus_millis(2 * MINUTE);
        if (!releasing || late)
            && let Some(why) = self.sign(&device).await?
        {
            return self.decide(room, watch, "kept", &why).await;
        }
        let (now, nobody) = (self.now(), "nobody is there");
        let until = now.plus_millis(watch.answer_ms);
        match (watch.phase, self.dry()) {
            (Phase::Waiting, true) => {
                self.go_on(room, watch, (Phase::Asked, until), ("would have asked", nobody))
                    .await
            }
            (Phase::Waiting, false) => {
                watch.ask(&device, until).await?;
                self.go_on(room, watch, (Phase::Asked, until), ("asked", nobody))
                    .await
            }
            (Phase::Asked, true) => self.decide(room, watch, "would have released", nobody).await,
            (Phase::Asked, false) => {
                self.go_on(
                    room,
                    watch,
                    (Phase::Releasing, now),
                    ("releases", "nobody answered"),
                )
                .await
            }
            (Phase::Releasing, _) => {
                device.decline_booking(&watch.meeting).await?;
                self.decide(room, watch, "released", "it was declined").await
            }
            (Phase::Decided, _) => Ok(()),
        }
    }

    /// What says that somebody is there now.
    async fn sign(&self, device: &Device) -> Result<Option<String>> {
        let grants = self.integration.grants();
        let granted = SIGNS.into_iter().filter(|path| grants.may_read(path));
        let status = device.statuses(granted).read().await?;
        let shown =
            |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let mut all = status
            .leaves()
            .into_iter()
            .map(|(key, value)| (key, shown(&value)));
        Ok(all
            .find(|(_, value)| says_somebody(value))
            .map(|(key, value)| format!("{key} is {value}")))
    }

    async fn decide(&self, room: &WorkspaceId, watch: &Watch, what: &str, why: &str) -> Result<()> {
        self.go_on(room, watch, (Phase::Decided, watch.ends), (what, why))
            .await?;
        if watch.phase == Phase::Asked && what == "kept" {
            let device = self.integration.device(&watch.device);
            if let Err(error) = device.clear_prompt(&watch.feedback_id()).await {
                tracing::debug!(%error, "the question stays on the panel until its time is up");
            }
        }
        Ok(())
    }

    /// Writes down how far a booking is and why; unless another task was faster.
    async fn go_on(
        &self,
        room: &WorkspaceId,
        was: &Watch,
        to: (Phase, Timestamp),
        said: (&str, &str),
    ) -> Result<()> {
        let now = self.now();
        self.kept
            .change(|state| state.go_on(room, was, to, now, said))
            .await
    }
}
