//! The body: what editors, shells, frameworks and gateways do to bytes.

use std::collections::HashSet;

use base64ct::{Base64, Encoding as _};
use bytes::Bytes;
use http::header::CONTENT_LENGTH;

use super::{Mistake, Variant};
use crate::explain::case::Case;
use crate::explain::{hex, json};

pub(super) fn variants(case: &Case) -> Vec<Variant> {
    let body = &case.request.body;
    if body.len() > BODY_BYTES_MAX {
        return Vec::new();
    }
    let mut seen = HashSet::from([body.clone()]);
    let mut variants = Vec::new();
    for (mistake, detail, changed) in changes(case) {
        let changed = Bytes::from(changed);
        if seen.insert(changed.clone()) {
            let case = case.with_request(|request| request.body = changed);
            variants.push(Variant { mistake, detail, case });
        }
    }
    variants
}

type Change = (Mistake, String, Vec<u8>);

fn changes(case: &Case) -> Vec<Change> {
    let body = &case.request.body[..];
    [line_ends(body), text(body), forms(body), encodings(body), lengths(case), rewritten(body)].concat()
}

fn change(mistake: Mistake, detail: &str, body: impl Into<Vec<u8>>) -> Change {
    (mistake, detail.to_owned(), body.into())
}

fn line_ends(body: &[u8]) -> Vec<Change> {
    use Mistake::{BodyLineEndAdded as Added, BodyLineEndLost as Lost, BodyLineEnds as Within};
    let stripped = |end: &[u8]| body.strip_suffix(end).map(<[u8]>::to_vec);
    let lf = without_cr(body);
    let crlf: Vec<u8> = lf
        .iter()
        .flat_map(|byte| if *byte == b'\n' { &b"\r\n"[..] } else { std::slice::from_ref(byte) })
        .copied()
        .collect();
    let mut changes = vec![
        change(Lost, "LF", [body, b"\n"].concat()),
        change(Lost, "CR and LF", [body, b"\r\n"].concat()),
        change(Within, "LF was signed, CRLF is here", lf),
        change(Within, "CRLF was signed, LF is here", crlf),
    ];
    changes.extend(stripped(b"\r\n").map(|rest| change(Added, "CR and LF", rest)));
    changes.extend(stripped(b"\n").map(|rest| change(Added, "LF", rest)));
    changes
}

fn without_cr(body: &[u8]) -> Vec<u8> {
    let keep = |at: &usize| !(body[*at] == b'\r' && body.get(at + 1) == Some(&b'\n'));
    (0..body.len()).filter(keep).map(|at| body[at]).collect()
}

fn text(body: &[u8]) -> Vec<Change> {
    let bom = match body.strip_prefix(BOM) {
        Some(rest) => change(Mistake::BodyBom, "it was added", rest),
        None => change(Mistake::BodyBom, "it was taken away", [BOM, body].concat()),
    };
    vec![change(Mistake::BodySpace, "", body.trim_ascii()), bom]
}

/// The ways in which forms differ between encoders (WHATWG URL section 5.2
/// beside RFC 3986 section 2).
fn forms(body: &[u8]) -> Vec<Change> {
    let Ok(text) = str::from_utf8(body) else { return Vec::new() };
    if !text.contains('=') || text.starts_with(['{', '[']) {
        return Vec::new();
    }
    let again: Vec<u8> = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form_urlencoded::parse(body))
        .finish()
        .into_bytes();
    let again = String::from_utf8_lossy(&again).into_owned();
    let of = |said, text: String| change(Mistake::BodyForm, said, text);
    vec![
        of("space was signed as +", text.replace("%20", "+")),
        of("space was signed as %20", text.replace('+', "%20")),
        of("signed with upper-case escapes", escapes(text, u8::to_ascii_uppercase)),
        of("signed with lower-case escapes", escapes(text, u8::to_ascii_lowercase)),
        of("signed as browsers encode it", again.clone()),
        of(
            "signed as encodeURIComponent encodes it",
            again
                .replace('+', "%20")
                .replace("%7E", "~")
                .replace("%28", "(")
                .replace("%29", ")")
                .replace("%21", "!")
                .replace("%27", "'"),
        ),
        of("signed as Python's urlencode encodes it", again.replace('*', "%2A").replace("%7E", "~")),
    ]
}

fn escapes(text: &str, case: fn(&u8) -> u8) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for at in 0..bytes.len().saturating_sub(2) {
        if bytes[at] == b'%' {
            (bytes[at + 1], bytes[at + 2]) = (case(&bytes[at + 1]), case(&bytes[at + 2]));
        }
    }
    String::from_utf8(bytes).unwrap_or_default()
}

/// What wraps a body as text, and what takes text for Latin-1.
fn encodings(body: &[u8]) -> Vec<Change> {
    let of = |said, body: Vec<u8>| change(Mistake::BodyEncoded, said, body);
    let trimmed = body.trim_ascii();
    let mut changes = Vec::new();
    if let Ok(inner) = serde_json::from_slice::<String>(trimmed) {
        changes.push(of("it is a JSON string of what was signed", inner.into_bytes()));
    }
    if let Ok(outer) =
        str::from_utf8(body).map_err(drop).and_then(|text| serde_json::to_vec(text).map_err(drop))
    {
        changes.push(of("a JSON string of it was signed", outer));
    }
    if let Some(inner) = str::from_utf8(trimmed).ok().and_then(|text| Base64::decode_vec(text).ok()) {
        changes.push(of("it is base64 of what was signed", inner));
    }
    changes.push(of("base64 of it was signed", Base64::encode_string(body).into_bytes()));
    if let Ok(text) = str::from_utf8(body) {
        let latin1: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
        changes.extend(latin1.map(|inner| of("UTF-8 was taken for Latin-1 and encoded again", inner)));
        if let Some(decoded) = percent_decoded(text) {
            changes.push(of("it is percent-encoded", decoded));
        }
    }
    changes
}

fn percent_decoded(text: &str) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, tail @ ..] = rest {
        rest = match (byte, tail) {
            (b'%', [high, low, tail @ ..]) => {
                decoded.push(hex::pair(*high, *low)?);
                tail
            }
            (b'%', _) => return None,
            (b'+', tail) => {
                decoded.push(b' ');
                tail
            }
            (byte, tail) => {
                decoded.push(*byte);
                tail
            }
        };
    }
    Some(decoded)
}

fn lengths(case: &Case) -> Vec<Change> {
    let body = &case.request.body;
    let said = case.request.fields.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let mut changes = vec![change(Mistake::BodyEmpty, "", *b"")];
    if let Some(shorter) = said.and_then(|length: usize| body.get(..length)) {
        changes
            .insert(0, change(Mistake::BodyLonger, &format!("the first {} bytes", shorter.len()), shorter));
    }
    changes
}

fn rewritten(body: &[u8]) -> Vec<Change> {
    if body.len() > JSON_BYTES_MAX {
        return Vec::new();
    }
    let rewritten = json::rewritten(body).into_iter();
    rewritten.map(|(said, body)| (Mistake::BodyJson, said, body)).collect()
}

const BOM: &[u8] = b"\xef\xbb\xbf";

/// Longer bodies would cost more memory than an explanation is worth.
const BODY_BYTES_MAX: usize = 32 << 20;

/// Each of these is written some sixty times.
const JSON_BYTES_MAX: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn of(changes: Vec<Change>, mistake: Mistake) -> Vec<String> {
        let bodies = changes.into_iter().filter(|(kind, ..)| *kind == mistake);
        bodies.map(|(_, _, body)| String::from_utf8_lossy(&body).into_owned()).collect()
    }

    #[test]
    fn line_ends_change_in_both_directions() {
        assert_eq!(of(line_ends(b"a\r\nb\n"), Mistake::BodyLineEnds), ["a\nb\n", "a\r\nb\r\n"]);
        assert_eq!(of(line_ends(b"a\r\n"), Mistake::BodyLineEndAdded), ["a", "a\r"]);
    }

    #[test]
    fn forms_are_encoded_in_each_known_way() {
        let encoded = of(forms(b"a=b+c%2fd&e=*~"), Mistake::BodyForm);
        assert!(encoded.contains(&"a=b%20c%2fd&e=*~".to_owned()), "{encoded:?}");
        assert!(encoded.contains(&"a=b+c%2Fd&e=*%7E".to_owned()), "{encoded:?}");
        assert!(encoded.contains(&"a=b+c%2Fd&e=%2A~".to_owned()), "{encoded:?}");
    }

    #[test]
    fn wrapped_bodies_are_unwrapped() {
        let inner = of(encodings(br#""{\"a\":1}""#), Mistake::BodyEncoded);
        assert!(inner.contains(&r#"{"a":1}"#.to_owned()), "{inner:?}");
        let inner = of(encodings(b"eyJhIjoxfQ=="), Mistake::BodyEncoded);
        assert!(inner.contains(&r#"{"a":1}"#.to_owned()), "{inner:?}");
        let inner = of(encodings("\u{c3}\u{bc}".as_bytes()), Mistake::BodyEncoded);
        assert!(inner.contains(&"\u{fc}".to_owned()), "{inner:?}");
    }
}
