//! What commands do, by table.

use std::time::Duration;

use hallway_device::{Power, ProductModel};
use hallway_xapi::catalogue::Catalogue;
use hallway_xapi::link::Link as _;
use hallway_xapi::pattern::Pattern;
use hallway_xapi::rpc::code;
use serde_json::{Value, json};

use crate::helpers::Stage;

/// Runs commands, and compares what was told: each expected text is the start of what was told.
async fn check(steps: &[(&str, Value, &[&str])]) {
    let stage = Stage::new(ProductModel::RoomBar);
    for (command, params, expected) in steps {
        if let Some(seconds) = command.strip_prefix("wait ") {
            stage.wait(Duration::from_millis(seconds.parse().unwrap())).await;
        } else if command.starts_with("xS") {
            stage
                .device
                .call(command, params.clone())
                .await
                .unwrap_or_else(|error| panic!("{command}: {error}"));
        } else {
            let answer = stage.command(command, params.clone()).await;
            assert_eq!(
                answer.unwrap_or_else(|error| panic!("{command}: {error}"))["status"],
                "OK"
            );
        }
        let told = stage.told.take();
        let same = told.len() == expected.len()
            && told
                .iter()
                .zip(*expected)
                .all(|(told, want)| told.starts_with(want));
        assert!(
            same,
            "after {command} {params}:\n told {told:#?}\n want {expected:#?}"
        );
    }
}

#[tokio::test]
async fn audio() {
    check(&[
        (
            "Audio.Volume.Set",
            json!({"Level": "33"}),
            &["Audio.Volume=33", "Audio.VolumeInternal=33"],
        ),
        ("Audio.Volume.Set", json!({"Level": 33}), &[]),
        (
            "Audio.Volume.Increase",
            json!({"Steps": 10}),
            &["Audio.Volume=43", "Audio.VolumeInternal=43"],
        ),
        ("Audio.Volume.Mute", Value::Null, &["Audio.VolumeMute=On"]),
        ("Audio.Volume.ToggleMute", Value::Null, &["Audio.VolumeMute=Off"]),
        (
            "Audio.Microphones.ToggleMute",
            Value::Null,
            &["Audio.Microphones.Mute=On", "!Audio.MicrophonesMuteStatus"],
        ),
        (
            "xSet",
            json!({"Path": ["Configuration", "Audio", "DefaultVolume"], "Value": 40}),
            &["~Audio.DefaultVolume=40"],
        ),
        (
            "Audio.Volume.SetToDefault",
            Value::Null,
            &["Audio.Volume=40", "Audio.VolumeInternal=40"],
        ),
        (
            "Audio.Volume.Decrease",
            json!({"Steps": 10}),
            &["Audio.Volume=30", "Audio.VolumeInternal=30"],
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_call_from_dialling_to_its_end() {
    let stage = Stage::new(ProductModel::RoomBar);
    let answer = stage
        .command("Dial", json!({"Number": "anna@client.example"}))
        .await
        .unwrap();
    assert_eq!(answer, json!({"status": "OK", "CallId": 1, "ConferenceId": 1}));
    let told = stage.told.take();
    for expected in [
        "Call[1].Status=Dialling",
        "!OutgoingCallIndication {\"CallId\":1}",
        "SystemUnit.State.NumberOfInProgressCalls=1",
    ] {
        assert!(told.iter().any(|told| told == expected), "{told:#?}");
    }
    stage.wait(Duration::from_millis(400)).await;
    assert_eq!(stage.told.take(), ["Call[1].Status=Ringing"]);
    stage.wait(Duration::from_millis(1200)).await;
    let told = stage.told.take();
    assert!(
        told.iter().any(|told| told.starts_with("!CallSuccessful")),
        "{told:#?}"
    );
    assert_eq!(stage.get("SystemUnit.State.NumberOfActiveCalls").await, 1);
    assert_eq!(stage.get("Call[1].Status").await, "Connected");
    stage.wait(Duration::from_secs(65)).await;
    assert_eq!(stage.get("Call[1].Duration").await, 65);
    assert_eq!(stage.get("Call").await[0]["id"], 1);
    stage.command("Call.Hold", json!({"CallId": 1})).await.unwrap();
    stage.command("Call.Resume", json!({"CallId": 1})).await.unwrap();
    stage.told.take();
    stage
        .command("Call.Disconnect", json!({"CallId": 1}))
        .await
        .unwrap();
    let told = stage.told.take();
    assert!(told[0].starts_with("!CallDisconnect"), "{told:#?}");
    let event: Value = serde_json::from_str(told[0].split_once(' ').unwrap().1).unwrap();
    assert_eq!(
        (&event["Duration"], &event["CauseType"]),
        (&json!(65), &json!("LocalDisconnect"))
    );
    let builtin = Catalogue::builtin();
    let spec = builtin.event(&"CallDisconnect".parse().unwrap()).unwrap();
    for field in &spec.fields {
        assert!(
            event.get(field.name.as_str()).is_some(),
            "{} is missing",
            field.name
        );
    }
    assert_eq!(told[1], "-Call[1]");
    assert_eq!(stage.get("SystemUnit.State.NumberOfActiveCalls").await, 0);
    assert_eq!(stage.get("Call[1].Status").await, Value::Null);
    let history = stage.command("CallHistory.Get", Value::Null).await.unwrap();
    assert_eq!(history["Entry"][0]["OccurrenceType"], "Placed");
}

#[tokio::test]
async fn calls_that_come_to_nothing_and_calls_that_come_in() {
    let stage = Stage::new(ProductModel::RoomBar);
    for (number, cause) in [
        ("busy@x.example", "Busy"),
        ("noanswer@x.example", "NoAnswer"),
        ("unknown@x.example", "UnknownRemoteSite"),
    ] {
        stage.command("Dial", json!({"Number": number})).await.unwrap();
        for _ in 0..3 {
            stage.wait(Duration::from_secs(31)).await;
        }
        let told = stage.told.take();
        assert!(
            told.iter()
                .any(|told| told.contains("CallDisconnect") && told.contains(cause)),
            "{told:#?}"
        );
    }
    let call = json!({"DisplayName": "Anna", "Number": "anna@client.example"});
    let id = stage
        .device
        .call("xSimulator/IncomingCall", call.clone())
        .await
        .unwrap()["CallId"]
        .clone();
    assert!(
        stage
            .told
            .take()
            .iter()
            .any(|told| told.contains("IncomingCallIndication") && told.contains("Anna"))
    );
    stage.command("Call.Accept", json!({"CallId": id})).await.unwrap();
    stage
        .device
        .call("xSimulator/RemoteHangUp", json!({"CallId": id}))
        .await
        .unwrap();
    assert!(
        stage
            .told
            .take()
            .iter()
            .any(|told| told.contains("RemoteDisconnect"))
    );
    let id = stage.device.call("xSimulator/IncomingCall", call).await.unwrap()["CallId"].clone();
    stage.command("Call.Reject", json!({"CallId": id})).await.unwrap();
    let error = stage
        .command("Call.Accept", json!({"CallId": id}))
        .await
        .unwrap_err();
    assert_eq!(error.code, code::COMMAND);
}

#[tokio::test]
async fn messages() {
    check(&[
        (
            "UserInterface.Message.Prompt.Display",
            json!({"Text": "Tea?", "FeedbackId": "tea", "Option.1": "Yes", "Duration": 10}),
            &["!UserInterface.Message.Prompt.Display"],
        ),
        (
            "UserInterface.Message.Prompt.Response",
            json!({"FeedbackId": "tea", "OptionId": "1"}),
            &["!UserInterface.Message.Prompt.Response {\"FeedbackId\":\"tea\",\"OptionId\":1}"],
        ),
        ("wait 11000", Value::Null, &[]),
        (
            "UserInterface.Message.TextInput.Display",
            json!({"Text": "Name?", "FeedbackId": "name", "Duration": 10}),
            &["!UserInterface.Message.TextInput.Display"],
        ),
        (
            "wait 11000",
            Value::Null,
            &["!UserInterface.Message.TextInput.Clear {\"FeedbackId\":\"name\"}"],
        ),
        (
            "UserInterface.Message.Alert.Display",
            json!({"Text": "Hi"}),
            &["!UserInterface.Message.Alert.Display"],
        ),
        (
            "UserInterface.Message.Alert.Clear",
            Value::Null,
            &["!UserInterface.Message.Alert.Cleared {}"],
        ),
        ("UserInterface.Message.Alert.Clear", Value::Null, &[]),
        (
            "UserInterface.Message.Rating.Response",
            json!({"FeedbackId": "r", "Rating": 4}),
            &["!UserInterface.Message.Rating.Response {\"FeedbackId\":\"r\",\"Rating\":4}"],
        ),
    ])
    .await;
}

const PANEL: &str = "<Extensions><Version>1.11</Version><Panel><Order>1</Order><PanelId>x</PanelId><Name>Water</Name>\
    <Page><PageId>p</PageId><Row><Widget><WidgetId>w</WidgetId></Widget></Row></Page></Panel></Extensions>";

#[tokio::test]
async fn panels_and_widgets() {
    check(&[
        (
            "UserInterface.Extensions.Panel.Save",
            json!({"PanelId": "water_me", "body": PANEL}),
            &[
                "UserInterface.Extensions.Widget[1].WidgetId=w",
                "UserInterface.Extensions.Widget[1].Value=",
                "!UserInterface.Extensions.Widget.LayoutUpdated",
            ],
        ),
        (
            "UserInterface.Extensions.Panel.Clicked",
            json!({"PanelId": "water_me"}),
            &["!UserInterface.Extensions.Panel.Clicked {\"PanelId\":\"water_me\""],
        ),
        (
            "UserInterface.Extensions.Panel.Open",
            json!({"PanelId": "water_me"}),
            &["!UserInterface.Extensions.Panel.Open", "!UserInterface.Extensions.Event.PageOpened {\"PageId\":\"p\"}"],
        ),
        (
            "UserInterface.Extensions.Panel.Close",
            Value::Null,
            &["!UserInterface.Extensions.Event.PageClosed {\"PageId\":\"p\"}", "!UserInterface.Extensions.Panel.Close {}"],
        ),
        (
            "UserInterface.Extensions.Widget.SetValue",
            json!({"WidgetId": "w", "Value": 5}),
            &["UserInterface.Extensions.Widget[1].Value=5"],
        ),
        (
            "UserInterface.Extensions.Widget.Action",
            json!({"WidgetId": "w", "Type": "pressed", "Value": "1"}),
            &["!UserInterface.Extensions.Widget.Action {\"Type\":\"pressed\",\"Value\":\"1\",\"WidgetId\":\"w\"}"],
        ),
        (
            "UserInterface.Extensions.Panel.Remove",
            json!({"PanelId": "water_me"}),
            &["-UserInterface.Extensions.Widget[1]", "!UserInterface.Extensions.Widget.LayoutUpdated"],
        ),
    ])
    .await;
    let stage = Stage::new(ProductModel::RoomBar);
    stage
        .command(
            "UserInterface.Extensions.Panel.Save",
            json!({"PanelId": "a", "body": PANEL}),
        )
        .await
        .unwrap();
    let list = stage
        .command("UserInterface.Extensions.List", Value::Null)
        .await
        .unwrap();
    assert_eq!(
        (
            &list["Extensions"]["Panel"][0]["PanelId"],
            &list["Extensions"]["Panel"][0]["Name"]
        ),
        (&json!("a"), &json!("Water"))
    );
    let bad = stage
        .command(
            "UserInterface.Extensions.Panel.Save",
            json!({"PanelId": "a", "body": "<Extensions>"}),
        )
        .await;
    assert_eq!(bad.unwrap_err().code, code::COMMAND);
}

#[tokio::test]
async fn presentations_come_and_go() {
    check(&[
        (
            "Presentation.Start",
            Value::Null,
            &[
                "Conference.Presentation.LocalInstance[1].SendingMode=LocalOnly",
                "Conference.Presentation.LocalInstance[1].Source=2",
                "!PresentationPreviewStarted",
            ],
        ),
        (
            "Presentation.Stop",
            Value::Null,
            &[
                "!PresentationPreviewStopped",
                "-Conference.Presentation.LocalInstance[1]",
            ],
        ),
        (
            "Standby.Activate",
            Value::Null,
            &[
                "Standby.State=Standby",
                "Standby.Level=Standby",
                "SystemUnit.State.System=Sleeping",
            ],
        ),
        (
            "Standby.Deactivate",
            Value::Null,
            &[
                "Standby.State=Off",
                "Standby.Level=None",
                "SystemUnit.State.System=Initialized",
            ],
        ),
        (
            "UserInterface.WebView.Display",
            json!({"Url": "https://example.com", "Header": ["A: b"]}),
            &[
                "UserInterface.WebView[1].Status=Visible",
                "UserInterface.WebView[1].Type=Integration",
                "UserInterface.WebView[1].URL=https://example.com",
                "!UserInterface.WebView.Display {\"Headers\":[{\"Header\":\"A: b\"}]",
            ],
        ),
    ])
    .await;
}

#[tokio::test]
async fn bookings_follow_the_clock() {
    let stage = Stage::new(ProductModel::RoomBar);
    assert_eq!(stage.get("Bookings.Availability.Status").await, "Free");
    let booking = json!({
        "Id": "m1", "Title": "Review", "Organizer": "Ingrid Falk",
        "StartTime": "2026-03-04T06:10:00Z", "EndTime": "2026-03-04T06:40:00Z",
    });
    stage.device.call("xSimulator/PutBooking", booking).await.unwrap();
    let told = stage.told.take();
    assert_eq!(
        told[..2],
        [
            "!Bookings.Updated {}".to_owned(),
            "Bookings.Availability.Status=FreeUntil".to_owned()
        ]
    );
    // It would fall asleep in the same moment.
    stage
        .device
        .call("xSimulator/People", json!({"Count": 2}))
        .await
        .unwrap();
    stage.told.take();
    stage.wait(Duration::from_secs(600)).await;
    let told = stage.told.take();
    assert_eq!(
        told,
        [
            "!Bookings.Start {\"Id\":\"m1\"}",
            "Bookings.Current.Id=m1",
            "Bookings.Current.Organizer.Name=Ingrid Falk",
            "Bookings.Availability.Status=BookedUntil",
            "Bookings.Availability.TimeStamp=2026-03-04T06:40:00Z",
        ]
    );
    stage
        .command("Bookings.Extend", json!({"MeetingId": "m1", "Duration": 15}))
        .await
        .unwrap();
    assert!(stage.told.take()[0].contains("2026-03-04T06:55:00Z"));
    let clash = stage
        .command("Bookings.Book", json!({"Title": "x", "Duration": 30}))
        .await
        .unwrap_err();
    assert!(clash.message.contains("booked until"), "{clash}");
    stage.wait(Duration::from_secs(45 * 60)).await;
    let told = stage.told.take();
    assert_eq!(
        told[..3],
        [
            "!Bookings.End {\"Id\":\"m1\"}",
            "-Bookings.Current.Id",
            "-Bookings.Current.Organizer.Name"
        ]
    );
    let booked = stage
        .command("Bookings.Book", json!({"Title": "Ad hoc"}))
        .await
        .unwrap();
    let list = stage.command("Bookings.List", Value::Null).await.unwrap();
    assert_eq!(list["Booking"][0]["Id"], booked["MeetingId"]);
    stage.told.take();
    stage
        .command("Bookings.Delete", json!({"MeetingId": booked["MeetingId"]}))
        .await
        .unwrap();
    assert!(
        stage
            .told
            .take()
            .iter()
            .any(|told| told.starts_with("!Bookings.Deleted"))
    );
    let whole = json!({"body": {"Bookings": [{"Id": "m2", "Title": "T", "Time": {"StartTime": "2026-03-04T09:00:00Z", "Duration": 30}}]}});
    stage.command("Bookings.Put", whole).await.unwrap();
    assert_eq!(
        stage.command("Bookings.Get", json!({"Id": "m2"})).await.unwrap()["Booking"]["Title"],
        "T"
    );
    // What the device calls a booking, and what the calendar calls it.
    let put = json!({"Id": "m3", "MeetingId": "AAMk3", "StartTime": "2026-03-04T10:00:00Z", "Duration": 30});
    stage.device.call("xSimulator/PutBooking", put).await.unwrap();
    let got = stage.command("Bookings.Get", json!({"Id": "m3"})).await.unwrap();
    assert_eq!(got["Booking"]["MeetingId"], "AAMk3");
    let decline = |id: &str| stage.command("Bookings.Respond", json!({"MeetingId": id, "Type": "Decline"}));
    assert!(decline("m3").await.unwrap_err().message.contains("MeetingId"));
    decline("AAMk3").await.unwrap();
    let got = stage.command("Bookings.Get", json!({"Id": "m3"})).await.unwrap();
    assert_eq!(got["Booking"]["BookingStatus"], "Declined");
}

#[tokio::test]
async fn a_restart_is_told_and_forgets() {
    let stage = Stage::new(ProductModel::RoomBar);
    stage
        .command("Audio.Volume.Set", json!({"Level": 7}))
        .await
        .unwrap();
    stage.told.take();
    stage
        .command("SystemUnit.Boot", json!({"Action": "Restart"}))
        .await
        .unwrap();
    stage.device.run_due().await;
    assert_eq!(stage.told.take(), ["!BootEvent {\"Action\":\"Restart\"}"]);
    assert_eq!(*stage.device.power().borrow(), Power::Booting);
    let refused = stage.try_get("Audio.Volume").await.unwrap_err();
    assert_eq!(refused.code, code::NOT_READY);
    stage.wait(Duration::from_secs(10)).await;
    assert_eq!(*stage.device.power().borrow(), Power::On);
    assert_eq!(stage.get("Audio.Volume").await, 50);
    assert_eq!(stage.get("SystemUnit.Uptime").await, 0);
    // Nobody is told until somebody attaches again.
    assert!(!stage.device.is_attached());
    stage
        .command("Audio.Volume.Set", json!({"Level": 8}))
        .await
        .unwrap();
    assert_eq!(stage.told.take(), Vec::<String>::new());
}

#[tokio::test]
async fn the_official_integration_test_passes() {
    let stage = Stage::new(ProductModel::DeskPro);
    stage
        .command("Audio.Volume.Set", json!({"Level": 33}))
        .await
        .unwrap();
    assert_eq!(stage.get("Audio.Volume").await, json!(33));
    let path = json!({"Path": ["Configuration", "Audio", "DefaultVolume"]});
    stage
        .device
        .call("xSet", json!({"Path": path["Path"], "Value": 33}))
        .await
        .unwrap();
    assert_eq!(stage.device.call("xGet", path).await.unwrap(), json!(33));
    for method in ["xCommand/Self/Destruct", "xCommand/Self"] {
        assert_eq!(
            stage.device.call(method, Value::Null).await.unwrap_err().code,
            code::NOT_FOUND
        );
    }
    assert_eq!(
        stage.try_get("Self.Destruct").await.unwrap_err().code,
        code::NOT_FOUND
    );
    let none = stage
        .device
        .call("xQuery", json!({"Query": ["Status", "Self", "Destruct"]}))
        .await
        .unwrap();
    assert_eq!(none, json!({}));
    stage.command("Standby.Deactivate", Value::Null).await.unwrap();
    assert_eq!(stage.get("Standby.State").await, "Off");
    stage.told.take();
    stage.command("Standby.Activate", Value::Null).await.unwrap();
    assert!(stage.told.take().contains(&"Standby.State=Standby".to_owned()));
}

#[tokio::test]
async fn test_hooks_set_any_status() {
    let stage = Stage::new(ProductModel::RoomBar);
    let set = |path: &str, value: Value| {
        let params = json!({"Path": path, "Value": value});
        let device = stage.device.clone();
        async move { device.call("xSimulator/SetStatus", params).await }
    };
    let answer = set("roomanalytics.peoplecount.current", json!("4"))
        .await
        .unwrap();
    assert_eq!(
        (&answer["Key"], &answer["Value"]),
        (&json!("RoomAnalytics.PeopleCount.Current"), &json!(4))
    );
    set(
        "Peripherals.ConnectedDevice[1004].RoomAnalytics.AirQuality.Index",
        json!(1.5),
    )
    .await
    .unwrap();
    assert_eq!(
        stage.told.take(),
        [
            "RoomAnalytics.PeopleCount.Current=4",
            "Peripherals.ConnectedDevice[1004].RoomAnalytics.AirQuality.Index=1.5",
        ]
    );
    let unknown = set("RoomAnalytics.PeopleCount.Curent", json!(1))
        .await
        .unwrap_err();
    assert_eq!(unknown.code, code::NOT_FOUND);
    assert!(
        unknown.message.contains("RoomAnalytics.PeopleCount.Current"),
        "{unknown}"
    );
    let bad = set("Standby.State", json!("Dozing")).await.unwrap_err();
    assert!(bad.is_illegal_value());
    let many = json!({"Updated": {"Audio.Volume": 5, "Standby.State": "Halfwake"}, "Removed": ["Bookings.Availability.Status"]});
    stage.device.call("xSimulator/SetMany", many).await.unwrap();
    assert_eq!(
        stage.told.take(),
        [
            "Audio.Volume=5",
            "Standby.State=Halfwake",
            "-Bookings.Availability.Status"
        ]
    );
    let emit = json!({"Event": "userinterface.extensions.panel.clicked", "Value": {"PanelId": "p"}});
    stage.device.call("xSimulator/Emit", emit).await.unwrap();
    assert_eq!(
        stage.told.take(),
        ["!UserInterface.Extensions.Panel.Clicked {\"PanelId\":\"p\"}"]
    );
    stage
        .device
        .call("xSimulator/People", json!({"Count": 3}))
        .await
        .unwrap();
    assert!(
        stage
            .told
            .take()
            .contains(&"RoomAnalytics.PeoplePresence=Yes".to_owned())
    );
}

/// What a device shows right after it started is what the catalogue says that it can show.
#[tokio::test]
async fn statuses_fit_the_catalogue() {
    let catalogue = Catalogue::builtin();
    for product in ProductModel::ALL {
        let stage = Stage::new(product);
        let all = stage
            .device
            .call("xQuery", json!({"Query": ["Status"]}))
            .await
            .unwrap();
        for leaf in hallway_xapi::tree::leaves(all["Status"].as_object().unwrap()) {
            let hallway_xapi::tree::Leaf::Value(key, value) = leaf else {
                panic!("{leaf:?}")
            };
            let spec = catalogue
                .status(&key, None)
                .unwrap_or_else(|| panic!("{key} is not in the catalogue"));
            assert_eq!(spec.space.coerce(&value), Ok(value.clone()), "{key}");
            assert_eq!(
                catalogue.canonical_status(&key).unwrap().to_string(),
                key.to_string()
            );
        }
    }
    let desk = Stage::new(ProductModel::DeskPro);
    assert_eq!(desk.get("RoomAnalytics.AmbientNoise.Level.A").await, Value::Null);
}

/// Every command of the catalogue either works or says that it does not.
#[tokio::test]
async fn every_command_answers() {
    let catalogue = Catalogue::builtin();
    let all = Pattern::everything();
    let mut refused = Vec::new();
    let mut count = 0;
    for spec in catalogue.commands(&all, None) {
        let stage = Stage::new(ProductModel::RoomBar);
        let mut params = serde_json::Map::new();
        for param in spec.params.iter().filter(|param| param.required) {
            let value = [json!(1), json!("2026-03-04T07:00:00Z"), json!("a"), json!("On")];
            let first = match &param.space {
                hallway_xapi::catalogue::ValueSpace::Literal(words) => json!(words[0]),
                space => value
                    .into_iter()
                    .find(|value| space.coerce(value).is_ok())
                    .unwrap_or(json!("1")),
            };
            params.insert(param.name.to_string(), first);
        }
        if spec.multiline {
            params.insert("body".to_owned(), json!(PANEL));
        }
        count += 1;
        match stage.command(&spec.path.to_string(), Value::Object(params)).await {
            Ok(answer) => assert_eq!(answer["status"], "OK"),
            Err(error) => {
                assert_eq!(error.code, code::COMMAND, "{}: {error}", spec.path);
                if error.message.contains("not supported") {
                    refused.push(spec.path.to_string());
                }
            }
        }
    }
    assert!(
        refused.len() * 10 < count * 3,
        "{} of {count}: {refused:?}",
        refused.len()
    );
}
