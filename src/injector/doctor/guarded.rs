//! A pod with a guard, as what can get past it sees it.

use k8s_openapi::api::core::v1::{Container, ContainerPort, Pod};
use serde_json::Value;

use super::findings::{Finding, Severity};
use crate::injector::injection::{GUARD_CONTAINER, GUARDED_PORT, Pairs};
use crate::injector::offline::{namespace_of, pod_of, title_of};

/// A pod, or the template of some, that has a guard.
#[derive(Debug)]
pub(super) struct Guarded {
    /// `NAMESPACE/Deployment/receiver`.
    pub(super) title: String,
    pub(super) namespace: String,
    pub(super) labels: Pairs,
    /// Where the guard takes deliveries.
    pub(super) guard_port: Option<i32>,
    /// Where it leads them, if that is in the pod.
    pub(super) upstream_port: Option<i32>,
    /// The ports that the app's containers declare.
    pub(super) app_ports: Vec<ContainerPort>,
    guard_args: Vec<String>,
}

impl Guarded {
    /// Of `object`, if it is or makes pods and they have a guard.
    pub(super) fn of(object: &Value, namespace: &str) -> Option<Self> {
        let pod: Pod = serde_json::from_value(pod_of(object)?).ok()?;
        let spec = pod.spec?;
        let init = spec.init_containers.unwrap_or_default();
        let containers: Vec<Container> = init.into_iter().chain(spec.containers).collect();
        let (guards, others): (Vec<_>, Vec<_>) =
            containers.into_iter().partition(|container| container.name == GUARD_CONTAINER);
        let guard = guards.into_iter().next()?;
        let guard_args = guard.args.unwrap_or_default();
        let is_guarded = |port: &&ContainerPort| port.name.as_deref() == Some(GUARDED_PORT);
        let namespace = namespace_of(object).unwrap_or(namespace).to_owned();
        Some(Self {
            title: format!("{namespace}/{}", title_of(object)),
            namespace,
            labels: pod.metadata.labels.unwrap_or_default(),
            guard_port: guard.ports.iter().flatten().find(is_guarded).map(|port| port.container_port),
            upstream_port: upstream_port(&guard_args),
            app_ports: others.into_iter().flat_map(|container| container.ports.unwrap_or_default()).collect(),
            guard_args,
        })
    }

    /// Whether `port` is one behind the guard.
    pub(super) fn is_behind(&self, port: i32) -> bool {
        self.upstream_port == Some(port)
    }

    /// What its own description says of ways past its guard.
    pub(super) fn examine(&self) -> Vec<Finding> {
        let title = &self.title;
        let on_host = self
            .app_ports
            .iter()
            .filter(|port| port.host_port.is_some() && self.is_behind(port.container_port));
        let on_host = on_host.map(|port| {
            let text = format!(
                "{title}: hostPort {} leads to the app's port {}, past the guard: leave it out",
                port.host_port.unwrap_or_default(),
                port.container_port
            );
            Finding::of(Severity::Bypass, text)
        });
        let observes = self.guard_args.iter().any(|arg| arg == "--mode=observe").then(|| {
            Finding::of(Severity::Bypass, format!("{title}: the guard only observes: what it would refuse reaches the app; mode enforce ends that"))
        });
        let unread = (self.upstream_port.is_none()).then(|| {
            let text = format!("{title}: where its guard leads is in its configuration file, and the app's port is not known here");
            Finding::of(Severity::Note, text)
        });
        on_host.chain(observes).chain(unread).collect()
    }
}

fn upstream_port(args: &[String]) -> Option<i32> {
    let upstream = args.iter().find_map(|arg| arg.strip_prefix("--upstream="))?;
    upstream.trim_end_matches('/').rsplit(':').next()?.parse().ok()
}
