//! How a secret's text becomes a key: decoded or not, with its label or
//! without, with a line end too many.
//!
//! Only for schemes whose secret is a shared key. Nothing here is printed:
//! what is said of a variant names the reading, never a byte.

use std::collections::HashSet;

use base64ct::{Base64, Base64Unpadded, Base64Url, Base64UrlUnpadded, Encoding as _};
use zeroize::Zeroizing;

use super::{Mistake, Variant};
use crate::explain::case::Case;
use crate::explain::hex;
use crate::explain::mechanism::key_text;
use crate::keys::Secret;
use crate::schemes::{Credential, KeyText};

pub(super) fn variants(case: &Case, others: &[(String, Secret)]) -> Vec<Variant> {
    let mut variants: Vec<_> = others.iter().map(|(place, secret)| other(case, place, secret)).collect();
    if let Some(key_text) = key_text(&case.preset) {
        variants.extend(readings(case, key_text));
    }
    variants
}

fn other(case: &Case, place: &str, secret: &Secret) -> Variant {
    let model = case.credentials.first();
    let credential = Credential {
        key_id: model.and_then(|model| model.key_id.clone()),
        algorithm: model.and_then(|model| model.algorithm.clone()),
        ..secret.clone().into()
    };
    Variant {
        mistake: Mistake::OtherSecret,
        detail: place.to_owned(),
        case: Case { credentials: vec![credential], ..case.clone() },
    }
}

/// Every secret read in every way but the scheme's own, all secrets at once.
fn readings(case: &Case, key_text: KeyText) -> Vec<Variant> {
    let mut variants = Vec::new();
    for trim in TRIMS {
        for reading in READINGS {
            if *trim == Trim::None && reading.is(key_text) {
                continue;
            }
            let mut seen = HashSet::new();
            let changed: Vec<Option<Credential>> = case
                .credentials
                .iter()
                .map(|credential| {
                    let key = reading.key(&trim.text(credential.secret.expose())?)?;
                    let secret = spelled(key_text, &key)?;
                    seen.insert(secret != credential.secret);
                    Some(Credential { secret, ..credential.clone() })
                })
                .collect();
            if !seen.contains(&true) {
                continue;
            }
            // A secret that cannot be read so stays what it was: slots keep their numbers.
            let credentials = changed
                .into_iter()
                .zip(&case.credentials)
                .map(|(changed, own)| changed.unwrap_or_else(|| own.clone()))
                .collect();
            let (mistake, detail) = described(*trim, *reading, key_text);
            variants.push(Variant { mistake, detail, case: Case { credentials, ..case.clone() } });
        }
    }
    variants
}

fn described(trim: Trim, reading: Reading, own: KeyText) -> (Mistake, String) {
    let reading_differs = !reading.is(own);
    let (mistake, trimmed) = match trim {
        Trim::None => (Mistake::SecretReading, ""),
        Trim::Label => (Mistake::SecretPrefix, ", without the label in front"),
        Trim::LineFeed => (Mistake::SecretLineEnd, ", with a line feed at its end"),
        Trim::CarriageReturn => (Mistake::SecretLineEnd, ", with CR and LF at its end"),
        Trim::Space => (Mistake::SecretSpace, ", without white space around it"),
        Trim::Quotes => (Mistake::SecretQuoted, ", without its quotation marks"),
    };
    if reading_differs {
        (Mistake::SecretReading, format!("{}{trimmed}", reading.said()))
    } else {
        (mistake, trimmed.trim_start_matches(", ").to_owned())
    }
}

/// The secret text that makes `key` under `key_text`, where a key is shared and
/// may be any bytes.
fn spelled(key_text: KeyText, key: &[u8]) -> Option<Secret> {
    match key_text {
        KeyText::Utf8 => Some(Secret::new(key)),
        KeyText::Base64 { prefix } | KeyText::Marked { base64: prefix } => {
            let base64 = Zeroizing::new(Base64::encode_string(key));
            Some(Secret::new([prefix, &base64].concat()))
        }
        KeyText::Hex => Some(Secret::new(hex::written(key))),
        KeyText::Ed25519Hex | KeyText::Ed25519Webhook | KeyText::Spki => None,
    }
}

/// What is done to the text first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trim {
    None,
    Label,
    LineFeed,
    CarriageReturn,
    Space,
    Quotes,
}

const TRIMS: &[Trim] =
    &[Trim::None, Trim::Label, Trim::LineFeed, Trim::CarriageReturn, Trim::Space, Trim::Quotes];

impl Trim {
    /// `None` where it would change nothing.
    fn text(self, text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let changed = match self {
            Self::None => return Some(Zeroizing::new(text.to_vec())),
            Self::Label => without_label(text)?.to_vec(),
            Self::LineFeed => [text, b"\n"].concat(),
            Self::CarriageReturn => [text, b"\r\n"].concat(),
            Self::Space => text.trim_ascii().to_vec(),
            Self::Quotes => {
                let quoted = |mark: u8| text.strip_prefix(&[mark])?.strip_suffix(&[mark]);
                quoted(b'"').or_else(|| quoted(b'\''))?.to_vec()
            }
        };
        (changed != text).then(|| Zeroizing::new(changed))
    }
}

/// `v1,whsec_abc` and `sk_live_abc` without what names their kind. Every
/// provider's labels are lower-case words that end in an underscore or a comma.
fn without_label(text: &[u8]) -> Option<&[u8]> {
    let is_label = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_,".contains(byte);
    let run = text.iter().take(LABEL_BYTES_MAX).take_while(|byte| is_label(byte)).count();
    let end = text[..run].iter().rposition(|byte| b"_,".contains(byte))?;
    Some(&text[end + 1..]).filter(|rest| !rest.is_empty())
}

/// How the text is read.
#[derive(Clone, Copy)]
enum Reading {
    Text,
    Base64,
    Base64Url,
    Hex,
}

const READINGS: &[Reading] = &[Reading::Text, Reading::Base64, Reading::Base64Url, Reading::Hex];

impl Reading {
    /// Whether it is what the scheme itself does.
    fn is(self, key_text: KeyText) -> bool {
        match key_text {
            KeyText::Utf8 | KeyText::Marked { .. } => matches!(self, Self::Text),
            KeyText::Base64 { .. } => matches!(self, Self::Base64),
            KeyText::Hex => matches!(self, Self::Hex),
            KeyText::Ed25519Hex | KeyText::Ed25519Webhook | KeyText::Spki => false,
        }
    }

    const fn said(self) -> &'static str {
        match self {
            Self::Text => "as text, not decoded",
            Self::Base64 => "decoded from base64",
            Self::Base64Url => "decoded from base64url",
            Self::Hex => "decoded from hex",
        }
    }

    fn key(self, text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let key = match self {
            Self::Text => text.to_vec(),
            Self::Base64 => {
                let text = str::from_utf8(unlabelled(text)).ok()?;
                Base64::decode_vec(text).or_else(|_| Base64Unpadded::decode_vec(text)).ok()?
            }
            Self::Base64Url => {
                let text = str::from_utf8(unlabelled(text)).ok()?;
                Base64Url::decode_vec(text).or_else(|_| Base64UrlUnpadded::decode_vec(text)).ok()?
            }
            Self::Hex => hex::read(unlabelled(text))?,
        };
        Some(Zeroizing::new(key)).filter(|key| !key.is_empty())
    }
}

/// A label is never part of what is decoded.
fn unlabelled(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"v1,").unwrap_or(text).strip_prefix(b"whsec_").unwrap_or(text)
}

/// Longer ones are no labels.
const LABEL_BYTES_MAX: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_words_in_front() {
        let rest = |text: &str| {
            without_label(text.as_bytes()).map(|rest| String::from_utf8_lossy(rest).into_owned())
        };
        assert_eq!(rest("whsec_MDEy").as_deref(), Some("MDEy"));
        assert_eq!(rest("v1,whsec_MDEy").as_deref(), Some("MDEy"));
        assert_eq!(rest("sk_live_Abc").as_deref(), Some("Abc"));
        for none in ["MDEy", "Secret_x", "whsec_", "plain"] {
            assert_eq!(rest(none), None, "{none}");
        }
    }

    #[test]
    fn what_is_spelled_makes_its_key() {
        let scheme = KeyText::Base64 { prefix: "whsec_" };
        assert_eq!(spelled(scheme, b"abc"), Some(Secret::new("whsec_YWJj")));
        assert_eq!(spelled(KeyText::Utf8, b"abc"), Some(Secret::new("abc")));
        assert_eq!(spelled(KeyText::Hex, b"abc"), Some(Secret::new("616263")));
        assert_eq!(spelled(KeyText::Spki, b"abc"), None);
        assert_eq!(Reading::Hex.key(b"0aFF").map(|key| key.to_vec()), Some(vec![0x0a, 0xff]));
        assert!(Reading::Hex.key(b"0a+1").is_none());
    }
}
