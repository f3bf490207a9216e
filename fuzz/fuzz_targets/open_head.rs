//! Arbitrary security headers against every preset: no panic, and no proof
//! without the secret. `cargo +nightly fuzz run open_head`.
//!
//! Input: a byte that selects the preset, then lines, each the value of the
//! preset's next security header; what is left over repeats the last one.

#![no_main]

use std::sync::LazyLock;

use countersign::clock::UnixTime;
use countersign::keys::Secret;
use countersign::schemes::{Credential, Head, Scheme, SchemeOptions, presets};
use http::{HeaderMap, HeaderValue, Method};
use libfuzzer_sys::fuzz_target;

static SCHEMES: LazyLock<Vec<Scheme>> = LazyLock::new(|| {
    let secret = Credential::from(Secret::new("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="));
    let scheme = |preset| Scheme::new(preset, std::slice::from_ref(&secret), SchemeOptions::default());
    presets().iter().map(|preset| scheme(preset).expect("a secret that every preset takes")).collect()
});

fuzz_target!(|data: &[u8]| {
    let Some((selector, text)) = data.split_first() else { return };
    let scheme = &SCHEMES[usize::from(*selector) % SCHEMES.len()];
    let names = scheme.security_headers();

    let mut fields = HeaderMap::new();
    for (index, value) in text.split(|byte| *byte == b'\n').enumerate() {
        let Ok(value) = HeaderValue::from_bytes(value) else { return };
        fields.append(&names[index.min(names.len() - 1)], value);
    }

    let head = Head { method: &Method::POST, target: "/", fields: &fields, public_url: None };
    if let Ok(mut open) = scheme.open(&head, UnixTime::from_secs(1_700_000_000)) {
        open.update(text);
        assert!(open.finish(text).is_err(), "forged without the secret");
    }
});
