//! Time, token and signature in a body, in each layout that Mailgun sends.
//!
//! This is read before anything is proven, so it is bounded and strict: a name
//! that occurs twice is refused, whichever copy is good.

use http::HeaderValue;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::multipart;
use crate::schemes::form::pairs;
use crate::schemes::refusal::Refusal;

/// How a body is laid out.
pub(super) enum Layout {
    /// `{"signature": {"timestamp": ..., "token": ..., "signature": ...}}`, or
    /// whatever does not say what it is.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `multipart/form-data`, with this boundary.
    Multipart(Vec<u8>),
}

/// What proves a delivery, not yet believed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) timestamp: String,
    pub(super) token: String,
    pub(super) signature: String,
}

impl Layout {
    pub(super) fn of(content_type: Option<&HeaderValue>) -> Self {
        let text = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = text.split(';').next().unwrap_or_default().trim();
        if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Self::Form;
        }
        match multipart::boundary(text) {
            Some(boundary) if kind.eq_ignore_ascii_case("multipart/form-data") => Self::Multipart(boundary),
            _ => Self::Json,
        }
    }

    pub(super) fn read(&self, body: &[u8]) -> Result<Fields, Refusal> {
        match self {
            Self::Json => json(body),
            Self::Form => {
                let pairs = pairs(body).ok_or(Refusal::SignatureMalformed)?;
                chosen(pairs.iter().map(|(name, value)| (&**name, &**value)))
            }
            Self::Multipart(boundary) => {
                chosen(multipart::fields(body, boundary).ok_or(Refusal::SignatureMalformed)?.into_iter())
            }
        }
    }
}

/// The three fields among those of a form.
fn chosen<'b>(pairs: impl Iterator<Item = (&'b [u8], &'b [u8])>) -> Result<Fields, Refusal> {
    let (mut timestamp, mut token, mut signature) = (None, None, None);
    for (name, value) in pairs {
        let place = match name {
            b"timestamp" => &mut timestamp,
            b"token" => &mut token,
            b"signature" => &mut signature,
            _ => continue,
        };
        if place.is_some() {
            return Err(Refusal::SignatureMalformed);
        }
        let text = std::str::from_utf8(value).map_err(|_| Refusal::SignatureMalformed)?;
        *place = Some(Field::Text(text.to_owned()));
    }
    Fields::new(timestamp, token, signature)
}

/// serde refuses a field that occurs twice, in whatever escapes it is written.
#[derive(Deserialize)]
struct Document {
    signature: Option<Block>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Block {
    Named(Named),
    Other(IgnoredAny),
}

#[derive(Deserialize)]
struct Named {
    timestamp: Option<Field>,
    token: Option<Field>,
    signature: Option<Field>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Field {
    Text(String),
    Number(u64),
    Other(IgnoredAny),
}

fn json(body: &[u8]) -> Result<Fields, Refusal> {
    if body.is_empty() {
        return Err(Refusal::SignatureMissing);
    }
    let document: Document = serde_json::from_slice(body).map_err(|_| Refusal::SignatureMalformed)?;
    match document.signature {
        Some(Block::Named(Named { timestamp, token, signature })) => Fields::new(timestamp, token, signature),
        Some(Block::Other(_)) => Err(Refusal::SignatureMalformed),
        None => Err(Refusal::SignatureMissing),
    }
}

impl Fields {
    fn new(
        timestamp: Option<Field>,
        token: Option<Field>,
        signature: Option<Field>,
    ) -> Result<Self, Refusal> {
        let text = |field: Option<Field>, missing, malformed| match field {
            Some(Field::Text(text)) if !text.is_empty() => Ok(text),
            None | Some(Field::Text(_)) => Err(missing),
            Some(Field::Number(_) | Field::Other(_)) => Err(malformed),
        };
        let signature = text(signature, Refusal::SignatureMissing, Refusal::SignatureMalformed)?;
        // A whole number has one spelling in decimal, which is the signed text.
        let timestamp = match timestamp {
            Some(Field::Number(number)) => Some(Field::Text(number.to_string())),
            other => other,
        };
        Ok(Self {
            signature,
            timestamp: text(timestamp, Refusal::TimestampMissing, Refusal::TimestampMalformed)?,
            token: text(token, Refusal::IdMissing, Refusal::IdMalformed)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content_type: &'static str, body: &str) -> Result<Fields, Refusal> {
        Layout::of(Some(&HeaderValue::from_static(content_type))).read(body.as_bytes())
    }

    fn good() -> Fields {
        Fields { timestamp: "17".to_owned(), token: "a".to_owned(), signature: "b".to_owned() }
    }

    #[test]
    fn each_layout_is_read() {
        let json = r#"{"event-data": {"signature": 1}, "signature": {"token": "a", "timestamp": 17, "signature": "b"}}"#;
        assert_eq!(read("application/json", json), Ok(good()));
        assert_eq!(
            read("application/x-www-form-urlencoded; charset=utf-8", "token=a&timestamp=17&x=y&signature=b"),
            Ok(good())
        );
        let part = |name: &str, value: &str| {
            format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let parts =
            format!("{}{}{}--B--\r\n", part("timestamp", "17"), part("token", "a"), part("signature", "b"));
        assert_eq!(read("multipart/form-data; boundary=B", &parts), Ok(good()));
        let twice = format!("{}{parts}", part("token", "c"));
        assert_eq!(read("multipart/form-data; boundary=B", &twice), Err(Refusal::SignatureMalformed));
    }

    #[test]
    fn a_name_that_occurs_twice_is_refused_in_any_spelling() {
        for body in [
            r#"{"signature": {"token": "a", "token": "c", "timestamp": "17", "signature": "b"}}"#,
            r#"{"signature": {"token": "a", "tok\u0065n": "c", "timestamp": "17", "signature": "b"}}"#,
            r#"{"signature": {"token": "a", "timestamp": "17", "signature": "b"}, "signature": {}}"#,
        ] {
            assert_eq!(read("application/json", body), Err(Refusal::SignatureMalformed), "{body}");
        }
        let form = "token=a&timestamp=17&signature=b&t%6fken=c";
        assert_eq!(read("application/x-www-form-urlencoded", form), Err(Refusal::SignatureMalformed));
    }
}
