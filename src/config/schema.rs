//! The JSON Schema of a guard's configuration file, made from the flags that
//! its keys stand for.

use clap::{Arg, ArgAction, Args as _, Command};
use serde_json::{Map, Value, json};

use super::raw::{GuardArgs, SOURCE, SourceArgs};

/// The schema (draft 2020-12) of `--config` of `countersign guard`. It knows
/// names and shapes; what a value may say is in the reference.
pub fn guard_schema() -> Value {
    let source = SourceArgs::augment_args(Command::new(SOURCE));
    let of_a_source: Vec<&str> = source.get_arguments().filter_map(Arg::get_long).collect();
    let guard = GuardArgs::augment_args(Command::new("guard"));
    let of_the_process = guard
        .get_arguments()
        .filter(|arg| arg.get_long().is_some_and(|long| long != "config" && !of_a_source.contains(&long)));
    let mut properties = settings(of_the_process);
    let sources = json!({
        "description": "The senders that the guard accepts, each with its app.",
        "type": "array",
        "minItems": 1,
        "items": {
            "type": "object",
            "properties": settings(source.get_arguments()),
            "required": ["scheme", "upstream"],
            "additionalProperties": false,
        },
    });
    properties.insert(SOURCE.to_owned(), sources);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration file of countersign guard",
        "type": "object",
        "properties": properties,
        "required": [SOURCE],
        "additionalProperties": false,
    })
}

fn settings<'a>(arguments: impl Iterator<Item = &'a Arg>) -> Map<String, Value> {
    let setting = |arg: &Arg| Some((arg.get_long()?.to_owned(), shape(arg)));
    arguments.filter_map(setting).collect()
}

/// A value as a file may write it: a number or a switch stands for its text.
fn shape(arg: &Arg) -> Value {
    let mut shape = Map::new();
    if let Some(help) = arg.get_help() {
        shape.insert("description".to_owned(), help.to_string().into());
    }
    let one = json!(["string", "number", "boolean"]);
    match arg.get_action() {
        ArgAction::Append => {
            let list = json!({ "type": "array", "minItems": 1, "items": { "type": one } });
            shape.insert("oneOf".to_owned(), json!([{ "type": one }, list]));
        }
        _ => {
            shape.insert("type".to_owned(), one);
        }
    }
    shape.into()
}
