//! Arbitrary security headers against every preset: no panic, and no proof
//! without the secret. `scripts/fuzz open_head`.
//!
//! Input: a byte that selects the preset, then lines, each the value of the
//! preset's next security header; what is left over repeats the last one. The
//! whole text is the body too, for schemes that look for their proof there.

#![no_main]

use std::sync::LazyLock;

use countersign::clock::UnixTime;
use countersign::keys::Secret;
use countersign::schemes::{Credential, Head, Preset, Scheme, SchemeOptions, presets};
use http::{HeaderMap, HeaderValue, Method};
use libfuzzer_sys::fuzz_target;

static SCHEMES: LazyLock<Vec<Scheme>> = LazyLock::new(|| {
    let scheme = |preset: &&'static Preset| {
        let secrets = SECRETS.map(|text| Credential::from(Secret::new(text)));
        let made = |secret| Scheme::new(*preset, std::slice::from_ref(secret), SchemeOptions::default());
        secrets.iter().find_map(|secret| made(secret).ok()).expect("one of them is a secret of its kind")
    };
    presets().iter().map(scheme).collect()
});

/// With a query in which some schemes look for a digest.
const PUBLIC_URL: &str = "https://hooks.example.com/a%2Fb?bodySHA256=00";

/// One of each kind: text and base64, hex, user and password, public keys.
const SECRETS: [&str; 5] = [
    "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    "user:a-password-of-more-than-24-bytes",
    "whpk_PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=",
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE0lToc1y7GO7jbKRLraCokiQwASl5VqN9kWgnpq+8UdmkvUxhv0sR4xQLzeyThIxCnvznkVyJx+4ui5CAnxi76A==",
];

fuzz_target!(|data: &[u8]| {
    let Some((selector, text)) = data.split_first() else { return };
    let scheme = &SCHEMES[usize::from(*selector) % SCHEMES.len()];
    let names = scheme.security_headers();

    let mut fields = HeaderMap::new();
    for (index, value) in text.split(|byte| *byte == b'\n').enumerate() {
        let Ok(value) = HeaderValue::from_bytes(value) else { return };
        // Some schemes have their proof in the query or in the body alone.
        let Some(name) = names.get(index).or(names.last()) else { break };
        fields.append(name, value);
    }

    let head = Head { method: &Method::POST, target: "/", fields: &fields, public_url: Some(PUBLIC_URL) };
    if let Ok(mut open) = scheme.open(&head, UnixTime::from_secs(1_700_000_000)) {
        open.update(text);
        assert!(open.finish(text).is_err(), "forged without the secret");
    }
});
