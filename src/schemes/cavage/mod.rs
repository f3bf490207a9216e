//! Signatures over listed header lines, as before RFC 9421:
//! draft-cavage-http-signatures-12 and what gateways made of its forerunners.
//!
//! ```text
//! Date: Tue, 14 Nov 2023 22:13:13 GMT
//! Digest: SHA-256=jpbqhwoa58n/IM2I5XqIlRtR8Va26TkbYhIY43BqHCY=
//! Authorization: hmac username="alice", algorithm="hmac-sha256",
//!   headers="request-line date digest", signature="<base64>"
//! ```
//!
//! What is signed has a line for each entry of the list, in its order:
//!
//! ```text
//! POST /in HTTP/1.1
//! date: Tue, 14 Nov 2023 22:13:13 GMT
//! digest: SHA-256=jpbqhwoa58n/IM2I5XqIlRtR8Va26TkbYhIY43BqHCY=
//! ```
//!
//! A dialect is a row of data ([`Dialect`]): where the signature is, what it
//! calls its key, and how the request's own line is written. As in RFC 9421 the
//! source says what must be in the list, and the key what made the signature.
//! Unlike there, the parameters are not signed: a time counts when its line is
//! in the list and not otherwise.

mod base;
mod compiled;
mod dialect;
mod parameters;
mod sign;

pub use dialect::{Dialect, Line, Place};

pub(super) use compiled::Cavage;

/// The most lines that one signature covers.
pub const LINES_MAX: usize = 64;
