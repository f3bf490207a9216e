//! What a row of the table of schemes says.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use http::Method;

use super::cavage::Dialect;
use super::form::FormWire;
use super::handshake::Handshake;
use super::http_signatures::MessageSignatures;
use super::jwt::TokenRow;
use super::template::Wire;
use super::token::TokenWire;

/// A provider's way of signing, and what it is best met with.
#[derive(Clone, Debug)]
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

/// A row of the table, or one that a configuration made in its likeness.
#[derive(Clone, Debug)]
pub enum Row {
    /// One of [`presets()`](super::presets()).
    Known(&'static Preset),
    /// One of a source's own.
    Made(Arc<Preset>),
}

impl Deref for Row {
    type Target = Preset;

    fn deref(&self) -> &Preset {
        match self {
            Self::Known(preset) => preset,
            Self::Made(preset) => preset,
        }
    }
}

impl From<&'static Preset> for Row {
    fn from(preset: &'static Preset) -> Self {
        Self::Known(preset)
    }
}

impl From<Preset> for Row {
    fn from(preset: Preset) -> Self {
        Self::Made(Arc::new(preset))
    }
}

/// The family of ways to prove a request that a scheme belongs to.
#[derive(Clone, Debug)]
pub enum Mechanism {
    /// A signature over a template of parts: what most providers do.
    Template(Wire),
    /// HTTP Message Signatures (RFC 9421): components that the message names.
    HttpSignatures(MessageSignatures),
    /// Lines that the message names, as in the drafts before RFC 9421.
    Cavage(Dialect),
    /// A signature over the URL and the fields of a form, or a digest in the URL.
    Form(FormWire),
    /// A signed token that says who calls (RFC 7519).
    Jwt(TokenRow),
    /// Time, token and signature in the body.
    Mailgun,
    /// A shared token in a header, which signs nothing.
    Token(TokenWire),
    /// A shared token in the body, beside each notification of Microsoft Graph.
    ClientState,
}

impl Mechanism {
    /// Whether its messages name the key and the algorithm that they are signed
    /// with, so that secrets have names and a source says which algorithms it
    /// takes.
    pub const fn names_keys(&self) -> bool {
        match self {
            Self::Template(_) | Self::Form(_) | Self::Mailgun | Self::Token(_) | Self::ClientState => false,
            Self::HttpSignatures(_) | Self::Cavage(_) | Self::Jwt(_) => true,
        }
    }

    /// Whether secrets may have names: because messages name their key, or because
    /// each of the sender's keys has a header of its own, as with Box.
    pub fn names_secrets(&self) -> bool {
        self.names_keys() || matches!(self, Self::Template(wire) if !wire.signature.more.is_empty())
    }

    /// Whether `name` can be that of a secret. Where keys have headers of their own
    /// it is the last part of one.
    pub fn takes_secret_named(&self, name: &str) -> bool {
        match self {
            Self::Template(wire) => wire.signature.number_of(name).is_some(),
            _ => self.names_keys(),
        }
    }

    /// Whether its messages name what their signature covers, so that a source
    /// says what must be covered.
    pub const fn names_parts(&self) -> bool {
        matches!(self, Self::HttpSignatures(_) | Self::Cavage(_))
    }

    /// Whether the URL is signed, so that a source must say what it is.
    pub fn signs_url(&self) -> bool {
        match self {
            Self::Template(wire) => wire.signs_url(),
            Self::Form(_) => true,
            // What must be covered is a source's choice: the scheme says.
            Self::HttpSignatures(_)
            | Self::Cavage(_)
            | Self::Jwt(_)
            | Self::Mailgun
            | Self::Token(_)
            | Self::ClientState => false,
        }
    }

    /// Whether anything of the request is signed. Without that there is no
    /// memory of what was accepted.
    pub const fn signs(&self) -> bool {
        match self {
            Self::Jwt(row) => row.body_claim.is_some(),
            Self::Token(_) | Self::ClientState => false,
            _ => true,
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
    /// How the provider sets a webhook up, where it asks the endpoint first.
    pub handshake: Option<Handshake>,
    /// How long the provider waits for an answer, where it documents that.
    pub answer_deadline: Option<Duration>,
}

impl Defaults {
    /// The same for a provider that sets its webhooks up so.
    pub(super) const fn asked_by(self, handshake: Handshake) -> Self {
        Self { handshake: Some(handshake), ..self }
    }

    /// The same for a provider that documents that it gives up after so many
    /// seconds.
    pub(super) const fn answered_within(self, seconds: u64) -> Self {
        Self { answer_deadline: Some(Duration::from_secs(seconds)), ..self }
    }
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
