//! The injector: a mutating admission webhook that adds a guard or a signer to
//! pods.
//!
//! [`review`] is where to start. Its half is pure: labels and annotations
//! become a decision ([`decide`]), settings become options ([`options`]),
//! options a container ([`sidecar`]), and a pod with options a JSON Patch
//! ([`patch`]). `countersign inject` runs the same code without a cluster.

mod conflicts;
mod decide;
mod given;
mod kind;
mod merge;
mod names;
mod options;
mod patch;
mod pod;
mod quantity;
mod reference;
mod review;
mod setting;
mod sidecar;
mod status;
#[cfg(test)]
mod tests;
