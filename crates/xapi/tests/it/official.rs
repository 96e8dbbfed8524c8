//! The catalogue against the published schema file, where a copy is at hand. The copy is no part of this
//! project: `HALLWAY_SPECS` names its folder, or it lies in `../shared/specs` beside the workspace.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use hallway_xapi::catalogue::{EventSpec, Field, FieldKind, ValueSpace};
use hallway_xapi::{Catalogue, Key, Pattern};
use serde_json::Value;

/// What the built-in catalogue has on purpose and the published file lacks.
const SUPPLEMENT: [&str; 9] = [
    "Bookings.Current.Organizer.Name",
    "Bookings.Deleted",
    "Bookings.Extend",
    "MicrosoftTeams.Calling.InCall",
    "MicrosoftTeams.Pairing.Active",
    "MicrosoftTeams.User.SignedIn",
    "Network[1..n].ActiveInterface",
    "RoomAnalytics.RoomInUse",
    "SystemUnit.State.System",
];

/// Where our value space is wider than the published one, which lists hundreds of words.
const WIDER: [&str; 1] = ["Time.Zone"];

/// The schema file; `None` where there is none.
fn schema() -> Option<String> {
    let folder = std::env::var_os("HALLWAY_SPECS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs"),
        PathBuf::from,
    );
    std::fs::read_to_string(folder.join("roomos-xapi-schema.json")).ok()
}

macro_rules! schema_or_skip {
    () => {
        match schema() {
            Some(text) => text,
            None => {
                eprintln!("skipped: no published schema file at hand (set HALLWAY_SPECS to its folder)");
                return;
            }
        }
    };
}

/// The file with the entries of devices on premises, some of which the built-in catalogue has.
fn with_premises(text: &str) -> Catalogue {
    let text = text.replace("\"onprem\"", "\"any\"");
    Catalogue::from_schema(&text).expect("the published file can be read")
}

/// An absolute key under a schema key: the first item of each list.
fn first_item(path: &Pattern) -> Key {
    let text = path.to_string();
    let parts = text.split('[').map(|part| match part.split_once(']') {
        Some((inside, rest)) => format!("{}]{rest}", inside.split("..").next().unwrap_or(inside)),
        None => part.to_owned(),
    });
    parts
        .collect::<Vec<_>>()
        .join("[")
        .parse()
        .expect("a schema key with its ranges taken out")
}

#[test]
fn the_whole_file_is_found_again() {
    let text = schema_or_skip!();
    let catalogue = Catalogue::from_schema(&text).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    for object in file["objects"].as_array().unwrap() {
        if object["attributes"]["backend"] == "onprem" {
            continue;
        }
        let kind = object["type"].as_str().unwrap();
        *counted.entry(kind).or_default() += 1;
        let path = object["path"].as_str().unwrap().replace("[n]", "[1..n]");
        let key = first_item(&path.parse().unwrap());
        for product in object["products"].as_array().unwrap() {
            let product = product.as_str();
            let found = match kind {
                "Status" => catalogue.status(&key, product).is_some(),
                "Command" => catalogue.command(&key, product).is_some(),
                "Event" => catalogue.event(&key).is_some(),
                _ => catalogue.configuration(&key, product).is_some(),
            };
            assert!(found, "{kind} {path} of {product:?}");
        }
    }
    assert_eq!(counted.values().sum::<usize>(), 2233 - 87);
    assert_eq!(counted["Event"], 163);
    assert_eq!(catalogue.products().len(), 25);
}

#[test]
fn products_differ() {
    let text = schema_or_skip!();
    let catalogue = with_premises(&text);
    let everything = Pattern::everything();
    let supplement = Catalogue::builtin();
    let ours: BTreeSet<String> = SUPPLEMENT.iter().map(ToString::to_string).collect();
    for (product, commands, statuses) in [
        ("octavio", 330, 448),
        ("barents", 361, 469),
        ("helix_55", 325, 460),
    ] {
        let own = |path: String| !ours.contains(&path);
        let found = catalogue
            .commands(&everything, Some(product))
            .filter(|spec| own(spec.path.to_string()));
        assert_eq!(found.count(), commands, "commands of {product}");
        let found = catalogue
            .statuses(&everything, Some(product))
            .filter(|spec| own(spec.path.to_string()));
        assert_eq!(found.count(), statuses, "statuses of {product}");
    }
    assert_eq!(
        catalogue
            .events(&everything)
            .filter(|spec| !spec.products.is_empty())
            .count(),
        163
    );
    // What no product has is not there for one; without a product, or with an unknown one, everything is.
    let light: Key = "UserInterface.LedControl.Color".parse().unwrap();
    assert!(catalogue.status(&light, None).is_some());
    assert!(catalogue.status(&light, Some("no such product")).is_some());
    assert!(
        catalogue
            .status(&"MicrosoftTeams.Calling.InCall".parse().unwrap(), Some("octavio"))
            .is_some()
    );
    assert_eq!(catalogue.supported_statuses(), supplement.supported_statuses());
}

/// Boards, room and desk devices have signage and web apps on their Navigators; one old product has neither, and
/// some room devices show pages that nobody can use.
#[test]
fn products_with_signage_and_web_apps() {
    let text = schema_or_skip!();
    let catalogue = Catalogue::from_schema(&text).unwrap();
    let has = |path: &str, product: &str| {
        let key: Key = path.parse().expect("a key");
        catalogue.configuration(&key, Some(product)).is_some()
    };
    for product in catalogue.products() {
        for path in [
            "Standby.Signage.Mode",
            "Standby.Signage.Url",
            "Standby.Signage.Audio",
            "Standby.Signage.RefreshInterval",
            "WebEngine.Mode",
            "UserInterface.HomeScreen.Peripherals.WebApp.URL",
            "WebEngine.Features.Xapi.Peripherals.AllowedHosts.Hosts",
            "Security.Xapi.WebSocket.ApiKey.Allowed",
        ] {
            assert_eq!(
                has(path, product.as_str()),
                product.as_str() != "baymax",
                "{path} of {product}"
            );
        }
    }
    let interactive = "Standby.Signage.InteractionMode";
    assert!(has(interactive, "helix_55") && has(interactive, "polaris") && has(interactive, "havella"));
    assert!(!has(interactive, "barents") && !has(interactive, "hopen"));
}

#[test]
fn spot_checks() {
    let text = schema_or_skip!();
    let catalogue = with_premises(&text);
    let everything = Pattern::everything();
    let impact = catalogue
        .commands(&everything, None)
        .filter(|spec| spec.privacy_impact);
    let impact: BTreeSet<String> = impact.map(|spec| spec.path.to_string()).collect();
    let ours = impact
        .iter()
        .filter(|path| SUPPLEMENT.contains(&path.as_str()))
        .count();
    assert_eq!(impact.len() - ours, 117);
    let bodies = catalogue
        .commands(&everything, None)
        .filter(|spec| spec.multiline)
        .count();
    assert_eq!(bodies, 15);
    let hidden = catalogue
        .configurations(&everything, None)
        .filter(|(_, spec)| spec.hidden);
    // Eight paths, one of which is a list of three.
    assert_eq!(hidden.count(), 10);
    // Defaults that differ from item to item are taken apart.
    let level = |key: &str| {
        let key = key.parse().expect("a key");
        catalogue
            .configuration(&key, None)
            .map(|spec| spec.default.clone())
    };
    for configuration in catalogue.configurations(&everything, None) {
        let default = configuration.1.default.as_str().unwrap_or_default();
        assert!(!default.starts_with('['), "{}: {default}", configuration.0);
    }
    assert_eq!(level("Audio.DefaultVolume"), Some(50.into()));
    // An event whose payload nests.
    let input = catalogue
        .event(&"Audio.Input.Connectors".parse().unwrap())
        .unwrap();
    let FieldKind::Node { multiple: true, .. } = &input.field("microphone").unwrap().kind else {
        panic!("{input:?}")
    };
}

#[test]
fn built_in_statuses_agree() {
    let text = schema_or_skip!();
    let (official, builtin) = (with_premises(&text), Catalogue::builtin());
    let everything = Pattern::everything();
    let mut faults = Vec::new();
    for ours in builtin.statuses(&everything, None) {
        let key = first_item(&ours.path);
        let variants: Vec<_> = variants(&official, |product| official.status(&key, product));
        let path = ours.path.to_string();
        if variants.iter().all(|spec| spec.products.is_empty()) {
            supplemented(&path, &mut faults);
        } else if !variants.iter().any(|spec| {
            spec.path.to_string() == path
                && same(&spec.space, &ours.space)
                && spec.privacy_impact == ours.privacy_impact
        }) {
            faults.push(format!("{path}: {:?} is not {:?}", ours.space, variants[0]));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn built_in_commands_agree() {
    let text = schema_or_skip!();
    let (official, builtin) = (with_premises(&text), Catalogue::builtin());
    let everything = Pattern::everything();
    let mut faults = Vec::new();
    for ours in builtin.commands(&everything, None) {
        let variants: Vec<_> = variants(&official, |product| official.command(&ours.path, product));
        let path = ours.path.to_string();
        if variants.iter().all(|spec| spec.products.is_empty()) {
            supplemented(&path, &mut faults);
            continue;
        }
        let agrees = variants.iter().any(|spec| {
            let mut params = (ours.params.clone(), spec.params.clone());
            params.0.sort_by(|a, b| a.name.cmp(&b.name));
            params.1.sort_by(|a, b| a.name.cmp(&b.name));
            spec.path.to_string() == path
                && params.0.len() == params.1.len()
                && params.0.iter().zip(&params.1).all(|(a, b)| {
                    a.name == b.name
                        && a.required == b.required
                        && a.default == b.default
                        && same(&a.space, &b.space)
                })
                && (spec.multiline, spec.privacy_impact) == (ours.multiline, ours.privacy_impact)
        });
        if !agrees {
            faults.push(format!("{path}:\n  {ours:?}\n  {:?}", variants[0]));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn built_in_events_agree() {
    let text = schema_or_skip!();
    let (official, builtin) = (with_premises(&text), Catalogue::builtin());
    let everything = Pattern::everything();
    let mut faults = Vec::new();
    for ours in builtin.events(&everything) {
        let path = ours.path.to_string();
        let theirs: &EventSpec = official.event(&ours.path).unwrap();
        if theirs.products.is_empty() {
            supplemented(&path, &mut faults);
        } else if theirs.path.to_string() != path || !same_fields(&ours.fields, &theirs.fields) {
            faults.push(format!("{path}:\n  {:?}\n  {:?}", ours.fields, theirs.fields));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn built_in_configurations_agree() {
    let text = schema_or_skip!();
    let (official, builtin) = (with_premises(&text), Catalogue::builtin());
    let everything = Pattern::everything();
    let mut faults = Vec::new();
    for (key, ours) in builtin.configurations(&everything, None) {
        let variants: Vec<_> = variants(&official, |product| official.configuration(&key, product));
        let path = key.to_string();
        if variants.iter().all(|spec| spec.products.is_empty()) {
            supplemented(&path, &mut faults);
            continue;
        }
        let spelled = official.canonical_configuration(&key).map(|key| key.to_string());
        let agrees = variants.iter().any(|spec| {
            spec.default == ours.default
                && spec.hidden == ours.hidden
                && (same(&spec.space, &ours.space) || WIDER.contains(&path.as_str()))
        });
        if !agrees || spelled.as_deref() != Some(path.as_str()) {
            faults.push(format!("{path}:\n  {ours:?}\n  {:?}", variants[0]));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn what_we_add_is_not_published() {
    let text = schema_or_skip!();
    let official = with_premises(&text);
    let everything = Pattern::everything();
    let statuses = official
        .statuses(&everything, None)
        .filter(|spec| spec.products.is_empty());
    let commands = official
        .commands(&everything, None)
        .filter(|spec| spec.products.is_empty());
    let events = official
        .events(&everything)
        .filter(|spec| spec.products.is_empty());
    let mut added: Vec<String> = statuses.map(|spec| spec.path.to_string()).collect();
    added.extend(commands.map(|spec| spec.path.to_string()));
    added.extend(events.map(|spec| spec.path.to_string()));
    added.sort();
    assert_eq!(added, SUPPLEMENT);
}

/// What each product has, products without it left out.
fn variants<'a, T>(official: &'a Catalogue, find: impl Fn(Option<&'a str>) -> Option<&'a T>) -> Vec<&'a T> {
    official
        .products()
        .iter()
        .filter_map(|product| find(Some(product.as_str())))
        .collect()
}

fn supplemented(path: &str, faults: &mut Vec<String>) {
    if !SUPPLEMENT.contains(&path) {
        faults.push(format!(
            "{path}: is not published, and not in the list of what we add"
        ));
    }
}

/// Words are compared as sets: their order means nothing.
fn same(a: &ValueSpace, b: &ValueSpace) -> bool {
    let sorted = |values: &[smol_str::SmolStr]| values.iter().cloned().collect::<BTreeSet<_>>();
    match (a, b) {
        (ValueSpace::Literal(a), ValueSpace::Literal(b)) => sorted(a) == sorted(b),
        (
            ValueSpace::LiteralArray { values: a, max_items },
            ValueSpace::LiteralArray {
                values: b,
                max_items: most,
            },
        ) => sorted(a) == sorted(b) && max_items == most,
        (a, b) => a == b,
    }
}

/// The file has literals without words; ours are texts.
fn same_fields(a: &[Field], b: &[Field]) -> bool {
    a.len() == b.len()
        && a.iter().all(|a| {
            let Some(b) = b.iter().find(|b| b.name == a.name) else {
                return false;
            };
            a.required == b.required
                && match (&a.kind, &b.kind) {
                    (FieldKind::String, FieldKind::Literal(words)) => words.is_empty(),
                    (
                        FieldKind::Node { multiple, fields },
                        FieldKind::Node {
                            multiple: many,
                            fields: inner,
                        },
                    ) => multiple == many && same_fields(fields, inner),
                    (a, b) => a == b,
                }
        })
}
