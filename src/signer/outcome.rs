//! How a delivery ended, in one word for the log and the metrics.

use crate::signer::rejection::Rejection;
use crate::telemetry::CALLER_GONE;

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The consumer has it: it answered 2xx.
    Delivered,
    /// The consumer answered something else, which went back to the app.
    NotDelivered,
    /// The app hung up before there was anything to answer.
    CallerGone,
    /// There is no answer of the consumer's.
    Rejected(Rejection),
}

impl Outcome {
    /// Every outcome there is.
    pub fn all() -> impl Iterator<Item = Self> {
        let own = [Self::Delivered, Self::NotDelivered, Self::CallerGone];
        own.into_iter().chain(Rejection::ALL.into_iter().map(Self::Rejected))
    }

    /// The code in logs and metrics. Those of rejections are the app's too.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::NotDelivered => "not_delivered",
            Self::CallerGone => CALLER_GONE,
            Self::Rejected(rejection) => rejection.code(),
        }
    }
}
