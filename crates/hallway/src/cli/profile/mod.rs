//! `hallway profile`: services under names, so that one word changes where everything goes.
//!
//! [`book`] is the file, [`vault`] keeps the secrets apart from it, [`session`] hands out tokens.

pub(crate) mod book;
pub(crate) mod session;
pub(crate) mod vault;

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use self::book::{Book, How, Place, Profile, Profiles, REDIRECT_URI, Service, SignIn};
use self::vault::Vault;
use super::args::GlobalArgs;
use super::failure::{Failure, Result};
use super::integration::moment;
use super::printer::Printer;
use super::table::{Labelled, Table};

/// `hallway profile`
#[derive(Subcommand, Debug)]
pub(crate) enum ProfileCommand {
    /// Add a profile, or change the one of this name; `--org` and `--ca` are kept in it
    Add(AddArgs),
    /// Use a profile from now on, in commands that name no other
    Use {
        /// Name of the profile
        #[arg(required_unless_present = "none")]
        name: Option<String>,
        /// Use none
        #[arg(long, conflicts_with = "name")]
        none: bool,
    },
    /// List the profiles
    List,
    /// Show a profile; secrets are not shown
    Show {
        /// Name of the profile [default: the one that is used]
        name: Option<String>,
    },
    /// Remove a profile and its secrets
    Remove {
        /// Name of the profile
        name: String,
    },
}

#[derive(Args, Debug)]
pub(crate) struct AddArgs {
    /// Name of the profile
    #[arg(value_parser = book::name)]
    name: String,
    /// `webex`, or the address of a Hallway
    service: Service,
    /// How to sign in
    #[arg(long, value_name = "HOW", default_value_t = How::Browser)]
    sign_in: How,
    /// Client id of the integration or Service App to sign in with
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// A scope to ask for; may be repeated
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// Where the browser is sent back to, as the integration registered it
    #[arg(long, value_name = "URL", default_value = REDIRECT_URI)]
    redirect_uri: String,
}

pub(crate) async fn run(
    command: ProfileCommand,
    global: &GlobalArgs,
    env: impl Fn(&str) -> Option<String>,
    printer: &mut Printer,
) -> Result {
    let book = Book::open(book::folder(&env)?)?;
    match command {
        ProfileCommand::Add(args) => add(&book, args, global, printer).await,
        ProfileCommand::Use { name: None, .. } => {
            book.change(|all| all.used = None).await?;
            printer.show(&json!({ "used": Value::Null }), || {
                "No profile is used any more.".to_owned()
            })
        }
        ProfileCommand::Use { name: Some(name), .. } => {
            let profile = book.get(&name)?;
            book.change(|all| all.used = Some(name.clone())).await?;
            let mut text = format!("Commands now go to {} ({name}).\n", profile.service);
            if profile.account.is_none() {
                let _ = writeln!(text, "next: hallway login");
            }
            for variable in ["HALLWAY_URL", "HALLWAY_TOKEN"] {
                if env(variable).is_some_and(|value| !value.is_empty()) {
                    let _ = writeln!(text, "note: {variable} is set, and comes before the profile");
                }
            }
            printer.show(&json!({ "used": name }), || text)
        }
        ProfileCommand::List => list(&book, printer),
        ProfileCommand::Show { name } => {
            let chosen = match name {
                Some(name) => Some(name),
                None => chosen(&book.all(), global, &env),
            };
            let name = chosen.ok_or_else(|| {
                Failure::usage("no profile is used").hint("`hallway profile list` shows what there is")
            })?;
            show(&book, &name, printer)
        }
        ProfileCommand::Remove { name } => {
            let profile = book.get(&name)?;
            // The secrets first: what is not in the list any more would never be found again.
            let mut left = false;
            for place in places(&profile) {
                match Vault::at(place, book.folder(), &name) {
                    Ok(vault) => vault.forget(true).await?,
                    // This build cannot open the keyring, and must not keep anybody from tidying up.
                    Err(_) => left = true,
                }
            }
            book.change(|all| {
                all.profiles.remove(&name);
                if all.used.as_ref() == Some(&name) {
                    all.used = None;
                }
            })
            .await?;
            printer.show(&json!({ "removed": name, "secretsLeft": left }), || {
                if left {
                    format!("Removed the profile {name}. Its secrets are still in the keyring: this build cannot open it.")
                } else {
                    format!("Removed the profile {name} and its secrets from this machine.")
                }
            })
        }
    }
}

/// Where secrets of a profile may be.
pub(crate) fn places(profile: &Profile) -> Vec<Place> {
    profile
        .account
        .as_ref()
        .map_or_else(|| vec![Place::File], |account| vec![account.secrets])
}

async fn add(book: &Book, args: AddArgs, global: &GlobalArgs, printer: &mut Printer) -> Result {
    let AddArgs {
        name,
        service,
        sign_in,
        client_id,
        scopes,
        redirect_uri,
    } = args;
    // The file may be used from another folder later.
    let ca = global.ca.as_deref().map(std::path::absolute).transpose();
    let ca: Option<PathBuf> = ca.map_err(|error| Failure::usage(format!("--ca: {error}")))?;
    let before = book.all().profiles.get(&name).cloned();
    let profile = Profile {
        service,
        organization: global.org.clone(),
        ca,
        sign_in: SignIn {
            how: sign_in,
            client_id,
            redirect_uri: (redirect_uri != REDIRECT_URI).then_some(redirect_uri),
            scopes,
        },
        account: None,
    };
    // A token must never go to another service than the one that it was made for.
    if let Some(before) = &before {
        for place in places(before) {
            Vault::at(place, book.folder(), &name)?.forget(true).await?;
        }
    }
    let first = book
        .change(|all| {
            all.profiles.insert(name.clone(), profile.clone());
            let first = all.used.is_none() && all.profiles.len() == 1;
            if first {
                all.used = Some(name.clone());
            }
            first
        })
        .await?;
    printer.show(&document(&name, &profile, first), || {
        let done = if before.is_some() { "Changed" } else { "Added" };
        let used = if first { ", which is used from now on" } else { "" };
        format!(
            "{done} the profile {name} for {}{used}.\nnext: hallway login --profile {name}\n",
            profile.service
        )
    })
}

fn list(book: &Book, printer: &mut Printer) -> Result {
    let Profiles { used, profiles } = book.all();
    let mut table = Table::new(&["", "NAME", "SERVICE", "SIGN-IN", "SIGNED IN AS", "ORGANIZATION"]);
    let mut items = Vec::new();
    for (name, profile) in &profiles {
        let is_used = used.as_deref() == Some(name);
        items.push(document(name, profile, is_used));
        let who = profile.account.as_ref();
        let who = who.and_then(|who| who.email.clone().or_else(|| who.name.clone()));
        table.row([
            if is_used { "*" } else { " " }.to_owned(),
            name.clone(),
            profile.service.to_string(),
            profile.sign_in.how.to_string(),
            who.unwrap_or_default(),
            profile.organization.clone().unwrap_or_default(),
        ]);
    }
    let text =
        table.or("There is no profile.\nnext: hallway profile add NAME webex, or the address of a Hallway");
    printer.show(&json!({ "items": items }), || text)
}

fn show(book: &Book, name: &str, printer: &mut Printer) -> Result {
    let profile = book.get(name)?;
    let used = book.all().used.as_deref() == Some(name);
    let mut lines = Labelled::default();
    lines
        .add("name", name)
        .add("used", if used { "yes" } else { "no" })
        .add("service", profile.service.to_string())
        .add_some("organization", profile.organization.clone())
        .add_some(
            "certificates",
            profile.ca.as_ref().map(|path| path.display().to_string()),
        )
        .add("sign-in", profile.sign_in.how.to_string())
        .add_some("client id", profile.sign_in.client_id.clone())
        .add_some("scopes", Some(profile.sign_in.scopes.join(" ")));
    match &profile.account {
        Some(account) => {
            let vault = Vault::at(account.secrets, book.folder(), name)?;
            lines
                .add_some("signed in as", account.name.clone())
                .add_some("address", account.email.clone())
                .add_some("its organization", account.org_id.clone())
                .add("since", moment(account.since))
                .add("secrets", vault.shown());
        }
        None => {
            lines.add("signed in as", format!("nobody: hallway login --profile {name}"));
        }
    }
    printer.show(&document(name, &profile, used), || lines.render())
}

fn document(name: &str, profile: &Profile, used: bool) -> Value {
    let mut document = json!({ "name": name, "used": used });
    if let (Value::Object(document), Ok(Value::Object(profile))) =
        (&mut document, serde_json::to_value(profile))
    {
        document.extend(profile);
    }
    document
}

/// The profile that a command goes by: `--profile`, HALLWAY_PROFILE, the used one.
pub(crate) fn chosen(
    all: &Profiles,
    global: &GlobalArgs,
    env: impl Fn(&str) -> Option<String>,
) -> Option<String> {
    global
        .profile
        .clone()
        .or_else(|| env("HALLWAY_PROFILE").filter(|name| !name.is_empty()))
        .or_else(|| all.used.clone())
}
