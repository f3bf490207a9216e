//! `countersign guard`: run until told to stop.

use std::error::Error;
use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;
use std::{io, iter};

use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};

use super::{WRONG, say};
use crate::clock::{Clock as _, SystemClock};
use crate::config::{Environment, GuardArgs, GuardConfig, Problems, Remark};
use crate::guard;

/// Shown below the flags.
pub(super) const EXAMPLES: &str = "\
Examples:
  GitHub, which has no client certificate:
    countersign guard --upstream http://127.0.0.1:3000 \
      --tls-cert server.pem --tls-key server.key --client-auth off \
      --scheme github --secret-file github.secret --path /hooks/github

  A partner with one, at most 100 deliveries a second, while secrets rotate:
    countersign guard --upstream unix:/run/app.sock \
      --tls-cert server.pem --tls-key server.key \
      --client-ca partner-ca.pem --client-crl partner.crl \
      --client-identity URI:spiffe://partner.example/sender \
      --scheme standard-webhooks --rate-limit 100/s \
      --secret-file new.secret --secret-file old.secret

  See what would run, without running it:
    countersign check guard --plain --upstream http://app:3000 \
      --scheme stripe --secret-env STRIPE_SECRET

Exit codes: 0 stopped by a signal; 1 failed; 2 wrong configuration, of which
every problem is shown and nothing listens.";

/// What `countersign guard` would run on, given `flags`, with what is worth
/// knowing about it. For programs that start a guard themselves.
pub fn guard_config<T: Into<OsString> + Clone>(
    flags: impl IntoIterator<Item = T>,
    environment: &Environment,
) -> Result<(GuardConfig, Vec<Remark>), ConfigureError> {
    let args = GuardArgs::from_flags(flags, environment)?;
    Ok(GuardConfig::from_args(&args, environment)?)
}

/// Why flags make no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigureError {
    /// They cannot be told apart: a name is unknown, or a value is missing.
    #[error(transparent)]
    Usage(#[from] clap::Error),
    /// They are understood, and wrong.
    #[error(transparent)]
    Problems(#[from] Problems),
}

/// Checks everything, then listens until a signal asks to stop.
pub(super) fn run(args: &GuardArgs, environment: &Environment) -> ExitCode {
    let config = match configure(args, environment) {
        Ok(config) => config,
        Err(code) => return code,
    };
    match serve(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&mut io::stderr(), format_args!("countersign guard: {}", chain(&*error)));
            ExitCode::FAILURE
        }
    }
}

fn serve(config: GuardConfig) -> Result<(), Box<dyn Error>> {
    let clock = SystemClock;
    let memory_begins = clock.now();
    let guard = guard::start(config, Arc::new(clock), memory_begins)?;
    let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(asked_to_stop())?;
    Ok(guard.stop()?)
}

/// SIGTERM is what service managers send, SIGINT what Ctrl-C does.
async fn asked_to_stop() -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}

/// The trusted configuration, with its remarks on standard error; or all of its
/// problems there, and the exit code.
pub(super) fn configure(args: &GuardArgs, environment: &Environment) -> Result<GuardConfig, ExitCode> {
    let mut stderr = io::stderr().lock();
    match GuardConfig::from_args(args, environment) {
        Ok((config, remarks)) => {
            for remark in remarks {
                say(&mut stderr, remark);
            }
            Ok(config)
        }
        Err(problems) => {
            say(&mut stderr, "countersign: the configuration is wrong; nothing was started");
            say(&mut stderr, problems.to_string().trim_end());
            say(&mut stderr, "`countersign guard --help` describes every setting.");
            Err(ExitCode::from(WRONG))
        }
    }
}

/// The error with what caused it, on one line.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let levels = iter::successors(Some(error), |error| (*error).source());
    levels.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
