//! Golden pods: `tests/injector/pods/NAME.yaml` has a pod, and its namespace
//! where that says something; `NAME.expected.yaml` beside it what becomes of
//! it. `INJECTOR_WRITE=1` writes the latter anew.

use std::fs;
use std::path::{Path, PathBuf};

use k8s_openapi::api::core::v1::{Namespace, Pod};
use serde::Deserialize as _;
use serde_json::{Value, json};

use super::decide::Surroundings;
use super::given::Pairs;
use super::names::STATUS;
use super::{Judged, judged, listing};

#[test]
fn each_golden_pod_gets_what_stands_beside_it() {
    for path in goldens() {
        let case = Case::read(&path);
        let (becomes, pod) = case.judge(&case.pod);
        golden(&path, &becomes);
        let Some(pod) = pod else { continue };
        let name = path.display();
        assert_eq!(strictly(&pod), pod, "{name}: fields that the Kubernetes API does not have");
        assert_eq!(case.judge(&pod).1, None, "{name}: a second call changes something");
        assert_eq!(
            case.judge(&filled_in(pod)).1,
            None,
            "{name}: a call on what the API server stores changes something"
        );
    }
}

#[test]
fn a_pod_of_more_than_anybody_needs_is_denied_before_it_costs_much() {
    let case = Case::read(&pods().join("guard.yaml"));
    let annotation = |key: &str| format!("/metadata/annotations/countersign.dev~1{key}");
    for (place, value, reason) in [
        ("/spec/volumes".to_owned(), json!(vec![json!({}); 1001]), "at most 1000 are looked at"),
        (annotation("other"), json!("x".repeat(256 << 10)), "at most 262144"),
        (
            annotation("secret"),
            json!(vec!["a"; 1001].join(",")),
            "countersign.dev/secret: has more than 1000 items",
        ),
    ] {
        let mut pod = case.pod.clone();
        let add = json!([{ "op": "add", "path": place, "value": value }]);
        json_patch::patch(&mut pod, &serde_json::from_value::<json_patch::Patch>(add).unwrap()).unwrap();
        let (becomes, _) = case.judge(&pod);
        assert!(becomes["denied"].as_str().unwrap().contains(reason), "{place}: {becomes}");
    }
}

#[test]
fn a_sidecar_of_another_time_is_replaced_where_it_stands() {
    let case = Case::read(&pods().join("guard.yaml"));
    let pod = case.judge(&case.pod).1.expect("a guard");
    let mut stale = pod.clone();
    stale["metadata"]["annotations"]["countersign.dev/rate-limit"] = json!("7/s");
    stale["spec"]["initContainers"]
        .as_array_mut()
        .unwrap()
        .insert(0, json!({"name": "other", "image": "other"}));
    let fresh = case.judge(&stale).1.expect("another guard");
    let containers = fresh["spec"]["initContainers"].as_array().unwrap();
    assert_eq!(containers.len(), 2);
    assert!(containers[1]["args"].as_array().unwrap().contains(&json!("--rate-limit=7/s")));
    assert_ne!(fresh["metadata"]["annotations"][STATUS], pod["metadata"]["annotations"][STATUS]);
    assert_eq!(fresh["spec"]["volumes"], pod["spec"]["volumes"]);
    assert_eq!(case.judge(&fresh).1, None);
}

#[test]
fn what_an_author_wrote_of_the_sidecar_outlives_a_change_of_settings() {
    let case = Case::read(&pods().join("predeclared.yaml"));
    let mut pod = case.judge(&case.pod).1.expect("a guard");
    let declared = pod["spec"]["initContainers"][0]["resources"].clone();
    pod["metadata"]["annotations"]["countersign.dev/rate-limit"] = json!("7/s");
    let pod = case.judge(&pod).1.expect("another guard");
    let container = &pod["spec"]["initContainers"][0];
    assert_eq!(container["resources"], declared);
    assert_eq!(container["image"], "registry.example/countersign:test");
    assert!(container["args"].as_array().unwrap().contains(&json!("--rate-limit=7/s")));
}

#[test]
fn the_manual_lists_every_setting() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/kubernetes.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(LISTING_BEGINS).expect("a place for the settings");
    let (listed, after) = rest.split_once(LISTING_ENDS).expect("its end");
    let listing = listing::markdown();
    if std::env::var_os("INJECTOR_WRITE").is_some() {
        fs::write(&path, format!("{before}{LISTING_BEGINS}{listing}{LISTING_ENDS}{after}")).unwrap();
    } else {
        assert_eq!(listed, listing, "INJECTOR_WRITE=1 writes it anew");
    }
}

const LISTING_BEGINS: &str = "<!-- settings: begin -->\n";
const LISTING_ENDS: &str = "<!-- settings: end -->";

struct Case {
    namespace: Pairs,
    pod: Value,
}

impl Case {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let documents: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
        let (namespaces, pods): (Vec<_>, Vec<_>) =
            documents.into_iter().partition(|document| document["kind"] == "Namespace");
        let namespace = namespaces.into_iter().next().map(|value| Namespace::deserialize(value).unwrap());
        let annotations = namespace.and_then(|namespace| namespace.metadata.annotations);
        let [pod] = <[Value; 1]>::try_from(pods).expect("one pod");
        Self { namespace: annotations.unwrap_or_default(), pod }
    }

    /// What becomes of `pod`: in words, and the pod if it changes.
    fn judge(&self, pod: &Value) -> (Value, Option<Value>) {
        let defaults = Pairs::from([("image".to_owned(), "registry.example/countersign:1".to_owned())]);
        let around =
            Surroundings { namespace: &self.namespace, defaults: &defaults, is_own_namespace: false };
        match judged(pod, around) {
            Judged::Skip => (json!({ "skipped": true }), None),
            Judged::Leave(reason) => (json!({ "left": reason }), None),
            Judged::Deny(reason) => (json!({ "denied": reason }), None),
            Judged::Inject { patch, .. } if patch.0.is_empty() => (json!({ "unchanged": true }), None),
            Judged::Inject { patch, mut warnings, foreign } => {
                warnings.extend(foreign.map(|foreign| foreign.to_string()));
                let mut pod = pod.clone();
                json_patch::patch(&mut pod, &patch).expect("the patch applies");
                let mut becomes = json!({ "injected": pod });
                if !warnings.is_empty() {
                    becomes["warnings"] = json!(warnings);
                }
                (becomes, Some(pod))
            }
        }
    }
}

/// The pod as the Kubernetes API understands it: what it does not know is gone.
fn strictly(pod: &Value) -> Value {
    let typed = Pod::deserialize(pod.clone()).expect("a pod");
    serde_json::to_value(typed).unwrap()
}

/// Some of what the API server and its plugins fill in.
fn filled_in(mut pod: Value) -> Value {
    let containers = pod["spec"]["initContainers"].as_array_mut().unwrap();
    for container in containers {
        container["terminationMessagePath"] = json!("/dev/termination-log");
        for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
            if let Some(probe) = container.get_mut(probe) {
                probe["timeoutSeconds"] = json!(1);
                probe["successThreshold"] = json!(1);
            }
        }
        if container.get("resources").is_some() {
            container["resources"]["limits"]["cpu"] = json!("1");
        }
    }
    pod["spec"]["serviceAccountName"] = json!("default");
    pod
}

fn golden(path: &Path, becomes: &Value) {
    let expected = path.with_extension("expected.yaml");
    let written = serde_saphyr::to_string(becomes).unwrap();
    if std::env::var_os("INJECTOR_WRITE").is_some() {
        fs::write(&expected, &written).unwrap();
    }
    let read =
        fs::read_to_string(&expected).unwrap_or_else(|error| panic!("{}: {error}", expected.display()));
    assert_eq!(written, read, "{}", path.display());
}

fn goldens() -> Vec<PathBuf> {
    let files = fs::read_dir(pods()).unwrap().map(|entry| entry.unwrap().path());
    let mut inputs: Vec<_> =
        files.filter(|path| !path.to_string_lossy().ends_with(".expected.yaml")).collect();
    inputs.sort();
    assert!(inputs.len() > 15);
    inputs
}

fn pods() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/injector/pods")
}
