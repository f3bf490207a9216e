//! HTTP Archive 1.2: `log.entries[].request`.

use base64ct::{Base64, Encoding as _};
use bytes::Bytes;
use http::header::HOST;
use http::{HeaderMap, Method};
use serde::Deserialize;

use super::{
    Capture, CaptureError, Format, Received, absolute, date, field, host, lossy_note, rfc_3339, target,
};
use crate::explain::case::Request;

#[derive(Deserialize)]
struct Har {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    started_date_time: Option<String>,
    request: HarRequest,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HarRequest {
    method: String,
    url: String,
    #[serde(default)]
    headers: Vec<Pair>,
    post_data: Option<PostData>,
}

#[derive(Deserialize)]
struct Pair {
    name: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
struct PostData {
    text: Option<String>,
    /// Not in the specification, but what several exporters write for bytes.
    encoding: Option<String>,
    #[serde(default)]
    params: Vec<Pair>,
}

pub(super) fn read(bytes: &[u8], entry: Option<usize>) -> Result<Capture, CaptureError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let Har { log } = serde_json::from_slice(bytes).map_err(|error| CaptureError::Har(error.to_string()))?;
    let Entry { started_date_time, request } = chosen(log.entries, entry)?;
    let wrong = |why: String| CaptureError::Har(why);
    let method = Method::from_bytes(request.method.as_bytes())
        .map_err(|_| wrong(format!("the method {:?} cannot be read", request.method)))?;
    // HTTP/2 names the parts of the request line among the fields.
    let pairs = request.headers.iter().filter(|pair| !pair.name.starts_with(':'));
    let mut fields: HeaderMap = pairs
        .map(|pair| field(&pair.name, pair.value.as_bytes()))
        .collect::<Result<_, _>>()
        .map_err(wrong)?;
    if !fields.contains_key(HOST) {
        fields.extend(host(&request.url).map(|host| (HOST, host)));
    }
    let (body, notes) = body(request.post_data).map_err(wrong)?;
    let started = started_date_time.as_deref().and_then(rfc_3339);
    let started = started.map(|at| Received { at, from: "the entry's startedDateTime" });
    let received = started.or_else(|| date(&fields));
    let (target, url) = (target(&request.url), absolute(&request.url));
    let request = Request { method, target, fields, body, url };
    Ok(Capture { format: Format::Har, request, received, code: None, notes })
}

fn chosen(entries: Vec<Entry>, entry: Option<usize>) -> Result<Entry, CaptureError> {
    let count = entries.len();
    let number = match (entry, count) {
        (Some(number), _) => number,
        (None, 1) => 1,
        (None, _) => {
            let shown = entries.iter().enumerate().take(SHOWN_MAX);
            let lines = shown
                .map(|(at, entry)| format!("\n  {}: {} {}", at + 1, entry.request.method, entry.request.url));
            let lines: String = lines.collect();
            return Err(CaptureError::Entry(format!(
                "it has {count} requests: choose one with --entry{lines}"
            )));
        }
    };
    let found = number.checked_sub(1).and_then(|at| entries.into_iter().nth(at));
    found.ok_or_else(|| {
        CaptureError::Entry(format!("it has {count} requests, and no number {number} among them"))
    })
}

fn body(data: Option<PostData>) -> Result<(Bytes, Vec<String>), String> {
    let Some(PostData { text, encoding, params }) = data else { return Ok((Bytes::new(), Vec::new())) };
    match (text, encoding.as_deref()) {
        (Some(text), Some("base64")) => {
            let bytes = Base64::decode_vec(&text).map_err(|_| "the body is not base64, though it says so")?;
            Ok((bytes.into(), Vec::new()))
        }
        (Some(text), _) => {
            let body = Bytes::from(text);
            let note = lossy_note(&body, "HAR");
            Ok((body, note.into_iter().collect()))
        }
        (None, _) => {
            let pairs = params.iter().map(|pair| (&pair.name, &pair.value));
            let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
            let note = "The entry has a form without its text: it was encoded anew and may differ from what arrived.";
            Ok((form.into(), vec![note.to_owned()]))
        }
    }
}

/// The first requests of a long file.
const SHOWN_MAX: usize = 10;
