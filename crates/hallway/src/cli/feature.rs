//! `hallway signage` and `hallway pwa`: what integrations show on devices.

use clap::{Args, Subcommand, ValueEnum};
use hallway_wire::feature::{
    AssignmentState, CrossLaunch, FeatureAssignment, FeatureView, Launched, Selection, SkippedDevice,
};
use hallway_wire::manifest::Feature;
use hyper::Method;
use serde_json::{Value, json};

use super::failure::{Failure, Result};
use super::http::{Body, Client, shape};
use super::names::{self, INTEGRATIONS, Named, quoted};
use super::printer::Printer;
use super::table::{Labelled, Table};

/// Digital signage, or web apps on Room Navigators.
#[derive(Subcommand, Debug)]
pub(crate) enum FeatureCommand {
    /// Show what an integration provides, and each device that has it
    Show {
        /// Id or display name of the integration
        app: String,
    },
    /// Let devices show what an integration provides
    Assign {
        /// Id or display name of the integration
        app: String,
        #[command(flatten)]
        which: Which,
    },
    /// Take devices away from an integration
    Unassign {
        /// Id or display name of the integration
        app: String,
        #[command(flatten)]
        which: Which,
    },
    /// Get the page of the vendor where content is managed, or assigned to devices
    Launch {
        /// Id or display name of the integration
        app: String,
        /// What to do there
        task: Task,
        /// A device to assign content to, by id or name; may be repeated
        #[arg(long = "device", value_name = "DEVICE")]
        devices: Vec<String>,
    },
}

/// What to do on the vendor's page.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Manage the content
    Manage,
    /// Assign content to devices
    Assign,
}

/// Which devices.
#[derive(Args, Debug, Default)]
#[group(required = true, multiple = false)]
pub(crate) struct Which {
    /// This device, by id or name; may be repeated
    #[arg(long = "device", value_name = "DEVICE")]
    devices: Vec<String>,
    /// The devices of this workspace, by id or name
    #[arg(long, value_name = "WORKSPACE")]
    workspace: Option<String>,
    /// The devices of this location, by id or name
    #[arg(long, value_name = "LOCATION")]
    location: Option<String>,
    /// The devices with this tag
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// Every device of the organization
    #[arg(long)]
    all: bool,
}

pub(crate) async fn run(
    command: FeatureCommand,
    feature: Feature,
    client: &Client,
    printer: &mut Printer,
) -> Result {
    use FeatureCommand as C;
    match command {
        C::Show { app } => {
            let app = names::app(client, &app).await?;
            let base = path(&app, feature, "");
            let mut shown = client.get(&base).await?;
            let devices = client.list(&format!("{base}/assignments?max=1000")).await?;
            shown["assignments"] = devices.into();
            let text = view(feature, &shown)?;
            printer.show(&shown, || text)
        }
        C::Assign { app, which } => {
            let (app, answer) = change(client, feature, "assign", &app, which).await?;
            let text = changed(feature, &app, &answer, "assigned")?;
            printer.show(&answer, || text)
        }
        C::Unassign { app, which } => {
            let (app, answer) = change(client, feature, "unassign", &app, which).await?;
            let text = changed(feature, &app, &answer, "unassigned")?;
            printer.show(&answer, || text)
        }
        C::Launch { app, task, devices } => launch(&app, task, &devices, feature, client, printer).await,
    }
}

fn path(app: &Named, feature: Feature, rest: &str) -> String {
    format!(
        "{INTEGRATIONS}/{}/features/{}{rest}",
        app.segment(),
        feature.segment()
    )
}

/// The command of a feature.
fn word(feature: Feature) -> &'static str {
    match feature {
        Feature::DigitalSignage => "signage",
        Feature::PersistentWebApp => "pwa",
    }
}

async fn change(
    client: &Client,
    feature: Feature,
    verb: &str,
    app: &str,
    which: Which,
) -> Result<(Named, Value)> {
    let app = names::app(client, app).await?;
    let selection = selection(client, which).await?;
    let target = path(&app, feature, &format!("/{verb}"));
    let answer = client
        .ask(Method::POST, &target, Body::Json(json!(selection)))
        .await?;
    Ok((app, answer))
}

async fn selection(client: &Client, which: Which) -> Result<Selection> {
    let mut selection = Selection {
        tag: which.tag,
        all: which.all.then_some(true),
        ..Selection::default()
    };
    if !which.devices.is_empty() {
        let mut devices = Vec::new();
        for device in &which.devices {
            devices.push(read_id(&names::device(client, device).await?)?);
        }
        selection.devices = Some(devices);
    }
    if let Some(workspace) = &which.workspace {
        selection.workspace_id = Some(read_id(&names::workspace(client, workspace).await?)?);
    }
    if let Some(location) = &which.location {
        selection.location_id = Some(read_id(&names::location(client, location).await?)?);
    }
    Ok(selection)
}

/// An id out of a list of the platform.
fn read_id<K: hallway_wire::id::Kind>(named: &Named) -> Result<hallway_wire::Id<K>> {
    let id = named.id.parse::<hallway_wire::Id<K>>();
    id.map_err(|error| Failure::refused(format!("{}: {error}", named.name)))
}

fn state(state: AssignmentState) -> &'static str {
    match state {
        AssignmentState::Pending => "pending",
        AssignmentState::Active => "active",
        AssignmentState::Failed => "failed",
    }
}

fn view(feature: Feature, shown: &Value) -> Result<String> {
    let view: FeatureView = shape(shown)?;
    let devices: Vec<FeatureAssignment> = shape(&shown["assignments"])?;
    let mut lines = Labelled::default();
    lines
        .add("integration", &view.display_name)
        .add("app id", view.app_id.to_string())
        .add("provides", feature.noun())
        .add("offered", if view.offered { "yes" } else { "no" });
    let add_launch = |lines: &mut Labelled, launch: &Option<CrossLaunch>| {
        let launch = launch.clone().unwrap_or_default();
        lines
            .add_some("manage content", launch.manage_content.map(|target| target.url))
            .add_some("assign content", launch.assign_content.map(|target| target.url));
    };
    if let Some(stored) = &view.digital_signage_configuration {
        lines.add("page", &stored.signage_url);
        add_launch(&mut lines, &stored.cross_launch);
    }
    if let Some(stored) = &view.persistent_web_app_configuration {
        lines.add("page", &stored.pwa_url);
        add_launch(&mut lines, &stored.cross_launch);
        lines.add("direct xapi", if view.direct_xapi_access { "yes" } else { "no" });
        lines.add_some(
            "allowed hosts",
            stored.direct_xapi_access_allow_list_override.as_ref(),
        );
    }
    let mut text = lines.render();
    if let Some(step) = &view.next_step {
        text.push_str(&format!("\nnext: {step}\n"));
        return Ok(text);
    }
    text.push('\n');
    text.push_str(&assignments(devices).or(&format!(
        "No device is assigned.\nnext: hallway {} assign {} --all\n",
        word(feature),
        quoted(&view.display_name)
    )));
    Ok(text)
}

fn assignments(mut devices: Vec<FeatureAssignment>) -> Table {
    devices.sort_by(|one, other| one.display_name.cmp(&other.display_name));
    let mut table = Table::new(&["DEVICE", "STATE", "NAVIGATOR", "SHOWS"]);
    for device in devices {
        let shows = match (&device.problem, device.url) {
            (Some(problem), _) => problem.clone(),
            (None, url) => url.unwrap_or_default(),
        };
        let state = state(device.state).to_owned();
        if device.navigators.is_empty() || device.problem.is_some() {
            table.row([device.display_name, state, String::new(), shows]);
            continue;
        }
        for navigator in device.navigators {
            let name = format!("{} {}", navigator.name, navigator.serial);
            table.row([
                device.display_name.clone(),
                state.clone(),
                name.trim().to_owned(),
                navigator.url,
            ]);
        }
    }
    table
}

fn changed(feature: Feature, app: &Named, answer: &Value, key: &str) -> Result<String> {
    let count = answer[key].as_array().map_or(0, Vec::len);
    let names = answer[key].as_array().into_iter().flatten();
    let names: Vec<&str> = names
        .filter_map(|chosen| chosen["displayName"].as_str())
        .collect();
    let devices = match count {
        1 => "1 device".to_owned(),
        count => format!("{count} devices"),
    };
    let mut text = match names.as_slice() {
        [] => format!("No device was {key}.\n"),
        names => format!("{devices} {key}: {}\n", names.join(", ")),
    };
    let skipped: Vec<SkippedDevice> = shape(&answer["skipped"])?;
    if !skipped.is_empty() {
        let mut table = Table::new(&["PASSED OVER", "REASON"]);
        for device in skipped {
            table.row([device.display_name, device.reason]);
        }
        text.push('\n');
        text.push_str(&table.render());
    }
    if count > 0 {
        text.push_str(&format!(
            "next: hallway {} show {}\n",
            word(feature),
            quoted(&app.name)
        ));
    }
    Ok(text)
}

async fn launch(
    app: &str,
    task: Task,
    devices: &[String],
    feature: Feature,
    client: &Client,
    printer: &mut Printer,
) -> Result {
    if task == Task::Manage && !devices.is_empty() {
        return Err(Failure::usage(
            "content is managed for all devices: leave out --device".to_owned(),
        ));
    }
    if task == Task::Assign && devices.is_empty() {
        return Err(Failure::usage(
            "content is assigned to devices: name them with --device".to_owned(),
        ));
    }
    let app = names::app(client, app).await?;
    let mut chosen = Vec::new();
    for device in devices {
        chosen.push(json!({ "deviceId": names::device(client, device).await?.id }));
    }
    let task = match task {
        Task::Manage => "manage_content",
        Task::Assign => "assign_content",
    };
    let target = format!(
        "{INTEGRATIONS}/{}/crossLaunch/{}",
        app.segment(),
        feature.segment()
    );
    let body = Body::Json(json!({ "task": task, "devices": chosen }));
    let answer = client.ask(Method::POST, &target, body).await?;
    let launched: Launched = shape(&answer)?;
    printer.show(&answer, || launched.redirect_url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::Office;

    const APP: &str = "5f0c1c0e-9d52-4b7a-8f6e-0a4c8c9b2d11";

    #[tokio::test]
    async fn names_become_ids_on_their_way() {
        let oslo = hallway_wire::id::LocationId::from_uuid(uuid::Uuid::from_u128(7)).to_string();
        let room = hallway_wire::id::DeviceId::from_uuid(uuid::Uuid::from_u128(8)).to_string();
        let answer = json!({ "assigned": [], "unassigned": [], "skipped": [] });
        let office = Office::default()
            .on("GET /v1/locations", &json!({ "items": [{ "id": oslo, "name": "Oslo" }] }))
            .on("GET /v1/devices", &json!({ "items": [{ "id": room, "displayName": "Board Room" }] }))
            .on(
                "POST /hallway/v1/integrations/5f0c1c0e-9d52-4b7a-8f6e-0a4c8c9b2d11/features/digitalSignage/assign",
                &answer,
            )
            .on(
                "POST /hallway/v1/integrations/5f0c1c0e-9d52-4b7a-8f6e-0a4c8c9b2d11/features/persistentWebApp/unassign",
                &answer,
            )
            .on(
                "POST /hallway/v1/integrations/5f0c1c0e-9d52-4b7a-8f6e-0a4c8c9b2d11/crossLaunch/digitalSignage",
                &json!({ "redirectUrl": "https://hub.example/1" }),
            )
            .open()
            .await;
        let sent = || serde_json::from_str::<Value>(&office.last().body).unwrap();
        let outcome = office
            .run(&["signage", "assign", APP, "--location", "oslo"])
            .await;
        assert_eq!((outcome.code, outcome.err.as_str()), (0, ""));
        assert_eq!(sent(), json!({ "locationId": oslo }));
        office.run(&["pwa", "unassign", APP, "--all"]).await;
        assert_eq!(sent(), json!({ "all": true }));
        let outcome = office
            .run(&["signage", "launch", APP, "assign", "--device", "board room"])
            .await;
        assert_eq!(outcome.out, "https://hub.example/1\n");
        assert_eq!(
            sent(),
            json!({ "task": "assign_content", "devices": [{ "deviceId": room }] })
        );
        for (words, code) in [
            (["signage", "launch", APP, "assign"], 2),
            (["signage", "launch", APP, "manage"], 0),
        ] {
            assert_eq!(office.run(&words).await.code, code, "{words:?}");
        }
    }

    #[test]
    fn what_devices_show() {
        let mut shown = json!({
            "appId": "5f0c1c0e-9d52-4b7a-8f6e-0a4c8c9b2d11", "displayName": "Plant Panel",
            "feature": "persistent_web_app", "offered": true, "directXapiAccess": true, "assignedDevices": 2,
            "persistentWebAppConfiguration": {
                "pwaUrl": "https://navi.example/?s=$(peripheralSerial)",
                "crossLaunch": { "manageContent": { "url": "https://hub.example/manage" } },
            },
        });
        let id = |number| hallway_wire::id::DeviceId::from_uuid(uuid::Uuid::from_u128(number));
        shown["assignments"] = json!([
            { "deviceId": id(1), "displayName": "Huddle", "state": "failed", "assigned": "2026-03-04T05:06:07.089Z",
              "problem": "No Room Navigator is paired with the device." },
            { "deviceId": id(2), "displayName": "Atrium", "state": "active", "assigned": "2026-03-04T05:06:07.089Z",
              "url": "https://navi.example/?s=A",
              "navigators": [
                { "name": "Door", "serial": "A", "url": "https://navi.example/?s=A" },
                { "name": "Table", "serial": "B", "url": "https://navi.example/?s=B" },
              ] },
        ]);
        insta::assert_snapshot!(view(Feature::PersistentWebApp, &shown).unwrap());
        shown["assignments"] = json!([]);
        shown["offered"] = false.into();
        shown["nextStep"] = "Plant Panel is not active: activate it first.".into();
        let text = view(Feature::PersistentWebApp, &shown).unwrap();
        assert!(
            text.ends_with("\nnext: Plant Panel is not active: activate it first.\n"),
            "{text}"
        );
    }

    #[test]
    fn what_was_assigned() {
        let app = Named {
            id: "1".to_owned(),
            name: "Lobby Signs".to_owned(),
            about: String::new(),
        };
        let id = hallway_wire::id::DeviceId::from_uuid(uuid::Uuid::from_u128(3));
        let answer = json!({
            "assigned": [{ "deviceId": id, "displayName": "Atrium" }],
            "skipped": [{ "deviceId": id, "displayName": "Desk phone", "reason": "A Cisco 8865 cannot." }],
        });
        insta::assert_snapshot!(changed(Feature::DigitalSignage, &app, &answer, "assigned").unwrap(), @r#"
        1 device assigned: Atrium

        PASSED OVER  REASON
        Desk phone   A Cisco 8865 cannot.
        next: hallway signage show "Lobby Signs"
        "#);
        let none = json!({ "unassigned": [], "skipped": [] });
        let text = changed(Feature::DigitalSignage, &app, &none, "unassigned").unwrap();
        assert_eq!(text, "No device was unassigned.\n");
    }
}
