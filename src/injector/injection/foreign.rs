//! What of a sidecar is not the injector's, and decides what runs there: a
//! pod's author may say more of it than there are settings, and should be told
//! whose guard it then is. So should those who look for ways past it.

use serde_json::Value;

use super::names::FILES_ROOT;

/// The fields by which `container` runs something else than `template`, or
/// with other files, or under another's name.
pub(super) fn fields(container: &Value, template: &Value) -> Vec<&'static str> {
    let differs = |field: &&str| container.get(field) != template.get(field);
    let same = ["image", "command", "args", "restartPolicy"].into_iter().filter(differs);
    let ways: [(&str, IsForeign); 4] =
        [("env", sets_ours), ("envFrom", is_given), ("volumeMounts", mounts_ours), ("ports", takes_a_name)];
    let added = ways.into_iter().filter(|(field, is_foreign)| {
        let empty = Value::Null;
        let [there, wanted] = [container, template].map(|of| of.get(*field).unwrap_or(&empty));
        is_foreign(there, wanted)
    });
    same.chain(added.map(|(field, _)| field)).collect()
}

/// Whether what is there of a field is more than what was wanted.
type IsForeign = fn(&Value, &Value) -> bool;

/// A variable stands for a flag. Those of others mean nothing to a sidecar.
fn sets_ours(there: &Value, _: &Value) -> bool {
    items(there).any(|variable| text(variable, "name").starts_with("COUNTERSIGN_"))
}

fn is_given(there: &Value, _: &Value) -> bool {
    items(there).next().is_some()
}

/// A mount over the files, or below them.
fn mounts_ours(there: &Value, wanted: &Value) -> bool {
    let is_ours = |mount: &&Value| {
        let path = text(mount, "mountPath").trim_end_matches('/');
        path.strip_prefix(FILES_ROOT).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    items(there).filter(is_ours).any(|mount| !items(wanted).any(|own| own == mount))
}

/// A Service finds a port by its name.
fn takes_a_name(there: &Value, wanted: &Value) -> bool {
    let is_another = |own: &Value, port: &Value| {
        text(own, "name") == text(port, "name") && own.get("containerPort") != port.get("containerPort")
    };
    items(wanted).any(|own| items(there).any(|port| is_another(own, port)))
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object.get(field).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_runs_there_is_the_injectors_or_is_told() {
        let template = json!({
            "image": "countersign", "command": ["/countersign"], "args": ["guard"], "restartPolicy": "Always",
            "volumeMounts": [{"mountPath": "/etc/countersign", "name": "countersign", "readOnly": true}],
            "ports": [{"containerPort": 8843, "name": "countersign"}],
        });
        let with = |field: &str, value: Value| {
            let mut container = template.clone();
            container[field] = value;
            fields(&container, &template)
        };
        for (field, value) in [
            ("image", json!("other")),
            ("command", json!(["/sh"])),
            ("args", json!(["guard", "--mode=observe"])),
            ("restartPolicy", json!("Never")),
            ("env", json!([{"name": "COUNTERSIGN_GUARD_MODE", "value": "observe"}])),
            ("envFrom", json!([{"configMapRef": {"name": "any"}}])),
            ("volumeMounts", json!([{"mountPath": "/etc/countersign/", "name": "own"}])),
            ("volumeMounts", json!([{"mountPath": "/etc/countersign/secrets", "name": "own"}])),
            ("ports", json!([{"containerPort": 3000, "name": "countersign"}])),
        ] {
            assert_eq!(with(field, value.clone()), [field], "{value}");
        }
        for (field, value) in [
            ("env", json!([{"name": "TZ", "value": "UTC"}])),
            ("resources", json!({"limits": {"memory": "1Gi"}})),
            (
                "volumeMounts",
                json!([template["volumeMounts"][0], {"mountPath": "/etc/countersign-more", "name": "own"}]),
            ),
            ("ports", json!([template["ports"][0], {"containerPort": 1, "name": "other"}])),
        ] {
            assert_eq!(with(field, value.clone()), [""; 0], "{value}");
        }
    }
}
