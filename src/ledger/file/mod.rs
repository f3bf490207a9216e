//! The file engine: the [`Table`] in memory, and a journal of its changes on
//! the disk, from which the next process fills its own.
//!
//! One rule keeps promises true: no answer leaves before every change that it
//! may rest on is written. So a delivery that the app has seen is in the journal
//! as a claim, and one whose sender has seen a 2xx is there as accepted. A
//! process that is killed at any moment takes nothing with it, because what was
//! written is the operating system's; what a machine that loses power takes with
//! it is decided by [`Fsync`](crate::config::Fsync).
//!
//! | file | has |
//! | --- | --- |
//! | `lock` | nothing; the process at work has it locked |
//! | `snapshot-N` | every entry, as of the end of `journal-N` or later |
//! | `journal-N` | changes, in their order |
//! | `*.damaged` | what could not be read, for people |
//!
//! Where to read on: `format` (bytes), `replay` (what they mean), `queue` and
//! `writer` (how they get to the file), `upkeep` (how files stay short),
//! `recovery` (the next start).

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

mod account;
mod boot;
mod directory;
mod format;
mod progress;
mod queue;
mod reader;
mod recovery;
mod replay;
mod segment;
mod snapshot;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod upkeep;
mod writer;

#[doc(hidden)]
pub use self::account::{Account, account};
use self::boot::Boot;
use self::directory::Directory;
use self::format::{FileKind, Header, Record};
use self::progress::Progress;
use self::queue::Queue;
use self::recovery::Recovery;
use self::replay::Legacy;
use self::segment::Segment;
use self::upkeep::Upkeep;
use self::writer::Writer;
use super::table::Table;
use super::{
    Claim, ClaimRequest, Claimed, Ledger, LedgerError, LedgerOptions, Owner, Settlement, SourceIndex,
    SourceTag, Waited,
};
use crate::clock::{Clock, UnixTime};
use crate::config::FileEngineConfig;
use crate::private_file::DirectoryError;

/// Remembers in files; a restart forgets nothing.
#[derive(Debug)]
pub struct FileLedger {
    table: Arc<Table<Arc<Queue>>>,
    threads: Vec<JoinHandle<()>>,
}

/// Why the file engine could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The system refused something.
    #[error("{doing} `{}`", path.display())]
    Directory {
        /// What was being done.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is no directory, or not one to trust.
    #[error(transparent)]
    Unusable(#[from] DirectoryError),
    /// Somebody else is at work in it.
    #[error("`{}` is in use: another process keeps its ledger there", path.display())]
    Locked {
        /// The directory.
        path: PathBuf,
    },
    /// A later version of the program wrote it.
    #[error("`{}` has format {version}, which this version of the program cannot read", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u16,
    },
    /// A thread could not be started.
    #[error("start a thread of the ledger")]
    Thread(#[source] io::Error),
}

impl FileLedger {
    /// Opens the ledger in its directory, with everything that an earlier
    /// process left there. Reads files: not for a worker.
    pub fn open(
        config: &FileEngineConfig,
        options: &LedgerOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        Self::open_under(Boot::current(), config, options, clock)
    }

    fn open_under(
        boot: Boot,
        config: &FileEngineConfig,
        options: &LedgerOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let directory = Directory::open(&config.state_dir)?;
        let mut recovery = recovery::read(&directory, options.on_unknown)?;
        let now = clock.now();
        let mut table = Table::new(options, clock, Arc::new(Queue::new()));
        let legacy = recovery.replay.conclude(now, |kept| table.load(kept));
        for (source, at) in &legacy.watermarks {
            table.restore(*source, *at);
        }
        if let Some(fence) = fence(&recovery, boot, options.boot_fence, now) {
            table.raise_watermarks(fence);
        }
        tracing::info!(
            entries = table.entries(),
            unsettled = legacy.settled.len(),
            path = %directory.path().display(),
            "the ledger is read"
        );
        let number = recovery.last + 1;
        let header = |kind, number| Header { kind, number, fsync: config.fsync, boot };
        let segment = begin(&directory, &header(FileKind::Journal, number), &table, &legacy)
            .map_err(|source| directory.fault("write to", source))?;
        if recovery.is_damaged {
            replace(&directory, &header(FileKind::Snapshot, recovery.last), &table, &recovery.damaged)
                .map_err(|source| directory.fault("write to", source))?;
        }
        Self::start(Arc::new(table), directory, segment, &recovery, header(FileKind::Journal, number))
    }

    fn start(
        table: Arc<Table<Arc<Queue>>>,
        directory: Directory,
        segment: Segment,
        recovery: &Recovery,
        header: Header,
    ) -> Result<Self, OpenError> {
        let Header { fsync, boot, .. } = header;
        let progress = Arc::new(Progress::new(segment.number(), segment.file()));
        let queue = Arc::clone(table.recorder());
        let mut ledger = Self { table, threads: Vec::new() };
        let upkeep = Upkeep {
            table: Arc::clone(&ledger.table),
            progress: Arc::clone(&progress),
            directory: Arc::new(directory),
            fsync,
            boot,
            // Every start begins a journal; many of them are worth a snapshot.
            bytes_before: if recovery.journals > JOURNALS_MAX { u64::MAX } else { recovery.journal_bytes },
            snapshot_bytes: recovery.snapshot_bytes,
            not_before: Instant::now(),
        };
        let writer = Writer { queue, progress, segment, fsync };
        ledger.threads.push(spawn("ledger-writer", move || writer.run())?);
        ledger.threads.push(spawn("ledger-upkeep", move || upkeep.run())?);
        Ok(ledger)
    }

    /// Everything that was recorded until now is written, or cannot be.
    async fn all_written(&self) -> Result<(), LedgerError> {
        self.table.recorder().all_written().await
    }
}

/// Until when signed times cannot be believed, if something may be missing.
///
/// Damage means that what was accepted until now may be forgotten. So does a
/// machine that lost power before a sync: there, as at a start with an empty
/// memory, the boot fence is the choice of whoever runs it.
fn fence(recovery: &Recovery, boot: Boot, boot_fence: Option<UnixTime>, now: UnixTime) -> Option<UnixTime> {
    if recovery.is_damaged {
        tracing::error!("the ledger may have forgotten deliveries: what was signed until now is refused");
        return Some(now);
    }
    if !recovery.may_lack_its_end(boot) {
        return None;
    }
    tracing::warn!("the machine stopped before the ledger was synced: its last deliveries may be missing");
    boot_fence
}

/// A journal that begins with what is to be known of the time before it.
fn begin(
    directory: &Directory,
    header: &Header,
    table: &Table<Arc<Queue>>,
    legacy: &Legacy,
) -> io::Result<Segment> {
    let mut segment = Segment::new(header.number, directory.journal(header)?);
    let watermarks = table.watermarks().into_iter().map(|(source, at)| Record::Watermark { source, at });
    let records = watermarks.chain(legacy.settled.iter().copied().map(Record::Change));
    let bytes: Vec<u8> = records.flat_map(|record| record.encode().as_bytes().to_vec()).collect();
    segment.append(&bytes)?;
    segment.file().sync_data()?;
    Ok(segment)
}

/// Writes all that could be read to a new file, and keeps the damaged ones for
/// people.
fn replace(
    directory: &Directory,
    header: &Header,
    table: &Table<Arc<Queue>>,
    damaged: &[PathBuf],
) -> io::Result<()> {
    for path in damaged {
        let aside = Directory::set_aside(path)?;
        tracing::warn!(path = %aside.display(), "a damaged file of the ledger is kept");
    }
    snapshot::write(directory, header, table, || ())?;
    directory.remove_before(header.number)
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, OpenError> {
    thread::Builder::new().name(name.to_owned()).spawn(run).map_err(OpenError::Thread)
}

impl Ledger for FileLedger {
    fn place(&self, source: SourceTag) -> Option<SourceIndex> {
        self.table.place(source)
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Claimed, LedgerError> {
        self.table.recorder().healthy()?;
        let claimed = self.table.claim(request)?;
        let Claimed::New(claim) = claimed else {
            self.all_written().await?;
            return Ok(claimed);
        };
        let unwritten = Unwritten { ledger: self, claim: Some(claim) };
        self.all_written().await?;
        Ok(Claimed::New(unwritten.written()))
    }

    async fn settle(&self, claim: Claim, settlement: Settlement) -> Result<(), LedgerError> {
        self.settle_in_memory(claim, settlement);
        self.all_written().await
    }

    async fn wait(&self, request: &ClaimRequest, patience: Duration) -> Result<Waited, LedgerError> {
        let waited = self.table.wait(request, patience).await?;
        self.all_written().await?;
        Ok(waited)
    }

    async fn entries(&self) -> Result<Option<u64>, LedgerError> {
        Ok(Some(self.table.entries()))
    }
}

impl FileLedger {
    fn settle_in_memory(&self, claim: Claim, settlement: Settlement) {
        let Claim { request, owner: Owner::Slot(slot), .. } = claim else { return };
        self.table.settle(&slot, &request, settlement);
    }
}

/// A claim that nobody was told of. If its caller hangs up, or it cannot be
/// written, it is released: the app never saw it.
struct Unwritten<'a> {
    ledger: &'a FileLedger,
    claim: Option<Claim>,
}

impl Unwritten<'_> {
    fn written(mut self) -> Claim {
        self.claim.take().expect("it is taken here and nowhere else")
    }
}

impl Drop for Unwritten<'_> {
    fn drop(&mut self) {
        if let Some(claim) = self.claim.take() {
            self.ledger.settle_in_memory(claim, Settlement::Release);
        }
    }
}

impl Drop for FileLedger {
    /// Ends the journal in good order.
    fn drop(&mut self) {
        self.table.recorder().close();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the ledger panicked");
            }
        }
    }
}

/// Journals that a start may find before they are compacted.
const JOURNALS_MAX: usize = 16;
