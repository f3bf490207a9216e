//! What a source or an endpoint chooses for those of its schemes that it has a
//! meaning for.

use super::{coverage, scheme};
use crate::config::problems::Report;
use crate::config::raw_coverage::CoverageArgs;
use crate::schemes::{Mechanism, Preset, SchemeOptions};

/// The choices.
pub(super) struct Choices {
    pub(super) algorithms: Vec<String>,
    coverage: SchemeOptions,
}

impl Choices {
    /// One scheme that has a use for a choice is enough; of none, the first
    /// says so.
    pub(super) fn read(
        algorithms: &[String],
        coverage: &CoverageArgs,
        asked: &[&Preset],
        report: &mut Report,
    ) -> Option<Self> {
        let with = |has: fn(&Mechanism) -> bool| {
            asked.iter().find(|preset| has(&preset.mechanism)).or(asked.first()).copied()
        };
        let algorithms = scheme::algorithms(algorithms, with(Mechanism::names_keys), report);
        let coverage =
            coverage::read(coverage, with(Mechanism::names_parts), SchemeOptions::default(), report);
        Some(Self { algorithms: algorithms?, coverage: coverage? })
    }

    /// Those for a scheme of `mechanism`.
    pub(super) fn of(&self, mechanism: &Mechanism) -> SchemeOptions {
        let coverage = if mechanism.names_parts() { self.coverage.clone() } else { SchemeOptions::default() };
        let algorithms = if mechanism.names_keys() { self.algorithms.clone() } else { Vec::new() };
        SchemeOptions { algorithms, ..coverage }
    }
}
