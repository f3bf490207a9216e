//! Two properties of every engine, over random lives.
//!
//! - While time only moves forward, it answers exactly as a naive model does.
//! - Whatever the clock and the configuration do, nothing that was accepted is
//!   accepted again while its scheme would take it.
//!
//! An engine that outlives its process keeps both across restarts.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::contract::{self, Answer, LEASE, Open, START, ask, content, options};
use super::{ClaimRequest, Class, Ledger, LedgerError, LedgerOptions, Memory, OnUnknown, Settlement};
use crate::clock::{Clock, ManualClock, UnixTime};

macro_rules! model_tests {
    ($open:expr) => {
        $crate::ledger::model::tests!($open, $crate::ledger::model::Bounds::OF_MEMORY);
    };
    ($open:expr, $bounds:expr) => {
        #[test]
        fn it_answers_as_the_model_does() {
            $crate::ledger::model::it_answers_as_the_model_does($open, &$bounds);
        }

        #[test]
        fn nothing_accepted_is_accepted_again_under_any_clock() {
            $crate::ledger::model::nothing_accepted_is_accepted_again_under_any_clock($open, &$bounds);
        }
    };
}
pub(super) use model_tests as tests;

/// What is tried on an engine.
#[derive(Clone, Debug)]
pub(super) struct Bounds {
    /// Of which numbers of entries it refuses more.
    pub(super) entries_max: Range<usize>,
    /// How many lives.
    pub(super) lives: u32,
}

impl Bounds {
    pub(super) const OF_MEMORY: Self = Self { entries_max: 1..8, lives: 256 };
}

/// One step of a life.
#[derive(Clone, Copy, Debug)]
enum Step {
    Deliver(Delivery),
    /// The clock moves, by milliseconds.
    Move(i64),
    /// The process ends, and another one takes its place.
    Restart,
}

/// A delivery signed `age` seconds ago, and what becomes of it if it is new.
#[derive(Clone, Copy, Debug)]
struct Delivery {
    key: u8,
    content: u8,
    age: u64,
    fate: Fate,
}

#[derive(Clone, Copy, Debug)]
enum Fate {
    Settle(Settlement),
    /// Its owner dies.
    Die,
}

const TOLERANCE_SECS: u64 = 300;

fn deliver(contents: u8, ages: Range<u64>) -> impl Strategy<Value = Step> {
    let fate = prop_oneof![
        4 => Just(Fate::Settle(Settlement::Commit)),
        1 => Just(Fate::Settle(Settlement::Release)),
        1 => Just(Fate::Die),
    ];
    (0..6u8, 0..contents, ages, fate)
        .prop_map(|(key, content, age, fate)| Step::Deliver(Delivery { key, content, age, fate }))
}

/// Runs one life, on a runtime of its own.
fn run<T>(life: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(life)
}

/// Delivers to an engine, and settles what is new by its fate.
async fn live(ledger: &impl Ledger, request: &ClaimRequest, fate: Fate) -> Answer {
    let (answer, claim) = ask(ledger, request).await;
    if let (Some(claim), Fate::Settle(settlement)) = (claim, fate) {
        ledger.settle(claim, settlement).await.expect("the engine can be asked");
    }
    answer
}

fn request(delivery: Delivery, now: UnixTime, memory: Memory) -> ClaimRequest {
    // Senders sign whole seconds.
    let signed_at = Some(UnixTime::from_secs(now.as_secs() - delivery.age));
    ClaimRequest { content: content(delivery.content), signed_at, memory, ..contract::delivery(delivery.key) }
}

fn step_clock(clock: &ManualClock, millis: i64) {
    let span = Duration::from_millis(millis.unsigned_abs());
    let now = clock.now();
    clock.set(if millis < 0 { now.saturating_sub(span) } else { now.saturating_add(span) });
}

/// An entry of the model.
#[derive(Clone, Copy)]
enum Known {
    InFlight { content: u8, signed_at: UnixTime, ends: UnixTime },
    Accepted { content: u8, newest: UnixTime, until: UnixTime },
}

/// What a ledger is, without any thought of speed, room or races.
struct Model {
    known: HashMap<u8, Known>,
    entries_max: usize,
    on_unknown: OnUnknown,
    memory: Memory,
}

impl Model {
    /// Lets everything happen that happens by itself until `now`.
    fn pass(&mut self, now: UnixTime) {
        for known in self.known.values_mut() {
            if let Known::InFlight { content, signed_at, ends } = *known
                && ends <= now
                && self.on_unknown == OnUnknown::Hold
            {
                let until = self.memory.until(Some(signed_at), ends);
                *known = Known::Accepted { content, newest: signed_at, until };
            }
        }
        self.known.retain(|_, known| match *known {
            Known::InFlight { ends, .. } => now < ends,
            Known::Accepted { until, .. } => now < until,
        });
    }

    /// Nobody owns a claim any more.
    fn restart(&mut self) {
        let (on_unknown, memory) = (self.on_unknown, self.memory);
        self.known.retain(|_, known| match *known {
            Known::InFlight { .. } if on_unknown == OnUnknown::Release => false,
            Known::InFlight { content, signed_at, ends } => {
                let until = memory.until(Some(signed_at), ends);
                *known = Known::Accepted { content, newest: signed_at, until };
                true
            }
            Known::Accepted { .. } => true,
        });
    }

    fn deliver(&mut self, delivery: Delivery, request: &ClaimRequest, now: UnixTime) -> Answer {
        let Delivery { key, content, fate, .. } = delivery;
        let signed_at = request.signed_at.expect("every delivery here is signed");
        self.pass(now);
        let entries = self.known.len();
        match self.known.get_mut(&key) {
            None if entries >= self.entries_max => return Answer::Refused(LedgerError::Full),
            None => {}
            Some(Known::InFlight { content: known, .. } | Known::Accepted { content: known, .. })
                if *known != content =>
            {
                return Answer::IdReused;
            }
            Some(Known::InFlight { .. }) => return Answer::InFlight,
            Some(Known::Accepted { newest, .. }) if signed_at <= *newest => {
                return Answer::Settled(Class::Replay);
            }
            Some(Known::Accepted { newest, until, .. }) => {
                *newest = signed_at;
                *until = (*until).max(self.memory.signed_until(signed_at));
                return Answer::Settled(Class::Retry);
            }
        }
        let known = match fate {
            Fate::Settle(Settlement::Release) => return Answer::New,
            Fate::Settle(Settlement::Commit) => {
                Known::Accepted { content, newest: signed_at, until: self.memory.until(Some(signed_at), now) }
            }
            Fate::Die => Known::InFlight { content, signed_at, ends: now.saturating_add(LEASE) },
        };
        self.known.insert(key, known);
        Answer::New
    }
}

/// How to end an engine and open another one on what it left.
pub(super) trait Reopen<L>: AsyncFn(L, LedgerOptions, Arc<dyn Clock>) -> L {}
impl<L, F: AsyncFn(L, LedgerOptions, Arc<dyn Clock>) -> L> Reopen<L> for F {}

/// Of an engine that nothing is left of.
async fn never<L>(_: L, _: LedgerOptions, _: Arc<dyn Clock>) -> L {
    unreachable!("no life here has a restart")
}

fn steps_of_the_model(restarts: u32) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        16 => deliver(2, 0..TOLERANCE_SECS),
        4 => (0..400_000i64).prop_map(Step::Move),
        4 => (0..5_000i64).prop_map(Step::Move),
        restarts => Just(Step::Restart),
    ];
    prop::collection::vec(step, 1..60)
}

pub(super) fn it_answers_as_the_model_does<L: Ledger>(open: impl Open<L>, bounds: &Bounds) {
    as_the_model(0, bounds, open, never);
}

pub(super) fn it_answers_as_the_model_does_across_restarts<L: Ledger>(
    open: impl Open<L>,
    reopen: impl Reopen<L>,
) {
    as_the_model(3, &Bounds::OF_MEMORY, open, reopen);
}

fn as_the_model<L: Ledger>(restarts: u32, bounds: &Bounds, open: impl Open<L>, reopen: impl Reopen<L>) {
    let on_unknown = prop_oneof![Just(OnUnknown::Release), Just(OnUnknown::Hold)];
    let life = (steps_of_the_model(restarts), on_unknown, bounds.entries_max.clone(), 0..1000u64);
    proptest!(ProptestConfig::with_cases(bounds.lives), |((steps, on_unknown, entries_max, window) in life)| {
        let tolerance = Some(Duration::from_secs(TOLERANCE_SECS));
        let memory = Memory { tolerance, window: Duration::from_secs(window) };
        let options = LedgerOptions { entries_max, on_unknown, ..options() };
        run(life_of_the_model(&open, &reopen, &steps, options, memory))?;
    });
}

async fn life_of_the_model<L: Ledger>(
    open: &impl Open<L>,
    reopen: &impl Reopen<L>,
    steps: &[Step],
    options: LedgerOptions,
    memory: Memory,
) -> Result<(), TestCaseError> {
    let LedgerOptions { entries_max, on_unknown, .. } = options;
    let mut model = Model { known: HashMap::new(), entries_max, on_unknown, memory };
    let clock = Arc::new(ManualClock::new(START));
    let mut ledger = open(options.clone(), clock.clone()).await;
    for step in steps {
        match *step {
            Step::Deliver(delivery) => {
                let request = request(delivery, clock.now(), memory);
                let expected = model.deliver(delivery, &request, clock.now());
                prop_assert_eq!(live(&ledger, &request, delivery.fate).await, expected);
            }
            Step::Move(millis) => step_clock(&clock, millis),
            Step::Restart => {
                ledger = reopen(ledger, options.clone(), clock.clone()).await;
                model.pass(clock.now());
                model.restart();
            }
        }
        model.pass(clock.now());
        if let Some(entries) = ledger.entries().await.expect("the engine can be asked") {
            prop_assert_eq!(entries, model.known.len() as u64);
        }
    }
    Ok(())
}

pub(super) fn nothing_accepted_is_accepted_again_under_any_clock<L: Ledger>(
    open: impl Open<L>,
    bounds: &Bounds,
) {
    nothing_twice(0, bounds, open, never);
}

pub(super) fn nothing_accepted_is_accepted_again_across_restarts<L: Ledger>(
    open: impl Open<L>,
    reopen: impl Reopen<L>,
) {
    nothing_twice(1, &Bounds::OF_MEMORY, open, reopen);
}

fn nothing_twice<L: Ledger>(restarts: u32, bounds: &Bounds, open: impl Open<L>, reopen: impl Reopen<L>) {
    let step = prop_oneof![
        8 => deliver(1, 0..1000),
        4 => (-500_000..500_000i64).prop_map(Step::Move),
        restarts => Just(Step::Restart),
    ];
    // Each step under the tolerance that a reload has set before it.
    proptest!(ProptestConfig::with_cases(bounds.lives), |(steps in prop::collection::vec((step, 1..1000u64), 1..120))| {
        run(life_without_doubles(&open, &reopen, &steps))?;
    });
}

async fn life_without_doubles<L: Ledger>(
    open: &impl Open<L>,
    reopen: &impl Reopen<L>,
    steps: &[(Step, u64)],
) -> Result<(), TestCaseError> {
    let clock = Arc::new(ManualClock::new(START));
    let mut ledger = open(options(), clock.clone()).await;
    let mut accepted = HashSet::new();
    for &(step, tolerance) in steps {
        match step {
            // The scheme has refused it before the ledger is asked.
            Step::Deliver(delivery) if delivery.age > tolerance => {}
            Step::Deliver(delivery) => {
                let tolerance = Some(Duration::from_secs(tolerance));
                let request = request(delivery, clock.now(), Memory { tolerance, window: Duration::ZERO });
                if live(&ledger, &request, delivery.fate).await == Answer::New {
                    let signed_bytes = (delivery.key, request.signed_at);
                    prop_assert!(!accepted.contains(&signed_bytes), "accepted twice");
                    if matches!(delivery.fate, Fate::Settle(Settlement::Commit)) {
                        accepted.insert(signed_bytes);
                    }
                }
            }
            Step::Move(millis) => step_clock(&clock, millis),
            Step::Restart => ledger = reopen(ledger, options(), clock.clone()).await,
        }
    }
    Ok(())
}
