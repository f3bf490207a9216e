//! What becomes of a pod: labels and annotations in, a decision out. Nothing
//! here knows of requests or patches.

use super::given::{Given, Pairs, unknown};
use super::kind::Kind;
use super::names::{INJECT, PREFIX};
use super::options::Options;
use super::pod::PodFacts;

/// What the injector does with a pod.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Nobody asked for anything.
    Skip,
    /// Left as it is although something was asked for, and why.
    Leave(String),
    /// Gets a sidecar; with what its author should know.
    Inject(Box<Options>, Vec<String>),
    /// Must not start: what was asked for is wrong, and what to do.
    Deny(String),
}

/// What does not come with the pod.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Surroundings<'a> {
    /// The annotations of its namespace.
    pub(crate) namespace: &'a Pairs,
    /// The injector's own settings, without the prefix.
    pub(crate) defaults: &'a Pairs,
    /// Whether it is a pod beside the injector.
    pub(crate) is_own_namespace: bool,
}

/// Decides on a pod.
pub(crate) fn decide(pod: &PodFacts, around: Surroundings<'_>) -> Decision {
    let kind = match asked(pod, around.namespace) {
        Ok(Some(kind)) => kind,
        Ok(None) => return Decision::Skip,
        Err(reason) => return Decision::Deny(reason),
    };
    if let Some(reason) = untouchable(pod, kind, around) {
        return Decision::Leave(reason);
    }
    let mut warnings = unknown(kind, &pod.annotations);
    warnings.extend(
        unknown(kind, &pod.labels)
            .into_iter()
            .map(|warning| warning.replace("is not a setting", "is a label, not a setting")),
    );
    let given = Given::of(kind, &pod.annotations, around.namespace, around.defaults);
    match Options::read(&given, pod) {
        Ok(options) => {
            warnings.extend(options.warnings());
            Decision::Inject(Box::new(options), warnings)
        }
        Err(problems) => Decision::Deny(problems.join("; ")),
    }
}

/// Which sidecar was asked for. The pod's label decides; the namespace's
/// annotation does where the pod has none.
fn asked(pod: &PodFacts, namespace: &Pairs) -> Result<Option<Kind>, String> {
    if let Some(value) = pod.annotations.get(INJECT) {
        // Whoever wrote it believes that the pod is guarded.
        return Err(format!("{INJECT} {value:?} is an annotation here and has to be a label of the pod"));
    }
    if let Some(value) = pod.labels.get(INJECT) {
        return match value.as_str() {
            "false" => Ok(None),
            value => named(value)
                .map(Some)
                .ok_or_else(|| format!("{INJECT} {value:?}: expected guard, signer or false")),
        };
    }
    let Some(value) = namespace.get(INJECT) else { return Ok(None) };
    let wrong = || format!("{INJECT} {value:?} (annotation of the namespace): expected guard or signer");
    named(value).map(Some).ok_or_else(wrong)
}

fn named(value: &str) -> Option<Kind> {
    Kind::ALL.into_iter().find(|kind| kind.name() == value)
}

fn untouchable(pod: &PodFacts, kind: Kind, around: Surroundings<'_>) -> Option<String> {
    let why = if around.is_own_namespace {
        "the injector leaves the pods of its own namespace alone, so that it can always start"
    } else if pod.is_host_network {
        "it uses the host's network, where the sidecar's ports would be the host's"
    } else {
        return None;
    };
    Some(format!("{PREFIX}inject: the pod gets no {}: {why}", kind.name()))
}
