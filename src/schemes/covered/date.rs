//! `HTTP-date` (RFC 9110 section 5.6.7), which older schemes sign for a time.

use std::time::{Duration, UNIX_EPOCH};

use http::HeaderValue;

use crate::clock::UnixTime;

/// The time that `text` names, in any of the three forms.
pub(in crate::schemes) fn read(text: &[u8]) -> Option<UnixTime> {
    let date = httpdate::parse_http_date(str::from_utf8(text).ok()?.trim()).ok()?;
    // Nothing that is parsed lies before 1970.
    Some(UnixTime::from_secs(date.duration_since(UNIX_EPOCH).ok()?.as_secs()))
}

/// `time` in whole seconds; `None` after the year 9999, which no date can name.
pub(in crate::schemes) fn write(time: UnixTime) -> Option<HeaderValue> {
    let date = Duration::from_secs(Some(time.as_secs()).filter(|secs| *secs <= SECS_MAX)?);
    HeaderValue::try_from(httpdate::fmt_http_date(UNIX_EPOCH + date)).ok()
}

/// 9999-12-31T23:59:59Z.
const SECS_MAX: u64 = 253_402_300_799;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_each_form_and_written_in_one() {
        // RFC 9110 section 5.6.7.
        let time = UnixTime::from_secs(784_111_777);
        for text in
            ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
        {
            assert_eq!(read(text.as_bytes()), Some(time), "{text}");
        }
        assert_eq!(write(time).expect("a date"), "Sun, 06 Nov 1994 08:49:37 GMT");
        for wrong in
            ["", "yesterday", "784111777", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 31 Feb 2021 00:00:00 GMT"]
        {
            assert_eq!(read(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn a_year_of_five_digits_has_no_date() {
        assert_eq!(write(UnixTime::from_secs(SECS_MAX)).expect("a date"), "Fri, 31 Dec 9999 23:59:59 GMT");
        assert_eq!(write(UnixTime::from_secs(SECS_MAX + 1)), None);
    }
}
