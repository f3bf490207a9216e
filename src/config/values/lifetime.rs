//! How long a certificate lasts: `90d`, `1825d`.

use std::fmt;
use std::time::Duration;

use super::{Fault, Span};

/// Reads a span of at least ten minutes and at most 20 years.
pub(crate) fn lifetime(text: &str) -> Result<Duration, Fault> {
    let span = humantime::parse_duration(text).map_err(|_| FORM)?;
    if (MIN..=MAX).contains(&span) { Ok(span) } else { Err(FORM.into()) }
}

/// Shows a span in whole days where it is that: a year of theirs has 365.25.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lifetime(pub Duration);

impl fmt::Display for Lifetime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = self.0.as_secs() / DAY.as_secs();
        if DAY.saturating_mul(u32::try_from(days).unwrap_or(u32::MAX)) == self.0 {
            return write!(f, "{days}d");
        }
        Span(self.0).fmt(f)
    }
}

const FORM: &str = "expected a duration from 10m to 7300d, such as 90d";
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Less is used up by clocks that differ.
const MIN: Duration = Duration::from_secs(600);
const MAX: Duration = Duration::from_secs(7300 * 24 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_read_and_shown_in_days() {
        for (text, shown) in
            [("90d", "90d"), ("1825d", "1825d"), ("24h", "1d"), ("10m", "10m"), ("36h", "1day12h")]
        {
            assert_eq!(lifetime(text).map(|span| Lifetime(span).to_string()), Ok(shown.to_owned()), "{text}");
        }
        for wrong in ["", "90", "9m", "0d", "7301d", "forever"] {
            assert_eq!(lifetime(wrong), Err(FORM.into()), "{wrong}");
        }
    }
}
