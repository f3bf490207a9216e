//! `countersign guard`: run until told to stop.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::reload::Reloading;
use super::role::{self, Up};
use crate::clock::{Clock as _, SystemClock, UnixTime};
use crate::config::{BootFence, Environment, GuardArgs, GuardConfig, Role, Stamps};
use crate::guard::{self, Reload};

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

/// Checks everything, then listens. `again` reads the arguments anew, with the
/// file that they name.
pub(super) fn run(
    args: &GuardArgs,
    environment: &Environment,
    again: impl Fn() -> Result<GuardArgs, String> + Send + Sync + 'static,
) -> ExitCode {
    let began = SystemClock.now();
    let config = match configure(args, environment) {
        Ok(config) => config,
        Err(code) => return code,
    };
    let log = config.log.clone();
    let (files, environment) = (config.files.clone(), environment.clone());
    role::run_until_signal(Role::Guard, &log, || async move {
        if config.ledger.boot_fence == BootFence::On {
            pass_the_fence(began).await;
        }
        let (running, reload) = guard::start(config, Arc::new(SystemClock), began).await?;
        if let Some(control) = running.control_address() {
            tracing::info!(%control, "the control socket is open");
        }
        let take = move || take(again(), &environment, &reload);
        Ok(Up { running, reloading: Some(Reloading::new(files, take)) })
    })
}

/// Puts in force what is configured now. Tells what became of it, and gives the
/// files that it came from if it was taken.
fn take(args: Result<GuardArgs, String>, environment: &Environment, reload: &Reload) -> Option<Stamps> {
    let read = args.and_then(|args| {
        GuardConfig::from_args(&args, environment, SystemClock.now()).map_err(|all| all.to_string())
    });
    let (config, remarks) = match read {
        Ok(read) => read,
        Err(problems) => {
            let problems: Vec<String> = problems.lines().map(str::to_owned).collect();
            reload.refuse(&problems);
            for problem in problems {
                tracing::error!(problem, "the new configuration is wrong: the old one stays in force");
            }
            return None;
        }
    };
    let files = config.files.clone();
    match reload.apply(config) {
        Ok(after_a_restart) => {
            for remark in remarks {
                if remark.is_warning() {
                    tracing::warn!(%remark, "a remark on the new configuration");
                } else {
                    tracing::info!(%remark, "a remark on the new configuration");
                }
            }
            for setting in after_a_restart {
                tracing::warn!(setting, "a changed setting takes a restart: the old value stays in force");
            }
            Some(files)
        }
        Err(error) => {
            let error = role::chain(&error);
            reload.refuse(std::slice::from_ref(&error));
            tracing::error!(error, "the new configuration cannot be used: the old one stays in force");
            None
        }
    }
}

/// Waits for the end of the second in which the process began.
///
/// What was signed in that second is refused, because a process before this
/// one may have seen it. Nobody meets that refusal who cannot connect yet.
async fn pass_the_fence(began: UnixTime) {
    while SystemClock.now().as_secs() <= began.as_secs() {
        let into_second = began.as_millis() % 1000;
        sleep(Duration::from_millis(1000 - into_second)).await;
    }
}

/// The trusted configuration, or the exit code.
pub(super) fn configure(args: &GuardArgs, environment: &Environment) -> Result<GuardConfig, ExitCode> {
    role::configured(Role::Guard, GuardConfig::from_args(args, environment, SystemClock.now()))
}
