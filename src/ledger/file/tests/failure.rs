//! A disk that does not take what is written.

use std::fs::OpenOptions;

use super::*;
use crate::clock::UnixTime;
use crate::ledger::LedgerKey;
use crate::ledger::change::{Change, Recorder as _};
use crate::ledger::table::Table;

fn device(path: &str) -> Segment {
    Segment::new(1, OpenOptions::new().write(true).open(path).unwrap())
}

fn released() -> Change {
    Change::Released { key: LedgerKey([1; 32]) }
}

/// A writer at work on `segment`.
fn writer(segment: Segment, fsync: Fsync) -> (Arc<Queue>, JoinHandle<()>) {
    let queue = Arc::new(Queue::new());
    let progress = Arc::new(Progress::new(segment.number(), segment.file()));
    let writer = Writer { queue: Arc::clone(&queue), progress, segment, fsync };
    (queue, thread::spawn(move || writer.run()))
}

#[tokio::test]
async fn on_a_full_disk_nothing_is_acknowledged_and_nothing_is_claimed() {
    let (queue, thread) = writer(device("/dev/full"), Fsync::Interval);
    queue.record(&released());
    assert_eq!(queue.all_written().await, Err(LedgerError::Unavailable));
    assert_eq!(queue.healthy(), Err(LedgerError::Unavailable));
    let options = crate::ledger::contract::options();
    let table = Table::new(&options, Arc::new(crate::clock::ManualClock::new(UnixTime::EPOCH)), queue);
    let ledger = FileLedger { table: Arc::new(table), threads: vec![thread] };
    let claimed = ledger.claim(&crate::ledger::contract::delivery(1)).await;
    assert!(matches!(claimed, Err(LedgerError::Unavailable)), "{claimed:?}");
    assert_eq!(ledger.entries().await, Ok(Some(0)));
}

#[tokio::test]
async fn a_sync_that_fails_is_final() {
    // It takes every byte, and cannot be synced.
    let (queue, thread) = writer(device("/dev/null"), Fsync::Always);
    queue.record(&released());
    assert_eq!(queue.all_written().await, Err(LedgerError::Unavailable));
    thread.join().unwrap();
    assert_eq!(queue.health(), queue::Health::Lost);
    queue.record(&released());
    assert_eq!(queue.all_written().await, Err(LedgerError::Unavailable));
}
