//! `hallway`: a Hallway of your own, and the command line that talks to one.

mod cli;
mod intercept_args;
mod serve;
mod test_command;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::cli::{Failure, GlobalArgs, Printer, exit};

/// An open, self-hosted home for Webex workspace integrations, with simulated devices.
///
/// Exit status: 0 done, 1 the platform said no or could not be reached, 2 wrong usage.
#[derive(Parser, Debug)]
#[command(name = "hallway", version, disable_help_subcommand = true)]
struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Demo(serve::DemoArgs),
    Serve(Box<serve::ServeArgs>),
    Init(serve::InitArgs),
    Test(test_command::TestArgs),
    #[command(flatten)]
    Client(cli::Command),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // Help and version come this way too; clap knows which stream and which exit code each has.
        Err(error) => {
            let written = error.print().map_err(Failure::from);
            let failed = written.err().map(|failure| failure.exit_code());
            let code = u8::try_from(error.exit_code()).unwrap_or(exit::USAGE);
            return ExitCode::from(failed.unwrap_or(code));
        }
    };
    let mut printer = Printer::stdio(cli.global.json);
    log(&cli);
    ExitCode::from(run(cli, &mut printer))
}

/// Logs to stderr: warnings, what a server says of itself, more with `-v`, or what RUST_LOG says.
fn log(cli: &Cli) {
    let level = match (cli.global.verbose, &cli.command) {
        (0, Command::Serve(_)) => "info",
        (0, _) => "warn",
        (1, _) => "info,hallway=debug",
        (2, _) => "debug",
        _ => "trace",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let logs = logs.with_ansi(cli::colour_on_stderr());
    if cli.global.json {
        logs.json().init();
    } else {
        logs.init();
    }
}

fn run(cli: Cli, printer: &mut Printer) -> u8 {
    let runtime = match &cli.command {
        // A client asks one thing after the other: one thread does, and starts sooner.
        Command::Client(_) => tokio::runtime::Builder::new_current_thread().enable_all().build(),
        _ => tokio::runtime::Builder::new_multi_thread().enable_all().build(),
    };
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            return printer.fail(&Failure::refused(format!("no runtime could be started: {error}")));
        }
    };
    let done = match cli.command {
        Command::Client(command) => return runtime.block_on(cli::run(command, &cli.global, printer)),
        Command::Test(args) => match runtime.block_on(test_command::test(args, printer)) {
            Ok(code) => return code,
            Err(error) => Err(error),
        },
        Command::Demo(args) => runtime.block_on(serve::demo(args, printer)),
        Command::Serve(args) => runtime.block_on(serve::serve(*args, printer)),
        Command::Init(args) => runtime.block_on(serve::init(args, printer)),
    };
    match done {
        Ok(()) => exit::DONE,
        // What the printer reported has its own exit code: a broken pipe is no fault.
        Err(error) => match error.downcast::<Failure>() {
            Ok(failure) => printer.fail(&failure),
            Err(error) => printer.fail(&Failure::refused(format!("{error:#}"))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_may_stand_before_or_after_the_command() {
        for words in [
            ["hallway", "--json", "--url", "http://x", "device", "list"],
            ["hallway", "device", "--url", "http://x", "list", "--json"],
        ] {
            let cli = Cli::try_parse_from(words).unwrap();
            assert!(cli.global.json);
            assert_eq!(cli.global.url.as_deref(), Some("http://x"));
        }
    }

    #[test]
    fn the_password_of_the_mail_server_is_not_shown() {
        let url = "smtps://hallway:open-sesame@mail.example.com";
        let cli = Cli::try_parse_from(["hallway", "serve", "--smtp-url", url]).unwrap();
        assert!(!format!("{cli:?}").contains("open-sesame"));
        for wrong in [url, "smtp+x://hallway:open-sesame@mail.example.com"] {
            let words = ["hallway", "serve", "--smtp-url", wrong, "--mail-from", "nobody"];
            let Command::Serve(args) = Cli::try_parse_from(words).unwrap().command else {
                panic!("another command")
            };
            let error = args.config().unwrap_err();
            assert!(!format!("{error:#}").contains("open-sesame"), "{error:#}");
        }
    }

    #[test]
    fn servers_write_the_ready_file_that_clients_read() {
        for command in ["demo", "serve"] {
            let cli = Cli::try_parse_from(["hallway", command, "--ready-file", "ready.json"]).unwrap();
            let shown = format!("{:?}", cli.command);
            assert!(shown.contains("ready.json"), "{shown}");
        }
    }
}
