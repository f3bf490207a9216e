//! How many connections one address has. Anybody in a cluster may connect, and
//! whoever holds every place keeps the API server out, and with it every pod
//! that asks for a sidecar.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The addresses that have connections, each with how many: no more of them
/// than there are places for connections.
#[derive(Debug, Default)]
pub(crate) struct Callers(Mutex<HashMap<IpAddr, usize>>);

/// A connection of an address, as long as this lives.
#[derive(Debug)]
#[must_use = "the connection counts as closed once this is dropped"]
pub(crate) struct Place<'a> {
    callers: &'a Callers,
    address: IpAddr,
}

impl Callers {
    /// A place for one more connection of `address`, of which it may have `most`.
    pub(crate) fn place(&self, address: IpAddr, most: usize) -> Option<Place<'_>> {
        let address = address.to_canonical();
        let mut callers = self.lock();
        let count = callers.entry(address).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Place { callers: self, address })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        // Nothing in here can panic halfway.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut callers = self.callers.lock();
        if let Some(count) = callers.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                callers.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_places_and_leaves_nothing_behind() {
        let callers = Callers::default();
        let [one, other]: [IpAddr; 2] = ["10.0.0.1", "10.0.0.2"].map(|address| address.parse().unwrap());
        let places: Vec<_> = (0..3).map_while(|_| callers.place(one, 2)).collect();
        assert_eq!(places.len(), 2);
        assert!(callers.place("::ffff:10.0.0.1".parse().unwrap(), 2).is_none());
        assert!(callers.place(other, 2).is_some());
        drop(places);
        assert!(callers.place(one, 2).is_some());
        assert!(callers.lock().is_empty());
    }
}
