//! `hallway calling` and `hallway number`.

use clap::Subcommand;
use hyper::Method;
use serde_json::{Value, json};

use super::device::text;
use super::failure::Result;
use super::http::{Body, Client, encoded, with_query};
use super::names::{self, Named};
use super::printer::Printer;
use super::table::Table;

/// Webex Calling in locations.
#[derive(Subcommand, Debug)]
pub(crate) enum CallingCommand {
    /// List the locations that have Webex Calling
    Locations,
    /// Turn Webex Calling on in a location
    Enable {
        /// Id or name of the location
        location: String,
        /// Way to the telephone network: LOCAL_GATEWAY, NON_INTEGRATED_CCP, INTEGRATED_CCP or CISCO_PSTN
        #[arg(long, value_name = "TYPE")]
        pstn: Option<String>,
        /// Digits in front of this location's extensions, seen from others
        #[arg(long, value_name = "DIGITS")]
        prefix: Option<String>,
    },
    /// Take Webex Calling away from a location that has no numbers and lines left
    Disable {
        /// Id or name of the location
        location: String,
    },
}

/// Phone numbers.
#[derive(Subcommand, Debug)]
pub(crate) enum NumberCommand {
    /// List phone numbers and extensions
    List {
        /// Only of this location, by id or name
        #[arg(long)]
        location: Option<String>,
        /// Only free ones
        #[arg(long)]
        available: bool,
    },
    /// Add phone numbers to a location
    Add {
        /// Id or name of the location
        location: String,
        /// In E.164, like +14085550101
        #[arg(required = true)]
        numbers: Vec<String>,
        /// Do not let calls reach them yet
        #[arg(long)]
        inactive: bool,
    },
    /// Let calls reach numbers
    Activate {
        /// Id or name of the location
        location: String,
        #[arg(required = true)]
        numbers: Vec<String>,
    },
    /// Remove free numbers from a location
    Remove {
        /// Id or name of the location
        location: String,
        #[arg(required = true)]
        numbers: Vec<String>,
    },
    /// Give a person an alternate number
    Assign {
        /// E-mail address, id or display name of the person
        person: String,
        number: String,
        /// Extension that goes with it
        #[arg(long)]
        extension: Option<String>,
    },
    /// Take an alternate number from a person
    Unassign {
        /// E-mail address, id or display name of the person
        person: String,
        number: String,
    },
    /// Show the numbers of a person
    Of {
        /// E-mail address, id or display name of the person
        person: String,
    },
    /// Say whether numbers could be added
    Validate {
        #[arg(required = true)]
        numbers: Vec<String>,
    },
}

const SITES: &str = "/v1/telephony/config/locations";

pub(crate) async fn calling(command: CallingCommand, client: &Client, printer: &mut Printer) -> Result {
    match command {
        CallingCommand::Locations => {
            let sites = client.list_of(SITES, "locations").await?;
            printer.show(&json!({ "items": sites }), || site_table(&sites))
        }
        CallingCommand::Enable {
            location,
            pstn,
            prefix,
        } => {
            let location = names::location(client, &location).await?;
            let place = client
                .get(&format!("/v1/locations/{}", location.segment()))
                .await?;
            let request = json!({
                "id": place["id"], "name": place["name"], "timeZone": place["timeZone"],
                "preferredLanguage": place["preferredLanguage"],
                "announcementLanguage": place["announcementLanguage"], "address": place["address"],
            });
            let made = client.ask(Method::POST, SITES, Body::Json(request)).await?;
            if let Some(pstn) = pstn {
                let path = format!("/hallway/v1/calling/locations/{}/connection", location.segment());
                let choice = json!({ "pstnConnectionType": pstn.to_uppercase() });
                client.tell(Method::PUT, &path, Body::Json(choice)).await?;
            }
            if let Some(prefix) = prefix {
                let path = format!("{SITES}/{}", location.segment());
                let change = json!({ "routingPrefix": prefix });
                client.ask(Method::PUT, &path, Body::Json(change)).await?;
            }
            printer.show(&made, || {
                format!("{} has Webex Calling now.", text(&place, "name"))
            })
        }
        CallingCommand::Disable { location } => {
            let location = names::location(client, &location).await?;
            let path = format!("/hallway/v1/calling/locations/{}", location.segment());
            client.tell(Method::DELETE, &path, Body::None).await?;
            printer.show(&json!({ "disabled": location.id }), || {
                format!("{} has no Webex Calling any more.", location.name)
            })
        }
    }
}

fn site_table(sites: &[Value]) -> String {
    let mut table = Table::new(&["NAME", "PREFIX", "MAIN NUMBER", "ID"]);
    for site in sites {
        let line = site.get("callingLineId").unwrap_or(&Value::Null);
        table.row([
            text(site, "name").to_owned(),
            text(site, "routingPrefix").to_owned(),
            text(line, "phoneNumber").to_owned(),
            text(site, "id").to_owned(),
        ]);
    }
    table.or("No location has Webex Calling: turn it on with `hallway calling enable LOCATION`.")
}

fn numbers_path(location: &Named) -> String {
    format!("{SITES}/{}/numbers", location.segment())
}

pub(crate) async fn number(command: NumberCommand, client: &Client, printer: &mut Printer) -> Result {
    match command {
        NumberCommand::List { location, available } => {
            let mut pairs = Vec::new();
            let location = match location {
                Some(location) => Some(names::location(client, &location).await?),
                None => None,
            };
            if let Some(location) = &location {
                pairs.push(("locationId", location.id.as_str()));
            }
            if available {
                pairs.push(("available", "true"));
            }
            let path = with_query("/v1/telephony/config/numbers", &pairs);
            let numbers = client.list_of(&path, "phoneNumbers").await?;
            printer.show(&json!({ "items": numbers }), || number_table(&numbers))
        }
        NumberCommand::Add {
            location,
            numbers,
            inactive,
        } => {
            let location = names::location(client, &location).await?;
            let state = if inactive { "INACTIVE" } else { "ACTIVE" };
            let body = json!({ "phoneNumbers": numbers, "state": state });
            client
                .tell(Method::POST, &numbers_path(&location), Body::Json(body))
                .await?;
            done(printer, "added", &numbers, &location)
        }
        NumberCommand::Activate { location, numbers } => {
            let location = names::location(client, &location).await?;
            let body = json!({ "phoneNumbers": numbers, "action": "ACTIVATE" });
            client
                .tell(Method::PUT, &numbers_path(&location), Body::Json(body))
                .await?;
            done(printer, "activated", &numbers, &location)
        }
        NumberCommand::Remove { location, numbers } => {
            let location = names::location(client, &location).await?;
            let body = json!({ "phoneNumbers": numbers });
            client
                .tell(Method::DELETE, &numbers_path(&location), Body::Json(body))
                .await?;
            done(printer, "removed", &numbers, &location)
        }
        NumberCommand::Assign {
            person,
            number,
            extension,
        } => {
            let person = names::person(client, &person).await?;
            let change = json!({ "action": "ADD", "directNumber": number, "extension": extension });
            change_numbers(client, &person, change).await?;
            show_numbers(client, &person, printer).await
        }
        NumberCommand::Unassign { person, number } => {
            let person = names::person(client, &person).await?;
            let change = json!({ "action": "DELETE", "directNumber": number });
            change_numbers(client, &person, change).await?;
            show_numbers(client, &person, printer).await
        }
        NumberCommand::Of { person } => {
            let person = names::person(client, &person).await?;
            show_numbers(client, &person, printer).await
        }
        NumberCommand::Validate { numbers } => {
            let path = "/v1/telephony/config/actions/validateNumbers/invoke";
            let body = json!({ "phoneNumbers": numbers });
            let answer = client.ask(Method::POST, path, Body::Json(body)).await?;
            printer.show(&answer, || verdict_table(&answer))
        }
    }
}

fn done(printer: &mut Printer, verb: &str, numbers: &[String], location: &Named) -> Result {
    printer.show(&json!({ verb: numbers, "locationId": location.id }), || {
        format!("{verb} {} in {}", numbers.join(", "), location.name)
    })
}

async fn change_numbers(client: &Client, person: &Named, change: Value) -> Result {
    let path = format!("/v1/telephony/config/people/{}/numbers", person.segment());
    let body = json!({ "phoneNumbers": [change] });
    client.tell(Method::PUT, &path, Body::Json(body)).await
}

async fn show_numbers(client: &Client, person: &Named, printer: &mut Printer) -> Result {
    let path = format!("/v1/people/{}/features/numbers", encoded(&person.id));
    let answer = client.get(&path).await?;
    printer.show(&answer, || person_table(&answer))
}

fn items<'v>(answer: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    answer.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn person_table(answer: &Value) -> String {
    let mut table = Table::new(&["LINE", "NUMBER", "EXTENSION", "ESN", "RING"]);
    for number in items(answer, "phoneNumbers") {
        let primary = number.get("primary") == Some(&Value::Bool(true));
        table.row([
            if primary { "primary" } else { "alternate" }.to_owned(),
            text(number, "directNumber").to_owned(),
            text(number, "extension").to_owned(),
            text(number, "esn").to_owned(),
            text(number, "ringPattern").to_owned(),
        ]);
    }
    table.or("This person has no numbers: give a calling license first (`hallway license assign`).")
}

fn verdict_table(answer: &Value) -> String {
    let mut table = Table::new(&["NUMBER", "STATE", "WHY"]);
    for number in items(answer, "numbers") {
        let why: Vec<&str> = items(number, "detail").filter_map(Value::as_str).collect();
        table.row([
            text(number, "number").to_owned(),
            text(number, "state").to_owned(),
            why.join("; "),
        ]);
    }
    table.render()
}

fn number_table(numbers: &[Value]) -> String {
    let mut table = Table::new(&["NUMBER", "EXTENSION", "STATE", "LOCATION", "OWNER", "LINE"]);
    for number in numbers {
        let owner = number.get("owner");
        let name = owner.map_or(String::new(), |owner| {
            format!("{} {}", text(owner, "firstName"), text(owner, "lastName"))
        });
        let main = number.get("mainNumber") == Some(&Value::Bool(true));
        let line = if main {
            "main"
        } else if owner.is_some() {
            text(number, "phoneNumberType")
        } else {
            ""
        };
        table.row([
            text(number, "phoneNumber").to_owned(),
            text(number, "extension").to_owned(),
            text(number, "state").to_owned(),
            text(number.get("location").unwrap_or(&Value::Null), "name").to_owned(),
            name.trim().to_owned(),
            line.to_owned(),
        ]);
    }
    table.or("There is no number.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_listed() {
        let numbers = [
            json!({"phoneNumber": "+14085550100", "state": "ACTIVE", "mainNumber": true,
                   "location": {"id": "l1", "name": "Oslo"}}),
            json!({"phoneNumber": "+14085550101", "extension": "0101", "state": "ACTIVE", "mainNumber": false,
                   "phoneNumberType": "PRIMARY", "location": {"id": "l1", "name": "Oslo"},
                   "owner": {"id": "p1", "type": "PEOPLE", "firstName": "Ada", "lastName": "Berg"}}),
        ];
        insta::assert_snapshot!(number_table(&numbers), @r"
        NUMBER        EXTENSION  STATE   LOCATION  OWNER     LINE
        +14085550100  -          ACTIVE  Oslo      -         main
        +14085550101  0101       ACTIVE  Oslo      Ada Berg  PRIMARY
        ");
    }
}
