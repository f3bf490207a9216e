//! What the injector looks at in a pod.

use k8s_openapi::api::core::v1::{Container, ContainerPort, Pod, Volume};

use super::given::Pairs;

/// A pod, as far as it decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PodFacts {
    pub(crate) labels: Pairs,
    pub(crate) annotations: Pairs,
    pub(crate) is_host_network: bool,
    /// Those that containers declare, each with its container.
    pub(crate) ports: Vec<DeclaredPort>,
    pub(crate) volumes: Vec<DeclaredVolume>,
}

/// A volume that a pod declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeclaredVolume {
    pub(crate) name: String,
    /// What it is, where that can never be written to.
    pub(crate) read_only: Option<&'static str>,
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
            volumes: volumes.iter().map(declared).collect(),
        }
    }

    /// The number of the port `name` of some container.
    pub(crate) fn port_named(&self, name: &str) -> Option<i32> {
        self.ports.iter().find(|port| port.name.as_deref() == Some(name)).map(|port| port.number)
    }
}

fn declared(volume: &Volume) -> DeclaredVolume {
    let kinds = [
        ("configMap", volume.config_map.is_some()),
        ("secret", volume.secret.is_some()),
        ("projected", volume.projected.is_some()),
        ("downwardAPI", volume.downward_api.is_some()),
        ("image", volume.image.is_some()),
    ];
    let read_only = kinds.into_iter().find_map(|(kind, is_it)| is_it.then_some(kind));
    DeclaredVolume { name: volume.name.clone(), read_only }
}

fn ports(container: &Container) -> impl Iterator<Item = DeclaredPort> {
    let is_tcp = |port: &&ContainerPort| port.protocol.as_deref().unwrap_or("TCP") == "TCP";
    container.ports.iter().flatten().filter(is_tcp).map(|port| DeclaredPort {
        container: container.name.clone(),
        name: port.name.clone(),
        number: port.container_port,
    })
}
