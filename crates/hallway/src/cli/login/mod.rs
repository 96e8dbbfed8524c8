//! `hallway login` and `hallway logout`: tokens for a profile.
//!
//! [`browser`] is the code flow with PKCE over a loopback redirect, [`device`] the flow with a code to type,
//! [`service_app`] takes a refresh token. Secrets come from the environment, standard input or a prompt, never
//! from arguments, which others may see.

mod browser;
mod device;
mod service_app;
mod token_endpoint;

use std::io::{self, IsTerminal as _};

use clap::Args;
use hallway_sdk::Client;
use hallway_sdk::resources::Person;
use hallway_sdk::time::{Clock as _, SystemClock};
use hallway_sdk::tokens::Account;
use hallway_wire::Secret;
use serde_json::json;

use super::args::GlobalArgs;
use super::failure::{Failure, Result};
use super::input;
use super::printer::Printer;
use super::profile::book::{self, Book, How, Profile, REDIRECT_URI, SignedIn};
use super::profile::session::transport;
use super::profile::vault::Vault;
use super::profile::{chosen, places};

/// What a service desk needs, if a profile names no scopes.
const SCOPES: &[&str] = &[
    "spark-admin:people_read",
    "spark-admin:people_write",
    "spark-admin:licenses_read",
    "spark-admin:telephony_config_read",
    "spark-admin:telephony_config_write",
];

/// `hallway login`
#[derive(Args, Debug)]
pub(crate) struct LoginArgs {
    /// Show a code that is typed into a browser on any machine
    #[arg(long, conflicts_with_all = ["service_app", "token_stdin"])]
    device: bool,
    /// Take a Service App's client id, secret and refresh token from HALLWAY_CLIENT_ID, HALLWAY_CLIENT_SECRET and
    /// HALLWAY_REFRESH_TOKEN, or from standard input
    #[arg(long, conflicts_with = "token_stdin")]
    service_app: bool,
    /// Take a personal access token or a bot's token from standard input
    #[arg(long)]
    token_stdin: bool,
    /// Client id of the integration [env: HALLWAY_CLIENT_ID] [default: that of the profile]
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// A scope to ask for; may be repeated [default: those of the profile, else what `workflow` needs]
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// Do not open a browser, only print the address
    #[arg(long)]
    no_browser: bool,
    /// How long to wait for the person, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=3600))]
    wait: u64,
}

/// What a way to sign in needs to know.
struct Plan<'a> {
    profile: &'a Profile,
    /// The API, with `/v1`.
    base: String,
    client_id: String,
    client_secret: Secret,
    scopes: Vec<String>,
    redirect_uri: String,
    args: &'a LoginArgs,
}

/// What came of it.
enum Tokens {
    Renewed {
        account: Box<Account>,
        client_secret: Secret,
    },
    Plain(Secret),
}

pub(crate) async fn login(
    args: LoginArgs,
    global: &GlobalArgs,
    env: impl Fn(&str) -> Option<String>,
    printer: &mut Printer,
) -> Result {
    let book = Book::open(book::folder(&env)?)?;
    let name = profile_name(&book, global, &env)?;
    let mut profile = book.get(&name)?;
    let ca = global.ca.clone().or_else(|| profile.ca.clone());
    let https = transport(ca.as_deref())?;
    let base = format!("{}/v1", profile.service.url());
    profile.sign_in.how = how(&args, &profile);
    let vault = Vault::best(book.folder(), &name).await?;
    let set = |name: &str| env(name).filter(|value| !value.trim().is_empty());

    let tokens = match profile.sign_in.how {
        How::Token => Tokens::Plain(one_secret("the token", "Token: ")?),
        How::ServiceApp => {
            let given = service_app::read(&args, &profile, set)?;
            profile.sign_in.client_id = Some(given.client_id.clone());
            let account = service_app::account(&given, &base, https.clone()).await?;
            Tokens::Renewed {
                account: Box::new(account),
                client_secret: given.client_secret,
            }
        }
        how @ (How::Browser | How::Device) => {
            let client_id = client_id(&args, &profile, set)?;
            let known = match &profile.account {
                Some(account) if profile.sign_in.client_id.as_ref() == Some(&client_id) => {
                    Vault::at(account.secrets, book.folder(), &name)?
                        .client_secret()
                        .await?
                }
                _ => None,
            };
            let client_secret = match set("HALLWAY_CLIENT_SECRET").map(Secret::new).or(known) {
                Some(secret) => secret,
                None => one_secret("the client secret", "Client secret: ")
                    .map_err(|failure| failure.hint("it may also stand in HALLWAY_CLIENT_SECRET"))?,
            };
            profile.sign_in.client_id = Some(client_id.clone());
            if !args.scopes.is_empty() {
                profile.sign_in.scopes.clone_from(&args.scopes);
            }
            let redirect_uri = profile.sign_in.redirect_uri.clone();
            let plan = Plan {
                base: base.clone(),
                client_id,
                client_secret: client_secret.clone(),
                scopes: scopes(&profile),
                redirect_uri: redirect_uri.unwrap_or_else(|| REDIRECT_URI.to_owned()),
                profile: &profile,
                args: &args,
            };
            let account = if how == How::Browser {
                browser::sign_in(&plan, &https, printer).await?
            } else {
                device::sign_in(&plan, &https, printer).await?
            };
            Tokens::Renewed {
                account: Box::new(account),
                client_secret,
            }
        }
    };

    let access = match &tokens {
        Tokens::Plain(token) => Some(token),
        Tokens::Renewed { account, .. } => account.access_token.as_ref(),
    };
    let access = access.map(|token| token.expose().to_owned()).unwrap_or_default();
    let client = Client::builder(&base)
        .personal_token(access)
        .transport(std::sync::Arc::new(https))
        .build();
    let me = client
        .map_err(|error| Failure::usage(error.to_string()))?
        .people()
        .me()
        .await?;

    // What an earlier sign-in left at another place would only lie about.
    for place in places(&profile) {
        if place != vault.place() {
            Vault::at(place, book.folder(), &name)?.forget(true).await?;
        }
    }
    match &tokens {
        Tokens::Renewed {
            account,
            client_secret,
        } => vault.keep_account(account, client_secret).await?,
        Tokens::Plain(token) => vault.keep_token(token).await?,
    }
    let signed_in = signed_in(&me, &vault);
    profile.account = Some(signed_in.clone());
    book.change(|all| all.profiles.insert(name.clone(), profile.clone()))
        .await?;
    let document = json!({ "profile": name, "account": signed_in });
    printer.show(&document, || {
        let who = signed_in.name.clone().or_else(|| signed_in.email.clone());
        format!(
            "Signed in to {} as {} (profile {name}).\nThe secrets are in {}.\n",
            profile.service,
            who.unwrap_or_else(|| signed_in.id.clone()),
            vault.shown()
        )
    })
}

pub(crate) async fn logout(
    global: &GlobalArgs,
    env: impl Fn(&str) -> Option<String>,
    printer: &mut Printer,
) -> Result {
    let book = Book::open(book::folder(&env)?)?;
    let name = profile_name(&book, global, &env)?;
    let profile = book.get(&name)?;
    for place in places(&profile) {
        Vault::at(place, book.folder(), &name)?.forget(true).await?;
    }
    book.change(|all| {
        if let Some(profile) = all.profiles.get_mut(&name) {
            profile.account = None;
        }
    })
    .await?;
    printer.show(&json!({ "profile": name, "account": null }), || {
        format!(
            "The tokens of the profile {name} are gone from this machine. They are good until they end or are \
             revoked (`hallway authorization revoke`).\n"
        )
    })
}

fn profile_name(book: &Book, global: &GlobalArgs, env: impl Fn(&str) -> Option<String>) -> Result<String> {
    chosen(&book.all(), global, env).ok_or_else(|| {
        Failure::usage("no profile is named or used").hint(
            "`hallway profile add NAME webex` makes one; --profile NAME or `hallway profile use NAME` chooses it",
        )
    })
}

fn how(args: &LoginArgs, profile: &Profile) -> How {
    match (args.device, args.service_app, args.token_stdin) {
        (true, _, _) => How::Device,
        (_, true, _) => How::ServiceApp,
        (_, _, true) => How::Token,
        _ => profile.sign_in.how,
    }
}

fn client_id(args: &LoginArgs, profile: &Profile, set: impl Fn(&str) -> Option<String>) -> Result<String> {
    let named = args.client_id.clone().or_else(|| set("HALLWAY_CLIENT_ID"));
    named.or_else(|| profile.sign_in.client_id.clone()).ok_or_else(|| {
        let hint = if profile.service.url().contains("webexapis.com") {
            format!("register an integration with the redirect {REDIRECT_URI} at developer.webex.com, and pass --client-id")
        } else {
            format!("`hallway app create integration NAME --scope SCOPE --redirect-uri {REDIRECT_URI}` makes one; pass its --client-id")
        };
        Failure::usage("signing in needs the client id of an integration").hint(hint)
    })
}

fn scopes(profile: &Profile) -> Vec<String> {
    if profile.sign_in.scopes.is_empty() {
        SCOPES.iter().map(|&scope| scope.to_owned()).collect()
    } else {
        profile.sign_in.scopes.clone()
    }
}

/// One secret: typed unseen, or all of standard input.
fn one_secret(what: &str, prompt: &str) -> Result<Secret> {
    let text = if io::stdin().is_terminal() {
        rpassword::prompt_password(prompt)
            .map_err(|error| Failure::usage(format!("{what} cannot be read: {error}")))?
    } else {
        input::stdin(what)?
    };
    match text.trim() {
        "" => Err(Failure::usage(format!("{what} is missing"))),
        text if text.contains(char::is_whitespace) => {
            Err(Failure::usage(format!("{what} holds blanks or several lines")))
        }
        text => Ok(Secret::new(text)),
    }
}

fn signed_in(me: &Person, vault: &Vault) -> SignedIn {
    SignedIn {
        id: me.id.as_str().to_owned(),
        name: me.display_name.clone(),
        email: me.emails.first().cloned(),
        org_id: me.org_id.as_ref().map(|org| org.as_str().to_owned()),
        since: SystemClock.now(),
        secrets: vault.place(),
    }
}
