//! `countersign inject`: what the injector would make of manifests.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;

use clap::Args;

use super::{WRONG, say};
use crate::injector::{Manifests, Report, inject, read_defaults};

/// Shown below the flags.
pub(super) const EXAMPLES: &str = "\
Examples:
  See what a Deployment becomes:
    countersign inject -f deployment.yaml --default image=registry.example/countersign@sha256:…

  Inject without the webhook:
    countersign inject -f app.yaml --default image=… | kubectl apply -f -

Exit codes: 0 done; 1 the injector would refuse a pod; 2 a file or a default is wrong. Nothing is printed then.";

#[derive(Args, Debug)]
pub(super) struct InjectArgs {
    /// File with manifests (YAML or JSON), or - for standard input; give it again for more.
    #[arg(short, long = "filename", value_name = "FILE", required = true)]
    filename: Vec<String>,

    /// Default of a setting, KEY=VALUE, as the injector has it; give it again for more.
    #[arg(long = "default", value_name = "KEY=VALUE")]
    defaults: Vec<String>,

    /// Namespace of objects that do not say theirs.
    #[arg(short, long, value_name = "NAME", default_value = "default")]
    namespace: String,
}

/// Prints the manifests with their sidecars to standard output, and what is to
/// be said of them to standard error.
pub(super) fn run(args: &InjectArgs) -> ExitCode {
    let mut stderr = io::stderr().lock();
    let defaults = match read_defaults(&args.defaults) {
        Ok(defaults) => defaults,
        Err(problems) => {
            for problem in problems {
                say(&mut stderr, format_args!("countersign inject: {problem}"));
            }
            return ExitCode::from(WRONG);
        }
    };
    let mut manifests = match read_all(&args.filename) {
        Ok(manifests) => manifests,
        Err(problem) => {
            say(&mut stderr, format_args!("countersign inject: {problem}"));
            return ExitCode::from(WRONG);
        }
    };
    let Report { injected, warnings, foreign, denied } = inject(&mut manifests, &args.namespace, &defaults);
    for warning in warnings.into_iter().chain(foreign) {
        say(&mut stderr, format_args!("warning: {warning}"));
    }
    for reason in &denied {
        say(&mut stderr, format_args!("denied: {reason}"));
    }
    if !denied.is_empty() {
        return ExitCode::FAILURE;
    }
    if injected.is_empty() {
        say(
            &mut stderr,
            "note: nothing asks for a sidecar: label a pod countersign.dev/inject: guard or signer",
        );
    }
    // A reader who hung up has what they wanted.
    let _ = io::stdout().lock().write_all(manifests.write().as_bytes());
    ExitCode::SUCCESS
}

/// The manifests of all `files` together.
pub(super) fn read_all(files: &[String]) -> Result<Manifests, String> {
    let mut all = Manifests::default();
    for file in files {
        let text = read(file).map_err(|error| format!("--filename {file:?}: cannot be read: {error}"))?;
        all.extend(Manifests::read(&text).map_err(|error| format!("--filename {file:?}: {error}"))?);
    }
    Ok(all)
}

fn read(file: &str) -> io::Result<String> {
    let mut text = String::new();
    let source: Box<dyn io::Read> =
        if file == "-" { Box::new(io::stdin()) } else { Box::new(fs::File::open(file)?) };
    let read = source.take(BYTES_MAX + 1).read_to_string(&mut text)?;
    if read as u64 > BYTES_MAX {
        return Err(io::Error::other(format!("is longer than {BYTES_MAX} bytes")));
    }
    Ok(text)
}

/// Far beyond what an API server keeps of one application.
const BYTES_MAX: u64 = 64 << 20;
