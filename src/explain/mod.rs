//! Why a signature does not match: a captured request is judged as a guard
//! would, and then once more with each of the known mistakes undone.
//!
//! Pure: bytes, keys and a time in, words out. It tries what the guard must
//! never try, so no role may use it; it is for the person who holds the secret
//! and has the request before them. It never says what the right signature
//! would be.
//!
//! Where to start: [`Case`] is what is judged, [`search()`] tries what is in
//! `mistakes/`, and `capture/` reads what people have: raw HTTP, HAR, `curl`.

pub mod capture;
mod case;
mod hex;
mod hints;
mod json;
mod mechanism;
mod mistakes;
mod search;

pub use capture::{Capture, CaptureError, Format, Received};
pub use case::{Case, Request};
pub use hints::{hints, other_fields};
pub use mistakes::{Class, Mistake};
pub use search::{Finding, Search, search};
