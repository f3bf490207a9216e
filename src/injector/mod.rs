//! The injector: an admission webhook that puts the guard or the signer into
//! pods.
//!
//! Read `admission` first: it is the life of a review, from the API server's
//! question to the answer. `accept` is what comes before it. What decides is
//! pure and beside it; what keeps the injector able to answer is in `cluster`
//! (the API server and its namespaces) and `certificates` (what it is shown,
//! and what it trusts). [`start()`] brings it up.
//!
//! It fails closed: what it cannot know it does not answer, and the webhook's
//! `failurePolicy: Fail` keeps the pod from starting.

mod accept;
mod admission;
mod asked;
mod certificates;
mod cluster;
mod judge;
mod outcome;
mod readiness;
mod refusal;
mod start;
mod state;
mod worker;

pub use certificates::MountedError;
pub use cluster::{ConnectError, TooOld};
pub use start::{Reload, StartError, start};

pub use crate::service::{Running, UpError};
