//! Several endpoints, from a TOML file.
//!
//! ```toml
//! [[endpoint]]
//! endpoint = "https://consumer.example/hooks"
//! name = "billing"
//! secret-file = ["new.secret", "old.secret"]
//! ```
//!
//! An endpoint of a file is its flags in another spelling: each key becomes a
//! flag and is read by the same code, so the two cannot drift apart.

use std::path::Path;

use toml::{Table, Value};

use crate::config::files;
use crate::config::nearest::nearest;
use crate::config::problems::Report;
use crate::config::raw_signer::EndpointArgs;
use crate::config::values::Fault;

/// The endpoints of the file in their order, `None` for those of which nothing
/// more can be read.
pub(super) fn read(path: &str, report: &mut Report) -> Option<Vec<Option<EndpointArgs>>> {
    let mut table = report.read("--config", path, parse)?;
    let endpoints = table.remove(ENDPOINT);
    for key in table.keys() {
        report.wrong("--config", key, unknown(key, [ENDPOINT].into_iter()));
    }
    match endpoints {
        Some(Value::Array(endpoints)) if !endpoints.is_empty() => {
            let names = EndpointArgs::names();
            let read = endpoints.into_iter().enumerate().map(|(number, endpoint)| {
                report.at(place(path, number));
                flags(endpoint, &names, report)
            });
            let read = read.collect();
            report.at("");
            Some(read)
        }
        _ => {
            report.wrong("--config", path, "names no endpoint: expected at least one [[endpoint]]");
            None
        }
    }
}

/// How the problems of an endpoint begin.
pub(super) fn place(path: &str, number: usize) -> String {
    format!("{path}: [[endpoint]] {}: ", number + 1)
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

fn flags(endpoint: Value, names: &[String], report: &mut Report) -> Option<EndpointArgs> {
    let Value::Table(table) = endpoint else {
        report.problem("--config", "expected a table of settings");
        return None;
    };
    let mut flags = Vec::new();
    for (key, value) in table {
        let long = key.replace('_', "-");
        match (names.contains(&long), texts(value)) {
            (true, Some(texts)) => flags.extend(texts.into_iter().map(|text| format!("--{long}={text}"))),
            (true, None) => {
                report.wrong("--config", &key, "expected a text, a number, true or false, or a list of them");
            }
            (false, _) => report.wrong("--config", &key, unknown(&key, names.iter().map(String::as_str))),
        }
    }
    EndpointArgs::from_file(&flags)
        .map_err(|_| report.problem("--config", "gives a setting twice that has one value"))
        .ok()
}

/// A value as its flag would have it.
fn texts(value: Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text]),
        Value::Integer(number) => Some(vec![number.to_string()]),
        Value::Boolean(switch) => Some(vec![switch.to_string()]),
        Value::Array(values) => values
            .into_iter()
            .map(|value| match value {
                Value::Array(_) => None,
                value => texts(value)?.pop(),
            })
            .collect(),
        Value::Float(_) | Value::Datetime(_) | Value::Table(_) => None,
    }
}

fn unknown<'a>(key: &str, known: impl Iterator<Item = &'a str>) -> Fault {
    match nearest(key, known) {
        Some(near) => format!("is no known key; did you mean {near:?}?").into(),
        None => "is no known key".into(),
    }
}

const ENDPOINT: &str = "endpoint";

/// Room for several thousand endpoints.
const FILE_BYTES_MAX: usize = 4 << 20;
