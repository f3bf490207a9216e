//! What a capture shows by itself, whether or not a mistake explains it.

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};

use super::case::Case;
use crate::schemes::describe::signature_header;
use crate::schemes::{Validity, presets};

/// Sentences, the surest first.
pub fn hints(case: &Case) -> Vec<String> {
    [out_of_dates(case), length(case), replaced(case), compressed(case), other_fields(case)]
        .into_iter()
        .flatten()
        .collect()
}

/// A secret that made the signature and does not count when it is judged.
fn out_of_dates(case: &Case) -> Option<String> {
    let mut undated = case.clone();
    undated.credentials.iter_mut().for_each(|credential| credential.validity = Validity::ALWAYS);
    let slot = undated.holds()?.slot();
    let is_out = !case.credentials.get(slot)?.validity.holds(case.at);
    is_out.then(|| {
        format!(
            "Secret {} made the signature, but it is out of its dates (--secret-not-before, --secret-not-after) at \
             the time of receipt.",
            slot + 1
        )
    })
}

fn length(case: &Case) -> Option<String> {
    let said: usize = case.request.fields.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()?;
    let there = case.request.body.len();
    match said.checked_sub(there) {
        None => Some(format!(
            "Content-Length says {said} bytes, and the capture has {there}: something was added."
        )),
        Some(0) => None,
        Some(_) => Some(format!(
            "Content-Length says {said} bytes, and the capture has {there}: it is incomplete, and no signature \
             over the whole body can hold."
        )),
    }
}

/// U+FFFD is what a decoder writes for bytes that it could not read.
fn replaced(case: &Case) -> Option<String> {
    let body = &case.request.body;
    let found = body.windows(3).any(|window| window == "\u{fffd}".as_bytes());
    found.then(|| {
        "The body holds U+FFFD: it was decoded as text once, and the bytes that could not be read are lost.".to_owned()
    })
}

fn compressed(case: &Case) -> Option<String> {
    let encoding = case.request.fields.get(CONTENT_ENCODING)?.to_str().ok()?;
    (encoding != "identity").then(|| {
        format!(
            "The body is encoded ({encoding}): a sender that signs before it compresses signs other bytes."
        )
    })
}

/// Where the scheme's own header is missing, whose headers are there instead.
pub fn other_fields(case: &Case) -> Option<String> {
    let own = signature_header(&case.preset)?;
    if case.request.fields.contains_key(&own) {
        return None;
    }
    let fields = &case.request.fields;
    let others: Vec<_> = presets()
        .iter()
        .filter(|preset| signature_header(preset).is_some_and(|name| fields.contains_key(name)))
        .map(|preset| preset.name)
        .take(NAMES_MAX)
        .collect();
    (!others.is_empty()).then(|| format!("There is no {own}, but the header of {}.", others.join(", ")))
}

const NAMES_MAX: usize = 8;
