//! The command line: arguments choose a role, an error becomes an exit code.
//!
//! One file per subcommand. Exit codes: 0 done, 1 failed while doing it, 2 the
//! command line or the configuration is wrong.

// The doc comments of flags are printed as plain text by `--help`.
#![allow(clippy::doc_markdown)]

mod certs;
mod check;
mod configure;
mod doctor;
mod explain;
mod guard;
mod inject;
mod injector;
mod reload;
mod role;
mod schemes;
mod secret;
mod send;
mod signer;
mod status;
mod vectors;

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::process::ExitCode;

use clap::{Command, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::config::{ConfigFile, Environment, GuardArgs, InjectorArgs, Role, SignerArgs};

pub use configure::{ConfigureError, guard_config, injector_config, signer_config};
pub use secret::generate_secret;

/// Genuine webhooks reach the app, nothing else does.
///
/// The guard stands in front of an app that receives webhooks. It lets through what is genuine, fresh, not seen before
/// and within its limits, byte for byte as it arrived. The signer stands beside an app that sends them.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, subcommand_required = true, arg_required_else_help = true, after_help = START)]
struct Cli {
    #[command(subcommand)]
    subcommand: Subcommands,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    /// Stand in front of an app and let only genuine webhooks through.
    ///
    /// Every flag is also read from the environment: --tls-cert from COUNTERSIGN_GUARD_TLS_CERT, and so on. The flag
    /// wins. A flag that may be given again takes a comma-separated list there. Units are written: 5m, 1MiB, 100/s.
    #[command(after_help = guard::EXAMPLES)]
    Guard(Box<GuardArgs>),
    /// Sign what an app sends out and deliver it.
    ///
    /// The app sends plain HTTP to it on loopback; it signs with the same schemes that the guard verifies, and delivers
    /// over mutual TLS. Every flag is also read from the environment: --endpoint from COUNTERSIGN_SIGNER_ENDPOINT, and
    /// so on.
    #[command(after_help = signer::EXAMPLES)]
    Signer(Box<SignerArgs>),
    /// Put the guard or the signer into pods of a Kubernetes cluster.
    ///
    /// An admission webhook: the API server asks it about each new pod of the namespaces that are labelled for it. Every
    /// flag is also read from the environment: --default from COUNTERSIGN_INJECTOR_DEFAULT, and so on.
    #[command(after_help = injector::EXAMPLES)]
    Injector(Box<InjectorArgs>),
    /// Show what the injector makes of Kubernetes manifests, without a cluster.
    ///
    /// Runs the very code that answers the API server.
    #[command(after_help = inject::EXAMPLES)]
    Inject(inject::InjectArgs),
    /// Find what gets past the guards of a Kubernetes cluster.
    #[command(after_help = doctor::EXAMPLES)]
    Doctor(doctor::DoctorArgs),
    /// Check a configuration without listening, and show what is in effect.
    Check(check::CheckArgs),
    /// Make a signing secret.
    Secret(secret::SecretArgs),
    /// Make certificates for development.
    Certs(certs::CertsArgs),
    /// Say why a captured request does not verify.
    ///
    /// Judges it as a guard would, step by step. Where the signature does not hold, the known mistakes are undone one by
    /// one, and two by two, and the one that would have made it hold is named.
    #[command(after_help = explain::EXAMPLES)]
    Explain(Box<explain::ExplainArgs>),
    /// List the schemes, or show what is on the wire with one.
    #[command(after_help = schemes::EXAMPLES)]
    Schemes(schemes::SchemesArgs),
    /// Sign deliveries and send them by hand, to try a guard.
    ///
    /// Signs under any scheme that can sign and says what came back. Can also send what a guard must refuse: old, changed
    /// or repeated deliveries.
    #[command(after_help = send::EXAMPLES)]
    Send(Box<send::SendArgs>),
    /// Show what a running guard says of itself: sources, last codes, rates, certificates, reloads, recent refusals.
    ///
    /// Asks the guard's control socket, which is there once it was given --control-socket.
    #[command(after_help = status::EXAMPLES)]
    Status(status::StatusArgs),
    /// Judge files of signature vectors.
    Vectors(vectors::VectorsArgs),
}

/// The whole command line as clap sees it.
pub fn command() -> Command {
    Cli::command().mut_subcommand("explain", explain::hide_the_rest)
}

/// Runs the subcommand that `arguments` (the program's name first) ask for.
pub fn run(arguments: impl IntoIterator<Item = OsString>, environment: &Environment) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    match parse(&arguments, environment) {
        Ok(Cli { subcommand }) => match subcommand {
            Subcommands::Guard(args) => {
                let of_process = environment.clone();
                let again = move || again(&arguments, &of_process);
                guard::run(&args, environment, again)
            }
            Subcommands::Signer(args) => signer::run(&args, environment),
            Subcommands::Injector(args) => injector::run(&args, environment),
            Subcommands::Inject(args) => inject::run(&args),
            Subcommands::Doctor(args) => doctor::run(&args),
            Subcommands::Check(args) => check::run(&args, environment),
            Subcommands::Secret(args) => secret::run(&args),
            Subcommands::Certs(args) => certs::run(&args),
            Subcommands::Explain(args) => explain::run(&args, environment),
            Subcommands::Schemes(args) => schemes::run(&args),
            Subcommands::Send(args) => send::run(&args, environment),
            Subcommands::Status(args) => status::run(&args),
            Subcommands::Vectors(args) => vectors::run(&args),
        },
        Err(error) => {
            // Help goes to standard output and is no failure; clap knows both.
            // A closed pipe is not worth a word.
            let _ = error.print();
            u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
        }
    }
}

fn parse(arguments: &[OsString], environment: &Environment) -> Result<Cli, clap::Error> {
    let parse = |file: Option<&ConfigFile>| {
        let overlaid = |command| overlaid(command, environment, file);
        // What is explained is a guard's source, by the guard's own settings.
        let guards = |command| of_role(command, Role::Guard, environment, file);
        let command = command().mut_subcommand("check", overlaid).mut_subcommand("explain", guards);
        // Who asks a guard finds its socket where the guard does.
        let command = command.mut_subcommand("status", |command| environment.overlay(Role::Guard, command));
        let command = overlaid(command);
        Cli::from_arg_matches(&command.try_get_matches_from(arguments)?)
    };
    let mut cli = parse(None)?;
    // Which file there is, the arguments say; what they leave open, the file.
    if let Some(file) = cli.guard().and_then(|args| args.read_file()) {
        cli = parse(Some(&file))?;
        if let Some(args) = cli.guard() {
            args.file = Some(file);
        }
    }
    Ok(cli)
}

/// `command` with what the environment and the guard's `file` say in place of
/// the defaults of its roles.
fn overlaid(command: Command, environment: &Environment, file: Option<&ConfigFile>) -> Command {
    [Role::Guard, Role::Signer, Role::Injector].into_iter().fold(command, |command, role| {
        command.mut_subcommand(role.name(), |command| of_role(command, role, environment, file))
    })
}

fn of_role(command: Command, role: Role, environment: &Environment, file: Option<&ConfigFile>) -> Command {
    let command = match (role, file) {
        (Role::Guard, Some(file)) => file.overlay(command),
        _ => command,
    };
    environment.overlay(role, command)
}

/// The guard's arguments once more, with what its file holds now; or what is
/// wrong with that.
fn again(arguments: &[OsString], environment: &Environment) -> Result<GuardArgs, String> {
    // Its first line says what is wrong, the others how a command line looks.
    let wrong = |error: clap::Error| error.to_string().lines().next().unwrap_or_default().to_owned();
    match parse(arguments, environment).map_err(wrong)?.subcommand {
        Subcommands::Guard(args) => Ok(*args),
        _ => unreachable!("the arguments asked for a guard before"),
    }
}

impl Cli {
    /// What it says of a guard.
    fn guard(&mut self) -> Option<&mut GuardArgs> {
        match &mut self.subcommand {
            Subcommands::Guard(args) => Some(args),
            Subcommands::Check(args) => args.guard(),
            Subcommands::Explain(args) => Some(&mut args.guard),
            _ => None,
        }
    }
}

/// Something for people to read on standard error, or for programs on standard
/// output. A reader who hung up is no reason to fail.
fn say(to: &mut dyn io::Write, text: impl fmt::Display) {
    let _ = writeln!(to, "{text}");
}

/// The configuration is wrong: everything about it, and what to do next.
const WRONG: u8 = 2;

const START: &str = "\
Start here:
  countersign certs dev
  countersign secret --out certs/dev/webhook.secret
  countersign guard --help";
