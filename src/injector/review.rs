//! START HERE: an `AdmissionReview` (`admission.k8s.io/v1`) becomes its answer.
//!
//! Pure: the request and what the injector knows go in, the answer comes out.
//! That also makes dry runs what they have to be.

use std::slice;

use kube::core::DynamicObject;
use kube::core::admission::{AdmissionRequest, AdmissionReview, Operation};
use serde_json::{Value, json};

use super::injection::{Judged, Pairs, Surroundings, judged};
use super::response::Response;

/// What the injector was started with.
#[derive(Clone, Debug)]
pub(crate) struct Injector {
    /// The defaults of settings, without their prefix.
    pub(crate) defaults: Pairs,
    /// The namespace that it runs in.
    pub(crate) namespace: String,
}

/// A request of the API server's.
#[derive(Debug)]
pub(crate) struct Review {
    request: AdmissionRequest<DynamicObject>,
}

/// The answer to one, with what is worth telling of it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) outcome: Outcome,
    /// Why, where it was left alone or denied.
    pub(crate) reason: Option<String>,
    /// The fields in which the sidecar is not the injector's.
    pub(crate) foreign: Option<String>,
    /// The `AdmissionReview` as JSON.
    pub(crate) body: Vec<u8>,
}

/// What became of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It gets a sidecar, or another one.
    Injected,
    /// It has its sidecar already.
    Unchanged,
    /// Nobody asked for one.
    Skipped,
    /// It gets none although somebody asked.
    Left,
    /// It must not start.
    Denied,
}

impl Outcome {
    /// All of them, for whoever counts.
    pub(crate) const ALL: [Self; 5] =
        [Self::Injected, Self::Unchanged, Self::Skipped, Self::Left, Self::Denied];

    /// As logs and metrics have it.
    pub(crate) const fn as_word(self) -> &'static str {
        match self {
            Self::Injected => "injected",
            Self::Unchanged => "unchanged",
            Self::Skipped => "skipped",
            Self::Left => "left",
            Self::Denied => "denied",
        }
    }
}

/// Why a body is no request that can be answered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("expected an AdmissionReview of admission.k8s.io/v1: {0}")]
    Json(#[from] serde_json::Error),
    #[error("expected an AdmissionReview of admission.k8s.io/v1 with a request")]
    NoRequest,
}

impl Review {
    /// Reads the body of a request.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Unreadable> {
        let review: AdmissionReview<DynamicObject> = serde_json::from_slice(body)?;
        let is_v1 =
            review.types.api_version == "admission.k8s.io/v1" && review.types.kind == "AdmissionReview";
        // By this conversion, and no other, the answer is of the type that the
        // review was: the API server takes no other.
        let request: Option<AdmissionRequest<DynamicObject>> = review.try_into().ok();
        let request = request.filter(|_| is_v1).ok_or(Unreadable::NoRequest)?;
        Ok(Self { request })
    }

    /// The request's own id.
    pub(crate) fn uid(&self) -> &str {
        &self.request.uid
    }

    /// The namespace of the pod; a pod itself need not say it.
    pub(crate) fn namespace(&self) -> &str {
        self.request.namespace.as_deref().unwrap_or_default()
    }

    /// Whether nothing is to be kept.
    pub(crate) fn is_dry_run(&self) -> bool {
        self.request.dry_run
    }

    /// What the pod is called, as far as it has a name: one of a controller
    /// gets its own only later.
    pub(crate) fn pod_name(&self) -> &str {
        let metadata = self.request.object.as_ref().map(|object| &object.metadata);
        let name = metadata.and_then(|metadata| metadata.name.as_ref().or(metadata.generate_name.as_ref()));
        name.map_or(&self.request.name, |name| name)
    }

    /// Who made it, as `ReplicaSet/app-7d4b`; nobody for a pod of its own.
    pub(crate) fn owner(&self) -> Option<String> {
        let owner = self.request.object.as_ref()?.metadata.owner_references.as_ref()?.first()?;
        Some(format!("{}/{}", owner.kind, owner.name))
    }

    /// The answer, with the annotations of the pod's `namespace`.
    pub(crate) fn answer(&self, injector: &Injector, namespace: &Pairs) -> Answer {
        let response = Response::allow(self.uid());
        let is_pod = self.request.resource.group.is_empty() && self.request.resource.resource == "pods";
        let is_created = self.request.operation == Operation::Create && self.request.sub_resource.is_none();
        let Some(pod) = self.request.object.as_ref().filter(|_| is_pod && is_created) else {
            return answer(response, Outcome::Skipped, None);
        };
        let around = Surroundings {
            namespace,
            defaults: &injector.defaults,
            is_own_namespace: self.namespace() == injector.namespace,
        };
        respond(response, &json_of(pod), around)
    }
}

fn respond(response: Response, pod: &Value, around: Surroundings<'_>) -> Answer {
    match judged(pod, around) {
        Judged::Skip => answer(response, Outcome::Skipped, None),
        Judged::Leave(reason) => {
            answer(response.warned(shown(slice::from_ref(&reason))), Outcome::Left, Some(reason))
        }
        Judged::Deny(reason) => {
            let reason = shortened(&reason, REASON_CHARS_MAX);
            answer(response.deny(&reason), Outcome::Denied, Some(reason))
        }
        Judged::Inject { patch, warnings, foreign } => {
            // First: others must not push it out.
            let first = foreign.as_ref().map(ToString::to_string);
            let warnings: Vec<String> = first.into_iter().chain(warnings).collect();
            let foreign = foreign.map(|foreign| foreign.fields());
            let response = response.warned(shown(&warnings)).foreign(foreign.clone());
            let answer = if patch.0.is_empty() {
                answer(response, Outcome::Unchanged, None)
            } else {
                answer(response.patched(&patch), Outcome::Injected, None)
            };
            Answer { foreign, ..answer }
        }
    }
}

fn answer(response: Response, outcome: Outcome, reason: Option<String>) -> Answer {
    Answer { outcome, reason, foreign: None, body: response.into_body(outcome.as_word()) }
}

/// Warnings that the API server hands on whole.
fn shown(warnings: &[String]) -> Vec<String> {
    warnings.iter().take(WARNINGS_MAX).map(|warning| shortened(warning, WARNING_CHARS_MAX)).collect()
}

/// The pod as it was sent, with the fields that no type of ours knows.
fn json_of(pod: &DynamicObject) -> Value {
    serde_json::to_value(pod).unwrap_or_else(|_| json!({}))
}

/// One line of at most `chars`.
fn shortened(text: &str, chars: usize) -> String {
    let text = text.replace(['\n', '\r'], " ");
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// The API server cuts longer ones.
const WARNING_CHARS_MAX: usize = 250;

/// It drops what is beyond 4096 in all.
const WARNINGS_MAX: usize = 15;

/// It becomes an event of the pod's owner, which takes 1024 bytes.
const REASON_CHARS_MAX: usize = 800;

#[cfg(test)]
mod tests;
