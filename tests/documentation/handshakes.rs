//! `docs/handshakes.md` and the list of handshakes say the same.

use std::collections::BTreeSet;

use countersign::schemes::Handshake;

#[test]
fn every_handshake_is_documented_with_its_method() {
    let program: BTreeSet<&str> = Handshake::ALL.iter().map(|handshake| handshake.name()).collect();
    assert_eq!(documented().map(|(name, _)| name).collect::<BTreeSet<_>>(), program);
    for (name, [asks_with, _, signed]) in documented() {
        let handshake = Handshake::ALL.into_iter().find(|handshake| handshake.name() == name).unwrap();
        match signed {
            "yes" => assert!(asks_with.starts_with("`{"), "{name} is told by its body"),
            _ => assert!(asks_with.starts_with(&format!("`{}", handshake.method())), "{name}: {asks_with}"),
        }
    }
}

/// The name and the other cells of each row.
fn documented() -> impl Iterator<Item = (&'static str, [&'static str; 3])> {
    let rows = include_str!("../../docs/handshakes.md").lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter(|row| !row.starts_with("--")).map(|row| {
        let (name, _) = row.split_once('`').unwrap();
        let cells: Vec<&str> = row.trim_end_matches(" |").split(" | ").collect();
        let [_, asks_with, answer, signed] = cells[..] else { panic!("not four cells: {row}") };
        (name, [asks_with, answer, signed])
    })
}
