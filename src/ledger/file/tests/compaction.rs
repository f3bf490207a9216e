//! Snapshots, while deliveries go on.

use super::*;
use crate::clock::ManualClock;
use crate::ledger::contract::{Answer, START, ask, delivery, options};
use crate::ledger::{Class, LedgerKey};

/// The files of `kind` there are.
fn files(state_dir: &Path, kind: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(state_dir.join("ledger")).unwrap().map(|entry| entry.unwrap());
    let of_kind = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(kind));
    of_kind.map(|entry| entry.path()).collect()
}

fn numbered(number: u64) -> ClaimRequest {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&number.to_le_bytes());
    ClaimRequest { key: LedgerKey(key), ..delivery(1) }
}

/// Long enough that journals outgrow what may be there without a snapshot.
#[tokio::test]
async fn a_snapshot_takes_the_place_of_journals_while_deliveries_go_on() {
    let directories = Directories::new();
    let state_dir = directories.make();
    let clock = Arc::new(ManualClock::new(START));
    let options = LedgerOptions { entries_max: 10_000_000, entries_max_per_source: 10_000_000, ..options() };
    let ledger = Arc::new(open(&state_dir, &options, Arc::clone(&clock) as _, Fsync::Interval).unwrap());
    let mut accepted = 0;
    while files(&state_dir, "snapshot").is_empty() {
        assert!(accepted < 2_000_000, "no snapshot yet");
        // Many at once, of which every tenth is released.
        let deliveries: Vec<_> = (accepted..accepted + 1000)
            .map(|number| {
                let ledger = Arc::clone(&ledger);
                tokio::spawn(async move {
                    let (answer, claim) = ask(&*ledger, &numbered(number)).await;
                    let claim = claim.unwrap_or_else(|| panic!("{answer:?}"));
                    let release = number.is_multiple_of(10);
                    let settlement = if release { Settlement::Release } else { Settlement::Commit };
                    ledger.settle(claim, settlement).await.unwrap();
                })
            })
            .collect();
        for delivery in deliveries {
            delivery.await.unwrap();
        }
        accepted += 1000;
    }
    let begun = Instant::now();
    while files(&state_dir, "journal").len() > 1 {
        assert!(begun.elapsed() < Duration::from_secs(60), "the journals before it are still there");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let state_dir = directories.killed(&state_dir);
    drop(ledger);
    let next = open(&state_dir, &options, clock, Fsync::Interval).unwrap();
    assert_eq!(next.entries().await, Ok(Some(accepted - accepted / 10)));
    for number in (0..accepted).step_by(97) {
        let expected = if number.is_multiple_of(10) { Answer::New } else { Answer::Settled(Class::Replay) };
        assert_eq!(ask(&next, &numbered(number)).await.0, expected, "{number} of {accepted}");
    }
}

#[tokio::test]
async fn many_short_lives_are_compacted_too() {
    let directories = Directories::new();
    let state_dir = directories.make();
    let clock = Arc::new(ManualClock::new(START));
    drop(open(&state_dir, &options(), Arc::clone(&clock) as _, Fsync::Interval).unwrap());
    let mut lives = 0;
    while files(&state_dir, "snapshot").is_empty() {
        assert!(lives < 3 * JOURNALS_MAX, "no snapshot yet");
        let ledger = open(&state_dir, &options(), Arc::clone(&clock) as _, Fsync::Interval).unwrap();
        let number = u8::try_from(lives).unwrap();
        let (_, claim) = ask(&ledger, &delivery(number)).await;
        ledger.settle(claim.unwrap(), Settlement::Commit).await.unwrap();
        // Compaction waits for writes to gather.
        let begun = Instant::now();
        while lives > JOURNALS_MAX
            && files(&state_dir, "snapshot").is_empty()
            && begun.elapsed() < Duration::from_secs(10)
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        lives += 1;
    }
    let ledger = open(&state_dir, &options(), clock, Fsync::Interval).unwrap();
    assert!(files(&state_dir, "journal").len() < 4);
    for number in 0..lives {
        let number = u8::try_from(number).unwrap();
        assert_eq!(ask(&ledger, &delivery(number)).await.0, Answer::Settled(Class::Replay), "{number}");
    }
}
