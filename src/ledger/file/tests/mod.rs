//! The engine as a whole: the contract, and what a restart finds.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tempfile::TempDir;

use super::*;
use crate::config::Fsync;
use crate::ledger::{contract, model};

mod compaction;
mod damage;
mod failure;
mod restart;

/// A directory for each ledger of a test.
struct Directories {
    root: TempDir,
    made: AtomicU64,
}

impl Directories {
    fn new() -> Self {
        // In memory where there is such a place: a test may make thousands.
        let root = TempDir::new_in("/dev/shm").or_else(|_| TempDir::new());
        Self { root: root.unwrap(), made: AtomicU64::new(0) }
    }

    /// One that was not there before.
    fn make(&self) -> PathBuf {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let path = self.root.path().join(number.to_string());
        fs::create_dir(&path).unwrap();
        path
    }

    /// What a process that is killed at this moment leaves.
    fn killed(&self, state_dir: &Path) -> PathBuf {
        let copy = self.make();
        Directory::open(&copy).unwrap();
        for entry in fs::read_dir(state_dir.join("ledger")).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), copy.join("ledger").join(entry.file_name())).unwrap();
        }
        copy
    }
}

fn open(
    state_dir: &Path,
    options: &LedgerOptions,
    clock: Arc<dyn Clock>,
    fsync: Fsync,
) -> Result<FileLedger, OpenError> {
    let config = FileEngineConfig { state_dir: state_dir.to_owned(), fsync };
    unlocked(move || FileLedger::open(&config, options, Arc::clone(&clock)))
}

/// Opens once the lock is free. A process that another test of this binary
/// starts, such as a Redis, has it as well from its fork to its exec.
fn unlocked(open: impl Fn() -> Result<FileLedger, OpenError>) -> Result<FileLedger, OpenError> {
    for _ in 0..100 {
        match open() {
            Err(OpenError::Locked { .. }) => std::thread::sleep(Duration::from_millis(5)),
            opened => return opened,
        }
    }
    open()
}

mod fsync_interval {
    use super::*;

    contract::tests!(Time::Real, {
        let directories = Directories::new();
        async move |options, clock| open(&directories.make(), &options, clock, Fsync::Interval).unwrap()
    });
}

mod fsync_always {
    use super::*;

    contract::tests!(Time::Real, {
        let directories = Directories::new();
        async move |options, clock| open(&directories.make(), &options, clock, Fsync::Always).unwrap()
    });
}

/// A ledger that can be killed and opened again.
#[derive(Debug)]
struct Mortal {
    ledger: FileLedger,
    state_dir: PathBuf,
}

impl Ledger for Mortal {
    fn place(&self, source: SourceTag) -> Option<SourceIndex> {
        self.ledger.place(source)
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Claimed, LedgerError> {
        self.ledger.claim(request).await
    }

    async fn settle(&self, claim: Claim, settlement: Settlement) -> Result<(), LedgerError> {
        self.ledger.settle(claim, settlement).await
    }

    async fn wait(&self, request: &ClaimRequest, patience: Duration) -> Result<Waited, LedgerError> {
        self.ledger.wait(request, patience).await
    }

    async fn entries(&self) -> Result<Option<u64>, LedgerError> {
        self.ledger.entries().await
    }
}

mod lives {
    use super::*;

    fn new_life(directories: &Directories, options: &LedgerOptions, clock: Arc<dyn Clock>) -> Mortal {
        let state_dir = directories.make();
        Mortal { ledger: open(&state_dir, options, clock, Fsync::Interval).unwrap(), state_dir }
    }

    /// Killed, or ended in good order, in turn; then opened again.
    fn next_life(
        directories: &Directories,
        before: Mortal,
        options: &LedgerOptions,
        clock: Arc<dyn Clock>,
    ) -> Mortal {
        let Mortal { ledger, state_dir } = before;
        let is_killed = directories.made.load(Ordering::Relaxed).is_multiple_of(2);
        let state_dir = if is_killed { directories.killed(&state_dir) } else { state_dir };
        drop(ledger);
        Mortal { ledger: open(&state_dir, options, clock, Fsync::Interval).unwrap(), state_dir }
    }

    #[test]
    fn it_answers_as_the_model_does_across_restarts() {
        let directories = Directories::new();
        model::it_answers_as_the_model_does_across_restarts(
            async |options: LedgerOptions, clock| new_life(&directories, &options, clock),
            async |before, options: LedgerOptions, clock| next_life(&directories, before, &options, clock),
        );
    }

    #[test]
    fn nothing_accepted_is_accepted_again_under_any_clock_across_restarts() {
        let directories = Directories::new();
        model::nothing_accepted_is_accepted_again_across_restarts(
            async |options: LedgerOptions, clock| new_life(&directories, &options, clock),
            async |before, options: LedgerOptions, clock| next_life(&directories, before, &options, clock),
        );
    }
}
