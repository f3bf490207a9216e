//! `countersign check`: what would run, without running it.

use std::fmt;
use std::io;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{guard, injector, say, signer};
use crate::config::{
    Effective, EffectiveInjector, EffectiveSigner, Environment, GuardArgs, InjectorArgs, SignerArgs,
};

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
    /// Check the signer's flags, environment and files.
    ///
    /// Takes what `countersign signer` takes, and says the same of it. Connects to nobody.
    Signer(Box<SignerArgs>),
    /// Check the injector's flags, environment and files.
    ///
    /// Takes what `countersign injector` takes, and says the same of it. Connects to nobody.
    Injector(Box<InjectorArgs>),
}

impl CheckArgs {
    /// What it says of a guard.
    pub(super) fn guard(&mut self) -> Option<&mut GuardArgs> {
        match &mut self.role {
            Role::Guard(args) => Some(args),
            Role::Signer(_) | Role::Injector(_) => None,
        }
    }
}

/// Reads and checks everything that the role would; listens nowhere.
pub(super) fn run(args: &CheckArgs, environment: &Environment) -> ExitCode {
    let shown = match &args.role {
        Role::Guard(args) => guard::configure(args, environment).map(|config| show(Effective(&config))),
        Role::Signer(args) => {
            signer::configure(args, environment).map(|config| show(EffectiveSigner(&config)))
        }
        Role::Injector(args) => {
            injector::configure(args, environment).map(|config| show(EffectiveInjector(&config)))
        }
    };
    shown.err().unwrap_or(ExitCode::SUCCESS)
}

fn show(effective: impl fmt::Display) {
    say(&mut io::stdout(), effective.to_string().trim_end());
}
