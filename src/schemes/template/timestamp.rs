//! Signed timestamps: one spelling, and fresh in both directions.

use std::time::Duration;

use http::{HeaderMap, HeaderName};

use super::rfc3339;
use super::signatures::ListSyntax;
use crate::clock::UnixTime;
use crate::schemes::fields;
use crate::schemes::json::{self, JsonFault};
use crate::schemes::refusal::Refusal;

/// Where a scheme's timestamp is, and how it is written.
#[derive(Clone, Debug)]
pub struct TimestampField {
    /// Where it is.
    pub place: TimestampPlace,
    /// How it is written.
    pub form: TimestampForm,
}

/// Where a timestamp is.
#[derive(Clone, Debug)]
pub enum TimestampPlace {
    /// In a header of its own.
    Header(HeaderName),
    /// In the signature header, as the one entry with this tag:
    /// `t=1700000000,v1=...`.
    SignatureEntry {
        /// How the entries of that header are told apart.
        syntax: ListSyntax,
        /// The tag of the entry.
        tag: &'static str,
    },
    /// In the body, which is signed: the number of this name at the top of its
    /// JSON. Read only after the signature holds.
    JsonField(&'static str),
}

/// How a timestamp is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampForm {
    /// Unix time in whole seconds: ASCII digits, no sign, no leading zero.
    UnixSeconds,
    /// Unix time in whole milliseconds, likewise.
    UnixMillis,
    /// A date and time of RFC 3339 section 5.6 in whole seconds, with `T`, and
    /// with `Z` or an offset: `2026-01-31T12:00:00Z`.
    Rfc3339,
}

impl TimestampForm {
    /// The step from one timestamp to the next.
    pub(in crate::schemes) const fn unit(self) -> Duration {
        match self {
            Self::UnixSeconds | Self::Rfc3339 => Duration::from_secs(1),
            Self::UnixMillis => Duration::from_millis(1),
        }
    }

    /// Whether it is digits only.
    pub(super) const fn is_digits(self) -> bool {
        matches!(self, Self::UnixSeconds | Self::UnixMillis)
    }

    /// The text of `time`, rounded down to the unit.
    pub(in crate::schemes) fn write(self, time: UnixTime) -> String {
        match self {
            Self::UnixSeconds => time.as_secs().to_string(),
            Self::UnixMillis => time.as_millis().to_string(),
            Self::Rfc3339 => rfc3339::write(time),
        }
    }

    pub(in crate::schemes) fn read(self, text: &[u8]) -> Option<UnixTime> {
        match self {
            Self::UnixSeconds => digits(text).map(UnixTime::from_secs),
            Self::UnixMillis => digits(text).map(UnixTime::from_millis),
            Self::Rfc3339 => rfc3339::read(text),
        }
    }

    /// Whether `signed_at` is within `tolerance` of `now`, both edges
    /// included. The clock is rounded down to the timestamp's own unit first:
    /// a timestamp of 300 whole seconds ago is 300 seconds old.
    pub(in crate::schemes) fn check_fresh(
        self,
        signed_at: UnixTime,
        now: UnixTime,
        tolerance: Duration,
    ) -> Result<(), Refusal> {
        let now = self.round_down(now);
        if now.saturating_since(signed_at) > tolerance {
            return Err(Refusal::TimestampTooOld);
        }
        if signed_at.saturating_since(now) > tolerance {
            return Err(Refusal::TimestampInFuture);
        }
        Ok(())
    }

    fn round_down(self, time: UnixTime) -> UnixTime {
        match self {
            Self::UnixSeconds | Self::Rfc3339 => UnixTime::from_secs(time.as_secs()),
            Self::UnixMillis => time,
        }
    }
}

/// A timestamp as it was sent: the text that was signed and what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Timestamp<'h> {
    pub(super) text: &'h [u8],
    pub(super) at: UnixTime,
}

impl TimestampField {
    /// The timestamp of a head whose signature header is `signature`; `None`
    /// where it is in the body.
    pub(super) fn read<'h>(
        &self,
        fields: &'h HeaderMap,
        signature: &'h [u8],
    ) -> Result<Option<Timestamp<'h>>, Refusal> {
        let text = match &self.place {
            TimestampPlace::Header(name) => fields::only(fields, name, Refusal::TimestampMissing)?.as_bytes(),
            TimestampPlace::SignatureEntry { syntax, tag } => only_entry(*syntax, tag, signature)?,
            TimestampPlace::JsonField(_) => return Ok(None),
        };
        let at = self.form.read(text).ok_or(Refusal::TimestampMalformed)?;
        Ok(Some(Timestamp { text, at }))
    }
}

/// The time under `name` at the top of the JSON in `body`, over which the
/// signature holds already.
pub(super) fn read_in_body(form: TimestampForm, name: &str, body: &[u8]) -> Result<UnixTime, Refusal> {
    let number = json::top_level_number(body, name).map_err(|fault| match fault {
        JsonFault::Missing | JsonFault::NotJson => Refusal::TimestampMissing,
        JsonFault::Malformed => Refusal::TimestampMalformed,
    })?;
    form.read(number.to_string().as_bytes()).ok_or(Refusal::TimestampMalformed)
}

/// With two, a signature over either would do, so neither is taken.
fn only_entry<'h>(syntax: ListSyntax, tag: &str, signature: &'h [u8]) -> Result<&'h [u8], Refusal> {
    let mut values = syntax.entries(signature).filter(|entry| entry.tag == tag.as_bytes());
    let first = values.next().ok_or(Refusal::TimestampMissing)?;
    match values.next() {
        None => Ok(first.value),
        Some(_) => Err(Refusal::TimestampMalformed),
    }
}

/// Fifteen digits of milliseconds reach the year 33658, and cannot overflow.
const DIGITS_MAX: usize = 15;

/// One spelling for each number: a second one would be a second signed text
/// for the same instant.
fn digits(text: &[u8]) -> Option<u64> {
    let spelled = matches!(text, [b'0'] | [b'1'..=b'9', ..]) && text.len() <= DIGITS_MAX;
    if !spelled || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(text.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: TimestampForm = TimestampForm::UnixSeconds;

    #[test]
    fn a_timestamp_has_one_spelling() {
        assert_eq!(FORM.read(b"1699999993"), Some(UnixTime::from_secs(1_699_999_993)));
        assert_eq!(FORM.read(b"0"), Some(UnixTime::EPOCH));
        assert_eq!(FORM.read(b"999999999999999"), Some(UnixTime::from_secs(999_999_999_999_999)));
        let wrong = [
            "",
            "01",
            "00",
            "+1",
            "-1",
            " 1",
            "1 ",
            "1.5",
            "1e9",
            "0x1",
            "1_0",
            "\u{661}",
            "1000000000000000",
        ];
        for text in wrong {
            assert_eq!(FORM.read(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn both_edges_of_the_tolerance_are_fresh() {
        let check = |signed_at, now_ms| {
            let now = UnixTime::from_millis(now_ms);
            FORM.check_fresh(UnixTime::from_secs(signed_at), now, Duration::from_secs(300))
        };
        assert_eq!(check(700, 1_000_000), Ok(()));
        assert_eq!(check(700, 1_000_999), Ok(()));
        assert_eq!(check(700, 1_001_000), Err(Refusal::TimestampTooOld));
        assert_eq!(check(1300, 1_000_000), Ok(()));
        assert_eq!(check(1301, 1_000_999), Err(Refusal::TimestampInFuture));
        assert_eq!(check(999_999_999_999_999, 0), Err(Refusal::TimestampInFuture));
        assert_eq!(check(0, u64::MAX), Err(Refusal::TimestampTooOld));
    }

    #[test]
    fn an_entry_that_occurs_twice_is_malformed() {
        let syntax = ListSyntax { between: b',', after_tag: b'=', spaced: false };
        assert_eq!(only_entry(syntax, "t", b"v1=x,t=1"), Ok(&b"1"[..]));
        assert_eq!(only_entry(syntax, "t", b"v1=x"), Err(Refusal::TimestampMissing));
        assert_eq!(only_entry(syntax, "t", b"t=1,v1=x,t=1"), Err(Refusal::TimestampMalformed));
    }
}
