//! The issuer of a source's tokens: who publishes the keys to verify them.
//!
//! Keys are asked for beside the deliveries, by one worker for all of them, and
//! kept. A delivery takes what is there. Only where its token names a key that
//! is not there does it have the issuer asked, waits for a moment, and shares
//! that asking with whoever else waits; unknown names have it asked once in a
//! while and no more often, so that forged ones cost the issuer nothing.
//!
//! An issuer that does not answer leaves the keys as they are for a bounded
//! time. After it nothing can be decided, which is a 503 and never a 401: a
//! sender whose token is good must try again.
//!
//! `ask` is the exchange with the issuer, `document` reads what it answers.

mod ask;
mod document;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};
use tokio_util::task::AbortOnDropHandle;

use crate::causes::Causes;
use crate::clock::{Clock, UnixTime};
use crate::config::IssuerConfig;
use crate::guard::state::Guard;
use crate::schemes::{KeySource, Refusal, TokenKeys, Unmet};

/// An issuer and its keys.
#[derive(Debug)]
pub(crate) struct Issuer {
    config: IssuerConfig,
    state: watch::Sender<State>,
    /// Rung by a delivery whose key is not there.
    wanted: Notify,
}

/// What is known of the issuer. Replaced as a whole.
#[derive(Clone, Debug, Default)]
struct State {
    keys: Option<Kept>,
    last: Option<Attempt>,
    attempts: u64,
}

#[derive(Clone, Debug)]
struct Kept {
    keys: Arc<TokenKeys>,
    at: UnixTime,
}

#[derive(Clone, Copy, Debug)]
struct Attempt {
    at: UnixTime,
    succeeded: bool,
}

/// Keeps the keys of every issuer fresh that is in force, for as long as it is.
/// Never ends.
pub(crate) async fn keep_all_fresh(guard: Arc<Guard>) {
    let mut kept: Vec<(Arc<Issuer>, AbortOnDropHandle<()>)> = Vec::new();
    loop {
        let in_force = guard.in_force.load_full();
        kept.retain(|(issuer, _)| in_force.issuers().any(|wanted| Arc::ptr_eq(wanted, issuer)));
        for issuer in in_force.issuers() {
            if !kept.iter().any(|(kept, _)| Arc::ptr_eq(kept, issuer)) {
                let (asking, clock) = (Arc::clone(issuer), Arc::clone(&guard.clock));
                let task = tokio::spawn(async move { asking.keep_fresh(&*clock).await });
                kept.push((Arc::clone(issuer), AbortOnDropHandle::new(task)));
            }
        }
        drop(in_force);
        guard.reloaded.notified().await;
    }
}

impl Issuer {
    /// Nothing was asked yet.
    pub(crate) fn new(config: IssuerConfig) -> Self {
        Self { config, state: watch::Sender::default(), wanted: Notify::new() }
    }

    /// What it was made of.
    pub(crate) fn config(&self) -> &IssuerConfig {
        &self.config
    }

    /// The keys that are published, unless that is too long ago to be relied on.
    pub(crate) fn keys(&self, now: UnixTime) -> Option<Arc<TokenKeys>> {
        self.state.borrow().usable(now, self.config.max_stale)
    }

    /// Keys that are newer than those of a moment ago: has the issuer asked and
    /// waits for it, unless it was asked just now. `None` where that gives no
    /// answer: nobody knows what the keys are.
    pub(crate) async fn newer_keys(&self, now: UnixTime) -> Option<Arc<TokenKeys>> {
        let (seen, last) = {
            let state = self.state.borrow();
            (state.attempts, state.last)
        };
        if last.is_none_or(|last| last.may_repeat(now)) {
            self.wanted.notify_one();
            let mut changes = self.state.subscribe();
            let asked = changes.wait_for(|state| state.attempts > seen);
            timeout(WAIT_MAX, asked).await.ok()?.ok()?;
        }
        let state = self.state.borrow();
        let succeeded = state.last.is_some_and(|last| last.succeeded);
        if succeeded { state.usable(now, self.config.max_stale) } else { None }
    }

    /// Asks now, when the keys grow old, and when a delivery wants it. Never
    /// ends.
    async fn keep_fresh(&self, clock: &dyn Clock) {
        let mut failures = 0;
        loop {
            let answer = ask::ask(&self.config).await;
            let at = clock.now();
            let next = match &answer {
                Ok(answer) => answer.fresh_for,
                Err(_) => RETRY.saturating_mul(1 << failures.min(5)),
            };
            failures = if answer.is_ok() { 0 } else { failures + 1 };
            self.note(answer, at);
            tokio::select! {
                () = sleep(next) => {}
                () = self.wanted_again(clock) => {}
            }
        }
    }

    fn note(&self, answer: Result<ask::Answer, ask::AskError>, at: UnixTime) {
        match &answer {
            Ok(_) => tracing::debug!(issuer = %self.config.keys_at, "the issuer's keys are taken"),
            Err(error) => tracing::warn!(
                issuer = %self.config.keys_at,
                error = %Causes(error),
                "the issuer gives no keys: those that are known serve for now"
            ),
        }
        self.state.send_modify(|state| {
            state.attempts += 1;
            state.last = Some(Attempt { at, succeeded: answer.is_ok() });
            if let Ok(answer) = answer {
                state.keys = Some(Kept { keys: Arc::new(answer.keys), at });
            }
        });
    }

    /// Ends when a delivery wants newer keys, and enough time has passed. What
    /// was wanted while the issuer was being asked is answered by that.
    async fn wanted_again(&self, clock: &dyn Clock) {
        loop {
            self.wanted.notified().await;
            let last = self.state.borrow().last;
            if last.is_none_or(|last| last.may_repeat(clock.now())) {
                return;
            }
        }
    }
}

/// Whether newer keys of an issuer could change the verdict.
pub(crate) fn may_know(unmet: &Unmet<'_>) -> bool {
    let asked = unmet.scheme.token_requirements();
    unmet.refusal == Refusal::UnknownKey && asked.is_some_and(|asked| asked.keys == KeySource::Issuer)
}

impl State {
    fn usable(&self, now: UnixTime, max_stale: Duration) -> Option<Arc<TokenKeys>> {
        let kept = self.keys.as_ref()?;
        (now.saturating_since(kept.at) <= max_stale).then(|| Arc::clone(&kept.keys))
    }
}

impl Attempt {
    /// Whether a delivery may have the issuer asked anew.
    fn may_repeat(self, now: UnixTime) -> bool {
        now.saturating_since(self.at) >= if self.succeeded { REST } else { RETRY }
    }
}

/// How long a delivery waits for the issuer.
const WAIT_MAX: Duration = Duration::from_secs(1);

/// Deliveries have an issuer that answers asked at most this often.
const REST: Duration = Duration::from_secs(10);

/// And one that does not. It is asked anyway, ever less often up to 32 times
/// this.
const RETRY: Duration = Duration::from_secs(1);
