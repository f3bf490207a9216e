//! Records on their way to the file: appended by deliveries, taken by the
//! writer, awaited by whoever has an answer that rests on them.
//!
//! A delivery appends under one short lock and a copy, and costs as few system
//! calls as can be, because waking a thread costs as much as a tenth of a
//! delivery:
//! - The writer is woken only when it has nothing to do. Under load it pauses
//!   between batches, so that many deliveries share a write.
//! - Of those who wait on one thread, the writer wakes one, and that one wakes
//!   the others: on their own thread that is no system call.
//!
//! What could not be written stays in its place, and is written when it can be.
//! Until then nothing is answered that would have to be taken back.

use std::mem;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

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
    /// By place: who is to be woken by whoever was woken there.
    woken: [Mutex<Vec<Waker>>; PLACES],
}

/// Places to wait at, of which threads have one each, if there are enough.
const PLACES: usize = 64;

#[derive(Debug, Default)]
struct Pending {
    bytes: Vec<u8>,
    waiting: Vec<Waiting>,
    /// The number of the next one who waits.
    next_waiting: u64,
    /// The writer sleeps.
    is_idle: bool,
    /// Where the records go that come after those appended so far.
    next_segment: Option<Segment>,
    is_closing: bool,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    /// What is waited for.
    position: u64,
    place: usize,
    waker: Waker,
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
            woken: [const { Mutex::new(Vec::new()) }; PLACES],
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
        AllWritten {
            queue: self,
            position: self.appended.load(Ordering::Acquire),
            ticket: None,
            is_done: false,
        }
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

    /// Waits for something to do, and at least until `not_before`; then takes
    /// all there is into `batch`.
    pub(super) fn take(&self, batch: &mut Vec<u8>, not_before: Instant) -> Work {
        batch.clear();
        let mut pending = lock(&self.pending);
        while pending.bytes.is_empty() && pending.next_segment.is_none() && !pending.is_closing {
            pending.is_idle = true;
            pending = self.work.wait(pending).unwrap_or_else(PoisonError::into_inner);
        }
        pending.is_idle = false;
        let early = not_before.saturating_duration_since(Instant::now());
        if !early.is_zero() {
            drop(pending);
            thread::sleep(early);
            pending = lock(&self.pending);
        }
        mem::swap(&mut pending.bytes, batch);
        Work {
            end: self.appended.load(Ordering::Acquire),
            next_segment: pending.next_segment.take(),
            is_last: pending.is_closing,
        }
    }

    /// Waits before something is tried again; `false` when there is no time left.
    pub(super) fn pause(&self, pause: Duration) -> bool {
        let pending = lock(&self.pending);
        let paused = self.work.wait_timeout_while(pending, pause, |pending| !pending.is_closing);
        !paused.unwrap_or_else(PoisonError::into_inner).0.is_closing
    }

    /// Everything before `end` is written.
    pub(super) fn set_written(&self, end: u64) {
        let mut pending = lock(&self.pending);
        self.written.store(end, Ordering::Release);
        self.health.store(Health::Good as u8, Ordering::Release);
        let mut first: [Option<Waker>; PLACES] = [const { None }; PLACES];
        // All of it under the lock that whoever stops waiting takes: the one who
        // is woken cannot be gone before the others are left to it.
        for Waiting { place, waker, .. } in pending.waiting.extract_if(.., |waiting| waiting.position <= end)
        {
            match &first[place] {
                None => first[place] = Some(waker),
                Some(_) => lock(&self.woken[place]).push(waker),
            }
        }
        drop(pending);
        first.into_iter().flatten().for_each(Waker::wake);
    }

    /// Stops waiting, and wakes those who are left to whoever waited at `place`.
    fn stop_waiting(&self, Ticket { number, place }: Ticket, is_done: bool) {
        let mut pending = lock(&self.pending);
        if !is_done {
            pending.waiting.retain(|waiting| waiting.number != number);
        }
        drop(pending);
        let woken = mem::take(&mut *lock(&self.woken[place]));
        woken.into_iter().for_each(Waker::wake);
    }

    /// Nothing can be written: whoever waits is told.
    pub(super) fn fail(&self, health: Health) {
        let mut pending = lock(&self.pending);
        self.health.store(health as u8, Ordering::Release);
        let waiting = mem::take(&mut pending.waiting);
        drop(pending);
        for Waiting { waker, .. } in waiting {
            waker.wake();
        }
    }

    pub(super) fn health(&self) -> Health {
        match self.health.load(Ordering::Acquire) {
            0 => Health::Good,
            1 => Health::Failing,
            _ => Health::Lost,
        }
    }

    fn wake(&self, mut pending: MutexGuard<'_, Pending>) {
        let was_idle = mem::take(&mut pending.is_idle);
        drop(pending);
        if was_idle {
            self.work.notify_all();
        }
    }
}

impl Pending {
    /// Lets `waker` be woken at `position`: once, however often it is asked.
    fn register(&mut self, position: u64, ticket: &mut Option<Ticket>, waker: &Waker) {
        if let Some(Ticket { number, .. }) = *ticket
            && let Some(waiting) = self.waiting.iter_mut().find(|waiting| waiting.number == number)
        {
            waiting.waker.clone_from(waker);
            return;
        }
        let (number, place) = (self.next_waiting, place());
        self.next_waiting += 1;
        self.waiting.push(Waiting { number, position, place, waker: waker.clone() });
        *ticket = Some(Ticket { number, place });
    }
}

impl Recorder for Arc<Queue> {
    fn record(&self, change: &Change) {
        self.append(&Record::Change(*change));
    }
}

/// The place of this thread.
fn place() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local!(static PLACE: usize = THREADS.fetch_add(1, Ordering::Relaxed) % PLACES);
    PLACE.with(|place| *place)
}

/// See [`Queue::all_written`].
#[derive(Debug)]
#[must_use = "what is not written may be forgotten"]
pub(super) struct AllWritten<'a> {
    queue: &'a Queue,
    position: u64,
    /// Of one that waits, or waited.
    ticket: Option<Ticket>,
    is_done: bool,
}

/// Who waits, and where.
#[derive(Clone, Copy, Debug)]
struct Ticket {
    number: u64,
    place: usize,
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

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(known) = self.is_known() {
            self.is_done = true;
            return Poll::Ready(known);
        }
        let queue = self.queue;
        let mut pending = lock(&queue.pending);
        // Both are set under this lock, so that nobody registers too late.
        if let Some(known) = self.is_known() {
            self.is_done = true;
            return Poll::Ready(known);
        }
        pending.register(self.position, &mut self.ticket, context.waker());
        Poll::Pending
    }
}

impl Drop for AllWritten<'_> {
    /// Also of one that is given up: it may be the one that was woken.
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.queue.stop_waiting(ticket, self.is_done);
        }
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
        let work = queue.take(&mut batch, Instant::now());
        assert_eq!(batch, [record().encode().as_bytes(), Record::Closed.encode().as_bytes()].concat());
        assert_eq!((work.end, work.is_last), (batch.len() as u64, false));
    }

    #[tokio::test]
    async fn who_waits_for_all_is_not_told_of_a_part() {
        let queue = Queue::new();
        queue.append(&record());
        let first = queue.take(&mut Vec::new(), Instant::now());
        queue.append(&record());
        let mut all = queue.all_written();
        queue.set_written(first.end);
        assert_eq!((&mut all).now_or_never(), None);
        queue.set_written(2 * first.end);
        assert_eq!(all.await, Ok(()));
    }

    #[tokio::test]
    async fn of_many_who_wait_all_are_woken_though_some_have_given_up() {
        let queue = Arc::new(Queue::new());
        queue.append(&record());
        let waits = |_| {
            let queue = Arc::clone(&queue);
            tokio::spawn(async move { queue.all_written().await })
        };
        let waiting: Vec<_> = (0..20).map(waits).collect();
        tokio::task::yield_now().await;
        let work = queue.take(&mut Vec::new(), Instant::now());
        // The first is gone before it could be woken; the next, which the writer
        // wakes, before it is polled.
        waiting[0].abort();
        tokio::task::yield_now().await;
        queue.set_written(work.end);
        waiting[1].abort();
        for wait in waiting.into_iter().skip(2) {
            assert_eq!(wait.await.unwrap(), Ok(()));
        }
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
        let work = queue.take(&mut Vec::new(), Instant::now());
        queue.set_written(work.end);
        assert_eq!(queue.all_written().await, Ok(()));
        assert_eq!(queue.healthy(), Ok(()));
    }
}
