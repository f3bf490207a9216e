//! The framing of a connection: message after message, without I/O.

use super::chunked::Chunked;
use super::head::{BodyLength, judge};
use super::scan::HeadScan;
use super::{Http1Bounds, Http1Fault};

/// How far some bytes were followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Followed {
    /// This many bytes are good and may pass. Those behind them belong to a
    /// head that is unfinished or refused.
    pub(super) settled: usize,
    /// What is wrong with the byte or head behind them. Nothing is followed
    /// after a fault.
    pub(super) fault: Option<Http1Fault>,
}

/// Follows the messages of one connection.
#[derive(Debug)]
pub(super) struct Framing {
    place: Place,
    heads: u64,
    head_bytes_max: usize,
    head_fields_max: usize,
}

/// Where in a message the next byte stands.
#[derive(Debug)]
enum Place {
    Head(HeadScan),
    Sized { left: u64 },
    Chunked(Chunked),
}

impl Framing {
    pub(super) fn new(bounds: &Http1Bounds) -> Self {
        Self {
            place: Place::Head(HeadScan::default()),
            heads: 0,
            head_bytes_max: bounds.head_bytes,
            head_fields_max: bounds.head_fields,
        }
    }

    /// Follows `bytes`, which begin where those settled so far end. A body
    /// settles as it comes, a head as a whole: until it does, it is given
    /// again, with more behind it.
    pub(super) fn follow(&mut self, bytes: &[u8]) -> Followed {
        let mut settled = 0;
        while settled < bytes.len() {
            let here = self.follow_one(&bytes[settled..]);
            settled += here.settled;
            if here.settled == 0 || here.fault.is_some() {
                return Followed { settled, fault: here.fault };
            }
        }
        Followed { settled, fault: None }
    }

    /// How many heads have passed.
    pub(super) fn heads(&self) -> u64 {
        self.heads
    }

    /// Whether the next byte belongs to a head.
    pub(super) fn is_in_head(&self) -> bool {
        matches!(self.place, Place::Head(_))
    }

    /// Whether the `len` bytes behind the settled ones begin a head.
    pub(super) fn has_begun_head(&self, len: usize) -> bool {
        matches!(&self.place, Place::Head(scan) if scan.has_begun(len))
    }

    /// Follows at most one head or one body.
    fn follow_one(&mut self, bytes: &[u8]) -> Followed {
        match &mut self.place {
            Place::Head(scan) => match scan.find_end(bytes, self.head_bytes_max) {
                Ok(None) => Followed { settled: 0, fault: None },
                Ok(Some(len)) => self.follow_head(&bytes[..len]),
                Err(fault) => Followed { settled: 0, fault: Some(fault) },
            },
            Place::Sized { left } => {
                let settled = bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= settled as u64;
                if *left == 0 {
                    self.place = Place::Head(HeadScan::default());
                }
                Followed { settled, fault: None }
            }
            Place::Chunked(body) => {
                let followed = body.follow(bytes);
                if body.is_done() {
                    self.place = Place::Head(HeadScan::default());
                }
                followed
            }
        }
    }

    fn follow_head(&mut self, head: &[u8]) -> Followed {
        self.place = match judge(head, self.head_fields_max) {
            Ok(BodyLength::Sized(0)) => Place::Head(HeadScan::default()),
            Ok(BodyLength::Sized(left)) => Place::Sized { left },
            Ok(BodyLength::Chunked) => Place::Chunked(Chunked::default()),
            Err(fault) => return Followed { settled: 0, fault: Some(fault) },
        };
        self.heads += 1;
        Followed { settled: head.len(), fault: None }
    }
}
