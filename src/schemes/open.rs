//! The body step: bytes in as they arrive, then proof or reason.

use std::fmt;

use super::client_state::OpenClientState;
use super::covered::OpenCovered;
use super::form::OpenForm;
use super::jwt::OpenJwt;
use super::mailgun::OpenMailgun;
use super::proof::Proof;
use super::refusal::Refusal;
use super::template::OpenTemplate;
use super::token::OpenToken;
use crate::clock::UnixTime;

/// A delivery whose head is in order and whose signature is still open. Owns
/// what it needs, so it may go with the body to another task.
#[must_use = "nothing is proven until `finish`"]
pub struct Open(Opened);

/// What is open, by mechanism.
#[allow(clippy::large_enum_variant)] // The large one is the common one, and a box would be an allocation for each delivery.
enum Opened {
    Template(OpenTemplate),
    Covered(OpenCovered),
    Form(OpenForm),
    Jwt(OpenJwt),
    Mailgun(OpenMailgun),
    Token(OpenToken),
    ClientState(OpenClientState),
}

impl Open {
    /// Takes the next bytes of the body, of any length, exactly as received:
    /// what can be hashed while it is hot in the cache, is.
    pub fn update(&mut self, chunk: &[u8]) {
        match &mut self.0 {
            Opened::Template(open) => open.update(chunk),
            Opened::Covered(open) => open.update(chunk),
            Opened::Jwt(open) => open.update(chunk),
            // These read the whole at the end, or none of it.
            Opened::Form(_) | Opened::Mailgun(_) | Opened::Token(_) | Opened::ClientState(_) => {}
        }
    }

    /// When the request claims to have been signed, where its head says so.
    /// Not proven: for explaining a refusal, never for deciding.
    pub fn claimed_at(&self) -> Option<UnixTime> {
        match &self.0 {
            Opened::Template(open) => open.claimed_at(),
            Opened::Covered(open) => Some(open.claimed_at()),
            Opened::Form(_)
            | Opened::Mailgun(_)
            | Opened::Token(_)
            | Opened::Jwt(_)
            | Opened::ClientState(_) => None,
        }
    }

    /// Whether the signature holds.
    ///
    /// `body` is all that [`update`](Self::update) was given, in one piece, for
    /// schemes that read in it what they need: a signed time, form parameters.
    pub fn finish(self, body: &[u8]) -> Result<Proof, Refusal> {
        match self.0 {
            Opened::Template(open) => open.finish(body),
            Opened::Covered(open) => open.finish(),
            Opened::Form(open) => open.finish(body),
            Opened::Jwt(open) => open.finish(),
            Opened::Mailgun(open) => open.finish(body),
            Opened::Token(open) => Ok(open.finish()),
            Opened::ClientState(open) => open.finish(body),
        }
    }
}

/// An `Open` of each mechanism.
macro_rules! opened_from {
    ($($mechanism:ident($open:ty),)+) => {
        $(impl From<$open> for Open {
            fn from(open: $open) -> Self {
                Self(Opened::$mechanism(open))
            }
        })+
    };
}

opened_from! {
    Template(OpenTemplate),
    Covered(OpenCovered),
    Form(OpenForm),
    Jwt(OpenJwt),
    Mailgun(OpenMailgun),
    Token(OpenToken),
    ClientState(OpenClientState),
}

impl fmt::Debug for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Opened::Template(open) => open.fmt(f),
            Opened::Covered(open) => open.fmt(f),
            Opened::Form(open) => open.fmt(f),
            Opened::Jwt(open) => open.fmt(f),
            Opened::Mailgun(open) => open.fmt(f),
            Opened::Token(open) => open.fmt(f),
            Opened::ClientState(open) => open.fmt(f),
        }
    }
}
