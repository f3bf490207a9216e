//! Sources without a guard around them: nothing is listened on, and no app is
//! there.

use super::sources;
use crate::config::environment::Environment;
use crate::config::problems::{Problems, Remark, Report};
use crate::config::raw::GuardArgs;
use crate::config::scrutiny::{Scrutinies, Scrutiny};
use crate::config::secrets;

impl Scrutinies {
    /// Reads the settings of each source as the guard does; the others are not
    /// looked at. `others` are files of secrets to try besides.
    pub fn from_args(
        args: &GuardArgs,
        others: &[String],
        environment: &Environment,
    ) -> Result<(Self, Vec<Remark>), Problems> {
        let mut report = Report::default();
        let mut args = args.clone();
        if args.file.is_none() {
            args.source.upstream.upstream.get_or_insert_with(|| NOBODY.to_owned());
        }
        let sources = sources::read(&args, environment, &mut report);
        let others = secrets::read_others("--other-secret-file", others, &mut report);
        // They were compiled source by source, and for each scheme by scheme.
        let mut keyings = std::mem::take(&mut report.keyings).into_iter();
        let scrutinies = sources.zip(others).map(|(sources, others)| {
            let under = |source: crate::config::SourceConfig| {
                let count = source.demand.iter().count();
                Scrutiny { keyings: keyings.by_ref().take(count).collect(), source }
            };
            Self { sources: sources.into_iter().map(under).collect(), others }
        });
        report.conclude(scrutinies)
    }
}

/// The app of a source that delivers to none.
const NOBODY: &str = "http://127.0.0.1:1";
