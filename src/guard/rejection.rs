//! Why a delivery was refused: one closed list.
//!
//! Status, stable code, metric label and public text are methods beside the
//! list, so that the compiler asks about a new reason everywhere at once. The
//! caller learns the code and nothing else: what was expected, and which key
//! nearly matched, stays inside. `docs/rejections.md` is this list for people,
//! and a test holds the two together.

use std::sync::LazyLock;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};

use crate::guard::answer::AnswerBody;
use crate::guard::detail::Detail;
use crate::ledger::LedgerError;
use crate::limits::Limited;
use crate::net::{HeadFault, UpstreamError};
use crate::schemes::Refusal;
use crate::service::{self, BodyFault, Side, problem_document};

/// The reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rejection {
    /// No source for this host and path.
    NoSource,
    /// The source does not take this method.
    MethodNotAllowed,
    /// The client's address is not on the source's allow list.
    AddressNotAllowed,
    /// The source wants a client certificate and there is none.
    IdentityMissing,
    /// The client certificate carries none of the source's identities.
    IdentityNotAllowed,
    /// Above the rate of the address or of the source.
    RateLimited,
    /// A set-up request that asks wrongly, or with the wrong token.
    HandshakeRefused,
    /// The scheme could not be satisfied; the reason is its own.
    Unproven(Refusal),
    /// The head, or the framing of the body, is ambiguous or not HTTP.
    HeadRefused,
    /// The body is longer than the source takes.
    BodyTooLarge,
    /// The body did not arrive in time.
    BodyTimeout,
    /// The same signed bytes were accepted before.
    Replayed,
    /// The signed id was used with another body.
    IdReused,
    /// The request head is longer than is taken.
    HeadTooLarge,
    /// The request head did not arrive in time.
    HeadTimeout,
    /// An `Expect` other than `100-continue`.
    ExpectationFailed,
    /// A copy of this delivery is being forwarded at this moment.
    InFlight,
    /// The ledger has no room for one more live entry.
    LedgerFull,
    /// The ledger cannot be asked.
    LedgerUnavailable,
    /// No keys of the issuer that are fresh enough to judge a token by.
    KeysUnavailable,
    /// Too much is in flight: deliveries, or bytes of bodies.
    Overloaded,
    /// The guard is stopping.
    Draining,
    /// Signed at a time of which the ledger may have forgotten something.
    SignedBeforeMemory,
    /// The secret that a handshake brought could not be written to its file.
    HandshakeUnkept,
    /// A bug of ours.
    Internal,
    /// No connection to the app.
    UpstreamUnreachable,
    /// The app did not answer in time.
    UpstreamTimeout,
    /// The app's answer broke off or is not HTTP.
    UpstreamBroken,
}

impl Rejection {
    /// Every reason but those of the schemes, which [`Refusal::ALL`] lists.
    const OWN: [Self; 27] = [
        Self::NoSource,
        Self::MethodNotAllowed,
        Self::AddressNotAllowed,
        Self::IdentityMissing,
        Self::IdentityNotAllowed,
        Self::RateLimited,
        Self::HandshakeRefused,
        Self::HeadRefused,
        Self::BodyTooLarge,
        Self::BodyTimeout,
        Self::Replayed,
        Self::IdReused,
        Self::HeadTooLarge,
        Self::HeadTimeout,
        Self::ExpectationFailed,
        Self::InFlight,
        Self::LedgerFull,
        Self::LedgerUnavailable,
        Self::KeysUnavailable,
        Self::Overloaded,
        Self::Draining,
        Self::SignedBeforeMemory,
        Self::HandshakeUnkept,
        Self::Internal,
        Self::UpstreamUnreachable,
        Self::UpstreamTimeout,
        Self::UpstreamBroken,
    ];

    /// Every reason there is.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::OWN.into_iter().chain(Refusal::ALL.iter().map(|refusal| Self::Unproven(*refusal)))
    }

    /// The stable code: in the answer, the log line and the metric label.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoSource => "no_source",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::AddressNotAllowed => "address_not_allowed",
            Self::IdentityMissing => "identity_missing",
            Self::IdentityNotAllowed => "identity_not_allowed",
            Self::RateLimited => "rate_limited",
            Self::HandshakeRefused => "handshake_refused",
            Self::Unproven(refusal) => refusal.code(),
            Self::HeadRefused => "head_refused",
            Self::BodyTooLarge => "body_too_large",
            Self::BodyTimeout => "body_timeout",
            Self::Replayed => "replayed",
            Self::IdReused => "id_reused",
            Self::HeadTooLarge => "head_too_large",
            Self::HeadTimeout => "head_timeout",
            Self::ExpectationFailed => "expectation_failed",
            Self::InFlight => "in_flight",
            Self::LedgerFull => "ledger_full",
            Self::LedgerUnavailable => "ledger_unavailable",
            Self::KeysUnavailable => "keys_unavailable",
            Self::Overloaded => "overloaded",
            Self::Draining => "draining",
            Self::SignedBeforeMemory => "signed_before_memory",
            Self::HandshakeUnkept => "handshake_unkept",
            Self::Internal => "internal",
            Self::UpstreamUnreachable => "upstream_unreachable",
            Self::UpstreamTimeout => "upstream_timeout",
            Self::UpstreamBroken => "upstream_broken",
        }
    }

    /// The status of the answer (RFC 9110 section 15). "Cannot decide" is
    /// always 503 and never 401: some providers stop retrying on 4xx.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::HeadRefused => StatusCode::BAD_REQUEST,
            Self::Unproven(_) => StatusCode::UNAUTHORIZED,
            Self::AddressNotAllowed
            | Self::IdentityMissing
            | Self::IdentityNotAllowed
            | Self::HandshakeRefused => StatusCode::FORBIDDEN,
            Self::NoSource => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::BodyTimeout | Self::HeadTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::Replayed | Self::IdReused => StatusCode::CONFLICT,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::ExpectationFailed => StatusCode::EXPECTATION_FAILED,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::UpstreamUnreachable | Self::UpstreamBroken => StatusCode::BAD_GATEWAY,
            Self::InFlight
            | Self::LedgerFull
            | Self::LedgerUnavailable
            | Self::KeysUnavailable
            | Self::Overloaded
            | Self::Draining
            | Self::SignedBeforeMemory
            | Self::HandshakeUnkept => StatusCode::SERVICE_UNAVAILABLE,
            Self::UpstreamTimeout => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// Who has to change something.
    pub const fn side(self) -> Side {
        match self {
            Self::UpstreamUnreachable | Self::UpstreamTimeout | Self::UpstreamBroken => Side::Upstream,
            Self::LedgerFull
            | Self::LedgerUnavailable
            | Self::KeysUnavailable
            | Self::Overloaded
            | Self::Draining
            | Self::SignedBeforeMemory
            | Self::HandshakeUnkept
            | Self::Internal => Side::Ourselves,
            _ => Side::Caller,
        }
    }

    /// Whether a source in the mode `observe` forwards what is refused so: what
    /// was found out about the sender, his proof or a copy, and never what
    /// bounds strangers or keeps the message to one meaning. The rate is the
    /// source's: over the address's nothing goes on.
    pub const fn may_be_observed(self) -> bool {
        match self {
            Self::AddressNotAllowed
            | Self::IdentityMissing
            | Self::IdentityNotAllowed
            | Self::RateLimited
            | Self::Unproven(_)
            | Self::KeysUnavailable
            | Self::Replayed
            | Self::IdReused
            | Self::InFlight
            | Self::LedgerFull
            | Self::LedgerUnavailable
            | Self::SignedBeforeMemory => true,
            Self::NoSource
            | Self::MethodNotAllowed
            | Self::HandshakeRefused
            | Self::HandshakeUnkept
            | Self::HeadRefused
            | Self::HeadTooLarge
            | Self::HeadTimeout
            | Self::ExpectationFailed
            | Self::BodyTooLarge
            | Self::BodyTimeout
            | Self::Overloaded
            | Self::Draining
            | Self::Internal
            | Self::UpstreamUnreachable
            | Self::UpstreamTimeout
            | Self::UpstreamBroken => false,
        }
    }

    /// Whether it may be that of a secret that does not count any more.
    pub(crate) const fn is_of_the_secret(self) -> bool {
        matches!(self, Self::Unproven(Refusal::SignatureMismatch | Refusal::TokenMismatch))
    }

    /// Whether a capture is kept of what is refused so: where the sender has to
    /// change something and the request says what. Never of what verified, nor
    /// of a set-up request, which may bring a secret that nobody knows yet; and
    /// not of what comes from everywhere, or finds no source.
    pub const fn may_be_captured(self) -> bool {
        match self {
            Self::MethodNotAllowed
            | Self::AddressNotAllowed
            | Self::IdentityMissing
            | Self::IdentityNotAllowed
            | Self::Unproven(_)
            | Self::BodyTooLarge
            | Self::BodyTimeout => true,
            Self::NoSource
            | Self::RateLimited
            | Self::HandshakeRefused
            | Self::HandshakeUnkept
            | Self::HeadRefused
            | Self::HeadTooLarge
            | Self::HeadTimeout
            | Self::ExpectationFailed
            | Self::Replayed
            | Self::IdReused
            | Self::InFlight
            | Self::LedgerFull
            | Self::LedgerUnavailable
            | Self::KeysUnavailable
            | Self::Overloaded
            | Self::Draining
            | Self::SignedBeforeMemory
            | Self::Internal
            | Self::UpstreamUnreachable
            | Self::UpstreamTimeout
            | Self::UpstreamBroken => false,
        }
    }

    /// Whether it was the ledger that could not decide.
    pub(crate) const fn is_of_the_ledger(self) -> bool {
        matches!(self, Self::LedgerFull | Self::LedgerUnavailable | Self::SignedBeforeMemory)
    }

    /// `Retry-After` in seconds (RFC 9110 section 10.2.3), where trying again
    /// can help and how long to wait does not depend on a limiter.
    const fn retry_after(self) -> Option<&'static str> {
        match self {
            Self::InFlight | Self::Overloaded | Self::SignedBeforeMemory => Some("1"),
            Self::Draining | Self::LedgerUnavailable | Self::KeysUnavailable | Self::HandshakeUnkept => {
                Some("5")
            }
            Self::LedgerFull => Some("30"),
            _ => None,
        }
    }

    /// The RFC 9457 document: the same bytes for every caller.
    fn problem(self) -> Bytes {
        static PROBLEMS: LazyLock<Vec<(Rejection, Bytes)>> = LazyLock::new(|| {
            Rejection::all()
                .map(|rejection| (rejection, problem_document(rejection.code(), rejection.status(), None)))
                .collect()
        });
        let known = PROBLEMS.iter().find(|(rejection, _)| *rejection == self);
        known.map_or_else(Bytes::new, |(_, document)| document.clone())
    }
}

/// A rejection with what its answer carries beside the document.
#[derive(Debug)]
pub(crate) struct Refused {
    /// Why.
    pub(crate) rejection: Rejection,
    /// For the log alone.
    pub(crate) detail: Option<Detail>,
    fields: Vec<(HeaderName, HeaderValue)>,
}

impl Refused {
    /// With the `word` that tells it from others of its code in the log.
    pub(crate) fn because(rejection: Rejection, word: &'static str) -> Self {
        Self::from(rejection).with(Some(Detail::Word(word)))
    }

    /// With what else the log says.
    pub(crate) fn with(self, detail: Option<Detail>) -> Self {
        Self { detail, ..self }
    }

    /// 405 with the methods that the source takes (RFC 9110 section 15.5.6).
    pub(crate) fn method_not_allowed(allow: HeaderValue) -> Self {
        let mut refused = Self::from(Rejection::MethodNotAllowed);
        refused.fields.push((ALLOW, allow));
        refused
    }

    /// 500 with the id under which the log has the bug.
    pub(crate) fn internal(id: HeaderValue) -> Self {
        Self { rejection: Rejection::Internal, detail: None, fields: vec![(service::ERROR_ID, id)] }
    }

    /// The answer to the caller.
    pub(crate) fn into_response(self, form: RefusalForm) -> Response<AnswerBody> {
        let mut response = service::problem(self.rejection.problem(), self.rejection.status());
        let fields = response.headers_mut();
        if let Some(seconds) = self.rejection.retry_after() {
            fields.insert(RETRY_AFTER, HeaderValue::from_static(seconds));
        }
        if self.rejection.status() == StatusCode::UNAUTHORIZED {
            // RFC 9110 section 15.5.2: a 401 names a challenge.
            fields.insert(WWW_AUTHENTICATE, form.challenge);
        }
        fields.extend(self.fields);
        if form.bare { bare(response) } else { response }
    }
}

/// How the refusals of a source are written.
#[derive(Clone, Debug)]
pub(crate) struct RefusalForm {
    /// What a 401 asks for, by the source's schemes.
    pub(crate) challenge: HeaderValue,
    /// Without a document, for a provider that takes a refusal for one only so.
    pub(crate) bare: bool,
}

impl Default for RefusalForm {
    /// Where no source was found.
    fn default() -> Self {
        Self { challenge: HeaderValue::from_static("Signature"), bare: false }
    }
}

/// `response` without its document.
fn bare(response: Response<AnswerBody>) -> Response<AnswerBody> {
    let mut response = response.map(|_| AnswerBody::from(Bytes::new()));
    response.headers_mut().remove(CONTENT_TYPE);
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    response
}

impl From<Rejection> for Refused {
    fn from(rejection: Rejection) -> Self {
        Self { rejection, detail: None, fields: Vec::new() }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Rejection::Unproven(refusal).into()
    }
}

impl From<Limited> for Refused {
    fn from(limited: Limited) -> Self {
        Self {
            rejection: Rejection::RateLimited,
            detail: None,
            fields: service::limit_fields(&limited).into(),
        }
    }
}

impl From<LedgerError> for Refused {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Full => Rejection::LedgerFull,
            LedgerError::SignedBeforeMemory => Rejection::SignedBeforeMemory,
            LedgerError::Unavailable => Rejection::LedgerUnavailable,
        }
        .into()
    }
}

impl From<HeadFault> for Refused {
    fn from(fault: HeadFault) -> Self {
        match fault {
            HeadFault::Refused(what) => Self::because(Rejection::HeadRefused, what.name()),
            HeadFault::TooLarge => Rejection::HeadTooLarge.into(),
            HeadFault::Timeout => Rejection::HeadTimeout.into(),
            HeadFault::Expectation => Rejection::ExpectationFailed.into(),
        }
    }
}

impl From<BodyFault> for Refused {
    fn from(fault: BodyFault) -> Self {
        match fault {
            BodyFault::TooLarge => Rejection::BodyTooLarge.into(),
            BodyFault::Timeout => Rejection::BodyTimeout.into(),
            BodyFault::Broken => Self::because(Rejection::HeadRefused, "body"),
            BodyFault::Overloaded => Rejection::Overloaded.into(),
        }
    }
}

impl From<&UpstreamError> for Rejection {
    fn from(error: &UpstreamError) -> Self {
        match error {
            UpstreamError::Unreachable(_) => Self::UpstreamUnreachable,
            UpstreamError::Timeout { .. } => Self::UpstreamTimeout,
            UpstreamError::Broken(_) => Self::UpstreamBroken,
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
        for rejection in Rejection::all() {
            assert!(seen.insert(rejection.code()), "{} twice", rejection.code());
            let document: serde_json::Value = serde_json::from_slice(&rejection.problem()).unwrap();
            assert_eq!(document["code"], rejection.code());
            assert_eq!(document["status"], rejection.status().as_u16());
        }
    }

    #[test]
    fn what_may_be_observed_is_a_closed_list() {
        let own = Rejection::all().filter(|rejection| !matches!(rejection, Rejection::Unproven(_)));
        let codes: Vec<_> =
            own.filter(|rejection| rejection.may_be_observed()).map(Rejection::code).collect();
        assert_eq!(
            codes,
            [
                "address_not_allowed",
                "identity_missing",
                "identity_not_allowed",
                "rate_limited",
                "replayed",
                "id_reused",
                "in_flight",
                "ledger_full",
                "ledger_unavailable",
                "keys_unavailable",
                "signed_before_memory",
            ]
        );
        assert!(Refusal::ALL.iter().all(|refusal| Rejection::Unproven(*refusal).may_be_observed()));
    }

    #[test]
    fn whatever_cannot_be_decided_is_retryable() {
        for rejection in Rejection::all().filter(|r| r.status() == StatusCode::SERVICE_UNAVAILABLE) {
            assert!(rejection.retry_after().is_some(), "{} lacks Retry-After", rejection.code());
        }
        for rejection in Rejection::all().filter(|r| r.side() == Side::Ourselves) {
            assert!(rejection.status().is_server_error(), "{}", rejection.code());
        }
    }
}
