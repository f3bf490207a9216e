//! Text that says what a signature covers, against RFC 9421 and each dialect
//! before it: no panic, and no proof without the secret.
//! `scripts/fuzz covered_head`.
//!
//! Input: a byte that selects the preset, then lines of `name: value`, the
//! fields of a request; what is no field is its target.

#![no_main]

use std::sync::LazyLock;

use countersign::clock::UnixTime;
use countersign::keys::Secret;
use countersign::schemes::{BodyDigest, Credential, Head, Response, Scheme, SchemeOptions, preset};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use libfuzzer_sys::fuzz_target;

/// Nothing must be covered, so that everything is read.
static SCHEMES: LazyLock<Vec<Scheme>> = LazyLock::new(|| {
    let secret = Credential::from(Secret::new("a-secret-of-more-than-24-bytes"));
    let options = || SchemeOptions {
        cover: Some(Vec::new()),
        body: Some(BodyDigest::IfSigned),
        ..SchemeOptions::default()
    };
    ["rfc9421", "http-signature-cavage", "kong-hmac-auth", "apisix-hmac-auth"]
        .map(|name| {
            let preset = preset(name).expect("a preset");
            Scheme::new(preset, std::slice::from_ref(&secret), options()).expect("a key")
        })
        .into()
});

fuzz_target!(|data: &[u8]| {
    let Some((selector, text)) = data.split_first() else { return };
    let scheme = &SCHEMES[usize::from(*selector) % SCHEMES.len()];

    let (mut fields, mut target) = (HeaderMap::new(), "/");
    for line in text.split(|byte| *byte == b'\n') {
        let (name, value) = line.split_at(line.iter().position(|byte| *byte == b':').unwrap_or(line.len()));
        let name = HeaderName::from_bytes(name).ok();
        match name.zip(value.get(1..).and_then(|value| HeaderValue::from_bytes(value).ok())) {
            Some((name, value)) => drop(fields.try_append(name, value)),
            None => target = str::from_utf8(line).unwrap_or(target),
        }
    }

    let now = UnixTime::from_secs(1_700_000_000);
    let head = Head {
        method: &Method::POST,
        target,
        fields: &fields,
        public_url: Some("https://hooks.example.com/in?a=b"),
    };
    let by_target = Head { public_url: None, ..head };
    let response = Response { status: StatusCode::OK, fields: &fields };
    assert!(scheme.open(&head, now).is_err(), "forged without the secret");
    assert!(scheme.open(&by_target, now).is_err(), "forged without the secret");
    assert!(scheme.open_response(&response, now).is_err(), "forged without the secret");
});
