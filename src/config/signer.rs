//! What a signer runs on: every value read, checked and typed.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue};

use super::egress::EgressConfig;
use super::guard::{LogConfig, Rate};
use super::traces::TraceConfig;
use crate::keys::Secret;
use crate::schemes::Scheme;

/// The configuration of the signer role.
#[derive(Debug)]
pub struct SignerConfig {
    /// Where the app sends its webhooks.
    pub listen: SocketAddr,
    /// Where `/livez`, `/readyz`, `/metrics` and `/buildinfo` are served.
    pub admin_listen: SocketAddr,
    /// Who gets them, in the order given. At least one; names and path prefixes
    /// are distinct.
    pub endpoints: Vec<EndpointConfig>,
    /// Bounds on what the app can make the process hold.
    pub bounds: SignerBounds,
    /// Worker threads, each a runtime of its own.
    pub threads: NonZeroUsize,
    /// Where spans of deliveries go, if anywhere.
    pub traces: Option<TraceConfig>,
    /// The log on standard output.
    pub log: LogConfig,
}

/// One consumer that the signer delivers to.
#[derive(Debug)]
pub struct EndpointConfig {
    /// Its name in `Countersign-Endpoint`, logs and metrics.
    pub name: String,
    /// The paths that lead to it: this one and everything below. Empty for
    /// every path, else it begins with a slash and does not end with one.
    pub path_prefix: String,
    /// How requests to it are signed, all of them at once. At least one, each
    /// of another preset.
    pub schemes: Vec<Arc<Scheme>>,
    /// The way to it.
    pub egress: EgressConfig,
    /// What it asks for beside the signature.
    pub authorization: Authorization,
    /// Longest body, in bytes.
    pub body_bytes_max: u64,
    /// Deliveries in a period.
    pub rate: Option<Rate>,
    /// Deliveries at once.
    pub concurrency: NonZeroU32,
}

/// How the signer proves to a consumer that it may call (RFC 9110 section 11),
/// beside the signature.
#[derive(Debug)]
pub enum Authorization {
    /// It does not; a field of the app's own is passed on.
    None,
    /// A field that is always the same: Basic (RFC 7617), a bearer token (RFC
    /// 6750) or an API key. The value is marked as sensitive.
    Fixed(HeaderName, HeaderValue),
    /// OAuth 2.0 client credentials (RFC 6749 section 4.4).
    ClientCredentials(Box<ClientCredentials>),
}

/// What an authorization server wants to know before it grants a token.
#[derive(Debug)]
pub struct ClientCredentials {
    /// The way to its token endpoint, as safe as the way to the consumer.
    pub token: EgressConfig,
    /// The client identifier.
    pub client_id: String,
    /// The client secret.
    pub client_secret: Secret,
    /// The scope asked for (RFC 6749 section 3.3).
    pub scope: Option<String>,
}

/// Bounds on what the app can make the signer hold.
#[derive(Clone, Debug)]
pub struct SignerBounds {
    /// Connections at once.
    pub connections: usize,
    /// Deliveries at once, to all endpoints.
    pub deliveries: usize,
    /// From the first byte of a request head to its last.
    pub head_timeout: Duration,
    /// Longest request head, in bytes.
    pub head_bytes: usize,
    /// Most fields in a request head.
    pub head_fields: usize,
    /// From the head to the last byte of the body.
    pub body_timeout: Duration,
    /// Slowest body, in bytes a second, after a grace of two seconds.
    pub body_rate_min: u64,
    /// Body bytes in flight, of all deliveries.
    pub memory_bytes: u64,
    /// A connection without a request is closed after this.
    pub idle_timeout: Duration,
    /// From the signal to stop until deliveries in flight are given up.
    pub drain_timeout: Duration,
}
