//! Ports that two containers of a pod would listen on, or that have one name. The
//! API server only warns of them; one of the two would then not start, or get
//! what is the other's.

use serde_json::Value;

use super::kind::Kind;
use super::names::{GUARDED_PORT, PREFIX};
use super::pod::{DeclaredPort, PodFacts};
use super::setting::{ADMIN_PORT, LISTEN_PORT};

/// What is in the way of a sidecar of `kind` on these ports.
pub(crate) fn of(kind: Kind, listen_port: u16, admin_port: u16, pod: &PodFacts) -> Vec<String> {
    let mut problems = Vec::new();
    if listen_port == admin_port {
        problems.push(format!(
            "{PREFIX}{ADMIN_PORT} \"{admin_port}\": is {PREFIX}{LISTEN_PORT} too; give each its own"
        ));
    }
    for port in pod.ports.iter().filter(|port| port.container != kind.container()) {
        for (key, own) in [(LISTEN_PORT, listen_port), (ADMIN_PORT, admin_port)] {
            if port.number == i32::from(own) {
                let DeclaredPort { container, number, .. } = port;
                problems.push(format!(
                    "{PREFIX}{key} \"{own}\": container {container:?} declares port {number} and {:?} needs it; set {PREFIX}{key} to another one",
                    kind.container()
                ));
            }
        }
        let names: &[&str] = match kind {
            Kind::Guard => &[GUARDED_PORT, kind.admin_port_name()],
            Kind::Signer => &[kind.admin_port_name()],
        };
        if let Some(name) = port.name.as_deref().filter(|name| names.contains(name)) {
            let DeclaredPort { container, .. } = port;
            problems.push(format!(
                "container {container:?} declares a port named {name:?}, which is the name of a port of {:?}: name it otherwise",
                kind.container()
            ));
        }
    }
    problems
}

/// Whether `container`, of which its author wrote a part, has the name of a port
/// of `template` at another port too: a Service would then find the app by it.
pub(super) fn of_its_own(container: &Value, template: &Value) -> Result<(), String> {
    let ports = |of: &'_ Value| of.get("ports").and_then(Value::as_array).cloned().unwrap_or_default();
    for own in ports(template) {
        let is_another =
            |port: &Value| port["name"] == own["name"] && port["containerPort"] != own["containerPort"];
        if let Some(port) = ports(container).into_iter().find(is_another) {
            return Err(format!(
                "container {} declares port {} by the name {}, which is the name of its port {}: leave it out",
                template["name"], port["containerPort"], own["name"], own["containerPort"]
            ));
        }
    }
    Ok(())
}
