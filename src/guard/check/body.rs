//! Stage 5: the body, within a size, a time, a rate and a share of memory.
//!
//! Bytes are charged and hashed as they arrive, while they are hot in the
//! cache. A body that came in one piece is never copied.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt as _;
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};

use crate::config::Bounds;
use crate::guard::check::{Opened, Verified};
use crate::guard::rejection::Rejection;
use crate::limits::Reservation;

/// The first allocation for a body in pieces. What a stranger declares is not
/// yet worth more.
const FIRST_BYTES: usize = 64 * 1024;

/// A slow body is not judged by its rate before this.
const GRACE: Duration = Duration::from_secs(2);

/// Reads the body to its end and asks the scheme for its proof.
pub(crate) async fn read(
    mut opened: Opened,
    body: &mut Incoming,
    mut reservation: Reservation,
    bounds: &Bounds,
) -> Result<Verified, Rejection> {
    let bytes_max = opened.source().config.body_bytes_max;
    let declared = opened.admitted.known.routed.sound.declared_length;
    let mut gathered = Gathered::new(declared);
    let mut pace = Pace::new(bounds);
    while let Some(bytes) = pace.next(body, gathered.len()).await? {
        if gathered.len().saturating_add(bytes.len() as u64) > bytes_max {
            return Err(Rejection::BodyTooLarge);
        }
        reservation.charge(bytes.len() as u64).map_err(|_| Rejection::Overloaded)?;
        opened.open.update(&bytes);
        gathered.push(bytes);
    }
    opened.prove(gathered.finish(), reservation).map_err(Rejection::Unproven)
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
struct Pace<'a> {
    bounds: &'a Bounds,
    /// Set when the body first kept us waiting: a body that is already here
    /// costs no clock and no timer.
    started: Option<Instant>,
}

impl<'a> Pace<'a> {
    fn new(bounds: &'a Bounds) -> Self {
        Self { bounds, started: None }
    }

    /// The next piece, or `None` at the end. Trailers end here: nothing signs
    /// them (RFC 9110 section 6.5.1).
    async fn next(&mut self, body: &mut Incoming, received: u64) -> Result<Option<Bytes>, Rejection> {
        loop {
            if body.is_end_stream() {
                return Ok(None);
            }
            let frame = match body.frame().now_or_never() {
                Some(frame) => frame,
                None => timeout_at(self.deadline(received), body.frame())
                    .await
                    .map_err(|_| Rejection::BodyTimeout)?,
            };
            // A body that breaks off or is framed wrongly is no body.
            let Some(frame) = frame.transpose().map_err(|_| Rejection::HeadRefused)? else { return Ok(None) };
            if let Ok(bytes) = frame.into_data() {
                return Ok(Some(bytes));
            }
        }
    }

    /// The whole body's time, or sooner for one that comes too slowly.
    fn deadline(&mut self, received: u64) -> Instant {
        let started = *self.started.get_or_insert_with(Instant::now);
        let earned = Duration::from_secs(received / self.bounds.body_rate_min.max(1));
        started + self.bounds.body_timeout.min(GRACE.saturating_add(earned))
    }
}
