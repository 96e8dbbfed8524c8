//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::access_args::{
    AppCommand, AuthorizationCommand, OrganizationCommand, PersonAccessCommand, ServiceAppCommand,
};

use super::calling::CallingCommand;
use super::feature::FeatureCommand;
use super::group::GroupCommand;
use super::license::LicenseCommand;
use super::login::LoginArgs;
use super::mail::MailCommand;
use super::number::NumberCommand;
use super::operator::SubmissionCommand;
use super::org_args::OrgCommand;
use super::people::PeopleCommand;
use super::person::PersonCommand;
use super::profile::ProfileCommand;
use super::publication::{CatalogCommand, VendorCommand};
use super::workflow::WorkflowCommand;

/// How to reach a Hallway. Each may stand before or after the command.
#[derive(Args, Clone, Default)]
pub(crate) struct GlobalArgs {
    /// Address of the Hallway [env: HALLWAY_URL] [default: http://127.0.0.1:8080]
    #[arg(long, global = true, value_name = "URL", help_heading = "Connection")]
    pub(crate) url: Option<String>,

    /// Bearer token to act with; prefer the variable, since others may see arguments [env: HALLWAY_TOKEN]
    #[arg(long, global = true, value_name = "TOKEN", help_heading = "Connection")]
    pub(crate) token: Option<String>,

    /// Organization to act in, by id or name, for who administers several [env: HALLWAY_ORG]
    #[arg(long, global = true, value_name = "ORG", help_heading = "Connection")]
    pub(crate) org: Option<String>,

    /// Profile that says where to go and as whom, where the options and variables above do not; see `hallway profile`
    /// [env: HALLWAY_PROFILE]
    #[arg(long, global = true, value_name = "NAME", help_heading = "Connection")]
    pub(crate) profile: Option<String>,

    /// File that Hallway writes when it is up; address and token are taken from it
    #[arg(long, global = true, value_name = "FILE", help_heading = "Connection")]
    pub(crate) ready_file: Option<PathBuf>,

    /// Certificates (PEM) to trust beside the public ones
    #[arg(long, global = true, value_name = "FILE", help_heading = "Connection")]
    pub(crate) ca: Option<PathBuf>,

    /// Longest time to wait for an answer, in seconds
    #[arg(long, global = true, value_name = "SECONDS", help_heading = "Connection",
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) timeout: Option<u64>,

    /// Print one JSON document instead of text for people
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Log more to stderr; repeat it for still more
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

impl std::fmt::Debug for GlobalArgs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GlobalArgs")
            .field("url", &self.url)
            .field("token", &self.token.as_ref().map(|_| "***"))
            .field("profile", &self.profile)
            .field("ready_file", &self.ready_file)
            .field("json", &self.json)
            .finish_non_exhaustive()
    }
}

/// The commands that talk to a running Hallway, and those that need none.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Check manifests of integrations
    #[command(subcommand)]
    Manifest(ManifestCommand),
    /// Upload, activate and look after integrations
    #[command(subcommand)]
    Integration(IntegrationCommand),
    /// Let devices show the digital signage of an integration
    #[command(subcommand)]
    Signage(FeatureCommand),
    /// Let Room Navigators show the web app of an integration
    #[command(subcommand)]
    Pwa(FeatureCommand),
    /// Publish the organization's integrations to other organizations
    #[command(subcommand)]
    Vendor(VendorCommand),
    /// Find and activate public integrations
    #[command(subcommand)]
    Catalog(CatalogCommand),
    /// Look into the tokens that integrations receive
    #[command(subcommand)]
    Jwt(JwtCommand),
    /// List devices, and steer simulated ones
    #[command(subcommand)]
    Device(DeviceEntry),
    /// List workspaces
    #[command(subcommand)]
    Workspace(WorkspaceCommand),
    /// List locations
    #[command(subcommand)]
    Location(LocationCommand),
    /// Turn Webex Calling on and off, in locations and for people
    #[command(subcommand)]
    Calling(CallingCommand),
    /// List, add and assign phone numbers
    #[command(subcommand)]
    Number(NumberCommand),
    /// List, show and make rooms in which people talk
    #[command(subcommand)]
    Room(RoomCommand),
    /// Read and write messages
    #[command(subcommand)]
    Message(MessageCommand),
    /// Make something happen, for a test of a webhook; without arguments: list what can
    Trigger(TriggerArgs),
    /// Read status, run commands and configure devices
    #[command(subcommand)]
    Xapi(XapiCommand),
    /// Make and look after webhooks, and see what became of their deliveries
    #[command(subcommand)]
    Webhook(WebhookCommand),
    /// Forward events to a local address, without hosting anything that can be called
    Listen(ListenArgs),
    /// Register and look after integrations and bots
    #[command(subcommand)]
    App(AppCommand),
    /// Register service apps, and authorize them for the organization
    #[command(subcommand)]
    ServiceApp(ServiceAppCommand),
    /// List and revoke what was granted to clients
    #[command(subcommand)]
    Authorization(AuthorizationCommand),
    /// Look after people, and let them in
    #[command(subcommand)]
    Person(PersonEntry),
    /// Create, show, change and delete users as a service desk does: twice is once, and what fails is undone
    #[command(subcommand)]
    People(PeopleCommand),
    /// Look after the organization itself
    #[command(subcommand)]
    Organization(OrganizationCommand),
    /// Run this Hallway: the organizations in it, and what vendors submit
    #[command(subcommand)]
    Operator(OperatorCommand),
    /// List licenses, and give them to people
    #[command(subcommand)]
    License(LicenseCommand),
    /// List groups of people
    #[command(subcommand)]
    Group(GroupCommand),
    /// Read the e-mails that Hallway has written
    #[command(subcommand)]
    Mail(MailCommand),
    /// Let things go wrong on demand, to test how clients take it
    #[command(subcommand)]
    Fault(FaultCommand),
    /// Schedule meetings, and hold them
    #[command(subcommand)]
    Meeting(MeetingCommand),
    /// Make calls that webhooks tell of
    #[command(subcommand)]
    Call(CallCommand),
    /// Read who did what
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Look after the keys that sign tokens
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Get the certificate that clients of the interceptor trust
    #[command(subcommand)]
    Ca(CaCommand),
    /// Say whether Hallway is up and what it is
    Status,
    /// Let people join, move and leave by a file
    #[command(subcommand)]
    Workflow(WorkflowCommand),
    /// Name services and how to sign in there: a Hallway, or Webex
    #[command(subcommand)]
    Profile(ProfileCommand),
    /// Sign in with a profile, by a page in the browser if nothing else is said
    Login(LoginArgs),
    /// Forget the tokens of a profile
    Logout,
}

/// `hallway operator`
#[derive(Subcommand, Debug)]
pub(crate) enum OperatorCommand {
    #[command(flatten)]
    Submission(SubmissionCommand),
    /// Create, suspend, delete, export and import organizations
    #[command(subcommand)]
    Org(OrgCommand),
}

/// `hallway person`
#[derive(Subcommand, Debug)]
pub(crate) enum PersonEntry {
    #[command(flatten)]
    Directory(PersonCommand),
    #[command(flatten)]
    Access(PersonAccessCommand),
}

#[derive(Subcommand, Debug)]
pub(crate) enum ManifestCommand {
    /// Say everything that is wrong with a manifest, and where
    Check {
        /// The manifest, or `-` for standard input
        file: PathBuf,
        /// Accept http URLs beside https ones
        #[arg(long)]
        allow_http: bool,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum IntegrationCommand {
    /// Upload a manifest; prints the client secret, once
    Upload {
        /// The manifest, or `-` for standard input
        file: PathBuf,
    },
    /// List the integrations of the organization
    List,
    /// Show one integration: what it asks for, holds, and how deliveries go
    Show {
        /// Id or display name of the integration
        app: String,
    },
    /// Activate an integration; prints the activation code, once
    Activate {
        /// Id or display name of the integration
        app: String,
        /// Limit it to this location, by id or name; may be repeated [default: the whole organization]
        #[arg(long = "location", value_name = "LOCATION")]
        locations: Vec<String>,
        /// Do not grant this optional scope or path; may be repeated
        #[arg(long, value_name = "SCOPE_OR_PATH")]
        deny: Vec<String>,
    },
    /// Post the activation code to the vendor again, now
    Push {
        /// Id or display name of the integration
        app: String,
    },
    /// Upload a newer version of the manifest
    Update {
        /// Id or display name of the integration
        app: String,
        /// The manifest, or `-` for standard input
        file: PathBuf,
    },
    /// Approve the version that waits because it asks for more
    Approve {
        /// Id or display name of the integration
        app: String,
    },
    /// Ask an integration how it is
    HealthCheck {
        /// Id or display name of the integration
        app: String,
    },
    /// Deactivate an integration and revoke its tokens
    Deactivate {
        /// Id or display name of the integration
        app: String,
    },
    /// Delete an integration with everything that belongs to it
    Delete {
        /// Id or display name of the integration
        app: String,
        /// The display name again, to be sure
        #[arg(long, value_name = "NAME")]
        confirm: Option<String>,
    },
    /// Give an integration a new refresh token
    RenewToken {
        /// Id or display name of the integration
        app: String,
    },
    /// Print the newest manifest as it was uploaded
    Manifest {
        /// Id or display name of the integration
        app: String,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum JwtCommand {
    /// Verify an activation code or action against the published keys, and print its claims
    Decode {
        /// The JWT, or `-` for standard input
        code: String,
        /// Show the secrets in it too (`--json` always does)
        #[arg(long)]
        show_secrets: bool,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum DeviceCommand {
    /// List the devices of the organization
    List,
    /// Show one device
    Show {
        /// Id or display name of the device
        device: String,
    },
    /// Show what is on the screens of a simulated device and its Room Navigators
    Screen {
        /// Id or display name of the device
        device: String,
    },
    /// Set a status of a simulated device
    Set {
        /// Id or display name of the device
        device: String,
        /// Status path, like RoomAnalytics.PeopleCount.Current
        path: String,
        /// JSON, or else a string
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
    /// Remove a status of a simulated device
    Unset {
        /// Id or display name of the device
        device: String,
        /// Status path, like Call[1]
        path: String,
    },
    /// Raise an event on a simulated device
    Emit {
        /// Id or display name of the device
        device: String,
        /// Event path, like UserInterface.Extensions.Panel.Clicked
        event: String,
        /// What the event says, as a JSON object
        #[arg(value_name = "JSON")]
        value: Option<String>,
    },
    /// Connect a simulated device
    Connect {
        /// Id or display name of the device
        device: String,
    },
    /// Disconnect a simulated device
    Disconnect {
        /// Id or display name of the device
        device: String,
    },
    /// Restart a simulated device
    Reboot {
        /// Id or display name of the device
        device: String,
    },
    /// Make an activation code with which a device joins a workspace
    Code {
        /// Id or display name of the workspace
        workspace: String,
    },
}

/// `hallway device`: asking a Hallway about devices, or being one.
#[derive(Subcommand, Debug)]
pub(crate) enum DeviceEntry {
    #[command(flatten)]
    Ask(DeviceCommand),
    /// Run one simulated device in a process of its own
    ///
    /// It answers its local API as user `admin`; the password is HALLWAY_DEVICE_PASSWORD, empty if not set.
    Run(RunArgs),
}

#[derive(clap::Args, Debug)]
pub(crate) struct RunArgs {
    /// Product, like "Room Bar" or "Desk Pro"
    #[arg(long, default_value = "Board Pro 55")]
    pub(crate) model: String,
    /// Display name
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Address of the local API
    #[arg(long, default_value = "127.0.0.1:9000", value_name = "ADDR")]
    pub(crate) listen: std::net::SocketAddr,
    /// Activation code from `hallway device code`: register with the Hallway at --url and dial in
    #[arg(long)]
    pub(crate) code: Option<String>,
    /// File that keeps what the code gave (with a secret in it); used again at the next start
    #[arg(long, value_name = "FILE")]
    pub(crate) identity: Option<std::path::PathBuf>,
}

#[derive(Subcommand, Debug)]
pub(crate) enum WorkspaceCommand {
    /// List the workspaces of the organization
    List,
}

#[derive(Subcommand, Debug)]
pub(crate) enum LocationCommand {
    /// List the locations of the organization
    List,
}

#[derive(Subcommand, Debug)]
pub(crate) enum XapiCommand {
    /// Read status values
    Status {
        /// Id or display name of the device
        device: String,
        /// Up to ten paths, like Audio.Volume or 'Call[*].Status'
        #[arg(required = true, num_args = 1..=10, value_name = "PATH")]
        paths: Vec<String>,
    },
    /// Run a command on a device
    Command {
        /// Id or display name of the device
        device: String,
        /// The command, like Audio.Volume.Set
        name: String,
        /// Arguments, like Level=50; a repeated key makes a list
        #[arg(value_name = "KEY=VALUE")]
        arguments: Vec<String>,
        /// File with the multi-line body of the command, or `-` for standard input
        #[arg(long, value_name = "FILE")]
        body: Option<PathBuf>,
    },
    /// Read and change configurations
    #[command(subcommand)]
    Config(ConfigCommand),
    /// List the statuses and commands that a device has
    Schema {
        /// Id or display name of the device
        device: String,
        /// Only these, like 'Audio.*'
        path: Option<String>,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum ConfigCommand {
    /// Read configurations
    Get {
        /// Id or display name of the device
        device: String,
        /// Only these, like Audio.DefaultVolume or 'Audio.*'
        path: Option<String>,
    },
    /// Set a configuration
    Set {
        /// Id or display name of the device
        device: String,
        /// The configuration, like Audio.DefaultVolume
        path: String,
        /// JSON, or else a string
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
    /// Return a configuration to its default
    Unset {
        /// Id or display name of the device
        device: String,
        /// The configuration, like Audio.DefaultVolume
        path: String,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum FaultCommand {
    /// Order a fault
    ///
    /// Every condition that is given must hold; without any, all requests of the organization are struck (or all
    /// its notifications). Faults live in the memory of the Hallway, and strike only the organization of the token.
    #[command(after_help = FAULT_EXAMPLES)]
    Add(Box<FaultAdd>),
    /// List faults, and how often each struck
    List,
    /// Take a fault back, or all of them
    Clear {
        /// Id of the fault [default: all]
        id: Option<String>,
    },
}

const FAULT_EXAMPLES: &str = "\
Examples:
  hallway fault add --status 429 --retry-after 2 --route 'GET /v1/people/{id}' --times 1
  hallway fault add --status 502 --route '/v1/xapi/*' --probability 0.1 --seed 7
  hallway fault add --expired-token --client C0123abc --times 1
  hallway fault add --latency 200..800 --person ada@example.com --for 60
  hallway fault add --duplicate --integration \"First Light\"
  hallway fault add --offline --device \"Board Room\" --for 60";

/// Effects beside which words about an error make no sense.
const NOT_STATUS: [&str; 7] = [
    "latency",
    "close",
    "expired_token",
    "duplicate",
    "reorder",
    "drop",
    "offline",
];

#[derive(clap::Args, Debug)]
pub(crate) struct FaultAdd {
    #[command(flatten)]
    pub(crate) effect: FaultEffects,

    /// With --status: seconds in the Retry-After header
    #[arg(
        long,
        value_name = "SECONDS",
        conflicts_with_all = NOT_STATUS,
        help_heading = "What goes wrong"
    )]
    pub(crate) retry_after: Option<u64>,
    /// With --status: what the error says
    #[arg(
        long,
        value_name = "TEXT",
        conflicts_with_all = NOT_STATUS,
        help_heading = "What goes wrong"
    )]
    pub(crate) message: Option<String>,

    /// Requests of this person, by address or id
    #[arg(long, value_name = "EMAIL", help_heading = "Whom it strikes")]
    pub(crate) person: Option<String>,
    /// Requests with tokens of this OAuth client
    #[arg(long, value_name = "CLIENT_ID", help_heading = "Whom it strikes")]
    pub(crate) client: Option<String>,
    /// Requests with the token of this command
    #[arg(long, help_heading = "Whom it strikes")]
    pub(crate) this_token: bool,
    /// Requests with another token: the first 16 hex digits of its SHA-256
    #[arg(
        long,
        value_name = "HEX",
        conflicts_with = "this_token",
        help_heading = "Whom it strikes"
    )]
    pub(crate) token_hash: Option<String>,
    /// Requests of this kind, like 'GET /v1/people/{id}' or '/v1/xapi/*'
    #[arg(long, value_name = "ROUTE", help_heading = "Whom it strikes")]
    pub(crate) route: Option<String>,
    /// Requests and notifications about this device, by id or display name
    #[arg(long, help_heading = "Whom it strikes")]
    pub(crate) device: Option<String>,
    /// Notifications for this integration, by id or display name
    #[arg(long, value_name = "APP", help_heading = "Whom it strikes")]
    pub(crate) integration: Option<String>,
    /// Notifications for this subscription of /v1/webhooks
    #[arg(
        long,
        value_name = "ID",
        conflicts_with = "integration",
        help_heading = "Whom it strikes"
    )]
    pub(crate) webhook: Option<String>,

    /// Only the next so many
    #[arg(long, value_name = "N", help_heading = "How often")]
    pub(crate) times: Option<u64>,
    /// Only this share of them, by chance: above 0, at most 1
    #[arg(long, value_name = "P", help_heading = "How often")]
    pub(crate) probability: Option<f64>,
    /// What chance starts from: the same seed strikes the same ones
    #[arg(long, value_name = "NUMBER", help_heading = "How often")]
    pub(crate) seed: Option<u64>,
    /// Only for a time
    #[arg(long = "for", value_name = "SECONDS", help_heading = "How often")]
    pub(crate) for_seconds: Option<u64>,
}

#[derive(clap::Args, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct FaultEffects {
    /// The answer is an error with this status
    #[arg(long, value_name = "CODE", help_heading = "What goes wrong",
          value_parser = clap::value_parser!(u16).range(400..=599))]
    pub(crate) status: Option<u16>,
    /// It takes so many milliseconds longer, or something in a range: 500, 200..800
    #[arg(long, value_name = "MS", help_heading = "What goes wrong", value_parser = super::fault::latency)]
    pub(crate) latency: Option<Latency>,
    /// The connection is closed without an answer
    #[arg(long, help_heading = "What goes wrong")]
    pub(crate) close: bool,
    /// The answer is that of an expired access token
    #[arg(long, help_heading = "What goes wrong")]
    pub(crate) expired_token: bool,
    /// A notification comes twice
    #[arg(long, help_heading = "What goes wrong")]
    pub(crate) duplicate: bool,
    /// A notification comes after the next one
    #[arg(long, help_heading = "What goes wrong")]
    pub(crate) reorder: bool,
    /// A notification never comes
    #[arg(long, help_heading = "What goes wrong")]
    pub(crate) drop: bool,
    /// The device is away
    #[arg(long, help_heading = "What goes wrong", requires = "device")]
    pub(crate) offline: bool,
}

/// Milliseconds: least, and most where it is a range.
pub(crate) type Latency = (u64, Option<u64>);

#[derive(Subcommand, Debug)]
pub(crate) enum AuditCommand {
    /// List what was done, newest first
    List {
        /// At most this many entries
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        max: u32,
        /// Skip this many entries
        #[arg(long, default_value_t = 0)]
        start: u32,
        /// Only entries from this moment on, like 2026-03-04T05:06:07Z
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// Only entries before this moment
        #[arg(long, value_name = "TIME")]
        to: Option<String>,
        /// Only what this person did, by id
        #[arg(long, value_name = "PERSON")]
        actor: Option<String>,
        /// Only this category, like DEVICES; may be repeated
        #[arg(long = "category", value_name = "CATEGORY")]
        categories: Vec<String>,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum MeetingCommand {
    /// List meetings of the coming week
    List {
        /// Only meetings of this host, by e-mail address [default: your own]
        #[arg(long, value_name = "EMAIL")]
        host: Option<String>,
        /// meetingSeries, scheduledMeeting or meeting
        #[arg(long = "type", value_name = "TYPE")]
        kind: Option<String>,
        /// From this time on
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// Before this time
        #[arg(long, value_name = "TIME")]
        to: Option<String>,
    },
    /// Schedule a meeting
    Create {
        /// Title of the meeting
        title: String,
        /// When it starts, like 2026-03-05T09:00:00+01:00
        #[arg(long, value_name = "TIME")]
        start: String,
        /// When it ends
        #[arg(long, value_name = "TIME")]
        end: String,
        /// Time zone, like Europe/Oslo
        #[arg(long, value_name = "ZONE")]
        timezone: Option<String>,
        /// How it repeats, like FREQ=WEEKLY;COUNT=6
        #[arg(long, value_name = "RULE")]
        recurrence: Option<String>,
        /// Who hosts it, by e-mail address [default: you]
        #[arg(long, value_name = "EMAIL")]
        host: Option<String>,
        /// Somebody to invite, by e-mail address; may be repeated
        #[arg(long = "invite", value_name = "EMAIL")]
        invitees: Vec<String>,
        /// Record it
        #[arg(long)]
        record: bool,
    },
    /// Start a meeting
    Start {
        /// Id of the meeting
        meeting: String,
        /// Who joins beside the host, by e-mail address; may be repeated
        #[arg(long = "with", value_name = "EMAIL")]
        participants: Vec<String>,
    },
    /// Let somebody join a meeting
    Join {
        /// Id of the meeting
        meeting: String,
        /// E-mail address of the participant
        email: String,
    },
    /// Let somebody leave a meeting
    Leave {
        /// Id of the meeting
        meeting: String,
        /// E-mail address of the participant
        email: String,
    },
    /// End a meeting
    End {
        /// Id of the meeting
        meeting: String,
        /// Say that a transcript was made
        #[arg(long)]
        transcript: bool,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum CallCommand {
    /// List calls that go on
    List,
    /// Make a call; a party is an e-mail address, an id or a number
    Dial {
        /// Who calls
        from: String,
        /// Who is called
        #[arg(allow_hyphen_values = true)]
        to: String,
    },
    /// Answer a call
    Answer {
        /// Id of the call
        call: String,
    },
    /// Put a call on hold
    Hold {
        /// Id of the call
        call: String,
        /// Which side does it: originator or terminator
        #[arg(long, value_name = "SIDE")]
        by: Option<String>,
    },
    /// Take a call off hold
    Resume {
        /// Id of the call
        call: String,
        /// Which side does it: originator or terminator
        #[arg(long, value_name = "SIDE")]
        by: Option<String>,
    },
    /// End a call
    Disconnect {
        /// Id of the call
        call: String,
        /// Which side does it: originator or terminator
        #[arg(long, value_name = "SIDE")]
        by: Option<String>,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum KeysCommand {
    /// Sign with a new key from now on; what the old one signed stays valid
    Rotate,
}

#[derive(Subcommand, Debug)]
pub(crate) enum CaCommand {
    /// Print the authority's certificate (PEM), or write it to a file; never its key
    Export {
        /// Where to write it [default: standard output]
        file: Option<PathBuf>,
        /// Take it from this data directory instead of asking the running Hallway
        #[arg(long, visible_alias = "data", value_name = "DIR")]
        data_dir: Option<PathBuf>,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum WebhookCommand {
    /// List your webhooks
    List {
        /// Those of the organization instead
        #[arg(long)]
        organization: bool,
    },
    /// Show one webhook
    Show {
        /// Id or name of the webhook
        webhook: String,
    },
    /// Create a webhook
    Create {
        /// Where events are posted to
        #[arg(value_name = "URL")]
        target_url: String,
        #[command(flatten)]
        wish: WebhookWish,
    },
    /// Make a webhook active again that failed too often
    Revive {
        /// Id or name of the webhook
        webhook: String,
    },
    /// Delete a webhook
    Delete {
        /// Id or name of the webhook
        webhook: String,
    },
    /// List the last deliveries of a webhook, one line for each attempt
    Deliveries {
        /// Id or name of the webhook
        webhook: String,
        /// At most this many
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=200))]
        max: u32,
    },
    /// Make a delivery once more, with the same bytes
    Redeliver {
        /// Id or name of the webhook
        webhook: String,
        /// Id of the delivery, as `deliveries` shows it
        delivery: String,
    },
}

/// What is to be heard.
#[derive(clap::Args, Debug)]
pub(crate) struct WebhookWish {
    /// Name of the webhook
    #[arg(long, default_value = "hallway")]
    pub(crate) name: String,
    /// Resource, like messages, memberships, rooms; `all` is these three
    #[arg(long, default_value = "all")]
    pub(crate) resource: String,
    /// Event, like created, updated, deleted
    #[arg(long, default_value = "all")]
    pub(crate) event: String,
    /// Only what fits, like roomId=ID&hasFiles=true
    #[arg(long)]
    pub(crate) filter: Option<String>,
    /// Secret that signs deliveries, in the header X-Spark-Signature
    #[arg(long)]
    pub(crate) secret: Option<String>,
    /// Hear the whole organization, not only what you can see
    #[arg(long)]
    pub(crate) organization: bool,
}

#[derive(clap::Args, Debug)]
pub(crate) struct ListenArgs {
    /// Local address that deliveries are posted to, like http://127.0.0.1:3000/webhook
    #[arg(long, value_name = "URL")]
    pub(crate) forward: String,
    #[command(flatten)]
    pub(crate) wish: WebhookWish,
}

#[derive(Subcommand, Debug)]
pub(crate) enum RoomCommand {
    /// List the rooms that you are in, the newest first
    List,
    /// Show one room and who is in it
    Show {
        /// Id or title of the room
        room: String,
    },
    /// Make a room
    Create {
        /// Its title
        title: String,
        /// Only moderators say who is in it; you are one
        #[arg(long)]
        locked: bool,
        /// Address of somebody to take in; may be repeated
        #[arg(long = "member", value_name = "EMAIL")]
        members: Vec<String>,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum MessageCommand {
    /// Write a message, in Markdown
    Send {
        /// What it says
        #[arg(allow_hyphen_values = true)]
        text: String,
        #[command(flatten)]
        to: Destination,
        /// Take the text as it is, not as Markdown
        #[arg(long)]
        plain: bool,
        /// Id of the message to reply to
        #[arg(long, value_name = "MESSAGE")]
        reply_to: Option<String>,
    },
    /// List the newest messages of a room
    List {
        /// Id or title of the room
        #[arg(long)]
        room: String,
        /// At most this many messages
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        max: u32,
    },
}

/// Where a message goes.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct Destination {
    /// Id or title of the room
    #[arg(long)]
    pub(crate) room: Option<String>,
    /// Address of a person
    #[arg(long, value_name = "EMAIL")]
    pub(crate) to: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct TriggerArgs {
    /// What it happens to, like messages
    #[arg(requires = "event")]
    pub(crate) resource: Option<String>,
    /// What happens to it, like created
    pub(crate) event: Option<String>,
    /// Something that the trigger knows, like text=ping; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
}
