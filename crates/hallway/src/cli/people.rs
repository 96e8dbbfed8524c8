//! `hallway people`: users of the service desk, each command a plan that is undone when a step fails.

use clap::Subcommand;
use hallway_sdk::resources::Member;
use hallway_workflows::{CallingWish, Desk, NewUser, User, UserChange, Who};
use serde_json::json;

use super::desk::{self, Done, Dry};
use super::failure::{Failure, Result};
use super::http::Client;
use super::names::quoted;
use super::number;
use super::printer::Printer;
use super::table::Labelled;

/// Users, as a service desk looks after them: against Hallway and Webex alike.
#[derive(Subcommand, Debug)]
pub(crate) enum PeopleCommand {
    /// See to it that a user is there, and calls if that is said; who is there already stays as it is
    Create(Box<NewArgs>),
    /// Show a user: licenses, location and numbers by name
    Get {
        /// E-mail address, id or display name
        person: String,
    },
    /// Change what differs of a user; an empty text takes away what there is
    Update(Box<ChangeArgs>),
    /// Delete a user; who is not there is gone already
    Delete {
        /// E-mail address, id or display name
        person: String,
        /// The e-mail address again, to be sure; not needed for a dry run
        #[arg(long, value_name = "EMAIL")]
        confirm: Option<String>,
        #[command(flatten)]
        dry: Dry,
    },
}

#[derive(clap::Args, Debug)]
pub(crate) struct NewArgs {
    /// E-mail address
    email: String,
    /// Name that others see [default: first and last name]
    #[arg(long, value_name = "NAME")]
    display_name: Option<String>,
    #[arg(long, value_name = "NAME")]
    first_name: Option<String>,
    #[arg(long, value_name = "NAME")]
    last_name: Option<String>,
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    #[arg(long, value_name = "TEXT")]
    department: Option<String>,
    /// A license that is not for calling, by id or name; may be repeated
    #[arg(long = "license", value_name = "LICENSE")]
    licenses: Vec<String>,
    /// Refuse if somebody has the address already
    #[arg(long)]
    must_be_new: bool,
    #[command(flatten)]
    line: LineArgs,
    /// The license for calling, by id or name [default: Webex Calling - Professional]
    #[arg(long, value_name = "LICENSE")]
    calling_license: Option<String>,
    #[command(flatten)]
    dry: Dry,
}

/// Where and how somebody calls.
#[derive(clap::Args, Debug, Default)]
pub(crate) struct LineArgs {
    /// Calling: location of the line, by id or name [default: that of the number]
    #[arg(long)]
    pub(crate) location: Option<String>,
    /// Calling: phone number of the line, in E.164
    #[arg(long)]
    pub(crate) number: Option<String>,
    /// Calling: extension of the line
    #[arg(long)]
    pub(crate) extension: Option<String>,
}

impl LineArgs {
    /// Whether anything is said.
    pub(crate) fn is_said(&self) -> bool {
        self.location.is_some() || self.number.is_some() || self.extension.is_some()
    }

    /// What is said, as a wish.
    pub(crate) fn wish(&self, license: Option<String>) -> CallingWish {
        let mut wish = CallingWish::new();
        wish.license = license;
        wish.location.clone_from(&self.location);
        wish.number.clone_from(&self.number);
        wish.extension.clone_from(&self.extension);
        wish
    }
}

#[derive(clap::Args, Debug)]
pub(crate) struct ChangeArgs {
    /// E-mail address, id or display name
    person: String,
    /// New e-mail address
    #[arg(long)]
    email: Option<String>,
    /// New name that others see
    #[arg(long, value_name = "NAME")]
    display_name: Option<String>,
    #[arg(long, value_name = "NAME")]
    first_name: Option<String>,
    #[arg(long, value_name = "NAME")]
    last_name: Option<String>,
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    #[arg(long, value_name = "TEXT")]
    department: Option<String>,
    /// Whether the user can sign in
    #[arg(long, value_name = "BOOL")]
    login_enabled: Option<bool>,
    #[command(flatten)]
    dry: Dry,
}

pub(crate) async fn run(command: PeopleCommand, client: &Client, printer: &mut Printer) -> Result {
    let desk = desk::open(client).await?;
    match command {
        PeopleCommand::Create(args) => create(*args, &desk, printer).await,
        PeopleCommand::Get { person } => {
            let who = Who::parse(&person);
            match desk.get_user(&who).await? {
                Some(user) => printer.show(&user, || user_text(&user)),
                None => Err(Failure::refused(format!("there is no user {who}"))
                    .hint("`hallway person list` shows who there is")),
            }
        }
        PeopleCommand::Update(args) => update(*args, &desk, printer).await,
        PeopleCommand::Delete { person, confirm, dry } => {
            delete(&person, confirm.as_deref(), dry, &desk, printer).await
        }
    }
}

async fn create(args: NewArgs, desk: &Desk, printer: &mut Printer) -> Result {
    let mut new = NewUser::new(&args.email);
    new.display_name = args.display_name;
    new.first_name = args.first_name;
    new.last_name = args.last_name;
    new.title = args.title;
    new.department = args.department;
    new.licenses = args.licenses;
    new.must_be_new = args.must_be_new;
    if args.line.is_said() || args.calling_license.is_some() {
        new.calling = Some(args.line.wish(args.calling_license));
    }
    let plan = desk.create_user(&new).await?;
    if let Done::Run(report) = desk::carry_out(desk, plan, args.dry, printer).await? {
        let user = desk.get_user(&Who::Email(args.email.trim().to_owned())).await?;
        let document = desk::document(&report, json!({ "user": user }));
        let shown = user.as_ref().map(user_text).unwrap_or_default();
        return printer.show(&document, || desk::told(&report, &shown));
    }
    Ok(())
}

async fn update(args: ChangeArgs, desk: &Desk, printer: &mut Printer) -> Result {
    let member = |text: Option<String>| match text.as_deref().map(str::trim) {
        None => Member::Keep,
        Some("") => Member::Clear,
        Some(text) => Member::Set(text.to_owned()),
    };
    let mut change = UserChange::default();
    let said = [&args.first_name, &args.last_name, &args.title, &args.department];
    let nothing = said.iter().all(|text| text.is_none())
        && args.email.is_none()
        && args.display_name.is_none()
        && args.login_enabled.is_none();
    if nothing {
        return Err(Failure::usage("nothing was said that would change")
            .hint("`hallway people update --help` lists what can be changed"));
    }
    change.first_name = member(args.first_name);
    change.last_name = member(args.last_name);
    change.title = member(args.title);
    change.department = member(args.department);
    change.display_name = args.display_name;
    change.email.clone_from(&args.email);
    change.login_enabled = args.login_enabled;
    let who = Who::parse(&args.person);
    let plan = desk.update_user(&who, &change).await?;
    if let Done::Run(report) = desk::carry_out(desk, plan, args.dry, printer).await? {
        let who = match (&who, args.email) {
            (Who::Email(_), Some(email)) => Who::Email(email.trim().to_owned()),
            _ => who,
        };
        let user = desk.get_user(&who).await.ok().flatten();
        let document = desk::document(&report, json!({ "user": user }));
        return printer.show(&document, || report.to_string());
    }
    Ok(())
}

async fn delete(person: &str, confirm: Option<&str>, dry: Dry, desk: &Desk, printer: &mut Printer) -> Result {
    let who = Who::parse(person);
    let found = desk.directory().person(&who).await?;
    if let Some(found) = found.filter(|_| !dry.dry_run) {
        let email = found.emails.first().cloned().unwrap_or_default();
        match confirm {
            Some(confirm) if confirm.trim().eq_ignore_ascii_case(&email) => {}
            Some(confirm) => {
                return Err(Failure::usage(format!(
                    "`{confirm}` is not the address of this user: it is `{email}`"
                ))
                .hint("nothing was deleted"));
            }
            None => {
                return Err(Failure::usage(format!(
                    "this deletes {} with everything that is the user's own, and cannot be undone",
                    quoted(found.display_name.as_deref().unwrap_or(&email))
                ))
                .hint(format!(
                    "say the address again to be sure: --confirm {}; --dry-run shows what is freed",
                    quoted(&email)
                )));
            }
        }
    }
    let plan = desk.delete_user(&who).await?;
    if let Done::Run(report) = desk::carry_out(desk, plan, dry, printer).await? {
        let document = desk::document(&report, json!({}));
        return printer.show(&document, || report.to_string());
    }
    Ok(())
}

/// A user for people.
pub(crate) fn user_text(user: &User) -> String {
    let state = match (user.login_enabled, user.invite_pending) {
        (Some(false), _) => Some("disabled".to_owned()),
        (_, Some(true)) => Some("pending".to_owned()),
        _ => user.status.clone(),
    };
    let mut lines = Labelled::default();
    lines
        .add("name", user.display_name.clone().unwrap_or_default())
        .add("e-mail", user.email.clone())
        .add("id", user.id.to_string())
        .add_some("state", state)
        .add_some("title", user.title.as_ref())
        .add_some("department", user.department.as_ref())
        .add_list(
            "licenses",
            user.licenses.iter().map(|license| license.name.clone()),
        )
        .add_some(
            "location",
            user.location.as_ref().map(|location| location.name.clone()),
        );
    let mut text = lines.render();
    if !user.numbers.is_empty() {
        text.push('\n');
        text.push_str(&number::user_table(&user.numbers));
    }
    text
}
