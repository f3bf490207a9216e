//! The steps of the guard that a capture is enough for, in their order.
//!
//! What a capture cannot tell is not judged: who the client was, how the
//! request was framed, rates, and whether it is a copy.

use std::time::Duration;

use http::HeaderName;

use super::facts::shown_time;
use crate::config::SourceConfig;
use crate::explain::{Capture, Case};
use crate::guard::Rejection;
use crate::schemes::Refusal;

/// One step.
pub(super) struct Step {
    pub(super) name: String,
    pub(super) outcome: Outcome,
    /// What was seen, as a phrase.
    pub(super) detail: String,
}

/// How it ended.
pub(super) enum Outcome {
    Passed,
    /// With the code of the refusal.
    Refused(&'static str),
    NotReached,
}

/// The steps before the signature.
pub(super) fn of_source(source: &SourceConfig, capture: &Capture) -> Vec<Step> {
    let request = &capture.request;
    let path = capture.path();
    let patterns: Vec<_> = source.paths.iter().map(ToString::to_string).collect();
    let methods: Vec<_> = source.methods.iter().map(ToString::to_string).collect();
    let size = request.body.len() as u64;
    let step = |name: &str, passed: bool, rejection: Rejection, detail: String| Step {
        name: name.to_owned(),
        outcome: if passed { Outcome::Passed } else { Outcome::Refused(rejection.code()) },
        detail,
    };
    vec![
        step(
            "path",
            source.paths.iter().any(|pattern| pattern.takes(path)),
            Rejection::NoSource,
            format!("{path}, of {}", patterns.join(", ")),
        ),
        step(
            "method",
            source.methods.contains(&request.method),
            Rejection::MethodNotAllowed,
            format!("{}, of {}", request.method, methods.join(", ")),
        ),
        step(
            "length",
            size <= source.body_bytes_max,
            Rejection::BodyTooLarge,
            format!("{size} bytes of body, of at most {}", source.body_bytes_max),
        ),
    ]
}

/// The steps of one scheme, and the place of the secret that made the
/// signature where it holds.
pub(super) fn of_scheme(case: &Case) -> (Vec<Step>, Option<usize>) {
    let names = case.scheme(case.options.clone()).map(|scheme| scheme.security_headers().to_vec());
    let mut steps: Vec<Step> = names.unwrap_or_default().iter().map(|name| field(case, name)).collect();
    let head = case.judge_head().unwrap_or(Err(Refusal::UnknownKey));
    let proof = case.judge().unwrap_or(Err(Refusal::UnknownKey));
    let (head_outcome, last) = match (&head, &proof) {
        (Err(refusal), _) => (Outcome::Refused(refusal.code()), Outcome::NotReached),
        (Ok(_), Err(refusal)) => (Outcome::Passed, Outcome::Refused(refusal.code())),
        (Ok(_), Ok(_)) => (Outcome::Passed, Outcome::Passed),
    };
    steps.push(Step { name: "head".to_owned(), outcome: head_outcome, detail: claimed(case) });
    let slot = proof.as_ref().ok().map(crate::schemes::Proof::slot);
    let detail = match slot {
        Some(slot) => format!("made with secret {} of {}", slot + 1, case.credentials.len()),
        None => format!("tried with {}", secrets(case.credentials.len())),
    };
    steps.push(Step { name: "signature".to_owned(), outcome: last, detail });
    (steps, slot)
}

/// In place of those of a scheme, where the guard had refused it before.
pub(super) fn not_looked_at() -> Step {
    let detail = "refused before, for something else".to_owned();
    Step { name: "signature".to_owned(), outcome: Outcome::NotReached, detail }
}

/// A field that is verified. Whether its absence matters is the head's to say.
fn field(case: &Case, name: &HeaderName) -> Step {
    let count = case.request.fields.get_all(name).iter().count();
    let (outcome, detail) = match count {
        0 => (Outcome::NotReached, "absent".to_owned()),
        1 => (Outcome::Passed, "there, once".to_owned()),
        _ => (Outcome::Refused(Refusal::HeaderRepeated.code()), format!("there {count} times")),
    };
    Step { name: name.to_string(), outcome, detail }
}

fn claimed(case: &Case) -> String {
    let received = case.at;
    let Some(at) = case.claimed_at() else {
        return "signature, time and id as the scheme has them".to_owned();
    };
    let distance = match (received.saturating_since(at), at.saturating_since(received)) {
        (Duration::ZERO, Duration::ZERO) => "when it was received".to_owned(),
        (before, Duration::ZERO) => format!("{} before it was received", rough(before)),
        (_, after) => format!("{} after it was received", rough(after)),
    };
    format!("signed at {}, {distance}", shown_time(at))
}

/// Whole seconds, as far as there are any.
fn rough(span: Duration) -> humantime::FormattedDuration {
    let whole = Duration::from_secs(span.as_secs());
    humantime::format_duration(if whole.is_zero() { span } else { whole })
}

fn secrets(count: usize) -> String {
    if count == 1 { "1 secret".to_owned() } else { format!("each of {count} secrets") }
}
