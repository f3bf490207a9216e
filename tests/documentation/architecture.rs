//! `docs/architecture.md` has a line for each part of `src/` and a reason for
//! each dependency, and for nothing else; and no page names a file that is gone.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const ARCHITECTURE: &str = include_str!("../../docs/architecture.md");

#[test]
fn the_map_names_what_stands_in_src() {
    let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    let there: BTreeSet<String> = entries
        .map(|entry| {
            let entry = entry.unwrap();
            let slash = if entry.path().is_dir() { "/" } else { "" };
            format!("{}{slash}", entry.file_name().to_string_lossy())
        })
        .collect();
    assert_eq!(map(), there);
}

/// The names at the beginning of lines one level below `src/`; what comes
/// behind them is text for people.
fn map() -> BTreeSet<String> {
    let (_, map) = ARCHITECTURE.split_once("\nsrc/\n").unwrap();
    let lines = map.lines().map_while(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(' '));
    let is_name = |word: &&str| word.ends_with('/') || Path::new(word).extension().is_some();
    lines.flat_map(|line| line.split_whitespace().take_while(is_name)).map(str::to_owned).collect()
}

#[test]
fn every_dependency_has_its_reason() {
    let (_, section) = ARCHITECTURE.split_once("\n## Dependencies\n").unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let explained: BTreeSet<&str> = rows.filter(|(_, why)| why.len() > 2).map(|(name, _)| name).collect();
    assert_eq!(explained, dependencies());
}

/// The names under `[dependencies]` and `[dev-dependencies]`.
fn dependencies() -> BTreeSet<&'static str> {
    let manifest = include_str!("../../Cargo.toml");
    let tables = manifest
        .split("\n[")
        .filter(|table| table.starts_with("dependencies]") || table.starts_with("dev-dependencies]"));
    tables
        .flat_map(|table| table.lines().skip(1))
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| Some(line.split_once(" = ")?.0))
        .collect()
}

/// A path in backticks is from the root, or, where a page has named the folder,
/// from `src/guard/`.
#[test]
fn every_source_file_that_a_page_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pages = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let is_file = |word: &&str| {
        word.contains('/') && Path::new(word).extension().is_some_and(|extension| extension == "rs")
    };
    let mut named = 0;
    for page in pages.filter(|page| page.extension().is_some_and(|extension| extension == "md")) {
        let text = fs::read_to_string(&page).unwrap();
        for file in text.split('`').filter(is_file) {
            let is_there = ["", "src/guard"].iter().any(|folder| root.join(folder).join(file).exists());
            assert!(is_there, "{}: there is no {file}", page.display());
            named += 1;
        }
    }
    assert!(named > 20, "{named}");
}
