//! "You are filtering your own proxy": the hint for an allow list that refuses
//! everybody.
//!
//! Behind a proxy that nobody told the guard about, every client has the
//! proxy's address, and an allow list of senders refuses them all. When all
//! that a source refused came from one private address, and nobody passed, the
//! log says so, once.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

/// What is known of those whom a source's allow list met.
#[derive(Debug, Default)]
pub(crate) struct RefusedAddresses {
    /// Somebody passed, or was refused from another address: nothing to hint at.
    is_settled: AtomicBool,
    count: AtomicU32,
    only: Mutex<Option<IpAddr>>,
}

impl RefusedAddresses {
    /// Somebody passed.
    pub(crate) fn note_admitted(&self) {
        if !self.is_settled.load(Ordering::Relaxed) {
            self.is_settled.store(true, Ordering::Relaxed);
        }
    }

    /// `address` was refused. Says whether it is time for the hint.
    pub(crate) fn note_refused(&self, address: IpAddr) -> bool {
        if self.is_settled.load(Ordering::Relaxed) {
            return false;
        }
        let only = *self.only.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(address);
        if only != address || !is_private(address) {
            self.is_settled.store(true, Ordering::Relaxed);
            return false;
        }
        self.count.fetch_add(1, Ordering::Relaxed) + 1 == ENOUGH
    }
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_loopback() || v6.is_unicast_link_local(),
    }
}

/// One or two might be a colleague who tries it out.
const ENOUGH: u32 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn hints(addresses: &[&str]) -> usize {
        let refused = RefusedAddresses::default();
        addresses.iter().filter(|address| refused.note_refused(address.parse().unwrap())).count()
    }

    #[test]
    fn the_hint_comes_once_when_all_came_from_one_private_address() {
        assert_eq!(hints(&["10.0.0.1"; 2]), 0);
        assert_eq!(hints(&["10.0.0.1"; 50]), 1);
        assert_eq!(hints(&["127.0.0.1"; 3]), 1);
        assert_eq!(hints(&["::1"; 3]), 1);
        assert_eq!(hints(&["192.0.2.1"; 50]), 0);
        assert_eq!(hints(&[&["10.0.0.1"; 2][..], &["10.0.0.2"], &["10.0.0.1"; 50]].concat()), 0);
    }

    #[test]
    fn nobody_is_hinted_at_once_somebody_passed() {
        let refused = RefusedAddresses::default();
        refused.note_admitted();
        assert!((0..50).all(|_| !refused.note_refused([10, 0, 0, 1].into())));
    }
}
