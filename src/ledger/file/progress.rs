//! What the writer has done, for the upkeep to follow.

use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::ledger::slot::lock;

/// Seen from both sides.
#[derive(Debug)]
pub(super) struct Progress {
    state: Mutex<State>,
    changed: Condvar,
    /// Something was written since it was last asked; beside the lock, so that
    /// a write under load touches nothing else.
    is_dirty: AtomicBool,
    bytes: std::sync::atomic::AtomicU64,
}

#[derive(Clone, Debug)]
pub(super) struct State {
    /// The journal that is written to.
    pub(super) number: u64,
    pub(super) file: Arc<File>,
    /// The writer has come to its end.
    pub(super) is_over: bool,
}

impl Progress {
    pub(super) fn new(number: u64, file: &Arc<File>) -> Self {
        let state = State { number, file: Arc::clone(file), is_over: false };
        Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
            is_dirty: AtomicBool::new(false),
            bytes: std::sync::atomic::AtomicU64::new(0),
        }
    }

    /// `bytes` more are written.
    pub(super) fn add_written(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        if !self.is_dirty.swap(true, Ordering::AcqRel) {
            // Under the lock, so that nobody who is about to wait misses it.
            drop(lock(&self.state));
            self.changed.notify_all();
        }
    }

    /// Everything goes to another file from now on.
    pub(super) fn set_segment(&self, number: u64, file: &Arc<File>) {
        let mut state = lock(&self.state);
        (state.number, state.file) = (number, Arc::clone(file));
        drop(state);
        self.changed.notify_all();
    }

    pub(super) fn set_ended(&self) {
        lock(&self.state).is_over = true;
        self.changed.notify_all();
    }

    /// Bytes written since the last time this was asked for with `reset`.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Counts from zero.
    pub(super) fn reset_bytes(&self) {
        self.bytes.store(0, Ordering::Relaxed);
    }

    /// What is to be synced, if anything was written since it was last asked.
    pub(super) fn take_dirty(&self) -> Option<Arc<File>> {
        self.is_dirty.swap(false, Ordering::AcqRel).then(|| Arc::clone(&lock(&self.state).file))
    }

    /// Waits for something to be written.
    pub(super) fn wait_for_dirt(&self) -> State {
        let wait = self
            .changed
            .wait_while(lock(&self.state), |state| !state.is_over && !self.is_dirty.load(Ordering::Acquire));
        wait.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for the journal of `number` to be written to.
    pub(super) fn wait_for_segment(&self, number: u64) -> State {
        let wait =
            self.changed.wait_while(lock(&self.state), |state| !state.is_over && state.number < number);
        wait.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for `span` to pass, or for the end.
    pub(super) fn wait(&self, span: Duration) -> State {
        let wait = self.changed.wait_timeout_while(lock(&self.state), span, |state| !state.is_over);
        wait.unwrap_or_else(PoisonError::into_inner).0.clone()
    }
}
