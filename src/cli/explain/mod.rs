//! `countersign explain`: a captured request, judged step by step, and why its
//! signature does not hold.
//!
//! Exit codes: 0 a guard would let it through to its ledger, 1 it would refuse
//! it, 2 the capture or the configuration cannot be read.
//!
//! No secret is ever printed. What a signature would have to be is printed only
//! where `--show-expected` asks for it and a person reads along: over bytes that
//! a stranger chose it is a forgery that works.

mod expected;
mod facts;
mod json;
mod steps;
mod text;

use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _};
use std::process::ExitCode;

use clap::{Args, Command, ValueEnum};

use super::{WRONG, say};
use crate::clock::{Clock as _, SystemClock, UnixTime};
use crate::config::{Environment, GuardArgs, Keying, Scrutinies, SourceConfig};
use crate::explain::{Capture, Case, Format};
use facts::{Facts, Moment};

pub(super) use facts::shown_time;

/// Shown below the flags.
pub(super) const EXAMPLES: &str = "\
Every flag and variable of the guard is taken, so that its command line can be pasted here; those that
are not shown have no meaning for a capture. No app, certificate or port is needed.

Examples:
  A request kept in a file, as it came over the wire:
    countersign explain delivery.http --scheme github --secret-file github.secret

  The third request of a browser's or proxy's export, judged at the time it says:
    countersign explain traffic.har --entry 3 --scheme stripe --secret-file stripe.secret

  A curl command line, judged as if it had just been signed:
    countersign explain - --scheme svix --secret-file svix.secret --received-at signed < line.txt

  Perhaps it is the test mode's secret?
    countersign explain delivery.http --scheme stripe --secret-file live.secret \
      --other-secret-file test.secret

Exit codes: 0 a guard would take it, as far as a capture tells; 1 it would refuse it; 2 the capture or
the configuration cannot be read.";

#[derive(Args, Debug)]
pub(super) struct ExplainArgs {
    /// File with the captured request; - reads standard input.
    #[arg(value_name = "CAPTURE", help_heading = HEADING)]
    file: String,

    /// What the file holds [default: what it looks like].
    ///
    /// `raw`: an HTTP/1.1 request, its body to the last byte. `har`: an HTTP Archive. `curl`: a command line.
    #[arg(long, value_name = "raw|har|curl", help_heading = HEADING, hide_possible_values = true)]
    format: Option<FormatWord>,

    /// Which request of a HAR file, counted from 1.
    #[arg(long, value_name = "NUMBER", help_heading = HEADING)]
    entry: Option<usize>,

    /// When it arrived: RFC 3339, unix seconds, or `signed` for the time it was signed [default: what the capture says, else now].
    #[arg(long, visible_alias = "now", value_name = "TIME", help_heading = HEADING)]
    received_at: Option<Moment>,

    /// File with a secret to try besides, of another endpoint or mode; give it again for more.
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    other_secret_file: Vec<String>,

    /// Show the signature that would hold. Only at a terminal: it is one over what a stranger sent.
    #[arg(long, conflicts_with = "json", help_heading = HEADING)]
    show_expected: bool,

    /// Print one JSON object.
    #[arg(long, help_heading = HEADING)]
    json: bool,

    #[command(flatten)]
    pub(super) guard: GuardArgs,
}

/// A word for a format.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatWord {
    Raw,
    Har,
    Curl,
}

/// Judges the capture and says why.
pub(super) fn run(args: &ExplainArgs, environment: &Environment) -> ExitCode {
    if args.show_expected && !io::stdout().is_terminal() {
        return wrong(
            "--show-expected prints to a terminal only: what it shows is a signature over what a stranger sent",
        );
    }
    let scrutinies = match Scrutinies::from_args(&args.guard, &args.other_secret_file, environment) {
        Ok((scrutinies, remarks)) => {
            for remark in remarks {
                say(&mut io::stderr(), remark);
            }
            scrutinies
        }
        Err(problems) => {
            say(&mut io::stderr(), problems.to_string().trim_end());
            return wrong("the source cannot be configured like this, and a guard would not start");
        }
    };
    let capture = match capture(args) {
        Ok(capture) => capture,
        Err(reason) => return wrong(&format!("{}: {reason}", args.file)),
    };
    let Some(scrutiny) = scrutinies.of(capture.host(), capture.path()) else {
        return wrong(&format!("no source takes {}: a guard answers no_source", capture.path()));
    };
    let mut cases: Vec<Case> =
        scrutiny.keyings.iter().map(|keying| case(&capture, keying, &scrutiny.source)).collect();
    let moment = args.received_at.unwrap_or_else(|| Moment::of(&capture, SystemClock.now()));
    let received = moment.resolve(&cases);
    for case in &mut cases {
        case.at = received.at;
    }
    let facts = Facts::gather(scrutiny, &capture, &cases, &scrutinies.others, received);
    let mut stdout = io::stdout().lock();
    if args.json {
        say(&mut stdout, format_args!("{:#}", json::shown(&facts)));
    } else {
        say(&mut stdout, text::shown(&facts).trim_end());
    }
    if args.show_expected {
        say(&mut stdout, expected::shown(&cases).trim_end());
    }
    if facts.code().is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The guard's flags that mean something here are those of the source.
pub(super) fn hide_the_rest(command: Command) -> Command {
    command.mut_args(|arg| match arg.get_help_heading() {
        Some(heading) if HIDDEN.contains(&heading) => arg.hide(true),
        _ => arg,
    })
}

fn case(capture: &Capture, keying: &Keying, source: &SourceConfig) -> Case {
    Case {
        request: capture.request.clone(),
        public_url: source.public_url.as_ref().map(|url| url.of(&capture.request.target)),
        preset: keying.preset.clone(),
        credentials: keying.credentials.clone(),
        options: keying.options.clone(),
        // Not known before all are read: it may be the time that one of them claims.
        at: UnixTime::EPOCH,
    }
}

fn capture(args: &ExplainArgs) -> Result<Capture, String> {
    let bytes = match args.file.as_str() {
        "-" => whole(io::stdin().lock()),
        path => File::open(path).map_err(|error| error.to_string()).and_then(whole),
    }?;
    let read_file = |path: &str| File::open(path).map_err(|error| error.to_string()).and_then(whole);
    Capture::read(&bytes, args.format.map(Format::from), args.entry, &read_file)
        .map_err(|error| error.to_string())
}

fn whole(from: impl io::Read) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    from.take(CAPTURE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > CAPTURE_BYTES_MAX {
        return Err(format!("it is longer than {} MiB", CAPTURE_BYTES_MAX >> 20));
    }
    Ok(bytes)
}

fn wrong(reason: &str) -> ExitCode {
    say(&mut io::stderr(), format_args!("countersign explain: {reason}"));
    ExitCode::from(WRONG)
}

impl From<FormatWord> for Format {
    fn from(word: FormatWord) -> Self {
        match word {
            FormatWord::Raw => Self::Raw,
            FormatWord::Har => Self::Har,
            FormatWord::Curl => Self::Curl,
        }
    }
}

const HEADING: &str = "Capture";

/// Headings of flags that are taken and have no meaning for a capture.
const HIDDEN: &[&str] = &[
    "Listening",
    "TLS and clients",
    "Proxies in front",
    "Set-up requests",
    "Upstream",
    "Ledger",
    "Shared ledger",
    "Captures",
    "Limits",
    "Traces",
    "Process",
];

/// Beyond the longest body that any provider sends.
const CAPTURE_BYTES_MAX: u64 = 64 << 20;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// A new section of the guard's is hidden here or has a meaning for a capture: somebody decides.
    #[test]
    fn each_section_of_the_guards_help_is_shown_or_hidden_on_purpose() {
        const SHOWN: &[&str] = &["Source", "What a signature covers", "A signature of your own", "Tokens"];
        let command = GuardArgs::augment_args(Command::new("guard"));
        let found: BTreeSet<&str> =
            command.get_arguments().filter_map(|arg| arg.get_help_heading()).collect();
        let known: BTreeSet<&str> = HIDDEN.iter().chain(SHOWN).copied().collect();
        assert_eq!(found, known);
    }
}
