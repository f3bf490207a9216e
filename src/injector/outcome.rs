//! How a review ends.

use crate::injector::refusal::Refusal;

/// What became of a review that was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The pod is changed.
    Injected,
    /// It is let through as it is.
    LeftAlone,
    /// It must not be, as it is.
    Denied,
    /// Nothing was decided.
    Refused(Refusal),
}

impl Outcome {
    /// The names of all of them, as [`name`](Self::name) gives them.
    pub(crate) const NAMES: [&'static str; 5] = ["injected", "left_alone", "denied", "refused", "failed"];

    /// The name in logs and metrics.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Injected => "injected",
            Self::LeftAlone => "left_alone",
            Self::Denied => "denied",
            Self::Refused(refusal) if refusal.is_ours() => "failed",
            Self::Refused(_) => "refused",
        }
    }
}
