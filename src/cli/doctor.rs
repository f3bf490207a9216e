//! `countersign doctor`: what still gets past the guards of a cluster, or of
//! manifests.

use std::io;
use std::process::ExitCode;

use clap::Args;

use super::inject::read_all;
use super::{WRONG, role, say};
use crate::injector::{Cluster, Finding, Manifests, Origin, Pairs, examine, look, read_defaults};

/// Shown below the flags.
pub(super) const EXAMPLES: &str = "\
Finds Services, hostPorts and open ports that lead past a guard, guards that only observe, pods without the sidecar that
they ask for or with a stale one, and webhooks that fail open. Reads, and changes nothing.

Examples:
  The cluster of the current context, in all namespaces:
    countersign doctor

  One namespace:
    countersign doctor --namespace payments

  Manifests, before they are applied:
    countersign doctor -f app.yaml --default image=registry.example/countersign@sha256:…

Exit codes: 0 nothing but notes; 1 something was found; 2 it could not be looked at.";

#[derive(Args, Debug)]
pub(super) struct DoctorArgs {
    /// File with manifests (YAML or JSON), or - for standard input, instead of a cluster; give it again for more.
    #[arg(short, long = "filename", value_name = "FILE")]
    filename: Vec<String>,

    /// Default of a setting, KEY=VALUE, as the injector has it; give it again for more [default: those of the cluster's
    /// injector].
    #[arg(long = "default", value_name = "KEY=VALUE")]
    defaults: Vec<String>,

    /// Namespace to look at; with files, that of objects that do not say theirs [default: all, or default].
    #[arg(short, long, value_name = "NAME")]
    namespace: Option<String>,
}

/// Prints what was found to standard output, the worst first.
pub(super) fn run(args: &DoctorArgs) -> ExitCode {
    match findings(args) {
        Ok(mut findings) => {
            findings.sort();
            findings.dedup();
            for finding in &findings {
                say(&mut io::stdout(), finding);
            }
            if findings.is_empty() {
                say(&mut io::stdout(), "nothing found");
            }
            if findings.iter().any(Finding::is_trouble) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
        }
        Err(problems) => {
            for problem in problems {
                say(&mut io::stderr(), format_args!("countersign doctor: {problem}"));
            }
            ExitCode::from(WRONG)
        }
    }
}

fn findings(args: &DoctorArgs) -> Result<Vec<Finding>, Vec<String>> {
    let namespace = args.namespace.as_deref();
    let (objects, origin, theirs) = if args.filename.is_empty() {
        let Cluster { objects, defaults, sees_webhooks } = ask(namespace).map_err(|problem| vec![problem])?;
        (objects, Origin::Cluster { sees_webhooks }, defaults)
    } else {
        let objects: Manifests = read_all(&args.filename).map_err(|problem| vec![problem])?;
        (objects, Origin::Files, vec![])
    };
    let texts = if args.defaults.is_empty() { &theirs } else { &args.defaults };
    let defaults: Pairs = read_defaults(texts)?;
    Ok(examine(&objects, origin, namespace.unwrap_or("default"), &defaults))
}

#[tokio::main(flavor = "current_thread")]
async fn ask(namespace: Option<&str>) -> Result<Cluster, String> {
    look(namespace).await.map_err(|error| format!("ask the cluster: {}", role::chain(&error)))
}
