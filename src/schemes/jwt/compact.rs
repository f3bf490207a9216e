//! A token taken apart: three parts of base64url, and the header read.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use serde_json::{Map, Value};

use super::json;
use crate::schemes::refusal::Refusal;

/// The longest token. One with hundreds of roles in it fits.
pub const TOKEN_BYTES_MAX: usize = 16 << 10;

/// A token in its parts; nothing of it is believed yet.
pub(super) struct Compact<'t> {
    pub(super) header: Header,
    /// The bytes under the signature: header, dot and claims, as they stand.
    pub(super) signed: &'t str,
    claims: &'t str,
    pub(super) signature: Vec<u8>,
}

/// What the header says (RFC 7515 section 4.1), as far as it matters.
pub(super) struct Header {
    pub(super) algorithm: String,
    pub(super) key_id: Option<String>,
    pub(super) kind: Option<String>,
}

impl<'t> Compact<'t> {
    /// Takes `token` apart.
    pub(super) fn read(token: &'t [u8]) -> Result<Self, Refusal> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Refusal::TokenMalformed);
        }
        Self::parts(token).ok_or(Refusal::TokenMalformed)
    }

    fn parts(token: &'t [u8]) -> Option<Self> {
        let token = str::from_utf8(token).ok()?;
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        if claims.contains('.') {
            return None;
        }
        let signature = decoded(signature)?;
        let header = Header::of(json::object(&decoded(header)?)?)?;
        Some(Self { header, signed, claims, signature })
    }

    /// The claims. To be asked for once the signature holds: until then they
    /// are a stranger's text.
    pub(super) fn claims(&self) -> Result<Map<String, Value>, Refusal> {
        decoded(self.claims).and_then(|text| json::object(&text)).ok_or(Refusal::TokenMalformed)
    }
}

impl Header {
    fn of(mut members: Map<String, Value>) -> Option<Self> {
        // RFC 7515 section 4.1.11: whoever does not understand an extension
        // that is critical must refuse. None is understood here.
        if members.contains_key("crit") {
            return None;
        }
        Some(Self {
            algorithm: text(members.remove("alg")?)?,
            key_id: optional(members.remove("kid"))?,
            kind: optional(members.remove("typ"))?,
        })
    }
}

/// One spelling for each value: no padding, zero spare bits.
fn decoded(part: &str) -> Option<Vec<u8>> {
    Base64UrlUnpadded::decode_vec(part).ok()
}

#[allow(clippy::option_option)]
fn optional(value: Option<Value>) -> Option<Option<String>> {
    value.map_or(Some(None), |value| text(value).map(Some))
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &str, rest: &str) -> Result<(), Refusal> {
        let token = format!("{}{rest}", Base64UrlUnpadded::encode_string(header.as_bytes()));
        Compact::read(token.as_bytes()).map(drop)
    }

    #[test]
    fn a_header_that_could_be_read_in_two_ways_is_malformed() {
        for (header, taken) in [
            (r#"{"alg":"HS256"}"#, true),
            (r#"{"alg":"HS256","kid":"a","typ":"JWT","jku":"https://x"}"#, true),
            (r#"{"alg":"HS256","alg":"none"}"#, false),
            (r#"{"alg":"HS256","kid":"a","kid":"b"}"#, false),
            (r#"{"alg":"HS256","crit":[]}"#, false),
            (r#"{"alg":"HS256","crit":["b64"],"b64":false}"#, false),
            (r#"{"alg":"HS256","kid":1}"#, false),
            (r#"{"alg":"HS256","typ":null}"#, false),
            (r#"{"alg":["HS256"]}"#, false),
            (r#"{"kid":"a"}"#, false),
        ] {
            assert_eq!(read(header, ".e30.AAAA").is_ok(), taken, "{header}");
        }
    }

    #[test]
    fn a_part_more_or_less_or_in_another_spelling_is_malformed() {
        let header = r#"{"alg":"HS256"}"#;
        // The last: spare bits that are not zero.
        for rest in ["", ".e30", ".e30.AAAA.", ".e30.AAAA.AAAA", ".e30.AA==", ".e30.A+/A", ".e30.AB"] {
            assert_eq!(read(header, rest), Err(Refusal::TokenMalformed), "{rest}");
        }
        assert_eq!(
            read(header, &format!(".{}.AAAA", "A".repeat(TOKEN_BYTES_MAX))),
            Err(Refusal::TokenMalformed)
        );
    }
}
