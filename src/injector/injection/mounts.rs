//! Where a sidecar's files are, and what else is mounted into it.
//!
//! A mount decides what the program is as much as its image does: one over
//! `/countersign` or over a library is another program, and one below a volume
//! whose author keeps a symbolic link there lands wherever that leads. So what
//! counts as harmless is a list of places, and none is below another.

use serde_json::Value;

use super::names::{FILES_ROOT, FILES_VOLUME, NO_TOKEN_VOLUME, STATE_ROOT, TOKEN_ROOT};

/// Whether `mount` is one that the injector makes.
pub(super) fn is_ours(mount: &Value) -> bool {
    let is_whole = ["subPath", "subPathExpr"].into_iter().all(|field| mount.get(field).is_none());
    let name = mount.get("name").and_then(Value::as_str);
    is_whole
        && match path(mount).as_str() {
            FILES_ROOT => name == Some(FILES_VOLUME),
            TOKEN_ROOT => name == Some(NO_TOKEN_VOLUME),
            // Which volume it is, is the pod's to say, and nothing but the ledger is read there.
            STATE_ROOT => true,
            _ => false,
        }
}

/// Puts what `template` has at the token's path in place of what is there: the
/// API server mounts the token into a container that its author wrote before it
/// asks the injector.
pub(super) fn keep_token_out(container: &mut Value, template: &Value) {
    let is_token = |mount: &Value| path(mount) == TOKEN_ROOT;
    let Some(own) = of(template).and_then(|mounts| mounts.iter().find(|mount| is_token(mount))) else {
        return;
    };
    let mounts = container.get_mut(MOUNTS).and_then(Value::as_array_mut);
    for mount in mounts.into_iter().flatten().filter(|mount| is_token(mount)) {
        *mount = own.clone();
    }
}

fn of(container: &Value) -> Option<&Vec<Value>> {
    container.get(MOUNTS)?.as_array()
}

/// Where `mount` is, however that is spelled: the kubelet takes a relative path
/// for one from the root.
fn path(mount: &Value) -> String {
    let mut parts = Vec::new();
    for part in mount.get("mountPath").and_then(Value::as_str).unwrap_or_default().split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

const MOUNTS: &str = "volumeMounts";
