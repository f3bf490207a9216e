//! Body bytes in flight: a budget of the whole process, of which one address
//! gets a share.
//!
//! Bytes are charged as they arrive, so a declared length alone costs nothing,
//! and one address with many slow bodies cannot take what others need.

use std::sync::Arc;

use super::Bound;

/// The bytes of one body, charged to the process and, where strangers call, to
/// its address; given back on drop.
#[derive(Debug)]
pub(crate) struct Reservation {
    process: Arc<Bound>,
    share: Option<Arc<Bound>>,
    bytes: u64,
}

impl Reservation {
    /// Nothing charged yet. `process` bounds the bytes of all bodies, `share`
    /// those of one address.
    pub(crate) fn new(process: &Arc<Bound>, share: &Arc<Bound>) -> Self {
        Self { process: Arc::clone(process), share: Some(Arc::clone(share)), bytes: 0 }
    }

    /// The same for a process whose callers are its own.
    pub(crate) fn of_process(process: &Arc<Bound>) -> Self {
        Self { process: Arc::clone(process), share: None, bytes: 0 }
    }

    /// Charges `bytes` more. On an error nothing more is charged than before.
    pub(crate) fn charge(&mut self, bytes: u64) -> Result<(), Overloaded> {
        if self.share.as_ref().is_some_and(|share| !share.take(bytes)) {
            return Err(Overloaded::Address);
        }
        if !self.process.take(bytes) {
            if let Some(share) = &self.share {
                share.give_back(bytes);
            }
            return Err(Overloaded::Process);
        }
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.process.give_back(self.bytes);
        if let Some(share) = &self.share {
            share.give_back(self.bytes);
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

    fn bound(bytes: u64) -> Arc<Bound> {
        Arc::new(Bound::new(bytes))
    }

    #[test]
    fn one_address_cannot_hold_more_than_its_share() {
        let (process, one, two) = (bound(100), bound(10), bound(10));
        let mut body = Reservation::new(&process, &one);
        assert_eq!(body.charge(10), Ok(()));
        let mut more = Reservation::new(&process, &one);
        assert_eq!(more.charge(1), Err(Overloaded::Address));
        assert_eq!(Reservation::new(&process, &two).charge(10), Ok(()));

        drop(body);
        assert_eq!(more.charge(1), Ok(()));
        assert_eq!(process.held(), 1);
    }

    #[test]
    fn a_refused_charge_leaves_the_share_as_it_was() {
        let (process, share) = (bound(10), bound(100));
        let mut body = Reservation::new(&process, &share);
        assert_eq!(body.charge(11), Err(Overloaded::Process));
        assert_eq!((process.held(), share.held()), (0, 0));
    }

    #[test]
    fn racing_bodies_never_pass_the_budget() {
        let (process, share) = (bound(64), bound(1000));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        let mut body = Reservation::new(&process, &share);
                        while body.charge(7).is_ok() {
                            assert!(process.held() <= 64);
                        }
                    }
                });
            }
        });
        assert_eq!((process.held(), share.held()), (0, 0));
    }
}
