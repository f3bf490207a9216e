//! The environment: the second place a flag is read from.
//!
//! One rule serves every flag: `--tls-cert` of the guard is also
//! `COUNTERSIGN_GUARD_TLS_CERT`, and so with the other roles'.
//! A flag on the command line wins. Where a flag may be repeated, its variable
//! takes a list separated by commas; an item that itself holds a comma needs
//! the flag. A variable that is set but empty is a value like any other, and a
//! wrong one: emptied by accident, an allow list must not become "anyone".

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::sync::Arc;

use clap::{ArgAction, Command};

use super::nearest::nearest;
use super::problems::Remark;

/// Whose settings they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `countersign guard`.
    Guard,
    /// `countersign signer`.
    Signer,
    /// `countersign injector`.
    Injector,
}

impl Role {
    /// The name of the subcommand.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Guard => "guard",
            Self::Signer => "signer",
            Self::Injector => "injector",
        }
    }

    /// The name of the variable that stands for the flag `--{long}`.
    pub fn variable(self, long: &str) -> String {
        format!("{}{}", self.prefix(), long.replace('-', "_").to_uppercase())
    }

    const fn prefix(self) -> &'static str {
        match self {
            Self::Guard => "COUNTERSIGN_GUARD_",
            Self::Signer => "COUNTERSIGN_SIGNER_",
            Self::Injector => "COUNTERSIGN_INJECTOR_",
        }
    }
}

/// The variables of the process, taken once; none by default.
#[derive(Clone, Default)]
pub struct Environment(Arc<BTreeMap<OsString, OsString>>);

impl Environment {
    /// The variables of this process.
    pub fn of_process() -> Self {
        Self(Arc::new(std::env::vars_os().collect()))
    }

    /// Nothing is set.
    pub fn empty() -> Self {
        Self::default()
    }

    /// The value of `name`, if it is set.
    pub(crate) fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    /// `command` of `role`, with what the environment says in place of the
    /// defaults.
    pub(crate) fn overlay(&self, role: Role, command: Command) -> Command {
        command.mut_args(|arg| {
            let Some(value) = arg.get_long().and_then(|long| self.get(&role.variable(long))) else {
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
    /// a setting that silently does nothing. `flags` are those of `role`.
    pub(super) fn unknown<'a>(&self, role: Role, flags: impl IntoIterator<Item = &'a str>) -> Vec<Remark> {
        let known: Vec<String> = flags.into_iter().map(|flag| role.variable(flag)).collect();
        let names = self.0.keys().filter_map(|name| name.to_str());
        let ours = names.filter(|name| name.starts_with(role.prefix()));
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
        Self(Arc::new(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect()))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(names: &[&str]) -> Environment {
        names.iter().map(|name| ((*name).to_owned(), "x".to_owned())).collect()
    }

    #[test]
    fn a_misspelt_variable_is_told_the_nearest_name() {
        let remarks =
            environment(&["COUNTERSIGN_GUARD_ALOW_IP"]).unknown(Role::Guard, ["allow-ip", "listen"]);
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
        assert_eq!(environment.unknown(Role::Guard, ["listen"]), []);
    }

    #[test]
    fn debug_shows_no_variable() {
        assert_eq!(format!("{:?}", environment(&["A", "B"])), "Environment(2 variables, redacted)");
    }
}
