//! Records on their way to the file: appended by deliveries, taken by the
//! writer, awaited by whoever has an answer that rests on them.
//!
//! A delivery appends under one short lock and a copy. It wakes the writer only
//! when that has nothing to do; while one batch is being written the next one
//! gathers, so that under load many deliveries share a write.
//!
//! What could not be written stays in its place, and is written when it can be.
//! Until then nothing is answered that would have to be taken back.

use std::mem;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use super::format::Record;
use super::segment::Segment;
use crate::ledger::LedgerError;
use crate::ledger::change::{Change, Recorder};
use crate::ledger::slot::lock;

/// The records of one ledger, by position: bytes since its opening.
#[derive(Debug)]
pub(super) struct Queue {
    pending: Mutex<Pending>,
    work: Condvar,
    appended: AtomicU64,
    written: AtomicU64,
    health: AtomicU8,
}

#[derive(Debug, Default)]
struct Pending {
    bytes: Vec<u8>,
    waiting: Vec<(u64, Waker)>,
    /// The writer sleeps.
    is_idle: bool,
    /// Where the records go that come after those appended so far.
    next_segment: Option<Segment>,
    is_closing: bool,
}

/// What the writer finds.
#[derive(Debug)]
pub(super) struct Work {
    /// The position behind the records taken.
    pub(super) end: u64,
    pub(super) next_segment: Option<Segment>,
    /// Nothing comes after this.
    pub(super) is_last: bool,
}

/// Whether records can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    /// They can.
    Good,
    /// Not at the moment.
    Failing,
    /// Not by this process: what reached the disk cannot be known any more.
    Lost,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self {
            pending: Mutex::default(),
            work: Condvar::new(),
            appended: AtomicU64::new(0),
            written: AtomicU64::new(0),
            health: AtomicU8::new(Health::Good as u8),
        }
    }

    /// Appends a record.
    pub(super) fn append(&self, record: &Record) {
        let frame = record.encode();
        let mut pending = lock(&self.pending);
        pending.bytes.extend_from_slice(frame.as_bytes());
        self.appended.fetch_add(frame.as_bytes().len() as u64, Ordering::Release);
        self.wake(pending);
    }

    /// Refuses while records cannot be written.
    pub(super) fn healthy(&self) -> Result<(), LedgerError> {
        if self.health() == Health::Good { Ok(()) } else { Err(LedgerError::Unavailable) }
    }

    /// Ends when everything that was appended until now is written, or cannot be.
    pub(super) fn all_written(&self) -> AllWritten<'_> {
        AllWritten { queue: self, position: self.appended.load(Ordering::Acquire) }
    }

    /// Lets the records appended so far end their file; `segment` is next.
    pub(super) fn rotate(&self, segment: Segment) {
        let mut pending = lock(&self.pending);
        pending.next_segment = Some(segment);
        self.wake(pending);
    }

    /// Lets the writer end once everything is written.
    pub(super) fn close(&self) {
        let mut pending = lock(&self.pending);
        pending.is_closing = true;
        drop(pending);
        self.work.notify_all();
    }

    /// Waits for something to do, and takes all there is into `batch`.
    pub(super) fn take(&self, batch: &mut Vec<u8>) -> Work {
        batch.clear();
        let mut pending = lock(&self.pending);
        while pending.bytes.is_empty() && pending.next_segment.is_none() && !pending.is_closing {
            pending.is_idle = true;
            pending = self.work.wait(pending).unwrap_or_else(PoisonError::into_inner);
        }
        pending.is_idle = false;
        mem::swap(&mut pending.bytes, batch);
        Work {
            end: self.appended.load(Ordering::Acquire),
            next_segment: pending.next_segment.take(),
            is_last: pending.is_closing,
        }
    }

    /// Waits before something is tried again; `false` when there is no time left.
    pub(super) fn pause(&self, pause: std::time::Duration) -> bool {
        let pending = lock(&self.pending);
        let paused = self.work.wait_timeout_while(pending, pause, |pending| !pending.is_closing);
        !paused.unwrap_or_else(PoisonError::into_inner).0.is_closing
    }

    /// Everything before `end` is written.
    pub(super) fn set_written(&self, end: u64) {
        let mut pending = lock(&self.pending);
        self.written.store(end, Ordering::Release);
        self.health.store(Health::Good as u8, Ordering::Release);
        let (done, waiting) = mem::take(&mut pending.waiting).into_iter().partition(|(at, _)| *at <= end);
        pending.waiting = waiting;
        drop(pending);
        wake_all(done);
    }

    /// Nothing can be written: whoever waits is told.
    pub(super) fn fail(&self, health: Health) {
        let mut pending = lock(&self.pending);
        self.health.store(health as u8, Ordering::Release);
        let waiting = mem::take(&mut pending.waiting);
        drop(pending);
        wake_all(waiting);
    }

    pub(super) fn health(&self) -> Health {
        match self.health.load(Ordering::Acquire) {
            0 => Health::Good,
            1 => Health::Failing,
            _ => Health::Lost,
        }
    }

    fn wake(&self, mut pending: std::sync::MutexGuard<'_, Pending>) {
        let was_idle = mem::take(&mut pending.is_idle);
        drop(pending);
        if was_idle {
            self.work.notify_all();
        }
    }
}

impl Recorder for Arc<Queue> {
    fn record(&self, change: &Change) {
        self.append(&Record::Change(*change));
    }
}

fn wake_all(waiting: Vec<(u64, Waker)>) {
    for (_, waker) in waiting {
        waker.wake();
    }
}

/// See [`Queue::all_written`].
#[derive(Debug)]
#[must_use = "what is not written may be forgotten"]
pub(super) struct AllWritten<'a> {
    queue: &'a Queue,
    position: u64,
}

impl AllWritten<'_> {
    fn is_known(&self) -> Option<Result<(), LedgerError>> {
        if self.queue.written.load(Ordering::Acquire) >= self.position {
            return Some(Ok(()));
        }
        self.queue.healthy().err().map(Err)
    }
}

impl Future for AllWritten<'_> {
    type Output = Result<(), LedgerError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(known) = self.is_known() {
            return Poll::Ready(known);
        }
        let mut pending = lock(&self.queue.pending);
        // Both are set under this lock, so that nobody registers too late.
        if let Some(known) = self.is_known() {
            return Poll::Ready(known);
        }
        pending.waiting.push((self.position, context.waker().clone()));
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn record() -> Record {
        Record::Complete { records: 1 }
    }

    #[test]
    fn records_are_taken_in_the_order_in_which_they_came() {
        let queue = Queue::new();
        queue.append(&record());
        queue.append(&Record::Closed);
        let mut batch = vec![9];
        let work = queue.take(&mut batch);
        assert_eq!(batch, [record().encode().as_bytes(), Record::Closed.encode().as_bytes()].concat());
        assert_eq!((work.end, work.is_last), (batch.len() as u64, false));
    }

    #[tokio::test]
    async fn who_waits_for_all_is_not_told_of_a_part() {
        let queue = Queue::new();
        queue.append(&record());
        let first = queue.take(&mut Vec::new());
        queue.append(&record());
        let mut all = queue.all_written();
        queue.set_written(first.end);
        assert_eq!((&mut all).now_or_never(), None);
        queue.set_written(2 * first.end);
        assert_eq!(all.await, Ok(()));
    }

    #[tokio::test]
    async fn a_failure_is_told_to_who_waits_and_who_comes_until_it_is_over() {
        let queue = Arc::new(Queue::new());
        queue.append(&record());
        let waits = tokio::spawn({
            let queue = Arc::clone(&queue);
            async move { queue.all_written().await }
        });
        tokio::task::yield_now().await;
        queue.fail(Health::Failing);
        assert_eq!(waits.await.unwrap(), Err(LedgerError::Unavailable));
        assert_eq!(queue.all_written().await, Err(LedgerError::Unavailable));
        assert_eq!(queue.healthy(), Err(LedgerError::Unavailable));
        let work = queue.take(&mut Vec::new());
        queue.set_written(work.end);
        assert_eq!(queue.all_written().await, Ok(()));
        assert_eq!(queue.healthy(), Ok(()));
    }
}
