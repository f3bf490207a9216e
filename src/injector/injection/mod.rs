//! What becomes of a pod, as a pure function: labels and annotations become a
//! decision (`decide`), settings become options (`options`), options a
//! container (`sidecar`), and a pod with options a JSON Patch (`patch`).

mod command_line;
mod conflicts;
mod decide;
mod defaults;
mod given;
mod kind;
#[cfg(test)]
mod listing;
mod merge;
mod names;
mod options;
mod patch;
mod pod;
mod quantity;
mod reference;
mod setting;
mod sidecar;
mod status;
#[cfg(test)]
mod tests;
mod values;

use k8s_openapi::api::core::v1::Pod;
use serde_json::Value;

pub(super) use decide::Surroundings;
pub(crate) use defaults::read as read_defaults;
pub(crate) use given::Pairs;
pub(super) use names::{GUARDED_PORT, INJECT, INJECTION, STATUS};

use decide::{Decision, decide};
use kind::Kind;
use patch::patch;
use pod::PodFacts;
use status::Status;

/// The name of a guard's container.
pub(super) const GUARD_CONTAINER: &str = Kind::Guard.container();

/// The fields of a sidecar that its pod's author wrote, by the `status` that the
/// injector left.
pub(super) fn declared_in(status: &str) -> Vec<String> {
    Status::read(status).map(|status| status.declared).unwrap_or_default()
}

/// Whether `container` is the name of a sidecar.
pub(super) fn is_sidecar(container: &str) -> bool {
    Kind::ALL.into_iter().any(|kind| kind.container() == container)
}

/// What is to be done with a pod.
pub(crate) enum Judged {
    Skip,
    Leave(String),
    Deny(String),
    Inject { patch: json_patch::Patch, warnings: Vec<String> },
}

/// Decides on `pod` and makes its patch.
pub(crate) fn judged(pod: &Value, around: Surroundings<'_>) -> Judged {
    let typed: Pod = match serde_json::from_value(pod.clone()) {
        Ok(typed) => typed,
        Err(error) => return Judged::Deny(format!("the pod cannot be read: {error}")),
    };
    match decide(&PodFacts::of(&typed), around) {
        Decision::Skip => Judged::Skip,
        Decision::Leave(reason) => Judged::Leave(reason),
        Decision::Deny(reason) => Judged::Deny(reason),
        Decision::Inject(options, warnings) => match patch(pod, &options) {
            Ok(patch) => Judged::Inject { patch, warnings },
            Err(reason) => Judged::Deny(reason),
        },
    }
}
