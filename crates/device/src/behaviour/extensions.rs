//! Custom panels and widgets on the touch panel.

use std::collections::BTreeMap;

use hallway_xapi::rpc::RpcError;
use serde_json::{Value, json};

use super::extensions_xml::{self, Panel};
use super::{Args, Outcome, done, failed, with};
use crate::state::State;

/// Panels that a device keeps, and the bytes of all of them.
const MOST: usize = 100;
const MOST_BYTES: usize = 4 * 1024 * 1024;
const VERSION: &str = "1.11";

/// The panels of a device, in the order in which they were saved.
#[derive(Debug, Default)]
pub(crate) struct Extensions {
    panels: Vec<Panel>,
    values: BTreeMap<String, String>,
    /// The page that is open.
    open_page: Option<String>,
}

impl Extensions {
    fn panel(&mut self, id: &str) -> Result<&mut Panel, RpcError> {
        let found = self.panels.iter_mut().find(|panel| panel.id == id);
        found.ok_or_else(|| failed(format!("there is no panel {id:?}")))
    }

    /// The place of a widget in the status list.
    fn widget(&self, id: &str) -> Result<usize, RpcError> {
        let mut all = self.panels.iter().flat_map(|panel| &panel.widgets);
        let found = all.position(|widget| widget == id).map(|at| at + 1);
        found.ok_or_else(|| failed(format!("there is no widget {id:?}")))
    }
}

pub(crate) fn run(state: &mut State, command: &str, args: &Args) -> Option<Outcome> {
    Some(match command.strip_prefix("UserInterface.Extensions.")? {
        "Panel.Save" => save_panel(state, args),
        "Panel.Remove" => remove_panel(state, args.text("PanelId")),
        "Panel.Update" => update_panel(state, args),
        "Panel.Clicked" => {
            // Real devices say where it was touched, too (workspace-integrations 3.4).
            let event = json!({ "PanelId": args.text("PanelId"), "Target": "OSD" });
            state.emit("UserInterface.Extensions.Panel.Clicked", event);
            done()
        }
        "Panel.Open" => open_panel(state, args),
        "Panel.Close" => {
            close_page(state);
            state.emit("UserInterface.Extensions.Panel.Close", json!({}));
            done()
        }
        "List" => list(state),
        "Export" => with(json!({ "Extensions": export(&state.extensions) })),
        "Set" => set(state, args),
        "Clear" => {
            state.extensions.panels.clear();
            layout_changed(state);
            done()
        }
        "WebApp.Save" => save_web_app(state, args),
        "Widget.SetValue" => set_widget(state, args.text("WidgetId"), args.text("Value")),
        "Widget.UnsetValue" => set_widget(state, args.text("WidgetId"), ""),
        "Widget.Action" => {
            let event = json!({
                "Type": args.text("Type"), "Value": args.text("Value"), "WidgetId": args.text("WidgetId"),
            });
            state.emit("UserInterface.Extensions.Widget.Action", event);
            done()
        }
        _ => return None,
    })
}

/// After a restart panels are there, values and open pages are not.
pub(crate) fn fill_in(state: &mut State) {
    state.extensions.values.clear();
    state.extensions.open_page = None;
    show_widgets(state);
}

fn keep(state: &mut State, panel: Panel) -> Result<(), RpcError> {
    let panels = &mut state.extensions.panels;
    let others: usize = panels
        .iter()
        .filter(|other| other.id != panel.id)
        .map(|other| other.source.len())
        .sum();
    if others + panel.source.len() > MOST_BYTES {
        return Err(failed("there is no room for more panels"));
    }
    match panels.iter().position(|other| other.id == panel.id) {
        Some(at) => panels[at] = panel,
        None if panels.len() >= MOST => return Err(failed("there is no room for more panels")),
        None => panels.push(panel),
    }
    Ok(())
}

fn save_panel(state: &mut State, args: &Args) -> Outcome {
    let mut panels = parse(args.body_text())?;
    if panels.len() != 1 {
        return Err(failed(format!(
            "the body must have one panel, not {}",
            panels.len()
        )));
    }
    let mut panel = panels.remove(0);
    // The argument decides, whatever the XML says.
    panel.id = args.text("PanelId").to_owned();
    keep(state, panel)?;
    layout_changed(state);
    done()
}

fn parse(body: &str) -> Result<Vec<Panel>, RpcError> {
    extensions_xml::read(body).map_err(|text| failed(format!("the body is not the XML of panels: {text}")))
}

fn set(state: &mut State, args: &Args) -> Outcome {
    let mut panels = parse(args.body_text())?;
    if panels.len() > MOST || args.body_text().len() > MOST_BYTES {
        return Err(failed("there is no room for that many panels"));
    }
    for (i, panel) in panels.iter_mut().enumerate() {
        if panel.id.is_empty() {
            panel.id = format!("panel_{}", i + 1);
        }
    }
    state.extensions.panels = panels;
    layout_changed(state);
    done()
}

fn save_web_app(state: &mut State, args: &Args) -> Outcome {
    let (name, url) = (args.text("Name"), args.text("URL"));
    let id = args.given("PanelId").map_or_else(
        || format!("webapp_{}", state.extensions.panels.len() + 1),
        str::to_owned,
    );
    let source = format!(
        "<Panel><PanelId>{}</PanelId><Name>{}</Name><ActivityType>WebApp</ActivityType>\
         <ActivityData>{}</ActivityData></Panel>",
        extensions_xml::escaped(&id),
        extensions_xml::escaped(name),
        extensions_xml::escaped(url),
    );
    keep(
        state,
        Panel {
            id: id.clone(),
            name: name.to_owned(),
            activity: "WebApp".to_owned(),
            location: args.given("Location").unwrap_or("HomeScreen").to_owned(),
            source,
            ..Panel::default()
        },
    )?;
    layout_changed(state);
    with(json!({ "PanelId": id }))
}

fn remove_panel(state: &mut State, id: &str) -> Outcome {
    state.extensions.panel(id)?;
    state.extensions.panels.retain(|panel| panel.id != id);
    layout_changed(state);
    done()
}

fn update_panel(state: &mut State, args: &Args) -> Outcome {
    let panel = state.extensions.panel(args.text("PanelId"))?;
    let fields = [
        ("Name", &mut panel.name),
        ("Color", &mut panel.color),
        ("Icon", &mut panel.icon),
        ("Location", &mut panel.location),
        ("Visibility", &mut panel.visibility),
    ];
    for (name, field) in fields {
        if let Some(value) = args.given(name) {
            value.clone_into(field);
        }
    }
    layout_changed(state);
    done()
}

fn open_panel(state: &mut State, args: &Args) -> Outcome {
    let panel = state.extensions.panel(args.text("PanelId"))?;
    let page = args
        .given("PageId")
        .map(str::to_owned)
        .or_else(|| panel.pages.first().cloned());
    if let Some(page) = args
        .given("PageId")
        .filter(|page| !panel.pages.iter().any(|have| have == page))
    {
        return Err(failed(format!("the panel has no page {page:?}")));
    }
    close_page(state);
    let page = page.unwrap_or_default();
    let event = json!({ "PanelId": args.text("PanelId"), "PageId": page });
    state.emit("UserInterface.Extensions.Panel.Open", event);
    if !page.is_empty() {
        state.emit(
            "UserInterface.Extensions.Event.PageOpened",
            json!({ "PageId": page }),
        );
        state.extensions.open_page = Some(page);
    }
    done()
}

fn close_page(state: &mut State) {
    if let Some(page) = state.extensions.open_page.take() {
        state.emit(
            "UserInterface.Extensions.Event.PageClosed",
            json!({ "PageId": page }),
        );
    }
}

fn set_widget(state: &mut State, id: &str, value: &str) -> Outcome {
    let at = state.extensions.widget(id)?;
    state.extensions.values.insert(id.to_owned(), value.to_owned());
    state.set(&format!("UserInterface.Extensions.Widget[{at}].Value"), value);
    done()
}

fn layout_changed(state: &mut State) {
    let widgets: Vec<String> = state
        .extensions
        .panels
        .iter()
        .flat_map(|panel| panel.widgets.clone())
        .collect();
    state.extensions.values.retain(|id, _| widgets.contains(id));
    show_widgets(state);
    state.emit("UserInterface.Extensions.Widget.LayoutUpdated", json!({}));
}

fn show_widgets(state: &mut State) {
    let widgets: Vec<String> = state
        .extensions
        .panels
        .iter()
        .flat_map(|panel| panel.widgets.clone())
        .collect();
    for at in state.indexes("UserInterface.Extensions.Widget") {
        if at as usize > widgets.len() {
            state.remove(&format!("UserInterface.Extensions.Widget[{at}]"));
        }
    }
    for (i, id) in widgets.into_iter().enumerate() {
        let value = state.extensions.values.get(&id).cloned().unwrap_or_default();
        let node = format!("UserInterface.Extensions.Widget[{}]", i + 1);
        state.set(&format!("{node}.WidgetId"), id);
        state.set(&format!("{node}.Value"), value);
    }
}

fn list(state: &State) -> Outcome {
    let or = |text: &str, otherwise: &str| {
        if text.is_empty() {
            otherwise.to_owned()
        } else {
            text.to_owned()
        }
    };
    let panels: Vec<Value> = state
        .extensions
        .panels
        .iter()
        .enumerate()
        .map(|(i, panel)| {
            json!({
                "id": i + 1,
                "PanelId": panel.id,
                "Name": panel.name,
                "Type": or(&panel.kind, "Home"),
                "ActivityType": or(&panel.activity, "Custom"),
                "Icon": or(&panel.icon, "Info"),
                "Location": or(&panel.location, "HomeScreen"),
                "Color": panel.color,
                "Order": panel.order,
                "Origin": "local",
                "Visibility": or(&panel.visibility, "Auto"),
            })
        })
        .collect();
    with(json!({ "Extensions": { "Version": VERSION, "Panel": panels } }))
}

fn export(extensions: &Extensions) -> String {
    let panels: String = extensions
        .panels
        .iter()
        .map(|panel| panel.source.as_str())
        .collect();
    format!("<Extensions><Version>{VERSION}</Version>{panels}</Extensions>")
}
