//! What is going on on one connection, so that one which does nothing, or
//! whose peer takes nothing, can be ended.
//!
//! Counting is a few relaxed additions per request and reads no clock: the
//! task of the connection looks at the counters now and then ([`lapse`]).
//!
//! [`lapse`]: Activity::lapse

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use http::header::CONNECTION;
use http::{HeaderValue, Response};
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Duration, Instant, sleep};

/// The requests in flight on one connection.
#[derive(Debug, Default)]
pub(crate) struct Activity {
    /// Requests from their first byte to the last of their answer.
    open: AtomicUsize,
    /// Of those, the ones where the next move is not the peer's to make.
    ours: AtomicUsize,
    /// Goes up whenever anything happens.
    moves: AtomicUsize,
    /// Whether the next answer is to say that it is the last. Never of HTTP/2,
    /// which has no such field.
    next_is_last: AtomicBool,
}

/// Why a connection may be ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lapse {
    /// Nothing was in flight for too long.
    Idle,
    /// The peer took nothing of its answers for too long.
    Stalled,
}

/// How long nothing may happen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// With nothing in flight.
    pub(crate) idle: Duration,
    /// With nothing but answers in flight, none of which the peer takes.
    pub(crate) stalled: Duration,
}

impl Activity {
    /// Counts a request until the guard is dropped.
    pub(crate) fn begin(self: &Arc<Self>) -> InFlight {
        self.open.fetch_add(1, Ordering::Relaxed);
        self.ours.fetch_add(1, Ordering::Relaxed);
        self.moves.fetch_add(1, Ordering::Relaxed);
        InFlight { activity: Arc::clone(self), turn: Turn::Ours }
    }

    /// The same for a head that is coming in: the next move is the peer's.
    pub(crate) fn begin_head(self: &Arc<Self>) -> InFlight {
        let mut in_flight = self.begin();
        in_flight.pass_to(Turn::Peers);
        in_flight
    }

    /// From now on an answer says that none follows on this connection.
    pub(crate) fn let_next_answer_be_last(&self) {
        self.next_is_last.store(true, Ordering::Relaxed);
    }

    /// Waits until nothing has happened for as long as `patience` allows, or
    /// up to a quarter longer.
    pub(crate) async fn lapse(&self, patience: Patience) -> Lapse {
        let tick = patience.idle.min(patience.stalled) / LOOKS;
        let mut moves = self.moves.load(Ordering::Relaxed);
        let mut quiet_since = Instant::now();
        loop {
            sleep(tick).await;
            let seen = self.moves.load(Ordering::Relaxed);
            let waiting_for = self.waiting_for();
            if seen != moves || waiting_for.is_none() {
                moves = seen;
                quiet_since = Instant::now();
            }
            match waiting_for {
                Some(Lapse::Idle) if quiet_since.elapsed() >= patience.idle => return Lapse::Idle,
                Some(Lapse::Stalled) if quiet_since.elapsed() >= patience.stalled => return Lapse::Stalled,
                _ => {}
            }
        }
    }

    /// What it will be called if the peer makes no move; `None` while the
    /// next move is ours.
    fn waiting_for(&self) -> Option<Lapse> {
        if self.open.load(Ordering::Relaxed) == 0 {
            Some(Lapse::Idle)
        } else if self.ours.load(Ordering::Relaxed) == 0 {
            Some(Lapse::Stalled)
        } else {
            None
        }
    }
}

/// Looks at the counters in the shorter span of a [`Patience`].
const LOOKS: u32 = 4;

/// One request in flight.
#[derive(Debug)]
pub(crate) struct InFlight {
    activity: Arc<Activity>,
    turn: Turn,
}

/// Who makes the next move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Ours,
    Peers,
}

impl InFlight {
    /// Counts the body of `response` as in flight until it is dropped.
    pub(crate) fn answer<B>(mut self, mut response: Response<B>) -> Response<InFlightBody<B>> {
        self.pass_to(Turn::Peers);
        if self.activity.next_is_last.load(Ordering::Relaxed) {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response.map(|body| InFlightBody { body, in_flight: self })
    }

    fn pass_to(&mut self, turn: Turn) {
        self.activity.moves.fetch_add(1, Ordering::Relaxed);
        if self.turn == turn {
            return;
        }
        self.turn = turn;
        match turn {
            Turn::Ours => self.activity.ours.fetch_add(1, Ordering::Relaxed),
            Turn::Peers => self.activity.ours.fetch_sub(1, Ordering::Relaxed),
        };
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.pass_to(Turn::Peers);
        self.activity.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The body of an answer, counted as in flight.
///
/// It is asked for a frame when there is room for one. While it has none to
/// give, the next move is ours; once it gave one, the peer's.
#[derive(Debug)]
pub(crate) struct InFlightBody<B> {
    body: B,
    in_flight: InFlight,
}

impl<B: Body + Unpin> Body for InFlightBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.body).poll_frame(cx);
        this.in_flight.pass_to(if polled.is_pending() { Turn::Ours } else { Turn::Peers });
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience { idle: Duration::from_secs(8), stalled: Duration::from_secs(4) };

    async fn lapse_after(activity: &Activity) -> (Lapse, u64) {
        let start = Instant::now();
        (activity.lapse(PATIENCE).await, start.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn an_unused_connection_is_idle() {
        assert_eq!(lapse_after(&Activity::default()).await, (Lapse::Idle, 8));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_in_flight_puts_idleness_off() {
        let activity = Arc::new(Activity::default());
        let in_flight = activity.begin();
        let end = async {
            sleep(Duration::from_secs(100)).await;
            drop(in_flight);
        };
        let (lapsed, ()) = tokio::join!(lapse_after(&activity), end);
        assert_eq!(lapsed.0, Lapse::Idle);
        assert!((108..=110).contains(&lapsed.1), "{} s", lapsed.1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_nobody_takes_is_stalled() {
        let activity = Arc::new(Activity::default());
        let full = http_body_util::Full::new(bytes::Bytes::from_static(b"a"));
        let mut answer = activity.begin().answer(Response::new(full)).into_body();
        let taken = std::future::poll_fn(|cx| Pin::new(&mut answer).poll_frame(cx)).await;
        assert!(taken.is_some());
        assert_eq!(lapse_after(&activity).await, (Lapse::Stalled, 4));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_waits_for_its_source_is_not_stalled() {
        let activity = Arc::new(Activity::default());
        let source = http_body_util::StreamBody::new(futures_util::stream::pending::<
            Result<Frame<bytes::Bytes>, std::convert::Infallible>,
        >());
        let mut answer = activity.begin().answer(Response::new(source)).into_body();
        let asked = std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut answer).poll_frame(cx).is_pending()));
        assert!(asked.await);
        let waited = tokio::time::timeout(Duration::from_secs(100), lapse_after(&activity)).await;
        assert!(waited.is_err());
    }
}
