//! The latest refusals: enough to see who is turned away and why.
//!
//! What is kept is bounded in number and in bytes, whatever strangers send: no
//! field, no query, no body, and an id only where the signature held. Each
//! worker has a ring of its own, so that one that turns an attack away shares
//! nothing with the others, and never waits: a refusal that comes while
//! somebody reads the ring is counted and not kept.
//!
//! Who wants to know why a signature did not match needs the request itself:
//! that is a [`capture`](crate::guard::capture), a file, off unless asked for.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use smallvec::SmallVec;

use crate::clock::UnixTime;
use crate::telemetry::Named;

/// The rings of all workers.
#[derive(Debug)]
pub(crate) struct Refusals {
    rings: Box<[Mutex<VecDeque<Refusal>>]>,
    missed: AtomicU64,
}

/// One refusal. Its text is whatever a stranger sent.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) at: UnixTime,
    pub(crate) named: Option<Arc<Named>>,
    pub(crate) code: &'static str,
    /// Whether it was forwarded all the same.
    pub(crate) observed: bool,
    pub(crate) client: IpAddr,
    pub(crate) method: Option<Text<METHOD_BYTES_MAX>>,
    pub(crate) path: Option<Text<PATH_BYTES_MAX>>,
    pub(crate) message_id: Option<Text<ID_BYTES_MAX>>,
}

/// Text in place, if it is within its bound: the beginning of what is longer
/// might be that of a secret.
#[derive(Clone, Debug)]
pub(crate) struct Text<const MAX: usize>(Option<SmallVec<[u8; MAX]>>)
where
    [u8; MAX]: smallvec::Array<Item = u8>;

impl Refusals {
    pub(super) fn new(workers: usize) -> Self {
        Self { rings: (0..workers).map(|_| Mutex::default()).collect(), missed: AtomicU64::new(0) }
    }

    /// Keeps `refusal` by the worker of this `number`.
    pub(crate) fn note(&self, number: usize, refusal: Refusal) {
        let mut ring = match self.rings[number].try_lock() {
            Ok(ring) => ring,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                self.missed.fetch_add(1, Ordering::Relaxed);
                return;
            }
        };
        if ring.len() == KEPT_MAX {
            ring.pop_front();
        }
        ring.push_back(refusal);
    }

    /// The latest of all workers, the latest first.
    pub(super) fn latest(&self) -> Vec<Refusal> {
        let mut all = Vec::new();
        for ring in &self.rings {
            all.extend(ring.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned());
        }
        all.sort_by_key(|refusal| std::cmp::Reverse(refusal.at));
        all.truncate(KEPT_MAX);
        all
    }

    /// How many were not kept because somebody looked.
    pub(super) fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }
}

impl<const MAX: usize> Text<MAX>
where
    [u8; MAX]: smallvec::Array<Item = u8>,
{
    pub(crate) fn new(text: &[u8]) -> Self {
        Self((text.len() <= MAX).then(|| SmallVec::from_slice(text)))
    }

    /// All of it, or how long it may be.
    pub(super) fn bytes(&self) -> Result<&[u8], usize> {
        self.0.as_deref().ok_or(MAX)
    }
}

/// Each worker keeps as many as are shown: all of them may be its own.
pub(super) const KEPT_MAX: usize = 256;

/// The longest of those that are registered has 17 (RFC 3253 and others).
const METHOD_BYTES_MAX: usize = 20;
const PATH_BYTES_MAX: usize = 256;
const ID_BYTES_MAX: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(millis: u64) -> Refusal {
        Refusal {
            at: UnixTime::from_millis(millis),
            named: None,
            code: "no_source",
            observed: false,
            client: [192, 0, 2, 7].into(),
            method: Some(Text::new(b"POST")),
            path: Some(Text::new(&[b'x'; PATH_BYTES_MAX])),
            message_id: None,
        }
    }

    fn millis(refusals: &Refusals) -> Vec<u64> {
        refusals.latest().iter().map(|refusal| refusal.at.as_millis()).collect()
    }

    #[test]
    fn the_latest_of_all_workers_are_kept_and_no_more() {
        let refusals = Refusals::new(2);
        for millis in 0..1000 {
            refusals.note(usize::from(millis % 10 == 0), refusal(millis));
        }
        let kept = millis(&refusals);
        assert_eq!(kept.len(), KEPT_MAX);
        assert_eq!(kept, (1000 - KEPT_MAX as u64..1000).rev().collect::<Vec<_>>());
    }

    #[test]
    fn text_is_whole_or_not_there_and_takes_no_memory_of_its_own() {
        let refusals = Refusals::new(1);
        refusals.note(0, refusal(1));
        let path = refusals.latest().remove(0).path.unwrap();
        assert_eq!(path.bytes().unwrap().len(), PATH_BYTES_MAX);
        assert!(!path.0.unwrap().spilled());
        assert!(size_of::<Refusal>() <= 512, "{}", size_of::<Refusal>());
        assert_eq!(Text::<3>::new(b"four").bytes(), Err(3));
    }

    #[test]
    fn a_refusal_waits_for_nobody() {
        let refusals = Refusals::new(2);
        let reading = refusals.rings[0].lock().unwrap();
        refusals.note(0, refusal(1));
        refusals.note(1, refusal(2));
        drop(reading);
        assert_eq!((millis(&refusals), refusals.missed()), (vec![2], 1));
    }
}
