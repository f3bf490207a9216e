//! The injector: a mutating admission webhook that adds a guard or a signer to
//! pods.
//!
//! [`review`] is where to start. What becomes of a pod is a pure function
//! ([`injection`]); `countersign inject` runs the same without a cluster
//! ([`offline`]).

mod doctor;
mod injection;
mod offline;
mod review;

pub(crate) use doctor::{Cluster, Finding, Origin, examine, look};
pub(crate) use injection::{Pairs, read_defaults};
pub(crate) use offline::{ManifestError, Manifests, Report, inject};
pub(crate) use review::{Answer, Injector, Outcome, Review, Unreadable};
