//! The signer's configuration as people write it: one text per flag, not yet
//! read. An endpoint in a file has the same settings under the same names.

// The doc comments of flags are printed as plain text by `--help`.
#![allow(clippy::doc_markdown)]

use std::ffi::OsString;

use clap::{Args, Command, FromArgMatches as _};

use super::environment::{Environment, Role};
use super::raw::{ProcessArgs, TraceArgs, long_names};
use super::raw_coverage::CoverageArgs;

/// Everything that `countersign signer` can be told.
#[derive(Args, Clone, Debug)]
#[allow(missing_docs)]
pub struct SignerArgs {
    #[command(flatten)]
    pub listening: SignerListeningArgs,
    #[command(flatten)]
    pub endpoint: EndpointArgs,
    #[command(flatten)]
    pub limits: SignerLimitArgs,
    #[command(flatten)]
    pub traces: TraceArgs,
    #[command(flatten)]
    pub process: ProcessArgs,
}

impl SignerArgs {
    /// Reads `flags` with what the environment adds: as `countersign signer`
    /// does.
    pub fn from_flags<T: Into<OsString> + Clone>(
        flags: impl IntoIterator<Item = T>,
        environment: &Environment,
    ) -> Result<Self, clap::Error> {
        let command = Self::augment_args(Command::new("signer").no_binary_name(true));
        Self::from_arg_matches(&environment.overlay(Role::Signer, command).try_get_matches_from(flags)?)
    }

    /// The names of all flags, without the dashes.
    pub fn names() -> Vec<String> {
        long_names(&Self::augment_args(Command::new("signer")))
    }
}

/// Where the signer listens, and its file.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Listening")]
pub struct SignerListeningArgs {
    /// Address and port where the app sends its webhooks, in plain HTTP/1.1 or HTTP/2.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8787")]
    pub listen: String,

    /// Address and port of /livez, /readyz, /metrics and /buildinfo.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9844")]
    pub admin_listen: String,

    /// File of several endpoints (TOML), instead of the flags of one.
    ///
    /// Each `[[endpoint]]` has the settings of the following sections, without their dashes in front.
    #[arg(long, value_name = "FILE")]
    pub config: Option<String>,
}

/// One consumer. Nothing has a default here: what was not given can be told
/// from what was.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct EndpointArgs {
    #[command(flatten)]
    pub consumer: ConsumerArgs,
    #[command(flatten)]
    pub signing: SigningArgs,
    #[command(flatten)]
    pub coverage: CoverageArgs,
    #[command(flatten)]
    pub tls: ClientTlsArgs,
    #[command(flatten)]
    pub authorization: AuthorizationArgs,
}

impl EndpointArgs {
    /// Reads `flags` as they come out of a file.
    pub(super) fn from_file(flags: &[String]) -> Result<Self, clap::Error> {
        let command = Self::augment_args(Command::new("endpoint").no_binary_name(true));
        Self::from_arg_matches(&command.try_get_matches_from(flags)?)
    }

    /// The names of its flags, without the dashes.
    pub(super) fn names() -> Vec<String> {
        long_names(&Self::augment_args(Command::new("endpoint")))
    }

    /// Whether nothing at all was said.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Who the consumer is, and how much goes to it.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "Endpoint")]
pub struct ConsumerArgs {
    /// URL that webhooks are delivered to: https://host/path.
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,

    /// Name of the endpoint in Countersign-Endpoint, logs and metrics [default: the URL's host].
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// The app's path that leads to it, with everything below [default: /e/NAME in a file, else /].
    ///
    /// What follows it is appended to the path of the URL.
    #[arg(long, value_name = "PATH")]
    pub path_prefix: Option<String>,

    /// How long a delivery may take, from the name of the consumer to the last byte of its answer [default: 15s].
    #[arg(long, value_name = "DURATION")]
    pub timeout: Option<String>,

    /// Longest body of the app's, such as 512KiB or 1MiB [default: the schemes', the smallest].
    #[arg(long, value_name = "SIZE")]
    pub max_body: Option<String>,

    /// Longest body of the consumer's answer [default: 1MiB].
    #[arg(long, value_name = "SIZE")]
    pub max_answer: Option<String>,

    /// Deliveries, such as 100/s, 6000/m or 10/h [default: no limit].
    #[arg(long, value_name = "RATE")]
    pub rate_limit: Option<String>,

    /// How many of them may come at once [default: one second's worth].
    #[arg(long, value_name = "NUMBER")]
    pub rate_burst: Option<String>,

    /// Deliveries that may wait for an answer at once [default: 64].
    #[arg(long, value_name = "NUMBER")]
    pub concurrency: Option<String>,

    /// Network that may be connected to although it is not public; give it again for more [default: none].
    #[arg(long, value_name = "CIDR")]
    pub allow_destination: Vec<String>,

    /// Take an http:// URL too: nobody is authenticated, anyone can read on the way [default: off].
    #[arg(long, value_name = "on|off", num_args = 0..=1, require_equals = true, default_missing_value = "on")]
    pub allow_plain: Option<String>,

    /// HTTP proxy to connect through: http://host:port. Never taken from HTTPS_PROXY.
    #[arg(long, value_name = "URL")]
    pub https_proxy: Option<String>,
}

/// How requests are signed.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "Signing")]
pub struct SigningArgs {
    /// How to sign; give it again to sign in several ways at once [default: standard-webhooks].
    ///
    /// `countersign schemes` lists them.
    #[arg(long, value_name = "SCHEME")]
    pub scheme: Vec<String>,

    /// File with a signing secret; give it again while secrets rotate, the newest first.
    ///
    /// SCHEME=FILE keeps it to one of several schemes. In schemes whose messages name their key, KEYID=FILE or
    /// SCHEME=KEYID=FILE gives it that name. One line end at its end is not part of the secret.
    #[arg(long, value_name = "FILE")]
    pub secret_file: Vec<String>,

    /// Name of an environment variable with a signing secret; give it again for more.
    ///
    /// SCHEME=NAME keeps it to one of several schemes, with KEYID= as for those. Taken after the secrets from files.
    #[arg(long, value_name = "NAME")]
    pub secret_env: Vec<String>,

    /// Algorithm to sign with, by its name in the scheme's standard; give it again for more [default: the scheme's].
    ///
    /// Only in schemes whose messages name their key; of several, the first that fits the key.
    #[arg(long, value_name = "ALGORITHM")]
    pub algorithm: Vec<String>,

    /// Take secrets shorter than 24 bytes [default: off].
    #[arg(long, value_name = "on|off", num_args = 0..=1, require_equals = true, default_missing_value = "on")]
    pub allow_weak_secret: Option<String>,
}

/// The client's side of TLS.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "TLS toward the consumer")]
pub struct ClientTlsArgs {
    /// Client certificate chain, leaf first (PEM) [default: none].
    #[arg(long, value_name = "FILE")]
    pub cert: Option<String>,

    /// Private key of that certificate (PEM: PKCS#8, PKCS#1 or SEC1).
    #[arg(long, value_name = "FILE")]
    pub key: Option<String>,

    /// CA certificates that the consumer's must chain to (PEM) [default: the public ones].
    #[arg(long, value_name = "FILE")]
    pub ca: Option<String>,

    /// The oldest TLS version spoken [default: 1.3].
    #[arg(long, value_name = "1.3|1.2")]
    pub tls_min: Option<String>,

    /// A name that the consumer's certificate must carry instead of the URL's host; one of several suffices.
    #[arg(long, value_name = "URI:…|DNS:…")]
    pub server_san: Vec<String>,

    /// A public key that the consumer must hold, such as sha256/47DEQpj8…; one of several suffices.
    #[arg(long, value_name = "PIN")]
    pub server_spki_pin: Vec<String>,
}

/// What a consumer asks for beside the signature.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "Authorization toward the consumer")]
pub struct AuthorizationArgs {
    /// What the consumer asks for beside the signature [default: none].
    #[arg(long, value_name = "none|basic|bearer|api-key|oauth2")]
    pub auth: Option<String>,

    /// User name for basic, client identifier for oauth2.
    #[arg(long, value_name = "NAME")]
    pub auth_user: Option<String>,

    /// Field for api-key, such as X-Api-Key.
    #[arg(long, value_name = "FIELD")]
    pub auth_header: Option<String>,

    /// File with the password, token, API key or client secret.
    #[arg(long, value_name = "FILE")]
    pub auth_secret_file: Option<String>,

    /// Name of an environment variable with the same.
    #[arg(long, value_name = "NAME")]
    pub auth_secret_env: Option<String>,

    /// Token endpoint of the authorization server, for oauth2.
    #[arg(long, value_name = "URL")]
    pub token_url: Option<String>,

    /// Scope to ask for, for oauth2 [default: the server's].
    #[arg(long, value_name = "SCOPE")]
    pub token_scope: Option<String>,
}

/// What the app can make the signer hold.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Limits")]
pub struct SignerLimitArgs {
    /// Connections at once.
    #[arg(long, value_name = "NUMBER", default_value = "1024")]
    pub max_connections: String,

    /// Bytes of all bodies held at once, the app's and the consumers'; over it a delivery gets 503.
    #[arg(long, value_name = "SIZE", default_value = "256MiB")]
    pub body_budget: String,

    /// A connection without a request is closed after this.
    #[arg(long, value_name = "DURATION", default_value = "75s")]
    pub idle_timeout: String,
}
