//! The environment: the second place a flag is read from.
//!
//! One rule serves every flag: `--tls-cert` is also `COUNTERSIGN_GUARD_TLS_CERT`.
//! A flag on the command line wins. Where a flag may be repeated, its variable
//! takes a list separated by commas; an item that itself holds a comma needs
//! the flag. A variable that is set but empty is a value like any other, and a
//! wrong one: emptied by accident, an allow list must not become "anyone".

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;

use clap::{ArgAction, Command};

use super::nearest::nearest;
use super::problems::Remark;

/// The variables of the process, taken once; none by default.
#[derive(Default)]
pub struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// The variables of this process.
    pub fn of_process() -> Self {
        Self(std::env::vars_os().collect())
    }

    /// Nothing is set.
    pub const fn empty() -> Self {
        Self(BTreeMap::new())
    }

    /// The value of `name`, if it is set.
    pub(crate) fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    /// The name of the variable that stands for the flag `--{long}` of the guard.
    pub fn variable(long: &str) -> String {
        format!("{PREFIX}{}", long.replace('-', "_").to_uppercase())
    }

    /// `command`, with what the environment says in place of the defaults.
    pub(crate) fn overlay(&self, command: Command) -> Command {
        command.mut_args(|arg| {
            let Some(value) = arg.get_long().and_then(|long| self.get(&Self::variable(long))) else {
                return arg;
            };
            // What is not UTF-8 becomes a value that is refused where it is read.
            let value = value.to_string_lossy().into_owned();
            match arg.get_action() {
                ArgAction::Append => arg.default_values(value.split(',').map(|item| item.trim().to_owned())),
                _ => arg.default_value(value),
            }
        })
    }

    /// What looks like ours and is not: a misspelt variable would otherwise be
    /// a setting that silently does nothing. `flags` are the guard's.
    pub(super) fn unknown<'a>(&self, flags: impl IntoIterator<Item = &'a str>) -> Vec<Remark> {
        let known: Vec<String> = flags.into_iter().map(Self::variable).collect();
        let ours = self.0.keys().filter_map(|name| name.to_str()).filter(|name| name.starts_with(PREFIX));
        ours.filter(|name| !made_by_kubernetes(name) && !known.iter().any(|known| known == name))
            .map(|name| {
                let hint = match nearest(name, known.iter().map(String::as_str)) {
                    Some(near) => format!("is not a setting and is ignored; did you mean {near}?"),
                    None => "is not a setting and is ignored".to_owned(),
                };
                Remark::warning(name.to_owned(), hint)
            })
            .collect()
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl fmt::Debug for Environment {
    /// The number of variables: any of them may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Environment({} variables, redacted)", self.0.len())
    }
}

/// For a Service named `countersign-guard` Kubernetes gives pods variables such
/// as `COUNTERSIGN_GUARD_SERVICE_HOST` and `COUNTERSIGN_GUARD_PORT_8843_TCP`
/// (Kubernetes documentation, "Discovering services").
fn made_by_kubernetes(name: &str) -> bool {
    name.ends_with("_PORT")
        || name.contains("_PORT_")
        || name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
}

const PREFIX: &str = "COUNTERSIGN_GUARD_";

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(names: &[&str]) -> Environment {
        names.iter().map(|name| ((*name).to_owned(), "x".to_owned())).collect()
    }

    #[test]
    fn a_misspelt_variable_is_told_the_nearest_name() {
        let remarks = environment(&["COUNTERSIGN_GUARD_ALOW_IP"]).unknown(["allow-ip", "listen"]);
        assert_eq!(
            remarks.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [
                "warning: COUNTERSIGN_GUARD_ALOW_IP is not a setting and is ignored; did you mean COUNTERSIGN_GUARD_ALLOW_IP?"
            ]
        );
    }

    #[test]
    fn what_kubernetes_makes_and_what_is_known_is_left_alone() {
        let environment = environment(&[
            "COUNTERSIGN_GUARD_PORT",
            "COUNTERSIGN_GUARD_PORT_8843_TCP_ADDR",
            "COUNTERSIGN_GUARD_SERVICE_HOST",
            "COUNTERSIGN_GUARD_SERVICE_PORT_HTTPS",
            "COUNTERSIGN_GUARD_LISTEN",
            "PATH",
        ]);
        assert_eq!(environment.unknown(["listen"]), []);
    }

    #[test]
    fn debug_shows_no_variable() {
        assert_eq!(format!("{:?}", environment(&["A", "B"])), "Environment(2 variables, redacted)");
    }
}
