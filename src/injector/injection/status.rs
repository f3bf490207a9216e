//! The annotation that the injector leaves on a pod: by it a sidecar is known
//! again, and a stale one found.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::kind::Kind;
use super::names::STATUS;

/// What `countersign.dev/status` says.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Status {
    /// Of the injector.
    pub(crate) version: String,
    pub(crate) mode: String,
    pub(crate) container: String,
    /// Of the container and the volumes as the injector wants them.
    pub(crate) config_hash: String,
    /// Fields of the container that its author wrote, which stay as they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) declared: Vec<String>,
}

impl Status {
    /// Of a sidecar of `kind`.
    pub(crate) fn of(kind: Kind, config_hash: String, declared: Vec<String>) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            mode: kind.name().to_owned(),
            container: kind.container().to_owned(),
            config_hash,
            declared,
        }
    }

    /// Reads the annotation of `pod`; None where it is not one of ours.
    pub(crate) fn of_pod(pod: &Value) -> Option<Self> {
        let text = pod.get("metadata")?.get("annotations")?.get(STATUS)?.as_str()?;
        serde_json::from_str(text).ok()
    }

    /// The annotation.
    pub(crate) fn write(&self) -> String {
        serde_json::to_string(self).expect("strings serialize")
    }
}

/// Of `container` and `volumes`: objects keep their keys sorted, so that equal
/// ones have one text.
pub(crate) fn hash(container: &Value, volumes: &[Value]) -> String {
    let mut hash = Sha256::new();
    hash.update(container.to_string());
    for volume in volumes {
        hash.update(volume.to_string());
    }
    let digest: [u8; 32] = hash.finalize().into();
    // Enough to tell one configuration from another; nobody gains by a collision in a pod of their own.
    let (first, _) = digest.split_first_chunk().expect("a digest has 32 bytes");
    format!("{:016x}", u64::from_be_bytes(*first))
}
