//! What is said, for people.

use std::fmt::Write as _;

use super::facts::{Facts, SchemeFacts, Why, shown_time};
use super::steps::{Outcome, Step};
use crate::explain::Finding;

/// The steps, the verdict and what explains it.
pub(super) fn shown(facts: &Facts<'_>) -> String {
    let mut text = String::new();
    head(facts, &mut text);
    let all = facts.steps.iter().chain(facts.schemes.iter().flat_map(|scheme| &scheme.steps));
    let width = all.map(|step| step.name.len()).max().unwrap_or(0);
    steps(&facts.steps, width, &mut text);
    for scheme in &facts.schemes {
        if facts.schemes.len() > 1 {
            let _ = writeln!(text, "\n  as {}:", scheme.case.preset.name);
        }
        steps(&scheme.steps, width, &mut text);
    }
    verdict(facts, &mut text);
    for note in &facts.capture.notes {
        let _ = writeln!(text, "\nnote: {note}");
    }
    for scheme in &facts.schemes {
        why(scheme, &mut text);
    }
    text
}

fn head(facts: &Facts<'_>, text: &mut String) {
    let request = &facts.capture.request;
    let names: Vec<_> = facts.schemes.iter().map(|scheme| scheme.case.preset.name).collect();
    let _ = writeln!(
        text,
        "capture   {} {}, {} fields, {} bytes of body ({})",
        request.method,
        request.target,
        request.fields.len(),
        request.body.len(),
        facts.capture.format.name()
    );
    let _ = writeln!(text, "received  {}, {}", shown_time(facts.received.at), facts.received.from);
    let _ = writeln!(text, "source    {}, scheme {}\n", facts.source, names.join(" and "));
}

fn steps(steps: &[Step], width: usize, text: &mut String) {
    for Step { name, outcome, detail } in steps {
        let (word, code) = match outcome {
            Outcome::Passed => ("pass", String::new()),
            Outcome::Refused(code) => ("FAIL", format!("{code}: ")),
            Outcome::NotReached => ("-", String::new()),
        };
        let _ = writeln!(text, "  {word:4}  {name:width$}  {code}{detail}");
    }
}

fn verdict(facts: &Facts<'_>, text: &mut String) {
    let _ = match facts.code() {
        None => writeln!(text, "\nA guard would take it, unless its ledger knows it already."),
        Some(code) => {
            let who = if facts.recorded.is_some() { "The guard refused" } else { "A guard refuses" };
            match documented(code) {
                Some((meaning, todo)) => {
                    writeln!(text, "\n{who} it with {code}: {meaning}.\nIn general: {todo}")
                }
                None => writeln!(text, "\n{who} it with {code}."),
            }
        }
    };
}

fn why(scheme: &SchemeFacts<'_>, text: &mut String) {
    let _ = match &scheme.why {
        Why::Holds { .. } => Ok(()),
        Why::TimeOnly => writeln!(
            text,
            "\nThe signature holds: only the time is refused. If it was captured when it arrived, say when with \
             --received-at;\notherwise compare both clocks, or find out what held the delivery back."
        ),
        Why::Explained(findings) => {
            for finding in findings {
                explained(finding, text);
            }
            Ok(())
        }
        Why::Absent { .. } => writeln!(
            text,
            "\nThere is no signature to explain: neither where the scheme has it, nor where a known mistake puts it.\n\
             Did the sender sign, and did something on the way remove the field?"
        ),
        Why::NotLookedAt => writeln!(
            text,
            "\nThat is not about the signature, which the guard had not looked at by then, and neither does this."
        ),
        Why::Unexplained { tries, cut_short } => {
            let bound = if *cut_short { ", and stopped at a bound before all was tried" } else { "" };
            writeln!(
                text,
                "\nNone of the known mistakes explains it ({tries} variants were tried{bound}).\nMost likely it is \
                 another secret (--other-secret-file tries more), or bytes that the capture does not have."
            )
        }
    };
    for hint in &scheme.hints {
        let _ = writeln!(text, "\nnote: {hint}");
    }
}

fn explained(finding: &Finding, text: &mut String) {
    let with = if finding.mistakes.len() > 1 { ", with both undone" } else { "" };
    let _ = writeln!(text, "\nFound{with}: then the signature holds, made with secret {}.", finding.slot + 1);
    for (mistake, detail) in &finding.mistakes {
        let detail = if detail.is_empty() { String::new() } else { format!(" ({detail})") };
        let _ = writeln!(text, "  {}: {}{detail}\n  -> {}", mistake.code(), mistake.said(), mistake.todo());
    }
}

/// What `docs/rejections.md` says of a code: its meaning, and what to do.
pub(super) fn documented(code: &str) -> Option<(&'static str, &'static str)> {
    let rows = REJECTIONS.lines().filter_map(|line| line.strip_prefix("| `"));
    let row = rows.filter_map(|row| row.split_once("` | ")).find(|(named, _)| *named == code)?.1;
    let mut cells = row.trim_end_matches(['|', ' ']).split(" | ").skip(2);
    Some((cells.next()?, cells.next()?))
}

const REJECTIONS: &str = include_str!("../../../docs/rejections.md");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::Rejection;

    #[test]
    fn every_code_has_its_meaning_and_its_remedy() {
        for rejection in Rejection::all() {
            let (meaning, todo) = documented(rejection.code()).expect("a row of docs/rejections.md");
            assert!(!meaning.is_empty() && !todo.is_empty(), "{}", rejection.code());
        }
    }
}
