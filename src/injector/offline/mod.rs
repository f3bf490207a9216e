//! `countersign inject`: the injector's work on manifests, without a cluster.

mod manifests;

use serde_json::Value;

pub(crate) use manifests::Manifests;
pub(super) use manifests::{namespace_of, pod_of, title_of};

use super::injection::{INJECT, INJECTION, Judged, Pairs, Standing, Surroundings, judged, standing};
use manifests::{NamespaceFacts, asks_elsewhere};

/// What became of manifests.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// What got a sidecar, or has it already.
    pub(crate) injected: Vec<String>,
    /// What an author should know.
    pub(crate) warnings: Vec<String>,
    /// Sidecars that are not the injector's in what decides what runs there.
    pub(crate) foreign: Vec<String>,
    /// What the injector would refuse.
    pub(crate) denied: Vec<String>,
}

/// Gives each pod of `manifests` what the injector would give it. Objects that
/// do not say their namespace are in `namespace`.
pub(crate) fn inject(manifests: &mut Manifests, namespace: &str, defaults: &Pairs) -> Report {
    let mut report = Report::default();
    let namespaces = manifests.clone();
    for document in manifests.documents_mut() {
        let object = document.object();
        let title = title_of(object);
        let Some(mut pod) = pod_of(object) else {
            if asks_elsewhere(object) {
                report.warnings.push(format!(
                    "{title}: asks for a sidecar for pods that it makes, and its kind is not known here: the webhook adds it to \
                     them, this does not"
                ));
            }
            continue;
        };
        let namespace = namespaces.namespace(namespace_of(object).unwrap_or(namespace)).unwrap_or_default();
        let NamespaceFacts { annotations, .. } = &namespace;
        if !is_looked_at(&pod, &namespace) {
            if annotations.contains_key(INJECT) {
                report.warnings.push(format!(
                    "{title}: its namespace has the annotation {INJECT} but not the label {INJECTION}: enabled, without which its pods are not looked at"
                ));
            }
            continue;
        }
        let around = Surroundings { namespace: annotations, defaults, is_own_namespace: false };
        match judged(&pod, around) {
            Judged::Skip => {}
            Judged::Leave(reason) => report.warnings.push(format!("{title}: {reason}")),
            Judged::Deny(reason) => report.denied.push(format!("{title}: {reason}")),
            Judged::Inject { patch, warnings, foreign } => {
                if let Err(error) = json_patch::patch(&mut pod, &patch) {
                    report.denied.push(format!("{title}: the pod cannot be patched: {error}"));
                    continue;
                }
                if !patch.0.is_empty() {
                    document.put_pod(&pod);
                }
                report.foreign.extend(foreign.map(|foreign| format!("{title}: {foreign}")));
                report.warnings.extend(warnings.into_iter().map(|warning| format!("{title}: {warning}")));
                report.injected.push(title);
            }
        }
    }
    report
}

/// What is to be said of the sidecars that the pods of `object` have, as they
/// are. Its namespace is looked for among `manifests`; `defaults` are the
/// injector's, where they are known.
pub(super) fn standing_of(
    object: &Value,
    manifests: &Manifests,
    namespace: &str,
    defaults: Option<&Pairs>,
) -> Vec<Standing> {
    let Some(pod) = pod_of(object) else { return vec![] };
    let namespace = manifests.namespace(namespace_of(object).unwrap_or(namespace)).unwrap_or_default();
    let none = Pairs::new();
    let around = Surroundings {
        namespace: &namespace.annotations,
        defaults: defaults.unwrap_or(&none),
        is_own_namespace: false,
    };
    let around = is_looked_at(&pod, &namespace).then_some(around);
    standing(&pod, around, defaults.is_some())
}

/// Whether the webhook's selectors lead a pod of `namespace` to the injector.
fn is_looked_at(pod: &Value, namespace: &NamespaceFacts) -> bool {
    // Of whatever type: one that is no text is refused, and not passed over.
    let is_said = |of: &str| pod.pointer(of).is_some_and(|pairs| pairs.get(INJECT).is_some());
    if is_said("/metadata/labels") || is_said("/metadata/annotations") {
        return true;
    }
    namespace.labels.get(INJECTION).is_some_and(|value| value == "enabled")
}
