//! The injector: a mutating admission webhook that adds a guard or a signer to
//! pods.
//!
//! [`review`] is where to start. Its half is pure: labels and annotations
//! become a decision ([`decide`]), settings become options ([`options`]),
//! options a container ([`sidecar`]), and a pod with options a JSON Patch
//! ([`patch`]). `countersign inject` runs the same code without a cluster.
//!
//! The other half has effects: [`admission`] is the way of a request to a
//! review and back, `accept` what comes before it. What keeps the injector able
//! to answer is in `cluster` (the API server and its namespaces) and
//! `certificates` (what the API server is shown, and what it trusts).
//! [`start()`] brings it up.
//!
//! It fails closed: what it cannot know it does not answer, and the webhook's
//! `failurePolicy: Fail` keeps the pod from starting.

mod accept;
mod admission;
mod certificates;
mod cluster;
mod conflicts;
mod decide;
mod given;
mod kind;
mod merge;
mod names;
mod options;
mod outcome;
mod patch;
mod pod;
mod quantity;
mod readiness;
mod reference;
mod refusal;
mod review;
mod setting;
mod sidecar;
mod start;
mod state;
mod status;
#[cfg(test)]
mod tests;
mod worker;

pub use certificates::MountedError;
pub use cluster::{ConnectError, TooOld};
pub use start::{Reload, StartError, start};

pub use crate::service::{Running, UpError};
