//! `countersign doctor`: what still gets past the guards, and which sidecars
//! are of another time. Looks at objects and changes none.

mod cluster;
mod findings;
mod guarded;
mod policies;
mod services;
mod sidecars;
#[cfg(test)]
mod tests;
mod vouching;
mod webhooks;

use k8s_openapi::api::networking::v1::NetworkPolicy;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) use cluster::{Cluster, look};
pub(crate) use findings::Finding;

use super::injection::Pairs;
use super::offline::{self, Manifests};
use findings::Severity;
use guarded::Guarded;

/// Where the objects come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Files: pods get their sidecars when they are created.
    Files,
    /// A cluster: pods have what they have. Who may look at one namespace alone
    /// may not see its webhook configurations.
    Cluster { sees_webhooks: bool },
}

/// Examines `objects`, with the injector's `defaults`. Objects that do not say
/// their namespace are in `namespace`.
pub(crate) fn examine(
    objects: &Manifests,
    origin: Origin,
    namespace: &str,
    defaults: &Pairs,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut defaults = defaults.clone();
    let is_guess = matches!(origin, Origin::Cluster { .. }) && !defaults.contains_key(IMAGE);
    if is_guess {
        defaults.insert(IMAGE.to_owned(), "unknown:0".to_owned());
        findings.push(Finding::of(Severity::Note, UNKNOWN_DEFAULTS));
    }
    let mut injected = objects.clone();
    let report = offline::inject(&mut injected, namespace, &defaults);
    findings.extend(report.denied.into_iter().map(|reason| Finding::of(Severity::Broken, reason)));
    findings.extend(report.warnings.into_iter().map(|warning| Finding::of(Severity::Note, warning)));
    let there = match origin {
        Origin::Files => &injected,
        Origin::Cluster { sees_webhooks } => {
            let differing = sidecars::missing_or_stale(objects, &injected);
            findings.extend(differing.filter(|finding| !is_guess || !finding.is_stale()));
            if sees_webhooks {
                findings.extend(webhooks::examine(&all_of(objects, "MutatingWebhookConfiguration")));
            } else {
                findings.push(Finding::of(Severity::Note, UNSEEN_WEBHOOKS));
            }
            objects
        }
    };
    findings.extend(vouching::examine(there, namespace, Some(&defaults).filter(|_| !is_guess)));
    let pods: Vec<Guarded> = there.objects().filter_map(|object| Guarded::of(object, namespace)).collect();
    let policies: Vec<NetworkPolicy> = all_of(there, "NetworkPolicy");
    findings.extend(services::examine(&all_of(there, "Service"), &pods, namespace));
    findings.extend(pods.iter().flat_map(Guarded::examine));
    findings.extend(pods.iter().flat_map(|pod| policies::examine(pod, &policies, namespace)));
    findings
}

/// Without them nobody knows what a pod would get.
const UNKNOWN_DEFAULTS: &str = "the injector's defaults are not known: no Deployment has its labels, or you may not see it; with \
                                --default image=IMAGE sidecars that are stale, or not the injector's in image or arguments, can be told";

const UNSEEN_WEBHOOKS: &str = "whether a webhook adds the sidecars, and fails closed, is not known: you may not list \
                               mutatingwebhookconfigurations";

const IMAGE: &str = "image";

/// The objects of `kind` that can be read as one.
fn all_of<T: DeserializeOwned>(objects: &Manifests, kind: &str) -> Vec<T> {
    let of_kind = objects.objects().filter(|object| object.get("kind").and_then(Value::as_str) == Some(kind));
    of_kind.filter_map(|object| serde_json::from_value(object.clone()).ok()).collect()
}
