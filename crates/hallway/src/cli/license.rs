//! `hallway license`: what there is, and who gets it.

use clap::Subcommand;
use hallway_wire::license::{Assigned, License};
use hyper::Method;
use serde_json::{Map, Value, json};

use super::failure::{Failure, Result};
use super::http::{Body, Client, shape};
use super::names::{self, LICENSES, Named};
use super::printer::Printer;
use super::table::Table;

/// Licenses.
#[derive(Subcommand, Debug)]
pub(crate) enum LicenseCommand {
    /// List the licenses of the organization, and how many units are taken
    List,
    /// Give a person a license
    ///
    /// A calling license needs a number or an extension, or both, in a location that has Webex Calling.
    Assign {
        /// E-mail address, id or display name of the person
        person: String,
        /// Id or name of the license
        license: String,
        /// Calling: location of the line, by id or name
        #[arg(long)]
        location: Option<String>,
        /// Calling: phone number of the line, in E.164
        #[arg(long)]
        number: Option<String>,
        /// Calling: extension of the line
        #[arg(long)]
        extension: Option<String>,
    },
    /// Take a license from a person; with a calling license the line goes
    Unassign {
        /// E-mail address, id or display name of the person
        person: String,
        /// Id or name of the license
        license: String,
    },
}

pub(crate) async fn run(command: LicenseCommand, client: &Client, printer: &mut Printer) -> Result {
    match command {
        LicenseCommand::List => {
            let licenses = client.list(LICENSES).await?;
            let text = license_table(&licenses)?;
            printer.show(&json!({ "items": licenses }), || text)
        }
        LicenseCommand::Assign {
            person,
            license,
            location,
            number,
            extension,
        } => {
            let person = names::person(client, &person).await?;
            let license = names::license(client, &license).await?;
            let mut line = Map::new();
            if let Some(location) = location {
                let location = names::location(client, &location).await?;
                line.insert("locationId".to_owned(), json!(location.id));
            }
            if let Some(number) = number {
                line.insert("phoneNumber".to_owned(), json!(number.trim()));
            }
            if let Some(extension) = extension {
                line.insert("extension".to_owned(), json!(extension.trim()));
            }
            let mut change = json!({ "id": license.id, "operation": "add" });
            if !line.is_empty() {
                change["properties"] = line.into();
            }
            let now = ask(client, &person, change).await?;
            if !holds(&now, &license)? {
                return Err(
                    Failure::refused(format!("{} did not get {}", person.name, license.name))
                        .hint("`hallway license list` shows how many units are left"),
                );
            }
            printer.show(&now, || format!("{} has {} now.", person.name, license.name))
        }
        LicenseCommand::Unassign { person, license } => {
            let person = names::person(client, &person).await?;
            let license = names::license(client, &license).await?;
            let change = json!({ "id": license.id, "operation": "remove" });
            let now = ask(client, &person, change).await?;
            if holds(&now, &license)? {
                return Err(Failure::refused(format!(
                    "{} still has {}",
                    person.name, license.name
                )));
            }
            printer.show(&now, || {
                format!("{} does not have {} any more.", person.name, license.name)
            })
        }
    }
}

/// Changes one license of a person, and returns what the person has then.
async fn ask(client: &Client, person: &Named, change: Value) -> Result<Value> {
    let body = json!({ "personId": person.id, "licenses": [change] });
    client
        .ask(Method::PATCH, "/v1/licenses/users", Body::Json(body))
        .await
}

fn holds(now: &Value, license: &Named) -> Result<bool> {
    let now: Assigned = shape(now)?;
    Ok(now.licenses.contains(&license.id))
}

fn license_table(licenses: &[Value]) -> Result<String> {
    let mut table = Table::new(&["NAME", "TAKEN", "UNITS", "SITE", "ID"]);
    for license in licenses {
        let license: License = shape(license)?;
        table.row([
            license.name,
            license.consumed_units.to_string(),
            license.total_units.to_string(),
            license.site_url.unwrap_or_default(),
            license.id,
        ]);
    }
    Ok(table.or("There are no licenses."))
}

#[cfg(test)]
mod tests {
    use hallway_wire::id::{LocationId, OrgId, PersonId};
    use uuid::Uuid;

    use super::*;
    use crate::cli::testing::Office;

    fn licenses() -> [Value; 2] {
        [
            json!({ "id": "TDE", "name": "Webex Calling - Professional", "totalUnits": 100, "consumedUnits": 7,
                    "consumedByUsers": 7, "consumedByWorkspaces": 0 }),
            json!({ "id": "TDI", "name": "Meeting - Webex Meetings", "totalUnits": 25, "consumedUnits": 0,
                    "consumedByUsers": 0, "consumedByWorkspaces": 0, "siteUrl": "fjord.example.com" }),
        ]
    }

    #[test]
    fn licenses_are_listed() {
        insta::assert_snapshot!(license_table(&licenses()).unwrap(), @r"
        NAME                          TAKEN  UNITS  SITE               ID
        Webex Calling - Professional  7      100    -                  TDE
        Meeting - Webex Meetings      0      25     fjord.example.com  TDI
        ");
    }

    #[tokio::test]
    async fn a_calling_license_comes_with_its_line() {
        let (person, place) = (
            PersonId::from_uuid(Uuid::from_u128(1)),
            LocationId::from_uuid(Uuid::from_u128(2)),
        );
        let now = |licenses: Value| {
            json!({ "orgId": OrgId::from_uuid(Uuid::nil()), "personId": person, "email": "ada@example.com",
                    "licenses": licenses, "siteUrls": [] })
        };
        let office = |answer: &Value| {
            Office::default()
                .on(
                    "GET /v1/people",
                    &json!({ "items": [{ "id": person, "displayName": "Ada Berg" }] }),
                )
                .on("GET /v1/licenses", &json!({ "items": licenses() }))
                .on(
                    "GET /v1/locations",
                    &json!({ "items": [{ "id": place, "name": "Oslo" }] }),
                )
                .on("PATCH /v1/licenses/users", answer)
        };
        let words = [
            "license",
            "assign",
            "ada@example.com",
            "webex calling - professional",
            "--location",
            "oslo",
            "--extension",
            "0101",
        ];
        let good = office(&now(json!(["TDE"]))).open().await;
        let outcome = good.run(&words).await;
        assert_eq!(
            (outcome.code, outcome.out.as_str()),
            (0, "Ada Berg has Webex Calling - Professional now.\n"),
            "{}",
            outcome.err
        );
        let sent: Value = serde_json::from_str(&good.last().body).unwrap();
        let properties = json!({ "locationId": place, "extension": "0101" });
        assert_eq!(
            sent,
            json!({ "personId": person, "licenses": [{ "id": "TDE", "operation": "add", "properties": properties }] })
        );
        // The platform did what it could, and that was nothing.
        let none_left = office(&now(json!([]))).open().await;
        assert_eq!(none_left.run(&words).await.code, 1);
    }
}
