//! `hallway operator org`, and what an organization's own administrators do with it.

use std::path::Path;

use hallway_wire::Secret;
use hallway_wire::control::{
    CreatedOrganization, ExternalAdmin, ImportedOrganization, ManagedOrganization, OrganizationState,
    OwnOrganization,
};
use hallway_wire::id::OrgId;
use hyper::Method;
use serde_json::{Value, json};

use super::failure::{Failure, Result};
use super::http::{Body, Client, encoded, shape, with_query};
use super::input;
use super::integration::moment;
use super::org_args::{AdminsCommand, ExportArgs, OrgCommand};
use super::printer::Printer;
use super::table::{Labelled, Table};

const ALL: &str = "/hallway/v1/operator/organizations";

pub(crate) async fn operator(command: OrgCommand, client: &Client, printer: &mut Printer) -> Result {
    match command {
        OrgCommand::List => list(client, printer).await,
        OrgCommand::Show { organization } => {
            let found = find(client, &organization).await?;
            printer.show(&found, || card(&found))
        }
        OrgCommand::Create {
            name,
            admin_email,
            admin_name,
            country,
        } => {
            let wish = json!({
                "displayName": name, "adminEmail": admin_email, "adminName": admin_name, "country": country,
            });
            let answer = client.ask(Method::POST, ALL, Body::Json(wish)).await?;
            let made: CreatedOrganization = shape(&answer)?;
            printer.show(&answer, || {
                let mut lines = Labelled::default();
                lines
                    .add("organization", made.organization.display_name)
                    .add("id", made.organization.id.to_string())
                    .add("administrator", made.admin_id.to_string())
                    .add("access token", made.access_token.expose());
                format!("{}\nThe token is shown this once.\n", lines.render())
            })
        }
        OrgCommand::Suspend { organization, reason } => {
            let body = Body::Json(json!({ "reason": reason }));
            change(client, printer, &organization, "suspend", body).await
        }
        OrgCommand::Resume { organization } => {
            change(client, printer, &organization, "resume", Body::None).await
        }
        OrgCommand::Delete {
            organization,
            confirm,
        } => {
            let found = find(client, &organization).await?;
            let Some(confirm) = confirm else {
                return Err(Failure::usage(format!(
                    "everything of {} would be deleted for good",
                    found.display_name
                ))
                .hint(format!("repeat it with --confirm {:?}", found.display_name)));
            };
            let path = with_query(&format!("{ALL}/{}", found.id), &[("confirm", &confirm)]);
            let answer = client.ask(Method::DELETE, &path, Body::None).await?;
            printer.show(&answer, || {
                format!("{} is being deleted with everything in it.", found.display_name)
            })
        }
        OrgCommand::Export { organization, how } => {
            let found = find(client, &organization).await?;
            let path = format!("{ALL}/{}/export", found.id);
            export(client, printer, &path, &how).await
        }
        OrgCommand::Import {
            file,
            passphrase_file,
        } => import(client, printer, &file, passphrase_file.as_deref()).await,
        OrgCommand::Admins {
            organization,
            command,
        } => {
            let found = find(client, &organization).await?;
            let path = format!("{ALL}/{}/admins", found.id);
            admins(client, printer, &path, command).await
        }
    }
}

fn state(of: &ManagedOrganization) -> &'static str {
    match of.state {
        OrganizationState::Active => "active",
        OrganizationState::Suspended => "suspended",
        OrganizationState::Deleting => "being deleted",
        OrganizationState::Importing => "being imported",
    }
}

fn card(of: &ManagedOrganization) -> String {
    let mut lines = Labelled::default();
    lines
        .add("organization", &of.display_name)
        .add("id", of.id.to_string())
        .add_some("country", of.country.as_ref())
        .add("created", moment(of.created))
        .add("state", state(of))
        .add_some("since", of.since.map(moment))
        .add_some("reason", of.reason.as_ref().filter(|reason| !reason.is_empty()));
    lines.render()
}

async fn list(client: &Client, printer: &mut Printer) -> Result {
    let items = client.list(ALL).await?;
    let mut table = Table::new(&["NAME", "STATE", "CREATED", "ID"]);
    for item in &items {
        let item: ManagedOrganization = shape(item)?;
        table.row([
            item.display_name.clone(),
            state(&item).to_owned(),
            moment(item.created),
            item.id.to_string(),
        ]);
    }
    let text = table.or("There is no organization.");
    printer.show(&json!({ "items": items }), || text)
}

/// The organization of an id or a name.
async fn find(client: &Client, wanted: &str) -> Result<ManagedOrganization> {
    let wanted = wanted.trim();
    if let Ok(id) = wanted.parse::<OrgId>() {
        return shape(&client.get(&format!("{ALL}/{id}")).await?);
    }
    let items = client.list(ALL).await?;
    let all: Vec<ManagedOrganization> = items.iter().map(shape).collect::<Result<_>>()?;
    let mut named = all
        .into_iter()
        .filter(|org| org.display_name.trim().eq_ignore_ascii_case(wanted));
    match (named.next(), named.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(Failure::refused(format!("there is no organization `{wanted}`"))
            .hint("`hallway operator org list` shows them")),
        (Some(_), Some(_)) => Err(Failure::refused(format!(
            "several organizations are called `{wanted}`: take an id"
        ))),
    }
}

async fn change(
    client: &Client,
    printer: &mut Printer,
    organization: &str,
    what: &str,
    body: Body,
) -> Result {
    let found = find(client, organization).await?;
    let path = format!("{ALL}/{}/{what}", found.id);
    let answer = client.ask(Method::POST, &path, body).await?;
    let changed: ManagedOrganization = shape(&answer)?;
    printer.show(&answer, || card(&changed))
}

/// `hallway organization list`
pub(crate) async fn own(client: &Client, printer: &mut Printer) -> Result {
    let items = client.list("/hallway/v1/organizations").await?;
    let mut table = Table::new(&["NAME", "AS", "ID"]);
    for item in &items {
        let item: OwnOrganization = shape(item)?;
        let role = item.role.as_deref().map_or("its own", role_text);
        table.row([item.display_name, role.to_owned(), item.id.to_string()]);
    }
    let text = table.or("There is no organization.");
    printer.show(&json!({ "items": items }), || text)
}

fn role_text(role: &str) -> &str {
    match role {
        "id_full_admin" => "full administrator",
        "id_readonly_admin" => "read-only administrator",
        other => other,
    }
}

/// `… admins`
pub(crate) async fn admins(
    client: &Client,
    printer: &mut Printer,
    path: &str,
    command: AdminsCommand,
) -> Result {
    match command {
        AdminsCommand::List => {
            let items = client.list(path).await?;
            let mut table = Table::new(&["NAME", "E-MAIL", "AS", "SINCE", "ID"]);
            for item in &items {
                let item: ExternalAdmin = shape(item)?;
                table.row([
                    item.display_name,
                    item.email,
                    role_text(&item.role).to_owned(),
                    moment(item.created),
                    item.person_id.to_string(),
                ]);
            }
            let text = table.or("Nobody of another organization administers this one.");
            printer.show(&json!({ "items": items }), || text)
        }
        AdminsCommand::Add { email, read_only } => {
            let role = if read_only {
                "id_readonly_admin"
            } else {
                "id_full_admin"
            };
            let body = Body::Json(json!({ "email": email, "role": role }));
            let answer = client.ask(Method::POST, path, body).await?;
            let made: ExternalAdmin = shape(&answer)?;
            printer.show(&answer, || {
                format!(
                    "{} is {} of it now, and acts in it with --org.",
                    made.display_name,
                    role_text(&made.role)
                )
            })
        }
        AdminsCommand::Remove { person } => {
            let id = match person.trim() {
                text if text.contains('@') => admin_id(client, path, text).await?,
                text => text.to_owned(),
            };
            let path = format!("{path}/{}", encoded(&id));
            client.tell(Method::DELETE, &path, Body::None).await?;
            printer.show(&json!({ "removed": true }), || "Removed.".to_owned())
        }
    }
}

async fn admin_id(client: &Client, path: &str, email: &str) -> Result<String> {
    let items = client.list(path).await?;
    let found = items.iter().find(|item| {
        item["email"]
            .as_str()
            .is_some_and(|there| there.eq_ignore_ascii_case(email))
    });
    let id = found.and_then(|item| item["personId"].as_str());
    id.map(ToOwned::to_owned)
        .ok_or_else(|| Failure::refused(format!("no administrator has the address `{email}`")))
}

/// The first line of a file.
fn passphrase(path: &Path) -> Result<Secret> {
    let text = input::file(path, "the passphrase")?;
    let line = text.lines().next().unwrap_or_default();
    if line.trim().is_empty() {
        return Err(Failure::usage(format!(
            "the first line of {} is empty",
            path.display()
        )));
    }
    Ok(Secret::new(line))
}

/// Writes an export to a file: beside its place first, so that what has its name is whole.
pub(crate) async fn export(client: &Client, printer: &mut Printer, path: &str, how: &ExportArgs) -> Result {
    let secret = how.passphrase_file.as_deref().map(passphrase).transpose()?;
    let mut wish = json!({ "withSecrets": how.with_secrets });
    if let Some(secret) = &secret {
        wish["passphrase"] = Value::from(secret.expose());
    }
    let output = &how.output;
    let cannot = |error: &dyn std::fmt::Display| {
        Failure::usage(format!("{} cannot be written: {error}", output.display()))
    };
    if output.exists() {
        return Err(cannot(&"it is there already"));
    }
    let folder = output
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    // Nobody else reads a temporary file.
    let file = tempfile::Builder::new()
        .prefix(".hallway-export-")
        .tempfile_in(folder)
        .map_err(|error| cannot(&error))?;
    let bytes = client.download(path, &wish, file.as_file()).await?;
    file.as_file().sync_all().map_err(|error| cannot(&error))?;
    file.persist_noclobber(output)
        .map_err(|error| cannot(&error.error))?;
    let document = json!({ "file": output, "bytes": bytes, "withSecrets": how.with_secrets });
    printer.show(&document, || {
        let secrets = match how.with_secrets {
            true => "with its secrets, encrypted: without the passphrase it is of no use",
            false => "without its secrets: after an import some things must be made anew",
        };
        format!("Written to {} ({bytes} bytes), {secrets}.", output.display())
    })
}

async fn import(client: &Client, printer: &mut Printer, file: &Path, secret: Option<&Path>) -> Result {
    let secret = secret.map(passphrase).transpose()?;
    let answer = client
        .upload(&format!("{ALL}/import"), file, secret.as_ref())
        .await?;
    let made: ImportedOrganization = shape(&answer)?;
    printer.show(&answer, || {
        let count: u64 = made.rows.values().sum();
        let mut text = card(&made.organization);
        text.push_str(&format!("\n{count} rows and {} files came.\n", made.files));
        if !made.anew.is_empty() {
            text.push_str("\nTo be made anew:\n");
            for what in &made.anew {
                text.push_str(&format!("  - {what}\n"));
            }
        }
        text
    })
}
