//! A signature over a template of parts: `id.timestamp.body` and its kin.
//!
//! What most providers do, and why most presets are data. A row ([`Wire`])
//! names the header, its grammar and encoding, the algorithm, how the secret
//! becomes a key, and the parts that are signed; [`Template`] is a row with
//! keys.

mod algorithm;
mod compiled;
mod escapes;
mod id;
mod keys;
mod open;
mod parts;
mod rfc3339;
mod sign;
mod signatures;
mod text;
mod timestamp;
mod wire;

pub use algorithm::Algorithm;
pub use id::ID_BYTES_MAX;
pub use parts::Part;
pub use signatures::{Grammar, ListSyntax, SIGNATURES_MAX, SignatureField};
pub use text::{SignedContentFault, signed_content};
pub use timestamp::{TimestampField, TimestampForm, TimestampPlace};
pub use wire::Wire;

pub(super) use compiled::Template;
pub(super) use open::OpenTemplate;
