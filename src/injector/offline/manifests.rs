//! Manifests as `kubectl` takes them: YAML documents, some of which hold the
//! template of a pod.

use serde_json::{Value, json};

use crate::injector::injection::{INJECT, Pairs};

/// The documents of one or more files.
#[derive(Clone, Debug, Default)]
pub(crate) struct Manifests(Vec<Document>);

/// One object of the Kubernetes API.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    object: Value,
    /// As it was written, as long as it is that: a number may have been read in
    /// another way than the API server reads it, and comments are worth keeping.
    text: Option<String>,
}

/// Why a text is no manifest.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ManifestError {
    #[error("is not YAML: {0}")]
    Yaml(String),
    /// At the line on which its document begins.
    #[error("line {0}: the document is no object of the Kubernetes API: expected apiVersion and kind")]
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
        let mut documents = Vec::new();
        for (line, text) in split(text) {
            for object in parsed(line, &text)?.into_iter().filter(|object| !object.is_null()) {
                if kind_of(&object).is_empty() || text_of(&object, "/apiVersion").is_none() {
                    return Err(ManifestError::NoObject(line));
                }
                let items = object.get("items").and_then(Value::as_array);
                match items.filter(|_| kind_of(&object).ends_with("List")) {
                    Some(items) => {
                        documents.extend(items.iter().map(|item| typed_by(&object, item.clone()).into()));
                    }
                    None => documents.push(Document { object, text: Some(text.clone()) }),
                }
            }
        }
        Ok(Self(documents))
    }

    /// Of objects that were read elsewhere.
    pub(crate) fn of(objects: Vec<Value>) -> Self {
        Self(objects.into_iter().map(Document::from).collect())
    }

    /// Puts those of another file behind.
    pub(crate) fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// The objects.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &Value> {
        self.0.iter().map(|document| &document.object)
    }

    /// The documents, to be changed.
    pub(super) fn documents_mut(&mut self) -> impl Iterator<Item = &mut Document> {
        self.0.iter_mut()
    }

    /// The namespace `name`, if it is among them.
    pub(crate) fn namespace(&self, name: &str) -> Option<NamespaceFacts> {
        let is_it = |object: &&Value| {
            kind_of(object) == "Namespace" && text_of(object, "/metadata/name") == Some(name)
        };
        self.objects().find(is_it).map(|object| NamespaceFacts {
            labels: pairs(object, "/metadata/labels"),
            annotations: pairs(object, "/metadata/annotations"),
        })
    }

    /// YAML documents again; those that were not changed as they were written.
    pub(crate) fn write(&self) -> String {
        let written = |document: &Document| match &document.text {
            Some(text) if text.ends_with('\n') => text.clone(),
            Some(text) => format!("{text}\n"),
            None => serde_saphyr::to_string(&document.object).expect("JSON is YAML"),
        };
        self.0.iter().map(written).collect::<Vec<_>>().join("---\n")
    }
}

impl Document {
    pub(super) fn object(&self) -> &Value {
        &self.object
    }

    /// Puts `pod` in the place of the one that it makes.
    pub(super) fn put_pod(&mut self, pod: &Value) {
        let template = template_of(&self.object).and_then(|path| self.object.pointer_mut(path));
        if let Some(template) = template.and_then(Value::as_object_mut) {
            for part in ["metadata", "spec"] {
                template.insert(part.to_owned(), pod[part].clone());
            }
            self.text = None;
        }
    }
}

impl From<Value> for Document {
    fn from(object: Value) -> Self {
        Self { object, text: None }
    }
}

/// The texts of the documents of a stream (YAML 1.2 section 9.2), each with the
/// line on which it begins.
fn split(stream: &str) -> Vec<(usize, String)> {
    let mut texts = vec![(1, String::new())];
    for (at, line) in stream.split_inclusive('\n').enumerate() {
        let is_marker = |marker: &str| {
            line.strip_prefix(marker)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
        };
        if is_marker("---") || is_marker("...") {
            let content = line[3..].trim_start();
            let has_content = !content.is_empty() && !content.starts_with('#');
            texts.push((at + 1 + usize::from(!has_content), String::new()));
            if !has_content {
                continue;
            }
        }
        texts.last_mut().expect("there is one from the start").1.push_str(line);
    }
    texts
}

/// As kubectl reads it: YAML 1.1, in which 0400 is octal. What is wrong is said
/// with its place in the stream, in which `text` begins at `line`.
fn parsed(line: usize, text: &str) -> Result<Vec<Value>, ManifestError> {
    let read = |text: &str| {
        let options = serde_saphyr::options! { legacy_octal_numbers: true };
        serde_saphyr::from_multiple_with_options(text, options)
    };
    read(text).or_else(|_| {
        read(&("\n".repeat(line - 1) + text)).map_err(|error| ManifestError::Yaml(first_line(&error)))
    })
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
    // Nothing after a colon is nothing said.
    let part =
        |name: &str| template.get(name).filter(|part| !part.is_null()).cloned().unwrap_or_else(|| json!({}));
    Some(json!({ "apiVersion": "v1", "kind": "Pod", "metadata": part("metadata"), "spec": part("spec") }))
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

/// Whether `object`, which makes pods in a way that is not known here, asks for
/// a sidecar for them.
pub(super) fn asks_elsewhere(object: &Value) -> bool {
    let asks = |template: &Value| {
        template.pointer("/metadata/labels").is_some_and(|labels| labels.get(INJECT).is_some())
    };
    match object {
        Value::Object(fields) => {
            fields.iter().any(|(name, value)| (name == "template" && asks(value)) || asks_elsewhere(value))
        }
        Value::Array(items) => items.iter().any(asks_elsewhere),
        _ => false,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_with_its_line_in_the_stream() {
        let sound = "apiVersion: v1\nkind: Pod\n";
        for (stream, line) in [
            (format!("---\n# first\n---\n{sound}---\nkind: Pod\n"), "line 7"),
            (format!("{sound}--- {{kind: Pod}}\n"), "line 3"),
            (format!("---\n{sound}---\nkind: [\n"), "line 5"),
            (format!("---\n{sound}---\n{sound}metadata: {{name: a, name: [}}\n"), "line 7"),
        ] {
            let error = Manifests::read(&stream).unwrap_err().to_string();
            assert!(error.contains(line), "{stream}: {error}");
        }
    }
}
