//! What an injector runs on: every value read, checked and typed.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use super::guard::LogConfig;
use super::stamps::Stamps;

/// The configuration of the injector role.
#[derive(Debug)]
pub struct InjectorConfig {
    /// Where the API server asks.
    pub listen: SocketAddr,
    /// Where `/livez`, `/readyz`, `/metrics` and `/buildinfo` are served.
    pub admin_listen: SocketAddr,
    /// Defaults of settings, `KEY=VALUE` as they were given: what they mean, the
    /// injector knows.
    pub defaults: Vec<String>,
    /// Where the certificate comes from.
    pub certificates: CertificatesConfig,
    /// The `MutatingWebhookConfiguration` whose `caBundle` is kept right.
    pub webhook_configuration: Option<String>,
    /// The injector's own namespace.
    pub namespace: String,
    /// Bounds on what callers can make the process hold.
    pub bounds: InjectorBounds,
    /// Worker threads, each a runtime of its own.
    pub threads: NonZeroUsize,
    /// The log on standard output.
    pub log: LogConfig,
    /// The files that it came from, as they were then.
    pub files: Stamps,
}

/// Where the certificate comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificatesConfig {
    /// Somebody else makes it, and mounts it.
    Mounted(MountedPair),
    /// The injector makes it.
    SelfManaged(SelfManaged),
}

/// Files that somebody else renews.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MountedPair {
    /// The certificate chain, leaf first.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The CA that the API server is to be told of.
    pub ca: Option<PathBuf>,
}

/// A CA and a certificate of the injector's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelfManaged {
    /// The Secret that keeps both, in the injector's namespace.
    pub secret: String,
    /// The Service under which the API server asks.
    pub service: String,
    /// How long a certificate lasts.
    pub certificate_lifetime: Duration,
    /// How long a CA lasts.
    pub ca_lifetime: Duration,
}

/// Bounds on what callers can make the injector hold.
#[derive(Clone, Debug)]
pub struct InjectorBounds {
    /// Connections at once.
    pub connections: usize,
    /// Connections at once from one address. An API server has one for each
    /// review that it waits for, and keeps up to 25 idle; several may come
    /// through one address, such as a tunnel's.
    pub connections_per_address: usize,
    /// For a TLS handshake.
    pub handshake_timeout: Duration,
    /// From a request's first byte to the end of its head.
    pub head_timeout: Duration,
    /// Bytes of a head.
    pub head_bytes: usize,
    /// Fields of a head.
    pub head_fields: usize,
    /// Bytes of a review: more than the API server takes for any object.
    pub body_bytes_max: u64,
    /// For a whole body.
    pub body_timeout: Duration,
    /// Slowest body, in bytes a second.
    pub body_rate_min: u64,
    /// Bytes of all reviews in flight, each with what it may take once it is
    /// read as JSON.
    pub memory_bytes: u64,
    /// The same for those of one address.
    pub memory_bytes_per_address: u64,
    /// For a namespace that is not known yet, of the time that the API server
    /// waits.
    pub namespace_timeout: Duration,
    /// A connection without a request is closed after this.
    pub idle_timeout: Duration,
    /// A connection is closed at this age, once nothing is in flight: the API
    /// server keeps one for as long as it may, and would ask one replica alone.
    pub connection_age_max: Duration,
    /// For what is in flight when the process is told to stop.
    pub drain_timeout: Duration,
}
