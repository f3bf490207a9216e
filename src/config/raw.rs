//! The guard's configuration as people write it: one text per flag, not yet
//! read.
//!
//! No value is checked here, so that a wrong one is reported together with all
//! the others instead of ending the program by itself. The doc comments are the
//! manual (`--help`); `docs/configuration.md` is held against them by a test.

// The doc comments of flags are printed as plain text by `--help`.
#![allow(clippy::doc_markdown)]

use std::ffi::OsString;

use clap::{Args, Command, FromArgMatches as _};

use super::config_file::ConfigFile;
use super::environment::{Environment, Role};
use super::raw_coverage::CoverageArgs;
use super::raw_token::TokenArgs;
use crate::schemes;

/// Everything that `countersign guard` can be told.
#[derive(Args, Clone, Debug)]
#[allow(missing_docs)]
pub struct GuardArgs {
    #[command(flatten)]
    pub listening: ListeningArgs,
    #[command(flatten)]
    pub tls: TlsArgs,
    #[command(flatten)]
    pub front: FrontArgs,
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub ledger: LedgerArgs,
    #[command(flatten)]
    pub state: StateArgs,
    #[command(flatten)]
    pub capture: CaptureArgs,
    #[command(flatten)]
    pub limits: LimitArgs,
    #[command(flatten)]
    pub traces: TraceArgs,
    #[command(flatten)]
    pub process: ProcessArgs,
    /// What `--config` holds, read once.
    #[arg(skip)]
    pub file: Option<ConfigFile>,
}

impl GuardArgs {
    /// Reads `flags`, such as `--plain`, with what the environment and the
    /// file of `--config` add: as `countersign guard` does.
    pub fn from_flags<T: Into<OsString> + Clone>(
        flags: impl IntoIterator<Item = T>,
        environment: &Environment,
    ) -> Result<Self, clap::Error> {
        let flags: Vec<T> = flags.into_iter().collect();
        let command = || Self::augment_args(Command::new("guard").no_binary_name(true));
        let matches = environment.overlay(Role::Guard, command()).try_get_matches_from(flags.clone())?;
        let args = Self::from_arg_matches(&matches)?;
        let Some(file) = args.read_file() else { return Ok(args) };
        let command = environment.overlay(Role::Guard, file.overlay(command()));
        let args = Self::from_arg_matches(&command.try_get_matches_from(flags)?)?;
        Ok(Self { file: Some(file), ..args })
    }

    /// The file of `--config`, where one is named.
    pub(crate) fn read_file(&self) -> Option<ConfigFile> {
        let path = self.listening.config.as_deref()?;
        Some(ConfigFile::read(path, Self::of_the_process(), SOURCE, &SourceArgs::names()))
    }

    /// The names of all flags, without the dashes.
    pub fn names() -> Vec<String> {
        long_names(&Self::augment_args(Command::new("guard")))
    }

    /// The names of the settings that a file has above its sources.
    fn of_the_process() -> Vec<String> {
        let of_a_source = SourceArgs::names();
        Self::names().into_iter().filter(|name| name != "config" && !of_a_source.contains(name)).collect()
    }
}

/// What a source is called in a file.
pub(super) const SOURCE: &str = "source";

/// The names of a command's flags, without the dashes.
pub(super) fn long_names(command: &Command) -> Vec<String> {
    command.get_arguments().filter_map(|arg| arg.get_long().map(str::to_owned)).collect()
}

/// Where people find every scheme there is.
pub(super) const SCHEMES: &str = "`countersign schemes` lists them";

/// Every handshake there is, likewise.
pub(super) fn handshake_names() -> String {
    schemes::Handshake::ALL.map(schemes::Handshake::name).join(", ")
}

/// Where the guard listens.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Listening")]
pub struct ListeningArgs {
    /// Address and port where deliveries arrive.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "0.0.0.0:8843")]
    pub listen: String,

    /// Address and port of /livez, /readyz, /metrics and /buildinfo.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9843")]
    pub admin_listen: String,

    /// Unix socket, or loopback address and port, where `countersign status` asks [default: none].
    ///
    /// Shows sources, last codes, rates, certificates, reloads and recent refusals. The socket is made with mode 0600.
    /// At a loopback address every user of the machine can read it.
    #[arg(long, value_name = "PATH|ADDRESS:PORT")]
    pub control_socket: Option<String>,

    /// Speak plain HTTP/1.1 and HTTP/2 instead of TLS.
    ///
    /// For a guard behind something that ends TLS itself. Excludes every flag of the next section.
    #[arg(long, value_name = "on|off", num_args = 0..=1, require_equals = true, default_missing_value = "on", default_value = "off")]
    pub plain: String,

    /// File of several sources (TOML), instead of the flags of one.
    ///
    /// Each `[[source]]` has the settings of the sections Source and Upstream, without the dashes in front. Above them
    /// stand the settings of the process, for which a flag and its variable win over the file.
    #[arg(long, value_name = "FILE")]
    pub config: Option<String>,
}

/// The server's certificate and what is asked of clients.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "TLS and clients")]
pub struct TlsArgs {
    /// Certificate chain of the guard, leaf first (PEM).
    #[arg(long, value_name = "FILE")]
    pub tls_cert: Option<String>,

    /// Private key of that certificate (PEM: PKCS#8, PKCS#1 or SEC1).
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<String>,

    /// The oldest TLS version spoken [default: 1.3].
    #[arg(long, value_name = "1.3|1.2")]
    pub tls_min: Option<String>,

    /// CA certificates that client certificates must chain to (PEM).
    #[arg(long, value_name = "FILE")]
    pub client_ca: Option<String>,

    /// Whether clients must show a certificate [default: required].
    ///
    /// `required`: no handshake without a trusted one. `optional`: a client without one is served, but has no
    /// identity. `off`: none is asked for.
    #[arg(long, value_name = "required|optional|off")]
    pub client_auth: Option<String>,

    /// Revocation list for client certificates (PEM); give it again for more.
    ///
    /// With any given, a certificate whose revocation status is unknown is refused.
    #[arg(long, value_name = "FILE")]
    pub client_crl: Vec<String>,
}

/// Proxies in front of the guard.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Proxies in front")]
pub struct FrontArgs {
    /// Address or network whose connections begin with a PROXY protocol header, version 1 or 2; give it again for more.
    ///
    /// They must: a connection of theirs without one is closed. The header of anybody else is not read.
    #[arg(long, value_name = "CIDR")]
    pub proxy_protocol: Vec<String>,

    /// Address or network of proxies whose fields say who the client is; give it again for more.
    #[arg(long, value_name = "CIDR")]
    pub trusted_proxy: Vec<String>,

    /// The one field in which trusted proxies tell the client's address; the other is dropped.
    ///
    /// The right-most hop that is no trusted proxy counts.
    #[arg(long, value_name = "x-forwarded-for|forwarded")]
    pub client_address_header: Option<String>,

    /// Take client identities from the Client-Cert field (RFC 9440) of trusted proxies, who have checked the certificate.
    #[arg(long, value_name = "on|off", num_args = 0..=1, require_equals = true, default_missing_value = "on", default_value = "off")]
    pub client_cert_header: String,
}

/// One sender that the guard accepts, and its app. Nothing has a default here:
/// what was not given can be told from what was. A source in a file has the
/// same settings under the same names.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct SourceArgs {
    #[command(flatten)]
    pub sender: SenderArgs,
    #[command(flatten)]
    pub coverage: CoverageArgs,
    #[command(flatten)]
    pub signature: SignatureArgs,
    #[command(flatten)]
    pub handshake: HandshakeArgs,
    #[command(flatten)]
    pub token: TokenArgs,
    #[command(flatten)]
    pub upstream: UpstreamArgs,
}

impl SourceArgs {
    /// Reads `flags` as they come out of a file.
    pub(super) fn from_file(flags: &[String]) -> Result<Self, clap::Error> {
        let command = Self::augment_args(Command::new("source").no_binary_name(true));
        Self::from_arg_matches(&command.try_get_matches_from(flags)?)
    }

    /// The names of its flags, without the dashes.
    pub(super) fn names() -> Vec<String> {
        long_names(&Self::augment_args(Command::new("source")))
    }

    /// Whether nothing at all was said.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The sender: how it signs and what it may send.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "Source")]
pub struct SenderArgs {
    /// How the sender signs; give it again for more, all of which must hold.
    #[arg(
        long,
        value_name = "SCHEME",
        help = "How the sender signs, such as standard-webhooks, github or stripe; give it again for more, all of which must hold; `countersign schemes` lists them"
    )]
    pub scheme: Vec<String>,

    /// Name of the source in headers, logs, metrics and the ledger [default: the scheme's name].
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,

    /// What becomes of a delivery that is refused [default: enforce].
    ///
    /// `enforce`: it does not reach the app. `observe`: it is counted and logged, and forwarded all the same, with
    /// `Countersign-Class: observed:` and the code. To learn what would be refused; nothing is protected meanwhile.
    #[arg(long, value_name = "enforce|observe")]
    pub mode: Option<String>,

    /// File with a signing secret; give it again while secrets rotate, the new one behind: each is a slot, counted from 0.
    ///
    /// One line end at its end is not part of the secret. In schemes whose messages name their key, KEYID=FILE
    /// says which one this is. With several schemes each secret is kept to one: SCHEME=FILE, SCHEME=KEYID=FILE.
    #[arg(long, value_name = "FILE")]
    pub secret_file: Vec<String>,

    /// Name of an environment variable with a signing secret; give it again for more.
    ///
    /// Tried after the secrets from files. KEYID= and SCHEME= before it as for those.
    #[arg(long, value_name = "NAME")]
    pub secret_env: Vec<String>,

    /// From when on a secret counts, such as 1=2026-12-01T00:00:00Z; give it again for more [default: always].
    ///
    /// SLOT=TIME: the slot is its number from 0 in the order of --secret-file, then --secret-env, as in
    /// countersign_verified_total; with several schemes SCHEME=SLOT=TIME, or the first one's. Judged when a delivery
    /// arrives, never by the signed time.
    #[arg(long, value_name = "SLOT=TIME")]
    pub secret_not_before: Vec<String>,

    /// Until when a secret counts, such as 0=2026-12-31T00:00:00Z; give it again for more [default: always].
    ///
    /// As for the one before. Then it verifies nothing, as if it were not there; no reload is needed for that.
    #[arg(long, value_name = "SLOT=TIME")]
    pub secret_not_after: Vec<String>,

    /// Algorithm that the sender may sign with, by its name in the scheme's standard; give it again for more [default: the scheme's].
    ///
    /// Only in schemes whose messages name their key. What a message says cannot add to it.
    #[arg(long, value_name = "ALGORITHM")]
    pub algorithm: Vec<String>,

    /// Take secrets shorter than 24 bytes [default: off].
    #[arg(long, value_name = "on|off", num_args = 0..=1, require_equals = true, default_missing_value = "on")]
    pub allow_weak_secret: Option<String>,

    /// How far the signed time may be from now, in both directions, such as 5m [default: the scheme's].
    #[arg(long, value_name = "DURATION")]
    pub tolerance: Option<String>,

    /// The URL as the sender has it, for schemes that sign it.
    ///
    /// https://host, which the path and query of each request follow, or https://host/path, which stands for the
    /// path and is followed by the query alone. Never taken from what a client says.
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,

    /// Take a secret that another source of the file has too [default: off].
    #[arg(long, value_name = "on|off", num_args = 0..=1, require_equals = true, default_missing_value = "on")]
    pub allow_shared_secret: Option<String>,

    /// Host that takes deliveries, without a port; give it again for more [default: any].
    ///
    /// Where the host of a request is named by sources, only those are asked; any other host leads to the sources
    /// that name none.
    #[arg(long, value_name = "HOST")]
    pub host: Vec<String>,

    /// Path that takes deliveries, exact (/hooks) or a prefix (/hooks/*); give it again for more [default: /*].
    #[arg(long, value_name = "PATH")]
    pub path: Vec<String>,

    /// A name that the client certificate must carry; give it again for more, of which one suffices.
    ///
    /// URI:spiffe://… or DNS:name, compared with the certificate's subject alternative names. Without any,
    /// every certificate of the CA will do.
    #[arg(long, value_name = "URI:…|DNS:…")]
    pub client_identity: Vec<String>,

    /// CA certificates under which alone clients of this source count (PEM); in a file, `client-ca` of the source.
    ///
    /// Another CA of the guard cannot vouch for names of this source then.
    #[arg(long, value_name = "FILE")]
    pub source_client_ca: Option<String>,

    /// A public key that the client must hold, such as sha256/47DEQpj8…; one of several suffices.
    #[arg(long, value_name = "PIN")]
    pub client_spki_pin: Vec<String>,

    /// Address or network that may send, such as 192.0.2.0/24; give it again for more [default: any].
    #[arg(long, value_name = "CIDR")]
    pub allow_ip: Vec<String>,

    /// File of such networks, one a line; # begins a comment.
    #[arg(long, value_name = "FILE")]
    pub allow_ip_file: Option<String>,

    /// Longest body, such as 512KiB or 1MiB [default: the scheme's].
    #[arg(long, value_name = "SIZE")]
    pub max_body: Option<String>,

    /// Verified deliveries of the source, such as 100/s, 6000/m or 10/h [default: no limit].
    ///
    /// Charged after the signature and the ledger, so that neither forged nor replayed traffic spends it.
    #[arg(long, value_name = "RATE")]
    pub rate_limit: Option<String>,

    /// How many of them may come at once [default: one second's worth].
    #[arg(long, value_name = "NUMBER")]
    pub rate_burst: Option<String>,

    /// How long the id of an accepted delivery is remembered [default: 1h].
    ///
    /// Within it a sender's own retry after a lost answer is recognised.
    #[arg(long, value_name = "DURATION")]
    pub dedupe_window: Option<String>,
}

/// What the guard answers itself when the provider sets the webhook up.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "Set-up requests")]
pub struct HandshakeArgs {
    /// Set-up requests to answer, or off [default: the scheme's].
    ///
    /// With `off`, those that are signed go to the app as deliveries, and the others are refused.
    #[arg(long, value_name = "HANDSHAKE|off", help = format!("Set-up requests to answer: {}; or off [default: the scheme's]", handshake_names()))]
    pub handshake: Option<String>,

    /// File with the verify token that was agreed on with Meta.
    #[arg(long, value_name = "FILE")]
    pub handshake_token_file: Option<String>,

    /// Name of an environment variable with the same.
    #[arg(long, value_name = "NAME")]
    pub handshake_token_env: Option<String>,

    /// File that the secret of Asana's first request is written to, unless it is there already.
    ///
    /// That request is not signed: name the file only to set a webhook up, and leave the flag out once it is.
    #[arg(long, value_name = "FILE")]
    pub handshake_secret_file: Option<String>,
}

/// How a sender signs that is in nobody's row: for --scheme hmac, and the first flag for --scheme api-key too.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "A signature of your own")]
pub struct SignatureArgs {
    /// Header with the signature, or with the key [default: X-Signature, X-API-Key].
    #[arg(long, value_name = "HEADER")]
    pub signature_header: Option<String>,

    /// Text before the signature in its header, such as sha256= [default: none].
    #[arg(long, value_name = "TEXT")]
    pub signature_prefix: Option<String>,

    /// How the signature is written [default: hex].
    #[arg(long, value_name = "hex|base64")]
    pub signature_encoding: Option<String>,

    /// How the signature is made [default: hmac-sha256].
    #[arg(long, value_name = "hmac-sha256|hmac-sha384|hmac-sha512|hmac-sha1")]
    pub signature_algorithm: Option<String>,

    /// What is signed, such as {id}.{timestamp}.{body}; {method} and {url} are parts too [default: {body}].
    #[arg(long, value_name = "TEMPLATE")]
    pub signed_content: Option<String>,

    /// Header with the signed time, for {timestamp}.
    #[arg(long, value_name = "HEADER")]
    pub timestamp_header: Option<String>,

    /// How the time is written [default: seconds].
    #[arg(long, value_name = "seconds|milliseconds|rfc3339")]
    pub timestamp_format: Option<String>,

    /// Header with the message id, for {id}.
    #[arg(long, value_name = "HEADER")]
    pub id_header: Option<String>,
}

/// The receiver app.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "Upstream")]
pub struct UpstreamArgs {
    /// Where the app listens: http://host:port, https://host or unix:/path.
    #[arg(long, value_name = "URL")]
    pub upstream: Option<String>,

    /// CA certificates for an https upstream (PEM) [default: the public ones].
    #[arg(long, value_name = "FILE")]
    pub upstream_ca: Option<String>,

    /// How long the app may take to answer, from the first byte sent to the head of the answer [default: 15s].
    #[arg(long, value_name = "DURATION")]
    pub upstream_timeout: Option<String>,

    /// File with a secret (whsec_…) under which the app is shown that the guard verified a delivery; give it again while it rotates.
    ///
    /// Each forwarded request carries Countersign-Attest-Id, -Timestamp and -Signature, in the form of Standard
    /// Webhooks. Not a secret that a sender has.
    #[arg(long, value_name = "FILE")]
    pub attest_secret_file: Vec<String>,
}

/// What the guard remembers of deliveries.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Ledger")]
pub struct LedgerArgs {
    /// Most entries at once; a full ledger answers 503, it never forgets early.
    #[arg(long, value_name = "NUMBER", default_value = "1000000")]
    pub ledger_max: String,

    /// What becomes of a delivery whose outcome at the app is unknown.
    ///
    /// `release`: the sender's retry goes through, and the app may see it twice. `hold`: it counts as accepted,
    /// and the app may never see it.
    #[arg(long, value_name = "release|hold", default_value = "release")]
    pub on_unknown: String,

    /// Refuse, with 503, what was signed before this process started and may be a replay.
    #[arg(long, value_name = "on|off", default_value = "on")]
    pub boot_fence: String,

    /// Directory to keep the ledger in, so that a restart forgets nothing [default: memory alone].
    ///
    /// It has to be there. One guard at a time can use it.
    #[arg(long, value_name = "DIR")]
    pub state_dir: Option<String>,

    /// When what is written to that directory reaches the disk [default: interval].
    ///
    /// `interval`: within 100 ms or so. `always`: before any answer. A guard that is killed loses nothing either way;
    /// a machine that loses power loses nothing with `always`.
    #[arg(long, value_name = "interval|always")]
    pub fsync: Option<String>,
}

/// A ledger that several guards share.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Shared ledger")]
pub struct StateArgs {
    /// Redis or Valkey that keeps the ledger, such as rediss://guard@redis.example:6379 [default: none].
    ///
    /// redis:// or, with TLS, rediss://, then an optional ACL user, host, port and database. Several addresses:
    /// redis+sentinel://one:26379,two:26379/mymaster and redis+cluster://one:6379,two:6379.
    #[arg(long, value_name = "URL")]
    pub state: Option<String>,

    /// File with the password of the URL's user.
    #[arg(long, value_name = "FILE")]
    pub state_password_file: Option<String>,

    /// CA certificates that the server's must chain to (PEM) [default: the public ones].
    #[arg(long, value_name = "FILE")]
    pub state_ca: Option<String>,

    /// Client certificate chain shown to the server, leaf first (PEM) [default: none].
    #[arg(long, value_name = "FILE")]
    pub state_cert: Option<String>,

    /// Private key of that certificate (PEM: PKCS#8, PKCS#1 or SEC1).
    #[arg(long, value_name = "FILE")]
    pub state_key: Option<String>,

    /// What every key begins with; guards that share a ledger have the same [default: countersign].
    #[arg(long, value_name = "NAME")]
    pub state_prefix: Option<String>,

    /// What to do while the server cannot be asked [default: refuse].
    ///
    /// `refuse`: answer 503, and senders retry. `local`: this process's own memory stands in, which other guards
    /// do not see, so that a delivery may reach the app more than once.
    #[arg(long, value_name = "refuse|local")]
    pub on_state_loss: Option<String>,

    /// Replicas that must have a commit before the sender gets its 2xx [default: none].
    #[arg(long, value_name = "NUMBER")]
    pub state_wait: Option<String>,
}

/// What is kept of refused deliveries.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Captures")]
pub struct CaptureArgs {
    /// Keep as many refused deliveries as files for `countersign explain`, below --state-dir [default: none].
    ///
    /// Secrets and credentials are taken out; signatures and bodies are not. The oldest make room.
    #[arg(long, value_name = "NUMBER")]
    pub capture: Option<String>,

    /// Longest part of a body that is kept [default: 64KiB].
    #[arg(long, value_name = "SIZE")]
    pub capture_max_body: Option<String>,
}

/// What one stranger, or all of them, can make the guard hold.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// Requests from one address before any work is done for them.
    #[arg(long, value_name = "RATE", default_value = "200/s")]
    pub rate_limit_per_address: String,

    /// Connections at once.
    #[arg(long, value_name = "NUMBER", default_value = "10000")]
    pub max_connections: String,

    /// Connections at once from one address (for IPv6, one /64).
    #[arg(long, value_name = "NUMBER", default_value = "512")]
    pub max_connections_per_address: String,

    /// Bytes of all bodies held at once; a quarter of them from one address.
    ///
    /// Over it a delivery gets 503. With --max-connections and --ledger-max it decides how much memory a guard may need.
    #[arg(long, value_name = "SIZE", default_value = "256MiB")]
    pub body_budget: String,

    /// A connection without a request is closed after this.
    #[arg(long, value_name = "DURATION", default_value = "75s")]
    pub idle_timeout: String,

    /// A connection ends after this, or up to a tenth sooner, and no request is lost to it.
    ///
    /// Over HTTP/1.1 its next answer carries `Connection: close`, and without a request it is closed after --idle-timeout or 10 s, whichever is shorter; over HTTP/2 it gets GOAWAY.
    #[arg(long, value_name = "DURATION", default_value = "1h")]
    pub max_connection_age: String,
}

/// Spans for a collector.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Traces")]
pub struct TraceArgs {
    /// Collector that gets a span for each delivery, as OTLP over HTTP, such as http://127.0.0.1:4318 [default: none].
    ///
    /// `/v1/traces` is added to its path.
    #[arg(long = "otlp-endpoint", id = "otlp_endpoint", value_name = "URL")]
    pub endpoint: Option<String>,

    /// CA certificates for an https collector (PEM) [default: the public ones].
    #[arg(long = "otlp-ca", id = "otlp_ca", value_name = "FILE")]
    pub ca: Option<String>,

    /// Part of the deliveries that get a span, from 0 to 1, where no trusted parent decides [default: 1].
    ///
    /// The guard trusts the parent of a delivery that it forwards as verified, the signer that of its app.
    #[arg(long = "otlp-sample", id = "otlp_sample", value_name = "RATIO")]
    pub sample: Option<String>,
}

/// The process itself.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Process")]
pub struct ProcessArgs {
    /// Worker threads [default: one for each processor available].
    #[arg(long, value_name = "NUMBER")]
    pub threads: Option<String>,

    /// How the log on standard output is written.
    #[arg(long, value_name = "json|text", default_value = "json")]
    pub log_format: String,

    /// The least severe line that is logged.
    #[arg(long, value_name = "error|warn|info|debug|trace|off", default_value = "info")]
    pub log_level: String,
}
