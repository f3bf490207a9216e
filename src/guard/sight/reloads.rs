//! What became of the configurations that a guard has read.

use std::sync::{Mutex, PoisonError};

use crate::clock::UnixTime;
use crate::control::{At, ConfigurationStatus, RefusedConfiguration};

/// Since the start. Asked only when one is read, and by who looks.
#[derive(Debug, Default)]
pub(crate) struct Reloads(Mutex<History>);

#[derive(Debug, Default)]
struct History {
    taken: u64,
    last_taken: Option<UnixTime>,
    refused: u64,
    last_refused: Option<RefusedConfiguration>,
    is_current: bool,
    awaiting_restart: Vec<&'static str>,
}

impl Reloads {
    /// A configuration is in force, but for the settings that take a restart.
    pub(crate) fn taken(&self, now: UnixTime, awaiting_restart: Vec<&'static str>) {
        self.change(|history| {
            history.taken += 1;
            history.last_taken = Some(now);
            history.is_current = true;
            history.awaiting_restart = awaiting_restart;
        });
    }

    /// One that was read is of no use, for these reasons.
    pub(crate) fn refused(&self, now: UnixTime, problems: &[String]) {
        let shown = problems.iter().take(PROBLEMS_MAX).map(|problem| cut(problem)).collect();
        let further_problems = problems.len().saturating_sub(PROBLEMS_MAX);
        self.change(|history| {
            history.refused += 1;
            history.is_current = false;
            history.last_refused =
                Some(RefusedConfiguration { at: At(now), problems: shown, further_problems });
        });
    }

    /// Whether what was read last is in force.
    pub(crate) fn is_current(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_current
    }

    pub(super) fn status(&self) -> ConfigurationStatus {
        let history = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ConfigurationStatus {
            is_current: history.is_current,
            taken: history.taken,
            last_taken: history.last_taken.map(At),
            refused: history.refused,
            last_refused: history.last_refused.clone(),
            awaiting_restart: history.awaiting_restart.iter().copied().map(str::to_owned).collect(),
        }
    }

    fn change(&self, change: impl FnOnce(&mut History)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

fn cut(problem: &str) -> String {
    match problem.char_indices().nth(PROBLEM_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &problem[..end]),
        None => problem.to_owned(),
    }
}

/// A file with more mistakes than this has one that explains the rest.
const PROBLEMS_MAX: usize = 32;

const PROBLEM_CHARS_MAX: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_configuration_is_remembered_within_bounds_until_another_one() {
        let reloads = Reloads::default();
        let at = UnixTime::from_secs;
        reloads.taken(at(1), Vec::new());
        let problems: Vec<String> = (0..100).map(|number| format!("{number} {}", "ö".repeat(1000))).collect();
        reloads.refused(at(2), &problems);
        let status = reloads.status();
        let refused = status.last_refused.unwrap();
        assert!(!status.is_current);
        assert_eq!((refused.problems.len(), refused.further_problems), (32, 68));
        assert!(refused.problems.iter().all(|problem| problem.chars().count() == 513));
        reloads.taken(at(3), vec!["threads"]);
        let status = reloads.status();
        assert!(status.is_current);
        assert_eq!((status.taken, status.refused, status.last_taken), (2, 1, Some(At(at(3)))));
        assert_eq!(status.last_refused.unwrap().at, At(at(2)));
        assert_eq!(status.awaiting_restart, ["threads"]);
    }
}
