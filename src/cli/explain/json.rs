//! What is said, for programs: the keys count as interface.

use serde_json::{Value, json};

use super::facts::{Facts, SchemeFacts, Why, shown_time};
use super::steps::{Outcome, Step};
use super::text::documented;
use crate::explain::Finding;

pub(super) fn shown(facts: &Facts<'_>) -> Value {
    let request = &facts.capture.request;
    let code = facts.code();
    let (meaning, todo) = code.and_then(documented).unzip();
    json!({
        "verdict": if code.is_none() { "accept" } else { "reject" },
        "code": code,
        "meaning": meaning,
        "todo": todo,
        "capture": {
            "format": facts.capture.format.name(),
            "method": request.method.as_str(),
            "target": request.target,
            "fields": request.fields.len(),
            "body_bytes": request.body.len(),
            "notes": facts.capture.notes,
        },
        "received": { "at": shown_time(facts.received.at), "from": facts.received.from },
        "source": facts.source,
        "steps": steps(&facts.steps),
        "schemes": facts.schemes.iter().map(scheme).collect::<Value>(),
    })
}

fn steps(steps: &[Step]) -> Value {
    let step = |Step { name, outcome, detail }: &Step| {
        let (word, code) = match outcome {
            Outcome::Passed => ("pass", None),
            Outcome::Refused(code) => ("fail", Some(*code)),
            Outcome::NotReached => ("not_reached", None),
        };
        json!({ "name": name, "outcome": word, "code": code, "detail": detail })
    };
    steps.iter().map(step).collect()
}

fn scheme(scheme: &SchemeFacts<'_>) -> Value {
    let (conclusion, slot, findings, tries) = match &scheme.why {
        Why::Holds { slot } => ("holds", Some(slot + 1), &[][..], None),
        Why::TimeOnly => ("time_only", None, &[][..], None),
        Why::Explained(findings) => ("explained", None, &findings[..], None),
        Why::Absent { tries } => ("absent", None, &[][..], Some(tries)),
        Why::NotLookedAt => ("not_looked_at", None, &[][..], None),
        Why::Unexplained { tries, .. } => ("unexplained", None, &[][..], Some(tries)),
    };
    json!({
        "scheme": scheme.case.preset.name,
        "steps": steps(&scheme.steps),
        "conclusion": conclusion,
        "secret": slot,
        "findings": findings.iter().map(finding).collect::<Value>(),
        "tries": tries,
        "hints": scheme.hints,
    })
}

fn finding(finding: &Finding) -> Value {
    let mistake = |(mistake, detail): &(crate::explain::Mistake, String)| json!({ "code": mistake.code(), "said": mistake.said(), "detail": detail, "todo": mistake.todo() });
    json!({
        "mistakes": finding.mistakes.iter().map(mistake).collect::<Value>(),
        "secret": finding.slot + 1,
    })
}
