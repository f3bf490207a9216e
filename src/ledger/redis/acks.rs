//! `--state-wait`: a commit counts when replicas have it.
//!
//! WAIT (Redis documentation) speaks of everything that was written on its
//! connection before, and holds the connection up until it is answered. So one
//! at a time is asked, for all commits made until then, as a journal is
//! flushed for all who wrote to it.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redis::Value;
use tokio::sync::Mutex;

use super::link::Link;

/// Who waits for replicas.
#[derive(Debug)]
pub(super) struct Acks {
    replicas: NonZeroU32,
    tickets: AtomicU64,
    /// Tickets below this are covered by the last answer.
    covered: Mutex<(u64, Acknowledged)>,
}

/// Whether enough replicas have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Acknowledged {
    Enough,
    Few,
}

impl Acks {
    pub(super) fn new(replicas: NonZeroU32) -> Self {
        Self { replicas, tickets: AtomicU64::new(0), covered: Mutex::new((0, Acknowledged::Few)) }
    }

    /// Waits until everything written before this call is where it should be.
    pub(super) async fn wait(&self, link: &Link) -> Acknowledged {
        let ticket = self.tickets.fetch_add(1, Ordering::AcqRel);
        let mut covered = self.covered.lock().await;
        if covered.0 > ticket {
            return covered.1;
        }
        let until = self.tickets.load(Ordering::Acquire);
        let mut wait = redis::cmd("WAIT");
        wait.arg(self.replicas.get()).arg(WAIT_MILLIS);
        let answer = link.ask(&wait, WAIT_PATIENCE).await;
        let enough = matches!(answer, Ok(Value::Int(count)) if count >= i64::from(self.replicas.get()));
        *covered = (until, if enough { Acknowledged::Enough } else { Acknowledged::Few });
        covered.1
    }
}

/// A replica that takes longer is not keeping up.
const WAIT_MILLIS: u64 = 100;

/// The server's own limit, and the way there and back.
const WAIT_PATIENCE: Duration = Duration::from_millis(200);
