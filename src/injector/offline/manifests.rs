//! Manifests as `kubectl` takes them: YAML documents, some of which hold the
//! template of a pod.

use serde_json::{Value, json};

use crate::injector::injection::Pairs;

/// The documents of one or more files.
#[derive(Clone, Debug, Default)]
pub(crate) struct Manifests(Vec<Value>);

/// Why a text is no manifest.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ManifestError {
    #[error("is not YAML: {0}")]
    Yaml(String),
    #[error("document {0} is no object of the Kubernetes API: expected apiVersion and kind")]
    NoObject(usize),
}

/// A namespace of the manifests.
#[derive(Clone, Debug, Default)]
pub(crate) struct NamespaceFacts {
    pub(crate) labels: Pairs,
    pub(crate) annotations: Pairs,
}

impl Manifests {
    /// Reads the documents of `text`; a List is its items.
    pub(crate) fn read(text: &str) -> Result<Self, ManifestError> {
        let documents: Vec<Value> =
            serde_saphyr::from_multiple(text).map_err(|error| ManifestError::Yaml(first_line(&error)))?;
        let mut objects = Vec::new();
        for (at, document) in documents.into_iter().enumerate().filter(|(_, document)| !document.is_null()) {
            if kind_of(&document).is_empty() || text_of(&document, "/apiVersion").is_none() {
                return Err(ManifestError::NoObject(at + 1));
            }
            match document
                .get("items")
                .and_then(Value::as_array)
                .filter(|_| kind_of(&document).ends_with("List"))
            {
                Some(items) => objects.extend(items.iter().cloned().map(|item| typed_by(&document, item))),
                None => objects.push(document),
            }
        }
        Ok(Self(objects))
    }

    /// Of objects that were read elsewhere.
    pub(crate) fn of(objects: Vec<Value>) -> Self {
        Self(objects)
    }

    /// Puts those of another file behind.
    pub(crate) fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// The objects.
    pub(crate) fn objects(&self) -> &[Value] {
        &self.0
    }

    /// The objects, to be changed.
    pub(crate) fn objects_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        self.0.iter_mut()
    }

    /// The namespace `name`, if it is among them.
    pub(crate) fn namespace(&self, name: &str) -> Option<NamespaceFacts> {
        let is_it = |object: &&Value| {
            kind_of(object) == "Namespace" && text_of(object, "/metadata/name") == Some(name)
        };
        self.0.iter().find(is_it).map(|object| NamespaceFacts {
            labels: pairs(object, "/metadata/labels"),
            annotations: pairs(object, "/metadata/annotations"),
        })
    }

    /// YAML documents again. Comments are gone.
    pub(crate) fn write(&self) -> String {
        let documents = self.0.iter().map(|object| serde_saphyr::to_string(object).expect("JSON is YAML"));
        documents.collect::<Vec<_>>().join("---\n")
    }
}

/// Items of a typed List need not say what they are.
fn typed_by(list: &Value, mut item: Value) -> Value {
    let kind = kind_of(list).trim_end_matches("List").to_owned();
    if let (Some(item), false) = (item.as_object_mut(), kind.is_empty()) {
        item.entry("apiVersion").or_insert_with(|| list["apiVersion"].clone());
        item.entry("kind").or_insert_with(|| json!(kind));
    }
    item
}

/// The pod that `object` makes, or is.
pub(crate) fn pod_of(object: &Value) -> Option<Value> {
    let template = object.pointer(template_of(object)?)?;
    Some(json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": template.get("metadata").cloned().unwrap_or_else(|| json!({})),
        "spec": template.get("spec").cloned().unwrap_or_else(|| json!({})),
    }))
}

/// Puts `pod` in the place of the one that `object` makes.
pub(crate) fn put_pod(object: &mut Value, pod: &Value) {
    let template = template_of(object).and_then(|path| object.pointer_mut(path));
    if let Some(template) = template.and_then(Value::as_object_mut) {
        for part in ["metadata", "spec"] {
            template.insert(part.to_owned(), pod[part].clone());
        }
    }
}

fn template_of(object: &Value) -> Option<&'static str> {
    match kind_of(object) {
        "Pod" => Some(""),
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Job" | "ReplicationController" => {
            Some("/spec/template")
        }
        "CronJob" => Some("/spec/jobTemplate/spec/template"),
        _ => None,
    }
}

/// `Deployment/receiver`.
pub(crate) fn title_of(object: &Value) -> String {
    let name = text_of(object, "/metadata/name").or_else(|| text_of(object, "/metadata/generateName"));
    format!("{}/{}", kind_of(object), name.unwrap_or("?"))
}

/// Its namespace, where it says one.
pub(crate) fn namespace_of(object: &Value) -> Option<&str> {
    text_of(object, "/metadata/namespace")
}

pub(crate) fn kind_of(object: &Value) -> &str {
    text_of(object, "/kind").unwrap_or_default()
}

fn text_of<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer)?.as_str()
}

/// Labels or annotations.
pub(crate) fn pairs(object: &Value, pointer: &str) -> Pairs {
    let pairs = object.pointer(pointer).and_then(Value::as_object).into_iter().flatten();
    pairs.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

fn first_line(error: &serde_saphyr::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
