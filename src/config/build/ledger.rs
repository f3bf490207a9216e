//! The ledger: where it is kept, how much it holds, and what it does when it
//! cannot know.

use std::fs;
use std::path::Path;

use super::state;
use crate::config::environment::Environment;
use crate::config::problems::Report;
use crate::config::raw::{LedgerArgs, StateArgs};
use crate::config::values::{Fault, number, word};
use crate::config::{EngineConfig, FileEngineConfig, LedgerConfig};

pub(super) fn read(
    args: &LedgerArgs,
    state: &StateArgs,
    environment: &Environment,
    report: &mut Report,
) -> Option<LedgerConfig> {
    let entries_max = report.read("--ledger-max", &args.ledger_max, |text| number(text, 1..=ENTRIES_MAX));
    let on_unknown = report.read("--on-unknown", &args.on_unknown, word);
    let boot_fence = report.read("--boot-fence", &args.boot_fence, word);
    let (own, shared) = (engine(args, report), state::read(state, environment, report));
    let engine = match (own?, shared?) {
        (own, None) => own,
        (EngineConfig::Memory, Some(shared)) => EngineConfig::Redis(Box::new(shared)),
        (_, Some(_)) => {
            report.problem("--state", "contradicts --state-dir: leave one of the two out");
            return None;
        }
    };
    Some(LedgerConfig {
        engine,
        entries_max: entries_max? as usize,
        on_unknown: on_unknown?,
        boot_fence: boot_fence?,
    })
}

/// Memory, unless a flag names another place.
fn engine(args: &LedgerArgs, report: &mut Report) -> Option<EngineConfig> {
    let state_dir = match args.state_dir.as_deref() {
        Some(path) => report.read_file("--state-dir", path, directory).map(Some),
        None => Some(None),
    };
    let fsync = report.read_optional("--fsync", args.fsync.as_deref(), word);
    if args.fsync.is_some() && args.state_dir.is_none() {
        report.lacking("--fsync", "has no meaning without --state-dir");
    }
    let fsync = fsync?.unwrap_or_default();
    Some(match state_dir? {
        Some(state_dir) => EngineConfig::File(FileEngineConfig { state_dir, fsync }),
        None => EngineConfig::Memory,
    })
}

/// A directory that is missing may well be a mount that is missing: it is not
/// made.
fn directory(path: &Path) -> Result<(), Fault> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(_) => Err("is not a directory".into()),
        Err(error) => Err(format!("cannot be used as a directory: {error}").into()),
    }
}

/// At about 575 bytes an entry this is already 58 GB.
const ENTRIES_MAX: u32 = 100_000_000;
