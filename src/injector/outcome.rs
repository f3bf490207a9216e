//! How a request ends, in logs and metrics.

use crate::injector::refusal::Refusal;
use crate::injector::review;

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was answered.
    Answered(review::Outcome),
    /// Nothing was decided.
    Refused(Refusal),
}

impl Outcome {
    /// The name in logs and metrics.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Answered(outcome) => outcome.as_word(),
            Self::Refused(refusal) if refusal.is_ours() => FAILED,
            Self::Refused(_) => REFUSED,
        }
    }
}

/// The names of all outcomes.
pub(crate) fn names() -> Vec<&'static str> {
    review::Outcome::ALL.into_iter().map(review::Outcome::as_word).chain([REFUSED, FAILED]).collect()
}

const REFUSED: &str = "refused";
const FAILED: &str = "failed";
