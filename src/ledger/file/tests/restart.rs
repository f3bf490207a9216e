//! What a process finds of the one before it.

use super::*;
use crate::clock::ManualClock;
use crate::config::OnUnknown;
use crate::ledger::contract::{Answer, START, ask, delivery, options};
use crate::ledger::{Class, SourceIndex, SourceTag};

/// Two processes, one after the other, on the same state.
struct Restart {
    directories: Directories,
    state_dir: PathBuf,
    clock: Arc<ManualClock>,
}

impl Restart {
    fn new() -> Self {
        let directories = Directories::new();
        let state_dir = directories.make();
        let clock = Arc::new(ManualClock::new(START.saturating_add(Duration::from_secs(10))));
        Self { directories, state_dir, clock }
    }

    fn open(&self, options: &LedgerOptions) -> FileLedger {
        self.open_under(Boot([1; 16]), Fsync::Interval, options)
    }

    fn open_under(&self, boot: Boot, fsync: Fsync, options: &LedgerOptions) -> FileLedger {
        let config = FileEngineConfig { state_dir: self.state_dir.clone(), fsync };
        let clock = || Arc::clone(&self.clock) as _;
        unlocked(|| FileLedger::open_under(boot, &config, options, clock())).unwrap()
    }

    /// The process of `ledger` is killed.
    fn kill(&mut self, ledger: FileLedger) {
        self.state_dir = self.directories.killed(&self.state_dir);
        drop(ledger);
    }
}

async fn accept(ledger: &FileLedger, request: &ClaimRequest) {
    let (answer, claim) = ask(ledger, request).await;
    ledger.settle(claim.unwrap_or_else(|| panic!("{answer:?}")), Settlement::Commit).await.unwrap();
}

async fn answer(ledger: &FileLedger, request: &ClaimRequest) -> Answer {
    ask(ledger, request).await.0
}

/// The start of every process here: what was signed before may be a replay.
fn fenced() -> LedgerOptions {
    LedgerOptions { boot_fence: Some(START.saturating_add(Duration::from_secs(10))), ..options() }
}

/// Signed at the start of the first process or after it.
fn fresh(number: u8) -> ClaimRequest {
    ClaimRequest { signed_at: Some(START.saturating_add(Duration::from_secs(11))), ..delivery(number) }
}

#[tokio::test]
async fn what_was_accepted_is_still_refused_and_nothing_else_is() {
    for is_killed in [false, true] {
        let mut restart = Restart::new();
        let first = restart.open(&fenced());
        accept(&first, &fresh(1)).await;
        let (_, released) = ask(&first, &fresh(2)).await;
        first.settle(released.unwrap(), Settlement::Release).await.unwrap();
        if is_killed {
            restart.kill(first);
        } else {
            drop(first);
        }
        restart.clock.advance(Duration::from_secs(60));
        let fence = Some(restart.clock.now());
        let second = restart.open(&LedgerOptions { boot_fence: fence, ..options() });
        assert_eq!(answer(&second, &fresh(1)).await, Answer::Settled(Class::Replay));
        // Signed before this process began, and not fenced: memory is whole.
        assert_eq!(answer(&second, &fresh(2)).await, Answer::New);
        assert_eq!(answer(&second, &fresh(3)).await, Answer::New);
        let before_all = Answer::Refused(LedgerError::SignedBeforeMemory);
        assert_eq!(answer(&second, &delivery(4)).await, before_all, "the fence of the first start");
    }
}

#[tokio::test]
async fn what_a_first_start_cannot_know_is_fenced() {
    let restart = Restart::new();
    let refused = Answer::Refused(LedgerError::SignedBeforeMemory);
    assert_eq!(answer(&restart.open(&fenced()), &delivery(1)).await, refused);
}

#[tokio::test]
async fn a_claim_whose_owner_was_killed_follows_the_choice_of_the_next_process() {
    for (on_unknown, expected) in
        [(OnUnknown::Release, Answer::New), (OnUnknown::Hold, Answer::Settled(Class::Replay))]
    {
        let mut restart = Restart::new();
        let first = restart.open(&options());
        assert_eq!(answer(&first, &fresh(1)).await, Answer::New);
        restart.kill(first);
        let second = restart.open(&LedgerOptions { on_unknown, ..options() });
        assert_eq!(answer(&second, &fresh(1)).await, expected);
    }
}

#[tokio::test]
async fn a_claim_that_was_settled_at_a_restart_stays_settled() {
    let mut restart = Restart::new();
    let first = restart.open(&options());
    assert_eq!(answer(&first, &fresh(1)).await, Answer::New);
    restart.kill(first);
    drop(restart.open(&LedgerOptions { on_unknown: OnUnknown::Release, ..options() }));
    let third = restart.open(&LedgerOptions { on_unknown: OnUnknown::Hold, ..options() });
    assert_eq!(answer(&third, &fresh(1)).await, Answer::New);
}

#[tokio::test]
async fn a_newer_signature_is_remembered_for_its_own_tolerance() {
    let mut restart = Restart::new();
    let first = restart.open(&options());
    accept(&first, &fresh(1)).await;
    restart.clock.advance(Duration::from_secs(200));
    let newer = ClaimRequest { signed_at: Some(restart.clock.now()), ..fresh(1) };
    assert_eq!(answer(&first, &newer).await, Answer::Settled(Class::Retry));
    restart.kill(first);
    restart.clock.advance(Duration::from_secs(200));
    let second = restart.open(&options());
    assert_eq!(answer(&second, &newer).await, Answer::Settled(Class::Replay));
}

#[tokio::test]
async fn what_has_ended_is_not_loaded_and_is_fenced() {
    let mut restart = Restart::new();
    let first = restart.open(&options());
    accept(&first, &fresh(1)).await;
    restart.kill(first);
    restart.clock.advance(Duration::from_secs(3600));
    let second = restart.open(&options());
    assert_eq!(second.entries().await, Ok(Some(0)));
    // The clock had run ahead, and is set right.
    restart.clock.set(START.saturating_add(Duration::from_secs(20)));
    let refused = Answer::Refused(LedgerError::SignedBeforeMemory);
    assert_eq!(answer(&second, &fresh(1)).await, refused);
    restart.kill(second);
    assert_ne!(answer(&restart.open(&options()), &fresh(1)).await, Answer::New);
}

#[tokio::test]
async fn sources_are_known_by_their_name_and_not_by_their_place() {
    let sources = |names: &[&str]| LedgerOptions {
        sources: names.iter().map(|name| SourceTag::new(name)).collect(),
        ..fenced()
    };
    let at = |place, request| ClaimRequest { source: SourceIndex(place), ..request };
    let restart = Restart::new();
    let first = restart.open(&sources(&["billing", "orders"]));
    accept(&first, &at(0, fresh(1))).await;
    accept(&first, &at(1, fresh(2))).await;
    drop(first);
    // One is gone for a while, another one is new, and the order is another.
    let fence = Some(START.saturating_add(Duration::from_secs(50)));
    drop(restart.open(&LedgerOptions { boot_fence: fence, ..sources(&["news", "orders"]) }));
    let third = restart.open(&LedgerOptions { boot_fence: fence, ..sources(&["orders", "billing", "news"]) });
    let replay = Answer::Settled(Class::Replay);
    assert_eq!(answer(&third, &at(1, fresh(1))).await, replay);
    assert_eq!(answer(&third, &at(0, fresh(2))).await, replay);
    assert_eq!(answer(&third, &at(0, fresh(3))).await, Answer::New, "known from the beginning");
    assert_eq!(answer(&third, &at(1, fresh(4))).await, Answer::New, "known from the beginning");
    let refused = Answer::Refused(LedgerError::SignedBeforeMemory);
    assert_eq!(answer(&third, &at(2, fresh(5))).await, refused, "known since the second start");
    assert_eq!(answer(&third, &at(3, fresh(6))).await, Answer::Refused(LedgerError::Unavailable));
}

#[tokio::test]
async fn more_than_there_is_room_for_is_kept_and_nothing_comes_in() {
    let restart = Restart::new();
    let first = restart.open(&options());
    for number in 1..=5 {
        accept(&first, &fresh(number)).await;
    }
    drop(first);
    let second = restart.open(&LedgerOptions { entries_max: 3, ..options() });
    assert_eq!(second.entries().await, Ok(Some(5)));
    assert_eq!(answer(&second, &fresh(5)).await, Answer::Settled(Class::Replay));
    assert_eq!(answer(&second, &fresh(6)).await, Answer::Refused(LedgerError::Full));
}

/// Between the last sync and the loss of power, answers may have been given
/// that nothing remembers.
#[tokio::test]
async fn a_machine_that_lost_power_is_fenced_where_it_may_have_lost_more() {
    let (same, other) = (Boot([1; 16]), Boot([2; 16]));
    for (fsync, is_closed, boot, is_fenced) in [
        (Fsync::Interval, false, same, false),
        (Fsync::Interval, false, other, true),
        (Fsync::Interval, true, other, false),
        (Fsync::Always, false, other, false),
    ] {
        let mut restart = Restart::new();
        let first = restart.open_under(same, fsync, &options());
        accept(&first, &fresh(1)).await;
        if is_closed {
            drop(first);
        } else {
            restart.kill(first);
        }
        let fence = Some(START.saturating_add(Duration::from_secs(50)));
        let second = restart.open_under(boot, fsync, &LedgerOptions { boot_fence: fence, ..options() });
        let refused = Answer::Refused(LedgerError::SignedBeforeMemory);
        let expected = if is_fenced { refused } else { Answer::New };
        assert_eq!(answer(&second, &fresh(2)).await, expected, "{fsync:?} {is_closed} {boot:?}");
        assert_eq!(answer(&second, &fresh(1)).await, Answer::Settled(Class::Replay));
    }
}

#[tokio::test]
async fn a_claim_whose_caller_hangs_up_before_it_is_written_is_released() {
    let restart = Restart::new();
    let ledger = restart.open(&LedgerOptions { on_unknown: OnUnknown::Hold, ..options() });
    let mut given_up = 0;
    for _ in 0..200 {
        let request = fresh(1);
        let mut claim = std::pin::pin!(ledger.claim(&request));
        match futures_util::poll!(claim.as_mut()) {
            std::task::Poll::Pending => given_up += 1,
            // The writer was faster.
            std::task::Poll::Ready(claimed) => {
                let Ok(Claimed::New(claim)) = claimed else { panic!("{claimed:?}") };
                ledger.settle(claim, Settlement::Release).await.unwrap();
            }
        }
    }
    assert!(given_up > 0);
    assert_eq!(ledger.entries().await, Ok(Some(0)));
    assert_eq!(answer(&ledger, &fresh(1)).await, Answer::New);
}

#[test]
fn two_processes_cannot_use_the_same_state() {
    let restart = Restart::new();
    let _first = restart.open(&options());
    let second = open(&restart.state_dir, &options(), Arc::clone(&restart.clock) as _, Fsync::Interval);
    assert!(matches!(second, Err(OpenError::Locked { .. })), "{second:?}");
}
