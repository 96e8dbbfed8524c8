//! `hallway calling`: Webex Calling in locations, and for people.

use clap::Subcommand;
use hallway_sdk::PersonId;
use hallway_workflows::Who;
use hyper::Method;
use serde_json::{Value, json};

use super::desk::{self, Done, Dry};
use super::device::text;
use super::failure::{Failure, Result};
use super::http::{Body, Client};
use super::names;
use super::people::{LineArgs, user_text};
use super::printer::Printer;
use super::table::Table;

/// Webex Calling in locations, and for people.
#[derive(Subcommand, Debug)]
pub(crate) enum CallingCommand {
    /// List the locations that have Webex Calling
    Locations,
    /// Turn Webex Calling on in a location, or let a person call
    ///
    /// A person gets license, location and line in one step: a number, an extension or both, free ones of a location
    /// that has Webex Calling. Who calls so already is left alone.
    Enable(Box<EnableArgs>),
    /// Take Webex Calling from a person, or from a location that has no numbers and lines left
    Disable {
        /// E-mail address or id of a person; or id or name of a location
        #[arg(value_name = "PERSON_OR_LOCATION")]
        target: String,
        #[command(flatten)]
        dry: Dry,
    },
}

#[derive(clap::Args, Debug)]
pub(crate) struct EnableArgs {
    /// E-mail address or id of a person; or id or name of a location
    #[arg(value_name = "PERSON_OR_LOCATION")]
    target: String,
    /// Location: way to the telephone network: LOCAL_GATEWAY, NON_INTEGRATED_CCP, INTEGRATED_CCP or CISCO_PSTN
    #[arg(long, value_name = "TYPE")]
    pstn: Option<String>,
    /// Location: digits in front of its extensions, seen from others
    #[arg(long, value_name = "DIGITS")]
    prefix: Option<String>,
    #[command(flatten)]
    line: LineArgs,
    /// Calling: the license, by id or name [default: Webex Calling - Professional]
    #[arg(long)]
    license: Option<String>,
    /// Calling: put this line in place of another one that the person has
    #[arg(long)]
    replace_line: bool,
    /// Calling: move the person from another location, whose line and alternate numbers become free
    #[arg(long = "move")]
    relocate: bool,
    #[command(flatten)]
    dry: Dry,
}

const SITES: &str = "/v1/telephony/config/locations";

/// Whether this names a person: by address, or by an id of one.
fn is_person(target: &str) -> bool {
    let bare = uuid::Uuid::try_parse(target.trim()).is_ok();
    target.contains('@') || (!bare && PersonId::from(target.trim()).uuid().is_some())
}

pub(crate) async fn run(command: CallingCommand, client: &Client, printer: &mut Printer) -> Result {
    match command {
        CallingCommand::Locations => {
            let sites = client.list_of(SITES, "locations").await?;
            printer.show(&json!({ "items": sites }), || site_table(&sites))
        }
        CallingCommand::Enable(args) if is_person(&args.target) => {
            enable_person(*args, client, printer).await
        }
        CallingCommand::Enable(args) => enable_location(*args, client, printer).await,
        CallingCommand::Disable { target, dry } if is_person(&target) => {
            let desk = desk::open(client).await?;
            let plan = desk.disable_calling(&Who::parse(&target)).await?;
            match desk::carry_out(&desk, plan, dry, printer).await? {
                Done::Shown => Ok(()),
                Done::Run(report) => {
                    let document = desk::document(&report, json!({ "person": target.trim() }));
                    printer.show(&document, || report.to_string())
                }
            }
        }
        CallingCommand::Disable { target, dry } => {
            only_for_people(&target, dry.dry_run, "--dry-run")?;
            let location = names::location(client, &target).await?;
            let path = format!("/hallway/v1/calling/locations/{}", location.segment());
            client.tell(Method::DELETE, &path, Body::None).await?;
            printer.show(&json!({ "disabled": location.id }), || {
                format!("{} has no Webex Calling any more.", location.name)
            })
        }
    }
}

fn only_for_people(target: &str, said: bool, flag: &str) -> Result {
    if !said {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "{flag} is for people, and `{target}` is no e-mail address"
    ))
    .hint("name a person by e-mail address or id"))
}

async fn enable_person(args: EnableArgs, client: &Client, printer: &mut Printer) -> Result {
    if args.pstn.is_some() || args.prefix.is_some() {
        return Err(
            Failure::usage("--pstn and --prefix are for locations, and this is a person")
                .hint("turn calling on in the location first, then for the person"),
        );
    }
    let desk = desk::open(client).await?;
    let who = Who::parse(&args.target);
    let mut wish = args.line.wish(args.license);
    wish.replace_line = args.replace_line;
    wish.relocate = args.relocate;
    let plan = desk.enable_calling(&who, &wish).await?;
    match desk::carry_out(&desk, plan, args.dry, printer).await? {
        Done::Shown => Ok(()),
        Done::Run(report) => {
            let user = desk.get_user(&who).await?;
            let document = desk::document(&report, json!({ "user": user }));
            let shown = user.as_ref().map(user_text).unwrap_or_default();
            printer.show(&document, || desk::told(&report, &shown))
        }
    }
}

async fn enable_location(args: EnableArgs, client: &Client, printer: &mut Printer) -> Result {
    for (said, flag) in [
        (args.dry.dry_run, "--dry-run"),
        (args.line.location.is_some(), "--location"),
        (args.line.number.is_some(), "--number"),
        (args.line.extension.is_some(), "--extension"),
        (args.license.is_some(), "--license"),
        (args.replace_line, "--replace-line"),
        (args.relocate, "--move"),
    ] {
        only_for_people(&args.target, said, flag)?;
    }
    let location = names::location(client, &args.target).await?;
    let place = client
        .get(&format!("/v1/locations/{}", location.segment()))
        .await?;
    let request = json!({
        "id": place["id"], "name": place["name"], "timeZone": place["timeZone"],
        "preferredLanguage": place["preferredLanguage"],
        "announcementLanguage": place["announcementLanguage"], "address": place["address"],
    });
    let made = client.ask(Method::POST, SITES, Body::Json(request)).await?;
    if let Some(pstn) = args.pstn {
        let path = format!("/hallway/v1/calling/locations/{}/connection", location.segment());
        let choice = json!({ "pstnConnectionType": pstn.to_uppercase() });
        client.tell(Method::PUT, &path, Body::Json(choice)).await?;
    }
    if let Some(prefix) = args.prefix {
        let path = format!("{SITES}/{}", location.segment());
        let change = json!({ "routingPrefix": prefix });
        client.ask(Method::PUT, &path, Body::Json(change)).await?;
    }
    printer.show(&made, || {
        format!("{} has Webex Calling now.", text(&place, "name"))
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_told_from_locations() {
        use hallway_wire::id::{LocationId, PersonId};
        use uuid::Uuid;

        let uuid = Uuid::from_u128(1);
        assert!(is_person("ada@example.com"));
        assert!(is_person(&PersonId::from_uuid(uuid).to_string()));
        for location in [
            "Oslo",
            &uuid.to_string(),
            &LocationId::from_uuid(uuid).to_string(),
        ] {
            assert!(!is_person(location), "{location}");
        }
    }
}
