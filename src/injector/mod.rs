//! The injector: a mutating admission webhook that adds a guard or a signer to
//! pods.
//!
//! `review` is where to start. What becomes of a pod is a pure function
//! (`injection`); `countersign inject` runs the same without a cluster
//! (`offline`), and `countersign doctor` on what a cluster has (`doctor`).
//!
//! Around it, with effects: `admission` is the way of a request to a review
//! and back, `accept` what comes before it. What keeps the injector able to
//! answer is in `cluster` (the API server and its namespaces) and
//! `certificates` (what the API server is shown, and what it trusts).
//! [`start()`] brings it up.
//!
//! It fails closed: what it cannot know it does not answer, and the webhook's
//! `failurePolicy: Fail` keeps the pod from starting.

mod accept;
mod admission;
mod callers;
mod certificates;
mod cluster;
mod cost;
mod doctor;
mod injection;
mod offline;
mod outcome;
#[cfg(test)]
mod properties;
mod readiness;
mod refusal;
mod response;
mod review;
mod start;
mod state;
mod worker;

pub use certificates::MountedError;
pub use cluster::{ConnectError, TooOld};
pub use start::{Reload, StartError, start};

pub(crate) use doctor::{Cluster, Finding, Origin, examine, look};
pub(crate) use injection::{Pairs, read_defaults};
pub(crate) use offline::{Manifests, Report, inject};

pub use crate::service::{Running, UpError};
