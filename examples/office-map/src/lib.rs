//! office-map: a page that shows, live, which rooms are free.
//!
//! [`run`] keeps a mirror of the devices, draws the picture when something changes, and serves the page.

mod page;
mod rooms;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use hallway_sdk::mirror::Mirror;
use hallway_sdk::notify::PollOptions;
use hallway_sdk::{Handlers, Integration, Timestamp};
use tokio::net::TcpListener;
use tokio::sync::watch;

pub use rooms::{Picture, Room, Space, State};

/// How the map behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Above the map.
    pub title: String,
    /// How often everything is read anew: one request for each device. What was not heard of for three times as
    /// long is shown as not known.
    pub refresh: Duration,
    /// Types of workspaces that are not shown.
    pub leave_out: Vec<String>,
    /// What was handled, so that it is not handled again after a restart.
    pub poll: PollOptions,
}

/// Serves the map on `listener` until the integration is deactivated.
///
/// # Errors
/// The integration was not connected for long polling, or the page cannot be served.
pub async fn run(integration: Integration, listener: TcpListener, settings: Settings) -> anyhow::Result<()> {
    let mirror = Mirror::new(&integration, rooms::paths());
    let handlers = mirror.handled_by(Handlers::new());
    let shown = watch::Sender::default();
    let site = page::router(integration.clone(), settings.title.clone(), shown.subscribe());
    tokio::select! {
        done = handlers.run(integration.poll_with(settings.poll.clone())?) => done.context("listening to the devices"),
        served = axum::serve(listener, site) => served.context("serving the page"),
        () = mirror.keep(settings.refresh) => Ok(()),
        () = draw(&integration, &mirror, &settings, &shown) => Ok(()),
    }
}

/// Draws the picture whenever something changes, and reads now and then where the rooms are.
async fn draw(
    integration: &Integration,
    mirror: &Mirror,
    settings: &Settings,
    shown: &watch::Sender<Arc<Picture>>,
) {
    let mut news = mirror.watch();
    let (mut spaces, mut next) = (Vec::new(), Timestamp(i64::MIN));
    loop {
        let clock = integration.clock();
        if clock.now() >= next {
            match rooms::spaces(integration, &settings.leave_out).await {
                Ok(read) => spaces = read,
                Err(error) => tracing::warn!(%error, "the rooms could not be read; trying again"),
            }
            next = clock.now().plus_millis(i64::try_from(settings.refresh.as_millis()).unwrap_or(i64::MAX));
        }
        let picture = rooms::picture(integration, mirror, &spaces, settings.refresh * 3);
        shown.send_if_modified(|shown| {
            let changed = **shown != picture;
            *shown = Arc::new(picture);
            changed
        });
        tokio::select! {
            _ = news.changed() => {}
            () = clock.sleep_until(next) => {}
        }
    }
}
