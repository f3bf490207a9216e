//! Whether network policies keep callers from the app's own port, which is open
//! on the pod's address unless the app listens on loopback alone.

use k8s_openapi::api::networking::v1::{NetworkPolicy, NetworkPolicyIngressRule, NetworkPolicyPort};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::findings::{Finding, Severity};
use super::guarded::Guarded;

/// What lets callers reach the app of `pod` directly.
pub(super) fn examine(pod: &Guarded, policies: &[NetworkPolicy], namespace: &str) -> Vec<Finding> {
    let Some(app_port) = pod.upstream_port else { return vec![] };
    let selecting: Vec<&NetworkPolicy> =
        policies.iter().filter(|policy| applies(policy, pod, namespace)).collect();
    if selecting.is_empty() {
        let text = format!(
            "{}: the app's port {app_port} is open on the pod's address to everybody in the cluster, unless the app listens on 127.0.0.1: \
             a NetworkPolicy that allows port {} alone closes it",
            pod.title,
            pod.guard_port.unwrap_or_default()
        );
        return vec![Finding::of(Severity::Bypass, text)];
    }
    let rules = selecting.iter().flat_map(|policy| ingress(policy).iter().map(move |rule| (*policy, rule)));
    let open = rules.filter(|(_, rule)| allows(rule, app_port, pod));
    open.map(|(policy, rule)| {
        let name = policy.metadata.name.as_deref().unwrap_or("?");
        let whom = if rule.from.as_ref().is_some_and(|from| !from.is_empty()) {
            "the peers of a rule"
        } else {
            "everybody"
        };
        let text = format!(
            "{}: NetworkPolicy {name:?} lets {whom} reach the app's port {app_port}, past the guard",
            pod.title
        );
        Finding::of(Severity::Bypass, text)
    })
    .collect()
}

fn ingress(policy: &NetworkPolicy) -> &[NetworkPolicyIngressRule] {
    policy.spec.as_ref().and_then(|spec| spec.ingress.as_deref()).unwrap_or_default()
}

/// Whether `policy` isolates `pod` for what comes in.
fn applies(policy: &NetworkPolicy, pod: &Guarded, namespace: &str) -> bool {
    let Some(spec) = &policy.spec else { return false };
    // Without types a policy is one of ingress (NetworkPolicySpec.policyTypes).
    let is_of_ingress = spec.policy_types.as_ref().is_none_or(|types| types.iter().any(|of| of == "Ingress"));
    let of = policy.metadata.namespace.as_deref().unwrap_or(namespace);
    let is_selected = spec.pod_selector.as_ref().is_none_or(|selector| selects(selector, pod));
    of == pod.namespace && is_of_ingress && is_selected
}

fn selects(selector: &LabelSelector, pod: &Guarded) -> bool {
    let has = |(key, value): (&String, &String)| pod.labels.get(key) == Some(value);
    selector.match_labels.iter().flatten().all(has)
        && selector.match_expressions.iter().flatten().all(|requirement| meets(requirement, pod))
}

fn meets(requirement: &LabelSelectorRequirement, pod: &Guarded) -> bool {
    let value = pod.labels.get(&requirement.key);
    let is_listed =
        || value.is_some_and(|value| requirement.values.iter().flatten().any(|listed| listed == value));
    match requirement.operator.as_str() {
        "In" => is_listed(),
        "NotIn" => !is_listed(),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        _ => false,
    }
}

fn allows(rule: &NetworkPolicyIngressRule, app_port: i32, pod: &Guarded) -> bool {
    let ports = rule.ports.as_deref().unwrap_or_default();
    ports.is_empty() || ports.iter().any(|port| includes(port, app_port, pod))
}

fn includes(port: &NetworkPolicyPort, app_port: i32, pod: &Guarded) -> bool {
    if port.protocol.as_deref().unwrap_or("TCP") != "TCP" {
        return false;
    }
    match &port.port {
        None => true,
        Some(IntOrString::Int(first)) => (*first..=port.end_port.unwrap_or(*first)).contains(&app_port),
        Some(IntOrString::String(name)) => pod.is_behind_by_name(name),
    }
}
