//! The one thread that writes changes to the journal.
//!
//! No worker ever waits for a file: deliveries append to the [`Queue`], and are
//! woken when their records are written (and synced, where that was asked for).
//! A write that fails is tried again from the same place, for as long as it
//! takes; a sync that fails is final, because what it was to bring to the disk
//! may be gone from memory too.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::format::Record;
use super::progress::Progress;
use super::queue::{Health, Queue};
use super::segment::Segment;
use crate::causes::Causes;
use crate::config::Fsync;

/// The writer.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) queue: Arc<Queue>,
    pub(super) progress: Arc<Progress>,
    pub(super) segment: Segment,
    pub(super) fsync: Fsync,
}

/// Why the writer came to its end too early.
enum Fault {
    /// There is no time left to try again.
    GivenUp,
    /// What is on the disk cannot be known.
    Unsynced(io::Error),
}

impl Writer {
    /// Writes until the queue is closed, and empty.
    pub(super) fn run(mut self) {
        match self.write_all() {
            Ok(()) => {}
            Err(Fault::GivenUp) => {
                tracing::error!("the ledger's journal could not be written to the end");
            }
            Err(Fault::Unsynced(error)) => lose(&self.queue, &error),
        }
        self.progress.set_ended();
    }

    fn write_all(&mut self) -> Result<(), Fault> {
        let (mut batch, mut not_before) = (Vec::new(), Instant::now());
        loop {
            let work = self.queue.take(&mut batch, not_before);
            not_before = Instant::now() + PAUSE;
            if !batch.is_empty() {
                self.write(&batch)?;
                self.queue.set_written(work.end);
            }
            if let Some(next) = work.next_segment {
                self.segment = next;
                self.progress.set_segment(self.segment.number(), self.segment.file());
            }
            if work.is_last {
                return self.close();
            }
        }
    }

    fn write(&mut self, batch: &[u8]) -> Result<(), Fault> {
        let mut failed = false;
        while let Err(error) = self.segment.append(batch) {
            if !failed {
                tracing::error!(
                    error = %Causes(&error),
                    "the ledger's journal cannot be written: deliveries are refused until it can"
                );
            }
            failed = true;
            self.queue.fail(Health::Failing);
            if !self.queue.pause(RETRY) {
                return Err(Fault::GivenUp);
            }
        }
        if self.fsync == Fsync::Always {
            self.segment.file().sync_data().map_err(Fault::Unsynced)?;
        }
        if failed {
            tracing::info!("the ledger's journal can be written again");
        }
        self.progress.add_written(batch.len() as u64);
        Ok(())
    }

    fn close(&mut self) -> Result<(), Fault> {
        // A journal that does not end so is read with more care.
        self.write(Record::Closed.encode().as_bytes())?;
        self.segment.file().sync_data().map_err(Fault::Unsynced)
    }
}

/// Refuses everything from here on.
pub(super) fn lose(queue: &Queue, error: &io::Error) {
    queue.fail(Health::Lost);
    tracing::error!(
        error = %Causes(error),
        "the ledger's journal cannot be synced: deliveries are refused until a restart"
    );
}

/// Between two batches at least. A delivery that comes by itself does not wait;
/// of many, each waits this long at most, and costs less.
const PAUSE: Duration = Duration::from_micros(500);

/// Between two tries to write.
const RETRY: Duration = Duration::from_millis(500);
