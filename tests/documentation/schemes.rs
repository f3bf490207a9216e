//! `docs/schemes.md` is what the program prints of its rows.

use std::process::Command;

#[test]
fn the_page_is_what_the_program_prints() {
    let printed =
        Command::new(env!("CARGO_BIN_EXE_countersign")).args(["schemes", "--markdown"]).output().unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    let page = include_str!("../../docs/schemes.md");
    // Not `assert_eq`: the page is long, and the remedy is one command.
    assert!(printed == page, "run `countersign schemes --markdown > docs/schemes.md`");
}
