//! The thread beside the writer: brings what was written to the disk, and keeps
//! the files short.
//!
//! Neither stops a delivery. A sync is of a file that the writer goes on
//! writing to. Compaction lets the writer go over to a new journal, writes a
//! snapshot of what lives, and then removes the journals before.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::boot::Boot;
use super::directory::Directory;
use super::format::{FileKind, Header};
use super::progress::Progress;
use super::queue::Queue;
use super::segment::Segment;
use super::{snapshot, writer};
use crate::causes::Causes;
use crate::config::Fsync;
use crate::ledger::table::Table;

/// The upkeep.
#[derive(Debug)]
pub(super) struct Upkeep {
    pub(super) table: Arc<Table<Arc<Queue>>>,
    pub(super) progress: Arc<Progress>,
    pub(super) directory: Arc<Directory>,
    pub(super) fsync: Fsync,
    pub(super) boot: Boot,
    /// Bytes of journals that no snapshot covers, of earlier processes or of
    /// tries that failed.
    pub(super) bytes_before: u64,
    /// How long the last snapshot is.
    pub(super) snapshot_bytes: u64,
    pub(super) not_before: Instant,
}

impl Upkeep {
    /// Runs until the writer has come to its end.
    pub(super) fn run(mut self) {
        while !self.progress.wait_for_dirt().is_over {
            self.progress.wait(Fsync::INTERVAL);
            self.sync();
            if self.is_due() && !self.compact() {
                return;
            }
        }
    }

    fn sync(&self) {
        let dirty = self.progress.take_dirty();
        if self.fsync == Fsync::Interval
            && let Some(Err(error)) = dirty.map(|file| file.sync_data())
        {
            writer::lose(self.table.recorder(), &error);
        }
    }

    /// The journals may be as long as the snapshot: then no entry is written
    /// much oftener than once more.
    fn is_due(&self) -> bool {
        let bytes = self.bytes_before.saturating_add(self.progress.bytes());
        bytes >= self.snapshot_bytes.max(JOURNAL_BYTES_MIN) && Instant::now() >= self.not_before
    }

    /// `false` when the writer came to its end meanwhile.
    fn compact(&mut self) -> bool {
        let began = Instant::now();
        let bytes = self.progress.bytes();
        match self.try_compact() {
            Ok(Some(snapshot_bytes)) => {
                (self.bytes_before, self.snapshot_bytes) = (0, snapshot_bytes);
                tracing::info!(
                    bytes = snapshot_bytes,
                    seconds = began.elapsed().as_secs_f32(),
                    "the ledger's journal is compacted"
                );
                true
            }
            Ok(None) => false,
            Err(error) => {
                self.bytes_before = self.bytes_before.saturating_add(bytes);
                self.not_before = Instant::now() + RETRY;
                tracing::warn!(
                    error = %Causes(&error),
                    "the ledger's journal cannot be compacted, and grows"
                );
                true
            }
        }
    }

    fn try_compact(&self) -> io::Result<Option<u64>> {
        let current = self.progress.wait(Duration::ZERO);
        let number = current.number;
        let header = |kind, number| Header { kind, number, fsync: self.fsync, boot: self.boot };
        let next = self.directory.journal(&header(FileKind::Journal, number + 1))?;
        self.table.recorder().rotate(Segment::new(number + 1, next));
        if self.progress.wait_for_segment(number + 1).is_over {
            return Ok(None);
        }
        self.progress.reset_bytes();
        current.file.sync_data()?;
        let mut synced = Instant::now();
        let pace = || {
            if synced.elapsed() >= Fsync::INTERVAL {
                self.sync();
                synced = Instant::now();
            }
        };
        let header = header(FileKind::Snapshot, number);
        let bytes = snapshot::write(&self.directory, &header, &self.table, pace)?;
        self.directory.remove_before(number)?;
        Ok(Some(bytes))
    }
}

/// Below this, journals are not worth a snapshot.
const JOURNAL_BYTES_MIN: u64 = 16 << 20;

/// Between two tries to compact.
const RETRY: Duration = Duration::from_secs(60);
