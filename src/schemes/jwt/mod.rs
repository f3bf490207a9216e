//! Signed tokens: JSON Web Tokens (RFC 7519) in the compact form of JSON Web
//! Signatures (RFC 7515 section 3.1), as OAuth 2.0 access tokens (RFC 9068)
//! and the signatures of a few providers are.
//!
//! ```text
//! base64url(header) "." base64url(claims) "." base64url(signature)
//! ```
//!
//! A token says who calls and for how long it may be believed. It signs nothing
//! of the request unless its row names a claim with a digest of the body, so it
//! is settled by the head alone.
//!
//! What RFC 8725 asks for: the algorithm is the key's and never the token's;
//! `none` is no algorithm; a `crit` that nobody understands refuses; keys that
//! a token brings along (`jwk`, `jku`, `x5c`, `x5u`) are never looked at;
//! issuer, audience and type are compared. Parsing is stricter than most: one
//! spelling of base64url, and no member twice, because the two readers of a
//! repeated member differ in which one they take.
//!
//! `compact` takes the token apart, `json` reads its parts, `keys` chooses what
//! to verify with (`jwk` reads those that issuers publish), `claims` judges what
//! was signed. Start at [`Jwt::open`].

mod algorithm;
mod claims;
mod compact;
mod compiled;
mod json;
mod jwk;
mod keys;
mod open;
mod requirements;
mod row;
mod sign;

pub use compact::TOKEN_BYTES_MAX;
pub use keys::{KeySetError, TOKEN_KEYS_MAX, TokenKeys};
pub use requirements::{KeySource, RequiredClaim, TokenRequirements};
pub use row::{TokenPlace, TokenRow};

pub(super) use compiled::Jwt;
pub(super) use open::OpenJwt;
