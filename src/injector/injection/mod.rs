//! What becomes of a pod, as a pure function: labels and annotations become a
//! decision (`decide`), settings become options (`options`), options a
//! container (`sidecar`), and a pod with options a JSON Patch (`patch`).

mod command_line;
mod conflicts;
mod decide;
mod defaults;
mod foreign;
mod given;
mod image;
mod kind;
#[cfg(test)]
mod listing;
mod merge;
mod mounts;
mod names;
mod options;
mod patch;
mod pod;
mod present;
mod quantity;
mod reference;
mod setting;
mod sidecar;
mod standing;
mod status;
#[cfg(test)]
mod tests;
mod values;
mod wanted;

use k8s_openapi::api::core::v1::Pod;
use serde::Deserialize as _;
use serde_json::Value;

pub(super) use command_line::flag_value;
pub(super) use decide::Surroundings;
pub(crate) use defaults::read as read_defaults;
pub(crate) use foreign::Foreign;
pub(crate) use given::Pairs;
pub(super) use names::{GUARDED_PORT, INJECT, INJECTION, STATUS};
pub(super) use reference::is_namespace_name;
pub(super) use standing::{Standing, standing};

use decide::{Decision, decide};
use kind::Kind;
use patch::{Patched, patch};
use pod::PodFacts;

/// The name of a guard's container.
pub(super) const GUARD_CONTAINER: &str = Kind::Guard.container();

/// Whether `container` is the name of a sidecar.
pub(super) fn is_sidecar(container: &str) -> bool {
    Kind::ALL.into_iter().any(|kind| kind.container() == container)
}

/// What is to be done with a pod.
pub(crate) enum Judged {
    Skip,
    Leave(String),
    Deny(String),
    Inject {
        patch: json_patch::Patch,
        warnings: Vec<String>,
        /// In what the sidecar is not the injector's.
        foreign: Option<Foreign>,
    },
}

/// Decides on `pod` and makes its patch.
pub(crate) fn judged(pod: &Value, around: Surroundings<'_>) -> Judged {
    if let Some(reason) = too_much(pod) {
        return Judged::Deny(reason);
    }
    let typed = match Pod::deserialize(pod) {
        Ok(typed) if typed.spec.is_some() => typed,
        Ok(_) => return Judged::Deny("the pod cannot be read: it has no spec".to_owned()),
        Err(error) => return Judged::Deny(format!("the pod cannot be read: {error}")),
    };
    match decide(&PodFacts::of(&typed), around) {
        Decision::Skip => Judged::Skip,
        Decision::Leave(reason) => Judged::Leave(reason),
        Decision::Deny(reason) => Judged::Deny(reason),
        Decision::Inject(options, warnings) => match patch(pod, &options) {
            Ok(Patched { patch, foreign }) => Judged::Inject { patch, warnings, foreign },
            Err(reason) => Judged::Deny(reason),
        },
    }
}

/// What of `pod` is more than is looked at.
fn too_much(pod: &Value) -> Option<String> {
    let parts = ["spec", "status"].into_iter().filter_map(|part| pod.get(part)?.as_object());
    let elements: usize =
        parts.flat_map(|part| part.values()).filter_map(Value::as_array).map(Vec::len).sum();
    if elements > ELEMENTS_MAX {
        return Some(format!(
            "the pod has {elements} containers, volumes and the like: at most {ELEMENTS_MAX} are looked at"
        ));
    }
    let pairs = ["annotations", "labels"].into_iter().filter_map(|of| pod["metadata"].get(of)?.as_object());
    let bytes_of = |(key, value): (&String, &Value)| key.len() + value.as_str().map_or(0, str::len);
    let bytes: usize = pairs.flatten().map(bytes_of).sum();
    (bytes > PAIRS_BYTES_MAX).then(|| {
        format!(
            "the pod's annotations and labels have {bytes} bytes: Kubernetes takes at most {PAIRS_BYTES_MAX}"
        )
    })
}

/// In the lists of a pod that are not in others. A container takes 2.4 KB once
/// it is typed and a volume 3 KB, whatever little is in it; nobody has so many.
const ELEMENTS_MAX: usize = 1000;

/// Kubernetes' own bound for annotations, which it looks at later.
const PAIRS_BYTES_MAX: usize = 256 << 10;
