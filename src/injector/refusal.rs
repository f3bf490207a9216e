//! Every reason for which a request gets no review back. The API server takes
//! each for a failure of the webhook, and does as its `failurePolicy` says.

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::Full;

use crate::net::HeadFault;
use crate::service::{self, BodyFault};

/// See the module's description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    MalformedRequest,
    HeadTooLarge,
    HeadTimeout,
    Expectation,
    NoSuchPath,
    Method,
    MediaType,
    BodyTooLarge,
    BodyTimeout,
    NotAReview,
    Overloaded,
    NamespaceUnknown,
    Internal,
}

impl Refusal {
    /// The stable name in answers, logs and metrics.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::MalformedRequest => "malformed_request",
            Self::HeadTooLarge => "head_too_large",
            Self::HeadTimeout => "head_timeout",
            Self::Expectation => "expectation_failed",
            Self::NoSuchPath => "no_such_path",
            Self::Method => "method_not_allowed",
            Self::MediaType => "media_type",
            Self::BodyTooLarge => "body_too_large",
            Self::BodyTimeout => "body_timeout",
            Self::NotAReview => "not_a_review",
            Self::Overloaded => "overloaded",
            Self::NamespaceUnknown => "namespace_unknown",
            Self::Internal => "internal",
        }
    }

    /// The status of the answer.
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::MalformedRequest | Self::NotAReview => StatusCode::BAD_REQUEST,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::HeadTimeout | Self::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::Expectation => StatusCode::EXPECTATION_FAILED,
            Self::NoSuchPath => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            Self::NamespaceUnknown | Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Whether it is for us or who runs us to mend.
    pub(crate) const fn is_ours(self) -> bool {
        matches!(self, Self::Overloaded | Self::NamespaceUnknown | Self::Internal)
    }

    /// The answer.
    pub(crate) fn into_response(self) -> Response<Full<Bytes>> {
        service::problem(service::problem_document(self.code(), self.status(), None), self.status())
    }
}

impl From<HeadFault> for Refusal {
    fn from(fault: HeadFault) -> Self {
        match fault {
            HeadFault::Refused(_) => Self::MalformedRequest,
            HeadFault::TooLarge => Self::HeadTooLarge,
            HeadFault::Timeout => Self::HeadTimeout,
            HeadFault::Expectation => Self::Expectation,
        }
    }
}

impl From<BodyFault> for Refusal {
    fn from(fault: BodyFault) -> Self {
        match fault {
            BodyFault::TooLarge => Self::BodyTooLarge,
            BodyFault::Timeout => Self::BodyTimeout,
            BodyFault::Broken => Self::MalformedRequest,
            BodyFault::Overloaded => Self::Overloaded,
        }
    }
}
