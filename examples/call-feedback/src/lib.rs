//! Asks for one to five stars after a call, and shows on a page how calls are in each room.

mod page;
mod ratings;

use std::path::PathBuf;
use std::sync::Arc;

use hallway_sdk::notify::{At, PollOptions, Shared, Workspace};
use hallway_sdk::state::Kept;
use hallway_sdk::xapi::events::{CallDisconnect, RatingResponse, TextInputResponse};
use hallway_sdk::{Device, Handlers, Integration, Result, Value};
use jiff::tz::TimeZone;
use tokio::net::TcpListener;

pub use ratings::{Count, Question, Rating, Ratings, Summary};

const RATING: &str = "UserInterface.Message.Rating.Response";
const COMMENT: &str = "UserInterface.Message.TextInput.Response";
const INPUT: &str = "UserInterface.Message.TextInput.Display";
const CALLS: &str = "SystemUnit.State.NumberOfActiveCalls";
/// So many seconds a question is on the screen; about a call that ended longer ago nobody is asked.
const SHOWN: u16 = 120;
const DAY_MS: i64 = 24 * 60 * 60_000;

/// What the program is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Shorter calls are not asked about, in seconds.
    pub shortest: u64,
    /// A room is not asked again before so many minutes are over.
    pub pause: u32,
    /// So many stars or fewer are bad.
    pub bad: u8,
    /// So many days ratings are kept.
    pub days: u32,
    /// Whose weeks and hours the page shows.
    pub zone: TimeZone,
    /// Where state is kept.
    pub state: PathBuf,
}

struct App {
    integration: Integration,
    settings: Settings,
    kept: Kept<Ratings>,
}

/// Asks and shows, until the integration is deactivated.
///
/// # Errors
/// The state cannot be read, the integration does not poll, or the page cannot be served.
pub async fn run(integration: Integration, settings: Settings, listener: TcpListener) -> anyhow::Result<()> {
    let inbox = integration.poll_with(PollOptions::remembering(&settings.state)?)?;
    let kept = Kept::open(&settings.state, "call-feedback")?;
    let app = Arc::new(App {
        integration,
        settings,
        kept,
    });
    if !app.may_ask_why() {
        tracing::warn!("text inputs were not granted: nobody is asked for a comment");
    }
    if !app.integration.grants().may_read(CALLS) {
        tracing::warn!("{CALLS} was not granted: the question may come while another call goes on");
    }
    let handlers = Handlers::new()
        .with(Arc::clone(&app))
        .on_event("CallDisconnect", ended)
        .on_event(RATING, rated)
        .on_event(COMMENT, commented);
    tokio::select! {
        ended = handlers.run(inbox) => Ok(ended?),
        ended = axum::serve(listener, page::router(Arc::clone(&app))) => Ok(ended?),
    }
}

/// A call ended.
async fn ended(
    app: Shared<App>,
    device: Device,
    Workspace(workspace): Workspace,
    Value(call): Value<CallDisconnect>,
    At(at): At,
) -> Result<()> {
    let now = app.integration.clock().now();
    if call.duration < app.settings.shortest || at.plus_millis(i64::from(SHOWN) * 1000) < now {
        return Ok(());
    }
    if app.integration.grants().may_read(CALLS)
        && device
            .status(CALLS)
            .optional::<u32>()
            .await?
            .is_some_and(|calls| calls > 0)
    {
        return Ok(());
    }
    let room = app
        .integration
        .client()
        .workspaces()
        .get(&workspace)
        .await?
        .display_name;
    let question = Question { workspace, room, at };
    let pause = i64::from(app.settings.pause) * 60_000;
    // It is on the disk before anybody can answer. Where the display fails, the event comes again, and it is asked again.
    if app
        .kept
        .change(|ratings| ratings.may_ask(&question, pause))
        .await?
    {
        let rating = device
            .rating("How was the call?")
            .title("Your feedback")
            .receipt("Thank you.");
        rating
            .feedback_id(&question.feedback_id())
            .duration(SHOWN)
            .show()
            .await?;
    }
    Ok(())
}

/// Somebody gave stars.
async fn rated(
    app: Shared<App>,
    device: Device,
    Workspace(workspace): Workspace,
    Value(it): Value<RatingResponse>,
) -> Result<()> {
    let oldest = app
        .integration
        .clock()
        .now()
        .plus_millis(-DAY_MS * i64::from(app.settings.days));
    let rate = |ratings: &mut Ratings| ratings.rate(&workspace, &it.feedback_id, it.rating, oldest);
    let taken = app.kept.change(rate).await?;
    if taken && it.rating <= app.settings.bad && app.may_ask_why() {
        let input = device
            .text_input("What was wrong? Please name nobody.")
            .title("Tell us more");
        let shown = input
            .feedback_id(&it.feedback_id)
            .submit("Send")
            .duration(SHOWN)
            .show()
            .await;
        if let Err(error) = shown {
            // The stars are taken, and nobody should be asked for them again.
            tracing::warn!(%error, "nobody was asked for a comment");
        }
    }
    Ok(())
}

/// Somebody wrote a comment.
async fn commented(
    app: Shared<App>,
    Workspace(workspace): Workspace,
    Value(it): Value<TextInputResponse>,
) -> Result<()> {
    app.kept
        .change(|ratings| ratings.comment(&workspace, &it.feedback_id, &it.text))
        .await
}

impl App {
    fn may_ask_why(&self) -> bool {
        let grants = self.integration.grants();
        grants.may_command(INPUT) && grants.may_hear(COMMENT)
    }
}
