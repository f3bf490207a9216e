//! Arbitrary vector files: judged or refused, never a panic.
//! `scripts/fuzz vector_file`.

#![no_main]

use countersign::schemes::vectors::{self, VectorFile};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(file) = serde_json::from_slice::<VectorFile>(data) {
        let report = vectors::run(&file);
        assert_eq!(report.passed() + report.failed(), file.cases.len());
    }
});
