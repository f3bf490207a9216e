//! What a row of the table of schemes says.

use std::time::Duration;

use http::Method;

use super::cavage::Dialect;
use super::http_signatures::MessageSignatures;
use super::template::Wire;

/// A provider's way of signing, and what it is best met with.
#[derive(Debug)]
pub struct Preset {
    /// The name in configuration, logs and vector files.
    pub name: &'static str,
    /// Who signs this way.
    pub provider: &'static str,
    /// The provider's page that this row is taken from.
    pub documentation: &'static str,
    /// What is on the wire.
    pub mechanism: Mechanism,
    /// What a source of this scheme starts from.
    pub defaults: Defaults,
}

/// The family of ways to prove a request that a scheme belongs to.
#[derive(Debug)]
pub enum Mechanism {
    /// A signature over a template of parts: what most providers do.
    Template(Wire),
    /// HTTP Message Signatures (RFC 9421): components that the message names.
    HttpSignatures(MessageSignatures),
    /// Lines that the message names, as in the drafts before RFC 9421.
    Cavage(Dialect),
}

impl Mechanism {
    /// Whether its messages name the key and the algorithm that they are signed
    /// with, so that secrets have names and a source says which algorithms it
    /// takes.
    pub const fn names_keys(&self) -> bool {
        match self {
            Self::Template(_) => false,
            Self::HttpSignatures(_) | Self::Cavage(_) => true,
        }
    }
}

/// What a source starts from, each its own choice to change.
#[derive(Clone, Copy, Debug)]
pub struct Defaults {
    /// The greatest age and the greatest lead of a signed time; `None` where
    /// no time is signed.
    pub tolerance: Option<Duration>,
    /// The longest body, in bytes.
    pub body_bytes_max: u64,
    /// How long signed bytes without a signed time are remembered; zero where
    /// a time is signed, because the tolerance decides there.
    pub window: Duration,
    /// What a replay gets: the same signed bytes, with a signed time.
    pub on_replay: Policy,
    /// What a retry gets: the same id and body under a newer signature.
    pub on_retry: Policy,
    /// What a redelivery gets: the same signed bytes, without a signed time.
    pub on_redelivery: Policy,
    /// The methods it is sent with.
    pub methods: &'static [Method],
}

/// What a copy of an accepted delivery gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// 409, and nothing is forwarded.
    Refuse,
    /// 200, and nothing is forwarded.
    Acknowledge,
    /// It is forwarded once more.
    Forward,
}
