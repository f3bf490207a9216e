//! What signatures over named components share, RFC 9421 and the drafts before
//! it alike: keys that messages choose by name, digests that tie the body to
//! the signed head, and how a field's lines become one value.
//!
//! All that is signed is in the head, the body by its digest. So the signature
//! is judged in the head step, and what is left for the body step is to compare
//! digests: who cannot sign never gets a body read.

pub(super) mod date;
mod digests;
mod keyring;
mod open;
mod target;
mod value;

pub use keyring::{KeyUse, NamedAlgorithm};

pub(super) use digests::{BodyDigests, DigestField};
pub(super) use keyring::{Choice, Keyring};
pub(super) use open::{OpenCovered, Signed};
pub(super) use target::target_of;
pub(super) use value::{joined, lines};

/// Whether the body must be covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyDigest {
    /// Every message carries a digest of its body and signs it.
    Required,
    /// A digest that is signed must be right; without one the body is not
    /// protected.
    IfSigned,
}
