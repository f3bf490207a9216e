//! What an examination finds, in the order of how bad it is.

use std::fmt;

/// One thing that an operator should know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    severity: Severity,
    text: String,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Severity {
    /// Deliveries can reach an app without its guard.
    Bypass,
    /// A pod cannot start, or the injector cannot work.
    Broken,
    /// A pod's sidecar is not what the injector would give it now.
    Stale,
    /// Worth knowing.
    Note,
}

impl Finding {
    pub(super) fn of(severity: Severity, text: impl Into<String>) -> Self {
        Self { severity, text: text.into() }
    }

    /// Whether it is about a sidecar of another time.
    pub(super) fn is_stale(&self) -> bool {
        self.severity == Severity::Stale
    }

    /// Whether something has to be done.
    pub(crate) fn is_trouble(&self) -> bool {
        self.severity != Severity::Note
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Bypass => "bypass",
            Severity::Broken => "broken",
            Severity::Stale => "stale",
            Severity::Note => "note",
        };
        write!(f, "{severity}: {}", self.text)
    }
}
