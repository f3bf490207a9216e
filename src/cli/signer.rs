//! `countersign signer`: run until told to stop.

use std::process::ExitCode;
use std::sync::Arc;

use super::role::{self, Up};
use crate::clock::SystemClock;
use crate::config::{Environment, Role, SignerArgs, SignerConfig};
use crate::signer;

/// Shown below the flags.
pub(super) const EXAMPLES: &str = "\
Examples:
  One consumer, over mutual TLS. The app posts to http://127.0.0.1:8787/:
    countersign signer --endpoint https://consumer.example/hooks \
      --secret-file consumer.secret --cert sender.pem --key sender.key

  A consumer that is moving from GitHub's way of signing to Standard Webhooks,
  while secrets rotate:
    countersign signer --endpoint https://consumer.example/hooks \
      --scheme standard-webhooks --scheme github \
      --secret-file standard-webhooks=new.secret \
      --secret-file standard-webhooks=old.secret --secret-file github=legacy.secret

  A guard in the same cluster, under an internal CA:
    countersign signer --endpoint https://guard.apps.svc:8843/hooks \
      --allow-destination 10.0.0.0/8 --ca internal-ca.pem \
      --cert sender.pem --key sender.key --secret-file guard.secret

  Several consumers, chosen by path (/e/NAME) or by Countersign-Endpoint: NAME:
    countersign signer --config signer.toml

    # signer.toml
    [[endpoint]]
    name = \"billing\"
    endpoint = \"https://billing.example/hooks\"
    secret-file = [\"billing.secret\"]
    auth = \"bearer\"
    auth-secret-file = \"billing.token\"

    [[endpoint]]
    name = \"orders\"
    endpoint = \"https://orders.example/in\"
    secret-env = \"ORDERS_SECRET\"
    rate-limit = \"100/s\"

Exit codes: 0 stopped by a signal; 1 failed; 2 wrong configuration, of which
every problem is shown and nothing listens.";

/// Checks everything, then listens.
pub(super) fn run(args: &SignerArgs, environment: &Environment) -> ExitCode {
    let config = match configure(args, environment) {
        Ok(config) => config,
        Err(code) => return code,
    };
    let log = config.log.clone();
    role::run_until_signal(Role::Signer, &log, || async move {
        Ok(Up { running: signer::start(config, Arc::new(SystemClock))?, reloading: None })
    })
}

/// The trusted configuration, or the exit code.
pub(super) fn configure(args: &SignerArgs, environment: &Environment) -> Result<SignerConfig, ExitCode> {
    role::configured(Role::Signer, SignerConfig::from_args(args, environment))
}
