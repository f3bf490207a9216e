//! Whether the cluster asks the injector, and what happens when it cannot.

use k8s_openapi::api::admissionregistration::v1::{MutatingWebhook, MutatingWebhookConfiguration};

use super::findings::{Finding, Severity};

/// What is amiss with the webhook entries of the injector.
pub(super) fn examine(configurations: &[MutatingWebhookConfiguration]) -> Vec<Finding> {
    let ours: Vec<&MutatingWebhook> = configurations
        .iter()
        .flat_map(|configuration| configuration.webhooks.iter().flatten())
        .filter(|webhook| webhook.name.ends_with(ENTRIES))
        .collect();
    if ours.is_empty() {
        let text = "no MutatingWebhookConfiguration has the injector's entries: no pod gets a sidecar when it is created";
        return vec![Finding::of(Severity::Broken, text)];
    }
    ours.into_iter().flat_map(examine_one).collect()
}

fn examine_one(webhook: &MutatingWebhook) -> Vec<Finding> {
    let name = &webhook.name;
    // The API server's own default is Fail.
    let opens = webhook.failure_policy.as_deref() == Some("Ignore");
    let opens = opens.then(|| {
        Finding::of(Severity::Bypass, format!("webhook {name}: failurePolicy Ignore lets pods start without their guard while the injector is away; set Fail"))
    });
    let has_ca = webhook.client_config.ca_bundle.as_ref().is_some_and(|bundle| !bundle.0.is_empty());
    let blind = (!has_ca).then(|| {
        Finding::of(Severity::Broken, format!("webhook {name}: has no caBundle: the API server cannot trust the injector; its log says why it did not set one"))
    });
    opens.into_iter().chain(blind).collect()
}

const ENTRIES: &str = ".injector.countersign.dev";
