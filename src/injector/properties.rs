//! What holds of reviews and manifests that nobody would send: golden ones with
//! something else in some of their places.

use std::fs;
use std::path::PathBuf;

use base64ct::{Base64, Encoding as _};
use k8s_openapi::api::core::v1::Pod;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde::Deserialize as _;
use serde_json::{Value, json};

use super::injection::Pairs;
use super::offline::{Manifests, inject};
use super::review::{Injector, Review};

proptest! {
    #[test]
    fn an_answer_is_about_its_review_and_its_patch_makes_a_pod(
        golden in select(files("tests/injector/reviews")),
        changes in vec((any::<Index>(), anything()), 1..5),
    ) {
        let mut asked: Value = serde_json::from_str(&fs::read_to_string(golden).unwrap()).unwrap();
        for (place, value) in changes {
            change(&mut asked, place, value);
        }
        let Ok(review) = Review::read(asked.to_string().as_bytes()) else { return Ok(()) };
        let answer = answer(&review);
        prop_assert_eq!(&answer["response"]["uid"], &asked["request"]["uid"]);
        let Some(patch) = answer["response"]["patch"].as_str() else { return Ok(()) };
        prop_assert_eq!(&answer["response"]["allowed"], true);
        let patch: json_patch::Patch = serde_json::from_slice(&Base64::decode_vec(patch).unwrap()).unwrap();
        json_patch::patch(&mut asked["request"]["object"], &patch).unwrap();
        // An API server always says these two, and nobody here looks at them.
        let mut pod = asked["request"]["object"].clone();
        pod["apiVersion"] = json!("v1");
        pod["kind"] = json!("Pod");
        Pod::deserialize(&pod).unwrap();
        let again = self::answer(&Review::read(asked.to_string().as_bytes()).unwrap());
        prop_assert_eq!(&again["response"]["patch"], &Value::Null, "{}", again);
    }

    #[test]
    fn manifests_are_read_again_as_they_are_written(
        golden in select(files("tests/injector/pods")),
        cuts in vec((any::<Index>(), any::<Index>(), text()), 0..4),
    ) {
        let mut text = fs::read_to_string(golden).unwrap();
        for (from, to, other) in cuts {
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            let (from, to) = (from.index(places.len()), to.index(places.len()).min(from.index(places.len()) + 20));
            text.replace_range(places[from.min(to)]..places[from.max(to)], &other);
        }
        let Ok(mut manifests) = Manifests::read(&text) else { return Ok(()) };
        inject(&mut manifests, "default", &defaults());
        let again = Manifests::read(&manifests.write()).unwrap();
        prop_assert!(again.objects().eq(manifests.objects()));
    }
}

/// Puts `value` in one place of `within`, or takes away what is there.
fn change(within: &mut Value, place: Index, value: Option<Value>) {
    let mut pointers = Vec::new();
    collect(within, String::new(), &mut pointers);
    if pointers.is_empty() {
        return;
    }
    let pointer = place.get(&pointers).clone();
    if let Some(value) = value {
        *within.pointer_mut(&pointer).unwrap() = value;
        return;
    }
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match within.pointer_mut(parent).unwrap() {
        Value::Object(fields) => drop(fields.remove(&name.replace("~1", "/").replace("~0", "~"))),
        Value::Array(items) => drop(items.remove(name.parse().unwrap())),
        _ => unreachable!("only these have something in them"),
    }
}

/// Where everything in `value` is.
fn collect(value: &Value, pointer: String, pointers: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                collect(field, format!("{pointer}/{name}"), pointers);
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                collect(item, format!("{pointer}/{at}"), pointers);
            }
        }
        _ => {}
    }
    if !pointer.is_empty() {
        pointers.push(pointer);
    }
}

fn anything() -> impl Strategy<Value = Option<Value>> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(text(), inner, 0..4).prop_map(|fields| json!(fields)),
        ]
    });
    prop_oneof![1 => Just(None), 4 => value.prop_map(Some)]
}

/// Words that mean something somewhere, and others.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![select(WORDS).prop_map(str::to_owned), "\\PC{0,12}"]
}

fn answer(review: &Review) -> Value {
    let injector = Injector { defaults: defaults(), namespace: "countersign".to_owned() };
    serde_json::from_slice(&review.answer(&injector, &Pairs::new()).body).unwrap()
}

fn defaults() -> Pairs {
    Pairs::from([("image".to_owned(), "registry.example/countersign:1".to_owned())])
}

/// By their paths in the project, which cases that are kept have in them.
fn files(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| !file.to_string_lossy().contains(".expected."));
    files.sort();
    files
}

const WORDS: &[&str] = &[
    "guard",
    "signer",
    "false",
    "Always",
    "name",
    "image",
    "args",
    "env",
    "ports",
    "volumeMounts",
    "mountPath",
    "countersign-guard",
    "countersign",
    "/etc/countersign",
    "countersign.dev/inject",
    "countersign.dev/status",
    "countersign.dev/config",
    "{}",
    "- ",
    "---\n",
    ": ",
    "\n",
    "...\n",
];
