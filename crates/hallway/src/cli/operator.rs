//! `hallway operator`: who runs this Hallway decides about what vendors submit.

use clap::Subcommand;
use hallway_wire::publication::Submission;
use hyper::Method;
use serde_json::{Value, json};

use super::failure::Result;
use super::http::{Body, Client, shape};
use super::integration::{moment, permissions};
use super::names::{self, Named, quoted};
use super::printer::Printer;
use super::table::{Labelled, NONE, Table};

/// Where submissions are.
const SUBMISSIONS: &str = "/hallway/v1/operator/publications";

/// What an operator does.
#[derive(Subcommand, Debug)]
pub(crate) enum SubmissionCommand {
    /// List what vendors have submitted, or show one of it with its manifest
    Pending {
        /// Id or display name of the integration [default: all that wait]
        app: Option<String>,
    },
    /// Approve a submitted version: every organization can activate it
    Approve {
        /// Id or display name of the integration
        app: String,
        /// The version that was looked at: where another one waits meanwhile, nothing is approved
        #[arg(long)]
        version: Option<u64>,
    },
    /// Refuse a submitted version
    Reject {
        /// Id or display name of the integration
        app: String,
        /// What the vendor is told
        #[arg(long)]
        reason: String,
        /// The version that was looked at: where another one waits meanwhile, nothing is refused
        #[arg(long)]
        version: Option<u64>,
    },
}

pub(crate) async fn run(command: SubmissionCommand, client: &Client, printer: &mut Printer) -> Result {
    match command {
        SubmissionCommand::Pending { app: None } => {
            let all = client.list(&format!("{SUBMISSIONS}?max=1000")).await?;
            let text = submissions(&all)?;
            printer.show(&json!({ "items": all }), || text)
        }
        SubmissionCommand::Pending { app: Some(app) } => {
            let app = found(client, &app).await?;
            let answer = client.get(&format!("{SUBMISSIONS}/{}", app.segment())).await?;
            let text = submission(&shape(&answer)?);
            printer.show(&answer, || text)
        }
        SubmissionCommand::Approve { app, version } => {
            let app = found(client, &app).await?;
            let path = format!("{SUBMISSIONS}/{}/approve", app.segment());
            let body = version.map_or_else(|| json!({}), |version| json!({ "version": version }));
            let answer = client.ask(Method::POST, &path, Body::Json(body)).await?;
            let approved: Submission = shape(&answer)?;
            printer.show(&answer, || {
                format!(
                    "Version {} of {} is public: every organization can activate it, and those that have get it.",
                    approved.version,
                    quoted(&approved.display_name)
                )
            })
        }
        SubmissionCommand::Reject { app, reason, version } => {
            let app = found(client, &app).await?;
            let path = format!("{SUBMISSIONS}/{}/reject", app.segment());
            let mut body = json!({ "reason": reason });
            if let Some(version) = version {
                body["version"] = version.into();
            }
            client.tell(Method::POST, &path, Body::Json(body)).await?;
            printer.show(&json!({ "appId": app.id, "rejected": true }), || {
                format!("{} was refused; its vendor sees why.", quoted(&app.name))
            })
        }
    }
}

async fn found(client: &Client, app: &str) -> Result<Named> {
    names::app_in(client, &format!("{SUBMISSIONS}?max=1000"), app).await
}

fn submissions(all: &[Value]) -> Result<String> {
    let mut table = Table::new(&["NAME", "VENDOR", "VERSION", "PUBLISHED", "SUBMITTED", "APP ID"]);
    for item in all {
        let item: Submission = shape(item)?;
        let published = item.published_version;
        table.row([
            item.display_name,
            item.vendor_org_name,
            item.version.to_string(),
            published.map_or_else(|| NONE.to_owned(), |version| version.to_string()),
            moment(item.submitted_at),
            item.app_id.to_string(),
        ]);
    }
    Ok(table.or("Nothing waits."))
}

fn submission(item: &Submission) -> String {
    let mut lines = Labelled::default();
    lines
        .add("name", &item.display_name)
        .add("app id", item.app_id.to_string())
        .add(
            "organization",
            format!("{} ({})", item.vendor_org_name, item.vendor_org_id),
        )
        .add("vendor", &item.vendor)
        .add("e-mail", &item.email)
        .add("description", &item.description)
        .add_some("more", item.description_url.as_ref())
        .add("terms", item.toc_url.as_deref().unwrap_or(NONE))
        .add_some("codes posted to", item.provisioning_url.as_ref())
        .add("version", item.version.to_string())
        .add_some(
            "published",
            item.published_version.map(|version| format!("version {version}")),
        )
        .add("submitted", moment(item.submitted_at))
        .add_some("features", Some(item.features.join(", ")))
        .add_list("asks for more", item.growth.iter().cloned());
    let name = quoted(&item.display_name);
    format!(
        "{}{}\nnext: hallway operator approve {name} --version {}\n",
        lines.render(),
        permissions(&item.requested),
        item.version
    )
}
