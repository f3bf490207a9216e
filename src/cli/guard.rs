//! `countersign guard`: run until told to stop.

use std::error::Error;
use std::io;
use std::iter;
use std::process::ExitCode;

use super::{WRONG, say};
use crate::config::{Environment, GuardArgs, GuardConfig};

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

/// Checks everything, then listens.
pub(super) fn run(args: &GuardArgs, environment: &Environment) -> ExitCode {
    let config = match configure(args, environment) {
        Ok(config) => config,
        Err(code) => return code,
    };
    match crate::guard::run_until_signal(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&mut io::stderr(), format_args!("countersign guard: {}", chain(&error)));
            ExitCode::FAILURE
        }
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
