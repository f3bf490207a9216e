//! The fields that carry signature, time and id: repeated, renamed, or spelled
//! in another way.

use base64ct::{Base64, Base64Unpadded, Base64Url, Base64UrlUnpadded, Encoding as _};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::{Mistake, Variant};
use crate::explain::case::Case;
use crate::explain::hex;
use crate::explain::mechanism::signature_field;
use crate::schemes::{Encoding, Grammar, SignatureField};

pub(super) fn variants(case: &Case) -> Vec<Variant> {
    let Ok(scheme) = case.scheme(case.options.clone()) else { return Vec::new() };
    let names = scheme.security_headers();
    let mut variants = Vec::new();
    for name in names {
        variants.extend(copies(case, name));
        variants.extend(units(case, name));
        variants.extend(elsewhere(case, name));
    }
    variants.extend(renamed(case, names));
    variants.extend(spellings(case));
    variants
}

fn with_field(case: &Case, name: &HeaderName, value: HeaderValue) -> Case {
    case.with_request(|request| {
        request.fields.insert(name, value);
    })
}

/// Each of several copies by itself.
fn copies(case: &Case, name: &HeaderName) -> Vec<Variant> {
    let values: Vec<_> = case.request.fields.get_all(name).iter().collect();
    if values.len() < 2 {
        return Vec::new();
    }
    let copies = values.iter().take(COPIES_MAX).enumerate();
    copies
        .map(|(number, value)| Variant {
            mistake: Mistake::FieldRepeated,
            detail: format!("copy {} of {name}", number + 1),
            case: with_field(case, name, (*value).clone()),
        })
        .collect()
}

/// Seconds for milliseconds and the other way about, wherever a number of ten
/// or thirteen digits stands.
fn units(case: &Case, name: &HeaderName) -> Vec<Variant> {
    let Some(text) = only(&case.request.fields, name) else { return Vec::new() };
    let mut variants = Vec::new();
    let mut add = |replaced: String, said: &str| {
        if let Ok(value) = HeaderValue::try_from(replaced) {
            let detail = format!("{name}: {said}");
            variants.push(Variant {
                mistake: Mistake::TimestampUnit,
                detail,
                case: with_field(case, name, value),
            });
        }
    };
    for (start, end) in digit_runs(text) {
        let (before, digits, after) = (&text[..start], &text[start..end], &text[end..]);
        match digits.len() {
            10 => add(format!("{before}{digits}000{after}"), "signed in milliseconds, sent in seconds"),
            13 => add(format!("{before}{}{after}", &digits[..10]), "signed in seconds, sent in milliseconds"),
            _ => {}
        }
        if let Some(rest) = after.strip_prefix('.').filter(|_| digits.len() == 10) {
            let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            add(format!("{before}{digits}{after}"), "signed in whole seconds, sent with a fraction");
        }
    }
    variants
}

fn digit_runs(text: &str) -> Vec<(usize, usize)> {
    let mut runs = Vec::new();
    let mut start = None;
    for (at, byte) in text.bytes().chain([b' ']).enumerate() {
        match (byte.is_ascii_digit(), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                runs.push((from, at));
                start = None;
            }
            _ => {}
        }
    }
    runs
}

/// The value of each other field in place of this one's.
fn elsewhere(case: &Case, name: &HeaderName) -> Vec<Variant> {
    let fields =
        case.request.fields.iter().filter(|(other, value)| *other != name && value.len() <= VALUE_BYTES_MAX);
    fields
        .take(FIELDS_MAX)
        .map(|(other, value)| Variant {
            mistake: Mistake::FieldElsewhere,
            detail: format!("{name} is in {other}"),
            case: with_field(case, name, value.clone()),
        })
        .collect()
}

/// Several fields under other names with the same endings at once:
/// `x-acme-timestamp` for `webhook-timestamp`.
fn renamed(case: &Case, names: &[HeaderName]) -> Option<Variant> {
    let ending = |name: &HeaderName| name.as_str().rsplit('-').next().map(str::to_owned);
    let mut said = Vec::new();
    let mut changed = case.clone();
    for name in names {
        let wanted = ending(name)?;
        let mut alike = case
            .request
            .fields
            .iter()
            .filter(|(other, _)| *other != name && ending(other).as_ref() == Some(&wanted));
        let (other, value) = alike.next().filter(|_| alike.next().is_none())?;
        changed.request.fields.insert(name, value.clone());
        said.push(format!("{name} is in {other}"));
    }
    let detail = said.join(", ");
    (said.len() > 1).then_some(Variant { mistake: Mistake::FieldElsewhere, detail, case: changed })
}

/// The signature in the scheme's one spelling, from whatever it is spelled in.
fn spellings(case: &Case) -> Vec<Variant> {
    let Some(field) = signature_field(&case.preset) else { return Vec::new() };
    let Some(text) = only(&case.request.fields, &field.header) else { return Vec::new() };
    let mut variants = Vec::new();
    for token in tokens(text) {
        for (said, bytes) in decoded(token) {
            let Ok(value) = HeaderValue::try_from(written(&field, text, &bytes)) else { continue };
            if value.as_bytes() == text.as_bytes() {
                continue;
            }
            // The same letters: then it is what stands around them.
            let around = value.as_bytes().windows(token.len()).any(|window| window == token.as_bytes());
            let said = if around { "what stands before or behind it is not the scheme's" } else { said };
            let case = with_field(case, &field.header, value);
            variants.push(Variant { mistake: Mistake::SignatureSpelling, detail: said.to_owned(), case });
        }
    }
    variants
}

/// What may be a signature, without a label in front.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split([',', ' ', ';', '"', '\'']).take(TOKENS_MAX);
    words
        .map(|word| {
            let unpadded = word.trim_end_matches('=');
            let start = unpadded.rfind(['=', ':']).map_or(0, |at| at + 1);
            &word[start..]
        })
        .filter(|token| (TOKEN_BYTES_MIN..=VALUE_BYTES_MAX).contains(&token.len()))
}

fn decoded(token: &str) -> Vec<(&'static str, Vec<u8>)> {
    let mut found = Vec::new();
    if let Some(bytes) = hex::read(token.as_bytes()) {
        let is_lower = !token.bytes().any(|byte| byte.is_ascii_uppercase());
        found.push((if is_lower { "it is in hex" } else { "it is in upper-case hex" }, bytes));
    }
    if let Ok(bytes) = Base64::decode_vec(token) {
        found.push(("it is in base64", bytes));
    }
    if let Ok(bytes) = Base64Unpadded::decode_vec(token) {
        found.push(("it is in base64 without padding", bytes));
    }
    if let Ok(bytes) = Base64Url::decode_vec(token).or_else(|_| Base64UrlUnpadded::decode_vec(token)) {
        found.push(("it is in base64url", bytes));
    }
    found
}

/// The value of the field with this one signature, and what else stood in it.
fn written(field: &SignatureField, text: &str, signature: &[u8]) -> String {
    let signature = match field.encoding {
        Encoding::Hex => hex::written(signature),
        Encoding::Base64 => Base64::encode_string(signature),
    };
    match &field.grammar {
        Grammar::Whole { prefix } => format!("{prefix}{signature}"),
        Grammar::List { syntax, tag } => {
            let (between, after_tag) = (char::from(syntax.between), char::from(syntax.after_tag));
            let others = text.split(between).map(str::trim).filter(|entry| {
                entry
                    .split_once(after_tag)
                    .is_some_and(|(other, value)| other != *tag && value.len() < TOKEN_BYTES_MIN)
            });
            let own = format!("{tag}{after_tag}{signature}");
            others.map(str::to_owned).chain([own]).collect::<Vec<_>>().join(&String::from(between))
        }
    }
}

fn only<'f>(fields: &'f HeaderMap, name: &HeaderName) -> Option<&'f str> {
    let mut values = fields.get_all(name).iter();
    let value = values.next().filter(|_| values.next().is_none())?;
    value.to_str().ok().filter(|text| text.len() <= VALUE_BYTES_MAX)
}

const COPIES_MAX: usize = 4;
const FIELDS_MAX: usize = 64;
const TOKENS_MAX: usize = 8;
/// SHA-1 in base64 without padding is this long.
const TOKEN_BYTES_MIN: usize = 27;
const VALUE_BYTES_MAX: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_lose_their_labels_and_keep_their_padding() {
        let base64 = "q8Wx1rGZ0PpG3jvXkq3ZtVv1c2mQZ7bq2nH0u1Yk3mA=";
        for (text, token) in [
            (format!("v1,{base64}"), base64),
            (format!("sha256={base64}"), base64),
            (base64.to_owned(), base64),
            (format!("t=1700000000, v1={base64}"), base64),
        ] {
            assert_eq!(tokens(&text).collect::<Vec<_>>(), [token], "{text}");
        }
    }

    #[test]
    fn runs_of_digits_are_found_to_the_end() {
        assert_eq!(digit_runs("t=17,v1=ab3"), [(2, 4), (6, 7), (10, 11)]);
        assert_eq!(digit_runs("1700"), [(0, 4)]);
    }
}
