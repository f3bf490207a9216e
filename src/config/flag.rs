//! The flags of a role, told of: for those who ask for a role in another form
//! than a command line.

use clap::{Arg, ArgAction, Args, Command};

use super::environment::Environment;
use super::guard::GuardConfig;
use super::problems::Problems;
use super::raw::{GuardArgs, SourceArgs};
use super::raw_signer::{EndpointArgs, SignerArgs};
use super::signer::SignerConfig;

/// One flag of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flag {
    /// Without the dashes.
    pub(crate) name: String,
    /// What its value is called in `--help`: `DURATION`.
    pub(crate) value_name: String,
    /// Whether it may be given again.
    pub(crate) is_list: bool,
    /// The first sentence of its help.
    pub(crate) help: String,
}

impl Flag {
    fn all_of<A: Args>(role: &'static str) -> Vec<Self> {
        A::augment_args(Command::new(role)).get_arguments().filter_map(Self::of).collect()
    }

    fn of(arg: &Arg) -> Option<Self> {
        let value_name = arg.get_value_names().unwrap_or_default().first().map(ToString::to_string);
        Some(Self {
            name: arg.get_long()?.to_owned(),
            value_name: value_name.unwrap_or_default(),
            is_list: matches!(arg.get_action(), ArgAction::Append),
            help: arg.get_help().map(ToString::to_string).unwrap_or_default(),
        })
    }

    /// Whether its value names a file.
    pub(crate) fn takes_file(&self) -> bool {
        self.value_name == "FILE"
    }
}

impl GuardArgs {
    /// Every flag of the guard, in the order of `--help`.
    pub(crate) fn flags() -> Vec<Flag> {
        Flag::all_of::<Self>("guard")
    }

    /// What is wrong with `flags`, as far as it can be told without the files
    /// that they name. Those have paths that begin with `unseen`, where
    /// nothing may be; they are taken to be right.
    pub(crate) fn problems_of(flags: &[String], unseen: &str) -> Vec<String> {
        let nothing = Environment::empty();
        let problems = |flags: &[String]| {
            Self::from_flags(flags, &nothing).map(|args| GuardConfig::problems_without_files(&args, unseen))
        };
        let some_source = ["--scheme=standard-webhooks", "--upstream=http://127.0.0.1:1"];
        let Some(rest) = without_config(flags) else { return lines(problems(flags), Problems::lines) };
        match beside_config(&rest, &SourceArgs::names(), whole(some_source, unseen)) {
            // The file may say whatever is missing.
            Ok(flags) => lines(problems(&flags), Problems::certain_lines),
            Err(problem) => vec![problem],
        }
    }
}

impl SignerArgs {
    /// Every flag of the signer, in the order of `--help`.
    pub(crate) fn flags() -> Vec<Flag> {
        Flag::all_of::<Self>("signer")
    }

    /// As [`GuardArgs::problems_of`].
    pub(crate) fn problems_of(flags: &[String], unseen: &str) -> Vec<String> {
        let nothing = Environment::empty();
        let problems = |flags: &[String]| {
            Self::from_flags(flags, &nothing).map(|args| SignerConfig::problems_without_files(&args, unseen))
        };
        let some_endpoint = ["--scheme=standard-webhooks", "--endpoint=https://consumer.example"];
        let Some(rest) = without_config(flags) else { return lines(problems(flags), Problems::lines) };
        match beside_config(&rest, &EndpointArgs::names(), whole(some_endpoint, unseen)) {
            // The file has endpoints and nothing else.
            Ok(flags) => lines(problems(&flags), Problems::lines),
            Err(problem) => vec![problem],
        }
    }
}

/// `flags` less the file of `--config`, if there is one.
fn without_config(flags: &[String]) -> Option<Vec<String>> {
    let is_config = |flag: &&String| flag.starts_with("--config=");
    flags
        .iter()
        .any(|flag| is_config(&flag))
        .then(|| flags.iter().filter(|flag| !is_config(flag)).cloned().collect())
}

/// `flags` with `something` in place of what `of_the_file` beside them alone can
/// say; or which of them say it too.
fn beside_config(
    flags: &[String],
    of_the_file: &[String],
    something: Vec<String>,
) -> Result<Vec<String>, String> {
    let is_of_the_file = |flag: &&str| of_the_file.iter().any(|name| flag.strip_prefix("--") == Some(name));
    let names = flags.iter().map(|flag| flag.split_once('=').map_or(flag.as_str(), |(name, _)| name));
    let beside: Vec<&str> = names.filter(is_of_the_file).collect();
    if beside.is_empty() {
        Ok(flags.iter().cloned().chain(something).collect())
    } else {
        Err(format!("--config excludes {}: the file says it", beside.join(", ")))
    }
}

/// `something` with a secret that is elsewhere, and with bodies that fit into
/// any budget: how long those are that the file has, it says.
fn whole(something: [&str; 2], unseen: &str) -> Vec<String> {
    let rest = [format!("--secret-file={unseen}"), "--max-body=1B".to_owned()];
    something.into_iter().map(str::to_owned).chain(rest).collect()
}

/// What was found, if flags could be read at all.
type Reading = Result<Option<Problems>, clap::Error>;

fn lines(read: Reading, of: impl Fn(&Problems) -> Vec<String>) -> Vec<String> {
    match read {
        Ok(problems) => problems.as_ref().map(of).unwrap_or_default(),
        // Of several lines; the first one says what is wrong.
        Err(error) => error.to_string().lines().take(1).map(str::to_owned).collect(),
    }
}

#[cfg(test)]
mod tests;
