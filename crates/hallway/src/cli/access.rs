//! `hallway authorization`, `hallway person token`, `hallway person sign-in` and `hallway organization`.

use hallway_wire::authorization::{Authorization, PersonalToken, SignInCode, Sites};
use hallway_wire::id::PersonId;
use hyper::Method;
use serde_json::{Value, json};

use super::access_args::{AuthorizationCommand, OrganizationCommand, PersonAccessCommand};
use super::failure::{Failure, Result};
use super::http::{Body, Client, encoded, shape, with_query};
use super::integration::moment;
use super::org;
use super::printer::Printer;
use super::table::{Labelled, Table};

pub(crate) async fn authorization(
    command: AuthorizationCommand,
    client: &Client,
    printer: &mut Printer,
) -> Result {
    match command {
        AuthorizationCommand::List { person } => {
            let id = match person {
                Some(person) => person_id(client, &person).await?,
                None => me(client).await?,
            };
            let items = client
                .list(&with_query("/v1/authorizations", &[("personId", &id)]))
                .await?;
            let mut table = Table::new(&["APPLICATION", "TYPE", "CREATED", "CLIENT ID", "ID"]);
            for item in &items {
                let item: Authorization = shape(item)?;
                table.row([
                    item.application_name,
                    item.kind,
                    moment(item.created),
                    item.client_id,
                    item.id.to_string(),
                ]);
            }
            let text = table.or("Nothing is granted to any client.");
            printer.show(&json!({ "items": items }), || text)
        }
        AuthorizationCommand::Revoke {
            authorization,
            client: oauth_client,
        } => {
            let path = match (&authorization, &oauth_client) {
                (Some(id), _) => format!("/v1/authorizations/{}", encoded(id.trim())),
                (None, Some(oauth_client)) => {
                    with_query("/v1/authorizations", &[("clientId", oauth_client.trim())])
                }
                (None, None) => return Err(Failure::usage("an authorization or a client is needed")),
            };
            client.tell(Method::DELETE, &path, Body::None).await?;
            printer.show(&json!({ "revoked": true }), || {
                "Revoked: its tokens ended.".to_owned()
            })
        }
    }
}

pub(crate) async fn person(command: PersonAccessCommand, client: &Client, printer: &mut Printer) -> Result {
    match command {
        PersonAccessCommand::Token { person, scopes } => {
            let id = person_id(client, &person).await?;
            let path = format!("/hallway/v1/people/{}/token", encoded(&id));
            let body = Body::Json(json!({ "scopes": scopes }));
            let answer = client.ask(Method::POST, &path, body).await?;
            let made: PersonalToken = shape(&answer)?;
            printer.show(&answer, || {
                let mut lines = Labelled::default();
                lines
                    .add("access token", made.access_token.expose())
                    .add("ends", moment(made.expiry_time));
                if scopes.is_empty() {
                    lines.add("scopes", "all");
                } else {
                    lines.add_list("scopes", made.scopes.iter().cloned());
                }
                format!("{}\nThe token is shown this once.\n", lines.render())
            })
        }
        PersonAccessCommand::SignIn { person } => {
            let id = person_id(client, &person).await?;
            let path = format!("/hallway/v1/people/{}/signInCode", encoded(&id));
            let answer = client.ask(Method::POST, &path, Body::None).await?;
            let made: SignInCode = shape(&answer)?;
            printer.show(&answer, || {
                let mut lines = Labelled::default();
                lines
                    .add("sign-in code", made.code.expose())
                    .add("good until", moment(made.expiry_time));
                format!(
                    "{}\nThe code is shown this once, and good once: whoever types it on a page of Hallway is \
                     this person.\n",
                    lines.render()
                )
            })
        }
    }
}

pub(crate) async fn organization(
    command: OrganizationCommand,
    client: &Client,
    printer: &mut Printer,
) -> Result {
    const SITES: &str = "/hallway/v1/organization/sites";
    let (sites, none) = match command {
        OrganizationCommand::Sites { sites, none } => (sites, none),
        OrganizationCommand::List => return org::own(client, printer).await,
        OrganizationCommand::Admins(command) => {
            return org::admins(client, printer, "/hallway/v1/organization/admins", command).await;
        }
        OrganizationCommand::Export(how) => {
            return org::export(client, printer, "/hallway/v1/organization/export", &how).await;
        }
    };
    let answer = if sites.is_empty() && !none {
        client.get(SITES).await?
    } else {
        let body = Body::Json(json!(Sites { sites }));
        client.ask(Method::PUT, SITES, body).await?
    };
    let shown: Sites = shape(&answer)?;
    printer.show(&answer, || {
        if shown.sites.is_empty() {
            "The organization has no sites.".to_owned()
        } else {
            shown.sites.join("\n")
        }
    })
}

async fn me(client: &Client) -> Result<String> {
    let me = client.get("/v1/people/me").await?;
    Ok(me["id"].as_str().unwrap_or_default().to_owned())
}

/// The id of a person, by id or address.
async fn person_id(client: &Client, wanted: &str) -> Result<String> {
    let wanted = wanted.trim();
    if let Ok(id) = wanted.parse::<PersonId>() {
        return Ok(id.to_string());
    }
    let found = client
        .list(&with_query("/v1/people", &[("email", wanted)]))
        .await?;
    let id = found
        .first()
        .and_then(|person| person.get("id"))
        .and_then(Value::as_str);
    id.map(ToOwned::to_owned).ok_or_else(|| {
        Failure::refused(format!("nobody has the address `{wanted}`"))
            .hint("an e-mail address or the id of a person is needed")
    })
}
