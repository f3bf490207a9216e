//! The signer beside an app that emits webhooks, from a file such as
//! `countersign signer --config` takes.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use countersign::cli;
use countersign::clock::SystemClock;
use countersign::config::Environment;
use countersign::signer::{self, Running};

use crate::client::Failure;

/// Starts it with three endpoints: the guard; the guard, signed to with a
/// secret that it does not know; and the guard by a name, without leave to
/// connect to what is not public.
pub(crate) fn start(directory: &Path, guard: SocketAddr) -> Result<Running, Failure> {
    let file = directory.join("signer.toml");
    let endpoint = |name: &str, host: &str, secret: &str| {
        let (dir, port) = (directory.display(), guard.port());
        format!(
            "[[endpoint]]\n\
             name = \"{name}\"\n\
             endpoint = \"https://{host}:{port}/hooks\"\n\
             secret-file = ['{dir}/{secret}']\n\
             ca = '{dir}/ca.pem'\n\
             cert = '{dir}/client.pem'\n\
             key = '{dir}/client.key'\n"
        )
    };
    let allowed = "allow-destination = [\"127.0.0.1/32\"]\n\n";
    let endpoints: [&str; 5] = [
        &endpoint("guard", "127.0.0.1", "webhook.secret"),
        allowed,
        &endpoint("other-secret", "127.0.0.1", "other.secret"),
        allowed,
        &endpoint("not-allowed", "localhost", "webhook.secret"),
    ];
    std::fs::write(&file, endpoints.concat())?;

    let config = file.display().to_string();
    #[rustfmt::skip]
    let flags = [
        "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--config", &config,
        "--log-level", "error",
    ];
    let (config, _remarks) = cli::signer_config(flags, &Environment::default())?;
    Ok(signer::start(config, Arc::new(SystemClock))?)
}
