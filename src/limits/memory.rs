//! Body bytes in flight: a budget of the whole process, of which one address
//! gets a share.
//!
//! Bytes are charged as they arrive, so a declared length alone costs nothing,
//! and one address with many slow bodies cannot take what others need.

use std::sync::Arc;

use governor::clock::{Clock, DefaultClock};

use super::{AddressUse, Bound};

/// The bytes of one body, charged to the process and, where strangers call, to
/// its address; given back on drop.
#[derive(Debug)]
pub(crate) struct Reservation<C: Clock = DefaultClock> {
    process: Arc<Bound>,
    address: Option<Arc<AddressUse<C>>>,
    bytes: u64,
}

impl<C: Clock> Reservation<C> {
    /// Nothing charged yet. `process` bounds the bytes of all bodies.
    pub(crate) fn new(process: &Arc<Bound>, address: &Arc<AddressUse<C>>) -> Self {
        Self { process: Arc::clone(process), address: Some(Arc::clone(address)), bytes: 0 }
    }

    /// The same for a process whose callers are its own.
    pub(crate) fn of_process(process: &Arc<Bound>) -> Self {
        Self { process: Arc::clone(process), address: None, bytes: 0 }
    }

    /// Charges `bytes` more. On an error nothing more is charged than before.
    pub(crate) fn charge(&mut self, bytes: u64) -> Result<(), Overloaded> {
        let share = self.address.as_ref().map(|address| address.memory());
        if share.is_some_and(|share| !share.take(bytes)) {
            return Err(Overloaded::Address);
        }
        if !self.process.take(bytes) {
            if let Some(share) = share {
                share.give_back(bytes);
            }
            return Err(Overloaded::Process);
        }
        self.bytes += bytes;
        Ok(())
    }
}

impl<C: Clock> Drop for Reservation<C> {
    fn drop(&mut self) {
        self.process.give_back(self.bytes);
        if let Some(address) = &self.address {
            address.memory().give_back(self.bytes);
        }
    }
}

/// No memory for more body bytes now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Overloaded {
    /// The address holds its share.
    #[error("the address holds its share of body memory")]
    Address,
    /// All bodies together hold the whole budget.
    #[error("the body memory is used up")]
    Process,
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::limits::addresses::tests::registry;

    #[test]
    fn one_address_cannot_hold_more_than_its_share() {
        let (registry, _clock) = registry(|bounds| bounds.memory_bytes_per_address = 10);
        let process = Arc::new(Bound::new(100));
        let one = registry.enter([10, 0, 0, 1].into()).expect("within the bounds");
        let two = registry.enter([10, 0, 0, 2].into()).expect("within the bounds");

        let mut body = Reservation::new(&process, one.address());
        assert_eq!(body.charge(10), Ok(()));
        let mut more = Reservation::new(&process, one.address());
        assert_eq!(more.charge(1), Err(Overloaded::Address));
        assert_eq!(Reservation::new(&process, two.address()).charge(10), Ok(()));

        drop(body);
        assert_eq!(more.charge(1), Ok(()));
        assert_eq!(process.held(), 1);
    }

    #[test]
    fn a_refused_charge_leaves_the_share_as_it_was() {
        let (registry, _clock) = registry(|bounds| bounds.memory_bytes_per_address = 100);
        let process = Arc::new(Bound::new(10));
        let guard = registry.enter([10, 0, 0, 1].into()).expect("within the bounds");
        let mut body = Reservation::new(&process, guard.address());
        assert_eq!(body.charge(11), Err(Overloaded::Process));
        assert_eq!((process.held(), guard.address().memory().held()), (0, 0));
    }

    #[test]
    fn racing_bodies_never_pass_the_budget() {
        let (registry, _clock) = registry(|bounds| bounds.memory_bytes_per_address = 1000);
        let process = Arc::new(Bound::new(64));
        let guard = registry.enter([10, 0, 0, 1].into()).expect("within the bounds");
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        let mut body = Reservation::new(&process, guard.address());
                        while body.charge(7).is_ok() {
                            assert!(process.held() <= 64);
                        }
                    }
                });
            }
        });
        assert_eq!((process.held(), guard.address().memory().held()), (0, 0));
    }
}
