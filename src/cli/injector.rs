//! `countersign injector`: run until told to stop.

use std::process::ExitCode;
use std::sync::Arc;

use super::reload::Reloading;
use super::role::{self, Up};
use crate::clock::SystemClock;
use crate::config::{Environment, InjectorArgs, InjectorConfig, Role, Stamps};
use crate::injector::{self, Reload, read_defaults};

/// Shown below the flags.
pub(super) const EXAMPLES: &str = "\
Examples:
  As the chart starts it, with a CA and a certificate of its own:
    countersign injector --webhook-configuration countersign-injector \\
      --default image=registry.example/countersign:1.0.0

  With a certificate that cert-manager makes and mounts, and tells the API
  server of:
    countersign injector --tls-cert /tls/tls.crt --tls-key /tls/tls.key \\
      --default image=registry.example/countersign:1.0.0

Outside a pod it finds the API server by KUBECONFIG or ~/.kube/config, and
needs --namespace.

Exit codes: 0 stopped by a signal; 1 failed; 2 wrong configuration, of which
every problem is shown and nothing listens.";

/// Checks everything, then listens.
pub(super) fn run(args: &InjectorArgs, environment: &Environment) -> ExitCode {
    let config = match configure(args, environment) {
        Ok(config) => config,
        Err(code) => return code,
    };
    let log = config.log.clone();
    role::run_until_signal(Role::Injector, &log, || async move {
        let files = config.files.clone();
        let access = kube::Config::infer().await?;
        let (running, reload) = injector::start(config, access, Arc::new(SystemClock)).await?;
        let reloading = reload.map(|reload| Reloading::new(files, move || take(&reload)));
        Ok(Up { running, reloading })
    })
}

/// Shows the mounted certificate as it is now. Gives the files that it came
/// from if it was taken.
fn take(reload: &Reload) -> Option<Stamps> {
    match reload.apply() {
        Ok(files) => {
            tracing::info!("took the new certificate");
            Some(files)
        }
        Err(error) => {
            let error = role::chain(&error);
            tracing::error!(error, "the new certificate cannot be used: the old one is shown");
            None
        }
    }
}

/// The trusted configuration, or the exit code.
pub(super) fn configure(args: &InjectorArgs, environment: &Environment) -> Result<InjectorConfig, ExitCode> {
    let config = role::configured(Role::Injector, InjectorConfig::from_args(args, environment))?;
    match read_defaults(&config.defaults) {
        Ok(_) => Ok(config),
        Err(problems) => Err(role::wrong(Role::Injector, &problems.join("\n"))),
    }
}
