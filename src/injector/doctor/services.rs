//! Services that lead past the guard.

use k8s_openapi::api::core::v1::{Service, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::findings::{Finding, Severity};
use super::guarded::Guarded;
use crate::injector::injection::GUARDED_PORT;

/// Each port of `services` that reaches the app of a guarded pod.
pub(super) fn examine(services: &[Service], pods: &[Guarded], namespace: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for service in services {
        let of = service.metadata.namespace.as_deref().unwrap_or(namespace);
        for pod in pods.iter().filter(|pod| pod.namespace == of && selects(service, pod)) {
            let ports = service.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
            findings.extend(ports.filter_map(|port| past(service, port, pod, of)));
        }
    }
    findings.dedup();
    findings
}

fn selects(service: &Service, pod: &Guarded) -> bool {
    let selector = service.spec.as_ref().and_then(|spec| spec.selector.as_ref());
    let is_selected = |selector: &std::collections::BTreeMap<String, String>| {
        !selector.is_empty() && selector.iter().all(|(key, value)| pod.labels.get(key) == Some(value))
    };
    selector.is_some_and(is_selected)
}

fn past(service: &Service, port: &ServicePort, pod: &Guarded, namespace: &str) -> Option<Finding> {
    let name = service.metadata.name.as_deref().unwrap_or("?");
    let leads_to = |target: &str| {
        format!("{namespace}/Service/{name}: port {} leads to {target} of {}", port.port, pod.title)
    };
    let past = |target: &str, remedy: String| {
        Finding::of(Severity::Bypass, format!("{}, past the guard: {remedy}", leads_to(target)))
    };
    match port.target_port.as_ref().unwrap_or(&IntOrString::Int(port.port)) {
        // Another port of the pod, such as its metrics, is not what the guard stands in front of.
        IntOrString::String(name) if !pod.is_behind_by_name(name) => None,
        IntOrString::String(name) if name == GUARDED_PORT => {
            let remedy = format!(
                "a container declares the app's port by the name {name:?}, which is the guard's alone"
            );
            Some(past(&format!("{name:?}"), remedy))
        }
        IntOrString::String(name) => {
            Some(past(&format!("{name:?}"), format!("set targetPort: {GUARDED_PORT}")))
        }
        IntOrString::Int(target) if pod.is_behind(*target) => {
            Some(past(&target.to_string(), format!("set targetPort: {GUARDED_PORT}")))
        }
        IntOrString::Int(target) if Some(*target) == pod.guard_port => Some(Finding::of(
            Severity::Note,
            format!(
                "{}, the guard, by its number: targetPort: {GUARDED_PORT} also closes the way to pods without one",
                leads_to(&target.to_string())
            ),
        )),
        IntOrString::Int(_) => None,
    }
}
