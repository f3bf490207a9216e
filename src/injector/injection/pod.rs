//! What the injector looks at in a pod.

use k8s_openapi::api::core::v1::{Container, ContainerPort, Pod};

use super::given::Pairs;

/// A pod, as far as it decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PodFacts {
    pub(crate) labels: Pairs,
    pub(crate) annotations: Pairs,
    pub(crate) is_host_network: bool,
    /// Those that containers declare, each with its container.
    pub(crate) ports: Vec<DeclaredPort>,
    /// The names of its volumes.
    pub(crate) volumes: Vec<String>,
}

/// A port that a container declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeclaredPort {
    pub(crate) container: String,
    pub(crate) name: Option<String>,
    pub(crate) number: i32,
}

impl PodFacts {
    /// Of `pod`, such as an API server sends it.
    pub(crate) fn of(pod: &Pod) -> Self {
        let spec = pod.spec.as_ref();
        let containers = spec.map(|spec| spec.containers.as_slice()).unwrap_or_default();
        let init = spec.and_then(|spec| spec.init_containers.as_deref()).unwrap_or_default();
        let volumes = spec.and_then(|spec| spec.volumes.as_deref()).unwrap_or_default();
        // Of the init containers only sidecars run beside the app.
        let sidecars = init.iter().filter(|container| container.restart_policy.as_deref() == Some("Always"));
        Self {
            labels: pod.metadata.labels.clone().unwrap_or_default(),
            annotations: pod.metadata.annotations.clone().unwrap_or_default(),
            is_host_network: spec.and_then(|spec| spec.host_network).unwrap_or(false),
            ports: containers.iter().chain(sidecars).flat_map(ports).collect(),
            volumes: volumes.iter().map(|volume| volume.name.clone()).collect(),
        }
    }

    /// The number of the port `name` of some container.
    pub(crate) fn port_named(&self, name: &str) -> Option<i32> {
        self.ports.iter().find(|port| port.name.as_deref() == Some(name)).map(|port| port.number)
    }
}

fn ports(container: &Container) -> impl Iterator<Item = DeclaredPort> {
    let is_tcp = |port: &&ContainerPort| port.protocol.as_deref().unwrap_or("TCP") == "TCP";
    container.ports.iter().flatten().filter(is_tcp).map(|port| DeclaredPort {
        container: container.name.clone(),
        name: port.name.clone(),
        number: port.container_port,
    })
}
