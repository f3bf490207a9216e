//! The connection, as callers see it.
//!
//! A call is made on the caller's own runtime, with a deadline, over the
//! connection of its worker or else the keeper's. While there is none, calls fail at once
//! instead of piling up: that is the circuit breaker. Which one failed is
//! known by its number, so that a late failure of an old connection does not
//! take the new one down.

use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use redis::{RedisError, RedisResult, ServerErrorKind, Value};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::dial::{Wire, is};
use super::homes::{self, Homes};
use super::scripts::Call;
use crate::causes::Causes;

/// The place of the connection.
pub(super) struct Link {
    place: RwLock<Place>,
    /// The workers' own connections, which count only while there is the
    /// keeper's: what is given up is given up by all.
    pub(super) homes: Homes,
    /// Rung when the connection was given up.
    pub(super) broken: Notify,
    deadline: Duration,
}

struct Place {
    wire: Option<Wire>,
    number: u64,
    /// Why there is none.
    reason: String,
}

/// Why a call has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CallError {
    /// It was not sent, or was refused whole.
    NotDone,
    /// Nobody knows: it may have been carried out, or may still be.
    Unknown,
    /// The server is out of memory.
    Full,
}

impl Link {
    pub(super) fn new(deadline: Duration) -> Self {
        let place = Place { wire: None, number: 0, reason: "not connected yet".to_owned() };
        Self { place: RwLock::new(place), homes: Homes::default(), broken: Notify::new(), deadline }
    }

    /// Calls a script.
    pub(super) async fn call(&self, call: &Call) -> Result<Value, CallError> {
        let (mut wire, number) = self.wire().ok_or(CallError::NotDone)?;
        match timeout(self.deadline, call_on(&mut wire, call)).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.judge(&error, &wire, number)),
            Err(_elapsed) => {
                // A Cluster's connection looks after its nodes itself, and one
                // that is slow says nothing about the others.
                if matches!(wire, Wire::Server(_)) {
                    self.give_up(number, format!("no answer within {:?}", self.deadline));
                }
                Err(CallError::Unknown)
            }
        }
    }

    /// Finds out whether the server is still there, also when nobody calls.
    pub(super) async fn probe(&self) {
        let Some((mut wire, number)) = self.wire() else { return };
        match timeout(PROBE_TIMEOUT, wire.ask(&redis::cmd("PING"))).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                self.judge(&error, &wire, number);
            }
            Err(_elapsed) if matches!(wire, Wire::Server(_)) => {
                self.give_up(number, format!("no answer within {PROBE_TIMEOUT:?}"));
            }
            Err(_elapsed) => {}
        }
    }

    /// Asks what is no script, within `patience`.
    pub(super) async fn ask(&self, command: &redis::Cmd, patience: Duration) -> Result<Value, CallError> {
        let (mut wire, number) = self.wire().ok_or(CallError::NotDone)?;
        match timeout(patience, wire.ask(command)).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.judge(&error, &wire, number)),
            Err(_elapsed) => Err(CallError::Unknown),
        }
    }

    /// Whether there is a connection.
    pub(super) fn is_up(&self) -> bool {
        self.read(|place| place.wire.is_some())
    }

    /// Why there is no connection.
    pub(super) fn reason(&self) -> String {
        self.read(|place| place.reason.clone())
    }

    /// From now on, calls go over `wire`.
    pub(super) fn set(&self, wire: Wire) {
        self.homes.clear();
        let mut place = self.place.write().unwrap_or_else(PoisonError::into_inner);
        place.number += 1;
        place.wire = Some(wire);
    }

    fn wire(&self) -> Option<(Wire, u64)> {
        self.read(|place| {
            let wire = place.wire.as_ref()?;
            Some((homes::wire_of_this_thread().unwrap_or_else(|| wire.clone()), place.number))
        })
    }

    fn judge(&self, error: &RedisError, wire: &Wire, number: u64) -> CallError {
        if error.code() == Some("OOM") {
            return CallError::Full;
        }
        // A server that answers, and does not want to be ours any more.
        let deposed = [ServerErrorKind::ReadOnly, ServerErrorKind::BusyLoading, ServerErrorKind::MasterDown]
            .into_iter()
            .any(|kind| is(error, kind));
        let lost = error.is_io_error() || error.is_connection_dropped() || error.is_unrecoverable_error();
        if matches!(wire, Wire::Server(_)) && (deposed || lost) {
            self.give_up(number, error.to_string());
        }
        if lost {
            return CallError::Unknown;
        }
        if !deposed {
            tracing::warn!(error = %Causes(error), "Redis refused a script of the ledger");
        }
        CallError::NotDone
    }

    fn give_up(&self, number: u64, reason: String) {
        let mut place = self.place.write().unwrap_or_else(PoisonError::into_inner);
        if place.number == number && place.wire.take().is_some() {
            place.reason = reason;
            self.broken.notify_one();
        }
    }

    fn read<T>(&self, what: impl FnOnce(&Place) -> T) -> T {
        what(&self.place.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// By hash, and once more with the text where the server does not know it.
pub(super) async fn call_on(wire: &mut Wire, call: &Call) -> RedisResult<Value> {
    match wire.ask(&call.short).await {
        Err(error) if is(&error, ServerErrorKind::NoScript) => wire.ask(&call.long()).await,
        answer => answer,
    }
}

/// A call's deadline is for senders that wait; nobody waits for this.
const PROBE_TIMEOUT: Duration = Duration::from_millis(500);
