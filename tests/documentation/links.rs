//! The links of pages that name many files lead somewhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const PAGES: [&str; 4] = [
    "docs/operations.md",
    "docs/kubernetes.md",
    "deploy/helm/countersign/README.md",
    "deploy/kubernetes/edge/README.md",
];

#[test]
fn every_file_that_a_page_links_to_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for page in PAGES {
        let path = root.join(page);
        let text = fs::read_to_string(&path).unwrap();
        let links = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        let files: BTreeSet<&str> = links
            .filter_map(|(link, _)| link.split('#').next())
            .filter(|file| !file.is_empty() && !file.contains("://"))
            .collect();
        assert!(!files.is_empty(), "{page} links to nothing");
        for file in files {
            assert!(path.parent().unwrap().join(file).exists(), "{page}: {file}");
        }
    }
}
