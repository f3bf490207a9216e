//! Refusals as callers read them: `application/problem+json` (RFC 9457).

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};

use crate::limits::Limited;

/// Draft-ietf-httpapi-ratelimit-headers.
const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Who has to change something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Whoever sent the request: the guard's sender, the signer's app.
    Caller,
    /// Whoever it was for: the guard's app, the signer's consumer.
    Upstream,
    /// This process or whoever runs it.
    Ourselves,
}

impl Side {
    /// The name in logs and documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Upstream => "upstream",
            Self::Ourselves => "ourselves",
        }
    }
}

/// The document of one code: the same bytes for every caller. `retryable` says
/// whether the same request may fare better later, in roles whose callers are
/// not told by their own schedule.
pub(crate) fn problem_document(code: &str, status: StatusCode, retryable: Option<bool>) -> Bytes {
    let title = status.canonical_reason().unwrap_or("Refused");
    let number = status.as_u16();
    let retryable = retryable.map(|retryable| format!(r#","retryable":{retryable}"#)).unwrap_or_default();
    Bytes::from(format!(
        r#"{{"type":"tag:countersign.dev,2026:rejection/{code}","title":"{title}","status":{number},"code":"{code}"{retryable}}}"#,
    ))
}

/// The answer with such a document.
pub(crate) fn problem<B: From<Bytes>>(document: Bytes, status: StatusCode) -> Response<B> {
    let mut response = Response::new(B::from(document));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}

/// What the answer says of the limit that was hit.
pub(crate) fn limit_fields(limited: &Limited) -> [(HeaderName, HeaderValue); 3] {
    [
        (RETRY_AFTER, HeaderValue::from(limited.retry_after_secs())),
        (RATELIMIT, limited.rate_limit()),
        (RATELIMIT_POLICY, limited.rate_limit_policy()),
    ]
}
