//! `docs/rejections.md` and the list of refusals say the same.

use std::collections::BTreeSet;

use countersign::guard::Rejection;

#[test]
fn every_code_is_documented_with_its_status_and_side() {
    let program: BTreeSet<String> = Rejection::all().map(row).collect();
    let page: Vec<String> = documented().collect();
    assert_eq!(page.iter().cloned().collect::<BTreeSet<_>>(), program);
    assert_eq!(page.len(), program.len(), "a code has two rows");
}

fn row(rejection: Rejection) -> String {
    format!("{} {} {}", rejection.code(), rejection.status().as_u16(), rejection.side().name())
}

/// Code, status and side of the rows of every table, each with its text.
fn documented() -> impl Iterator<Item = String> {
    let rows = include_str!("../../docs/rejections.md").lines().filter(|line| line.starts_with("| `"));
    rows.map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [code, status, side, meaning, todo] = cells[..] else { panic!("not five cells: {line}") };
        assert!(!meaning.is_empty() && !todo.is_empty(), "{line}");
        format!("{} {status} {side}", code.trim_matches('`'))
    })
}
