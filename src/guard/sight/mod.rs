//! What the control socket shows of a guard, and what has to be kept for it.
//!
//! Nothing here decides anything, and a verified delivery passes none of it:
//! counts and times are read from the metrics, rates are differences of those
//! counts, and only a refused delivery leaves something behind (`refusals`).

mod rates;
mod refusals;
mod reloads;
mod status;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use futures_util::FutureExt as _;

use crate::clock::UnixTime;
use crate::config::GuardConfig;
use crate::control::Control;
use crate::guard::state::Guard;
use crate::net::DrainSignal;
use crate::service;

use rates::Rates;
pub(crate) use refusals::{Refusal, Refusals, Text};
use reloads::Reloads;

/// What is kept of a guard's past for those who run it.
#[derive(Debug)]
pub(crate) struct Sight {
    started: UnixTime,
    pub(crate) reloads: Reloads,
    /// Only where there is a control socket to show them on.
    pub(crate) refusals: Option<Refusals>,
}

impl Sight {
    /// Of a guard that starts at `now`.
    pub(crate) fn new(config: &GuardConfig, now: UnixTime) -> Self {
        let refusals = config.control.as_ref().map(|_| Refusals::new(config.threads.get()));
        Self { started: now, reloads: Reloads::default(), refusals }
    }
}

/// What the control socket serves.
pub(crate) fn control(guard: Arc<Guard>, stop: DrainSignal) -> Control {
    let rates = Arc::new(Mutex::new(Rates::default()));
    let (watched, kept) = (Arc::clone(&guard), Arc::clone(&rates));
    let sample = move || {
        let in_force = watched.in_force.load();
        kept.lock().unwrap_or_else(PoisonError::into_inner).sample(&in_force.sources, Instant::now());
    };
    let status = move || {
        let (guard, rates, is_ready) = (Arc::clone(&guard), Arc::clone(&rates), !stop.has_begun());
        async move { status::status(&guard, &rates, is_ready).await }.boxed()
    };
    Control { status: Box::new(status), upkeep: service::now_and_then(sample).boxed() }
}
