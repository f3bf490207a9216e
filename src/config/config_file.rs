//! A configuration file: settings of the process, then tables of one kind.
//!
//! ```toml
//! listen = "0.0.0.0:8443"
//!
//! [[source]]
//! source = "billing"
//! path = ["/hooks/billing"]
//! secret-file = ["new.secret", "old.secret"]
//! ```
//!
//! A setting of a file is a flag in another spelling: each key becomes a flag
//! and is read by the same code, so the two cannot drift apart. Hyphens and
//! underscores are the same in keys.

use std::path::Path;

use clap::{ArgAction, Command};
use toml::{Table, Value};

use super::files;
use super::nearest::nearest;
use super::problems::Report;
use super::values::Fault;

/// A file as it was written, cut into flags but not yet read.
#[derive(Clone, Debug)]
pub struct ConfigFile {
    path: String,
    /// What a table is called: `source`, `endpoint`.
    kind: &'static str,
    /// The names of settings that may stand above the tables.
    of_the_process: Vec<String>,
    settings: Settings,
    tables: Vec<Value>,
    faults: Vec<(String, Fault)>,
    /// Whether it is TOML at all.
    read: bool,
}

/// Flags, less their dashes, each with its values.
type Settings = Vec<(String, Vec<String>)>;

impl ConfigFile {
    /// Reads the file at `path`, whose tables are called `kind` and have
    /// settings of the names `of_a_table`, and which may have settings
    /// `of_the_process` above them. What is wrong with it is kept for
    /// [`tables`](Self::tables) to report.
    pub(super) fn read(
        path: &str,
        of_the_process: Vec<String>,
        kind: &'static str,
        of_a_table: &[String],
    ) -> Self {
        let mut file = Self {
            path: path.to_owned(),
            kind,
            of_the_process,
            settings: vec![],
            tables: vec![],
            faults: vec![],
            read: true,
        };
        match parse(path) {
            Ok(table) => file.take(table, of_a_table),
            Err(fault) => {
                file.faults.push((path.to_owned(), fault));
                file.read = false;
            }
        }
        file
    }

    fn take(&mut self, mut table: Table, of_a_table: &[String]) {
        match table.remove(self.kind) {
            Some(Value::Array(tables)) if !tables.is_empty() => self.tables = tables,
            _ => {
                let fault = format!("names no {0}: expected at least one [[{0}]]", self.kind);
                self.faults.push((self.path.clone(), fault.into()));
            }
        }
        let known: Vec<&str> = self.of_the_process.iter().map(String::as_str).chain([self.kind]).collect();
        let elsewhere = Elsewhere { names: of_a_table, place: format!("in a [[{}]]", self.kind) };
        self.settings = settings(table, &known, &elsewhere, &mut self.faults);
    }

    /// `command` with what the file says of the process in place of the
    /// defaults.
    pub(crate) fn overlay(&self, command: Command) -> Command {
        self.settings.iter().fold(command, |command, (name, values)| {
            command.mut_arg(name_of_argument(name), |arg| match (arg.get_action(), &values[..]) {
                (ArgAction::Append, values) => arg.default_values(values.to_vec()),
                (_, [value]) => arg.default_value(value.clone()),
                // Two values for one are refused where they are read.
                (_, values) => arg.default_value(values.join(",")),
            })
        })
    }

    /// Whether nothing can be known of what the file says, which is reported
    /// then: what it may well say must not be called missing.
    pub(super) fn is_unreadable(&self, report: &mut Report) -> bool {
        if !self.read {
            self.report_faults(report);
        }
        !self.read
    }

    fn report_faults(&self, report: &mut Report) {
        report.comes_from(&self.path);
        for (value, fault) in &self.faults {
            if *value == self.path {
                report.wrong("--config", value, fault.clone());
                continue;
            }
            report.at(format!("{}: ", self.path));
            report.wrong("key", value, fault.clone());
            report.at("");
        }
    }

    /// The tables in their order, as flags of `known` names; `None` for those
    /// of which nothing more can be read. Reports what is wrong with the file.
    pub(super) fn tables(&self, known: &[String], report: &mut Report) -> Vec<Option<Vec<String>>> {
        self.report_faults(report);
        let read = |(number, table): (usize, &Value)| {
            report.at(self.place(number));
            let flags = self.flags(table, known, report);
            report.at("");
            flags
        };
        self.tables.iter().enumerate().map(read).collect()
    }

    fn flags(&self, table: &Value, known: &[String], report: &mut Report) -> Option<Vec<String>> {
        let Value::Table(table) = table else {
            report.problem("--config", format!("expected a table: write [[{}]]", self.kind));
            return None;
        };
        let mut faults = Vec::new();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let table = table.clone().into_iter().map(|(key, value)| (self.of_the_kind(key, &known), value));
        let place = format!("above the first [[{}]]", self.kind);
        let elsewhere = Elsewhere { names: &self.of_the_process, place };
        let settings = settings(table.collect(), &known, &elsewhere, &mut faults);
        for (key, fault) in faults {
            report.wrong("key", &key, fault);
        }
        let flag = |(name, values): &(String, Vec<String>)| {
            values.iter().map(|value| format!("--{name}={value}")).collect::<Vec<_>>()
        };
        Some(settings.iter().flat_map(flag).collect())
    }

    /// What the tables say for the flag `long`, wherever they do.
    pub(super) fn texts_of(&self, long: &str) -> Vec<String> {
        let tables = self.tables.iter().filter_map(Value::as_table);
        let is_it = |key: &String| self.of_the_kind(key.clone(), &[long]).replace('_', "-") == long;
        let values = tables.flat_map(|table| table.iter().filter(move |(key, _)| is_it(key)));
        values.filter_map(|(_, value)| texts(value.clone()).ok()).flatten().collect()
    }

    /// A flag that names the kind, such as `--source-client-ca`, does without
    /// it in a table of the kind.
    fn of_the_kind(&self, key: String, known: &[&str]) -> String {
        let whole = format!("{}-{}", self.kind, key.replace('_', "-"));
        if known.contains(&whole.as_str()) { whole } else { key }
    }

    /// How the problems of a table begin.
    pub(super) fn place(&self, number: usize) -> String {
        format!("{}: [[{}]] {}: ", self.path, self.kind, number + 1)
    }
}

/// clap knows an argument by its field, which is its flag with underscores.
fn name_of_argument(long: &str) -> String {
    long.replace('-', "_")
}

fn parse(path: &str) -> Result<Table, Fault> {
    let bytes = files::read(Path::new(path), FILE_BYTES_MAX)?;
    let text = str::from_utf8(&bytes).map_err(|_| "is not UTF-8")?;
    text.parse().map_err(|error: toml::de::Error| {
        // The message alone: its context quotes the file.
        let line = error.span().map_or(1, |span| text[..span.start].lines().count().max(1));
        format!("is not TOML in line {line}: {}", error.message()).into()
    })
}

/// What clap made of a table's flags. All of them are known, so what it can
/// mind is a list for what has one value.
pub(super) fn one_value_each<T>(read: Result<T, clap::Error>, report: &mut Report) -> Option<T> {
    read.map_err(|_| report.problem("--config", "gives a list for a setting that has one value")).ok()
}

/// The settings in `table` of the names `known`. What is none is a fault.
fn settings(
    table: Table,
    known: &[&str],
    elsewhere: &Elsewhere<'_>,
    faults: &mut Vec<(String, Fault)>,
) -> Settings {
    let mut settings = Settings::new();
    for (key, value) in table {
        let long = key.replace('_', "-");
        match (known.contains(&long.as_str()), texts(value)) {
            (false, _) => {
                let fault = unknown(&key, known, elsewhere);
                faults.push((key, fault));
            }
            (true, Err(fault)) => faults.push((key, fault.into())),
            (true, Ok(_)) if settings.iter().any(|(name, _)| *name == long) => {
                faults.push((key, "is given twice, once with an underscore: leave one out".into()));
            }
            (true, Ok(texts)) => settings.push((long, texts)),
        }
    }
    settings
}

/// A value as its flag would have it. A list that was emptied by accident is
/// not the same as none: without an allow list everybody is let in.
fn texts(value: Value) -> Result<Vec<String>, &'static str> {
    match value {
        Value::Array(values) if values.is_empty() => {
            Err("is an empty list: name something, or leave the key out")
        }
        Value::Array(values) => values.into_iter().map(text).collect(),
        value => text(value).map(|text| vec![text]),
    }
}

fn text(value: Value) -> Result<String, &'static str> {
    match value {
        Value::String(text) => Ok(text),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Float(number) => Ok(number.to_string()),
        Value::Boolean(switch) => Ok(if switch { "on" } else { "off" }.to_owned()),
        Value::Array(_) | Value::Datetime(_) | Value::Table(_) => {
            Err("expected a text, a number, true or false, or a list of them")
        }
    }
}

/// Names that mean something in another place of the file.
struct Elsewhere<'a> {
    names: &'a [String],
    place: String,
}

fn unknown(key: &str, known: &[&str], elsewhere: &Elsewhere<'_>) -> Fault {
    if elsewhere.names.contains(&key.replace('_', "-")) {
        return format!("belongs {}", elsewhere.place).into();
    }
    match nearest(key, known.iter().copied()) {
        Some(near) => format!("is no known key; did you mean {near:?}?").into(),
        None => "is no known key".into(),
    }
}

/// Room for several thousand sources.
const FILE_BYTES_MAX: usize = 16 << 20;
