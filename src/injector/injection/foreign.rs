//! What of a sidecar is not the injector's, and decides what runs there: a
//! pod's author may say more of it than there are settings, and should be told
//! whose guard it then is. So should those who look for ways past it.
//!
//! The program is linked with the C library of its image, so that mounts and
//! variables can replace it as an image can. Not judged is what makes a sidecar
//! weaker and leaves it the same program: `resources`, `securityContext`, which
//! Pod Security is for, and probes that only ask it something.
//! `deploy/kubernetes/policy/require-guard.yaml` says the same in CEL.

use std::fmt;
use std::net::SocketAddr;

use serde_json::{Value, json};

use super::command_line::flag_value;
use super::kind::Kind;
use super::mounts;
use super::names::{FILES_ROOT, GUARDED_PORT, PROGRAM};

/// The fields in which a sidecar is not the injector's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Foreign {
    container: &'static str,
    fields: Vec<&'static str>,
}

impl Foreign {
    /// `None` where there are none.
    pub(super) fn of(kind: Kind, fields: Vec<&'static str>) -> Option<Self> {
        (!fields.is_empty()).then(|| Self { container: kind.container(), fields })
    }

    /// Their names, and no values: those may be secrets.
    pub(crate) fn fields(&self) -> String {
        self.fields.join(", ")
    }
}

impl fmt::Display for Foreign {
    /// Without saying who wrote them: it may have been another webhook.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { container, .. } = self;
        write!(
            f,
            "{container} is not the injector's in {}: somebody else decides what runs there",
            self.fields()
        )
    }
}

/// The fields by which `container` runs something else than `template`, or
/// with other files, or under another's name.
pub(super) fn fields(kind: Kind, container: &Value, template: &Value) -> Vec<&'static str> {
    let settled = ["image", "args"].into_iter().filter(|field| container.get(field) != template.get(field));
    let mut fields = of_any_settings(kind, container);
    fields.extend(settled);
    in_order(&fields)
}

/// Those of them that are wrong whatever the settings are, and in every
/// version.
pub(super) fn of_any_settings(kind: Kind, container: &Value) -> Vec<&'static str> {
    let judged = JUDGED.into_iter().filter(|(field, is_foreign)| {
        container.get(field).is_some_and(|there| !there.is_null() && is_foreign(there))
    });
    let mut fields: Vec<_> = judged.map(|(field, _)| field).collect();
    let lacks = |field: &&str| container.get(field).is_none_or(Value::is_null);
    fields.extend(["command", "restartPolicy"].into_iter().filter(lacks));
    let args: Vec<&str> = items(container.get("args")).filter_map(Value::as_str).collect();
    fields.extend(runs_another(kind, &args).then_some("args"));
    let is_foreign = |port: &Value| !is_port_of(kind, port, &args);
    fields.extend(items(container.get("ports")).any(is_foreign).then_some("ports"));
    in_order(&fields)
}

/// Each once, in the order in which they are told.
pub(super) fn in_order(fields: &[&'static str]) -> Vec<&'static str> {
    ORDER.into_iter().filter(|field| fields.contains(field)).collect()
}

const ORDER: [&str; 16] = [
    "image",
    "command",
    "args",
    "workingDir",
    "env",
    "envFrom",
    "volumeMounts",
    "volumeDevices",
    "volumes",
    "ports",
    "restartPolicy",
    "lifecycle",
    "terminationMessagePath",
    "startupProbe",
    "readinessProbe",
    "livenessProbe",
];

/// Whether what is there of a field is more than the injector ever writes.
type IsForeign = fn(&Value) -> bool;

const JUDGED: [(&str, IsForeign); 12] = [
    ("command", |there| *there != json!([PROGRAM])),
    ("restartPolicy", |there| there != "Always"),
    // The image's own.
    ("workingDir", |there| there != FILES_ROOT),
    ("env", |there| items(Some(there)).any(|variable| is_read(text(variable, "name")))),
    ("envFrom", is_given),
    ("volumeMounts", |there| !items(Some(there)).all(mounts::is_ours)),
    ("volumeDevices", is_given),
    // What runs before or after the program, in its place.
    ("lifecycle", is_given),
    // The kubelet puts a file there, over what the image has. The API server fills this one in.
    ("terminationMessagePath", |there| there != "/dev/termination-log"),
    ("startupProbe", runs_something),
    ("readinessProbe", runs_something),
    ("livenessProbe", runs_something),
];

fn is_given(there: &Value) -> bool {
    there.as_array().is_none_or(|items| !items.is_empty())
}

/// Whether the program, or what it is linked with, does as this variable says.
/// Other webhooks add theirs to every container, which mean nothing to it.
fn is_read(variable: &str) -> bool {
    READ.into_iter().any(|prefix| variable.starts_with(prefix))
}

const READ: [&str; 11] = [
    "COUNTERSIGN_",
    // ld.so(8), which loads any library that they name.
    "LD_",
    "GLIBC_",
    "GCONV_PATH",
    // The two allocators.
    "MALLOC_",
    "MIMALLOC_",
    // What OpenSSL and its like trust. No library here reads them today.
    "SSL_CERT_",
    // resolver(5) and hostname(7): where a name of an upstream or an issuer leads.
    "HOSTALIASES",
    "LOCALDOMAIN",
    "RES_OPTIONS",
    "RESOLV_",
];

/// A probe in the container runs with its files, and shows what it printed.
fn runs_something(probe: &Value) -> bool {
    probe.get("exec").is_some()
}

/// Whether they are of another subcommand, or say things that only variables
/// know: the injector escapes each dollar sign.
fn runs_another(kind: Kind, args: &[&str]) -> bool {
    args.first() != Some(&kind.name()) || args.iter().any(|arg| arg.replace("$$", "").contains("$("))
}

/// Whether it is one where the sidecar listens, by the name that it has: a
/// Service finds a port by its name, whichever container declares it.
fn is_port_of(kind: Kind, port: &Value, args: &[&str]) -> bool {
    let flag = match text(port, "name") {
        GUARDED_PORT if kind == Kind::Guard => "listen",
        name if name == kind.admin_port_name() => "admin-listen",
        _ => return false,
    };
    let address =
        flag_value(args.iter().copied(), flag).and_then(|address| address.parse::<SocketAddr>().ok());
    let number = port.get("containerPort").and_then(Value::as_u64);
    address.is_some_and(|address| number == Some(u64::from(address.port())))
}

fn items(list: Option<&Value>) -> impl Iterator<Item = &Value> {
    list.and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object.get(field).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_there_is_the_injectors_or_is_told() {
        let template = json!({
            "image": "countersign", "command": ["/countersign"],
            "args": ["guard", "--listen=0.0.0.0:8843", "--admin-listen=[::]:9843", "--path=/$$(x)"],
            "restartPolicy": "Always",
            "volumeMounts": [{"mountPath": "/etc/countersign", "name": "countersign", "readOnly": true}],
            "ports": [{"containerPort": 8843, "name": "countersign"}, {"containerPort": 9843, "name": "guard-admin"}],
            "livenessProbe": {"httpGet": {"path": "/livez", "port": 9843}},
        });
        let with = |field: &str, value: Value| {
            let mut container = template.clone();
            container[field] = value;
            fields(Kind::Guard, &container, &template)
        };
        let mount = |path: &str, name: &str| json!([{"mountPath": path, "name": name}]);
        let variable = |name: &str| json!([{"name": name, "value": "any"}]);
        let port = |number: i32, name: &str| json!([{"containerPort": number, "name": name}]);
        for (field, value) in [
            ("image", json!("other")),
            ("command", json!(["/sh"])),
            ("command", json!(null)),
            ("restartPolicy", json!("Never")),
            ("env", variable("COUNTERSIGN_GUARD_MODE")),
            ("env", variable("LD_PRELOAD")),
            ("env", variable("GLIBC_TUNABLES")),
            ("env", variable("SSL_CERT_FILE")),
            ("env", variable("LOCALDOMAIN")),
            ("envFrom", json!([{"configMapRef": {"name": "any"}}])),
            ("volumeMounts", mount("/countersign", "own")),
            ("volumeMounts", mount("/lib64", "own")),
            ("volumeMounts", mount("/own", "own")),
            ("volumeMounts", mount("/etc/countersign/", "own")),
            ("volumeMounts", mount("/etc//countersign/./secrets", "countersign")),
            ("volumeMounts", mount("etc/countersign/secrets/x", "own")),
            ("volumeMounts", mount("/var/lib/countersign/link/countersign", "own")),
            ("volumeMounts", mount("/var/run/secrets/kubernetes.io/serviceaccount", "kube-api-access-x")),
            (
                "volumeMounts",
                json!([{"mountPath": "/etc/countersign", "name": "countersign", "subPath": "x"}]),
            ),
            ("volumeDevices", json!([{"devicePath": "/dev/x", "name": "own"}])),
            ("workingDir", json!("/own")),
            ("lifecycle", json!({"postStart": {"exec": {"command": ["/own"]}}})),
            ("terminationMessagePath", json!("/countersign")),
            ("livenessProbe", json!({"exec": {"command": ["/countersign", "send"]}})),
            ("ports", port(3000, "countersign")),
            ("ports", port(3000, "sneaky")),
            ("ports", port(8843, "x")),
            ("ports", port(8843, "guard-admin")),
        ] {
            assert_eq!(with(field, value.clone()), [field], "{value}");
        }
        for (field, value) in [
            ("env", variable("TZ")),
            ("env", variable("AWS_ROLE_ARN")),
            ("resources", json!({"limits": {"memory": "1Gi"}})),
            ("volumeMounts", mount("etc/./countersign/", "countersign")),
            ("volumeMounts", mount("/var/lib/countersign", "ledger")),
            ("volumeMounts", mount("/var/run/secrets/kubernetes.io/serviceaccount", "countersign-no-token")),
            ("workingDir", json!("/etc/countersign")),
            ("terminationMessagePath", json!("/dev/termination-log")),
            ("livenessProbe", json!({"tcpSocket": {"port": 8843}})),
            (
                "ports",
                json!([{"containerPort": 8843, "name": "countersign", "protocol": "TCP", "hostPort": 443}]),
            ),
        ] {
            assert_eq!(with(field, value.clone()), [""; 0], "{value}");
        }
    }

    #[test]
    fn arguments_of_a_variable_are_nobodys_settings() {
        let container = |args: Value| json!({"command": [PROGRAM], "restartPolicy": "Always", "args": args});
        let told = |args| of_any_settings(Kind::Guard, &container(args));
        assert_eq!(told(json!(["guard", "--mode=observe"])), [""; 0]);
        assert_eq!(told(json!(["guard", "--signed-content=$$(x)"])), [""; 0]);
        assert_eq!(told(json!(["guard", "--mode=$(MODE)"])), ["args"]);
        assert_eq!(told(json!(["guard", "--mode=$$$(MODE)"])), ["args"]);
        assert_eq!(told(json!(["signer"])), ["args"]);
        assert_eq!(told(json!([])), ["args"]);
    }
}
