//! `countersign check`: what would run, without running it.

use std::io;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{guard, say};
use crate::config::{Effective, Environment, GuardArgs};

#[derive(Args, Debug)]
pub(super) struct CheckArgs {
    #[command(subcommand)]
    role: Role,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// Check the guard's flags, environment and files.
    ///
    /// Takes what `countersign guard` takes. Prints the effective configuration to standard output, without secrets,
    /// and what is legal but unwise to standard error. Exits with 2 if a guard would not start.
    Guard(Box<GuardArgs>),
}

/// Reads and checks everything that the role would; listens nowhere.
pub(super) fn run(args: &CheckArgs, environment: &Environment) -> ExitCode {
    let Role::Guard(args) = &args.role;
    match guard::configure(args, environment) {
        Ok(config) => {
            say(&mut io::stdout(), Effective(&config).to_string().trim_end());
            ExitCode::SUCCESS
        }
        Err(code) => code,
    }
}
