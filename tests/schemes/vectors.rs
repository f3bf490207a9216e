//! Every vector file of a preset: each case gets its verdict, and each refusal
//! a reason that the file names.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use countersign::schemes::presets;
use countersign::schemes::vectors::{self, Counts, Expect, VectorFile};

#[test]
fn every_preset_judges_its_vectors_as_they_ask() {
    let mut judged = BTreeSet::new();
    for file in fs::read_dir(FILES).unwrap() {
        judged.insert(check(&file.unwrap().file_name().into_string().unwrap()));
    }
    assert_eq!(judged, presets().iter().map(|preset| preset.name).collect(), "presets with vectors");
}

/// Judges a file, and gives the name of its preset.
fn check(name: &str) -> &'static str {
    let path = Path::new(FILES).join(name);
    let json = fs::read(&path).unwrap_or_else(|error| panic!("read {}: {error}", path.display()));
    let file: VectorFile = serde_json::from_slice(&json).expect("a vector file");
    assert_eq!(file.counts, Some(counts(&file)), "{name}: cases are missing from the file");

    let report = vectors::run(&file);
    for judged in &report.cases {
        let (case, verdict) = (judged.case, &judged.verdict);
        assert!(judged.passed(), "{name}: {}: expected {:?}, got {verdict}", case.name, case.expect);
        assert!(judged.reason_agrees(), "{name}: {}: {:?}, got {verdict}", case.name, case.reason);
    }
    assert_eq!((report.passed(), report.failed()), (file.cases.len(), 0), "{name}");
    report.preset.expect("a scheme that is known").name
}

const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors");

fn counts(file: &VectorFile) -> Counts {
    let of = |expect| file.cases.iter().filter(|case| case.expect == expect).count();
    Counts { accept: of(Expect::Accept), reject: of(Expect::Reject) }
}
