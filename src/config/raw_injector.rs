//! The injector's configuration as people write it: one text per flag, not yet
//! read.

// The doc comments of flags are printed as plain text by `--help`.
#![allow(clippy::doc_markdown)]

use std::ffi::OsString;

use clap::{Args, Command, FromArgMatches as _};

use super::environment::{Environment, Role};
use super::raw::{ProcessArgs, long_names};

/// Everything that `countersign injector` can be told.
#[derive(Args, Clone, Debug)]
#[allow(missing_docs)]
pub struct InjectorArgs {
    #[command(flatten)]
    pub listening: InjectorListeningArgs,
    #[command(flatten)]
    pub injection: InjectionArgs,
    #[command(flatten)]
    pub certificates: InjectorCertificateArgs,
    #[command(flatten)]
    pub cluster: ClusterArgs,
    #[command(flatten)]
    pub process: ProcessArgs,
}

impl InjectorArgs {
    /// Reads `flags` with what the environment adds: as `countersign injector`
    /// does.
    pub fn from_flags<T: Into<OsString> + Clone>(
        flags: impl IntoIterator<Item = T>,
        environment: &Environment,
    ) -> Result<Self, clap::Error> {
        let command = Self::augment_args(Command::new("injector").no_binary_name(true));
        Self::from_arg_matches(&environment.overlay(Role::Injector, command).try_get_matches_from(flags)?)
    }

    /// The names of all flags, without the dashes.
    pub fn names() -> Vec<String> {
        long_names(&Self::augment_args(Command::new("injector")))
    }
}

/// Where the injector listens.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Listening")]
pub struct InjectorListeningArgs {
    /// Address and port where the API server asks, over HTTPS: POST /mutate.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "0.0.0.0:8845")]
    pub listen: String,

    /// Address and port of /livez, /readyz, /metrics and /buildinfo.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9845")]
    pub admin_listen: String,
}

/// What is put into pods.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Injection")]
pub struct InjectionArgs {
    /// Default of a setting that pods and namespaces leave open; give it again for more.
    ///
    /// The key is that of the annotation without countersign.dev/, such as image or log-level.
    #[arg(long, value_name = "KEY=VALUE")]
    pub default: Vec<String>,
}

/// What the injector shows to the API server.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Certificate")]
pub struct InjectorCertificateArgs {
    /// Certificate chain, leaf first (PEM) [default: made by the injector itself].
    #[arg(long, value_name = "FILE")]
    pub tls_cert: Option<String>,

    /// Private key of that certificate (PEM: PKCS#8, PKCS#1 or SEC1).
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<String>,

    /// CA certificates of that certificate (PEM), for --webhook-configuration.
    #[arg(long, value_name = "FILE")]
    pub webhook_ca: Option<String>,

    /// Secret that keeps the injector's own CA and certificate [default: countersign-injector-certificates].
    #[arg(long, value_name = "NAME")]
    pub certificate_secret: Option<String>,

    /// Service under which the API server asks, for the names in the injector's own certificate
    /// [default: countersign-injector].
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,

    /// How long the injector's own certificate lasts; it is renewed after two thirds [default: 90d].
    #[arg(long, value_name = "DURATION")]
    pub certificate_lifetime: Option<String>,

    /// The same for its CA, at least three times as long [default: 1825d].
    #[arg(long, value_name = "DURATION")]
    pub ca_lifetime: Option<String>,
}

/// What the injector looks after in the cluster.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Cluster")]
pub struct ClusterArgs {
    /// MutatingWebhookConfiguration whose caBundle is kept right [default: none].
    #[arg(long, value_name = "NAME")]
    pub webhook_configuration: Option<String>,

    /// Namespace of the injector [default: that of its service account].
    #[arg(long, value_name = "NAME")]
    pub namespace: Option<String>,
}
