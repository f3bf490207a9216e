//! Pods of a cluster beside what the injector would make of them now.

use serde_json::Value;

use super::findings::{Finding, Severity};
use crate::injector::injection::{INJECTION, STATUS, is_sidecar};
use crate::injector::offline::{Manifests, namespace_of, title_of};

/// Pods that should have a sidecar and have none, or an older one. `fresh` are
/// the same objects after an injection.
pub(super) fn missing_or_stale(there: &Manifests, fresh: &Manifests) -> impl Iterator<Item = Finding> {
    let pairs = there.objects().zip(fresh.objects());
    // What makes pods is asked for its pods alone: its template never has a sidecar.
    pairs.filter(|(there, _)| there["kind"] == "Pod").filter_map(|(there, fresh)| compare(there, fresh))
}

fn compare(there: &Value, fresh: &Value) -> Option<Finding> {
    if is_over(there) {
        return None;
    }
    let title = format!("{}/{}", namespace_of(there).unwrap_or_default(), title_of(there));
    let (now, wanted) = (status(there), status(fresh)?);
    match now {
        // Whose that is, is said elsewhere.
        None if has_sidecar(there) => None,
        None => Some(Finding::of(
            Severity::Bypass,
            format!(
                "{title}: asks for a sidecar and has none: it was made before {INJECTION} was set, or while the webhook was not asked; recreate it"
            ),
        )),
        Some(now) if now != wanted => Some(Finding::of(
            Severity::Stale,
            format!(
                "{title}: its sidecar is of other settings or another version than it would get now; recreate it"
            ),
        )),
        Some(_) => None,
    }
}

/// Pods that ended serve nobody.
pub(super) fn is_over(pod: &Value) -> bool {
    let phase = pod.pointer("/status/phase").and_then(Value::as_str);
    matches!(phase, Some("Succeeded" | "Failed"))
}

fn status(pod: &Value) -> Option<&Value> {
    has_sidecar(pod).then(|| pod.get("metadata")?.get("annotations")?.get(STATUS)).flatten()
}

fn has_sidecar(pod: &Value) -> bool {
    let containers = pod.pointer("/spec/initContainers").and_then(Value::as_array);
    let is_ours = |container: &Value| container.get("name").and_then(Value::as_str).is_some_and(is_sidecar);
    containers.into_iter().flatten().any(is_ours)
}
