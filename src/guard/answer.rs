//! What goes back to the caller.

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderName, HeaderValue, Response, StatusCode};

use crate::limits::Permit;
use crate::net::{self, UpstreamBody};
use crate::service;

/// Set on what the guard answers itself although the delivery is genuine.
pub(crate) const OUTCOME: HeaderName = HeaderName::from_static("countersign-outcome");

/// The body of an answer: ours, or the app's.
pub(crate) type AnswerBody = service::AnswerBody<UpstreamBody>;

/// The app's answer: its status, fields and bytes, less the fields that end at
/// a proxy (RFC 9110 section 7.6.1).
pub(crate) fn from_upstream(response: Response<UpstreamBody>, permit: Permit) -> Response<AnswerBody> {
    let (mut parts, stream) = response.into_parts();
    net::strip_hop_by_hop(&mut parts.headers);
    parts.headers.remove(OUTCOME);
    parts.extensions.clear();
    Response::from_parts(parts, AnswerBody::passed(stream, [permit]))
}

/// The answer to a copy of a delivery that the app already has: success, so
/// that the provider stops retrying, and the app does not see it again.
pub(crate) fn duplicate() -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::full(Bytes::new()));
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().insert(OUTCOME, HeaderValue::from_static("duplicate"));
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    response
}
