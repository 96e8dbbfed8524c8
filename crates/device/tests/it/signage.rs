//! Digital signage, as statuses and the screen tell it.

use std::time::Duration;

use hallway_device::ProductModel;
use hallway_xapi::link::Link as _;
use serde_json::{Value, json};

use crate::helpers::Stage;

const PAGE: &str = "https://signs.example.com/board?room=Board%20Room&_cisco_app_id=7";

async fn set(stage: &Stage, path: &str, value: impl Into<Value>) {
    let key: hallway_xapi::Key = path.parse().unwrap();
    let path = hallway_xapi::rpc::path("Configuration", key.segments());
    let params = json!({ "Path": path, "Value": value.into() });
    stage.device.call("xSet", params).await.unwrap();
}

async fn screen(stage: &Stage) -> Value {
    stage.device.call("xSimulator/Screen", Value::Null).await.unwrap()
}

async fn minutes(stage: &Stage, minutes: u64) {
    stage.wait(Duration::from_secs(minutes * 60)).await;
}

/// A device with all that signage needs, still awake.
async fn ready() -> Stage {
    let stage = Stage::new(ProductModel::BoardPro55);
    set(&stage, "WebEngine.Mode", "On").await;
    set(&stage, "Standby.Signage.Url", PAGE).await;
    set(&stage, "Standby.Signage.Mode", "On").await;
    stage.told.take();
    stage
}

#[tokio::test]
async fn it_needs_the_engine_the_mode_and_an_address() {
    let stage = Stage::new(ProductModel::BoardPro55);
    assert_eq!(stage.get("WebEngine.Features.Signage").await, "Off");
    stage.command("Standby.Halfwake", Value::Null).await.unwrap();
    assert_eq!(screen(&stage).await["showing"], json!({ "kind": "halfwake" }));

    set(&stage, "Standby.Signage.Mode", "On").await;
    set(&stage, "Standby.Signage.Url", PAGE).await;
    assert_eq!(stage.get("WebEngine.Features.Signage").await, "Off");
    assert_eq!(screen(&stage).await["idle"], json!({ "kind": "halfwake" }));
    stage.told.take();
    set(&stage, "WebEngine.Mode", "On").await;
    // It is half awake already: the page comes at once.
    assert_eq!(
        stage.told.take(),
        [
            "~WebEngine.Mode=On".to_owned(),
            "WebEngine.Features.WebEngine=On".to_owned(),
            "WebEngine.Features.Signage=On".to_owned(),
            "UserInterface.WebView[4].Status=Visible".to_owned(),
            "UserInterface.WebView[4].Type=Signage".to_owned(),
            format!("UserInterface.WebView[4].URL={PAGE}"),
        ]
    );
    let showing = json!({ "kind": "signage", "url": PAGE, "interactive": false, "audio": false, "loads": 1, "touches": 0 });
    assert_eq!(
        screen(&stage).await,
        json!({
            "state": "halfwake",
            "showing": showing,
            "idle": { "kind": "signage", "url": PAGE, "interactive": false, "audio": false },
            "navigators": [],
        })
    );

    // Taken away, as a provisioning step does: the mode goes Off, the URL to its default.
    let path = json!({ "Path": ["Configuration", "Standby", "Signage", "Mode"] });
    stage.device.call("xReset", path).await.unwrap();
    assert_eq!(
        stage.told.take(),
        [
            "~Standby.Signage.Mode",
            "WebEngine.Features.Signage=Off",
            "-UserInterface.WebView[4]"
        ]
    );
    assert_eq!(screen(&stage).await["showing"], json!({ "kind": "halfwake" }));
}

#[tokio::test]
async fn it_is_seen_between_awake_and_asleep() {
    let stage = ready().await;
    let awake = screen(&stage).await;
    assert_eq!(
        (&awake["state"], &awake["showing"]["kind"], &awake["idle"]["url"]),
        (&json!("awake"), &json!("home"), &json!(PAGE))
    );
    minutes(&stage, 2).await;
    assert!(stage.told.take().contains(&"Standby.State=Halfwake".to_owned()));
    assert_eq!(screen(&stage).await["showing"]["url"], PAGE);
    // After the delay since it was used last, the display goes dark.
    minutes(&stage, 8).await;
    let told = stage.told.take();
    assert!(told.contains(&"Standby.State=Standby".to_owned()), "{told:#?}");
    assert!(
        told.contains(&"-UserInterface.WebView[4]".to_owned()),
        "{told:#?}"
    );
    let asleep = screen(&stage).await;
    assert_eq!(
        (&asleep["state"], &asleep["showing"]),
        (&json!("standby"), &json!({ "kind": "nothing" }))
    );
    // By command it comes back from there, and the delay counts from now.
    stage.command("Standby.Halfwake", Value::Null).await.unwrap();
    assert_eq!(screen(&stage).await["showing"]["kind"], "signage");
    minutes(&stage, 9).await;
    assert_eq!(screen(&stage).await["showing"]["kind"], "signage");
    minutes(&stage, 1).await;
    assert_eq!(screen(&stage).await["state"], "standby");
}

#[tokio::test]
async fn whatever_wakes_the_device_takes_it_away() {
    let stage = ready().await;
    let called = json!({ "Number": "a@example.com", "DisplayName": "A" });
    for (method, params) in [
        ("xCommand/Standby/Deactivate", Value::Null),
        ("xSimulator/People", json!({ "Count": 2 })),
        ("xSimulator/Touch", json!({})),
        ("xSimulator/Touch", json!({ "On": "Panel" })),
        (
            "xSimulator/SetStatus",
            json!({ "Path": "Standby.State", "Value": "Off" }),
        ),
        (
            "xCommand/UserInterface/WebView/Display",
            json!({ "Url": "https://example.com/" }),
        ),
        (
            "xCommand/UserInterface/Message/Alert/Display",
            json!({ "Text": "Fire drill" }),
        ),
        ("xSimulator/IncomingCall", called),
    ] {
        stage.command("Standby.Halfwake", Value::Null).await.unwrap();
        assert_eq!(screen(&stage).await["showing"]["kind"], "signage", "{method}");
        stage.told.take();
        stage.device.call(method, params.clone()).await.unwrap();
        let told = stage.told.take();
        assert!(
            told.contains(&"-UserInterface.WebView[4]".to_owned()),
            "{method}: {told:#?}"
        );
        assert_eq!(stage.get("UserInterface.WebView[4].URL").await, Value::Null);
        assert_ne!(screen(&stage).await["showing"]["kind"], "signage", "{method}");
        stage
            .device
            .call("xSimulator/People", json!({ "Count": 0 }))
            .await
            .unwrap();
    }
    // Somebody calls: the page does not come back during the call.
    stage.command("Standby.Halfwake", Value::Null).await.unwrap();
    assert_eq!(screen(&stage).await["showing"]["kind"], "call");
}

#[tokio::test]
async fn motion_is_a_setting() {
    let stage = ready().await;
    set(&stage, "Standby.WakeupOnMotionDetection", "Off").await;
    stage.command("Standby.Halfwake", Value::Null).await.unwrap();
    stage
        .device
        .call("xSimulator/People", json!({ "Count": 2 }))
        .await
        .unwrap();
    assert_eq!(screen(&stage).await["showing"]["kind"], "signage");
    assert_eq!(stage.get("Standby.State").await, "Halfwake");
    // With people in the room, it does not fall asleep either.
    minutes(&stage, 30).await;
    assert_eq!(screen(&stage).await["showing"]["kind"], "signage");
}

#[tokio::test]
async fn a_page_for_people_takes_their_touches() {
    let stage = ready().await;
    set(&stage, "Standby.Signage.InteractionMode", "Interactive").await;
    set(&stage, "Standby.Signage.Audio", "On").await;
    stage.command("Standby.Halfwake", Value::Null).await.unwrap();
    stage.device.call("xSimulator/Touch", json!({})).await.unwrap();
    let showing = screen(&stage).await["showing"].clone();
    assert_eq!(
        showing,
        json!({ "kind": "signage", "url": PAGE, "interactive": true, "audio": true, "loads": 1, "touches": 1 })
    );
    stage
        .device
        .call("xSimulator/Touch", json!({ "On": "Panel" }))
        .await
        .unwrap();
    assert_eq!(screen(&stage).await["state"], "awake");
}

#[tokio::test]
async fn another_address_is_shown_at_once() {
    let stage = ready().await;
    stage.command("Standby.Halfwake", Value::Null).await.unwrap();
    stage.told.take();
    set(&stage, "Standby.Signage.Url", "https://signs.example.com/2").await;
    assert_eq!(
        stage.told.take(),
        [
            "~Standby.Signage.Url=https://signs.example.com/2",
            "UserInterface.WebView[4].URL=https://signs.example.com/2",
        ]
    );
    set(&stage, "Standby.Signage.Url", "signs.example.com/3").await;
    let told = stage.told.take();
    assert!(
        told.contains(&"-UserInterface.WebView[4]".to_owned()),
        "{told:#?}"
    );
    assert!(
        told.iter()
            .any(|told| told.starts_with("Diagnostics.Message[40].Description=")),
        "{told:#?}"
    );
    assert_eq!(screen(&stage).await["showing"], json!({ "kind": "halfwake" }));
    set(&stage, "Standby.Signage.Url", "").await;
    assert!(stage.told.take().contains(&"-Diagnostics.Message[40]".to_owned()));
    set(&stage, "Standby.Signage.Url", PAGE).await;
    assert_eq!(screen(&stage).await["showing"]["url"], PAGE);
}

#[tokio::test]
async fn it_is_loaded_again_and_again() {
    let stage = ready().await;
    let loads = async || screen(&stage).await["showing"]["loads"].clone();
    set(&stage, "Standby.Delay", 480).await;
    stage.command("Standby.Halfwake", Value::Null).await.unwrap();
    minutes(&stage, 60).await;
    assert_eq!(loads().await, 1);
    set(&stage, "Standby.Signage.RefreshInterval", 15).await;
    minutes(&stage, 14).await;
    assert_eq!(loads().await, 1);
    minutes(&stage, 1).await;
    minutes(&stage, 15).await;
    assert_eq!(loads().await, 3);
    stage.told.take();
    stage
        .command("WebEngine.DeleteStorage", json!({ "Type": "Signage" }))
        .await
        .unwrap();
    assert_eq!(
        stage.told.take(),
        ["!WebEngine.DeleteStorage {\"Type\":\"Signage\"}"]
    );
    assert_eq!(loads().await, 4);
    set(&stage, "Standby.Signage.RefreshInterval", 0).await;
    minutes(&stage, 60).await;
    assert_eq!(loads().await, 4);
    // It starts anew each time that it comes on the screen.
    stage.command("Standby.Deactivate", Value::Null).await.unwrap();
    stage.command("Standby.Halfwake", Value::Null).await.unwrap();
    assert_eq!(loads().await, 1);
}

#[tokio::test]
async fn a_page_that_was_opened_makes_room() {
    let stage = ready().await;
    stage
        .command(
            "UserInterface.WebView.Display",
            json!({ "Url": "https://example.com/menu" }),
        )
        .await
        .unwrap();
    assert_eq!(
        screen(&stage).await["showing"],
        json!({ "kind": "web_view", "url": "https://example.com/menu" })
    );
    stage.told.take();
    stage.command("Standby.Halfwake", Value::Null).await.unwrap();
    let told = stage.told.take();
    assert!(
        told.contains(&"!UserInterface.WebView.Cleared {\"Target\":\"OSD\"}".to_owned()),
        "{told:#?}"
    );
    assert_eq!(stage.get("UserInterface.WebView[1].Status").await, "NotVisible");
    assert_eq!(screen(&stage).await["showing"]["url"], PAGE);
}

#[tokio::test]
async fn a_restart_keeps_the_settings() {
    let stage = ready().await;
    stage.command("Standby.Halfwake", Value::Null).await.unwrap();
    stage.device.call("xSimulator/Reboot", Value::Null).await.unwrap();
    stage.device.run_due().await;
    minutes(&stage, 1).await;
    let screen_now = screen(&stage).await;
    assert_eq!(
        (&screen_now["showing"]["kind"], &screen_now["idle"]["url"]),
        (&json!("home"), &json!(PAGE))
    );
    assert_eq!(stage.get("WebEngine.Features.Signage").await, "On");
}

/// Half awake comes by itself only where it is before sleep and wanted.
#[tokio::test]
async fn half_awake_by_itself() {
    let stage = Stage::new(ProductModel::RoomBar);
    set(&stage, "Standby.Halfwake.Mode", "Manual").await;
    minutes(&stage, 5).await;
    assert_eq!(stage.get("Standby.State").await, "Off");
    set(&stage, "Standby.Halfwake.Mode", "Auto").await;
    set(&stage, "Standby.Delay", 2).await;
    minutes(&stage, 2).await;
    assert_eq!(stage.get("Standby.State").await, "Standby");
    stage
        .command("Standby.ResetHalfwakeTimer", json!({ "Delay": 1 }))
        .await
        .unwrap();
    stage.command("Standby.Deactivate", Value::Null).await.unwrap();
    set(&stage, "Standby.Control", "Off").await;
    minutes(&stage, 30).await;
    assert_eq!(stage.get("Standby.State").await, "Halfwake");
}
