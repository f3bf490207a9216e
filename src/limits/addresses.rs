//! What one address uses: connections, deliveries a second, body memory.
//!
//! Looked up once per connection, at accept; everything after that goes
//! through the [`AddressGuard`] without a lock. An address is an IPv4 address
//! or an IPv6 /64, which is what one subscriber is given (RFC 6177): counting
//! single IPv6 addresses would let one machine be 2^64 strangers.
//!
//! The registry itself is bounded. A record stays while a connection or a body
//! holds it and until its rate bucket has refilled, for otherwise a stranger
//! would renew his burst by reconnecting. With the registry full of such
//! records, a new address is refused.

use std::collections::VecDeque;
use std::collections::hash_map::{Entry, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock, Reference};

use super::rate::{self, Limited, RateLimiter};
use super::{Bound, Permit};
use crate::config::{Bounds, Rate};

/// Every address that holds something of the process.
#[derive(Debug)]
pub(crate) struct AddressRegistry<C: Clock = DefaultClock> {
    records: Mutex<Records<C>>,
    connections: Arc<Bound>,
    share: Share,
    timer: Timer<C>,
}

/// What each address gets.
#[derive(Clone, Copy, Debug)]
struct Share {
    connections: u64,
    rate: Rate,
    /// An empty bucket is full again after this.
    refill: Duration,
    memory_bytes: u64,
}

#[derive(Debug)]
struct Records<C: Clock> {
    // The standard hasher is keyed: addresses are chosen by strangers, who must
    // not be able to make them collide.
    by_network: HashMap<Network, Arc<AddressUse<C>>>,
    /// Every key of the map once, in the order in which they are looked at for
    /// removal.
    round: VecDeque<Network>,
    max: usize,
}

impl AddressRegistry {
    /// An empty registry with the shares and totals of `bounds`.
    pub(crate) fn new(bounds: &Bounds) -> Self {
        Self::with_clock(bounds, DefaultClock::default())
    }
}

impl<C: Clock + Clone> AddressRegistry<C> {
    /// The same on `clock`.
    pub(crate) fn with_clock(bounds: &Bounds, clock: C) -> Self {
        Self {
            records: Mutex::new(Records {
                by_network: HashMap::new(),
                round: VecDeque::new(),
                max: bounds.addresses,
            }),
            connections: Arc::new(Bound::new(bounds.connections as u64)),
            share: Share {
                connections: bounds.connections_per_address as u64,
                rate: bounds.rate_per_address,
                refill: rate::refill(bounds.rate_per_address),
                memory_bytes: bounds.memory_bytes_per_address,
            },
            timer: Timer { start: clock.now(), clock },
        }
    }

    /// A place among all connections, before it is known whose it is.
    pub(crate) fn connection(&self) -> Result<Permit, AddressRefused> {
        self.connections.permit().ok_or(AddressRefused::Connections)
    }

    /// One connection from `ip`, for as long as the guard lives.
    pub(crate) fn enter(&self, ip: IpAddr) -> Result<AddressGuard<C>, AddressRefused> {
        let address = self.record(Network::of(ip))?;
        if !address.connections.take(1) {
            return Err(AddressRefused::ConnectionsOfAddress);
        }
        Ok(AddressGuard { address, timer: self.timer.clone(), counts: true })
    }

    /// What `ip` uses on somebody else's connection, such as a proxy's: the
    /// connection is not counted as its own.
    pub(crate) fn visit(&self, ip: IpAddr) -> Result<AddressGuard<C>, AddressRefused> {
        let address = self.record(Network::of(ip))?;
        Ok(AddressGuard { address, timer: self.timer.clone(), counts: false })
    }

    /// The record of `network`, made if there is room.
    fn record(&self, network: Network) -> Result<Arc<AddressUse<C>>, AddressRefused> {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(address) = records.by_network.get(&network) {
            return Ok(Arc::clone(address));
        }
        if records.by_network.len() >= records.max {
            records.sweep(self.timer.now(), self.share.refill);
        }
        if records.by_network.len() >= records.max {
            return Err(AddressRefused::Addresses);
        }
        let address = Arc::new(AddressUse::new(self.share, self.timer.clock.clone()));
        records.by_network.insert(network, Arc::clone(&address));
        records.round.push_back(network);
        Ok(address)
    }
}

impl<C: Clock> Records<C> {
    /// Looks at the next few records and drops those that hold nothing. Few,
    /// because this runs while other connections wait for the lock; the round
    /// goes on at the next call.
    fn sweep(&mut self, now: Duration, refill: Duration) {
        for _ in 0..SWEEP.min(self.round.len()) {
            let Some(network) = self.round.pop_front() else { return };
            let Entry::Occupied(record) = self.by_network.entry(network) else { continue };
            // Nobody else can take hold of it now: that needs this lock, or a
            // hold on it already.
            let held = Arc::strong_count(record.get()) > 1;
            if held || now < record.get().left().saturating_add(refill) {
                self.round.push_back(network);
            } else {
                record.remove();
            }
        }
    }
}

/// What one address uses at this moment.
#[derive(Debug)]
pub(crate) struct AddressUse<C: Clock = DefaultClock> {
    connections: Bound,
    rate: RateLimiter<C>,
    memory: Arc<Bound>,
    /// When a connection last ended, in nanoseconds of the registry's timer.
    left_nanos: AtomicU64,
}

impl<C: Clock + Clone> AddressUse<C> {
    fn new(share: Share, clock: C) -> Self {
        Self {
            connections: Bound::new(share.connections),
            rate: RateLimiter::with_clock("address", share.rate, clock),
            memory: Arc::new(Bound::new(share.memory_bytes)),
            left_nanos: AtomicU64::new(0),
        }
    }

    /// Admits one delivery from this address, before any work on it.
    pub(crate) fn admit(&self) -> Result<(), Limited> {
        self.rate.admit()
    }
}

impl<C: Clock> AddressUse<C> {
    /// Body bytes held, and the share that may be.
    pub(crate) const fn memory(&self) -> &Arc<Bound> {
        &self.memory
    }

    fn left(&self) -> Duration {
        Duration::from_nanos(self.left_nanos.load(Ordering::Acquire))
    }
}

/// One connection of an address, or one visit.
#[derive(Debug)]
#[must_use = "a guard that is dropped at once counts nothing"]
pub(crate) struct AddressGuard<C: Clock = DefaultClock> {
    address: Arc<AddressUse<C>>,
    timer: Timer<C>,
    /// Whether it is one of the address's connections.
    counts: bool,
}

impl<C: Clock> AddressGuard<C> {
    /// What the address uses.
    pub(crate) const fn address(&self) -> &Arc<AddressUse<C>> {
        &self.address
    }
}

impl<C: Clock> Drop for AddressGuard<C> {
    fn drop(&mut self) {
        let now = u64::try_from(self.timer.now().as_nanos()).unwrap_or(u64::MAX);
        // The largest wins: two connections may end at once.
        self.address.left_nanos.fetch_max(now, Ordering::AcqRel);
        if self.counts {
            self.address.connections.give_back(1);
        }
    }
}

/// Why a connection is refused. It is closed without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AddressRefused {
    /// The process has all the connections it may have.
    #[error("too many connections")]
    Connections,
    /// The address has.
    #[error("too many connections from this address")]
    ConnectionsOfAddress,
    /// Too many addresses are remembered to remember one more.
    #[error("too many addresses at once")]
    Addresses,
}

impl AddressRefused {
    /// The name in metrics.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::ConnectionsOfAddress => "connections_of_address",
            Self::Addresses => "addresses",
        }
    }
}

/// What counts as one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Network {
    V4(u32),
    /// The first 64 bits.
    V6(u64),
}

impl Network {
    fn of(ip: IpAddr) -> Self {
        // RFC 4291 section 2.5.5.2: `::ffff:a.b.c.d` is an IPv4 peer on an IPv6
        // socket. Left as IPv6, all of IPv4 would be one /64.
        match ip.to_canonical() {
            IpAddr::V4(v4) => Self::V4(v4.to_bits()),
            IpAddr::V6(v6) => Self::V6((v6.to_bits() >> 64) as u64),
        }
    }
}

/// Monotonic time since the registry began.
#[derive(Clone, Debug)]
struct Timer<C: Clock> {
    clock: C,
    start: C::Instant,
}

impl<C: Clock> Timer<C> {
    fn now(&self) -> Duration {
        self.clock.now().duration_since(self.start).into()
    }
}

/// Records looked at for one new address when the registry is full.
const SWEEP: usize = 16;

#[cfg(test)]
pub(super) mod tests;
