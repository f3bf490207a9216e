//! How a delivery ended, in one word for the log and the metrics.

use crate::guard::rejection::Rejection;
use crate::telemetry::CALLER_GONE;

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The app has it: it answered 2xx.
    Accepted,
    /// The app answered something else, which went back to the caller.
    NotAccepted,
    /// A copy of one that the app has; answered, not forwarded.
    Duplicate,
    /// A provider's set-up request; answered, not forwarded.
    Handshake,
    /// The caller hung up before there was anything to answer.
    CallerGone,
    /// Refused by the guard.
    Rejected(Rejection),
}

impl Outcome {
    /// Every outcome there is.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::Accepted, Self::NotAccepted, Self::Duplicate, Self::Handshake, Self::CallerGone]
            .into_iter()
            .chain(Rejection::all().map(Self::Rejected))
    }

    /// The code in logs and metrics. Those of rejections are the callers' too.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::NotAccepted => "not_accepted",
            Self::Duplicate => "duplicate",
            Self::Handshake => "handshake",
            Self::CallerGone => CALLER_GONE,
            Self::Rejected(rejection) => rejection.code(),
        }
    }
}
