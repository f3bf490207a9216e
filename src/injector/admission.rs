//! The life of a request, from the API server's question to the answer, as one
//! function that reads top-down. What is decided is `review`'s.
//!
//! The body is read within its bounds before anything in it is believed, the
//! namespace is known before anything is decided.
//! A review is answered while the process stops: its pod is waiting.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::time::Instant;

use crate::injector::cost;
use crate::injector::injection::is_namespace_name;
use crate::injector::outcome::Outcome;
use crate::injector::refusal::Refusal;
use crate::injector::review::{Answer, Review};
use crate::injector::state::Injector;
use crate::injector::worker::Worker;
use crate::limits::{Bound, Reservation};
use crate::net::{self, Http1Fault};
use crate::service::{self, BodyBounds};

/// Answers one request, whatever becomes of it.
/// Its memory comes out of the caller's `share` too.
pub(crate) async fn answer(
    worker: Arc<Worker>,
    share: Arc<Bound>,
    request: Request<Incoming>,
    fault: Option<Http1Fault>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let started = Instant::now();
    let (parts, mut body) = request.into_parts();
    let version = parts.version;
    let result = {
        let reservation = Reservation::new(&worker.injector.memory, &share);
        let run = pin!(run(&worker.injector, reservation, parts, &mut body, fault, started));
        service::survive(run).await
    };
    let mut response = match result {
        Ok(Ok(answer)) => json(answer),
        Ok(Err(refusal)) => refused(&worker.injector, refusal, started, None),
        Err(id) => refused(&worker.injector, Refusal::Internal, started, Some(id)),
    };
    service::leave_unread(body, version, &mut response, &worker.drain);
    Ok(response)
}

async fn run(
    injector: &Injector,
    mut reservation: Reservation,
    parts: Parts,
    body: &mut Incoming,
    fault: Option<Http1Fault>,
    started: Instant,
) -> Result<Vec<u8>, Refusal> {
    let bounds = &injector.bounds;
    let sound = net::inspect(&parts, fault, bounds.head_fields)?;
    is_for_us(&parts)?;
    let body_bounds = BodyBounds {
        bytes_max: bounds.body_bytes_max,
        timeout: bounds.body_timeout,
        rate_min: bounds.body_rate_min,
    };
    let body =
        service::read_body(body, sound.declared_length(), body_bounds, &mut reservation, |_| {}).await?;
    let cost = cost::once_read(&body);
    if cost > bounds.memory_bytes_per_address {
        return Err(Refusal::BodyTooLarge);
    }
    reservation.charge(cost).map_err(|_| Refusal::Overloaded)?;
    // Its error may quote the body, which is a stranger's.
    let review = Review::read(&body).map_err(|_| Refusal::NotAReview)?;
    // It becomes a part of a path, and lines of a log have an end.
    if !is_namespace_name(review.namespace()) || review.uid().len() > UID_BYTES_MAX {
        return Err(Refusal::NotAReview);
    }
    let namespace = match injector.namespaces.get(review.namespace(), bounds.namespace_timeout).await {
        Ok(namespace) => namespace,
        Err(unknown) => {
            let (uid, namespace) = (review.uid(), review.namespace());
            tracing::warn!(uid, namespace, %unknown, "a review is refused: its namespace cannot be known");
            return Err(Refusal::NamespaceUnknown);
        }
    };
    let answer = review.answer(&injector.settings, namespace.annotations());
    note(injector, &review, &answer, started);
    Ok(answer.body)
}

fn is_for_us(parts: &Parts) -> Result<(), Refusal> {
    if parts.uri.path() != PATH {
        return Err(Refusal::NoSuchPath);
    }
    if parts.method != Method::POST {
        return Err(Refusal::Method);
    }
    let media_type = parts.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let essence = media_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    if essence.eq_ignore_ascii_case(b"application/json") { Ok(()) } else { Err(Refusal::MediaType) }
}

/// The one line of a review, and its count.
fn note(injector: &Injector, review: &Review, answer: &Answer, started: Instant) {
    let (took, outcome) = (started.elapsed(), Outcome::Answered(answer.outcome).name());
    injector.reviews.review(outcome, took);
    tracing::info!(
        uid = review.uid(),
        namespace = review.namespace(),
        pod = shown(review.pod_name()),
        owner = review.owner().map(|owner| shown(&owner).to_owned()),
        outcome,
        reason = answer.reason.as_deref().map(without_values),
        foreign = answer.foreign.as_deref(),
        dry_run = review.is_dry_run(),
        duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        "review"
    );
}

/// As much of a stranger's `text` as a line of the log needs.
fn shown(text: &str) -> &str {
    text.char_indices().nth(SHOWN_CHARS_MAX).map_or(text, |(end, _)| &text[..end])
}

/// A reason without the values in it, which stand in quotes: somebody may have
/// written a secret where its name belongs. The one who wrote it gets it whole.
fn without_values(reason: &str) -> String {
    let mut kept = String::with_capacity(reason.len());
    let mut in_value = false;
    let mut escaped = false;
    for c in reason.chars() {
        match c {
            '"' if !escaped => {
                in_value = !in_value;
                kept.push_str(if in_value { "\"" } else { "…\"" });
            }
            _ if !in_value => kept.push(c),
            _ => {}
        }
        escaped = in_value && c == '\\' && !escaped;
    }
    kept
}

/// Counts and logs it, and makes the answer.
fn refused(
    injector: &Injector,
    refusal: Refusal,
    started: Instant,
    id: Option<HeaderValue>,
) -> Response<Full<Bytes>> {
    let outcome = Outcome::Refused(refusal);
    injector.reviews.review(outcome.name(), started.elapsed());
    tracing::info!(outcome = outcome.name(), code = refusal.code(), "review");
    let mut response = refusal.into_response();
    if refusal == Refusal::Method {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    }
    if let Some(id) = id {
        response.headers_mut().insert(service::ERROR_ID, id);
    }
    response
}

fn json(answer: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(answer.into()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

const SHOWN_CHARS_MAX: usize = 128;

/// A UUID has 36.
const UID_BYTES_MAX: usize = 128;

/// The one path there is.
const PATH: &str = "/mutate";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_out_of_the_log() {
        for (reason, logged) in [
            ("it uses the host's network", "it uses the host's network"),
            ("a/secret \"hunter2\": expected NAME", "a/secret \"…\": expected NAME"),
            (r#"a "x\"hunter2\\": expected b; c "hunter2": d"#, r#"a "…": expected b; c "…": d"#),
            (r#"cut off "hunt"#, r#"cut off ""#),
        ] {
            assert_eq!(without_values(reason), logged);
        }
    }
}
