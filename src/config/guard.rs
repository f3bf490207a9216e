//! What a guard runs on: every value read, checked and typed.
//!
//! Nothing past this module sees a string that still needs reading.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use http::{HeaderName, Method};
use ipnet::IpNet;

use super::engine::EngineConfig;
use super::issuer::IssuerConfig;
use super::stamps::Stamps;
use super::traces::TraceConfig;
use crate::config::values::{ControlAddress, Host, PublicUrl, SpkiPin};
use crate::keys::Secret;
use crate::schemes::{Demand, Policy, Responder, Scheme, Validity};

/// The configuration of the guard role.
#[derive(Debug)]
pub struct GuardConfig {
    /// Where deliveries arrive.
    pub listen: SocketAddr,
    /// Where `/livez`, `/readyz`, `/metrics` and `/buildinfo` are served.
    pub admin_listen: SocketAddr,
    /// Where the guard shows its traffic to those who run it, if anywhere.
    pub control: Option<ControlAddress>,
    /// TLS, or plain HTTP where it was asked for by name.
    pub transport: Transport,
    /// Proxies in front of the guard.
    pub front: FrontConfig,
    /// What is accepted, in the order given.
    pub sources: Vec<SourceConfig>,
    /// Bounds on everything a stranger can make the process hold.
    pub bounds: Bounds,
    /// What the process remembers of deliveries.
    pub ledger: LedgerConfig,
    /// What it keeps of those that it refuses, where anything.
    pub capture: Option<CaptureConfig>,
    /// Worker threads, each a runtime of its own.
    pub threads: NonZeroUsize,
    /// Where spans of deliveries go, if anywhere.
    pub traces: Option<TraceConfig>,
    /// The log on standard output.
    pub log: LogConfig,
    /// The files that it was read from: when one changes, it may have changed.
    pub files: Stamps,
}

/// Proxies in front of the guard that speak for clients.
#[derive(Clone, Debug, Default)]
pub struct FrontConfig {
    /// Whose connections begin with a header of the PROXY protocol, and must.
    pub proxy_protocol: Vec<IpNet>,
    /// Whose fields say who the client is.
    pub trusted_proxies: Vec<IpNet>,
    /// The one field that they set; without one they speak for themselves.
    pub client_address_field: Option<ClientAddressField>,
    /// Whether they pass on the client's certificate in `Client-Cert` (RFC
    /// 9440).
    pub client_cert_field: bool,
}

/// The field in which a proxy tells the client's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAddressField {
    /// `X-Forwarded-For`: addresses, each hop adding its client on the right.
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// How connections are protected.
#[derive(Debug)]
pub enum Transport {
    /// `--plain`: HTTP/1.1, and HTTP/2 with prior knowledge, in the clear.
    Plain,
    /// TLS, from PEM files.
    Tls(TlsConfig),
}

/// The server's side of TLS.
#[derive(Debug)]
pub struct TlsConfig {
    /// Certificate chain, leaf first, PEM.
    pub cert: PathBuf,
    /// Private key, PEM (PKCS#8, PKCS#1 or SEC1).
    pub key: PathBuf,
    /// What is asked of clients.
    pub client_auth: ClientAuth,
    /// The oldest version spoken.
    pub min_version: TlsVersion,
}

/// Client certificates (RFC 8446 section 4.3.2).
#[derive(Debug)]
pub enum ClientAuth {
    /// Not asked for.
    Off,
    /// Asked for; a client without one is served, but has no identity.
    Optional(ClientTrust),
    /// A client without a trusted certificate fails the handshake.
    Required(ClientTrust),
}

/// Whose certificates are trusted.
#[derive(Debug)]
pub struct ClientTrust {
    /// CA certificates, PEM: those that all sources trust, and those of single
    /// ones.
    pub cas: Vec<PathBuf>,
    /// Revocation lists, PEM. With any given, a certificate whose revocation
    /// status is unknown is refused.
    pub crls: Vec<PathBuf>,
}

/// A TLS version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246), only when asked for.
    V1_2,
    /// TLS 1.3 (RFC 8446).
    V1_3,
}

/// One sender that the guard accepts.
#[derive(Debug)]
pub struct SourceConfig {
    /// Its name in headers, logs and metrics.
    pub name: String,
    /// Its name in the ledger; renaming the source must not change it.
    pub ledger_id: String,
    /// The hosts that lead to it; empty means any.
    pub hosts: Vec<Host>,
    /// The paths that lead to it.
    pub paths: Vec<PathPattern>,
    /// The methods it takes.
    pub methods: Vec<Method>,
    /// What becomes of what it refuses.
    pub mode: Mode,
    /// The compiled schemes, with their keys, all of which must hold.
    pub demand: Demand,
    /// The secrets of the scheme that was configured first, by their slots: what
    /// the metrics and the log call them.
    pub slots: Vec<SecretSlot>,
    /// Every secret of it, those of the proof for the app among them.
    pub secrets: Vec<GuardedSecret>,
    /// Who publishes the keys of its tokens, where the source has none itself.
    pub issuer: Option<IssuerConfig>,
    /// The URL that the sender knows it by, where a scheme signs that.
    pub public_url: Option<PublicUrl>,
    /// What is answered to the provider's set-up requests, if anything.
    pub handshake: Option<HandshakeConfig>,
    /// Client addresses; empty means any, and was asked for by leaving the
    /// allow list out.
    pub allow: Vec<IpNet>,
    /// Client identities; empty means any certificate of the trusted CA.
    pub identities: Vec<Identity>,
    /// Keys of clients; empty means any.
    pub client_pins: Vec<SpkiPin>,
    /// CA certificates, PEM, under which alone its clients' certificates
    /// count, where not every trusted CA will do.
    pub client_ca: Option<PathBuf>,
    /// Rate after proof, for the whole source.
    pub rate: Option<Rate>,
    /// Longest body, in bytes.
    pub body_bytes_max: u64,
    /// How long accepted ids are remembered, in schemes that sign an id.
    pub dedupe_window: Duration,
    /// How long accepted signed bytes are remembered, in schemes that sign
    /// neither an id nor a time: the preset's window.
    pub content_window: Duration,
    /// What to answer to each class of copy.
    pub policies: Policies,
    /// The receiver app.
    pub upstream: Upstream,
    /// From the first byte sent to the app until the head of its answer.
    pub upstream_timeout: Duration,
    /// What signs the proof for the app, with its keys, where it gets one.
    pub attestation: Option<Scheme>,
}

impl SourceConfig {
    /// How long a delivery is remembered after its acceptance, told by `scheme`.
    /// Signed ids are remembered for the dedupe window. Without one, a signed
    /// time bounds the memory by itself; without that either, the preset says
    /// how long.
    pub(crate) fn window(&self, scheme: &Scheme) -> Duration {
        match (scheme.signs_id(), scheme.fresh_for()) {
            (true, _) => self.dedupe_window,
            (false, Some(_)) => Duration::ZERO,
            (false, None) => self.content_window,
        }
    }
}

/// One of the secrets that may have signed a delivery.
#[derive(Debug)]
pub struct SecretSlot {
    /// The secret; `None` for the keys that an issuer publishes, all of which
    /// are one slot.
    pub secret: Option<Secret>,
    /// When it counts.
    pub validity: Validity,
}

/// A secret that must not arrive with a request.
#[derive(Debug)]
pub struct GuardedSecret {
    /// The secret.
    pub secret: Secret,
    /// The field that it is sent in, in schemes where it is.
    pub carrier: Option<HeaderName>,
}

/// What becomes of a delivery that a source refuses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// It does not reach the app.
    #[default]
    Enforce,
    /// It is counted, logged and forwarded as unverified: for finding out what
    /// `Enforce` would refuse.
    Observe,
}

/// The set-up requests that a source answers itself.
#[derive(Debug)]
pub struct HandshakeConfig {
    /// Which ones, and how.
    pub responder: Responder,
    /// Where a secret goes that the provider hands over; never over another one.
    pub secret_file: Option<PathBuf>,
}

/// What a copy of an accepted delivery gets, per class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policies {
    /// The same signed bytes, in a scheme that signs a time.
    pub replay: Policy,
    /// The same signed id and body, with a newer signature.
    pub retry: Policy,
    /// The same signed bytes, in a scheme that signs no time.
    pub redelivery: Policy,
}

/// A path, exact or a prefix (written `/hooks/*`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PathPattern {
    /// This path and no other.
    Exact(String),
    /// Every path that begins with this text, which ends with a slash.
    Prefix(String),
}

/// A subject alternative name that a client certificate must carry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Identity {
    /// A `dNSName`, compared without case.
    Dns(String),
    /// A `uniformResourceIdentifier`, such as a SPIFFE id, compared exactly.
    Uri(String),
    /// Any SPIFFE id that begins with this text, which ends with a slash: a
    /// whole trust domain, or a path within one.
    SpiffeBelow(String),
}

/// A sustained rate and how far above it a burst may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Events in each period.
    pub events: NonZeroU32,
    /// The period.
    pub per: Duration,
    /// The most that may come at once.
    pub burst: NonZeroU32,
}

/// Where the receiver app listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upstream {
    /// `http://host:port`.
    Http {
        /// Name or address, without brackets.
        host: String,
        /// Port.
        port: u16,
    },
    /// `https://host:port`.
    Https {
        /// Name or address, without brackets; the certificate must carry it.
        host: String,
        /// Port.
        port: u16,
        /// CA certificates, PEM; the public ones when absent.
        ca: Option<PathBuf>,
    },
    /// `unix:/path`.
    Unix(PathBuf),
}

/// Bounds on everything.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Connections at once.
    pub connections: usize,
    /// Connections at once from one address (IPv6: one /64).
    pub connections_per_address: usize,
    /// Deliveries at once.
    pub deliveries: usize,
    /// Deliveries a second from one address, before any work.
    pub rate_per_address: Rate,
    /// Addresses remembered at once.
    pub addresses: usize,
    /// TLS handshake.
    pub handshake_timeout: Duration,
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
    /// Of those, what one address may hold.
    pub memory_bytes_per_address: u64,
    /// A connection without a request is closed after this.
    pub idle_timeout: Duration,
    /// A connection ends after this, or up to a tenth sooner, and no request is lost to it.
    pub connection_age_max: Duration,
    /// Connecting to the app.
    pub connect_timeout: Duration,
    /// From the signal to stop until deliveries in flight are given up.
    pub drain_timeout: Duration,
}

/// The ledger's engine, bounds and choices.
#[derive(Clone, Debug)]
pub struct LedgerConfig {
    /// Where entries are kept.
    pub engine: EngineConfig,
    /// Most live entries.
    pub entries_max: usize,
    /// What becomes of claims whose outcome nobody knows.
    pub on_unknown: OnUnknown,
    /// Whether what was signed before the start is refused.
    pub boot_fence: BootFence,
}

/// What becomes of a claim whose outcome nobody knows: a timeout or a break
/// after the request was sent, or an owner that died.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnUnknown {
    /// Released: delivery wins over exactly-once.
    #[default]
    Release,
    /// Kept as accepted: exactly-once wins over delivery.
    Hold,
}

/// A start with empty memory: believe in what was signed before it, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BootFence {
    /// Signed times at or before the start are refused with 503.
    On,
    /// They are taken, and may be replays of what an earlier process saw.
    Off,
}

/// Refused deliveries as files.
#[derive(Clone, Debug)]
pub struct CaptureConfig {
    /// The directory below which they are.
    pub state_dir: PathBuf,
    /// Most files.
    pub files_max: NonZeroUsize,
    /// Longest part of a body in one.
    pub body_bytes_max: usize,
}

/// The log on standard output.
#[derive(Clone, Debug)]
pub struct LogConfig {
    /// One JSON object a line, or text.
    pub format: LogFormat,
    /// Least severity, `tracing` filter syntax.
    pub level: tracing::level_filters::LevelFilter,
}

/// How a log line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}
