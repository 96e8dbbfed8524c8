//! `hallway vendor` and `hallway catalog`: both ends of a public integration.

use clap::Subcommand;
use hallway_wire::publication::{CatalogEntry, Installation, Publication, PublicationState};
use hyper::Method;
use serde_json::{Value, json};

use super::failure::Result;
use super::http::{Body, Client, shape};
use super::integration::{activate, moment, permissions, snake, state};
use super::names::{self, Named, quoted};
use super::printer::Printer;
use super::table::{Labelled, NONE, Table};

/// Where the vendor's integrations are.
const VENDOR: &str = "/hallway/v1/vendor/integrations";
/// Where the public ones are.
const CATALOG: &str = "/hallway/v1/catalog";

/// Publishing.
#[derive(Subcommand, Debug)]
pub(crate) enum VendorCommand {
    /// Submit the newest version of a global integration to the operators
    Submit {
        /// Id or display name of the integration
        app: String,
    },
    /// Show where integrations stand: submitted, published, rejected and why
    Status {
        /// Id or display name of the integration [default: all that can be published]
        app: Option<String>,
    },
    /// Take back what was submitted; where nothing waits, withdraw it from the catalog
    Withdraw {
        /// Id or display name of the integration
        app: String,
    },
    /// List the organizations that have activated an integration, and how it fares there
    Installations {
        /// Id or display name of the integration
        app: String,
    },
}

/// What is public.
#[derive(Subcommand, Debug)]
pub(crate) enum CatalogCommand {
    /// List the public integrations
    List,
    /// Show one: what it does and asks for
    Show {
        /// Id or display name of the integration
        app: String,
    },
    /// Activate one; prints the activation code, or the vendor's page where that took it
    Activate {
        /// Id or display name of the integration
        app: String,
        /// Limit it to this location, by id or name; may be repeated [default: the whole organization]
        #[arg(long = "location", value_name = "LOCATION")]
        locations: Vec<String>,
        /// Do not grant this optional scope or path; may be repeated
        #[arg(long, value_name = "SCOPE_OR_PATH")]
        deny: Vec<String>,
    },
}

pub(crate) async fn vendor(command: VendorCommand, client: &Client, printer: &mut Printer) -> Result {
    match command {
        VendorCommand::Submit { app } => {
            let (app, answer) = post(&app, "submit", client).await?;
            let publication: Publication = shape(&answer)?;
            if !printer.is_json() {
                for warning in &publication.warnings {
                    printer.note(&format!("warning: {warning}"));
                }
            }
            printer.show(&answer, || {
                let version = publication.manifest_version;
                format!(
                    "Version {version} of {} waits for an operator of this Hallway.",
                    quoted(&app.name)
                )
            })
        }
        VendorCommand::Status { app: None } => {
            let all = client.list(VENDOR).await?;
            let text = statuses(&all)?;
            printer.show(&json!({ "items": all }), || text)
        }
        VendorCommand::Status { app: Some(app) } => {
            let app = names::app_in(client, VENDOR, &app).await?;
            let answer = client.get(&format!("{VENDOR}/{}", app.segment())).await?;
            let text = status(&shape(&answer)?);
            printer.show(&answer, || text)
        }
        VendorCommand::Withdraw { app } => {
            let (app, answer) = post(&app, "withdraw", client).await?;
            let publication: Publication = shape(&answer)?;
            let name = quoted(&app.name);
            printer.show(&answer, || match publication.state {
                PublicationState::Withdrawn => format!(
                    "{name} is not in the catalog any more. Where it is active, it goes on; a new version \
                     brings it back once an operator has approved it."
                ),
                other => format!("{name} is not submitted any more: it is {}.", other.name()),
            })
        }
        VendorCommand::Installations { app } => {
            let app = names::app_in(client, VENDOR, &app).await?;
            let path = format!("{VENDOR}/{}/installations?max=1000", app.segment());
            let all = client.list(&path).await?;
            let text = installations(&all)?;
            printer.show(&json!({ "items": all }), || text)
        }
    }
}

async fn post(app: &str, verb: &str, client: &Client) -> Result<(Named, Value)> {
    let app = names::app_in(client, VENDOR, app).await?;
    let path = format!("{VENDOR}/{}/{verb}", app.segment());
    let answer = client.ask(Method::POST, &path, Body::None).await?;
    Ok((app, answer))
}

fn version(version: Option<u64>) -> String {
    version.map_or_else(|| NONE.to_owned(), |version| version.to_string())
}

fn statuses(all: &[Value]) -> Result<String> {
    let mut table = Table::new(&[
        "NAME",
        "APP ID",
        "STATE",
        "UPLOADED",
        "SUBMITTED",
        "PUBLISHED",
        "REASON",
    ]);
    for item in all {
        let item: Publication = shape(item)?;
        table.row([
            item.display_name,
            item.app_id.to_string(),
            item.state.name().to_owned(),
            item.manifest_version.to_string(),
            version(item.submitted_version),
            version(item.published_version),
            item.reason.unwrap_or_default(),
        ]);
    }
    Ok(table.or("No integration here says `\"availability\": \"global\"`: only those can be published."))
}

fn status(item: &Publication) -> String {
    let mut lines = Labelled::default();
    let versioned = |version: Option<u64>, at: Option<hallway_wire::Timestamp>| {
        let version = version?;
        let at = at.map(|at| format!(", {}", moment(at))).unwrap_or_default();
        Some(format!("version {version}{at}"))
    };
    lines
        .add("name", &item.display_name)
        .add("app id", item.app_id.to_string())
        .add("state", item.state.name())
        .add("uploaded", format!("version {}", item.manifest_version))
        .add_some("submitted", versioned(item.submitted_version, item.submitted_at))
        .add_some("published", versioned(item.published_version, item.published_at))
        .add_some("withdrawn", item.withdrawn_at.map(moment))
        .add_some("rejected", versioned(item.rejected_version, item.rejected_at))
        .add_some("reason", item.reason.as_ref())
        .add_list("doubtful", item.warnings.iter().cloned());
    lines.render()
}

fn installations(all: &[Value]) -> Result<String> {
    let mut table = Table::new(&[
        "ORGANIZATION",
        "STATE",
        "VERSION",
        "HEALTH",
        "ACTIVATED",
        "ORG ID",
    ]);
    for item in all {
        let item: Installation = shape(item)?;
        let checked = match item.healthy {
            Some(true) => ", healthy",
            Some(false) => ", unhealthy",
            None => "",
        };
        table.row([
            item.org_name,
            state(item.state).to_owned(),
            item.version.to_string(),
            format!("{}{checked}", snake(&json!(item.operational_state))),
            moment(item.activated_at),
            item.org_id.to_string(),
        ]);
    }
    Ok(table.or("No other organization has activated it."))
}

pub(crate) async fn catalog(command: CatalogCommand, client: &Client, printer: &mut Printer) -> Result {
    match command {
        CatalogCommand::List => {
            let all = client.list(&format!("{CATALOG}?max=1000")).await?;
            let text = entries(&all)?;
            printer.show(&json!({ "items": all }), || text)
        }
        CatalogCommand::Show { app } => {
            let app = found(client, &app).await?;
            let answer = client.get(&format!("{CATALOG}/{}", app.segment())).await?;
            let text = entry(&shape(&answer)?);
            printer.show(&answer, || text)
        }
        CatalogCommand::Activate { app, locations, deny } => {
            let app = found(client, &app).await?;
            let path = format!("{CATALOG}/{}/activate", app.segment());
            activate(&path, &locations, deny, client, printer).await
        }
    }
}

async fn found(client: &Client, app: &str) -> Result<Named> {
    names::app_in(client, &format!("{CATALOG}?max=1000"), app).await
}

fn entries(all: &[Value]) -> Result<String> {
    let mut table = Table::new(&["NAME", "VENDOR", "VERSION", "ACTIVE", "APP ID", "DESCRIPTION"]);
    for item in all {
        let item: CatalogEntry = shape(item)?;
        table.row([
            item.display_name,
            item.vendor,
            item.version.to_string(),
            if item.activated { "yes" } else { NONE }.to_owned(),
            item.app_id.to_string(),
            item.description,
        ]);
    }
    Ok(table.or("No integration is public."))
}

fn entry(item: &CatalogEntry) -> String {
    let mut lines = Labelled::default();
    lines
        .add("name", &item.display_name)
        .add("app id", item.app_id.to_string())
        .add("vendor", &item.vendor)
        .add("description", &item.description)
        .add_some("more", item.description_url.as_ref())
        .add_some("terms", item.toc_url.as_ref())
        .add("version", item.version.to_string())
        .add("published", moment(item.published_at))
        .add_some("features", Some(item.features.join(", ")))
        .add("active here", if item.activated { "yes" } else { "no" });
    let mut text = lines.render();
    text.push_str(&permissions(&item.requested));
    if !item.activated {
        text.push_str(&format!(
            "next: hallway catalog activate {}\n",
            quoted(&item.display_name)
        ));
    }
    text
}
