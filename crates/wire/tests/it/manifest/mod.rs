//! The reader of manifests: what it says, and what it must never do.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod diagnostics;
mod growth;
mod properties;

use hallway_wire::manifest::{Manifest, ParseOptions, parse};
use hallway_xapi::Pattern;

/// A manifest with nothing wrong in it.
pub(crate) const GOOD: &str = r#"{
  "id": "7c1b7a52-3f0e-4a44-9a0e-2b1d5c6e7f80",
  "manifestVersion": 3,
  "displayName": "Lamp Keeper",
  "vendor": "Harbour Lights",
  "email": "crew@harbourlights.example",
  "description": "Turns the lamps off when the last person has left.",
  "availability": "org_private",
  "apiAccess": [
    {"scope": "spark-admin:devices_read", "access": "required", "role": "id_readonly_admin"},
    {"scope": "spark-admin:workspaces_read", "access": "required", "role": "id_readonly_admin"},
    {"scope": "spark:xapi_statuses", "access": "required"},
    {"scope": "spark:xapi_commands", "access": "optional"}
  ],
  "xapiAccess": {
    "status": [
      {"path": "RoomAnalytics.PeoplePresence", "access": "required"},
      {"path": "Peripherals.ConnectedDevice[*].RoomAnalytics.AmbientTemperature", "access": "required"}
    ],
    "commands": [{"path": "UserInterface.Message.Alert.Display", "access": "optional"}],
    "events": [{"path": "UserInterface.Extensions.Panel.Clicked", "access": "optional"}]
  },
  "provisioning": {"type": "manual"}
}
"#;

/// What a platform may send notifications of.
pub(crate) fn supported() -> (Vec<Pattern>, Vec<Pattern>) {
    let read = |paths: &[&str]| paths.iter().map(|path| path.parse().unwrap()).collect();
    (
        read(&[
            "RoomAnalytics.*",
            "Peripherals.ConnectedDevice[*].RoomAnalytics.*",
            "Standby.State",
            "Bookings.Availability.Status",
        ]),
        read(&[
            "BootEvent",
            "Bookings.Start",
            "Bookings.End",
            "UserInterface.Extensions.Panel.Clicked",
        ]),
    )
}

pub(crate) fn good() -> Manifest {
    parse(GOOD, &ParseOptions::default()).manifest.unwrap()
}

#[test]
fn a_good_manifest_has_no_problems() {
    let (statuses, events) = supported();
    let options = ParseOptions {
        supported_statuses: &statuses,
        supported_events: &events,
        ..Default::default()
    };
    let parsed = parse(GOOD, &options);
    assert_eq!(parsed.problems, []);
    let manifest = parsed.manifest.unwrap();
    assert_eq!(manifest.manifest_version, 3);
    // Read through serde as well, as the store does.
    assert_eq!(serde_json::from_str::<Manifest>(GOOD).unwrap(), manifest);
    let ours: serde_json::Value = serde_json::to_value(&manifest).unwrap();
    assert_eq!(ours, serde_json::from_str::<serde_json::Value>(GOOD).unwrap());
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_do_no_harm() {
    let text = format!("\u{feff}{}", GOOD.replace('\n', "\r\n"));
    assert_eq!(parse(&text, &ParseOptions::default()).problems, []);
    let text = text.replace("crew@", "créw ");
    let parsed = parse(&text, &ParseOptions::default());
    assert_eq!((parsed.problems[0].line, parsed.problems[0].column), (6, 12));
}

#[test]
fn a_column_counts_characters() {
    let text = "{\"ä😀\": [,]}";
    let parsed = parse(text, &ParseOptions::default());
    assert_eq!((parsed.problems[0].line, parsed.problems[0].column), (1, 9));
    assert_eq!(&text[parsed.problems[0].span.clone()], ",");
}

#[test]
fn a_numeric_string_is_a_version_and_empty_urls_are_none() {
    let text = GOOD.replace("\"manifestVersion\": 3", "\"manifestVersion\": \"12\"").replace(
        "\"provisioning\": {\"type\": \"manual\"}",
        "\"tocUrl\": \"\", \"descriptionUrl\": \"\", \"provisioning\": {\"type\": \"manual\", \"url\": \"\"}",
    );
    let parsed = parse(&text, &ParseOptions::default());
    assert_eq!(parsed.problems, []);
    let manifest = parsed.manifest.unwrap();
    assert_eq!(manifest.manifest_version, 12);
    assert_eq!(
        (
            manifest.toc_url,
            manifest.description_url,
            manifest.provisioning.url
        ),
        (None, None, None)
    );
    assert_eq!(
        serde_json::from_str::<Manifest>(&text).unwrap().manifest_version,
        12
    );
}

#[test]
fn http_is_an_option() {
    let text = GOOD.replace(
        "{\"type\": \"manual\"}",
        "{\"type\": \"https\", \"url\": \"http://localhost:8080/activate\"}",
    );
    assert!(parse(&text, &ParseOptions::default()).manifest.is_none());
    let options = ParseOptions {
        allow_http: true,
        ..Default::default()
    };
    assert!(parse(&text, &options).manifest.is_some());
}

/// A file without line breaks is shown around the mistake only, and at its true column.
#[test]
fn a_long_line_is_shown_in_part() {
    let text = format!("{{\"id\": \"{}\", \"manifestVersion\": ö}}", "a".repeat(5000));
    let parsed = parse(&text, &ParseOptions::default());
    let shown = hallway_wire::manifest::Diagnosis::new("m.json", text, parsed.problems).render(false, 100);
    assert!(shown.contains("[m.json:1:5031]"), "{shown}");
    assert!(shown.contains("aaaaaaaaa\", \"manifestVersion\": ö}"), "{shown}");
    assert!(shown.lines().all(|line| line.len() < 300), "{shown}");
}

#[test]
fn limits_hold() {
    let options = ParseOptions::default();
    let large = format!("{GOOD}{}", " ".repeat(1 << 20));
    let parsed = parse(&large, &options);
    assert!(parsed.manifest.is_none());
    assert_eq!(parsed.problems.len(), 1);
    let deep = "[".repeat(500_000);
    assert_eq!(parse(&deep, &options).problems.len(), 1);
    // One line of a megabyte, everything in it wrong: a bounded answer, also when it is shown.
    let entry = r#"{"scope":"spark:xapi_statusess","acces":1,"x":2},"#;
    let many = format!(
        "{{\"apiAccess\":[{}{{}}]}}",
        entry.repeat((1 << 20) / entry.len() - 10)
    );
    let parsed = parse(&many, &options);
    assert!(parsed.manifest.is_none());
    assert!(parsed.problems.len() <= 202, "{}", parsed.problems.len());
    let shown = hallway_wire::manifest::Diagnosis::new("m.json", many, parsed.problems).render(false, 100);
    assert!(shown.len() < 400_000, "{}", shown.len());
    assert!(shown.contains("more errors are not shown"));
}
