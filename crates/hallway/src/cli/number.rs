//! `hallway number`: the numbers of the organization, of its locations and of its people.

use clap::Subcommand;
use hallway_workflows::{
    Assignment, Desk, KnownNumber, NewNumbers, NumberFilter, Outcome, Report, UserNumber, UserNumbers, Who,
};
use hyper::Method;
use serde_json::{Value, json};

use super::desk::{self, Done, Dry};
use super::device::text;
use super::failure::Result;
use super::http::{Body, Client};
use super::names::{self, Named};
use super::printer::Printer;
use super::table::Table;

/// Phone numbers.
#[derive(Subcommand, Debug)]
pub(crate) enum NumberCommand {
    /// List phone numbers and extensions; all conditions that are given must hold
    List(Box<ListArgs>),
    /// Add phone numbers to a location; those that are there already stay as they are
    Add {
        /// Id or name of the location
        location: String,
        /// In E.164, like +14085550101
        #[arg(required = true)]
        numbers: Vec<String>,
        /// Do not let calls reach them yet
        #[arg(long)]
        inactive: bool,
        #[command(flatten)]
        dry: Dry,
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
    /// Give a person an alternate number, or another primary one
    Assign {
        /// E-mail address, id or display name of the person
        person: String,
        number: String,
        /// Extension that goes with it
        #[arg(long)]
        extension: Option<String>,
        /// How it rings: NORMAL, LONG_LONG, SHORT_SHORT_LONG or SHORT_LONG_SHORT
        #[arg(long, value_name = "PATTERN", conflicts_with = "primary")]
        ring_pattern: Option<String>,
        /// Make it the primary number, in place of the one that is there
        #[arg(long)]
        primary: bool,
        #[command(flatten)]
        dry: Dry,
    },
    /// Take an alternate number from a person
    Unassign {
        /// E-mail address, id or display name of the person
        person: String,
        number: String,
        #[command(flatten)]
        dry: Dry,
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

#[derive(clap::Args, Debug)]
pub(crate) struct ListArgs {
    /// Only of this location, by id or name
    #[arg(long)]
    location: Option<String>,
    /// Only free ones
    #[arg(long, conflicts_with_all = ["assigned", "person", "owner"])]
    available: bool,
    /// Only those that somebody has
    #[arg(long)]
    assigned: bool,
    /// Only of this person, by e-mail address, id or display name
    #[arg(long)]
    person: Option<String>,
    /// Only of owners whose name contains this
    #[arg(long, value_name = "TEXT")]
    owner: Option<String>,
    /// Only this number, or those that contain these digits
    #[arg(long)]
    number: Option<String>,
    /// Only with this extension
    #[arg(long)]
    extension: Option<String>,
    /// Only those that calls do not reach
    #[arg(long)]
    inactive: bool,
}

fn numbers_path(location: &Named) -> String {
    format!("/v1/telephony/config/locations/{}/numbers", location.segment())
}

pub(crate) async fn run(command: NumberCommand, client: &Client, printer: &mut Printer) -> Result {
    match command {
        NumberCommand::List(args) => {
            let mut filter = NumberFilter::default();
            filter.location = args.location;
            filter.available = match (args.available, args.assigned) {
                (true, _) => Some(true),
                (_, true) => Some(false),
                _ => None,
            };
            filter.owner = args.person.as_deref().map(Who::parse);
            filter.owner_name = args.owner;
            filter.number = args.number;
            filter.extension = args.extension;
            filter.active = args.inactive.then_some(false);
            let numbers = desk::open(client).await?.list_numbers(&filter).await?;
            printer.show(&json!({ "items": numbers }), || number_table(&numbers))
        }
        NumberCommand::Add {
            location,
            numbers,
            inactive,
            dry,
        } => {
            let desk = desk::open(client).await?;
            let mut new = NewNumbers::new(&location, &numbers);
            new.inactive = inactive;
            let plan = desk.add_numbers(&new).await?;
            match desk::carry_out(&desk, plan, dry, printer).await? {
                Done::Shown => Ok(()),
                Done::Run(report) => {
                    let location = desk.directory().location(&location).await?;
                    let added = added(&report);
                    let document = json!({ "added": added, "locationId": location.id });
                    printer.show(&desk::document(&report, document), || report.to_string())
                }
            }
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
            ring_pattern,
            primary,
            dry,
        } => {
            let desk = desk::open(client).await?;
            let who = Who::parse(&person);
            let mut assignment = Assignment::new(number);
            assignment.extension = extension;
            assignment.ring_pattern = ring_pattern;
            assignment.primary = primary;
            let plan = desk.assign_number(&who, &assignment).await?;
            let done = desk::carry_out(&desk, plan, dry, printer).await?;
            show_after(&desk, &who, done, printer).await
        }
        NumberCommand::Unassign { person, number, dry } => {
            let desk = desk::open(client).await?;
            let who = Who::parse(&person);
            let plan = desk.unassign_number(&who, &number).await?;
            let done = desk::carry_out(&desk, plan, dry, printer).await?;
            show_after(&desk, &who, done, printer).await
        }
        NumberCommand::Of { person } => {
            let desk = desk::open(client).await?;
            let numbers = desk.numbers_of(&Who::parse(&person)).await?;
            printer.show(&numbers, || numbers_text(&numbers))
        }
        NumberCommand::Validate { numbers } => {
            let path = "/v1/telephony/config/actions/validateNumbers/invoke";
            let body = json!({ "phoneNumbers": numbers });
            let answer = client.ask(Method::POST, path, Body::Json(body)).await?;
            printer.show(&answer, || verdict_table(&answer))
        }
    }
}

/// What came of a change of a person's numbers, and the numbers then.
async fn show_after(desk: &Desk, who: &Who, done: Done, printer: &mut Printer) -> Result {
    let Done::Run(report) = done else {
        return Ok(());
    };
    let numbers = desk.numbers_of(who).await?;
    let document = desk::document(&report, json!(numbers));
    printer.show(&document, || desk::told(&report, &numbers_text(&numbers)))
}

/// The numbers that a run added.
fn added(report: &Report) -> Vec<String> {
    let created = report
        .steps
        .iter()
        .filter(|step| step.outcome == Outcome::Created);
    created.flat_map(|step| step.about.clone()).collect()
}

fn done(printer: &mut Printer, verb: &str, numbers: &[String], location: &Named) -> Result {
    printer.show(&json!({ verb: numbers, "locationId": location.id }), || {
        format!("{verb} {} in {}", numbers.join(", "), location.name)
    })
}

fn numbers_text(numbers: &UserNumbers) -> String {
    if numbers.numbers.is_empty() {
        "This person has no numbers: enable calling first (`hallway calling enable PERSON`).".to_owned()
    } else {
        user_table(&numbers.numbers)
    }
}

/// The numbers of somebody.
pub(crate) fn user_table(numbers: &[UserNumber]) -> String {
    let mut table = Table::new(&["LINE", "NUMBER", "EXTENSION", "ESN", "RING"]);
    for number in numbers {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        table.row([
            if number.primary { "primary" } else { "alternate" }.to_owned(),
            text(&number.number),
            text(&number.extension),
            text(&number.esn),
            text(&number.ring_pattern),
        ]);
    }
    table.render()
}

fn verdict_table(answer: &Value) -> String {
    let mut table = Table::new(&["NUMBER", "STATE", "WHY"]);
    for number in answer["numbers"].as_array().into_iter().flatten() {
        let why = number["detail"].as_array().into_iter().flatten();
        let why: Vec<&str> = why.filter_map(Value::as_str).collect();
        table.row([
            text(number, "number").to_owned(),
            text(number, "state").to_owned(),
            why.join("; "),
        ]);
    }
    table.render()
}

fn number_table(numbers: &[KnownNumber]) -> String {
    let mut table = Table::new(&["NUMBER", "EXTENSION", "STATE", "LOCATION", "OWNER", "LINE"]);
    for number in numbers {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let location = number
            .location
            .as_ref()
            .and_then(|location| location.name.clone());
        table.row([
            text(&number.number),
            text(&number.extension),
            text(&number.state),
            location.unwrap_or_default(),
            number
                .owner
                .as_ref()
                .map(|owner| owner.name())
                .unwrap_or_default(),
            if number.main {
                "main".to_owned()
            } else {
                text(&number.line)
            },
        ]);
    }
    table.or("There is no number.")
}
