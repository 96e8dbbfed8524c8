//! `hallway integration`: what an administrator does in Control Hub.

use std::path::Path;

use hallway_wire::Timestamp;
use hallway_wire::control::{
    ActivateRequest, Activated, DeliveryHealth, IntegrationState, IntegrationSummary, RequestedPermission,
    Updated, Uploaded,
};
use hallway_wire::integration::HealthCheckDetails;
use hallway_wire::publication::{PushState, Pushed};
use hyper::Method;
use serde_json::{Value, json};

use super::args::IntegrationCommand;
use super::failure::{Failure, Result};
use super::http::{Body, Client, shape};
use super::names::{self, INTEGRATIONS, Named, quoted};
use super::printer::Printer;
use super::table::{Labelled, NONE, Table};
use super::{input, manifest};

pub(crate) async fn run(command: IntegrationCommand, client: &Client, printer: &mut Printer) -> Result {
    use IntegrationCommand as C;
    match command {
        C::Upload { file } => upload(&file, client, printer).await,
        C::List => {
            let all = client.list(INTEGRATIONS).await?;
            let text = list(&all)?;
            printer.show(&json!({ "items": all }), || text)
        }
        C::Show { app } => {
            let app = names::app(client, &app).await?;
            let answer = client.get(&path(&app, "")).await?;
            let text = summary(&shape(&answer)?);
            printer.show(&answer, || text)
        }
        C::Activate { app, locations, deny } => {
            let app = names::app(client, &app).await?;
            activate(&path(&app, "/activate"), &locations, deny, client, printer).await
        }
        C::Push { app } => {
            let (_, answer) = post(&app, "/push", client).await?;
            let text = push_lines(&shape(&answer)?).render();
            printer.show(&answer, || text)
        }
        C::Update { app, file } => update(&app, &file, client, printer).await,
        C::Approve { app } => {
            let (app, answer) = post(&app, "/approve", client).await?;
            let summary: IntegrationSummary = shape(&answer)?;
            let version = summary.manifest_version;
            printer.show(&answer, || {
                format!(
                    "Approved: version {version} of {} is in force.",
                    quoted(&app.name)
                )
            })
        }
        C::HealthCheck { app } => {
            let (_, answer) = post(&app, "/healthCheck", client).await?;
            let text = health(&shape(&answer)?);
            printer.show(&answer, || text)
        }
        C::Deactivate { app } => {
            let (app, answer) = post(&app, "/deactivate", client).await?;
            let summary: IntegrationSummary = shape(&answer)?;
            let state = state(summary.state);
            printer.show(&answer, || format!("{} is now {state}.", quoted(&app.name)))
        }
        C::Delete { app, confirm } => delete(&app, confirm.as_deref(), client, printer).await,
        C::RenewToken { app } => {
            let app = names::app(client, &app).await?;
            client
                .tell(Method::POST, &path(&app, "/renewToken"), Body::None)
                .await?;
            printer.show(&json!({ "appId": app.id, "renewed": true }), || {
                format!("{} is being told its new refresh token.", quoted(&app.name))
            })
        }
        C::Manifest { app } => {
            let app = names::app(client, &app).await?;
            let text = client.get_text(&path(&app, "/manifest")).await?;
            printer.verbatim(&text)
        }
    }
}

fn path(app: &Named, rest: &str) -> String {
    format!("{INTEGRATIONS}/{}{rest}", app.segment())
}

async fn post(app: &str, rest: &str, client: &Client) -> Result<(Named, Value)> {
    let app = names::app(client, app).await?;
    let answer = client.ask(Method::POST, &path(&app, rest), Body::None).await?;
    Ok((app, answer))
}

async fn upload(file: &Path, client: &Client, printer: &mut Printer) -> Result {
    let text = input::file_or_stdin(file, "the manifest")?;
    let sent = client
        .ask(Method::POST, INTEGRATIONS, Body::Text(text.clone()))
        .await;
    let answer = sent.map_err(|failure| explained(failure, file, &text, printer))?;
    let uploaded: Uploaded = shape(&answer)?;
    warn(&uploaded.warnings, printer);
    printer.show(&answer, || {
        let app = uploaded.app_id.to_string();
        let mut lines = Labelled::default();
        lines
            .add("app id", &app)
            .add("client id", &uploaded.client_id)
            .add("client secret", uploaded.client_secret.expose())
            .add("version", uploaded.manifest_version.to_string());
        format!(
            "{}\nThe client secret is shown this once: keep it where the integration finds it.\n\
             next: hallway integration activate {app}\n",
            lines.render()
        )
    })
}

async fn update(app: &str, file: &Path, client: &Client, printer: &mut Printer) -> Result {
    let text = input::file_or_stdin(file, "the manifest")?;
    let app = names::app(client, app).await?;
    let sent = client
        .ask(Method::PUT, &path(&app, "/manifest"), Body::Text(text.clone()))
        .await;
    let answer = sent.map_err(|failure| explained(failure, file, &text, printer))?;
    let updated: Updated = shape(&answer)?;
    warn(&updated.warnings, printer);
    printer.show(&answer, || {
        let version = updated.manifest_version;
        if !updated.pending {
            return format!("Version {version} of {} is in force.", quoted(&app.name));
        }
        let mut text = format!("Version {version} waits for approval, because it asks for more:\n");
        for line in &updated.growth {
            text.push_str(&format!("  - {line}\n"));
        }
        text.push_str(&format!(
            "next: hallway integration approve {}\n",
            quoted(&app.name)
        ));
        text
    })
}

/// A refused manifest with its faults marked, where they can be found in it.
fn explained(mut failure: Failure, file: &Path, text: &str, printer: &Printer) -> Failure {
    if let Failure::Refused(refusal) = &mut failure
        && refusal.status == Some(400)
    {
        refusal.exhibit = manifest::marked(file, text, printer.page().1);
    }
    failure
}

fn warn(warnings: &[String], printer: &mut Printer) {
    // The document holds them already.
    if printer.is_json() {
        return;
    }
    for warning in warnings {
        printer.note(&format!("warning: {warning}"));
    }
}

/// Activates what the path says.
pub(crate) async fn activate(
    path: &str,
    locations: &[String],
    deny: Vec<String>,
    client: &Client,
    printer: &mut Printer,
) -> Result {
    let mut request = ActivateRequest {
        deny,
        ..ActivateRequest::default()
    };
    let mut places = Vec::new();
    for location in locations {
        let found = names::location(client, location).await?;
        let id = found.id.parse().map_err(|error| {
            Failure::refused(format!(
                "the id of the location `{location}` is not known: {error}"
            ))
        })?;
        request.locations.push(id);
        places.push(found.name);
    }
    let body = Body::Json(json!(request));
    let answer = client.ask(Method::POST, path, body).await?;
    let activated: Activated = shape(&answer)?;
    printer.show(&answer, || {
        let mut lines = Labelled::default();
        lines.add("app id", activated.app_id.to_string());
        if places.is_empty() {
            lines.add("locations", "the whole organization");
        } else {
            lines.add_list("locations", places);
        }
        lines.add_list("scopes", activated.scopes.iter().cloned());
        let access = &activated.xapi_access;
        for (label, paths) in [
            ("statuses", &access.statuses),
            ("commands", &access.commands),
            ("events", &access.events),
        ] {
            lines.add_list(label, paths.iter().map(ToString::to_string));
        }
        lines.add("code expires", moment(activated.expiry_time));
        if let Some(push) = activated
            .push
            .as_ref()
            .filter(|push| push.state == PushState::Pushed)
        {
            let more = match &push.redirect_url {
                Some(url) => format!("The vendor asks you to go on at:\n{url}\n"),
                None => String::new(),
            };
            let push = push_lines(push).render();
            return format!(
                "{}{push}\nThe vendor has the activation code.\n{more}",
                lines.render()
            );
        }
        if let Some(push) = &activated.push {
            let push = push_lines(push).render();
            return format!(
                "{}{push}\nThe vendor did not take the activation code: Hallway goes on trying while it is \
                 valid. Or give it to the integration by hand, and to nobody else:\n{}\n\n\
                 next: hallway integration push {}\n",
                lines.render(),
                activated.activation_code.expose(),
                activated.app_id
            );
        }
        format!(
            "{}\nactivation code:\n{}\n\nThe code holds a refresh token and is shown this once: give it to \
             the integration, and to nobody else.\nnext: hallway jwt decode CODE\n",
            lines.render(),
            activated.activation_code.expose()
        )
    })
}

/// How the activation code was posted.
fn push_lines(push: &Pushed) -> Labelled {
    let state = match push.state {
        PushState::Pending => "not taken yet",
        PushState::Pushed => "taken",
        PushState::Failed => "never taken: it has expired",
    };
    let mut lines = Labelled::default();
    lines
        .add("code", state)
        .add("posted to", &push.url)
        .add("attempts", push.attempts.to_string())
        .add_some("last attempt", push.last_attempt.map(moment))
        .add_some("answer", push.last_status.map(|status| status.to_string()))
        .add_some("problem", push.last_error.as_ref())
        .add_some("vendor's page", push.redirect_url.as_ref());
    lines
}

async fn delete(app: &str, confirm: Option<&str>, client: &Client, printer: &mut Printer) -> Result {
    let app = names::app(client, app).await?;
    let summary: IntegrationSummary = shape(&client.get(&path(&app, "")).await?)?;
    let name = summary.display_name;
    match confirm {
        Some(confirm) if confirm.trim() == name.trim() => {}
        Some(confirm) => {
            return Err(Failure::usage(format!(
                "`{confirm}` is not the name of this integration: it is `{name}`"
            ))
            .hint("nothing was deleted"));
        }
        None => {
            return Err(Failure::usage(format!(
                "this deletes `{name}` with its activation, its tokens and what waits for it"
            ))
            .hint(format!(
                "say its name again to be sure: --confirm {}",
                quoted(&name)
            )));
        }
    }
    client.tell(Method::DELETE, &path(&app, ""), Body::None).await?;
    printer.show(
        &json!({ "appId": summary.app_id, "displayName": name, "deleted": true }),
        || format!("Deleted {}.", quoted(&name)),
    )
}

fn list(all: &[Value]) -> Result<String> {
    let mut table = Table::new(&[
        "NAME",
        "APP ID",
        "STATE",
        "VERSION",
        "LISTENER",
        "WAITING",
        "LAST DELIVERY",
    ]);
    for item in all {
        let item: IntegrationSummary = shape(item)?;
        let delivery = item.delivery.as_ref();
        table.row([
            item.display_name.clone(),
            item.app_id.to_string(),
            state(item.state).to_owned(),
            version(&item),
            delivery.map(listener).unwrap_or_default(),
            delivery
                .map(|delivery| delivery.waiting.to_string())
                .unwrap_or_default(),
            delivery
                .and_then(|delivery| delivery.last_success)
                .map(moment)
                .unwrap_or_default(),
        ]);
    }
    Ok(table.or("No integration is uploaded.\nnext: hallway integration upload FILE"))
}

/// A state in words.
pub(crate) fn state(state: IntegrationState) -> &'static str {
    match state {
        IntegrationState::Inactive => "inactive",
        IntegrationState::Activating => "activating",
        IntegrationState::ActivationExpired => "activation expired",
        IntegrationState::Active => "active",
        IntegrationState::UpdatePending => "update pending",
        IntegrationState::Deactivating => "deactivating",
    }
}

fn version(item: &IntegrationSummary) -> String {
    match (&item.activation, item.pending_version) {
        (Some(activation), Some(pending)) => format!("{} ({pending} waits)", activation.manifest_version),
        _ => item.manifest_version.to_string(),
    }
}

fn listener(delivery: &DeliveryHealth) -> String {
    match delivery.failing_since {
        Some(_) => format!("{}, failing", delivery.channel),
        None => delivery.channel.clone(),
    }
}

/// A moment as people read it: UTC, to the second.
pub(crate) fn moment(at: Timestamp) -> String {
    let text = at.to_string();
    match (text.get(..10), text.get(11..19)) {
        (Some(day), Some(time)) => format!("{day} {time}Z"),
        _ => text,
    }
}

fn summary(item: &IntegrationSummary) -> String {
    let mut lines = Labelled::default();
    lines
        .add("name", &item.display_name)
        .add("app id", item.app_id.to_string())
        .add("state", state(item.state))
        .add("version", version(item))
        .add_some("vendor", Some(&item.vendor))
        .add_some("description", Some(&item.description))
        .add("availability", &item.availability)
        .add("client id", &item.client_id)
        .add_some("features", Some(item.features.join(", ")))
        .add("uploaded", moment(item.created));
    if let Some(activation) = &item.activation {
        if activation.public_location_ids.is_empty() {
            lines.add("locations", "the whole organization");
        } else {
            let locations = activation.public_location_ids.iter();
            lines.add_list("locations", locations.map(ToString::to_string));
        }
        lines
            .add("activated", moment(activation.created_at))
            .add("health", snake(&json!(activation.operational_state)))
            .add_some("actions url", activation.actions_url.as_ref())
            .add_some(
                "webhook",
                activation
                    .webhook
                    .as_ref()
                    .and_then(|webhook| webhook.target_url.as_ref()),
            )
            .add_some("poll url", activation.queue.as_ref().map(|queue| &queue.poll_url));
    }
    if let Some(delivery) = &item.delivery {
        lines.add("listener", listener(delivery)).add(
            "deliveries",
            format!(
                "{} delivered, {} waiting, {} dropped, {} failed attempts",
                delivery.delivered, delivery.waiting, delivery.dropped, delivery.failed_attempts
            ),
        );
        lines
            .add_some("last delivery", delivery.last_success.map(moment))
            .add_some("failing since", delivery.failing_since.map(moment))
            .add_some("last error", delivery.last_error.as_ref());
    }
    let mut text = lines.render();
    if let Some(push) = &item.push {
        text.push_str("\nActivation code:\n");
        text.push_str(&push_lines(push).render());
    }
    text.push_str(&permissions(&item.requested));
    if !item.pending_growth.is_empty() {
        text.push_str("\nThe waiting version asks for more:\n");
        for line in &item.pending_growth {
            text.push_str(&format!("  - {line}\n"));
        }
        text.push_str(&format!(
            "next: hallway integration approve {}\n",
            quoted(&item.display_name)
        ));
    }
    text
}

/// What a manifest asks for, as a table; nothing where it asks for nothing.
pub(crate) fn permissions(requested: &[RequestedPermission]) -> String {
    if requested.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&["PERMISSION", "KIND", "NEEDED", "GRANTED", "PRIVACY"]);
    for asked in requested {
        let yes_no = |yes, word: &str| if yes { word } else { NONE }.to_owned();
        table.row([
            asked.name.clone(),
            asked.kind.clone(),
            if asked.required { "required" } else { "optional" }.to_owned(),
            yes_no(asked.granted, "yes"),
            yes_no(asked.privacy_impact, "impact"),
        ]);
    }
    format!("\n{}", table.render())
}

/// A word of the protocol in plain words.
pub(crate) fn snake(value: &Value) -> String {
    value.as_str().unwrap_or(NONE).replace('_', " ")
}

fn health(details: &HealthCheckDetails) -> String {
    let result = &details.health_check_result;
    let plain = |word: &str| word.replace('_', " ");
    let mut lines = Labelled::default();
    lines
        .add("healthy", if result.success { "yes" } else { "no" })
        .add("says of itself", snake(&json!(result.operational_state)))
        .add("actions", plain(&result.management_state))
        .add("tokens", plain(&result.tokens_state))
        .add("webhook", plain(&result.webhook_state))
        .add("checked", moment(details.run_time));
    lines.render()
}
