//! Whatever passes as a chunked body begins with a size that `httparse` reads,
//! and nothing panics.
#![no_main]

use countersign::net::http1::follow_chunked;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (passed, fault) = follow_chunked(bytes);
    assert!(passed <= bytes.len());
    if fault.is_none() {
        assert!(httparse::parse_chunk_size(&bytes[..passed]).is_ok());
    }
});
