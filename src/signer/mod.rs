//! The signer: a sidecar that signs an app's webhooks and delivers them.
//!
//! Read `pipeline` first: it is the life of a delivery, from the app's plain
//! request to the consumer's answer. `accept` is what comes before it;
//! `endpoints`, `admission`, `intake`, `signing`, `authorization`, `outbound`
//! and `send` are its stages; `egress` beside this module is the way to the
//! consumer. [`start()`] brings it up.
//!
//! It keeps nothing: an app that must not lose a webhook tries again with the
//! same id, and a guard at the other end knows the second one for a retry.

mod accept;
mod admission;
mod authorization;
mod delivery;
mod endpoints;
mod intake;
mod outbound;
mod outcome;
mod pipeline;
mod rejection;
mod send;
mod signing;
mod start;
mod state;
mod token;
mod worker;

pub use crate::egress::{AddressKind, ClientTlsError, Refusal, RouteError};
pub use outcome::Outcome;
pub use rejection::Rejection;
pub use start::{StartError, start};

pub use crate::service::{Running, Side, UpError};
