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
    match port.target_port.as_ref().unwrap_or(&IntOrString::Int(port.port)) {
        IntOrString::String(target) if target == GUARDED_PORT => None,
        IntOrString::Int(target) if Some(*target) == pod.guard_port => Some(Finding::of(
            Severity::Note,
            format!(
                "{}, the guard, by its number: targetPort: {GUARDED_PORT} also closes the way to pods without one",
                leads_to(&target.to_string())
            ),
        )),
        target => {
            let number = match target {
                IntOrString::Int(number) => Some(*number),
                IntOrString::String(name) => pod
                    .app_ports
                    .iter()
                    .find(|port| port.name.as_ref() == Some(name))
                    .map(|port| port.container_port),
            };
            let shown = match target {
                IntOrString::Int(number) => number.to_string(),
                IntOrString::String(name) => format!("{name:?}"),
            };
            // Another port of the pod, such as its metrics, is not what the guard stands in front of.
            let is_behind = number.is_some_and(|number| pod.is_behind(number));
            is_behind.then(|| {
                Finding::of(
                    Severity::Bypass,
                    format!("{}, past the guard: set targetPort: {GUARDED_PORT}", leads_to(&shown)),
                )
            })
        }
    }
}
