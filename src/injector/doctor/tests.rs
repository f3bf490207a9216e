//! Golden examinations: `tests/injector/doctor/NAME.yaml` has manifests,
//! `NAME.expected.txt` what is found. `INJECTOR_WRITE=1` writes the latter
//! anew. A name that begins with `cluster` is what a cluster has; one that ends
//! with `unknown_defaults`, one whose injector cannot be seen.

use std::fs;
use std::path::Path;

use super::{Origin, examine};
use crate::injector::injection::{Pairs, read_defaults};
use crate::injector::offline::Manifests;

#[test]
fn what_is_found_stands_beside_what_is_looked_at() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/injector/doctor");
    let defaults = read_defaults(&["image=registry.example/countersign:1".to_owned()]).unwrap();
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            continue;
        }
        let is_cluster = path.file_name().unwrap().to_string_lossy().starts_with("cluster");
        let origin = if is_cluster { Origin::Cluster { sees_webhooks: true } } else { Origin::Files };
        let objects = Manifests::read(&fs::read_to_string(&path).unwrap()).unwrap();
        let defaults =
            if path.to_string_lossy().contains("unknown_defaults") { &Pairs::new() } else { &defaults };
        let mut findings = examine(&objects, origin, "default", defaults);
        findings.sort();
        let found: String =
            findings.iter().flat_map(|finding| [finding.to_string(), "\n".to_owned()]).collect();
        let expected = path.with_extension("expected.txt");
        if std::env::var_os("INJECTOR_WRITE").is_some() {
            fs::write(&expected, &found).unwrap();
        }
        assert_eq!(found, fs::read_to_string(&expected).unwrap(), "{}", path.display());
        seen += 1;
    }
    assert!(seen >= 4);
}
