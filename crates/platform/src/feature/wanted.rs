//! What a device must be configured to, to show what an integration provides (features 4).

use std::collections::BTreeMap;

use hallway_wire::feature::NavigatorPage;
use hallway_wire::manifest::{Feature, PWA_JSXAPI};
use hallway_xapi::{Catalogue, Key};
use serde_json::Value;

use super::Offer;
use super::navigators::Navigator;
use super::template::{Template, Values};
use crate::device::Device;
use crate::integration::Activation;
use crate::place::Workspace;

pub(super) const SIGNAGE_MODE: &str = "Standby.Signage.Mode";
pub(super) const SIGNAGE_URL: &str = "Standby.Signage.Url";
pub(super) const WEB_APP_URL: &str = "UserInterface.HomeScreen.Peripherals.WebApp.URL";
const WEB_ENGINE: &str = "WebEngine.Mode";
const XAPI_HOSTS: &str = "WebEngine.Features.Xapi.Peripherals.AllowedHosts.Hosts";
const XAPI_ALLOWED: &str = "Security.Xapi.WebSocket.ApiKey.Allowed";

/// Switches that other things on the device use too: they go back to what they were.
pub(super) const SHARED: [&str; 2] = [WEB_ENGINE, XAPI_ALLOWED];

/// What a device is to have.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Wanted {
    pub(super) url: Option<String>,
    pub(super) pages: Vec<NavigatorPage>,
    pub(super) configurations: BTreeMap<String, Value>,
    pub(super) problem: Option<String>,
}

impl Wanted {
    fn failed(problem: String) -> Self {
        Self {
            problem: Some(problem),
            ..Self::default()
        }
    }
}

/// Why a product cannot have a feature, if it cannot.
pub(super) fn lacks(catalogue: &Catalogue, device: &Device, feature: Feature) -> Option<String> {
    let needed: &[&str] = match feature {
        Feature::DigitalSignage => &[SIGNAGE_MODE, SIGNAGE_URL],
        Feature::PersistentWebApp => &[WEB_APP_URL],
    };
    let has = |name: &&str| {
        let key = name.parse::<Key>().ok();
        let product = device.product_code.as_deref();
        key.is_some_and(|key| catalogue.configuration(&key, product).is_some())
    };
    if !device.xapi || device.kind != "roomdesk" {
        return Some(format!(
            "A {} cannot show a {}: boards, room and desk devices can.",
            device.product,
            feature.noun()
        ));
    }
    let missing = needed.iter().find(|name| !has(name))?;
    Some(format!("A {} has no configuration {missing}.", device.product))
}

/// Decides what a device is to have. What it cannot take is a problem, and then it is to have nothing.
pub(super) fn wanted(
    catalogue: &Catalogue,
    activation: &Activation,
    offer: &Offer,
    feature: Feature,
    device: &Device,
    workspace: Option<&Workspace>,
    navigators: Option<&[Navigator]>,
) -> Wanted {
    if let Some(problem) = lacks(catalogue, device, feature) {
        return Wanted::failed(problem);
    }
    let Some(workspace) = workspace else {
        return Wanted::failed("The device is in personal mode: it belongs to no workspace.".to_owned());
    };
    let here = workspace.location;
    if !activation.locations.is_empty() && !here.is_some_and(|here| activation.locations.contains(&here)) {
        return Wanted::failed(
            "The device is outside the locations for which the integration was activated.".to_owned(),
        );
    }
    let template = match Template::parse(&offer.url, feature) {
        Ok(template) => template,
        Err(why) => return Wanted::failed(format!("The stored page {why}.")),
    };
    let values = Values {
        device_id: device.id.to_string(),
        device_name: device.display_name.clone(),
        device_model: device.product.clone(),
        owner_id: workspace.id.to_string(),
        owner_name: workspace.display_name.clone(),
        organization_id: device.org.to_string(),
        peripheral_serial: String::new(),
    };
    let mut configurations = BTreeMap::from([(WEB_ENGINE.to_owned(), Value::from("On"))]);
    let mut pages = Vec::new();
    let url = match feature {
        Feature::DigitalSignage => {
            let url = template.page(&values, activation.app);
            configurations.insert(SIGNAGE_MODE.to_owned(), "On".into());
            configurations.insert(SIGNAGE_URL.to_owned(), url.clone().into());
            url
        }
        Feature::PersistentWebApp => {
            for navigator in navigators.unwrap_or_default() {
                let values = Values {
                    peripheral_serial: navigator.serial.clone(),
                    ..values.clone()
                };
                pages.push(NavigatorPage {
                    name: navigator.name.clone(),
                    serial: navigator.serial.clone(),
                    url: template.page(&values, activation.app),
                });
            }
            let Some(first) = pages.first() else {
                return Wanted::failed(match navigators {
                    Some(_) => "No Room Navigator is paired with the device.".to_owned(),
                    None => {
                        "The device is not connected, and it is not known which Room Navigators are paired \
                             with it."
                            .to_owned()
                    }
                });
            };
            // The configuration has one value for all of them.
            let url = first.url.clone();
            configurations.insert(WEB_APP_URL.to_owned(), url.clone().into());
            if activation.scopes.iter().any(|scope| scope == PWA_JSXAPI) {
                let host = url.parse::<http::Uri>().ok();
                let host = host.as_ref().and_then(http::Uri::host).unwrap_or_default();
                let hosts = offer.allow_list.as_deref().unwrap_or(host);
                configurations.insert(XAPI_HOSTS.to_owned(), hosts.into());
                configurations.insert(XAPI_ALLOWED.to_owned(), "True".into());
            }
            url
        }
    };
    for (name, value) in &mut configurations {
        let key = name.parse::<Key>().ok();
        let spec = key.and_then(|key| catalogue.configuration(&key, device.product_code.as_deref()));
        let Some(spec) = spec else {
            return Wanted::failed(format!("A {} has no configuration {name}.", device.product));
        };
        match spec.space.coerce(value) {
            Ok(coerced) => *value = coerced,
            Err(error) => {
                return Wanted {
                    url: Some(url),
                    pages,
                    configurations: BTreeMap::new(),
                    problem: Some(format!("The device cannot take it: {name} {error}.")),
                };
            }
        }
    }
    Wanted {
        url: Some(url),
        pages,
        configurations,
        problem: None,
    }
}
