//! Every vector file of a preset: each case gets its verdict, and each refusal
//! a reason that the file names.

use std::fs;
use std::path::Path;

use countersign::schemes::presets;
use countersign::schemes::vectors::{self, Counts, Expect, Judged, VectorFile};

#[test]
fn every_preset_judges_its_vectors_as_they_ask() {
    for preset in presets() {
        check(&format!("{}.json", preset.name.replace('-', "_")));
    }
}

fn check(name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name);
    let json = fs::read(&path).unwrap_or_else(|error| panic!("read {}: {error}", path.display()));
    let file: VectorFile = serde_json::from_slice(&json).expect("a vector file");
    assert_eq!(file.counts, Some(counts(&file)), "{name}: cases are missing from the file");

    let report = vectors::run(&file);
    let wrong: Vec<_> = report
        .cases
        .iter()
        .filter(|judged| !judged.passed() || !judged.reason_agrees())
        .map(|Judged { case, verdict }| {
            format!("{}: expected {:?} {:?}, got {verdict}", case.name, case.expect, case.reason)
        })
        .collect();
    assert!(wrong.is_empty(), "{name}: {wrong:#?}");
    assert_eq!((report.passed(), report.failed()), (file.cases.len(), 0), "{name}");
}

fn counts(file: &VectorFile) -> Counts {
    let of = |expect| file.cases.iter().filter(|case| case.expect == expect).count();
    Counts { accept: of(Expect::Accept), reject: of(Expect::Reject) }
}
