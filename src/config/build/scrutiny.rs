//! A source without a guard around it: nothing is listened on, and no app is
//! there.

use super::source;
use crate::config::environment::Environment;
use crate::config::problems::{Problems, Remark, Report};
use crate::config::raw::GuardArgs;
use crate::config::scrutiny::Scrutiny;
use crate::config::secrets;

impl Scrutiny {
    /// Reads the settings of a source as the guard does; the others are not
    /// looked at. `others` are files of secrets to try besides.
    pub fn from_args(
        args: &GuardArgs,
        others: &[String],
        environment: &Environment,
    ) -> Result<(Self, Vec<Remark>), Problems> {
        let mut report = Report::default();
        let mut args = args.clone();
        args.upstream.upstream.get_or_insert_with(|| NOBODY.to_owned());
        let source = source::read(&args, environment, &mut report);
        let others = secrets::read_others("--other-secret-file", others, &mut report);
        let keyings = std::mem::take(&mut report.keyings);
        let scrutiny = source.zip(others).map(|(source, others)| Self { source, keyings, others });
        report.conclude(scrutiny)
    }
}

/// The app of a source that delivers to none.
const NOBODY: &str = "http://127.0.0.1:1";
