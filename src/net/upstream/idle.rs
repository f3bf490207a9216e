//! What waits in a pool for its next use.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Connections that wait, last in, first out: the one used last is the least
/// likely to have been closed meanwhile, and those that are not needed grow
/// old and go. The lock is taken by one thread only and never held over an
/// await.
pub(crate) struct Idle<T>(Mutex<Vec<Waiting<T>>>);

struct Waiting<T> {
    since: Instant,
    connection: T,
}

impl<T> Idle<T> {
    /// Nothing waits yet.
    pub(crate) fn new() -> Self {
        Self(Mutex::default())
    }

    /// Keeps a connection for the next request, unless too many wait already.
    pub(crate) fn put(&self, connection: T) {
        let mut waiting = self.lock();
        if waiting.len() < IDLE_MAX {
            waiting.push(Waiting { since: Instant::now(), connection });
        }
    }

    /// The connection used last, unless even that one is too old `now`.
    pub(crate) fn take(&self, now: Instant) -> Option<T> {
        let last = self.lock().pop()?;
        (now.saturating_duration_since(last.since) < IDLE_TIME_MAX).then_some(last.connection)
    }

    /// Lets go of what is too old, and of what is not to be kept.
    pub(crate) fn retain(&self, mut keep: impl FnMut(&mut T) -> bool) {
        let now = Instant::now();
        self.lock()
            .retain_mut(|waiting| now - waiting.since < IDLE_TIME_MAX && keep(&mut waiting.connection));
    }

    /// How many wait.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Waiting<T>>> {
        // Nothing under this lock can leave the list in a wrong state.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// At most this many connections wait.
pub(super) const IDLE_MAX: usize = 1024;

/// A connection that has waited this long is not used again. Below the 5 s
/// after which Node.js and uvicorn close theirs: a request that crosses with
/// the close is lost, and a new connection costs less than a lost delivery.
const IDLE_TIME_MAX: Duration = Duration::from_secs(4);
