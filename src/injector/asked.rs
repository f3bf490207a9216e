//! What a review asks about: as much of it as the way to the decision and the
//! log line need. The decision reads the whole by itself.

use std::borrow::Cow;

use serde::Deserialize;

/// An `AdmissionReview` (admission.k8s.io/v1) with a request.
#[derive(Debug, Deserialize)]
struct Review<'a> {
    #[serde(borrow)]
    request: Asked<'a>,
}

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Asked<'a> {
    /// By which the API server's log has it too.
    #[serde(borrow)]
    pub(crate) uid: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) namespace: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) name: Option<Cow<'a, str>>,
    /// Whether nothing will come of it.
    #[serde(default)]
    pub(crate) dry_run: Option<bool>,
    #[serde(borrow, default)]
    object: Option<Object<'a>>,
}

#[derive(Debug, Deserialize)]
struct Object<'a> {
    #[serde(borrow, default)]
    metadata: Metadata<'a>,
}

/// Pods that controllers make have no name yet when they are asked about.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    #[serde(borrow, default)]
    generate_name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    owner_references: Option<Vec<Owner<'a>>>,
}

#[derive(Debug, Deserialize)]
struct Owner<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
}

impl<'a> Asked<'a> {
    /// `None` where `body` is no review of an object in a namespace.
    pub(crate) fn read(body: &'a [u8]) -> Option<Self> {
        let asked = serde_json::from_slice::<Review<'a>>(body).ok()?.request;
        (!asked.uid.is_empty() && !asked.namespace.is_empty()).then_some(asked)
    }

    /// The pod's name, or what its name will begin with.
    pub(crate) fn pod(&self) -> &str {
        let generated = self.object.as_ref().and_then(|object| object.metadata.generate_name.as_deref());
        self.name.as_deref().filter(|name| !name.is_empty()).or(generated).unwrap_or_default()
    }

    /// Who made it, as `ReplicaSet/app-7d4b`; empty for a pod of its own.
    pub(crate) fn owner(&self) -> String {
        let owners = self.object.as_ref().and_then(|object| object.metadata.owner_references.as_deref());
        let first = owners.unwrap_or_default().first();
        first.map(|Owner { kind, name }| format!("{kind}/{name}")).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pod_is_known_by_its_name_or_by_who_makes_it() {
        let own = json!({ "request": { "uid": "u", "namespace": "shop", "name": "app", "dryRun": true, "object": {} } });
        let own = own.to_string();
        let asked = Asked::read(own.as_bytes()).unwrap();
        assert_eq!((asked.pod(), &asked.owner()[..], asked.dry_run), ("app", "", Some(true)));
        // As the controller manager's arrive.
        let made = json!({ "request": { "uid": "u", "namespace": "shop", "object": { "metadata": {
            "generateName": "app-7d4b-", "ownerReferences": [{ "kind": "ReplicaSet", "name": "app-7d4b" }],
        } } } });
        let made = made.to_string();
        let asked = Asked::read(made.as_bytes()).unwrap();
        assert_eq!((asked.pod(), &asked.owner()[..]), ("app-7d4b-", "ReplicaSet/app-7d4b"));
    }

    #[test]
    fn what_is_no_review_of_a_pod_is_told_apart() {
        for body in [
            "",
            "[]",
            "{}",
            r#"{"request":{"uid":"u"}}"#,
            r#"{"request":{"uid":"","namespace":"a"}}"#,
            r#"{"request":{"uid":"u","namespace":""}}"#,
            r#"{"response":{"uid":"u"}}"#,
        ] {
            assert!(Asked::read(body.as_bytes()).is_none(), "{body}");
        }
    }
}
