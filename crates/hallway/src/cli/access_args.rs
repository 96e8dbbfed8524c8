//! What can be typed about applications, authorizations and how people sign in.

use super::org_args::{AdminsCommand, ExportArgs};
use clap::Subcommand;

/// `hallway service-app`
#[derive(Subcommand, Debug)]
pub(crate) enum ServiceAppCommand {
    /// Register a service app; prints the client secret, once
    Create {
        /// Name of the service app
        name: String,
        /// A scope that it needs; may be repeated
        #[arg(long = "scope", value_name = "SCOPE", required = true)]
        scopes: Vec<String>,
        /// What it is for
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        /// Whom to ask about it
        #[arg(long, value_name = "EMAIL")]
        contact_email: Option<String>,
    },
    /// List the service apps that the organization develops, authorized, or is asked to authorize
    List,
    /// Show one service app, and where it is authorized
    Show {
        /// Id, client id or name of the service app
        app: String,
    },
    /// Ask an organization to authorize a service app
    Request {
        /// Id, client id or name of the service app
        app: String,
        /// Id of the organization [default: the developer's own]
        #[arg(long, value_name = "ORG")]
        target_org: Option<String>,
    },
    /// Authorize a service app for the organization
    Authorize {
        /// Id, client id or name of the service app
        app: String,
    },
    /// Take the authorization of a service app back; its tokens end at once
    Deauthorize {
        /// Id, client id or name of the service app
        app: String,
    },
    /// Make an access and a refresh token for an organization that authorized it; prints them, once
    Token {
        /// Id, client id or name of the service app
        app: String,
        /// Id of the organization [default: the caller's own]
        #[arg(long, value_name = "ORG")]
        target_org: Option<String>,
        /// File with the client secret, or `-` for standard input [env: HALLWAY_CLIENT_SECRET]
        #[arg(long, value_name = "FILE")]
        secret_file: Option<std::path::PathBuf>,
    },
    /// Make a new client secret; prints it, once
    RotateSecret {
        /// Id, client id or name of the service app
        app: String,
    },
    /// Delete a service app; its tokens end in every organization
    Delete {
        /// Id, client id or name of the service app
        app: String,
        /// The name again, to be sure
        #[arg(long, value_name = "NAME")]
        confirm: Option<String>,
    },
}

/// `hallway app`
#[derive(Subcommand, Debug)]
pub(crate) enum AppCommand {
    /// Register an integration or a bot; prints its secret, once
    #[command(subcommand)]
    Create(NewApp),
    /// List integrations and bots
    List,
    /// Show an integration or a bot
    Show {
        /// Id, client id or name of the application
        app: String,
    },
    /// Make a new client secret of an integration; prints it, once
    RotateSecret {
        /// Id, client id or name of the integration
        app: String,
    },
    /// Make a new token of a bot, and end the one before; prints it, once
    BotToken {
        /// Id, client id or name of the bot
        app: String,
    },
    /// Delete an integration or a bot; its tokens end
    Delete {
        /// Id, client id or name of the application
        app: String,
        /// The name again, to be sure
        #[arg(long, value_name = "NAME")]
        confirm: Option<String>,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum NewApp {
    /// An integration: people grant it access on a page
    Integration {
        /// Name of the integration
        name: String,
        /// A scope that it may ask for; may be repeated
        #[arg(long = "scope", value_name = "SCOPE", required = true)]
        scopes: Vec<String>,
        /// Where people are sent back to; may be repeated
        #[arg(long = "redirect-uri", value_name = "URL", required = true)]
        redirect_urls: Vec<String>,
    },
    /// A bot: it has an account and a token of its own
    Bot {
        /// Name of the bot
        name: String,
    },
}

/// `hallway authorization`
#[derive(Subcommand, Debug)]
pub(crate) enum AuthorizationCommand {
    /// List what a person or machine account granted to clients
    List {
        /// E-mail address or id of the person [default: the caller]
        person: Option<String>,
    },
    /// Revoke an authorization; its tokens end at once
    Revoke {
        /// Id of the authorization
        #[arg(required_unless_present = "client")]
        authorization: Option<String>,
        /// Revoke everything that was granted to this client in the organization
        #[arg(long, value_name = "CLIENT_ID", conflicts_with = "authorization")]
        client: Option<String>,
    },
}

/// `hallway person`: how people get in.
#[derive(Subcommand, Debug)]
pub(crate) enum PersonAccessCommand {
    /// Make a personal access token, for half a day; prints it, once
    Token {
        /// E-mail address or id of the person
        person: String,
        /// Limit it to this scope; may be repeated [default: everything the person may do]
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
    },
    /// Make a code with which a person signs in on a page of Hallway, once
    SignIn {
        /// E-mail address or id of the person
        person: String,
    },
}

/// `hallway organization`
#[derive(Subcommand, Debug)]
pub(crate) enum OrganizationCommand {
    /// List the organizations in which you can act
    List,
    /// List, add and remove administrators from other organizations
    #[command(subcommand)]
    Admins(AdminsCommand),
    /// Write the organization to a file that another Hallway imports
    Export(ExportArgs),
    /// Show or set the sites of the organization: host names that service-app webhooks tell
    Sites {
        /// The sites, instead of those that are set
        #[arg(value_name = "HOST")]
        sites: Vec<String>,
        /// Have none
        #[arg(long, conflicts_with = "sites")]
        none: bool,
    },
}
