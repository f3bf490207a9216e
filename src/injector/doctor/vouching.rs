//! Whether what is called a sidecar is the injector's.

use super::findings::{Finding, Severity};
use super::sidecars::is_over;
use crate::injector::injection::{INJECT, Pairs, STATUS, Standing};
use crate::injector::offline::{Manifests, namespace_of, standing_of, title_of};

/// Sidecars of `objects` that are somebody else's in part, and those of which
/// nobody knows what they should be. `defaults` are the injector's, where they
/// are known.
pub(super) fn examine(objects: &Manifests, namespace: &str, defaults: Option<&Pairs>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for object in objects.objects().filter(|object| !is_over(object)) {
        let title = format!("{}/{}", namespace_of(object).unwrap_or(namespace), title_of(object));
        let standing = standing_of(object, objects, namespace, defaults);
        findings.extend(standing.into_iter().map(|standing| {
            let text = match standing {
                Standing::Foreign(foreign) => format!("{title}: {foreign}"),
                Standing::Unvouched(container) => format!(
                    "{title}: has a container {container:?} without what the injector makes it from (label {INJECT}, settings) or \
                     leaves on it ({STATUS}): nobody can vouch for it; recreate the pod"
                ),
            };
            Finding::of(Severity::Bypass, text)
        }));
    }
    findings
}
