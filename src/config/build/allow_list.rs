//! The allow list of a source: addresses given one by one, and those of a file.
//!
//! A file is a list of networks, one a line, or what a provider publishes:
//! GitHub's `api.github.com/meta` with its `hooks`, and Stripe's
//! `ips_webhooks.json` with its `WEBHOOKS`.

use std::path::Path;

use ipnet::IpNet;
use serde_json::Value;

use crate::config::files;
use crate::config::problems::Report;
use crate::config::raw::SenderArgs;
use crate::config::values::{Fault, network};

/// The allow list of both flags together. Empty means any address, so a file
/// that names none is a problem, not an invitation.
pub(super) fn read(args: &SenderArgs, report: &mut Report) -> Option<Vec<IpNet>> {
    let listed = report.read_each("--allow-ip", &args.allow_ip, network);
    let Some(path) = args.allow_ip_file.as_deref().filter(|path| !report.is_unseen(path)) else {
        return listed;
    };
    report.comes_from(path);
    let entries = report.read("--allow-ip-file", path, entries)?;
    if entries.is_empty() {
        report.wrong("--allow-ip-file", path, "names no network: expected one a line");
        return None;
    }
    let read = |(place, entry): &(String, String)| {
        network(entry)
            .map_err(|fault| report.wrong("--allow-ip-file", &format!("{path}{place}: {entry}"), fault))
            .ok()
    };
    let from_file: Vec<IpNet> = entries.iter().filter_map(read).collect();
    let complete = from_file.len() == entries.len();
    complete.then_some(from_file).zip(listed).map(|(from_file, listed)| [listed, from_file].concat())
}

/// The entries of the file at `path`, each with its place.
fn entries(path: &str) -> Result<Vec<(String, String)>, Fault> {
    let bytes = files::read(Path::new(path), FILE_BYTES_MAX)?;
    let text = str::from_utf8(&bytes).map_err(|_| "is not UTF-8 text")?;
    if text.trim_start().starts_with('{') { published(text) } else { Ok(lines(text)) }
}

fn lines(text: &str) -> Vec<(String, String)> {
    let entries = text.lines().map(|line| line.split('#').next().unwrap_or("").trim());
    let numbered = entries.enumerate().filter(|(_, entry)| !entry.is_empty());
    numbered.map(|(index, entry)| (format!(":{}", index + 1), entry.to_owned())).collect()
}

fn published(text: &str) -> Result<Vec<(String, String)>, Fault> {
    let object: Value =
        serde_json::from_str(text).map_err(|error| format!("is not JSON in line {}", error.line()))?;
    let lists = LISTS.iter().filter_map(|name| Some((name, object.get(name)?.as_array()?)));
    let lists: Vec<_> = lists.collect();
    let [(name, list)] = lists[..] else {
        return Err(format!(
            "expected one list under {}, as GitHub and Stripe publish it",
            LISTS.join(" or ")
        )
        .into());
    };
    let entry = |(index, entry): (usize, &Value)| match entry {
        Value::String(entry) => Ok((format!(":{name}[{index}]"), entry.clone())),
        _ => Err(Fault::from(format!("has something else than a text under {name}"))),
    };
    list.iter().enumerate().map(entry).collect()
}

/// Under which providers list the addresses that webhooks come from.
const LISTS: [&str; 2] = ["hooks", "WEBHOOKS"];

/// Room for some thirty thousand networks, and for all that GitHub publishes.
const FILE_BYTES_MAX: usize = 1 << 20;
