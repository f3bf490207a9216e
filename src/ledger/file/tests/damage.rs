//! Files that are not as they were written: whatever happened to them, nothing
//! that was accepted is accepted again without a word.

use super::*;
use crate::clock::ManualClock;
use crate::ledger::contract::{Answer, START, ask, delivery, options};
use crate::ledger::{Class, Memory};

const NOW: UnixTime = UnixTime::from_secs(START.as_secs() + 10);

/// What a process leaves that was killed: deliveries 1 to 3 are accepted, the
/// last of them without a signed time; 4 was released, 5 is in flight.
async fn written(directories: &Directories) -> PathBuf {
    let state_dir = directories.make();
    let clock = Arc::new(ManualClock::new(NOW));
    let ledger = open(&state_dir, &options(), clock, Fsync::Interval).unwrap();
    for (request, settlement) in [
        (delivery(1), Settlement::Commit),
        (delivery(4), Settlement::Release),
        (delivery(2), Settlement::Commit),
        (timeless(3), Settlement::Commit),
    ] {
        let (_, claim) = ask(&ledger, &request).await;
        ledger.settle(claim.unwrap(), settlement).await.unwrap();
    }
    assert_eq!(ask(&ledger, &delivery(5)).await.0, Answer::New);
    directories.killed(&state_dir)
}

fn timeless(number: u8) -> ClaimRequest {
    let memory = Memory { tolerance: None, window: Duration::from_secs(3600) };
    ClaimRequest { signed_at: None, memory, ..delivery(number) }
}

/// A ledger of these bytes, opened; and its directory.
fn reopened(directories: &Directories, journal: &[u8]) -> (FileLedger, PathBuf) {
    let state_dir = directories.make();
    Directory::open(&state_dir).unwrap();
    let path = state_dir.join("ledger");
    fs::write(path.join("journal-0000000001"), journal).unwrap();
    let ledger = open(&state_dir, &options(), Arc::new(ManualClock::new(NOW)), Fsync::Interval);
    (ledger.unwrap(), path)
}

fn journal(state_dir: &Path) -> Vec<u8> {
    fs::read(state_dir.join("ledger/journal-0000000001")).unwrap()
}

/// Where the record ends that accepts each of the three.
fn accepted_at(journal: &[u8]) -> Vec<usize> {
    let mut at = format::HEADER_BYTES;
    let mut ends = Vec::new();
    while let format::Look::Record { record, length } = Record::look(&journal[at..]) {
        at += length;
        if matches!(record, Record::Change(crate::ledger::change::Change::Accepted { .. })) {
            ends.push(at);
        }
    }
    assert_eq!((at, ends.len()), (journal.len(), 3));
    ends
}

#[tokio::test]
async fn a_journal_cut_anywhere_is_a_journal_of_an_earlier_moment() {
    let directories = Directories::new();
    let whole = journal(&written(&directories).await);
    let accepted_at = accepted_at(&whole);
    for length in 0..=whole.len() {
        let (ledger, path) = reopened(&directories, &whole[..length]);
        let (one, _) = ask(&ledger, &delivery(1)).await;
        let (two, _) = ask(&ledger, &delivery(2)).await;
        let (three, _) = ask(&ledger, &timeless(3)).await;
        if length < format::HEADER_BYTES {
            let refused = Answer::Refused(LedgerError::SignedBeforeMemory);
            assert_eq!((&one, &two), (&refused, &refused), "{length}");
            assert!(path.join("journal-0000000001.damaged").exists(), "{length}");
            continue;
        }
        let expected = |number: usize, class| {
            if length >= accepted_at[number] { Answer::Settled(class) } else { Answer::New }
        };
        assert_eq!(one, expected(0, Class::Replay), "{length}");
        assert_eq!(two, expected(1, Class::Replay), "{length}");
        assert_eq!(three, expected(2, Class::Redelivery), "{length}");
        drop(ledger);
        // What was cut short is gone from the file, too.
        let (again, _) = reopened(&directories, &fs::read(path.join("journal-0000000001")).unwrap());
        assert_ne!(ask(&again, &delivery(6)).await.0, Answer::Refused(LedgerError::SignedBeforeMemory));
    }
}

#[tokio::test]
async fn a_changed_byte_anywhere_is_noticed_and_fenced() {
    let directories = Directories::new();
    let whole = journal(&written(&directories).await);
    for at in 0..whole.len() {
        for flip in [1, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            let (ledger, path) = reopened(&directories, &bytes);
            for accepted in [delivery(1), delivery(2)] {
                let (answer, _) = ask(&ledger, &accepted).await;
                let is_refused = matches!(
                    answer,
                    Answer::Settled(Class::Replay) | Answer::Refused(LedgerError::SignedBeforeMemory)
                );
                assert!(is_refused, "{at} {flip}: {answer:?}");
            }
            let unseen = ask(&ledger, &delivery(6)).await.0;
            assert_eq!(unseen, Answer::Refused(LedgerError::SignedBeforeMemory), "{at} {flip}");
            let aside = fs::read(path.join("journal-0000000001.damaged")).unwrap();
            assert_eq!(aside, bytes, "kept as it was found");
            let later =
                ClaimRequest { signed_at: Some(NOW.saturating_add(Duration::from_secs(1))), ..delivery(7) };
            assert_eq!(ask(&ledger, &later).await.0, Answer::New, "{at} {flip}: life goes on");
        }
    }
}

#[tokio::test]
async fn damage_is_fenced_once_and_not_at_every_start() {
    let directories = Directories::new();
    let state_dir = written(&directories).await;
    let path = state_dir.join("ledger/journal-0000000001");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 10].fill(0);
    fs::write(&path, bytes).unwrap();
    let clock = Arc::new(ManualClock::new(NOW));
    drop(open(&state_dir, &options(), Arc::clone(&clock) as _, Fsync::Interval).unwrap());
    clock.advance(Duration::from_secs(60));
    let second = open(&state_dir, &options(), clock, Fsync::Interval).unwrap();
    assert_eq!(
        ask(&second, &delivery(1)).await.0,
        Answer::Settled(Class::Replay),
        "it was before the damage"
    );
    let before = ClaimRequest { signed_at: Some(NOW), ..delivery(8) };
    assert_eq!(ask(&second, &before).await.0, Answer::Refused(LedgerError::SignedBeforeMemory));
    let after = ClaimRequest { signed_at: Some(NOW.saturating_add(Duration::from_secs(1))), ..delivery(8) };
    assert_eq!(ask(&second, &after).await.0, Answer::New);
}

#[tokio::test]
async fn a_missing_file_is_damage() {
    let directories = Directories::new();
    let state_dir = written(&directories).await;
    let clock = || Arc::new(ManualClock::new(NOW));
    drop(open(&state_dir, &options(), clock(), Fsync::Interval).unwrap());
    drop(open(&state_dir, &options(), clock(), Fsync::Interval).unwrap());
    fs::remove_file(state_dir.join("ledger/journal-0000000002")).unwrap();
    let ledger = open(&state_dir, &options(), clock(), Fsync::Interval).unwrap();
    assert_eq!(ask(&ledger, &delivery(6)).await.0, Answer::Refused(LedgerError::SignedBeforeMemory));
    assert_eq!(ask(&ledger, &delivery(1)).await.0, Answer::Settled(Class::Replay));
}

#[tokio::test]
async fn a_file_of_a_later_version_is_left_alone() {
    let directories = Directories::new();
    let state_dir = written(&directories).await;
    let path = state_dir.join("ledger/journal-0000000001");
    let mut bytes = fs::read(&path).unwrap();
    bytes[8] = 2;
    let crc = crc32fast::hash(&bytes[..36]).to_le_bytes();
    bytes[36..40].copy_from_slice(&crc);
    fs::write(&path, &bytes).unwrap();
    let refused = open(&state_dir, &options(), Arc::new(ManualClock::new(NOW)), Fsync::Interval);
    assert!(matches!(refused, Err(OpenError::Version { version: 2, .. })), "{refused:?}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
}
