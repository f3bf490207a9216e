//! A request's body, within a size, a time, a rate and a share of memory.
//!
//! Bytes are charged and looked at as they arrive, while they are hot in the
//! cache. A body that came in one piece is never copied.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt as _;
use http::{HeaderValue, Response, Version, header};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};

use crate::limits::Reservation;
use crate::net::{self, Drain};

/// The first allocation for a body in pieces. What a stranger declares is not
/// yet worth more.
const FIRST_BYTES: usize = 64 * 1024;

/// A slow body is not judged by its rate before this.
const GRACE: Duration = Duration::from_secs(2);

/// What one body may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyBounds {
    /// Longest body, in bytes.
    pub(crate) bytes_max: u64,
    /// From here to its last byte.
    pub(crate) timeout: Duration,
    /// Slowest, in bytes a second, after a grace of two seconds.
    pub(crate) rate_min: u64,
}

/// Why a body was not read. Each role has codes of these names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyFault {
    /// Longer than it may be.
    TooLarge,
    /// Not here in time, or too slow.
    Timeout,
    /// Broken off or framed wrongly: no body at all.
    Broken,
    /// No memory for it now.
    Overloaded,
}

/// Reads `body` to its end. Its bytes are charged to `reservation` and shown
/// to `look`, piece by piece. `declared` is its length, where it was declared.
pub(crate) async fn read_body(
    body: &mut Incoming,
    declared: Option<u64>,
    bounds: BodyBounds,
    reservation: &mut Reservation,
    mut look: impl FnMut(&[u8]),
) -> Result<Bytes, BodyFault> {
    let mut gathered = Gathered::new(declared);
    let mut pace = Pace::new(bounds);
    while let Some(bytes) = pace.next(body, gathered.len()).await? {
        if gathered.len().saturating_add(bytes.len() as u64) > bounds.bytes_max {
            return Err(BodyFault::TooLarge);
        }
        reservation.charge(bytes.len() as u64).map_err(|_| BodyFault::Overloaded)?;
        look(&bytes);
        gathered.push(bytes);
    }
    Ok(gathered.finish())
}

/// What `response` needs where it leaves `body` unread. A caller that still has
/// body to send is told that nobody will read it (RFC 9112 section 9.6); over
/// HTTP/2, where that would cost it the answer, it may send for a while.
pub(crate) fn leave_unread<B>(body: Incoming, version: Version, response: &mut Response<B>, drain: &Drain) {
    if body.is_end_stream() {
        return;
    }
    if version < Version::HTTP_2 {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    } else {
        drain.tasks().spawn(net::discard(body));
    }
}

/// The bytes so far: nothing, one piece as it came, or a buffer of many.
struct Gathered {
    one: Bytes,
    many: BytesMut,
    declared: Option<u64>,
}

impl Gathered {
    fn new(declared: Option<u64>) -> Self {
        Self { one: Bytes::new(), many: BytesMut::new(), declared }
    }

    fn len(&self) -> u64 {
        (self.one.len() + self.many.len()) as u64
    }

    fn push(&mut self, bytes: Bytes) {
        if self.len() == 0 {
            self.one = bytes;
            return;
        }
        let first = std::mem::take(&mut self.one);
        if !first.is_empty() {
            let declared = self.declared.map_or(FIRST_BYTES, |n| usize::try_from(n).unwrap_or(usize::MAX));
            self.many.reserve(declared.min(FIRST_BYTES).max(first.len() + bytes.len()));
            self.many.extend_from_slice(&first);
        }
        self.many.extend_from_slice(&bytes);
    }

    fn finish(self) -> Bytes {
        if self.many.is_empty() { self.one } else { self.many.freeze() }
    }
}

/// How long the next piece may take.
struct Pace {
    bounds: BodyBounds,
    /// Set when the body first kept us waiting: a body that is already here
    /// costs no clock and no timer.
    started: Option<Instant>,
}

impl Pace {
    fn new(bounds: BodyBounds) -> Self {
        Self { bounds, started: None }
    }

    /// The next piece, or `None` at the end. Trailers end here: nothing signs
    /// them (RFC 9110 section 6.5.1).
    async fn next(&mut self, body: &mut Incoming, received: u64) -> Result<Option<Bytes>, BodyFault> {
        loop {
            if body.is_end_stream() {
                return Ok(None);
            }
            let frame = match body.frame().now_or_never() {
                Some(frame) => frame,
                None => {
                    timeout_at(self.deadline(received), body.frame()).await.map_err(|_| BodyFault::Timeout)?
                }
            };
            // A body that breaks off or is framed wrongly is no body.
            let Some(frame) = frame.transpose().map_err(|_| BodyFault::Broken)? else { return Ok(None) };
            if let Ok(bytes) = frame.into_data() {
                return Ok(Some(bytes));
            }
        }
    }

    /// The whole body's time, or sooner for one that comes too slowly.
    fn deadline(&mut self, received: u64) -> Instant {
        let started = *self.started.get_or_insert_with(Instant::now);
        let earned = Duration::from_secs(received / self.bounds.rate_min.max(1));
        started + self.bounds.timeout.min(GRACE.saturating_add(earned))
    }
}
