//! The sidecar as it stands in a pod, by its name.

use serde_json::{Value, json};

/// See the module's description.
pub(super) struct Present<'a> {
    pub(super) list: &'static str,
    pub(super) index: usize,
    pub(super) container: &'a Value,
}

impl<'a> Present<'a> {
    /// Authors may declare it among either list of containers.
    pub(super) fn find(pod: &'a Value, name: &str) -> Option<Self> {
        [INIT_CONTAINERS, CONTAINERS].into_iter().find_map(|list| {
            let containers = pod.get("spec")?.get(list)?.as_array()?;
            let index =
                containers.iter().position(|container| container.get("name") == Some(&json!(name)))?;
            Some(Self { list, index, container: &containers[index] })
        })
    }

    /// What is said of it.
    pub(super) fn fields(&self) -> Vec<String> {
        let fields = self.container.as_object().into_iter().flat_map(|fields| fields.keys().cloned());
        fields.filter(|field| field != "name").collect()
    }
}

pub(super) const INIT_CONTAINERS: &str = "initContainers";
const CONTAINERS: &str = "containers";
