//! The built-in catalogue: what it must hold, and how it is asked.

use hallway_xapi::{Catalogue, Key, Pattern};
use serde_json::{Value, json};

fn key(text: &str) -> Key {
    text.parse().expect("a key")
}

fn pattern(text: &str) -> Pattern {
    text.parse().expect("a pattern")
}

#[test]
fn keys_are_found_by_the_rules_of_the_schema() {
    let catalogue = Catalogue::builtin();
    for (asked, found) in [
        ("audio.volume", Some("Audio.Volume")),
        ("Call[12].Status", Some("Call[1..n].Status")),
        ("Call[0].Status", None),
        ("Call.Status", None),
        ("Audio", None),
        ("Audio.Volume.Level", None),
        ("Self.Destruct", None),
        (
            "Peripherals.ConnectedDevice[1004].RoomAnalytics.AirQuality.Index",
            Some("Peripherals.ConnectedDevice[1..n].RoomAnalytics.AirQuality.Index"),
        ),
    ] {
        let spec = catalogue.status(&key(asked), None);
        assert_eq!(
            spec.map(|spec| spec.path.to_string()).as_deref(),
            found,
            "{asked}"
        );
    }
    // No entry is bound to a product, so every product has everything.
    assert!(catalogue.products().is_empty());
    assert!(catalogue.status(&key("Audio.Volume"), Some("octavio")).is_some());
    assert!(
        catalogue
            .event(&key("userinterface.extensions.panel.clicked"))
            .is_some()
    );
    let around = catalogue.event_around(&key("UserInterface.Extensions.Panel.Clicked.PanelId"));
    assert_eq!(
        around.unwrap().path,
        key("UserInterface.Extensions.Panel.Clicked")
    );
    assert!(catalogue.event_around(&key("UserInterface.Extensions")).is_none());
}

#[test]
fn nodes_are_told_from_leaves() {
    let catalogue = Catalogue::builtin();
    for (asked, inner) in [
        ("audio", true),
        ("Call[3]", true),
        ("Call", false),
        ("Call[0]", false),
        ("Audio.Volume", false),
    ] {
        assert_eq!(catalogue.is_inner_status(&key(asked)), inner, "{asked}");
    }
    assert!(catalogue.is_inner_event(&key("UserInterface.Extensions")));
    assert!(catalogue.is_inner_configuration(&key("Network[1].DNS")));
}

#[test]
fn spelling_is_made_canonical() {
    let catalogue = Catalogue::builtin();
    let spelled = |key: Option<Key>| key.map(|key| key.to_string());
    assert_eq!(
        spelled(catalogue.canonical_status(&key("CALL[7].status"))).as_deref(),
        Some("Call[7].Status")
    );
    assert_eq!(
        spelled(catalogue.canonical_status(&key("CALL[7]"))).as_deref(),
        Some("Call[7]")
    );
    assert_eq!(
        spelled(catalogue.canonical_status(&key("roomanalytics"))).as_deref(),
        Some("RoomAnalytics")
    );
    assert_eq!(spelled(catalogue.canonical_status(&key("self.destruct"))), None);
    assert_eq!(
        spelled(catalogue.canonical_command(&key("dial"))).as_deref(),
        Some("Dial")
    );
    assert_eq!(
        spelled(catalogue.canonical_event(&key("bootevent"))).as_deref(),
        Some("BootEvent")
    );
    let configuration = catalogue.canonical_configuration(&key("networkservices.ntp.server[2].key"));
    assert_eq!(
        spelled(configuration).as_deref(),
        Some("NetworkServices.NTP.Server[2].Key")
    );
}

#[test]
fn filters_choose_statuses() {
    let catalogue = Catalogue::builtin();
    let chosen = |filter: &str| {
        let filter = pattern(filter);
        let paths = catalogue
            .statuses(&filter, None)
            .map(|spec| spec.path.to_string());
        paths.collect::<Vec<_>>()
    };
    assert_eq!(chosen("Call[2].Status"), ["Call[1..n].Status"]);
    assert_eq!(chosen("Call[0].Status"), [""; 0]);
    assert_eq!(chosen("Audio"), [""; 0]);
    assert_eq!(chosen("standby.*"), ["Standby.Level", "Standby.State"]);
    assert_eq!(chosen("*.SystemTime"), ["Time.SystemTime"]);
    assert_eq!(chosen("Standby.State"), ["Standby.State"]);
    assert_eq!(chosen("*").len(), chosen("*.*").len());
    assert!(chosen("*").len() > 200);
    for path in chosen("*") {
        assert!(chosen(&path).contains(&path), "{path}");
    }
}

#[test]
fn ranged_configurations_become_absolute_keys() {
    let catalogue = Catalogue::builtin();
    let keys = |filter: &str| {
        let filter = pattern(filter);
        let keys = catalogue
            .configurations(&filter, None)
            .map(|(key, _)| key.to_string());
        keys.collect::<Vec<_>>()
    };
    assert_eq!(
        keys("NetworkServices.NTP.Server[2..n].KeyId"),
        [
            "NetworkServices.NTP.Server[2].KeyId",
            "NetworkServices.NTP.Server[3].KeyId"
        ]
    );
    assert_eq!(keys("Audio.Ultrasound.*"), ["Audio.Ultrasound.MaxVolume"]);
    assert_eq!(keys("Self.Destruct"), [""; 0]);
    assert!(
        catalogue
            .configuration(&key("SIP.Proxy[4].Address"), None)
            .is_some()
    );
    assert!(
        catalogue
            .configuration(&key("SIP.Proxy[5].Address"), None)
            .is_none()
    );
    let hidden = catalogue
        .configuration(&key("SIP.Authentication.Password"), None)
        .unwrap();
    assert_eq!(hidden.shown(&json!("secret")), json!(""));
}

#[test]
fn local_paths_are_widened() {
    let catalogue = Catalogue::builtin();
    let widened = |path: &str| {
        let patterns = catalogue.widen_status(&pattern(path));
        patterns.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(widened("call.status"), ["Call[*].Status"]);
    assert_eq!(widened("Call[3]"), ["Call[3].*"]);
    assert_eq!(widened("Call"), ["Call[*].*"]);
    assert_eq!(widened("Audio"), ["Audio.*"]);
    assert_eq!(widened("Audio.Volume"), ["Audio.Volume"]);
    assert_eq!(widened("*"), ["*"]);
    assert_eq!(widened("Nothing"), [""; 0]);
    let events = catalogue.widen_event(&pattern("UserInterface.Extensions.Panel"));
    assert_eq!(events, [pattern("UserInterface.Extensions.Panel.*")]);
}

#[test]
fn schemas_look_as_documented() {
    let catalogue = Catalogue::builtin();
    let statuses = [
        pattern("Audio.Volume"),
        pattern("Standby.*"),
        pattern("Call[2].Duration"),
    ];
    insta::assert_snapshot!(Value::Object(catalogue.status_schema(&statuses, None)), @r#"{"Audio.Volume":{"schema":{"type":"integer"}},"Standby.Level":{"schema":{"type":"string","enum":["None","Standby","Networked","DisplayOff"]}},"Standby.State":{"schema":{"type":"string","enum":["Standby","EnteringStandby","Halfwake","Off"]}},"Call[1..n].Duration":{"schema":{"type":"integer"}}}"#);
    let commands = [pattern("macros.macro.save"), pattern("Standby.Activate")];
    insta::assert_snapshot!(Value::Object(catalogue.command_schema(&commands, None)), @r#"{"Macros.Macro.Save":{"arguments":{"Name":{"required":true,"schema":{"type":"string","minLength":0,"maxLength":250}},"Overwrite":{"required":false,"schema":{"type":"string","enum":["False","True"]}},"Transpile":{"required":false,"schema":{"type":"string","enum":["False","True"]}}},"bodySchema":{"schema":{"type":["object","string"],"maxLength":4194304}},"resultSchema":{"type":["object","null"]}},"Standby.Activate":{"arguments":{},"resultSchema":{"type":["object","null"]}}}"#);
    assert!(catalogue.command_schema(&[], None).len() > 150);
}

#[test]
fn supported_lists_name_things_that_exist() {
    let catalogue = Catalogue::builtin();
    assert!(!catalogue.supported_statuses().is_empty() && !catalogue.supported_events().is_empty());
    for supported in catalogue.supported_statuses() {
        assert!(
            catalogue.statuses(supported, None).next().is_some(),
            "{supported}"
        );
    }
    for supported in catalogue.supported_events() {
        assert!(catalogue.events(supported).next().is_some(), "{supported}");
    }
}

#[test]
fn payloads_are_brought_into_form() {
    let catalogue = Catalogue::builtin();
    let event = catalogue
        .event(&key("UserInterface.Message.Prompt.Response"))
        .unwrap();
    let payload = json!({"feedbackid": "f", "OptionId": "2", "Extra": 1});
    let normal = event.normalize(payload.as_object().unwrap());
    assert_eq!(
        Value::Object(normal),
        json!({"FeedbackId": "f", "OptionId": 2, "Extra": 1})
    );
}

#[test]
fn a_local_file_extends_the_catalogue() {
    let catalogue = Catalogue::builtin();
    let text = "[status]\nRoom.Mood Calm|Loud\nAudio.Volume 0..100\n[event]\nRoom.Cheer Level:int";
    let extended = catalogue.extended(text).unwrap();
    assert!(extended.status(&key("room.mood"), None).is_some());
    assert!(extended.event(&key("Room.Cheer")).is_some());
    let volume = extended.status(&key("Audio.Volume"), None).unwrap();
    assert_eq!(
        volume.space.json_schema(),
        json!({"type": "integer", "minimum": 0, "maximum": 100})
    );
    assert_eq!(extended.supported_events(), catalogue.supported_events());
    assert!(catalogue.status(&key("room.mood"), None).is_none());
}

#[test]
fn privacy_impact_is_where_it_belongs() {
    let catalogue = Catalogue::builtin();
    for (command, impact) in [
        ("Dial", true),
        ("Call.Disconnect", true),
        ("Bookings.List", true),
        ("Bookings.Put", false),
        ("Macros.Runtime.Status", true),
        ("Presentation.Start", true),
        ("UserInterface.Extensions.Panel.Save", true),
        ("UserInterface.Message.Alert.Display", false),
        ("UserInterface.Message.TextInput.Display", false),
        ("Audio.Microphones.Mute", true),
        ("Audio.Volume.Set", false),
        ("Standby.Activate", false),
        ("SystemUnit.Boot", false),
    ] {
        assert_eq!(
            catalogue.command(&key(command), None).unwrap().privacy_impact,
            impact,
            "{command}"
        );
    }
    let analytics = pattern("RoomAnalytics.*");
    for spec in catalogue.statuses(&analytics, None) {
        assert_eq!(
            spec.privacy_impact,
            spec.path != pattern("RoomAnalytics.T3Alarm.Detected"),
            "{}",
            spec.path
        );
    }
}

/// What the cloud's signage and web app features write (features 4).
#[test]
fn signage_and_web_apps_can_be_set() {
    let catalogue = Catalogue::builtin();
    let switch = json!({"type": "string", "enum": ["Off", "On"]});
    let text = |max: u32| json!({"type": "string", "minLength": 0, "maxLength": max});
    for (path, space, default) in [
        ("Standby.Signage.Mode", switch.clone(), json!("Off")),
        ("Standby.Signage.Url", text(2000), json!("")),
        ("Standby.Signage.Audio", switch.clone(), json!("Off")),
        (
            "Standby.Signage.InteractionMode",
            json!({"type": "string", "enum": ["Interactive", "NonInteractive"]}),
            json!("NonInteractive"),
        ),
        (
            "Standby.Signage.RefreshInterval",
            json!({"type": "integer", "minimum": 0, "maximum": 1440}),
            json!(0),
        ),
        ("WebEngine.Mode", switch, json!("Off")),
        (
            "UserInterface.HomeScreen.Peripherals.WebApp.URL",
            text(255),
            json!(""),
        ),
        (
            "WebEngine.Features.Xapi.Peripherals.AllowedHosts.Hosts",
            text(1024),
            json!(""),
        ),
        (
            "Security.Xapi.WebSocket.ApiKey.Allowed",
            json!({"type": "string", "enum": ["False", "True"]}),
            json!("False"),
        ),
    ] {
        let spec = catalogue.configuration(&key(path), None).unwrap();
        assert_eq!(
            (spec.space.json_schema(), &spec.default),
            (space, &default),
            "{path}"
        );
    }
}
