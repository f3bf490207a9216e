//! The page of all schemes.

use std::fmt::Write as _;

use crate::schemes::describe::describe;
use crate::schemes::{Preset, presets};

/// `docs/schemes.md`.
pub(super) fn page() -> String {
    let mut page = HEAD.to_owned();
    for preset in presets() {
        let Preset { name, provider, .. } = preset;
        let _ =
            writeln!(page, "| [`{name}`](#{name}) | {} | `{}` |", cell(provider), super::known_by(preset));
    }
    for preset in presets() {
        section(preset, &mut page);
    }
    page
}

fn section(preset: &Preset, page: &mut String) {
    let Preset { name, provider, documentation, .. } = preset;
    let _ =
        write!(page, "\n## {name}\n\n{provider}: [documentation]({documentation}).\n\n| | |\n|---|---|\n");
    for fact in describe(preset) {
        let _ = writeln!(page, "| {} | {} |", fact.name, cell(&fact.text));
    }
}

/// A bar ends a cell, and an angle bracket begins HTML.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

const HEAD: &str = "\
# Schemes

Printed by `countersign schemes --markdown` from the rows that the program runs on; a test holds this page against them.
`countersign schemes NAME` shows one of these with command lines to try, `--json` gives them to a program. In *signed*,
what stands in braces is taken from the request as it was sent, and everything else is literal. When a signature does not
match, [explain.md](explain.md) says what to do.

| scheme | provider | known by |
|---|---|---|
";
