//! `docs/explain.md` has a row for each mistake that `explain` knows.

use std::collections::BTreeSet;

use countersign::explain::Mistake;

#[test]
fn every_mistake_is_documented() {
    let rows = include_str!("../../docs/explain.md").lines().filter_map(|line| line.strip_prefix("| `"));
    let rows: Vec<(&str, &str)> = rows.filter_map(|row| row.split_once("` | ")).collect();
    let forms = ["raw", "har", "curl"];
    let documented: BTreeSet<&str> =
        rows.iter().map(|(code, _)| *code).filter(|code| !forms.contains(code)).collect();
    assert_eq!(documented, Mistake::ALL.iter().map(|mistake| mistake.code()).collect());
}
