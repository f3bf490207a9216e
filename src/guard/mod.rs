//! The guard: a verifying reverse proxy in front of a receiver app.
//!
//! Read `pipeline` first: it is the life of a delivery, and its order is the
//! security argument. `accept` is what comes before it, `check` its stages,
//! `forward` its end. [`start()`] brings it up.

mod accept;
mod allow_list;
mod amiss;
mod answer;
mod attestation;
mod capture;
mod check;
mod delivery;
mod detail;
mod forward;
mod headers;
mod in_force;
mod issuer;
mod outbound;
mod outcome;
mod pipeline;
mod refused_addresses;
mod rejection;
mod reload;
mod rotation;
mod routes;
mod sight;
mod source;
mod start;
mod state;
mod target;
mod tripwire;
mod way;
mod withheld;
mod worker;

pub use capture::CaptureError;
pub use outcome::Outcome;
pub use rejection::Rejection;
pub use reload::{Reload, ReloadError};
pub use start::{StartError, start};
pub use tripwire::Tripwire;

pub use crate::service::{Running, Side, UpError};
