//! A sidecar judged as it stands in a pod, whatever the pod says of it: label
//! and annotations can be written anew after the pod was made, and its image
//! too.

use k8s_openapi::api::core::v1::Pod;
use serde::Deserialize as _;
use serde_json::Value;

use super::decide::{Decision, Surroundings, decide};
use super::foreign::{self, Foreign};
use super::given::{Given, Pairs};
use super::image::repository;
use super::kind::Kind;
use super::options::Options;
use super::pod::PodFacts;
use super::present::Present;
use super::setting;
use super::status::Status;
use super::wanted::Wanted;

/// What is to be said of a sidecar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing says what the container of this name should be, or that the
    /// injector made it.
    Unvouched(&'static str),
    Foreign(Foreign),
}

/// What is to be said of the sidecars of `pod`. `around` is what the injector
/// would know when it is asked about it, if it is; without its own defaults
/// (`knows_defaults`) only what no setting changes can be judged.
pub(crate) fn standing(pod: &Value, around: Option<Surroundings<'_>>, knows_defaults: bool) -> Vec<Standing> {
    Kind::ALL.into_iter().flat_map(|kind| of_kind(kind, pod, around, knows_defaults)).collect()
}

fn of_kind(kind: Kind, pod: &Value, around: Option<Surroundings<'_>>, knows_defaults: bool) -> Vec<Standing> {
    let Some(present) = Present::find(pod, kind.container()) else { return vec![] };
    let mut fields = foreign::of_any_settings(kind, present.container);
    let mut standing = Vec::new();
    match around.map(|around| (around, decision(pod, around))) {
        Some((around, Decision::Inject(options, _)))
            if options.kind == kind && Status::of_pod(pod).is_some() =>
        {
            if knows_defaults {
                fields.extend(of_settings(pod, &present, &options, around));
            }
        }
        // It may be right with the defaults that are not known.
        Some((_, Decision::Deny(_))) if !knows_defaults => {}
        _ => standing.push(Standing::Unvouched(kind.container())),
    }
    standing.extend(Foreign::of(kind, foreign::in_order(&fields)).map(Standing::Foreign));
    standing
}

fn decision(pod: &Value, around: Surroundings<'_>) -> Decision {
    match Pod::deserialize(pod) {
        Ok(typed) => decide(&PodFacts::of(&typed), around),
        Err(error) => Decision::Deny(error.to_string()),
    }
}

/// What settings decide. One of other settings than today's is only of another
/// time, and its arguments tell nothing; its image is of the same place still.
fn of_settings(
    pod: &Value,
    present: &Present<'_>,
    options: &Options,
    around: Surroundings<'_>,
) -> Vec<&'static str> {
    let wanted = Wanted::of(options);
    let is_current = Status::of_pod(pod).is_some_and(|status| status.config_hash == wanted.hash);
    let container = present.container;
    let volumes = pod.pointer("/spec/volumes").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let image = container.get("image").and_then(Value::as_str).unwrap_or_default();
    // An annotation of the pod is not the injector's either.
    let given = Given::of(options.kind, &Pairs::new(), around.namespace, around.defaults);
    let is_elsewhere = given.value(setting::IMAGE).is_none_or(|own| repository(own) != repository(image));
    let fields = [
        ("image", is_elsewhere || (is_current && image != options.image)),
        ("args", is_current && container.get("args") != wanted.container.get("args")),
        ("volumes", is_current && !wanted.volumes.iter().all(|volume| volumes.contains(volume))),
    ];
    fields.into_iter().filter(|(_, is_foreign)| *is_foreign).map(|(field, _)| field).collect()
}
