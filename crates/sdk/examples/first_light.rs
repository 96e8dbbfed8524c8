//! A first integration: says on the screen how many people are in the room, and hears the button that they press.
//!
//! ```text
//! CLIENT_ID=… CLIENT_SECRET=… ACTIVATION_CODE=… JWKS_URL=http://localhost:8080/jwks \
//!     cargo run -p hallway-sdk --example first_light
//! ```
#![allow(clippy::print_stdout, reason = "it is a program for a terminal")]

use std::sync::Arc;

use hallway_sdk::jwt::KeySource;
use hallway_sdk::notify::{PollOptions, RecentFile};
use hallway_sdk::tokens::FileStore;
use hallway_sdk::{Device, Error, Handlers, Integration, Value};

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Clicked {
    panel_id: String,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let setting = |name: &str| std::env::var(name).ok();
    let folder = setting("STATE").unwrap_or_else(|| "first-light".to_owned());
    let integration = Integration::builder(
        setting("CLIENT_ID").unwrap_or_default(),
        setting("CLIENT_SECRET").unwrap_or_default(),
    )
    .activation_code(setting("ACTIVATION_CODE"))
    .store(Arc::new(FileStore::new(&folder)))
    .keys(setting("JWKS_URL").map_or(KeySource::Webex, KeySource::Url))
    .long_polling()
    .connect()
    .await?;

    let devices = integration.client().devices().list().with_xapi().all().await?;
    println!("Connected: {} devices.", devices.len());

    let may_alert = integration
        .grants()
        .may_command("UserInterface.Message.Alert.Display");
    let count_people = move |device: Device, Value(count): Value<i64>| async move {
        println!("{}: {count} people", device.id());
        if count > 0 && may_alert {
            device
                .alert(format!("Welcome, all {count} of you"))
                .duration(5)
                .show()
                .await?;
        }
        Ok::<(), Error>(())
    };
    Handlers::new()
        .on_status("RoomAnalytics.PeopleCount.Current", count_people)
        .on_event(
            "UserInterface.Extensions.Panel.Clicked",
            |device: Device, Value(it): Value<Clicked>| async move {
                println!("{}: the button {} was pressed", device.id(), it.panel_id);
            },
        )
        .on_action(|action| async move { println!("{action:?}") })
        .run(integration.poll_with(PollOptions {
            memory: Arc::new(RecentFile::open(format!("{folder}/handled"), 10_000)?),
            ..PollOptions::default()
        })?)
        .await
}
