//! What every engine must keep, as tests.
//!
//! Each behaviour is a function that takes how to open an engine;
//! [`tests!`] makes a test of each. An engine's own test module needs one line:
//! `contract::tests!(Time::Paused, open);`, where `open` is an async function or
//! closure. Wall time is a [`ManualClock`]. Waiting is tokio time: paused for an
//! engine that asks nobody else, and real for one that does, because paused time
//! runs on while a thread or another process makes up its mind.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use tokio::time::Instant;

use super::{
    Claim, ClaimRequest, Claimed, Class, Ledger, LedgerError, LedgerKey, LedgerOptions, Memory, OnUnknown,
    Settlement, SourceIndex, SourceTag, WAIT_MAX, Waited,
};
use crate::clock::{Clock, ManualClock, UnixTime};
use crate::schemes::Digest;

macro_rules! contract_tests {
    ($time:expr, $open:expr) => {
        $crate::ledger::contract::uncounted!($time, $open);
        $crate::ledger::contract::tests! { $time, $open =>
            a_full_ledger_refuses_and_forgets_nothing_that_lives
            one_source_cannot_fill_the_ledger_for_others
            entries_are_counted_through_every_end
        }
    };
    ($time:expr, $open:expr => $($behaviour:ident)+) => {
        $(
            #[tokio::test]
            async fn $behaviour() {
                $time.begin();
                $crate::ledger::contract::$behaviour($open).await;
            }
        )+
    };
}
pub(super) use contract_tests as tests;

/// Without those about the number of entries, for an engine that cannot count
/// them.
macro_rules! uncounted_tests {
    ($time:expr, $open:expr) => {
        #[allow(unused_imports)]
        use $crate::ledger::contract::Time;
        $crate::ledger::contract::tests! { $time, $open =>
            a_copy_is_in_flight_until_the_first_is_settled
            of_many_copies_at_once_one_is_new
            racing_owners_follow_each_other
            a_copy_of_what_was_accepted_is_a_replay
            an_older_signature_of_an_accepted_id_is_a_replay
            a_newer_signature_is_a_retry_and_from_then_on_a_replay
            without_a_signed_time_a_copy_is_a_redelivery
            a_release_lets_the_next_copy_through
            another_content_is_refused_in_flight_and_after_success
            another_content_after_a_release_is_a_claim_like_any_other
            a_claim_whose_owner_died_lapses_into_a_release
            a_claim_whose_owner_died_lapses_into_an_acceptance_under_hold
            a_late_settlement_cannot_touch_a_newer_claim
            signed_bytes_are_remembered_through_the_last_second_of_their_tolerance
            an_accepted_id_is_remembered_for_its_window
            a_retry_is_remembered_for_its_own_tolerance
            what_was_signed_by_the_boot_fence_is_refused
            a_clock_stepped_back_lets_no_replay_through
            a_longer_tolerance_lets_no_replay_through
            a_copy_in_flight_waits_and_is_answered_by_class
            a_waiter_under_a_newer_signature_is_a_retry
            a_waiter_never_becomes_the_owner
            a_waiter_is_as_patient_as_allowed
            only_so_many_wait_for_one_key
            sources_have_watermarks_of_their_own
            a_source_that_is_not_known_is_refused
            a_source_that_comes_later_has_a_place_for_good
        }
    };
}
pub(super) use uncounted_tests as uncounted;

/// How to open an engine.
pub(super) trait Open<L>: AsyncFn(LedgerOptions, Arc<dyn Clock>) -> L {}
impl<L, F: AsyncFn(LedgerOptions, Arc<dyn Clock>) -> L> Open<L> for F {}

/// How a test waits.
#[derive(Clone, Copy)]
pub(super) enum Time {
    /// Not at all: time jumps to the next timer when there is nothing to do.
    Paused,
    /// As it passes.
    Real,
}

impl Time {
    pub(super) fn begin(self) {
        match self {
            Self::Paused => tokio::time::pause(),
            Self::Real => {}
        }
    }
}

/// [`Claimed`] without the claim, so that it can be compared.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    New,
    InFlight,
    Settled(Class),
    IdReused,
    Refused(LedgerError),
}

/// Checks the number of entries of an engine that counts them.
async fn counts(ledger: &impl Ledger, expected: u64, why: &str) {
    if let Some(entries) = ledger.entries().await.expect("the engine can be asked") {
        assert_eq!(entries, expected, "{why}");
    }
}

/// Asks for a claim.
pub(super) async fn ask(ledger: &impl Ledger, request: &ClaimRequest) -> (Answer, Option<Claim>) {
    match ledger.claim(request).await {
        Ok(Claimed::New(claim)) => (Answer::New, Some(claim)),
        Ok(Claimed::InFlight) => (Answer::InFlight, None),
        Ok(Claimed::Settled(class)) => (Answer::Settled(class), None),
        Ok(Claimed::IdReused) => (Answer::IdReused, None),
        Ok(Claimed::OverRate { .. }) => unreachable!("no request here has a rate"),
        Err(refused) => (Answer::Refused(refused), None),
    }
}

/// Asks for a claim; one that is given is dropped, as by an owner that dies.
async fn answer(ledger: &impl Ledger, request: &ClaimRequest) -> Answer {
    ask(ledger, request).await.0
}

async fn claim(ledger: &impl Ledger, request: &ClaimRequest) -> Claim {
    let (answer, claim) = ask(ledger, request).await;
    claim.unwrap_or_else(|| panic!("not claimed: {answer:?}"))
}

async fn commit(ledger: &impl Ledger, claim: Claim) {
    ledger.settle(claim, Settlement::Commit).await.expect("the engine can be asked");
}

async fn release(ledger: &impl Ledger, claim: Claim) {
    ledger.settle(claim, Settlement::Release).await.expect("the engine can be asked");
}

/// Claims and commits.
async fn accept(ledger: &impl Ledger, request: &ClaimRequest) {
    commit(ledger, claim(ledger, request).await).await;
}

pub(super) const START: UnixTime = UnixTime::from_secs(1_700_000_000);
pub(super) const LEASE: Duration = Duration::from_secs(20);
const TOLERANCE: Duration = Duration::from_secs(300);
const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);

pub(super) fn options() -> LedgerOptions {
    LedgerOptions {
        entries_max: 100,
        entries_max_per_source: 100,
        sources: vec![SourceTag::new("first"), SourceTag::new("second")],
        on_unknown: OnUnknown::Release,
        boot_fence: None,
    }
}

fn key(number: u8) -> LedgerKey {
    LedgerKey([number; 32])
}

pub(super) fn content(number: u8) -> Digest {
    Digest::of(&[number])
}

/// Signed at the start, remembered for its tolerance.
pub(super) fn delivery(number: u8) -> ClaimRequest {
    ClaimRequest {
        source: SourceIndex(0),
        key: key(number),
        content: content(number),
        signed_at: Some(START),
        memory: Memory { tolerance: Some(TOLERANCE), window: Duration::ZERO },
        lease: LEASE,
        rate: None,
    }
}

fn at(millis: Duration) -> Arc<ManualClock> {
    Arc::new(ManualClock::new(START.saturating_add(millis)))
}

pub(super) async fn a_copy_is_in_flight_until_the_first_is_settled<L: Ledger>(open: impl Open<L>) {
    let ledger = open(options(), at(SECOND)).await;
    let first = claim(&ledger, &delivery(1)).await;
    assert_eq!(answer(&ledger, &delivery(1)).await, Answer::InFlight);
    assert_eq!(answer(&ledger, &delivery(2)).await, Answer::New, "another key is not touched");
    commit(&ledger, first).await;
    assert_ne!(answer(&ledger, &delivery(1)).await, Answer::InFlight);
}

pub(super) async fn of_many_copies_at_once_one_is_new<L: Ledger>(open: impl Open<L>) {
    let ledger = open(options(), at(SECOND)).await;
    let answers = on_threads(async || answer(&ledger, &delivery(1)).await);
    let count = |wanted| answers.iter().filter(|&answer| *answer == wanted).count();
    assert_eq!((count(Answer::New), count(Answer::InFlight)), (1, 63));
    counts(&ledger, 1, "").await;
}

pub(super) async fn racing_owners_follow_each_other<L: Ledger>(open: impl Open<L>) {
    let ledger = open(options(), at(SECOND)).await;
    let owners = AtomicUsize::new(0);
    let turns: usize = on_threads(async || {
        let mut turns = 0;
        for _ in 0..500 {
            if let (Answer::New, Some(claim)) = ask(&ledger, &delivery(1)).await {
                assert_eq!(owners.fetch_add(1, Ordering::SeqCst), 0, "two owners at once");
                owners.fetch_sub(1, Ordering::SeqCst);
                release(&ledger, claim).await;
                turns += 1;
            }
        }
        turns
    })
    .into_iter()
    .sum();
    assert!(turns > 0);
    counts(&ledger, 0, "after all turns").await;
}

/// Runs `task` 64 times, on eight threads that begin together.
fn on_threads<T: Send>(task: impl AsyncFn() -> T + Sync) -> Vec<T> {
    let begin = Barrier::new(8);
    let eight = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        begin.wait();
        (0..8).map(|_| runtime.block_on(task())).collect::<Vec<_>>()
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(eight)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    })
}

pub(super) async fn a_copy_of_what_was_accepted_is_a_replay<L: Ledger>(open: impl Open<L>) {
    let ledger = open(options(), at(SECOND)).await;
    accept(&ledger, &delivery(1)).await;
    for _ in 0..3 {
        assert_eq!(answer(&ledger, &delivery(1)).await, Answer::Settled(Class::Replay));
    }
}

pub(super) async fn an_older_signature_of_an_accepted_id_is_a_replay<L: Ledger>(open: impl Open<L>) {
    let ledger = open(options(), at(SECOND)).await;
    accept(&ledger, &delivery(1)).await;
    let older = ClaimRequest { signed_at: Some(START.saturating_sub(SECOND)), ..delivery(1) };
    assert_eq!(answer(&ledger, &older).await, Answer::Settled(Class::Replay));
}

pub(super) async fn a_newer_signature_is_a_retry_and_from_then_on_a_replay<L: Ledger>(open: impl Open<L>) {
    let ledger = open(options(), at(SECOND)).await;
    accept(&ledger, &delivery(1)).await;
    let newer = ClaimRequest { signed_at: Some(START.saturating_add(SECOND)), ..delivery(1) };
    assert_eq!(answer(&ledger, &newer).await, Answer::Settled(Class::Retry));
    assert_eq!(answer(&ledger, &newer).await, Answer::Settled(Class::Replay));
    assert_eq!(answer(&ledger, &delivery(1)).await, Answer::Settled(Class::Replay));
}

pub(super) async fn without_a_signed_time_a_copy_is_a_redelivery<L: Ledger>(open: impl Open<L>) {
    let clock = at(SECOND);
    let ledger = open(options(), clock.clone()).await;
    let memory = Memory { tolerance: None, window: Duration::from_secs(3600) };
    let timeless = ClaimRequest { signed_at: None, memory, ..delivery(1) };
    accept(&ledger, &timeless).await;
    assert_eq!(answer(&ledger, &timeless).await, Answer::Settled(Class::Redelivery));
    clock.advance(memory.window.saturating_sub(MILLISECOND));
    assert_eq!(answer(&ledger, &timeless).await, Answer::Settled(Class::Redelivery));
    clock.advance(MILLISECOND);
    assert_eq!(answer(&ledger, &timeless).await, Answer::New);
}

pub(super) async fn a_release_lets_the_next_copy_through<L: Ledger>(open: impl Open<L>) {
    let ledger = open(options(), at(SECOND)).await;
    let first = claim(&ledger, &delivery(1)).await;
    release(&ledger, first).await;
    accept(&ledger, &delivery(1)).await;
    assert_eq!(answer(&ledger, &delivery(1)).await, Answer::Settled(Class::Replay));
}

pub(super) async fn another_content_is_refused_in_flight_and_after_success<L: Ledger>(open: impl Open<L>) {
    let ledger = open(options(), at(SECOND)).await;
    let other = ClaimRequest { content: content(9), ..delivery(1) };
    let first = claim(&ledger, &delivery(1)).await;
    assert_eq!(answer(&ledger, &other).await, Answer::IdReused);
    commit(&ledger, first).await;
    assert_eq!(answer(&ledger, &other).await, Answer::IdReused);
    let newer = ClaimRequest { signed_at: Some(START.saturating_add(SECOND)), ..other };
    assert_eq!(answer(&ledger, &newer).await, Answer::IdReused);
    assert_eq!(answer(&ledger, &delivery(1)).await, Answer::Settled(Class::Replay), "nothing was changed");
}

pub(super) async fn another_content_after_a_release_is_a_claim_like_any_other<L: Ledger>(open: impl Open<L>) {
    let ledger = open(options(), at(SECOND)).await;
    let first = claim(&ledger, &delivery(1)).await;
    release(&ledger, first).await;
    let other = ClaimRequest { content: content(9), ..delivery(1) };
    accept(&ledger, &other).await;
    assert_eq!(answer(&ledger, &other).await, Answer::Settled(Class::Replay));
    assert_eq!(answer(&ledger, &delivery(1)).await, Answer::IdReused);
}

pub(super) async fn a_claim_whose_owner_died_lapses_into_a_release<L: Ledger>(open: impl Open<L>) {
    let clock = at(SECOND);
    let ledger = open(options(), clock.clone()).await;
    drop(claim(&ledger, &delivery(1)).await);
    clock.advance(LEASE.saturating_sub(MILLISECOND));
    assert_eq!(answer(&ledger, &delivery(1)).await, Answer::InFlight);
    clock.advance(MILLISECOND);
    accept(&ledger, &delivery(1)).await;
    assert_eq!(answer(&ledger, &delivery(1)).await, Answer::Settled(Class::Replay));
}

pub(super) async fn a_claim_whose_owner_died_lapses_into_an_acceptance_under_hold<L: Ledger>(
    open: impl Open<L>,
) {
    let clock = at(SECOND);
    let ledger = open(LedgerOptions { on_unknown: OnUnknown::Hold, ..options() }, clock.clone()).await;
    let slow = claim(&ledger, &delivery(1)).await;
    clock.advance(LEASE);
    assert_eq!(answer(&ledger, &delivery(1)).await, Answer::Settled(Class::Replay));
    release(&ledger, slow).await;
    assert_eq!(answer(&ledger, &delivery(1)).await, Answer::Settled(Class::Replay), "it came too late");
    let other = ClaimRequest { content: content(9), ..delivery(1) };
    assert_eq!(answer(&ledger, &other).await, Answer::IdReused);
}

pub(super) async fn a_late_settlement_cannot_touch_a_newer_claim<L: Ledger>(open: impl Open<L>) {
    for late in [Settlement::Commit, Settlement::Release] {
        let clock = at(SECOND);
        let ledger = open(options(), clock.clone()).await;
        let slow = claim(&ledger, &delivery(1)).await;
        clock.advance(LEASE);
        let newer = claim(&ledger, &delivery(1)).await;
        ledger.settle(slow, late).await.expect("the engine can be asked");
        assert_eq!(answer(&ledger, &delivery(1)).await, Answer::InFlight, "{late:?}");
        commit(&ledger, newer).await;
        assert_eq!(answer(&ledger, &delivery(1)).await, Answer::Settled(Class::Replay), "{late:?}");
        counts(&ledger, 1, "").await;
    }
}

pub(super) async fn signed_bytes_are_remembered_through_the_last_second_of_their_tolerance<L: Ledger>(
    open: impl Open<L>,
) {
    let clock = at(SECOND);
    let ledger = open(options(), clock.clone()).await;
    accept(&ledger, &delivery(1)).await;
    clock.set(START.saturating_add(TOLERANCE + SECOND).saturating_sub(MILLISECOND));
    assert_eq!(answer(&ledger, &delivery(1)).await, Answer::Settled(Class::Replay));
    counts(&ledger, 1, "").await;
    clock.advance(MILLISECOND);
    counts(&ledger, 0, "").await;
}

pub(super) async fn an_accepted_id_is_remembered_for_its_window<L: Ledger>(open: impl Open<L>) {
    let clock = at(SECOND);
    let ledger = open(options(), clock.clone()).await;
    let memory = Memory { tolerance: Some(TOLERANCE), window: Duration::from_secs(3600) };
    let first = claim(&ledger, &ClaimRequest { memory, ..delivery(1) }).await;
    // The window begins when the app has the message, not when it is claimed.
    clock.advance(LEASE / 2);
    commit(&ledger, first).await;
    let accepted_at = clock.now();
    clock.set(accepted_at.saturating_add(memory.window).saturating_sub(MILLISECOND));
    let resigned = ClaimRequest { signed_at: Some(START.saturating_add(SECOND)), ..delivery(1) };
    assert_eq!(answer(&ledger, &resigned).await, Answer::Settled(Class::Retry));
    clock.advance(MILLISECOND);
    let resigned = ClaimRequest { signed_at: Some(clock.now()), ..delivery(1) };
    assert_eq!(answer(&ledger, &resigned).await, Answer::New);
}

pub(super) async fn a_retry_is_remembered_for_its_own_tolerance<L: Ledger>(open: impl Open<L>) {
    let clock = at(SECOND);
    let ledger = open(options(), clock.clone()).await;
    accept(&ledger, &delivery(1)).await;
    clock.set(START.saturating_add(TOLERANCE));
    let retry = ClaimRequest { signed_at: Some(clock.now()), ..delivery(1) };
    assert_eq!(answer(&ledger, &retry).await, Answer::Settled(Class::Retry));
    // Long after the first signature is too old, the second is still good.
    clock.advance(TOLERANCE);
    assert_eq!(answer(&ledger, &retry).await, Answer::Settled(Class::Replay));
}

pub(super) async fn what_was_signed_by_the_boot_fence_is_refused<L: Ledger>(open: impl Open<L>) {
    let boot_fence = Some(START.saturating_add(SECOND));
    let ledger = open(LedgerOptions { boot_fence, ..options() }, at(SECOND)).await;
    let refused = Answer::Refused(LedgerError::SignedBeforeMemory);
    assert_eq!(answer(&ledger, &delivery(1)).await, refused);
    assert_eq!(answer(&ledger, &ClaimRequest { signed_at: boot_fence, ..delivery(1) }).await, refused);
    let after = boot_fence.map(|fence| fence.saturating_add(MILLISECOND));
    assert_eq!(answer(&ledger, &ClaimRequest { signed_at: after, ..delivery(1) }).await, Answer::New);
    assert_eq!(answer(&ledger, &ClaimRequest { signed_at: None, ..delivery(2) }).await, Answer::New);
    counts(&ledger, 2, "a refusal leaves no entry").await;
}

pub(super) async fn a_clock_stepped_back_lets_no_replay_through<L: Ledger>(open: impl Open<L>) {
    let clock = at(SECOND);
    let ledger = open(options(), clock.clone()).await;
    accept(&ledger, &delivery(1)).await;
    clock.set(START.saturating_add(TOLERANCE + SECOND));
    counts(&ledger, 0, "it was forgotten").await;
    clock.set(START.saturating_add(SECOND));
    // It is inside its tolerance once more. An engine that had not come round
    // to forgetting it still knows what it is.
    let refused = [Answer::Refused(LedgerError::SignedBeforeMemory), Answer::Settled(Class::Replay)];
    assert!(refused.contains(&answer(&ledger, &delivery(1)).await));
}

pub(super) async fn a_longer_tolerance_lets_no_replay_through<L: Ledger>(open: impl Open<L>) {
    let clock = at(SECOND);
    let ledger = open(options(), clock.clone()).await;
    accept(&ledger, &delivery(1)).await;
    clock.set(START.saturating_add(TOLERANCE + SECOND));
    let memory = Memory { tolerance: Some(TOLERANCE * 2), window: Duration::ZERO };
    let replay = ClaimRequest { memory, ..delivery(1) };
    assert_eq!(answer(&ledger, &replay).await, Answer::Refused(LedgerError::SignedBeforeMemory));
    let signed_later = ClaimRequest { signed_at: Some(clock.now()), ..replay };
    assert_eq!(answer(&ledger, &signed_later).await, Answer::New);
}

pub(super) async fn a_copy_in_flight_waits_and_is_answered_by_class<L: Ledger>(open: impl Open<L>) {
    let ledger = open(options(), at(SECOND)).await;
    let first = claim(&ledger, &delivery(1)).await;
    let copy = delivery(1);
    let begun = Instant::now();
    let (waited, ()) = tokio::join!(ledger.wait(&copy, WAIT_MAX), async {
        tokio::time::sleep(SECOND).await;
        commit(&ledger, first).await;
    });
    assert_eq!(waited, Ok(Waited::Settled(Class::Replay)));
    assert!(
        begun.elapsed() >= SECOND && begun.elapsed() < 2 * SECOND,
        "woken by the settlement, not by a timer"
    );
    assert_eq!(ledger.wait(&copy, WAIT_MAX).await, Ok(Waited::Settled(Class::Replay)), "and who comes late");
    assert!(begun.elapsed() < 2 * SECOND, "at once");
}

pub(super) async fn a_waiter_under_a_newer_signature_is_a_retry<L: Ledger>(open: impl Open<L>) {
    let ledger = open(options(), at(SECOND)).await;
    let first = claim(&ledger, &delivery(1)).await;
    let newer = ClaimRequest { signed_at: Some(START.saturating_add(SECOND)), ..delivery(1) };
    let (waited, ()) = tokio::join!(ledger.wait(&newer, WAIT_MAX), commit(&ledger, first));
    assert_eq!(waited, Ok(Waited::Settled(Class::Retry)));
    assert_eq!(answer(&ledger, &newer).await, Answer::Settled(Class::Replay), "it was recorded");
}

pub(super) async fn a_waiter_never_becomes_the_owner<L: Ledger>(open: impl Open<L>) {
    let ledger = open(options(), at(SECOND)).await;
    let first = claim(&ledger, &delivery(1)).await;
    let copy = delivery(1);
    let begun = Instant::now();
    let (waited, ()) = tokio::join!(ledger.wait(&copy, WAIT_MAX), release(&ledger, first));
    assert_eq!(waited, Ok(Waited::Unsettled));
    assert!(begun.elapsed() < SECOND, "woken by the settlement, not by a timer");
    counts(&ledger, 0, "").await;
    assert_eq!(ledger.wait(&copy, WAIT_MAX).await, Ok(Waited::Unsettled), "nothing is in flight");
    assert_eq!(answer(&ledger, &copy).await, Answer::New);
}

pub(super) async fn a_waiter_is_as_patient_as_allowed<L: Ledger>(open: impl Open<L>) {
    let ledger = open(options(), at(SECOND)).await;
    let _first = claim(&ledger, &delivery(1)).await;
    for (patience, waits) in [(SECOND, SECOND), (WAIT_MAX * 10, WAIT_MAX)] {
        let begun = Instant::now();
        assert_eq!(ledger.wait(&delivery(1), patience).await, Ok(Waited::Unsettled));
        assert!(begun.elapsed() >= waits && begun.elapsed() < waits + SECOND, "{patience:?}");
    }
}

pub(super) async fn only_so_many_wait_for_one_key<L: Ledger>(open: impl Open<L>) {
    let ledger = open(options(), at(SECOND)).await;
    let first = claim(&ledger, &delivery(1)).await;
    let copy = delivery(1);
    let waits = || ledger.wait(&copy, WAIT_MAX);
    let begun = Instant::now();
    let (a, b, c, d, ()) = tokio::join!(waits(), waits(), waits(), waits(), async {
        assert_eq!(waits().await, Ok(Waited::Unsettled));
        assert!(begun.elapsed() < SECOND, "the fifth is answered at once");
        commit(&ledger, first).await;
    });
    assert_eq!([a, b, c, d], [Ok(Waited::Settled(Class::Replay)); 4], "one settlement wakes all");
}

pub(super) async fn a_full_ledger_refuses_and_forgets_nothing_that_lives<L: Ledger>(open: impl Open<L>) {
    let clock = at(SECOND);
    let ledger = open(LedgerOptions { entries_max: 3, ..options() }, clock.clone()).await;
    accept(&ledger, &delivery(1)).await;
    accept(&ledger, &delivery(2)).await;
    let third = claim(&ledger, &delivery(3)).await;
    for _ in 0..100 {
        assert_eq!(answer(&ledger, &delivery(4)).await, Answer::Refused(LedgerError::Full));
    }
    assert_eq!(answer(&ledger, &delivery(1)).await, Answer::Settled(Class::Replay));
    assert_eq!(answer(&ledger, &delivery(2)).await, Answer::Settled(Class::Replay));
    assert_eq!(answer(&ledger, &delivery(3)).await, Answer::InFlight);
    release(&ledger, third).await;
    accept(&ledger, &delivery(4)).await;
    clock.advance(TOLERANCE + SECOND);
    let now = ClaimRequest { signed_at: Some(clock.now()), ..delivery(5) };
    assert_eq!(answer(&ledger, &now).await, Answer::New, "what has ended does not count");
}

pub(super) async fn one_source_cannot_fill_the_ledger_for_others<L: Ledger>(open: impl Open<L>) {
    let ledger =
        open(LedgerOptions { entries_max: 3, entries_max_per_source: 2, ..options() }, at(SECOND)).await;
    accept(&ledger, &delivery(1)).await;
    accept(&ledger, &delivery(2)).await;
    assert_eq!(answer(&ledger, &delivery(3)).await, Answer::Refused(LedgerError::Full));
    let of_other = |number| ClaimRequest { source: SourceIndex(1), ..delivery(number) };
    accept(&ledger, &of_other(3)).await;
    assert_eq!(answer(&ledger, &of_other(4)).await, Answer::Refused(LedgerError::Full), "the total holds");
}

pub(super) async fn entries_are_counted_through_every_end<L: Ledger>(open: impl Open<L>) {
    let clock = at(SECOND);
    let ledger = open(options(), clock.clone()).await;
    let accepted = claim(&ledger, &delivery(1)).await;
    let released = claim(&ledger, &delivery(2)).await;
    let _dies = claim(&ledger, &delivery(3)).await;
    counts(&ledger, 3, "").await;
    commit(&ledger, accepted).await;
    assert_eq!(answer(&ledger, &delivery(1)).await, Answer::Settled(Class::Replay));
    counts(&ledger, 3, "a copy is not an entry").await;
    release(&ledger, released).await;
    counts(&ledger, 2, "").await;
    clock.advance(LEASE);
    counts(&ledger, 1, "a claim has lapsed").await;
    clock.advance(TOLERANCE);
    counts(&ledger, 0, "").await;
    let at_the_edge = ClaimRequest { signed_at: Some(clock.now().saturating_sub(TOLERANCE)), ..delivery(4) };
    accept(&ledger, &at_the_edge).await;
    counts(&ledger, 1, "").await;
    clock.advance(SECOND);
    counts(&ledger, 0, "before its lease would have ended").await;
}

pub(super) async fn sources_have_watermarks_of_their_own<L: Ledger>(open: impl Open<L>) {
    let clock = at(SECOND);
    let ledger = open(options(), clock.clone()).await;
    accept(&ledger, &delivery(1)).await;
    clock.advance(TOLERANCE + SECOND);
    counts(&ledger, 0, "").await;
    // Too old for the tolerance under which the first source has accepted.
    let memory = Memory { tolerance: Some(TOLERANCE * 2), window: Duration::ZERO };
    let old = ClaimRequest { memory, ..delivery(2) };
    assert_eq!(answer(&ledger, &old).await, Answer::Refused(LedgerError::SignedBeforeMemory));
    let of_other = ClaimRequest { source: SourceIndex(1), ..old };
    assert_eq!(answer(&ledger, &of_other).await, Answer::New);
}

/// As a reload brings one.
pub(super) async fn a_source_that_comes_later_has_a_place_for_good<L: Ledger>(open: impl Open<L>) {
    let options = LedgerOptions { boot_fence: Some(START), ..options() };
    let ledger = open(options, at(SECOND)).await;
    let [first, second, third] = ["first", "second", "third"].map(|id| ledger.place(SourceTag::new(id)));
    assert_eq!((first, second), (Some(SourceIndex(0)), Some(SourceIndex(1))));
    let third = third.expect("there is room for one more");
    let signed_at = Some(START.saturating_add(2 * SECOND));
    let of_third = ClaimRequest { source: third, signed_at, ..delivery(1) };
    let before_the_start = ClaimRequest { signed_at: Some(START), key: key(2), ..of_third };
    assert_eq!(answer(&ledger, &before_the_start).await, Answer::Refused(LedgerError::SignedBeforeMemory));
    accept(&ledger, &of_third).await;
    assert_eq!(ledger.place(SourceTag::new("third")), Some(third), "it went, and came back");
    assert_eq!(answer(&ledger, &of_third).await, Answer::Settled(Class::Replay));
}

pub(super) async fn a_source_that_is_not_known_is_refused<L: Ledger>(open: impl Open<L>) {
    let ledger = open(options(), at(SECOND)).await;
    let beyond = ClaimRequest { source: SourceIndex(2), ..delivery(1) };
    assert_eq!(answer(&ledger, &beyond).await, Answer::Refused(LedgerError::Unavailable));
    counts(&ledger, 0, "").await;
}
