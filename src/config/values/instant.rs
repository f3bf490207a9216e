//! An instant of wall time, as RFC 3339 writes it: `2026-12-01T00:00:00Z`.

use std::fmt;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Fault;
use crate::clock::UnixTime;

/// Reads an instant, to the millisecond. An offset is needed: a time of day
/// without one is another instant on another machine.
pub(crate) fn instant(text: &str) -> Result<UnixTime, Fault> {
    let time = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| FORM)?;
    let millis = time.unix_timestamp_nanos() / 1_000_000;
    Ok(u64::try_from(millis).map(UnixTime::from_millis).map_err(|_| "expected a time after 1970")?)
}

/// Shows an instant the way [`instant`] reads it, in UTC and whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Instant(pub UnixTime);

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = i64::try_from(self.0.as_secs()).ok();
        let time = seconds.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
        match time.and_then(|time| time.format(&Rfc3339).ok()) {
            Some(text) => f.write_str(&text),
            // Beyond the year 9999, which no calendar here can write.
            None => self.0.fmt(f),
        }
    }
}

const FORM: &str = "expected a time of RFC 3339 with its offset, such as 2026-12-01T00:00:00Z";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_read_with_its_offset() {
        for (text, millis) in [
            ("2023-11-14T22:13:20Z", 1_700_000_000_000),
            ("2023-11-15T00:13:20+02:00", 1_700_000_000_000),
            ("2023-11-14T22:13:20.250Z", 1_700_000_000_250),
        ] {
            assert_eq!(instant(text), Ok(UnixTime::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_no_instant_everywhere_is_refused() {
        for wrong in
            ["", "2023-11-14", "2023-11-14T22:13:20", "1700000000", "2023-02-30T00:00:00Z", "tomorrow"]
        {
            assert_eq!(instant(wrong), Err(FORM.into()), "{wrong}");
        }
        assert!(instant("1969-12-31T23:59:59Z").is_err());
    }

    #[test]
    fn what_is_shown_is_read_again() {
        for seconds in [0, 1_700_000_000, 253_402_300_799] {
            let at = UnixTime::from_secs(seconds);
            assert_eq!(instant(&Instant(at).to_string()), Ok(at));
        }
        assert_eq!(Instant(UnixTime::from_millis(u64::MAX)).to_string(), "18446744073709551.615");
    }
}
