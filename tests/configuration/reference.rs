//! `docs/configuration.md` and the flags say the same.

use std::collections::BTreeSet;

use clap::{Arg, ArgAction};
use countersign::config::Role;

/// A setting as both sides describe it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Setting {
    flag: String,
    repeats: bool,
    variable: String,
    default: String,
}

#[test]
fn the_reference_lists_every_flag_with_its_variable_and_default() {
    for role in ROLES {
        let (flags, reference) = (flags(role), reference(role));
        let missing: Vec<_> = flags.difference(&reference).collect();
        let outdated: Vec<_> = reference.difference(&flags).collect();
        assert!(missing.is_empty() && outdated.is_empty(), "missing: {missing:#?}\noutdated: {outdated:#?}");
    }
}

#[test]
fn the_reference_and_the_security_page_have_a_row_for_every_scheme() {
    let reference = include_str!("../../docs/configuration.md").split_once("\n## Schemes\n").unwrap().1;
    let security = include_str!("../../docs/security.md");
    for page in [reference, security] {
        let rows: BTreeSet<_> =
            page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')).collect();
        let named: BTreeSet<_> = rows.into_iter().map(|(name, _)| name).collect();
        assert_eq!(named, countersign::schemes::presets().iter().map(|preset| preset.name).collect());
    }
}

#[test]
fn each_flag_reads_as_a_sentence() {
    let commands = ROLES.map(command);
    for arg in commands.iter().flat_map(clap::Command::get_arguments).filter(|arg| arg.get_id() != "help") {
        let help = arg.get_help().unwrap_or_else(|| panic!("{} has no help", arg.get_id())).to_string();
        assert!(help.starts_with(char::is_uppercase), "{}: {help}", arg.get_id());
        assert!(arg.get_help_heading().is_some(), "{} stands under no heading", arg.get_id());
    }
}

#[test]
fn check_takes_what_each_role_takes() {
    let names = |command: &clap::Command| -> Vec<String> {
        command.get_arguments().map(|arg| arg.get_id().to_string()).collect()
    };
    let all = countersign::cli::command();
    for role in ROLES {
        let check = all.find_subcommand("check").unwrap().find_subcommand(role.name()).unwrap();
        assert_eq!(names(check), names(&command(role)));
    }
}

#[test]
fn the_command_line_is_consistent() {
    countersign::cli::command().debug_assert();
}

const ROLES: [Role; 3] = [Role::Guard, Role::Signer, Role::Injector];

fn command(role: Role) -> clap::Command {
    countersign::cli::command().find_subcommand(role.name()).unwrap().clone()
}

fn flags(role: Role) -> BTreeSet<Setting> {
    let setting = |arg: &Arg| {
        let long = arg.get_long().unwrap();
        Setting {
            flag: format!("--{long}"),
            repeats: matches!(arg.get_action(), ArgAction::Append),
            variable: role.variable(long),
            default: default(arg),
        }
    };
    command(role).get_arguments().filter(|arg| arg.get_id() != "help").map(setting).collect()
}

/// The default that clap knows, or the one that the help text names.
fn default(arg: &Arg) -> String {
    if let Some(value) = arg.get_default_values().first() {
        return value.to_str().unwrap().to_owned();
    }
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let named = help.split_once("[default: ").and_then(|(_, rest)| rest.split_once(']'));
    named.map(|(default, _)| default.to_owned()).unwrap_or_default()
}

/// The rows of every table whose first cell is a flag, as far as their variable
/// is the role's.
fn reference(role: Role) -> BTreeSet<Setting> {
    let rows = include_str!("../../docs/configuration.md").lines().filter(|line| line.starts_with("| `--"));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [flag, variable, default, ..] = cells[..] else { panic!("too few cells: {row}") };
        Setting {
            flag: flag.trim_end_matches(" *").replace('`', ""),
            repeats: flag.ends_with('*'),
            variable: variable.replace('`', ""),
            default: default.replace('`', ""),
        }
    })
    .filter(|setting| setting.variable.starts_with(&role.variable("")))
    .collect()
}
