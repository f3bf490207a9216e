//! What the injector would put into a pod, as JSON beside which the pod's can
//! be held.

use k8s_openapi::serde::Serialize;
use serde_json::Value;

use super::options::Options;
use super::sidecar;
use super::status;

/// See the module's description.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) container: Value,
    pub(super) volumes: Vec<Value>,
    /// Of both.
    pub(super) hash: String,
}

impl Wanted {
    pub(super) fn of(options: &Options) -> Self {
        let container = value_of(&sidecar::container(options));
        let volumes: Vec<Value> = sidecar::volumes(options).iter().map(value_of).collect();
        let hash = status::hash(&container, &volumes);
        Self { container, volumes, hash }
    }
}

fn value_of(object: &impl Serialize) -> Value {
    serde_json::to_value(object).expect("Kubernetes' objects have string keys")
}
