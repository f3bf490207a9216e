//! `countersign send`: deliveries signed and sent by hand, for trying a guard.
//!
//! It sends what a sender would, over the signer's way out, and with `--tamper`,
//! `--age` and `--repeat` what a sender must not. Everything is bounded.
//!
//! Exit codes: 0 every answer was 2xx, 1 one was not, 2 it was not sent because
//! what was asked for is wrong.

mod curl;
mod delivery;
mod exchange;
mod report;

use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _};
use std::process::ExitCode;
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use http::{HeaderName, HeaderValue, Method};

use super::{WRONG, role, say};
use crate::clock::{Clock as _, SystemClock};
use crate::config::{
    ByHand, ByHandArgs, ClientTlsArgs, EndpointConfig, Environment, Rate, SigningArgs, read_duration,
};
use delivery::{Delivery, Tamper, Wanted};

/// Shown below the flags.
pub(super) const EXAMPLES: &str = "\
Addresses of this machine may be called without --allow-destination, and http:// to them without
--allow-plain: the URL is typed by hand. Anything else is as with the signer.

Examples:
  One delivery, to the guard of the README:
    countersign send https://localhost:8843/hooks --data '{\"hello\":\"world\"}' \\
      --secret-file certs/dev/webhook.secret \\
      --ca certs/dev/ca.pem --cert certs/dev/client.pem --key certs/dev/client.key

  The same twice, of which the second is a replay; one that is too old; one that was changed on its way:
    countersign send … --repeat 2
    countersign send … --age 10m
    countersign send … --tamper body

  A hundred, ten a second:
    countersign send … --count 100 --rate 10/s

  A line to give to somebody else, good for as long as the signature is fresh:
    countersign send … --dry-run

Exit codes: 0 every answer was 2xx; 1 one was not, or there was none; 2 nothing was sent.";

#[derive(Args, Debug)]
pub(super) struct SendArgs {
    /// Where to send it: https://host/path.
    #[arg(value_name = "URL", help_heading = DELIVERY)]
    url: String,

    /// The body, as text.
    #[arg(long, value_name = "TEXT", conflicts_with = "data_file", help_heading = DELIVERY)]
    data: Option<String>,

    /// File with the body [default: standard input].
    #[arg(long, value_name = "FILE", help_heading = DELIVERY)]
    data_file: Option<String>,

    /// A further field, as `Name: value`; give it again for more [default: Content-Type: application/json].
    #[arg(short = 'H', long, value_name = "FIELD", help_heading = DELIVERY)]
    header: Vec<String>,

    /// The method.
    #[arg(short = 'X', long, value_name = "METHOD", default_value = "POST", help_heading = DELIVERY)]
    method: Method,

    /// The message id, in schemes that sign one [default: a new one for each delivery].
    #[arg(long, value_name = "ID", help_heading = DELIVERY)]
    id: Option<String>,

    /// How long it may take, to the last byte of the answer [default: 15s].
    #[arg(long, value_name = "DURATION", help_heading = DELIVERY)]
    timeout: Option<String>,

    /// Network that may be called although it is not public; give it again for more [default: this machine's own].
    #[arg(long, value_name = "CIDR", help_heading = DELIVERY)]
    allow_destination: Vec<String>,

    /// Take an http:// URL of another machine too: anyone can read on the way.
    #[arg(long, help_heading = DELIVERY)]
    allow_plain: bool,

    /// HTTP proxy to connect through: http://host:port.
    #[arg(long, value_name = "URL", help_heading = DELIVERY)]
    https_proxy: Option<String>,

    /// Change one thing after signing: a guard must refuse it.
    #[arg(long, value_name = "body|signature|timestamp|id", help_heading = TRYING, hide_possible_values = true)]
    tamper: Option<Tamper>,

    /// Sign as if that long ago, such as 10m.
    #[arg(long, value_name = "DURATION", value_parser = read_duration, help_heading = TRYING)]
    age: Option<Duration>,

    /// Send each delivery as often, byte for byte: all but the first are replays.
    #[arg(long, value_name = "NUMBER", default_value = "1", value_parser = number(), help_heading = TRYING)]
    repeat: u32,

    /// Send as many deliveries, each signed anew.
    #[arg(long, value_name = "NUMBER", default_value = "1", value_parser = number(), help_heading = TRYING)]
    count: u32,

    /// How fast, such as 10/s [default: one after the other].
    #[arg(long, value_name = "RATE", help_heading = TRYING)]
    rate: Option<Rate>,

    /// Send nothing: print a curl command line that does.
    #[arg(long, conflicts_with_all = ["repeat", "count", "rate", "json"], help_heading = TRYING)]
    dry_run: bool,

    /// Print a JSON object for each answer, and one for all.
    #[arg(long, help_heading = TRYING)]
    json: bool,

    #[command(flatten)]
    signing: SigningArgs,
    #[command(flatten)]
    tls: ClientTlsArgs,
}

/// Signs, sends and says what came back.
pub(super) fn run(args: &SendArgs, environment: &Environment) -> ExitCode {
    match prepare(args, environment) {
        Ok(prepared) if args.dry_run => dry_run(args, &prepared),
        Ok(prepared) => exchange::run(args, &prepared),
        Err(reason) => wrong(&reason),
    }
}

/// Everything that can be refused before anything is sent.
struct Prepared {
    endpoint: EndpointConfig,
    wanted: Wanted,
}

fn prepare(args: &SendArgs, environment: &Environment) -> Result<Prepared, String> {
    let by_hand = ByHandArgs {
        url: args.url.clone(),
        allow_destination: args.allow_destination.clone(),
        allow_plain: args.allow_plain,
        https_proxy: args.https_proxy.clone(),
        timeout: args.timeout.clone(),
        signing: args.signing.clone(),
        tls: args.tls.clone(),
    };
    let read = ByHand::from_args(&by_hand, environment);
    let (ByHand(endpoint), remarks) = read.map_err(|problems| problems.to_string().trim_end().to_owned())?;
    for remark in remarks {
        say(&mut io::stderr(), remark);
    }
    let wanted = Wanted {
        method: args.method.clone(),
        url: args.url.clone(),
        target: endpoint.egress.destination.base().clone(),
        fields: fields(&args.header)?,
        body: body(args)?,
        id: args.id.clone(),
        age: args.age.unwrap_or_default(),
        tamper: args.tamper,
    };
    Ok(Prepared { endpoint, wanted })
}

/// As given, with the type that nearly every webhook has where none is.
fn fields(lines: &[String]) -> Result<Vec<(HeaderName, HeaderValue)>, String> {
    let mut fields = Vec::new();
    for line in lines {
        let read = line.split_once(':').and_then(|(name, value)| {
            Some((
                HeaderName::from_bytes(name.trim().as_bytes()).ok()?,
                HeaderValue::from_str(value.trim()).ok()?,
            ))
        });
        fields.push(read.ok_or_else(|| format!("-H {line:?}: expected a field, such as 'X-Event: paid'"))?);
    }
    if !fields.iter().any(|(name, _)| *name == http::header::CONTENT_TYPE) {
        fields.push((http::header::CONTENT_TYPE, HeaderValue::from_static("application/json")));
    }
    Ok(fields)
}

fn body(args: &SendArgs) -> Result<Bytes, String> {
    match (&args.data, args.data_file.as_deref()) {
        (Some(text), _) => Ok(Bytes::from(text.clone())),
        (None, Some(path)) if path != "-" => {
            let file = File::open(path).map_err(|error| format!("--data-file {path}: {error}"))?;
            whole(file).map_err(|reason| format!("--data-file {path}: {reason}"))
        }
        (None, None) if io::stdin().is_terminal() => {
            Err("there is no body: give --data TEXT, --data-file FILE, or standard input".to_owned())
        }
        (None, _) => whole(io::stdin().lock()).map_err(|reason| format!("standard input: {reason}")),
    }
}

fn whole(from: impl io::Read) -> Result<Bytes, String> {
    let mut bytes = Vec::new();
    from.take(BODY_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > BODY_BYTES_MAX {
        return Err(format!("it is longer than {} MiB", BODY_BYTES_MAX >> 20));
    }
    Ok(bytes.into())
}

fn dry_run(args: &SendArgs, prepared: &Prepared) -> ExitCode {
    let made = Delivery::sign(&prepared.endpoint.schemes, &prepared.wanted, SystemClock.now());
    let file = args.data_file.as_deref().filter(|path| *path != "-" && args.tamper != Some(Tamper::Body));
    match made.and_then(|delivery| curl::line(&delivery, &prepared.wanted, &args.tls, file)) {
        Ok(line) => {
            say(&mut io::stdout(), line);
            ExitCode::SUCCESS
        }
        Err(reason) => wrong(&reason),
    }
}

fn wrong(reason: &str) -> ExitCode {
    say(&mut io::stderr(), format_args!("countersign send: {reason}"));
    ExitCode::from(WRONG)
}

fn number() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=NUMBER_MAX)
}

const DELIVERY: &str = "Delivery";
const TRYING: &str = "Trying a guard";

/// A tool for trying, not for load.
const NUMBER_MAX: i64 = 10_000;

/// Beyond the longest body that any provider sends.
const BODY_BYTES_MAX: u64 = 64 << 20;
