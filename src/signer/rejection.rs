//! Why the app gets no answer of the consumer's: one closed list.
//!
//! Status, stable code, side and whether trying again can help are methods
//! beside the list. `docs/signer.md` is this list for people, and a test holds
//! the two together. A refusal of ours carries `Countersign-Error`, which no
//! consumer's answer does.

use std::sync::LazyLock;

use bytes::Bytes;
use http::header::{ALLOW, HeaderName, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;

use crate::egress::EgressError;
use crate::limits::Limited;
use crate::net::HeadFault;
use crate::service::{self, BodyFault, Side, problem_document};

/// On every refusal of ours: its code.
pub(crate) const ERROR: HeaderName = HeaderName::from_static("countersign-error");

/// The reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rejection {
    /// No endpoint of this path or name.
    NoEndpoint,
    /// Path and `Countersign-Endpoint` name two endpoints, or the field is
    /// repeated.
    EndpointAmbiguous,
    /// Webhooks are sent by POST.
    MethodNotAllowed,
    /// The head, or the framing of the body, is ambiguous or not HTTP.
    HeadRefused,
    /// The request head is longer than is taken.
    HeadTooLarge,
    /// The request head did not arrive in time.
    HeadTimeout,
    /// An `Expect` other than `100-continue`.
    ExpectationFailed,
    /// The body is longer than the endpoint takes.
    BodyTooLarge,
    /// The body did not arrive in time.
    BodyTimeout,
    /// Above the rate of the endpoint.
    RateLimited,
    /// As many deliveries wait for the consumer as may.
    EndpointBusy,
    /// Too much is in flight: deliveries, or bytes of bodies.
    Overloaded,
    /// The signer is stopping.
    Draining,
    /// A bug of ours.
    Internal,
    /// The consumer's address is not public and not allowed.
    DestinationRefused,
    /// No connection to the consumer.
    ConsumerUnreachable,
    /// The consumer did not prove who it is, or does not believe us.
    ConsumerTls,
    /// The consumer did not answer in time.
    ConsumerTimeout,
    /// The consumer's answer broke off or is not HTTP.
    ConsumerBroken,
    /// The consumer's answer is longer than is taken.
    AnswerTooLarge,
    /// The authorization server does not take our credentials.
    TokenRefused,
    /// The authorization server gives no token now.
    TokenUnavailable,
}

impl Rejection {
    /// Every reason there is.
    pub const ALL: [Self; 22] = [
        Self::NoEndpoint,
        Self::EndpointAmbiguous,
        Self::MethodNotAllowed,
        Self::HeadRefused,
        Self::HeadTooLarge,
        Self::HeadTimeout,
        Self::ExpectationFailed,
        Self::BodyTooLarge,
        Self::BodyTimeout,
        Self::RateLimited,
        Self::EndpointBusy,
        Self::Overloaded,
        Self::Draining,
        Self::Internal,
        Self::DestinationRefused,
        Self::ConsumerUnreachable,
        Self::ConsumerTls,
        Self::ConsumerTimeout,
        Self::ConsumerBroken,
        Self::AnswerTooLarge,
        Self::TokenRefused,
        Self::TokenUnavailable,
    ];

    /// The stable code: in the answer, the log line and the metric label.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoEndpoint => "no_endpoint",
            Self::EndpointAmbiguous => "endpoint_ambiguous",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::HeadRefused => "head_refused",
            Self::HeadTooLarge => "head_too_large",
            Self::HeadTimeout => "head_timeout",
            Self::ExpectationFailed => "expectation_failed",
            Self::BodyTooLarge => "body_too_large",
            Self::BodyTimeout => "body_timeout",
            Self::RateLimited => "rate_limited",
            Self::EndpointBusy => "endpoint_busy",
            Self::Overloaded => "overloaded",
            Self::Draining => "draining",
            Self::Internal => "internal",
            Self::DestinationRefused => "destination_refused",
            Self::ConsumerUnreachable => "consumer_unreachable",
            Self::ConsumerTls => "consumer_tls",
            Self::ConsumerTimeout => "consumer_timeout",
            Self::ConsumerBroken => "consumer_broken",
            Self::AnswerTooLarge => "answer_too_large",
            Self::TokenRefused => "token_refused",
            Self::TokenUnavailable => "token_unavailable",
        }
    }

    /// The status of the answer (RFC 9110 section 15).
    pub const fn status(self) -> StatusCode {
        match self {
            Self::EndpointAmbiguous | Self::HeadRefused => StatusCode::BAD_REQUEST,
            Self::NoEndpoint => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::HeadTimeout | Self::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::ExpectationFailed => StatusCode::EXPECTATION_FAILED,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::DestinationRefused
            | Self::ConsumerUnreachable
            | Self::ConsumerTls
            | Self::ConsumerBroken
            | Self::AnswerTooLarge
            | Self::TokenRefused
            | Self::TokenUnavailable => StatusCode::BAD_GATEWAY,
            Self::EndpointBusy | Self::Overloaded | Self::Draining => StatusCode::SERVICE_UNAVAILABLE,
            Self::ConsumerTimeout => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// Who has to change something.
    pub const fn side(self) -> Side {
        match self {
            Self::EndpointBusy
            | Self::ConsumerUnreachable
            | Self::ConsumerTls
            | Self::ConsumerTimeout
            | Self::ConsumerBroken
            | Self::AnswerTooLarge
            | Self::TokenUnavailable => Side::Upstream,
            Self::Overloaded
            | Self::Draining
            | Self::Internal
            | Self::DestinationRefused
            | Self::TokenRefused => Side::Ourselves,
            _ => Side::Caller,
        }
    }

    /// Whether the same request, with the same id, may fare better later
    /// without anyone changing anything.
    pub const fn retryable(self) -> bool {
        matches!(
            self,
            Self::HeadTimeout
                | Self::BodyTimeout
                | Self::RateLimited
                | Self::EndpointBusy
                | Self::Overloaded
                | Self::Draining
                | Self::ConsumerUnreachable
                | Self::ConsumerTimeout
                | Self::ConsumerBroken
                | Self::TokenUnavailable
        )
    }

    /// `Retry-After` in seconds (RFC 9110 section 10.2.3), where how long to
    /// wait is known and does not depend on a limiter.
    const fn retry_after(self) -> Option<&'static str> {
        match self {
            Self::EndpointBusy | Self::Overloaded | Self::TokenUnavailable => Some("1"),
            Self::Draining => Some("5"),
            _ => None,
        }
    }

    /// The RFC 9457 document: the same bytes for every caller.
    fn problem(self) -> Bytes {
        static PROBLEMS: LazyLock<Vec<Bytes>> = LazyLock::new(|| {
            let document = |rejection: &Rejection| {
                problem_document(rejection.code(), rejection.status(), Some(rejection.retryable()))
            };
            Rejection::ALL.iter().map(document).collect()
        });
        let place = Self::ALL.iter().position(|rejection| *rejection == self);
        place.map_or_else(Bytes::new, |place| PROBLEMS[place].clone())
    }
}

/// A rejection with what its answer carries beside the document.
#[derive(Debug)]
pub(crate) struct Refused {
    /// Why.
    pub(crate) rejection: Rejection,
    fields: Vec<(HeaderName, HeaderValue)>,
}

impl Refused {
    /// 405 with the one method there is (RFC 9110 section 15.5.6).
    pub(crate) fn method_not_allowed() -> Self {
        let fields = vec![(ALLOW, HeaderValue::from_static("POST"))];
        Self { rejection: Rejection::MethodNotAllowed, fields }
    }

    /// 500 with the id under which the log has the bug.
    pub(crate) fn internal(id: HeaderValue) -> Self {
        Self { rejection: Rejection::Internal, fields: vec![(service::ERROR_ID, id)] }
    }

    /// The answer to the app.
    pub(crate) fn into_response(self) -> Response<Full<Bytes>> {
        let mut response = service::problem(self.rejection.problem(), self.rejection.status());
        let fields = response.headers_mut();
        fields.insert(ERROR, HeaderValue::from_static(self.rejection.code()));
        if let Some(seconds) = self.rejection.retry_after() {
            fields.insert(RETRY_AFTER, HeaderValue::from_static(seconds));
        }
        fields.extend(self.fields);
        response
    }
}

impl From<Rejection> for Refused {
    fn from(rejection: Rejection) -> Self {
        Self { rejection, fields: Vec::new() }
    }
}

impl From<Limited> for Refused {
    fn from(limited: Limited) -> Self {
        Self { rejection: Rejection::RateLimited, fields: service::limit_fields(&limited).into() }
    }
}

impl From<HeadFault> for Refused {
    fn from(fault: HeadFault) -> Self {
        match fault {
            HeadFault::Refused(_) => Rejection::HeadRefused,
            HeadFault::TooLarge => Rejection::HeadTooLarge,
            HeadFault::Timeout => Rejection::HeadTimeout,
            HeadFault::Expectation => Rejection::ExpectationFailed,
        }
        .into()
    }
}

impl From<BodyFault> for Rejection {
    fn from(fault: BodyFault) -> Self {
        match fault {
            BodyFault::TooLarge => Self::BodyTooLarge,
            BodyFault::Timeout => Self::BodyTimeout,
            BodyFault::Broken => Self::HeadRefused,
            BodyFault::Overloaded => Self::Overloaded,
        }
    }
}

impl From<&EgressError> for Rejection {
    fn from(error: &EgressError) -> Self {
        match error {
            EgressError::Refused(_) => Self::DestinationRefused,
            EgressError::Unreachable(_) => Self::ConsumerUnreachable,
            EgressError::Tls(_) => Self::ConsumerTls,
            EgressError::Timeout { .. } => Self::ConsumerTimeout,
            EgressError::Broken(_) => Self::ConsumerBroken,
            EgressError::AnswerTooLarge { .. } => Self::AnswerTooLarge,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_distinct_and_every_document_carries_its_own() {
        let mut seen = HashSet::new();
        for rejection in Rejection::ALL {
            assert!(seen.insert(rejection.code()), "{} twice", rejection.code());
            let document: serde_json::Value = serde_json::from_slice(&rejection.problem()).unwrap();
            assert_eq!(document["code"], rejection.code());
            assert_eq!(document["status"], rejection.status().as_u16());
            assert_eq!(document["retryable"], rejection.retryable());
        }
    }

    #[test]
    fn whatever_says_when_to_come_back_may_come_back() {
        for rejection in Rejection::ALL {
            assert!(rejection.retry_after().is_none() || rejection.retryable(), "{}", rejection.code());
            let unavailable = rejection.status() == StatusCode::SERVICE_UNAVAILABLE;
            assert!(!unavailable || rejection.retry_after().is_some(), "{}", rejection.code());
        }
    }

    #[test]
    fn the_page_lists_every_code_with_its_status_side_and_advice() {
        let page = include_str!("../../docs/signer.md");
        for rejection in Rejection::ALL {
            let (status, side) = (rejection.status().as_u16(), rejection.side().name());
            let again = if rejection.retryable() { "yes" } else { "no" };
            let row = format!("| `{}` | {status} | {side} | {again} |", rejection.code());
            assert!(page.contains(&row), "docs/signer.md has no {row}");
        }
    }
}
