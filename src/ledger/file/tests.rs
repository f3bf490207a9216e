//! The engine as a whole: the contract, and what a restart finds.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tempfile::TempDir;

use super::*;
use crate::config::Fsync;
use crate::ledger::{contract, model};

/// A directory for each ledger of a test.
struct Directories {
    root: TempDir,
    opened: AtomicU64,
}

impl Directories {
    fn new() -> Self {
        Self { root: TempDir::new().unwrap(), opened: AtomicU64::new(0) }
    }

    /// A ledger in a directory that was not there before.
    fn open(&self, options: &LedgerOptions, clock: Arc<dyn Clock>, fsync: Fsync) -> FileLedger {
        let number = self.opened.fetch_add(1, Ordering::Relaxed);
        let state_dir = self.root.path().join(number.to_string());
        std::fs::create_dir(&state_dir).unwrap();
        FileLedger::open(&FileEngineConfig { state_dir, fsync }, options, clock).unwrap()
    }
}

mod fsync_interval {
    use super::*;

    contract::tests!(Time::Real, {
        let directories = Directories::new();
        async move |options, clock| directories.open(&options, clock, Fsync::Interval)
    });
    model::tests!({
        let directories = Directories::new();
        async move |options, clock| directories.open(&options, clock, Fsync::Interval)
    });
}

mod fsync_always {
    use super::*;

    contract::tests!(Time::Real, {
        let directories = Directories::new();
        async move |options, clock| directories.open(&options, clock, Fsync::Always)
    });
}
