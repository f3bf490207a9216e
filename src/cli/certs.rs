//! `countersign certs dev`: a PKI to develop with.

// The doc comments of flags are printed as plain text by `--help`.
#![allow(clippy::doc_markdown)]

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::role::chain;
use super::say;
use crate::devcerts::{CLIENT_ID, DevCerts};
use crate::private_file::Existing;

#[derive(Args, Debug)]
pub(super) struct CertsArgs {
    #[command(subcommand)]
    purpose: Purpose,
}

#[derive(Debug, Subcommand)]
enum Purpose {
    /// Make a CA, a server certificate and two client certificates for development.
    ///
    /// P-256 keys, good for 90 days, readable by their owner alone. The CA's own key is not kept. Never for production.
    Dev(DevArgs),
}

#[derive(Args, Debug)]
struct DevArgs {
    /// Directory to write to; made if it is missing.
    #[arg(long, value_name = "DIRECTORY", default_value = "certs/dev")]
    out: PathBuf,

    /// One more DNS name or address for the server certificate, beside localhost, 127.0.0.1 and ::1.
    #[arg(long, value_name = "NAME")]
    name: Vec<String>,

    /// Replace files that are already there.
    #[arg(long)]
    force: bool,
}

/// Writes the files and says what to run next.
pub(super) fn run(args: &CertsArgs) -> ExitCode {
    let Purpose::Dev(args) = &args.purpose;
    match write(args) {
        Ok(paths) => {
            let mut stdout = io::stdout().lock();
            for path in paths {
                say(&mut stdout, format_args!("wrote {}", path.display()));
            }
            say(&mut stdout, next(&args.out));
            ExitCode::SUCCESS
        }
        Err(reason) => {
            say(&mut io::stderr(), format_args!("countersign certs dev: {reason}"));
            ExitCode::FAILURE
        }
    }
}

fn write(args: &DevArgs) -> Result<Vec<PathBuf>, String> {
    let existing = if args.force { Existing::Replace } else { Existing::Refuse };
    let certs = DevCerts::new(&args.name).map_err(|error| format!("make certificates: {}", chain(&error)))?;
    certs.write(&args.out, existing).map_err(|error| match existing {
        Existing::Refuse => format!("{}; --force replaces what is there", chain(&error)),
        Existing::Replace => chain(&error),
    })
}

fn next(out: &Path) -> String {
    let out = out.display();
    format!(
        "\nFor development only. A guard that uses them:\n  \
         countersign secret --out {out}/webhook.secret\n  \
         countersign guard --upstream http://127.0.0.1:3000 --tls-cert {out}/server.pem --tls-key {out}/server.key \\\n    \
         --client-ca {out}/ca.pem --client-identity URI:{CLIENT_ID} \\\n    \
         --scheme standard-webhooks --secret-file {out}/webhook.secret"
    )
}
