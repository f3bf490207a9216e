//! A span of time with its unit: `250ms`, `5m`, `1h30m`.

use std::fmt;
use std::time::Duration;

use super::Fault;

/// Reads a span longer than nothing and at most 30 days.
pub(crate) fn duration(text: &str) -> Result<Duration, Fault> {
    let span = humantime::parse_duration(text).map_err(|_| FORM)?;
    if span.is_zero() {
        return Err("expected a duration longer than nothing, such as 5m".into());
    }
    if span > DURATION_MAX {
        return Err("expected a duration of at most 30 days (note that M is months and m is minutes)".into());
    }
    Ok(span)
}

/// Shows a span the way [`duration`] reads it, without spaces: `1h30m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span(pub Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&humantime::format_duration(self.0).to_string().replace(' ', ""))
    }
}

const FORM: &str = "expected a duration with its unit, such as 250ms, 5m or 1h30m";

/// Longer than any sender retries; a longer memory is a mistake in the unit.
const DURATION_MAX: Duration = Duration::from_secs(30 * 24 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_with_their_unit() {
        for (text, millis) in [("250ms", 250), ("5m", 300_000), ("1h30m", 5_400_000), ("30d", 2_592_000_000)]
        {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn bare_zero_and_absurd_spans_are_refused() {
        for wrong in ["", "300", "0", "0s", "5 parsecs", "-5m", "31d", "5M", "99999999999999999999s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
