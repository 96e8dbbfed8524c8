//! `hallway service-app` and `hallway app`: what a developer and an administrator do on portals.

use std::path::Path;

use hallway_wire::application::{Application, ApplicationId, ApplicationKind, ServiceAppAuthorization};
use hyper::Method;
use serde_json::{Value, json};

use super::access_args::{AppCommand, NewApp, ServiceAppCommand};
use super::failure::{Failure, Result};
use super::http::{Body, Client, encoded, shape};
use super::input;
use super::integration::moment;
use super::names::{Named, named, pick, quoted};
use super::printer::Printer;
use super::table::{Labelled, Table};

const APPLICATIONS: &str = "/v1/applications";
const CONTROL: &str = "/hallway/v1/applications";
const SERVICE_APPS: &str = "/hallway/v1/serviceApps";

pub(crate) async fn service_app(
    command: ServiceAppCommand,
    env: impl Fn(&str) -> Option<String>,
    client: &Client,
    printer: &mut Printer,
) -> Result {
    use ServiceAppCommand as C;
    match command {
        C::Create {
            name,
            scopes,
            description,
            contact_email,
        } => {
            let body = json!({
                "type": ApplicationKind::ServiceApp, "name": name, "scopes": scopes,
                "description": description, "contactEmail": contact_email,
            });
            let answer = client.ask(Method::POST, APPLICATIONS, Body::Json(body)).await?;
            let made: Application = shape(&answer)?;
            printer.show(&answer, || {
                format!(
                    "{}\nThe client secret is shown this once: keep it where the service app finds it.\n\
                     next: hallway service-app authorize {}\n",
                    made_lines(&made),
                    quoted(&made.name)
                )
            })
        }
        C::List => {
            let items = client.list(SERVICE_APPS).await?;
            let mut table = Table::new(&["NAME", "STATE", "AUTHORIZED", "SCOPES", "ID"]);
            for item in &items {
                let item: ServiceAppAuthorization = shape(item)?;
                table.row([
                    item.name.clone(),
                    state(&item),
                    item.authorization_date.map(moment).unwrap_or_default(),
                    item.granted_scopes.as_ref().unwrap_or(&item.scopes).join(" "),
                    item.application_id.to_string(),
                ]);
            }
            let text =
                table.or("There is no service app.\nnext: hallway service-app create NAME --scope SCOPE");
            printer.show(&json!({ "items": items }), || text)
        }
        C::Show { app } => {
            let app = find(client, "service-app", &app).await?;
            let shown = client.get(&format!("{APPLICATIONS}/{}", app.segment())).await?;
            let path = format!("{CONTROL}/{}/authorizations", app.segment());
            let places = client.list(&path).await?;
            let text = shown_text(&shape(&shown)?, &places)?;
            printer.show(&json!({ "application": shown, "authorizations": places }), || {
                text
            })
        }
        C::Request { app, target_org: org } => {
            let app = find(client, "service-app", &app).await?;
            let org = org_or_own(client, org).await?;
            let path = format!("{CONTROL}/{}/requestAuthorization", app.segment());
            let answer = client
                .ask(Method::POST, &path, Body::Json(json!({ "orgId": org })))
                .await?;
            let item: ServiceAppAuthorization = shape(&answer)?;
            printer.show(&answer, || {
                format!(
                    "{} is {} there.\nnext, for an administrator of that organization: hallway service-app \
                     authorize {}\n",
                    item.name,
                    state(&item),
                    item.client_id
                )
            })
        }
        C::Authorize { app } => decide(client, printer, &app, "authorize").await,
        C::Deauthorize { app } => decide(client, printer, &app, "deauthorize").await,
        C::Token {
            app,
            target_org: org,
            secret_file,
        } => {
            let secret = client_secret(secret_file.as_deref(), env)?;
            let app = find(client, "service-app", &app).await?;
            let id: ApplicationId = app
                .id
                .parse()
                .map_err(|error| Failure::usage(format!("{}: {error}", app.id)))?;
            let body = json!({
                "clientId": id.0, "clientSecret": secret, "targetOrgId": org_or_own(client, org).await?,
            });
            let path = format!("{APPLICATIONS}/{}/token", app.segment());
            let answer = client.ask(Method::POST, &path, Body::Json(body)).await?;
            printer.show(&answer, || {
                let text = |member: &str| answer[member].as_str().unwrap_or_default().to_owned();
                let mut lines = Labelled::default();
                lines
                    .add("access token", text("access_token"))
                    .add("ends in", seconds(&answer["expires_in"]))
                    .add("refresh token", text("refresh_token"))
                    .add("ends in", seconds(&answer["refresh_token_expires_in"]))
                    .add("scopes", text("scope"));
                format!(
                    "{}\nThe tokens are shown this once. The refresh token makes new access tokens at POST \
                     /v1/access_token.\n",
                    lines.render()
                )
            })
        }
        C::RotateSecret { app } => rotate(client, printer, "service-app", &app).await,
        C::Delete { app, confirm } => delete(client, printer, "service-app", &app, confirm.as_deref()).await,
    }
}

pub(crate) async fn app(command: AppCommand, client: &Client, printer: &mut Printer) -> Result {
    use AppCommand as C;
    match command {
        C::Create(NewApp::Integration {
            name,
            scopes,
            redirect_urls,
        }) => {
            let body = json!({
                "type": ApplicationKind::Integration, "name": name, "scopes": scopes,
                "redirectUrls": redirect_urls,
            });
            let answer = client.ask(Method::POST, APPLICATIONS, Body::Json(body)).await?;
            let made: Application = shape(&answer)?;
            let url = client.url();
            printer.show(&answer, || {
                format!(
                    "{}authorize url:  {url}/v1/authorize\ntoken url:      {url}/v1/access_token\n\n\
                     The client secret is shown this once: keep it where the integration finds it.\n",
                    made_lines(&made)
                )
            })
        }
        C::Create(NewApp::Bot { name }) => {
            let body = json!({ "type": ApplicationKind::Bot, "name": name });
            let made = client.ask(Method::POST, APPLICATIONS, Body::Json(body)).await?;
            let app: Application = shape(&made)?;
            let token = bot_token(client, &app.id.to_string()).await?;
            printer.show(&json!({ "application": made, "token": token }), || {
                format!("{}{}", made_lines(&app), bot_lines(&token))
            })
        }
        C::List => {
            let mut items = client.list(&format!("{APPLICATIONS}?max=1000")).await?;
            items.retain(|item| item["type"] != ApplicationKind::ServiceApp.word());
            let mut table = Table::new(&["NAME", "KIND", "CREATED", "ID"]);
            for item in &items {
                let item: Application = shape(item)?;
                table.row([
                    item.name.clone(),
                    item.kind.word().to_owned(),
                    moment(item.created),
                    item.id.to_string(),
                ]);
            }
            let text = table.or("There is no integration or bot.\nnext: hallway app create bot NAME");
            printer.show(&json!({ "items": items }), || text)
        }
        C::Show { app } => {
            let app = find(client, "app", &app).await?;
            let shown = client.get(&format!("{APPLICATIONS}/{}", app.segment())).await?;
            let text = shown_text(&shape(&shown)?, &[])?;
            printer.show(&shown, || text)
        }
        C::RotateSecret { app } => rotate(client, printer, "app", &app).await,
        C::BotToken { app } => {
            let app = find(client, "app", &app).await?;
            let token = bot_token(client, &app.id).await?;
            printer.show(&token, || bot_lines(&token))
        }
        C::Delete { app, confirm } => delete(client, printer, "app", &app, confirm.as_deref()).await,
    }
}

/// The application of this id, client id or name.
async fn find(client: &Client, noun: &str, wanted: &str) -> Result<Named> {
    if let Ok(id) = wanted.trim().parse::<ApplicationId>() {
        return Ok(Named {
            id: id.to_string(),
            name: wanted.trim().to_owned(),
            about: String::new(),
        });
    }
    let mut all = client.list(&format!("{APPLICATIONS}?max=1000")).await?;
    let service_app = noun == "service-app";
    all.retain(|item| (item["type"] == ApplicationKind::ServiceApp.word()) == service_app);
    pick(noun, wanted, &named(&all, "id", &["name"], "friendlyId"))
}

/// The organization that was named, or the caller's.
async fn org_or_own(client: &Client, org: Option<String>) -> Result<Value> {
    match org {
        Some(org) => Ok(json!(org.trim())),
        None => Ok(client.get("/hallway/v1/about").await?["orgId"].clone()),
    }
}

async fn decide(client: &Client, printer: &mut Printer, app: &str, what: &str) -> Result {
    let app = find(client, "service-app", app).await?;
    let org = org_or_own(client, None).await?;
    let path = format!("{APPLICATIONS}/{}/{what}", app.segment());
    let answer = client
        .ask(Method::POST, &path, Body::Json(json!({ "orgId": org })))
        .await?;
    let shown: Application = shape(&answer)?;
    printer.show(&answer, || {
        if what == "authorize" {
            format!(
                "Authorized {} for {}.\nnext, for its developer: hallway service-app token {} --secret-file FILE\n",
                quoted(&shown.name),
                shown.scopes.join(" "),
                quoted(&shown.name)
            )
        } else {
            format!("Deauthorized {}: its tokens ended.", quoted(&shown.name))
        }
    })
}

/// The client secret, out of a file or the environment: others may see arguments.
fn client_secret(file: Option<&Path>, env: impl Fn(&str) -> Option<String>) -> Result<String> {
    let text = match file {
        Some(file) => Some(input::file_or_stdin(file, "the client secret")?),
        None => env("HALLWAY_CLIENT_SECRET"),
    };
    match text.map(|text| text.trim().to_owned()) {
        Some(text) if !text.is_empty() => Ok(text),
        _ => Err(Failure::usage("the client secret is needed")
            .hint("name a file that holds it with --secret-file, or set HALLWAY_CLIENT_SECRET")),
    }
}

async fn rotate(client: &Client, printer: &mut Printer, noun: &str, app: &str) -> Result {
    let app = find(client, noun, app).await?;
    let path = format!("{CONTROL}/{}/rotateSecret", app.segment());
    let answer = client.ask(Method::POST, &path, Body::None).await?;
    printer.show(&answer, || {
        let text = |member: &str| answer[member].as_str().unwrap_or_default().to_owned();
        let mut lines = Labelled::default();
        lines
            .add("client id", text("clientId"))
            .add("client secret", text("clientSecret"));
        format!(
            "{}\nThe client secret is shown this once; the one before is no good any more.\n",
            lines.render()
        )
    })
}

async fn bot_token(client: &Client, id: &str) -> Result<Value> {
    let path = format!("{CONTROL}/{}/botToken", encoded(id));
    client.ask(Method::POST, &path, Body::None).await
}

fn bot_lines(token: &Value) -> String {
    let text = |member: &str| token[member].as_str().unwrap_or_default().to_owned();
    let mut lines = Labelled::default();
    lines
        .add("bot e-mail", text("botEmail"))
        .add("access token", text("accessToken"));
    format!("{}\nThe token is shown this once.\n", lines.render())
}

async fn delete(
    client: &Client,
    printer: &mut Printer,
    noun: &str,
    app: &str,
    confirm: Option<&str>,
) -> Result {
    let app = find(client, noun, app).await?;
    let path = format!("{APPLICATIONS}/{}", app.segment());
    let shown: Application = shape(&client.get(&path).await?)?;
    match confirm {
        Some(confirm) if confirm.trim() == shown.name.trim() => {}
        Some(confirm) => {
            return Err(Failure::usage(format!(
                "`{confirm}` is not the name of this application: it is `{}`",
                shown.name
            ))
            .hint("nothing was deleted"));
        }
        None => {
            return Err(Failure::usage(format!(
                "this deletes `{}` and ends its tokens in every organization",
                shown.name
            ))
            .hint(format!(
                "say its name again to be sure: --confirm {}",
                quoted(&shown.name)
            )));
        }
    }
    client.tell(Method::DELETE, &path, Body::None).await?;
    printer.show(
        &json!({ "id": shown.id, "name": shown.name, "deleted": true }),
        || format!("Deleted {}.", quoted(&shown.name)),
    )
}

fn seconds(value: &Value) -> String {
    let days = value.as_i64().unwrap_or_default() / 86_400;
    format!("{days} days")
}

fn state(item: &ServiceAppAuthorization) -> String {
    let word = serde_json::to_value(item.state).unwrap_or_default();
    word.as_str().unwrap_or("not requested").to_owned()
}

fn made_lines(app: &Application) -> String {
    let mut lines = Labelled::default();
    lines
        .add("name", &app.name)
        .add("id", app.id.to_string())
        .add("client id", &app.client_id)
        .add_some(
            "client secret",
            app.client_secret
                .as_ref()
                .map(|secret| secret.expose().to_owned()),
        )
        .add_list("scopes", app.scopes.iter().cloned());
    lines.render()
}

fn shown_text(app: &Application, places: &[Value]) -> Result<String> {
    let mut lines = Labelled::default();
    lines
        .add("name", &app.name)
        .add("kind", app.kind.word())
        .add("id", app.id.to_string())
        .add("client id", &app.client_id)
        .add("friendly id", &app.friendly_id)
        .add_some("description", app.about.description.as_ref())
        .add_some("bot e-mail", app.bot_email.as_ref())
        .add_list("redirect urls", app.redirect_urls.iter().flatten().cloned())
        .add_list("scopes", app.scopes.iter().cloned())
        .add("registered", moment(app.created));
    let mut text = lines.render();
    if !places.is_empty() {
        let mut table = Table::new(&["STATE", "AUTHORIZED", "SCOPES", "ORGANIZATION"]);
        for place in places {
            let place: ServiceAppAuthorization = shape(place)?;
            table.row([
                state(&place),
                place.authorization_date.map(moment).unwrap_or_default(),
                place.granted_scopes.clone().unwrap_or_default().join(" "),
                place.org_id.to_string(),
            ]);
        }
        text.push('\n');
        text.push_str(&table.render());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use hallway_wire::application::ApplicationId;
    use serde_json::{Value, json};

    use crate::cli::testing::Office;

    const ORG: &str =
        "Y2lzY29zcGFyazovL3VzL09SR0FOSVpBVElPTi85NmFiYzJhYS0zZGNjLTExZTUtYTE1Mi1mZTM0ODE5Y2RjOWE";
    const ID: &str = "Y2lzY29zcGFyazovL3VzL0FQUExJQ0FUSU9OL0MwMGZm";

    fn app(secret: Option<&str>) -> Value {
        let person = hallway_wire::id::PersonId::from_uuid(uuid::Uuid::nil());
        json!({
            "id": ID, "name": "Desk Connector", "friendlyId": "desk-connector",
            "type": "authorizedAppIssuer", "orgId": ORG, "createdBy": person,
            "created": "2026-03-04T05:06:07.089Z", "modified": "2026-03-04T05:06:07.089Z",
            "isNative": false, "isFeatured": false, "submissionStatus": "none", "clientId": "C00ff",
            "clientSecret": secret, "scopes": ["spark-admin:people_read"],
        })
    }

    #[tokio::test]
    async fn a_secret_is_shown_once_with_what_comes_next() {
        let office = Office::default()
            .on("POST /v1/applications", &app(Some("the-secret")))
            .open()
            .await;
        let words = [
            "service-app",
            "create",
            "Desk Connector",
            "--scope",
            "spark-admin:people_read",
        ];
        let outcome = office.run(&words).await;
        assert_eq!(outcome.code, 0, "{}", outcome.err);
        assert!(
            outcome.out.contains("client secret:  the-secret\n"),
            "{}",
            outcome.out
        );
        assert!(
            outcome
                .out
                .contains("next: hallway service-app authorize \"Desk Connector\""),
            "{}",
            outcome.out
        );
        let sent: Value = serde_json::from_str(&office.last().body).unwrap();
        assert_eq!(sent["type"], "authorizedAppIssuer");
    }

    #[tokio::test]
    async fn authorizing_by_name() {
        let office = Office::default()
            .on("GET /v1/applications", &json!({ "items": [app(None)] }))
            .on("GET /hallway/v1/about", &json!({ "orgId": ORG }))
            .on(
                "POST /v1/applications/Y2lzY29zcGFyazovL3VzL0FQUExJQ0FUSU9OL0MwMGZm/authorize",
                &app(None),
            )
            .open()
            .await;
        assert_eq!(ApplicationId("C00ff".to_owned()).to_string(), ID);
        let outcome = office.run(&["service-app", "authorize", "desk connector"]).await;
        assert_eq!(outcome.code, 0, "{}", outcome.err);
        let sent: Value = serde_json::from_str(&office.last().body).unwrap();
        assert_eq!(sent, json!({ "orgId": ORG }));
        // Nothing is deleted without its name, and no token is made without the secret.
        let shown = Office::default()
            .on(
                "GET /v1/applications/Y2lzY29zcGFyazovL3VzL0FQUExJQ0FUSU9OL0MwMGZm",
                &app(None),
            )
            .open()
            .await;
        assert_eq!(shown.run(&["service-app", "delete", ID]).await.code, 2);
        assert_eq!(shown.run(&["service-app", "token", ID]).await.code, 2);
    }
}
