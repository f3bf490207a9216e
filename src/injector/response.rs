//! The answer's form on the wire: `AdmissionReview` of `admission.k8s.io/v1`.
//!
//! kube has a type for it, whose patch is an array of numbers. The API server
//! reads that too; the form that its documentation has, and that everything else
//! between expects, is base64.

use std::borrow::Cow;
use std::collections::BTreeMap;

use json_patch::Patch;
use k8s_openapi::ByteString;
use serde::Serialize;

/// What is told of a pod.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    uid: String,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<ByteString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_type: Option<&'static str>,
    audit_annotations: BTreeMap<&'static str, Cow<'static, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// Why a pod is denied: what `kubectl` shows, and the events of its owner.
#[derive(Debug, Serialize)]
struct Status {
    message: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AdmissionReview<'a> {
    api_version: &'static str,
    kind: &'static str,
    response: &'a Response,
}

impl Response {
    /// To the request `uid`: the pod passes as it is.
    pub(crate) fn allow(uid: &str) -> Self {
        Self {
            uid: uid.to_owned(),
            allowed: true,
            status: None,
            patch: None,
            patch_type: None,
            audit_annotations: BTreeMap::new(),
            warnings: vec![],
        }
    }

    /// The pod does not pass, and why, in one line.
    pub(crate) fn deny(self, reason: &str) -> Self {
        Self { allowed: false, status: Some(Status { message: reason.to_owned() }), ..self }
    }

    /// The pod passes once it is patched.
    pub(crate) fn patched(self, patch: &Patch) -> Self {
        let patch = serde_json::to_vec(patch).expect("operations on JSON serialize");
        Self { patch: Some(ByteString(patch)), patch_type: Some("JSONPatch"), ..self }
    }

    /// With what the author of the pod should know.
    pub(crate) fn warned(self, warnings: Vec<String>) -> Self {
        Self { warnings, ..self }
    }

    /// With the fields in which the sidecar is not the injector's: a warning is
    /// for the pod's author, who may be the one that is to be told of.
    pub(crate) fn foreign(mut self, fields: Option<String>) -> Self {
        self.audit_annotations.extend(fields.map(|fields| ("foreign", Cow::from(fields))));
        self
    }

    /// The body of the answer. The audit log has `outcome`, under the webhook's
    /// name.
    pub(crate) fn into_body(mut self, outcome: &'static str) -> Vec<u8> {
        self.audit_annotations.insert("outcome", outcome.into());
        let review =
            AdmissionReview { api_version: "admission.k8s.io/v1", kind: "AdmissionReview", response: &self };
        serde_json::to_vec(&review).expect("texts and bytes serialize")
    }
}
