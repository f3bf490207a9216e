//! Judging a vector file: each case as if it had arrived at its own clock.

use std::fmt;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::credentials::credential;
use super::options::options;
use super::{Case, Judged, Report, VectorFile, Verdict};
use crate::clock::UnixTime;
use crate::schemes::covered::target_of;
use crate::schemes::{Encoding, Head, Preset, Refusal, Response, Scheme, SchemeOptions, preset};

/// Judges every case of `file`.
pub fn run(file: &VectorFile) -> Report<'_> {
    let preset = preset_of(&file.scheme);
    let verdict = |case| match preset.map(|preset| judge(preset, case)) {
        Some(Ok(())) => Verdict::Accepted,
        Some(Err(verdict)) => verdict,
        None => unjudged("unknown scheme"),
    };
    let cases = file.cases.iter().map(|case| Judged { case, verdict: verdict(case) }).collect();
    Report { scheme: &file.scheme, preset, cases }
}

/// The preset of a file: the one of its name, or else of a part of it, as in
/// `rfc9421_library`, for a scheme with several files.
fn preset_of(scheme: &str) -> Option<&'static Preset> {
    let name = scheme.replace('_', "-");
    let ends = std::iter::once(name.len()).chain(name.rmatch_indices('-').map(|(end, _)| end));
    ends.map(|end| &name[..end]).find_map(preset)
}

/// Whether `case` is accepted, or the verdict it gets instead.
fn judge(preset: &'static Preset, case: &Case) -> Result<(), Verdict> {
    let credentials = case.secrets.iter().map(|secret| credential(preset, secret));
    let credentials: Vec<_> = credentials.collect::<Result<_, _>>()?;
    let tolerance = case.tolerance_s.map(Duration::from_secs);
    let options = SchemeOptions { tolerance, allow_weak_secret: true, ..options(case.params.as_ref()) };
    let scheme = Scheme::new(preset, &credentials, options).map_err(|error| refused(&error))?;
    let body = Encoding::Base64.decode_all(case.body_b64.as_bytes());
    let body = body.ok_or_else(|| unjudged("body_b64 is not base64"))?;
    let method = Method::from_bytes(case.method.as_bytes()).map_err(|error| refused(&error))?;
    let fields = fields(&case.headers)?;

    let by_code = |refusal: Refusal| refused(&refusal);
    let now = UnixTime::from_secs(case.now);
    let status = case.params.as_ref().and_then(|params| params.status);
    let mut open = if let Some(status) = status {
        let status = StatusCode::from_u16(status).map_err(|error| refused(&error))?;
        scheme.open_response(&Response { status, fields: &fields }, now).map_err(by_code)?
    } else {
        let (target, public_url) = (target_of(&case.url), Some(case.url.as_str()));
        let head = Head { method: &method, target, fields: &fields, public_url };
        scheme.open(&head, now).map_err(by_code)?
    };
    open.update(&body);
    open.finish(&body).map(drop).map_err(by_code)
}

pub(super) fn refused(reason: &dyn fmt::Display) -> Verdict {
    Verdict::Refused(reason.to_string())
}

pub(super) fn unjudged(why: &str) -> Verdict {
    Verdict::Unjudged(why.to_owned())
}

fn fields(headers: &[(String, String)]) -> Result<HeaderMap, Verdict> {
    let mut fields = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| refused(&error))?;
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|error| refused(&error))?;
        fields.try_append(name, value).map_err(|error| refused(&error))?;
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(scheme: &str, secret: &str) -> Verdict {
        let file = format!(
            r#"{{"scheme": "{scheme}", "unknown": 1, "cases": [{{"name": "n", "method": "POST",
            "url": "https://h/", "headers": [], "body_b64": "", "secrets": [{secret}], "now": 1,
            "tolerance_s": null, "expect": "reject"}}]}}"#
        );
        let file: VectorFile = serde_json::from_str(&file).expect("the format");
        run(&file).cases.remove(0).verdict
    }

    #[test]
    fn what_cannot_be_judged_is_told_from_what_is_refused() {
        let hmac = r#"{"kind": "hmac", "value": "s"}"#;
        assert_eq!(verdict("github", hmac), Verdict::Refused("signature_missing".to_owned()));
        assert_eq!(verdict("nobody", hmac), unjudged("unknown scheme"));
        let token = r#"{"kind": "nonce", "value": "s"}"#;
        assert_eq!(verdict("github", token), unjudged("unsupported kind of secret: nonce"));
        for unusable in
            [r#"{"kind": "hmac", "value": ""}"#, r#"{"kind": "hmac", "value": "0", "encoding": "hex"}"#]
        {
            assert!(matches!(verdict("github", unusable), Verdict::Refused(_)), "{unusable}");
        }
    }
}
