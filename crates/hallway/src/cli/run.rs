//! From a parsed command to its room.

use hallway_wire::manifest::Feature;

use super::access;
use super::admin;
use super::applications;
use super::args::{Command, DeviceEntry, GlobalArgs, OperatorCommand, PersonEntry};
use super::ca;
use super::calling;
use super::connection::Connection;
use super::device;
use super::failure::{Result, exit};
use super::fault;
use super::feature;
use super::group;
use super::http::Client;
use super::integration;
use super::jwt;
use super::license;
use super::listen;
use super::login;
use super::mail;
use super::manifest;
use super::message;
use super::number;
use super::org;
use super::people;
use super::person;
use super::places;
use super::printer::Printer;
use super::profile;
use super::room;
use super::run_device;
use super::trigger;
use super::webhook;
use super::workflow::{self, WorkflowCommand};
use super::xapi;
use super::{call, meeting, operator, publication};

/// Runs a command, prints what comes of it, and returns the exit code.
pub(crate) async fn run(command: Command, global: &GlobalArgs, printer: &mut Printer) -> u8 {
    run_in(command, global, |name| std::env::var(name).ok(), printer).await
}

/// The same with another environment.
pub(crate) async fn run_in(
    command: Command,
    global: &GlobalArgs,
    env: impl Fn(&str) -> Option<String>,
    printer: &mut Printer,
) -> u8 {
    match dispatch(command, global, env, printer).await {
        Ok(()) => exit::DONE,
        Err(failure) => printer.fail(&failure),
    }
}

async fn dispatch(
    command: Command,
    global: &GlobalArgs,
    env: impl Fn(&str) -> Option<String>,
    printer: &mut Printer,
) -> Result {
    let client = || Client::new(Connection::resolve(global, &env)?);
    match command {
        Command::Manifest(command) => manifest::run(&command, printer),
        Command::Integration(command) => integration::run(command, &client()?, printer).await,
        Command::Signage(command) => {
            feature::run(command, Feature::DigitalSignage, &client()?, printer).await
        }
        Command::Pwa(command) => feature::run(command, Feature::PersistentWebApp, &client()?, printer).await,
        Command::Vendor(command) => publication::vendor(command, &client()?, printer).await,
        Command::Operator(OperatorCommand::Submission(command)) => {
            operator::run(command, &client()?, printer).await
        }
        Command::Catalog(command) => publication::catalog(command, &client()?, printer).await,
        Command::Jwt(command) => jwt::run(&command, &client()?, printer).await,
        Command::Device(DeviceEntry::Run(args)) => run_device::run(args, global, &env, printer).await,
        Command::Device(DeviceEntry::Ask(command)) => device::run(command, &client()?, printer).await,
        Command::Workspace(command) => places::workspaces(&command, &client()?, printer).await,
        Command::Location(command) => places::locations(&command, &client()?, printer).await,
        Command::Calling(command) => calling::run(command, &client()?, printer).await,
        Command::Number(command) => number::run(command, &client()?, printer).await,
        Command::Room(command) => room::run(command, &client()?, printer).await,
        Command::Message(command) => message::run(command, &client()?, printer).await,
        Command::Trigger(args) => trigger::run(args, &client()?, printer).await,
        Command::Xapi(command) => xapi::run(command, &client()?, printer).await,
        Command::App(command) => applications::app(command, &client()?, printer).await,
        Command::ServiceApp(command) => applications::service_app(command, &env, &client()?, printer).await,
        Command::Authorization(command) => access::authorization(command, &client()?, printer).await,
        Command::Person(PersonEntry::Access(command)) => access::person(command, &client()?, printer).await,
        Command::Operator(OperatorCommand::Org(command)) => org::operator(command, &client()?, printer).await,
        Command::Organization(command) => access::organization(command, &client()?, printer).await,
        Command::Person(PersonEntry::Directory(command)) => person::run(command, &client()?, printer).await,
        Command::People(command) => people::run(command, &client()?, printer).await,
        Command::License(command) => license::run(command, &client()?, printer).await,
        Command::Group(command) => group::run(command, &client()?, printer).await,
        Command::Mail(command) => mail::run(command, &client()?, printer).await,
        Command::Fault(command) => fault::run(command, &client()?, printer).await,
        Command::Webhook(command) => webhook::run(command, &client()?, printer).await,
        Command::Listen(args) => listen::run(args, &client()?, printer).await,
        Command::Meeting(command) => meeting::run(command, &client()?, printer).await,
        Command::Call(command) => call::run(command, &client()?, printer).await,
        Command::Audit(command) => admin::audit(&command, &client()?, printer).await,
        Command::Keys(command) => admin::keys(&command, &client()?, printer).await,
        Command::Ca(command) => ca::run(&command, client, printer).await,
        Command::Status => admin::status(&client()?, printer).await,
        Command::Workflow(WorkflowCommand::Columns) => workflow::columns(printer),
        Command::Workflow(WorkflowCommand::Run(args)) => {
            workflow::run(args, false, &client()?, printer).await
        }
        Command::Workflow(WorkflowCommand::Resume(args)) => {
            workflow::run(args, true, &client()?, printer).await
        }
        Command::Profile(command) => profile::run(command, global, &env, printer).await,
        Command::Login(args) => login::login(args, global, &env, printer).await,
        Command::Logout => login::logout(global, &env, printer).await,
    }
}
