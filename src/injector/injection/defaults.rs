//! The injector's own settings: what holds where neither a pod nor its
//! namespace says anything.

use super::given::{Given, Origin, Pairs};
use super::kind::Kind;
use super::names::PREFIX;
use super::options::Options;
use super::pod::PodFacts;
use super::setting::{self, STATE_VOLUME, UPSTREAM_PORT};
use crate::config::nearest;

/// Reads `KEY=VALUE` pairs, or says everything that is wrong with them, each
/// with its key, its value and what was expected.
pub(crate) fn read(texts: &[String]) -> Result<Pairs, Vec<String>> {
    let mut defaults = Pairs::new();
    let mut problems = Vec::new();
    for text in texts {
        let Some((key, value)) = text.split_once('=') else {
            problems.push(format!("--default {text:?}: expected KEY=VALUE, such as log-level=warn"));
            continue;
        };
        let key = key.strip_prefix(PREFIX).unwrap_or(key);
        if let Some(problem) = unknown(key) {
            problems.push(format!("--default {text:?}: {problem}"));
        } else if defaults.insert(key.to_owned(), value.to_owned()).is_some() {
            problems.push(format!("--default {text:?}: is the second for {key}"));
        }
    }
    for problem in Kind::ALL.into_iter().flat_map(|kind| wrong(kind, &defaults)) {
        // Most are the same for both.
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
    if problems.is_empty() { Ok(defaults) } else { Err(problems) }
}

fn unknown(key: &str) -> Option<String> {
    let keys = || Kind::ALL.into_iter().flat_map(setting::all_of).map(|setting| setting.key.as_str());
    if keys().any(|known| known == key) {
        return None;
    }
    Some(match nearest(key, keys()) {
        Some(near) => format!("{key} is not a setting; did you mean {near}?"),
        None => format!("{key} is not a setting; docs/kubernetes.md lists them"),
    })
}

/// What would be wrong with every pod, because of a default.
fn wrong(kind: Kind, defaults: &Pairs) -> Vec<String> {
    let mut defaults = defaults.clone();
    // Right for one pod and wrong for another.
    defaults.retain(|key, _| key != UPSTREAM_PORT && key != STATE_VOLUME);
    let nothing = Pairs::new();
    let given = Given::of(kind, &nothing, &nothing, &defaults);
    let problems = Options::read(&given, &PodFacts::default()).err().unwrap_or_default();
    // The others are about what a pod has yet to say.
    problems.into_iter().filter(|problem| problem.contains(Origin::Injector.place())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_defaults_are_told_at_once() {
        let wrong =
            ["image", "log-level=loud", "rate-limt=1/s", "cpu-limit=1", "cpu-limit=2", "memory-limit=1MB"];
        let wrong = read(&wrong.map(String::from));
        assert_eq!(
            wrong.unwrap_err(),
            [
                r#"--default "image": expected KEY=VALUE, such as log-level=warn"#,
                r#"--default "rate-limt=1/s": rate-limt is not a setting; did you mean rate-limit?"#,
                r#"--default "cpu-limit=2": is the second for cpu-limit"#,
                r#"countersign.dev/memory-limit "1MB" (--default of the injector): expected a quantity, such as 10m, 0.5 or 128Mi"#,
                r#"countersign.dev/log-level "loud": expected one of error, warn, info, debug, trace, off (--default of the injector)"#,
            ]
        );
    }

    #[test]
    fn what_only_a_pod_can_know_is_no_problem_of_a_default() {
        assert!(
            read(
                &[
                    "scheme=github",
                    "upstream-port=http",
                    "upstream-ca=app-ca",
                    "image=a:1",
                    "countersign.dev/plain=on"
                ]
                .map(String::from)
            )
            .is_ok()
        );
    }
}
