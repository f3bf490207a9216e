//! `countersign schemes`: the presets, and what is on the wire with each.
//!
//! Everything said is read from the rows themselves. `docs/schemes.md` is what
//! `--markdown` prints.

mod markdown;

use std::fmt::Write as _;
use std::io;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Map, Value, json};

use super::{WRONG, say};
use crate::config::preset_named;
use crate::schemes::describe::{describe, signature_header};
use crate::schemes::{Mechanism, Preset, presets};

/// Shown below the flags.
pub(super) const EXAMPLES: &str = "\
Examples:
  countersign schemes                 every scheme, a line each
  countersign schemes stripe          what Stripe sends, and what a guard makes of it
  countersign schemes --json | jq -r '.[] | select(.id != \"none is signed\") | .name'";

#[derive(Args, Debug)]
pub(super) struct SchemesArgs {
    /// Scheme to show in full; without one, all are listed.
    #[arg(value_name = "SCHEME")]
    name: Option<String>,

    /// Print JSON: an object for one scheme, an array of such objects for all.
    #[arg(long)]
    json: bool,

    /// Print the page docs/schemes.md, of all schemes.
    #[arg(long, conflicts_with_all = ["name", "json"])]
    markdown: bool,
}

/// Prints what was asked for.
pub(super) fn run(args: &SchemesArgs) -> ExitCode {
    let mut stdout = io::stdout().lock();
    let Some(name) = args.name.as_deref() else {
        match (args.markdown, args.json) {
            (true, _) => say(&mut stdout, markdown::page().trim_end()),
            (false, true) => {
                say(
                    &mut stdout,
                    format_args!("{:#}", presets().iter().copied().map(as_json).collect::<Value>()),
                );
            }
            (false, false) => say(&mut stdout, all().trim_end()),
        }
        return ExitCode::SUCCESS;
    };
    let preset = match preset_named(name) {
        Ok(preset) => preset,
        Err(fault) => {
            say(&mut io::stderr(), format_args!("countersign schemes: {name:?}: {fault}"));
            return ExitCode::from(WRONG);
        }
    };
    if args.json {
        say(&mut stdout, format_args!("{:#}", as_json(preset)));
    } else {
        say(&mut stdout, one(preset).trim_end());
    }
    ExitCode::SUCCESS
}

fn all() -> String {
    let column = |of: fn(&Preset) -> usize| presets().iter().copied().map(of).max().unwrap_or(0);
    let name = column(|preset| preset.name.len());
    let header = column(|preset| known_by(preset).len());
    let mut text = String::new();
    for preset in presets() {
        let _ = writeln!(text, "{:name$}  {:header$}  {}", preset.name, known_by(preset), preset.provider);
    }
    text
}

fn one(preset: &Preset) -> String {
    let mut text = format!("{}: {}\n{}\n\n", preset.name, preset.provider, preset.documentation);
    let facts = describe(preset);
    let width = facts.iter().map(|fact| fact.name.len()).max().unwrap_or(0);
    for fact in &facts {
        let _ = writeln!(text, "  {:width$}  {}", fact.name, fact.text);
    }
    let _ = write!(text, "\nFor example:\n");
    for line in examples(preset) {
        let _ = writeln!(text, "  {line}");
    }
    text
}

fn as_json(preset: &Preset) -> Value {
    let facts = describe(preset).into_iter().map(|fact| (fact.name.to_owned(), Value::from(fact.text)));
    let mut object = Map::from_iter([
        ("name".to_owned(), json!(preset.name)),
        ("provider".to_owned(), json!(preset.provider)),
        ("documentation".to_owned(), json!(preset.documentation)),
        ("examples".to_owned(), json!(examples(preset))),
    ]);
    object.extend(facts);
    Value::Object(object)
}

/// The header, or where else the signature is.
fn known_by(preset: &Preset) -> String {
    signature_header(preset).map_or_else(|| "(in the body)".to_owned(), |name| name.to_string())
}

/// A guard, and where we can sign as the sender does, a request to it by hand.
fn examples(preset: &Preset) -> Vec<String> {
    let name = preset.name;
    let url = format!("https://localhost:8843/hooks/{name}");
    let public = if preset.mechanism.signs_url() { format!(" --public-url {url}") } else { String::new() };
    let guard = format!(
        "countersign guard --upstream http://127.0.0.1:3000 --tls-cert server.pem --tls-key server.key \
         --client-auth off --scheme {name} --secret-file {name}.secret --path /hooks/{name}{public}"
    );
    let send = |data: &str| {
        format!(
            "countersign send {url} --ca ca.pem --scheme {name} --secret-file {name}.secret --data {data}"
        )
    };
    let send = match &preset.mechanism {
        Mechanism::Template(_)
        | Mechanism::HttpSignatures(_)
        | Mechanism::Cavage(_)
        | Mechanism::Token(_) => Some(send("'{}'")),
        Mechanism::Form(_) => Some(send("a=b -H 'Content-Type: application/x-www-form-urlencoded'")),
        // Its signature is made by the provider's own service.
        Mechanism::Mailgun | Mechanism::ClientState | Mechanism::Jwt(_) => None,
    };
    [Some(guard), send].into_iter().flatten().collect()
}
