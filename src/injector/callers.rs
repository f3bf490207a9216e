//! What one address holds: connections, and memory for its reviews. Anybody in
//! a cluster may connect, and whoever holds every place or all of the memory
//! keeps the API server out, and with it every pod that asks for a sidecar.
//!
//! Single addresses count, also of IPv6: in a cluster neighbours in a network
//! are other pods, and not one subscriber.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::limits::Bound;

/// The addresses that have connections: no more of them than there are places
/// for connections.
#[derive(Debug)]
pub(crate) struct Callers {
    by_address: Mutex<HashMap<IpAddr, Holding>>,
    /// For each.
    connections_max: usize,
    memory_bytes_max: u64,
}

#[derive(Debug)]
struct Holding {
    connections: usize,
    memory: Arc<Bound>,
}

/// A connection of an address, as long as this lives.
#[derive(Debug)]
#[must_use = "the connection counts as closed once this is dropped"]
pub(crate) struct Place<'a> {
    callers: &'a Callers,
    address: IpAddr,
    /// The share of the address.
    pub(crate) memory: Arc<Bound>,
}

impl Callers {
    /// Nobody yet. An address may have so many connections, and so many bytes
    /// of memory.
    pub(crate) fn new(connections_max: usize, memory_bytes_max: u64) -> Self {
        Self { by_address: Mutex::default(), connections_max, memory_bytes_max }
    }

    /// A place for one more connection of `address`.
    pub(crate) fn place(&self, address: IpAddr) -> Option<Place<'_>> {
        let address = address.to_canonical();
        let mut by_address = self.lock();
        let holding = by_address.entry(address).or_insert_with(|| Holding {
            connections: 0,
            memory: Arc::new(Bound::new(self.memory_bytes_max)),
        });
        if holding.connections >= self.connections_max {
            return None;
        }
        holding.connections += 1;
        Some(Place { callers: self, address, memory: Arc::clone(&holding.memory) })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Holding>> {
        // Nothing in here can panic halfway.
        self.by_address.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut by_address = self.callers.lock();
        if let Some(holding) = by_address.get_mut(&self.address) {
            holding.connections -= 1;
            if holding.connections == 0 {
                by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_places_one_share_and_leaves_nothing_behind() {
        let callers = Callers::new(2, 10);
        let [one, other]: [IpAddr; 2] = ["10.0.0.1", "10.0.0.2"].map(|address| address.parse().unwrap());
        let places: Vec<_> = (0..3).map_while(|_| callers.place(one)).collect();
        assert_eq!(places.len(), 2);
        assert!(callers.place("::ffff:10.0.0.1".parse().unwrap()).is_none());
        assert!(places[0].memory.take(10) && !places[1].memory.take(1));
        assert!(callers.place(other).unwrap().memory.take(10));
        drop(places);
        assert!(callers.place(one).is_some());
        assert!(callers.lock().is_empty());
    }
}
