//! report-issue: a button on the touch panel for whoever finds that something is broken.
//!
//! Button, question, text, thanks. What was answered so far travels in the feedback id of the next question, so
//! that a restart in the middle of a conversation loses nothing.

mod desk;
mod page;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use hallway_sdk::integration::Sighting;
use hallway_sdk::notify::{At, Notice, PollOptions};
use hallway_sdk::xapi::FromValue as _;
use hallway_sdk::{Device, Handlers, Integration, Value};
use serde::Deserialize;
use tokio::net::TcpListener;

pub use desk::{Desk, Report};

const PANEL_ID: &str = "report-issue";
const SAVE: &str = "UserInterface.Extensions.Panel.Save";
const INPUT: &str = "UserInterface.Message.TextInput.Display";
const TYPED: &str = "UserInterface.Message.TextInput.Response";
const ALERT: &str = "UserInterface.Message.Alert.Display";
const ROOMS: &str = "spark-admin:workspaces_read";
/// A button that was pressed so long ago is not answered: nobody stands there any more.
const TOO_LATE_MILLIS: i64 = 60_000;
/// A text is cut off after so many characters.
const LONGEST: usize = 2000;
/// How it behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What may be wrong: up to five answers.
    pub subjects: Vec<String>,
    /// Only devices with this tag have the button; without it, all that are in a workspace.
    pub tag: Option<String>,
    /// How often is looked which devices are there.
    pub every: Duration,
    /// A name under which the page may be asked for, besides addresses and `localhost`.
    pub host: Option<String>,
    /// What was handled, so that it is not handled again after a restart.
    pub poll: PollOptions,
}

/// Serves buttons and page until the integration is deactivated.
///
/// # Errors
/// The integration was not connected for long polling, or the page cannot be served.
pub async fn run(
    integration: Integration,
    desk: Arc<Desk>,
    listener: TcpListener,
    settings: Settings,
) -> anyhow::Result<()> {
    let notes = notes(&integration);
    notes.iter().for_each(|note| tracing::warn!("{note}"));
    let site = page::Site { desk: Arc::clone(&desk), host: settings.host.clone(), notes };
    let inbox = integration.poll_with(settings.poll.clone())?;
    let clerk = Arc::new(Clerk { integration, desk, settings });
    tokio::select! {
        done = Arc::clone(&clerk).handlers().run(inbox) => done.context("listening to the panels"),
        served = axum::serve(listener, page::router(site)) => served.context("serving the page"),
        () = clerk.buttons() => Ok(()),
        done = clerk.desk.run() => done.context("writing down what was sent"),
    }
}

/// What is missing, and what that means.
fn notes(integration: &Integration) -> Vec<String> {
    let grants = integration.grants();
    let can_type = grants.may_command(INPUT) && grants.may_hear(TYPED);
    let all = [
        (grants.may_command(SAVE), "The button is not put on devices: put panel.xml there by hand", SAVE),
        (can_type, "Reporters cannot write anything, only choose", INPUT),
        (grants.may_command(ALERT), "Reporters are not told the number of their ticket", ALERT),
        (grants.may_use(ROOMS), "Reports name the device instead of the room", ROOMS),
    ];
    let missing = all.into_iter().filter(|(granted, ..)| !granted);
    missing.map(|(_, what, path)| format!("{what}. Not permitted: {path}.")).collect()
}

/// An answer to a question.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    #[serde(default)]
    feedback_id: String,
    #[serde(default)]
    option_id: serde_json::Value,
    #[serde(default)]
    text: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Pressed {
    panel_id: String,
}

struct Clerk {
    integration: Integration,
    desk: Arc<Desk>,
    settings: Settings,
}

impl Clerk {
    fn handlers(self: Arc<Self>) -> Handlers {
        let (pressed, chosen, typed) = (Arc::clone(&self), Arc::clone(&self), self);
        Handlers::new()
            .on_event(
                "UserInterface.Extensions.Panel.Clicked",
                move |device: Device, Value(it): Value<Pressed>, At(at): At| {
                    let clerk = Arc::clone(&pressed);
                    async move {
                        let in_time = at.plus_millis(TOO_LATE_MILLIS) >= clerk.integration.clock().now();
                        if it.panel_id != PANEL_ID || !in_time {
                            return Ok(());
                        }
                        let question =
                            device.prompt("What is wrong?").title("Report an issue").feedback_id(PANEL_ID);
                        question
                            .options(clerk.settings.subjects.iter().take(5).cloned())
                            .duration(120)
                            .show()
                            .await
                    }
                },
            )
            .on_event(
                "UserInterface.Message.Prompt.Response",
                move |device: Device, notice: Notice, Value(it): Value<Answer>| {
                    let clerk = Arc::clone(&chosen);
                    async move {
                        let option = String::from_value(&it.option_id).unwrap_or_default();
                        let subject = clerk.subject(&option).filter(|_| it.feedback_id == PANEL_ID);
                        let Some(subject) = subject else { return Ok(()) };
                        let grants = clerk.integration.grants();
                        if !(grants.may_command(INPUT) && grants.may_hear(TYPED)) {
                            return clerk.report(&device, &notice, subject, "").await;
                        }
                        let question =
                            device.text_input("What should we know?").title(subject).submit("Send");
                        let question = question.placeholder("May stay empty").duration(300);
                        question.feedback_id(&format!("{PANEL_ID}:{option}")).show().await
                    }
                },
            )
            .on_event(TYPED, move |device: Device, notice: Notice, Value(it): Value<Answer>| {
                let clerk = Arc::clone(&typed);
                async move {
                    let option =
                        it.feedback_id.strip_prefix(PANEL_ID).and_then(|rest| rest.strip_prefix(':'));
                    match option.and_then(|option| clerk.subject(option)) {
                        Some(subject) => clerk.report(&device, &notice, subject, it.text.trim()).await,
                        None => Ok(()),
                    }
                }
            })
    }

    /// The subject with this number, from 1.
    fn subject(&self, option: &str) -> Option<&str> {
        let at = option.parse::<usize>().ok()?.checked_sub(1)?;
        self.settings.subjects.get(at).map(String::as_str)
    }

    /// Writes the report down, tries to send it, and tells the reporter how that went. If it cannot be written down,
    /// the answer comes again.
    async fn report(
        &self,
        device: &Device,
        notice: &Notice,
        subject: &str,
        text: &str,
    ) -> hallway_sdk::Result<()> {
        let at = notice.timestamp.unwrap_or_else(|| self.integration.clock().now());
        let report = Report {
            key: format!("{}-{}", device.id(), at.millis()),
            reference: String::new(),
            room: self.room(notice).await,
            workspace_id: notice.workspace_id.clone(),
            device_id: notice.device_id.clone(),
            subject: subject.to_owned(),
            text: text.chars().take(LONGEST).collect(),
            reported_at: at,
            ticket: None,
            closed: false,
        };
        let told = match self.desk.file(report).await? {
            None => "There are too many open reports. Please call the service desk.".to_owned(),
            Some(Report { ticket: Some(ticket), .. }) => {
                format!("Thank you. The number of your ticket is {ticket}.")
            }
            Some(Report { reference, .. }) => format!(
                "Thank you. The ticket system does not answer now; your report is kept and will be sent. Its number \
                 here is {reference}."
            ),
        };
        if self.integration.grants().may_command(ALERT) {
            let shown = device.alert(told).title("Report an issue").duration(20).show().await;
            // The report is there; that its reporter does not see this is no reason to begin again.
            shown.unwrap_or_else(|error| tracing::warn!(%error, "the reporter could not be told"));
        }
        Ok(())
    }

    /// What the room is called; where that cannot be found out now, what the device is.
    async fn room(&self, notice: &Notice) -> String {
        let client = self.integration.client();
        if let Some(id) = notice.workspace_id.as_ref().filter(|_| self.integration.grants().may_use(ROOMS))
            && let Ok(workspace) = client.workspaces().get(id).await
        {
            return workspace.display_name;
        }
        let device = client.devices().get(&notice.device_id).await;
        device.map_or_else(|_| "A room whose name is not known".to_owned(), |device| device.display_name)
    }

    /// Puts the button on every device that comes.
    async fn buttons(&self) {
        let mut fleet = self.integration.fleet(self.settings.every);
        loop {
            let sighting = fleet.next().await;
            let (Sighting::Came(device) | Sighting::Changed(device)) = sighting else {
                continue;
            };
            let tagged = self.settings.tag.as_ref().is_none_or(|tag| device.tags.contains(tag));
            if device.workspace_id.is_none() || !tagged || !self.integration.grants().may_command(SAVE) {
                continue;
            }
            let panel = self.integration.device(&device.id);
            if let Err(error) = panel.save_panel(PANEL_ID, include_str!("panel.xml")).await {
                tracing::warn!(device = device.display_name, %error, "the button could not be put there; trying again");
                fleet.forget(&device.id);
            }
        }
    }
}
