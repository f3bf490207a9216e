//! What goes back to the caller.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};

use crate::guard::outcome::Outcome;
use crate::limits::Permit;
use crate::net::{self, UpstreamBody, UpstreamBodyError};
use crate::schemes;
use crate::service::ERROR_ID;

/// Set on what the guard answers itself although the delivery is genuine.
pub(crate) const OUTCOME: HeaderName = HeaderName::from_static("countersign-outcome");

/// The body of an answer.
#[derive(Debug)]
pub(crate) enum AnswerBody {
    /// Ours, whole.
    Own(Option<Bytes>),
    /// The app's, as it streams. The permit goes back when the last byte has.
    App {
        /// The bytes.
        stream: UpstreamBody,
        /// Counts as a delivery in flight until then.
        _permit: Permit,
    },
}

impl From<Bytes> for AnswerBody {
    /// A body of ours.
    fn from(bytes: Bytes) -> Self {
        Self::Own(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }
}

/// The app's answer: its status, fields and bytes, less the fields that end at
/// a proxy (RFC 9110 section 7.6.1).
pub(crate) fn from_upstream(response: Response<UpstreamBody>, permit: Permit) -> Response<AnswerBody> {
    let (mut parts, stream) = response.into_parts();
    net::strip_hop_by_hop(&mut parts.headers);
    parts.headers.remove(OUTCOME);
    parts.headers.remove(ERROR_ID);
    parts.extensions.clear();
    Response::from_parts(parts, AnswerBody::App { stream, _permit: permit })
}

/// The answer to a copy of a delivery that the app already has: success, so
/// that the provider stops retrying, and the app does not see it again.
pub(crate) fn duplicate() -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::from(Bytes::new()));
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().insert(OUTCOME, HeaderValue::from_static("duplicate"));
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    response
}

/// The answer to a set-up request. The app does not see it.
pub(crate) fn handshake(answer: schemes::Answer) -> Response<AnswerBody> {
    let length = HeaderValue::from(answer.body.len());
    let mut response = Response::new(AnswerBody::from(answer.body));
    response.headers_mut().extend(answer.fields);
    response.headers_mut().insert(OUTCOME, HeaderValue::from_static("handshake"));
    response.headers_mut().insert(CONTENT_LENGTH, length);
    response
}

/// What became of a delivery that was answered so.
pub(crate) fn outcome(response: &Response<AnswerBody>) -> Outcome {
    match response.headers().get(OUTCOME) {
        Some(outcome) if outcome == "handshake" => Outcome::Handshake,
        Some(_) => Outcome::Duplicate,
        None if response.status().is_success() => Outcome::Accepted,
        None => Outcome::NotAccepted,
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = UpstreamBodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.get_mut() {
            Self::Own(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::App { stream, .. } => Pin::new(stream).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Own(bytes) => bytes.is_none(),
            Self::App { stream, .. } => stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Own(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::App { stream, .. } => stream.size_hint(),
        }
    }
}
