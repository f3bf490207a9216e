//! A connection for each worker, beside the keeper's own.
//!
//! A call over the keeper's connection wakes its thread, and its answer wakes
//! the caller's: twice a delivery that is more than everything else of the
//! engine together. A worker that moved in has a connection which its own
//! runtime drives. The keeper makes it, watches over it and takes it away; until
//! it is there, and for who never moved in, there is the keeper's.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use tokio::runtime::Handle;
use tokio::sync::Notify;

use super::dial::Wire;

/// The workers that moved in.
#[derive(Default)]
pub(super) struct Homes {
    all: Mutex<Vec<Arc<Home>>>,
    /// Rung when one more has.
    pub(super) moved_in: Notify,
}

/// One worker's place.
pub(super) struct Home {
    /// What drives its connection.
    pub(super) runtime: Handle,
    wire: RwLock<Option<Wire>>,
}

thread_local! {
    /// Of the worker whose thread this is.
    static HOME: RefCell<Option<Arc<Home>>> = const { RefCell::new(None) };
}

impl Homes {
    /// Gives the current thread, which is a runtime of its own, a place.
    pub(super) fn move_in(&self) {
        let home = Arc::new(Home { runtime: Handle::current(), wire: RwLock::new(None) });
        HOME.set(Some(Arc::clone(&home)));
        self.lock().push(home);
        self.moved_in.notify_one();
    }

    /// Those that have no connection yet.
    pub(super) fn bare(&self) -> Vec<Arc<Home>> {
        self.lock().iter().filter(|home| home.wire().is_none()).cloned().collect()
    }

    /// Its runtime has ended.
    pub(super) fn move_out(&self, gone: &Arc<Home>) {
        self.lock().retain(|home| !Arc::ptr_eq(home, gone));
    }

    /// Takes every connection away.
    pub(super) fn clear(&self) {
        self.lock().iter().for_each(|home| home.set(None));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Home>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Home {
    pub(super) fn set(&self, wire: Option<Wire>) {
        *self.wire.write().unwrap_or_else(PoisonError::into_inner) = wire;
    }

    fn wire(&self) -> Option<Wire> {
        self.wire.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The connection of the worker that calls, if it has one.
pub(super) fn wire_of_this_thread() -> Option<Wire> {
    HOME.with_borrow(|home| home.as_ref().and_then(|home| home.wire()))
}
