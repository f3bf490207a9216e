//! `countersign inject` and `countersign doctor`: what they print, where, and
//! how they exit. What becomes of pods is in `tests/injector`.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

#[test]
fn inject_prints_every_object_and_gives_pods_their_sidecar() {
    let output = run(&["inject", "-f", "examples/kubernetes/receiver.yaml", IMAGE]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    let objects: Vec<Value> = serde_saphyr::from_multiple(&text(&output.stdout)).unwrap();
    let kinds: Vec<_> = objects.iter().map(|object| object["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["Deployment", "Service"]);
    let sidecar = &objects[0]["spec"]["template"]["spec"]["initContainers"][0];
    assert_eq!(sidecar["name"], "countersign-guard");
    assert_eq!(objects[1]["spec"]["ports"][0]["targetPort"], "countersign");
}

#[test]
fn inject_again_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let once = text(&run(&["inject", "-f", "examples/kubernetes/receiver.yaml", IMAGE]).stdout);
    let file = directory.path().join("once.yaml");
    fs::write(&file, &once).unwrap();
    assert_eq!(text(&run(&["inject", "-f", file.to_str().unwrap(), IMAGE]).stdout), once);
}

#[test]
fn what_inject_refuses_is_told_and_nothing_is_printed() {
    for (arguments, code, told) in [
        (
            &["-f", "tests/injector/pods/wrong_label.yaml", IMAGE][..],
            1,
            "denied: Pod/receiver: countersign.dev/inject \"gaurd\": expected guard, signer or false",
        ),
        (
            &["-f", "tests/injector/pods/guard.yaml"],
            1,
            "denied: Pod/receiver: countersign.dev/image is missing",
        ),
        (
            &["-f", "tests/injector/pods/guard.yaml", "--default=imge=a:1"],
            2,
            "imge is not a setting; did you mean image?",
        ),
        (&["-f", "no.yaml", IMAGE], 2, "--filename \"no.yaml\": cannot be read"),
        (&["-f", "src/lib.rs", IMAGE], 2, "--filename \"src/lib.rs\": is not YAML"),
        (&["-f", "deny.toml", IMAGE], 2, "--filename \"deny.toml\": "),
    ] {
        let output = run(&[&["inject"], arguments].concat());
        let stderr = text(&output.stderr);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(code), String::new()), "{stderr}");
        assert!(stderr.contains(told), "{told:?} is not in {stderr}");
    }
}

#[test]
fn inject_says_where_nothing_asks_for_a_sidecar() {
    let output = run(&["inject", "-f", "tests/injector/pods/bare.yaml", IMAGE]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stderr).starts_with("note: nothing asks for a sidecar"));
    assert!(text(&output.stdout).contains("kind: Pod"));
}

#[test]
fn what_is_not_injected_stays_as_it_was_written() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("app.yaml");
    let other = "# Of the night shift.\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: modes}\ndata: {mode: 0755, big: 12345678901234567890123}\n";
    let pod = fs::read_to_string("tests/injector/pods/guard.yaml").unwrap();
    let volume = "  volumes:\n    - name: own\n      secret: {secretName: own, defaultMode: 0400}\n";
    fs::write(&file, format!("{other}---\n{pod}{volume}--- # the last\n{other}")).unwrap();
    let output = run(&["inject", "-f", file.to_str().unwrap(), IMAGE]);
    let printed = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(
        printed.starts_with(&format!("{other}---\n")) && printed.ends_with(&format!("---\n{other}")),
        "{printed}"
    );
    assert!(printed.contains("defaultMode: 256\n"), "{printed}");
}

#[test]
fn what_asks_in_a_way_that_is_not_known_is_refused_or_told() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("app.yaml");
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  template:\n    metadata:\n      labels: {countersign.dev/inject: LABEL}\n    spec: SPEC\n";
    for (manifest, code, told) in [
        (
            deployment.replace("LABEL", "true").replace("SPEC", "{containers: []}"),
            1,
            "denied: Deployment/a: the pod cannot be read",
        ),
        (
            deployment.replace("LABEL", "guard").replace(" SPEC", ""),
            1,
            "denied: Deployment/a: countersign.dev/upstream-port is missing",
        ),
        (
            deployment.replace("Deployment", "Rollout").replace("LABEL", "guard").replace("SPEC", "{}"),
            0,
            "warning: Rollout/a: asks for a sidecar",
        ),
    ] {
        fs::write(&file, &manifest).unwrap();
        let output = run(&["inject", "-f", file.to_str().unwrap(), IMAGE]);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{manifest}\n{stderr}");
        assert!(stderr.contains(told), "{told:?} is not in {stderr}");
    }
}

#[test]
fn doctor_exits_by_what_it_finds() {
    for (file, code) in [("closed", 0), ("open", 1), ("denied", 1)] {
        let output = run(&["doctor", "-f", &format!("tests/injector/doctor/{file}.yaml"), IMAGE]);
        let found = fs::read_to_string(format!("tests/injector/doctor/{file}.expected.txt")).unwrap();
        let found = if found.is_empty() { "nothing found\n".to_owned() } else { found };
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(code), found), "{file}");
    }
    assert_eq!(run(&["doctor", "-f", "no.yaml"]).status.code(), Some(2));
}

#[test]
fn doctor_without_a_cluster_says_so() {
    let output = run(&["doctor"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).starts_with("countersign doctor: ask the cluster: "),
        "{}",
        text(&output.stderr)
    );
}

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(arguments).current_dir(Path::new(env!("CARGO_MANIFEST_DIR"))).env_clear().output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

const IMAGE: &str = "--default=image=registry.example/countersign:1";
