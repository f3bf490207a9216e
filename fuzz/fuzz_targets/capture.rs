//! Arbitrary captures: read or refused, never a panic, and judged with each
//! known mistake undone.
//! `scripts/fuzz capture`.

#![no_main]

use countersign::clock::UnixTime;
use countersign::explain::{Capture, Case, Format, hints, search};
use countersign::keys::Secret;
use countersign::schemes::{SchemeOptions, preset};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for format in [None, Some(Format::Raw), Some(Format::Har), Some(Format::Curl)] {
        let Ok(capture) = Capture::read(data, format, None, &|_| Ok(b"{}".to_vec())) else { continue };
        if data.len() > JUDGED_BYTES_MAX {
            continue;
        }
        for name in ["github", "standard-webhooks"] {
            let case = Case {
                request: capture.request.clone(),
                public_url: None,
                preset: preset(name).expect("a preset").into(),
                credentials: vec![Secret::new("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=").into()],
                options: SchemeOptions::default(),
                at: UnixTime::EPOCH,
            };
            let _ = hints(&case);
            assert!(search(&case, &[]).findings.is_empty(), "nobody forges by chance");
        }
    }
});

/// A search over a longer capture is no more than a slower one.
const JUDGED_BYTES_MAX: usize = 512;
