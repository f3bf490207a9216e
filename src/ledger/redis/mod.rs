//! The Redis engine: a ledger that several guards share, in Redis or Valkey.
//!
//! Each step of a claim's life is one script, so it is atomic and takes one
//! round trip: `claim.lua`, which also charges the source's rate, `settle.lua`,
//! and `begin.lua` at each new connection. Start with `claim.lua`; it says what
//! an entry is.
//!
//! *Time.* A guard judges the tolerance of a signed time by its own clock, so
//! its own clock must also say whether that time is still remembered: with two
//! clocks a gap would open between them, as wide as they differ. All instants
//! are therefore the guard's, sent with each call, and the script compares them
//! with the server's clock: a guard that is 2.5 s off is refused. Two guards
//! then agree on a lease within half of the margin it has. Redis forgets 20 s
//! later than any guard, so that its own expiry decides nothing. The rate alone
//! goes by the server's clock.
//!
//! *Watermarks.* Redis does not say what it forgets, so a source's watermark
//! follows time: whatever was kept under the shortest tolerance in force and is
//! gone by now. It also rises to the present when memory begins anew: the
//! record of the source is missing (an empty server, FLUSHALL, an empty replica
//! promoted), or another server is connected to than wrote it (a restart or a
//! failover, which may have lost the last writes).
//!
//! *What is not here.* No count of entries and no bound on them: the server's
//! `maxmemory` is the bound, and `noeviction` keeps it from forgetting. A full
//! server refuses claims and still takes commits.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use redis::Value;
use tokio::time::{Instant, sleep, timeout};

use self::acks::{Acknowledged, Acks};
use self::core::Core;
use self::keeper::Keeper;
use self::link::CallError;
use self::scripts::{Answer, Order, Purpose, Token};
use self::waiters::Waiters;
use super::{
    Charge, Claim, ClaimRequest, Claimed, Class, Ledger, LedgerError, LedgerOptions, MemoryLedger, Owner,
    Settlement, SourceIndex, SourceTag, Standing, WAIT_MAX, Waited,
};
use crate::clock::Clock;
use crate::config::RedisConfig;

mod acks;
mod core;
mod dial;
mod homes;
mod keeper;
mod keys;
mod link;
mod scripts;
#[cfg(test)]
mod tests;
mod unsettled;
mod waiters;

/// Remembers in Redis.
pub struct RedisLedger {
    core: Arc<Core>,
    waiters: Waiters,
    acks: Option<Acks>,
    tokens: Tokens,
    /// The last claim was refused because of clocks, and that was said.
    clocks_differ: AtomicBool,
    _keeper: Keeper,
}

/// Why a ledger in Redis cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum RedisError {
    /// The server is there, and cannot keep a ledger as it is.
    #[error("use {servers} as the ledger: {reason}")]
    Unfit {
        /// Which.
        servers: String,
        /// What has to change.
        reason: String,
    },
    /// Its thread could not be started.
    #[error("start the thread of the connection to Redis")]
    Thread(#[source] std::io::Error),
}

impl RedisLedger {
    /// Connects. A server that cannot be reached is no reason to stay down:
    /// the guard then starts without it, as it goes on without it later.
    pub async fn open(
        config: RedisConfig,
        options: &LedgerOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, RedisError> {
        let acks = config.replicas.map(Acks::new);
        let servers = config.servers.to_string();
        let core = Arc::new(Core::new(config, options, clock));
        let (keeper, first) = Keeper::start(Arc::clone(&core)).map_err(RedisError::Thread)?;
        match timeout(PATIENCE_AT_START, first).await {
            Ok(Ok(Err(unfit))) => return Err(RedisError::Unfit { servers, reason: unfit.to_string() }),
            Ok(Ok(Ok(())) | Err(_)) => {}
            Err(_elapsed) => tracing::error!(state = servers, "starting without the ledger in Redis"),
        }
        Ok(Self {
            core,
            waiters: Waiters::default(),
            acks,
            tokens: Tokens::new(),
            clocks_differ: AtomicBool::new(false),
            _keeper: keeper,
        })
    }

    /// Gives the worker whose thread and runtime this is a connection of its
    /// own. With `--state-wait` there is only one, because WAIT speaks of what
    /// was written on its own connection.
    pub(crate) fn move_in(&self) {
        if self.acks.is_none() {
            self.core.link.homes.move_in();
        }
    }

    /// Where it stands.
    pub fn standing(&self) -> Standing {
        self.core.standing()
    }

    /// Settlements that Redis has still to be told of.
    pub fn unsettled(&self) -> usize {
        self.core.unsettled.count()
    }

    /// What `request` is to the key, and, to take it, by which owner.
    async fn ask(
        &self,
        request: &ClaimRequest,
        token: &Token,
        purpose: Purpose,
    ) -> Result<Answer, CallError> {
        let core = &self.core;
        let keys = core.keys(request.source).ok_or(CallError::NotDone)?;
        let call = core.scripts.claim(request, &keys, token, core.rules, purpose, core.clock.now());
        let answer = Answer::read(&core.link.call(&call).await?).ok_or(CallError::NotDone)?;
        self.note_clocks(answer);
        Ok(answer)
    }

    /// Says it once when clocks begin to differ, and once when they agree.
    fn note_clocks(&self, answer: Answer) {
        let differ = matches!(answer, Answer::ClocksDiffer(_));
        if self.clocks_differ.load(Ordering::Relaxed) == differ
            || self.clocks_differ.swap(differ, Ordering::Relaxed) == differ
        {
            return;
        }
        if let Answer::ClocksDiffer(millis) = answer {
            tracing::error!(
                server_ahead_millis = millis,
                "this machine's clock and that of Redis differ too much: nothing is decided until they agree"
            );
        } else {
            tracing::info!("this machine's clock and that of Redis agree again");
        }
    }

    fn order(&self, request: &ClaimRequest, token: Token, settlement: Settlement) -> Option<Order> {
        let keys = self.core.keys(request.source)?;
        Some(Order {
            entry: keys.entry(request.key),
            content: request.content,
            signed_at: request.signed_at,
            until: request.memory.until(request.signed_at, self.core.clock.now()),
            token,
            settlement,
        })
    }

    /// Whether the server, and as many replicas as were asked for, have it.
    async fn record(&self, order: &Order) -> Result<(), CallError> {
        let call = self.core.scripts.settle(order, self.core.clock.now());
        let Value::Int(_) = self.core.link.call(&call).await? else { return Err(CallError::NotDone) };
        match &self.acks {
            Some(acks) if order.settlement == Settlement::Commit => match acks.wait(&self.core.link).await {
                Acknowledged::Enough => Ok(()),
                Acknowledged::Few => Err(CallError::Unknown),
            },
            _ => Ok(()),
        }
    }
}

impl Ledger for RedisLedger {
    fn place(&self, source: SourceTag) -> Option<SourceIndex> {
        self.core.place(source)
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Claimed, LedgerError> {
        if let Some(local) = self.core.stand_in_ledger() {
            return local.claim(request).await;
        }
        let token = self.tokens.next();
        let answer = self.ask(request, &token, Purpose::Take).await;
        if answer == Err(CallError::Unknown)
            && let Some(order) = self.order(request, token, Settlement::Release)
        {
            let lease_ends = self.core.clock.now().saturating_add(request.lease);
            self.core.unsettled.give_up(order, lease_ends);
        }
        match answer? {
            Answer::New => Ok(Claimed::New(Claim {
                request: *request,
                charge: Charge::Made,
                owner: Owner::Token(token),
            })),
            Answer::InFlight => Ok(Claimed::InFlight),
            Answer::IdReused => Ok(Claimed::IdReused),
            Answer::OverRate(micros) => Ok(Claimed::OverRate { retry_after: Duration::from_micros(micros) }),
            Answer::Forgotten => Err(LedgerError::SignedBeforeMemory),
            Answer::Nothing | Answer::ClocksDiffer(_) => Err(LedgerError::Unavailable),
            copy @ (Answer::Replay | Answer::Retry | Answer::Redelivery) => {
                class(copy).map(Claimed::Settled).ok_or(LedgerError::Unavailable)
            }
        }
    }

    /// A commit that Redis could not be told of is an error: the caller must
    /// not learn of a success that nobody would remember. It goes on being
    /// tried, so that the sender's retry finds it. A release that failed is
    /// none: whatever the app answered may be passed on.
    async fn settle(&self, claim: Claim, settlement: Settlement) -> Result<(), LedgerError> {
        let Owner::Token(token) = claim.owner else {
            // It was made while the node's own ledger stood in.
            return match self.core.local() {
                Some(local) => local.settle(claim, settlement).await,
                None => Ok(()),
            };
        };
        let request = claim.request;
        let order = self.order(&request, token, settlement).ok_or(LedgerError::Unavailable)?;
        let recorded = self.record(&order).await;
        self.waiters.wake(request.key);
        let Err(error) = recorded else { return Ok(()) };
        let lease_ends = self.core.clock.now().saturating_add(request.lease);
        self.core.unsettled.keep(order, lease_ends);
        match (settlement, self.core.local()) {
            (Settlement::Release, _) => Ok(()),
            (Settlement::Commit, None) => Err(error.into()),
            (Settlement::Commit, Some(local)) => remember(local, &request).await,
        }
    }

    async fn wait(&self, request: &ClaimRequest, patience: Duration) -> Result<Waited, LedgerError> {
        if let Some(local) = self.core.stand_in_ledger() {
            return local.wait(request, patience).await;
        }
        let Some(seat) = self.waiters.sit(request.key) else { return Ok(Waited::Unsettled) };
        let gives_up = Instant::now() + patience.min(WAIT_MAX);
        for pause in waiters::pauses() {
            let settled = seat.settled.notified();
            let answer = self.ask(request, &Token::default(), Purpose::Look).await?;
            if let Some(class) = class(answer) {
                return Ok(Waited::Settled(class));
            }
            let left = gives_up.saturating_duration_since(Instant::now());
            if answer != Answer::InFlight || left.is_zero() {
                break;
            }
            tokio::select! {
                () = settled => {}
                () = sleep(pause.min(left)) => {}
            }
        }
        Ok(Waited::Unsettled)
    }

    /// Redis forgets by itself, and counting would mean to look at every key.
    async fn entries(&self) -> Result<Option<u64>, LedgerError> {
        Ok(None)
    }
}

/// The node's own ledger is told what Redis could not be told.
async fn remember(local: &MemoryLedger, request: &ClaimRequest) -> Result<(), LedgerError> {
    match local.claim(request).await? {
        Claimed::New(claim) => local.settle(claim, Settlement::Commit).await,
        _ => Ok(()),
    }
}

fn class(answer: Answer) -> Option<Class> {
    match answer {
        Answer::Replay => Some(Class::Replay),
        Answer::Retry => Some(Class::Retry),
        Answer::Redelivery => Some(Class::Redelivery),
        _ => None,
    }
}

impl From<CallError> for LedgerError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Full => Self::Full,
            CallError::NotDone | CallError::Unknown => Self::Unavailable,
        }
    }
}

impl fmt::Debug for RedisLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLedger").field("core", &self.core).finish_non_exhaustive()
    }
}

/// Owner tokens: a random part for the process and a count, so that no claim
/// has to draw randomness.
#[derive(Debug)]
struct Tokens {
    process: u64,
    count: AtomicU64,
}

impl Tokens {
    fn new() -> Self {
        let process = getrandom::u64().expect("the system has randomness, or TLS would not be up either");
        Self { process, count: AtomicU64::new(1) }
    }

    fn next(&self) -> Token {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let mut token = Token::default();
        token[..8].copy_from_slice(&self.process.to_be_bytes());
        token[8..].copy_from_slice(&count.to_be_bytes());
        token
    }
}

/// How long a start waits for a server that is away.
const PATIENCE_AT_START: Duration = Duration::from_secs(5);
