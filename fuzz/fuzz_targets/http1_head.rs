//! The gate gives one verdict however a connection is cut, and the messages
//! that it lets through are heads to `httparse` as well.
#![no_main]

use std::time::Duration;

use countersign::net::http1::{Http1Bounds, follow_in_parts};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, &[u8])| {
    let (first, bytes) = input;
    let bounds =
        Http1Bounds { head_bytes: 4096, head_fields: 32, head_timeout: Duration::from_secs(5) };
    let whole = follow_in_parts(bytes, bytes.len(), &bounds);
    assert_eq!(follow_in_parts(bytes, usize::from(first), &bounds), whole);
    let passed = &bytes[..whole.0];
    if !passed.is_empty() {
        let mut fields = [httparse::EMPTY_HEADER; 32];
        let parsed = httparse::Request::new(&mut fields).parse(passed);
        assert!(matches!(parsed, Ok(httparse::Status::Complete(len)) if len <= passed.len()));
    }
});
