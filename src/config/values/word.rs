//! A choice among a few words.

use tracing::level_filters::LevelFilter;

use super::Fault;
use crate::config::{
    BootFence, ClientAddressField, Fsync, LogFormat, Mode, OnStateLoss, OnUnknown, TlsVersion,
};
use crate::schemes::{BodyDigest, Encoding, Hash, Policy, TimestampForm};

/// A type whose values each have a word.
pub(crate) trait Word: Copy + PartialEq + 'static {
    /// Each word with its value; the first word of a value is how it is shown.
    const WORDS: &'static [(&'static str, Self)];

    /// The word of this value.
    fn as_word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, value)| *value == self).expect("each value has a word").0
    }
}

/// Reads one of the words of `T`.
pub(crate) fn word<T: Word>(text: &str) -> Result<T, Fault> {
    let known = T::WORDS.iter().find(|(word, _)| *word == text);
    known.map(|(_, value)| *value).ok_or_else(|| {
        let words: Vec<&str> = T::WORDS.iter().map(|(word, _)| *word).collect();
        format!("expected one of {}", words.join(", ")).into()
    })
}

/// A setting that is on or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Switch {
    /// On.
    On,
    /// Off.
    Off,
}

impl Word for Switch {
    const WORDS: &'static [(&'static str, Self)] =
        &[("on", Self::On), ("off", Self::Off), ("true", Self::On), ("false", Self::Off)];
}

impl Word for TlsVersion {
    const WORDS: &'static [(&'static str, Self)] = &[("1.3", Self::V1_3), ("1.2", Self::V1_2)];
}

impl Word for ClientAddressField {
    const WORDS: &'static [(&'static str, Self)] =
        &[("x-forwarded-for", Self::XForwardedFor), ("forwarded", Self::Forwarded)];
}

impl Word for Mode {
    const WORDS: &'static [(&'static str, Self)] = &[("enforce", Self::Enforce), ("observe", Self::Observe)];
}

impl Word for OnUnknown {
    const WORDS: &'static [(&'static str, Self)] = &[("release", Self::Release), ("hold", Self::Hold)];
}

impl Word for OnStateLoss {
    const WORDS: &'static [(&'static str, Self)] = &[("refuse", Self::Refuse), ("local", Self::Local)];
}

impl Word for BootFence {
    const WORDS: &'static [(&'static str, Self)] = &[("on", Self::On), ("off", Self::Off)];
}

impl Word for Fsync {
    const WORDS: &'static [(&'static str, Self)] = &[("interval", Self::Interval), ("always", Self::Always)];
}

impl Word for BodyDigest {
    const WORDS: &'static [(&'static str, Self)] =
        &[("required", Self::Required), ("if-signed", Self::IfSigned)];
}

impl Word for Encoding {
    const WORDS: &'static [(&'static str, Self)] = &[("hex", Self::Hex), ("base64", Self::Base64)];
}

impl Word for Hash {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("hmac-sha256", Self::Sha256),
        ("hmac-sha384", Self::Sha384),
        ("hmac-sha512", Self::Sha512),
        ("hmac-sha1", Self::Sha1),
    ];
}

impl Word for TimestampForm {
    const WORDS: &'static [(&'static str, Self)] =
        &[("seconds", Self::UnixSeconds), ("milliseconds", Self::UnixMillis), ("rfc3339", Self::Rfc3339)];
}

impl Word for Policy {
    const WORDS: &'static [(&'static str, Self)] =
        &[("refuse", Self::Refuse), ("acknowledge", Self::Acknowledge), ("forward", Self::Forward)];
}

impl Word for LogFormat {
    const WORDS: &'static [(&'static str, Self)] = &[("json", Self::Json), ("text", Self::Text)];
}

impl Word for LevelFilter {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("error", Self::ERROR),
        ("warn", Self::WARN),
        ("info", Self::INFO),
        ("debug", Self::DEBUG),
        ("trace", Self::TRACE),
        ("off", Self::OFF),
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_read_and_another_is_told_the_choice() {
        assert_eq!(word::<OnUnknown>("hold"), Ok(OnUnknown::Hold));
        assert_eq!(word::<OnUnknown>("Hold"), Err("expected one of release, hold".to_owned().into()));
    }

    #[test]
    fn a_value_is_shown_by_its_first_word() {
        assert_eq!(word::<Switch>("true").map(Word::as_word), Ok("on"));
    }
}
