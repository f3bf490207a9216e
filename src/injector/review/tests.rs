//! Reviews as an API server sends them (`tests/injector/reviews`), and what is
//! answered.

use std::fs;
use std::path::Path;

use base64ct::Encoding as _;
use k8s_openapi::api::core::v1::Pod;
use serde::Deserialize as _;
use serde_json::{Value, json};

use super::*;

#[test]
fn a_pod_of_a_deployment_gets_a_patch_that_the_api_server_can_apply() {
    let (asked, answered) = exchange("deployment");
    let response = &answered["response"];
    assert_eq!(answered["apiVersion"], "admission.k8s.io/v1");
    assert_eq!(answered["kind"], "AdmissionReview");
    assert_eq!(response["uid"], asked["request"]["uid"]);
    assert_eq!((&response["allowed"], &response["patchType"]), (&json!(true), &json!("JSONPatch")));
    assert_eq!(response["auditAnnotations"], json!({ "outcome": "injected" }));
    let pod = patched(&asked, &answered);
    assert_eq!(pod["spec"]["initContainers"][0]["name"], "countersign-guard");
    assert_eq!(pod["metadata"]["generateName"], asked["request"]["object"]["metadata"]["generateName"]);
    assert_eq!(pod["metadata"]["managedFields"], asked["request"]["object"]["metadata"]["managedFields"]);
    assert_eq!(pod["spec"]["containers"], asked["request"]["object"]["spec"]["containers"]);
    let typed = Pod::deserialize(&pod).unwrap();
    assert_eq!(serde_json::to_value(typed).unwrap()["spec"], pod["spec"]);
}

#[test]
fn a_dry_run_gets_the_same_patch() {
    let (asked, answered) = exchange("dry_run");
    let mut wet = asked.clone();
    wet["request"]["dryRun"] = json!(false);
    assert_eq!(answered["response"]["patch"], answer_to(&wet)["response"]["patch"]);
    assert!(answered["response"]["patch"].is_string());
}

#[test]
fn a_second_call_with_what_the_first_one_made_gets_no_patch() {
    for name in ["deployment", "job", "pod"] {
        let (mut asked, answered) = exchange(name);
        asked["request"]["object"] = patched(&asked, &answered);
        let again = answer_to(&asked);
        assert_eq!(again["response"]["allowed"], true, "{name}");
        assert_eq!(
            (&again["response"]["patch"], &again["response"]["patchType"]),
            (&Value::Null, &Value::Null)
        );
    }
}

#[test]
fn an_update_is_let_through_untouched() {
    let (_, answered) = exchange("update");
    assert_eq!(answered["response"]["allowed"], true);
    assert_eq!(answered["response"]["patch"], Value::Null);
}

#[test]
fn a_misspelt_setting_is_warned_of_and_a_wrong_one_denied() {
    let (mut asked, answered) = exchange("pod");
    let warning = "countersign.dev/rate-limt is not a setting and does nothing; did you mean countersign.dev/rate-limit?";
    assert_eq!(answered["response"]["warnings"], json!([warning]));
    asked["request"]["object"]["metadata"]["annotations"]["countersign.dev/rate-limit"] =
        json!("fast\nfaster");
    let response = &answer_to(&asked)["response"];
    assert_eq!(response["allowed"], false);
    let message = response["status"]["message"].as_str().unwrap();
    assert_eq!(
        message,
        r#"countersign.dev/rate-limit "fast\nfaster": expected a rate with its period, such as 100/s, 6000/m or 10/h"#
    );
}

#[test]
fn whose_sidecar_it_is_is_told_first_and_to_the_audit_log() {
    let (mut asked, _) = exchange("pod");
    let pod = &mut asked["request"]["object"];
    pod["spec"]["initContainers"] =
        json!([{"name": "countersign-guard", "env": [{"name": "LD_PRELOAD", "value": "/own/evil.so"}]}]);
    for number in 0..WARNINGS_MAX {
        pod["metadata"]["annotations"][format!("countersign.dev/a{number}")] = json!("any");
    }
    let response = &answer_to(&asked)["response"];
    let first = "countersign-guard is not the injector's in env: somebody else decides what runs there";
    assert_eq!(response["warnings"][0], first);
    assert_eq!(response["warnings"].as_array().unwrap().len(), WARNINGS_MAX);
    assert_eq!(response["auditAnnotations"], json!({ "outcome": "injected", "foreign": "env" }));
}

#[test]
fn what_is_no_review_is_not_answered() {
    let (asked, _) = exchange("pod");
    let mut other_version = asked.clone();
    other_version["apiVersion"] = json!("admission.k8s.io/v1beta1");
    let mut no_request = asked;
    no_request.as_object_mut().unwrap().remove("request");
    for body in [other_version, no_request, json!([]), json!({})] {
        assert!(Review::read(body.to_string().as_bytes()).is_err(), "{body}");
    }
    assert!(Review::read(b"").is_err());
}

fn exchange(name: &str) -> (Value, Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/injector/reviews/{name}.json"));
    let asked: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let answered = answer_to(&asked);
    (asked, answered)
}

fn answer_to(asked: &Value) -> Value {
    let defaults = Pairs::from([("image".to_owned(), "registry.example/countersign:1".to_owned())]);
    let injector = Injector { defaults, namespace: "countersign".to_owned() };
    let review = Review::read(asked.to_string().as_bytes()).unwrap();
    serde_json::from_slice(&review.answer(&injector, &Pairs::new()).body).unwrap()
}

/// The object of the request with the answer's patch.
fn patched(asked: &Value, answered: &Value) -> Value {
    let patch = answered["response"]["patch"].as_str().expect("a patch");
    let patch = base64ct::Base64::decode_vec(patch).unwrap();
    let patch: json_patch::Patch = serde_json::from_slice(&patch).unwrap();
    let mut pod = asked["request"]["object"].clone();
    json_patch::patch(&mut pod, &patch).unwrap();
    pod
}
