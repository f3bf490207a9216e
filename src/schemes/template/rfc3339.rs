//! Dates and times of RFC 3339, in whole seconds and in one shape.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::clock::UnixTime;

/// The instant that `text` names. The shape is checked first: the standard
/// leaves fractions, lower case and a blank for `T` open, and no provider
/// writes them.
pub(super) fn read(text: &[u8]) -> Option<UnixTime> {
    let (date_time, offset) = text.split_at_checked(DATE_TIME.len())?;
    let shaped = |text: &[u8], shape: &[u8]| {
        text.len() == shape.len()
            && text.iter().zip(shape).all(|(byte, shape)| match shape {
                b'0' => byte.is_ascii_digit(),
                b'+' => matches!(byte, b'+' | b'-'),
                shape => byte == shape,
            })
    };
    if !shaped(date_time, DATE_TIME) || !(shaped(offset, b"Z") || shaped(offset, b"+00:00")) {
        return None;
    }
    let time = OffsetDateTime::parse(std::str::from_utf8(text).ok()?, &Rfc3339).ok()?;
    u64::try_from(time.unix_timestamp()).ok().map(UnixTime::from_secs)
}

/// The text of `time` in UTC, rounded down to a second; that of the last second
/// of the year 9999 for anything later, which no receiver takes for fresh.
pub(super) fn write(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX).min(LAST_SECOND);
    let time = OffsetDateTime::from_unix_timestamp(seconds).expect("not beyond the year 9999");
    time.format(&Rfc3339).expect("a year of four digits, in UTC")
}

const DATE_TIME: &[u8] = b"0000-00-00T00:00:00";

/// 9999-12-31T23:59:59Z.
const LAST_SECOND: i64 = 253_402_300_799;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_read_with_z_and_with_an_offset() {
        let at = Some(UnixTime::from_secs(1_700_000_000));
        assert_eq!(read(b"2023-11-14T22:13:20Z"), at);
        assert_eq!(read(b"2023-11-14T15:13:20-07:00"), at);
        assert_eq!(read(b"2023-11-15T00:13:20+02:00"), at);
    }

    #[test]
    fn other_shapes_and_impossible_dates_are_no_instant() {
        for text in [
            "",
            "2023-11-14",
            "2023-11-14T22:13:20",
            "2023-11-14t22:13:20Z",
            "2023-11-14 22:13:20Z",
            "2023-11-14T22:13:20z",
            "2023-11-14T22:13:20.5Z",
            "2023-11-14T22:13:20+0200",
            "2023-11-14T22:13:20ZZ",
            "2023-11-14T22:13:20Z ",
            "2023-02-30T22:13:20Z",
            "2023-11-14T24:13:20Z",
            "1969-12-31T23:59:59Z",
            "1700000000",
        ] {
            assert_eq!(read(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        for seconds in [0, 1_700_000_000, 253_402_300_799] {
            let time = UnixTime::from_secs(seconds);
            assert_eq!(read(write(time).as_bytes()), Some(time));
        }
        assert_eq!(write(UnixTime::from_millis(u64::MAX)), "9999-12-31T23:59:59Z");
    }
}
