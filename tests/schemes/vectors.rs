//! Every vector file of a preset: each case gets its verdict, and each refusal
//! a reason that the file names.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use countersign::schemes::presets;
use countersign::schemes::vectors::{self, Counts, Expect, Judged, VectorFile};

#[test]
fn every_preset_judges_its_vectors_as_they_ask() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let files = fs::read_dir(directory).expect("the vectors").map(|entry| entry.expect("a file").path());
    let judged: BTreeSet<_> = files.map(|path| check(&path)).collect();
    let every: BTreeSet<_> = presets().iter().map(|preset| preset.name).collect();
    assert_eq!(judged, every, "each preset has vectors, and each file a preset");
}

/// The preset that the file is for.
fn check(path: &Path) -> &'static str {
    let name = path.display();
    let json = fs::read(path).unwrap_or_else(|error| panic!("read {name}: {error}"));
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
    report.preset.expect("every case was judged").name
}

fn counts(file: &VectorFile) -> Counts {
    let of = |expect| file.cases.iter().filter(|case| case.expect == expect).count();
    Counts { accept: of(Expect::Accept), reject: of(Expect::Reject) }
}
