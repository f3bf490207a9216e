//! Two descriptions of one container put together.
//!
//! Whoever wrote a field keeps it: what is there wins over what would be put
//! there. That makes a second call change nothing, leaves alone what the API
//! server and other webhooks filled in, and lets an author say more of the
//! sidecar than there are settings.

use serde_json::{Map, Value};

/// `present` with all that it lacks of `template`. Lists of named things are
/// put together by what names them; other lists are one thing.
pub(crate) fn fill(present: &mut Value, template: &Value) {
    match (present, template) {
        (Value::Object(present), Value::Object(template)) => fill_object(present, template),
        (Value::Array(present), Value::Array(template)) => {
            let Some(id) = identity(present.iter().chain(template)) else { return };
            for item in template {
                match present.iter_mut().find(|other| other.get(id) == item.get(id)) {
                    Some(other) => fill(other, item),
                    None => present.push(item.clone()),
                }
            }
        }
        _ => {}
    }
}

fn fill_object(present: &mut Map<String, Value>, template: &Map<String, Value>) {
    for (key, value) in template {
        match present.get_mut(key) {
            // How a probe asks, and what a volume is, are one choice of several.
            Some(_) if PROBES.contains(&key.as_str()) => {}
            Some(there) => fill(there, value),
            None => {
                present.insert(key.clone(), value.clone());
            }
        }
    }
}

/// By which field the things of a list are told apart, as the Kubernetes API
/// merges them (`x-kubernetes-list-map-keys`).
fn identity<'a>(mut items: impl Iterator<Item = &'a Value> + Clone) -> Option<&'static str> {
    let ids = ["mountPath", "containerPort", "devicePath", "resourceName", "name"];
    ids.into_iter()
        .find(|id| items.clone().all(|item| item.get(id).is_some()))
        .filter(|_| items.next().is_some())
}

const PROBES: [&str; 3] = ["startupProbe", "readinessProbe", "livenessProbe"];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn filled(mut present: Value, template: &Value) -> Value {
        fill(&mut present, template);
        present
    }

    #[test]
    fn what_is_there_stays_and_what_is_missing_comes() {
        let template = json!({
            "image": "countersign", "args": ["guard", "--plain"], "env": [{"name": "A", "value": "1"}],
            "resources": {"limits": {"memory": "1Mi"}}, "livenessProbe": {"httpGet": {"port": 1}},
        });
        let present = json!({
            "args": ["guard"], "env": [{"name": "B", "value": "2"}], "resources": {"limits": {"cpu": "1"}},
            "livenessProbe": {"exec": {"command": ["true"]}},
        });
        let both = json!({
            "image": "countersign", "args": ["guard"],
            "env": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}],
            "resources": {"limits": {"cpu": "1", "memory": "1Mi"}}, "livenessProbe": {"exec": {"command": ["true"]}},
        });
        assert_eq!(filled(present, &template), both);
    }

    #[test]
    fn a_second_time_changes_nothing() {
        let template =
            json!({"ports": [{"containerPort": 1, "name": "a"}, {"containerPort": 2}], "command": ["x"]});
        let once = filled(json!({"ports": [{"containerPort": 2, "protocol": "TCP"}]}), &template);
        assert_eq!(filled(once.clone(), &template), once);
    }
}
