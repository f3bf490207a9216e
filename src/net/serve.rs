//! One connection, from its first byte to its end.
//!
//! hyper speaks HTTP; what a peer can make it cost is bounded here: heads by
//! [`StrictIo`], streams and windows by hyper's settings, time by
//! [`Activity`] and [`age`], the end by [`Linger`].

use std::convert::Infallible;
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::FutureExt as _;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::select;
use tokio::time::Duration;
use tracing::debug;

use super::activity::{Activity, InFlight, InFlightBody, Lapse, Patience};
use super::age;
use super::detect::{Detected, detect};
use super::drain::DrainSignal;
use super::http1::{Http1Bounds, Http1Fault, Refusal, StrictIo};
use super::linger::Linger;
use super::when_woken::WhenWoken;
use crate::causes::Causes;

/// What a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// HTTP/1.1 (and 1.0), as ALPN said or for want of it.
    Http1,
    /// HTTP/2, as ALPN said.
    Http2,
    /// Whichever it begins with: a plain connection.
    Detect,
}

impl Protocol {
    /// Of a TLS connection, by what ALPN (RFC 7301) agreed on.
    pub(crate) fn agreed(alpn: Option<&[u8]>) -> Self {
        match alpn {
            Some(b"h2") => Self::Http2,
            _ => Self::Http1,
        }
    }
}

/// What one connection may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectionBounds {
    /// Request heads. Their size bounds those of HTTP/2 as well.
    pub(crate) http1: Http1Bounds,
    /// A connection with nothing in flight is closed after this, or up to a
    /// quarter later.
    pub(crate) idle_timeout: Duration,
    /// A connection ends past this age, or up to a tenth before it. `None`
    /// where it may be of any.
    pub(crate) age_max: Option<Duration>,
}

impl ConnectionBounds {
    fn patience(&self) -> Patience {
        Patience { idle: self.idle_timeout, stalled: STALL_TIMEOUT }
    }
}

/// Serves the requests of `io` until it ends: by its peer, by lapse, by its
/// age, or because `drain` began; by the last two when nothing is in flight any
/// more.
///
/// `service` is called once for each request. Where it is given a fault, the
/// request is a stand-in for one whose head was refused, and only the fault
/// is to be believed.
///
/// No async function: its arguments would keep their place beside what they
/// became, and an idle connection is worth its memory.
pub(crate) fn serve_connection<'a, S, F, A, B>(
    io: S,
    protocol: Protocol,
    service: F,
    bounds: &'a ConnectionBounds,
    drain: &'a DrainSignal,
) -> Serving<'a>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'a,
    F: Fn(Request<Incoming>, Option<Http1Fault>) -> A + Send + 'a,
    A: Future<Output = Result<Response<B>, Infallible>> + Send + 'static,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + Unpin + 'static,
{
    match protocol {
        Protocol::Http1 => serve_http1(io, service, bounds, drain),
        Protocol::Http2 => serve_http2(io, service, bounds, drain),
        Protocol::Detect => Box::pin(async move {
            let detected = select! {
                detected = detect(io, bounds) => detected,
                () = drain.begun() => None,
            };
            match detected {
                Some(Detected::Http1(io)) => serve_http1(io, service, bounds, drain).await,
                Some(Detected::Http2(io)) => serve_http2(io, service, bounds, drain).await,
                None => {}
            }
        }),
    }
}

/// A connection being served.
pub(crate) type Serving<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

fn serve_http1<'a, S, F, A, B>(
    io: S,
    service: F,
    bounds: &'a ConnectionBounds,
    drain: &'a DrainSignal,
) -> Serving<'a>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'a,
    F: Fn(Request<Incoming>, Option<Http1Fault>) -> A + Send + 'a,
    A: Future<Output = Result<Response<B>, Infallible>> + Send + 'a,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + Unpin + 'static,
{
    let activity = Arc::new(Activity::default());
    let refusal = Arc::new(Refusal::default());
    let io = StrictIo::new(Linger::new(io), &bounds.http1, Arc::clone(&refusal), Arc::clone(&activity));
    let calls = AtomicU64::new(0);
    let of_service = Arc::clone(&activity);
    let service = service_fn(move |request| {
        let ordinal = calls.fetch_add(1, Ordering::Relaxed);
        count(of_service.begin(), service(request, refusal.at(ordinal)))
    });
    let mut builder = http1::Builder::new();
    builder
        // Heads have their deadline in `StrictIo`.
        .header_read_timeout(None)
        // A refusal is not to stop hyper from reading one more whole head.
        .max_buf_size(BUFFER_BYTES.max(bounds.http1.head_bytes + 1))
        // Head and body of the small answers here leave in one write. Not
        // `pipeline_flush`: it lifts the bound on what is buffered.
        .writev(false);
    let connection = Box::pin(builder.serve_connection(TokioIo::new(io), service));
    let aged = age::past_and_unused(bounds.age_max, Arc::clone(&activity), bounds.patience()).map(Some);
    let stop = stop(Arc::clone(&activity), bounds.patience(), aged, drain);
    Box::pin(drive(connection, http1::Connection::graceful_shutdown, activity, stop))
}

fn serve_http2<'a, S, F, A, B>(
    io: S,
    service: F,
    bounds: &'a ConnectionBounds,
    drain: &'a DrainSignal,
) -> Serving<'a>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'a,
    F: Fn(Request<Incoming>, Option<Http1Fault>) -> A + Send + 'a,
    A: Future<Output = Result<Response<B>, Infallible>> + Send + 'static,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + Unpin + 'static,
{
    let activity = Arc::new(Activity::default());
    let of_service = Arc::clone(&activity);
    let service = service_fn(move |request| count(of_service.begin(), service(request, None)));
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_header_list_size(u32::try_from(bounds.http1.head_bytes).unwrap_or(u32::MAX))
        .max_send_buf_size(BUFFER_BYTES)
        .max_pending_accept_reset_streams(PENDING_RESETS_MAX)
        .max_local_error_reset_streams(LOCAL_RESETS_MAX)
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT);
    let connection = Box::pin(builder.serve_connection(TokioIo::new(Linger::new(io)), service));
    let aged = age::past(bounds.age_max).map(|()| None);
    let stop = stop(Arc::clone(&activity), bounds.patience(), aged, drain);
    Box::pin(drive(connection, http2::Connection::graceful_shutdown, activity, stop))
}

/// Counts a request as in flight until the last byte of its answer was taken.
///
/// No async function: `answer` is kilobytes that would be kept twice, and moved
/// once more for each request.
fn count<B>(
    in_flight: InFlight,
    answer: impl Future<Output = Result<Response<B>, Infallible>>,
) -> impl Future<Output = Result<Response<InFlightBody<B>>, Infallible>> {
    answer.map(|answered| answered.map(|response| in_flight.answer(response)))
}

/// Waits for a reason to end a connection, and gives the lapse if it is one.
async fn stop(
    activity: Arc<Activity>,
    patience: Patience,
    aged: impl Future<Output = Option<Lapse>>,
    drain: &DrainSignal,
) -> Option<Lapse> {
    select! {
        () = drain.begun() => None,
        lapse = activity.lapse(patience) => Some(lapse),
        lapse = aged => lapse,
    }
}

/// Drives a connection of hyper's to its end, or until `stop` ends it.
async fn drive<C>(
    mut connection: Pin<Box<C>>,
    shut_down: impl FnOnce(Pin<&mut C>),
    activity: Arc<Activity>,
    stop: impl Future<Output = Option<Lapse>>,
) where
    C: Future<Output = hyper::Result<()>>,
{
    let lapse = select! {
        biased;
        ended = &mut connection => return log_end(ended),
        lapse = WhenWoken::new(stop) => lapse,
    };
    if lapse == Some(Lapse::Stalled) {
        debug!("connection dropped: its peer takes no answer");
        return;
    }
    shut_down(connection.as_mut());
    // A peer that is gone, or that does not answer to the end of HTTP/2, must
    // not hold up a drain.
    let patience = Patience { idle: FAREWELL_TIMEOUT, stalled: STALL_TIMEOUT };
    select! {
        biased;
        ended = &mut connection => log_end(ended),
        lapse = activity.lapse(patience) => debug!(?lapse, "connection dropped: its peer does not close it"),
    }
}

/// What ends a connection early is its peer's business, and seldom news.
fn log_end(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        debug!(error = %Causes(&error), "connection broken off");
    }
}

/// What hyper buffers in each direction of a connection or stream.
const BUFFER_BYTES: usize = 64 * 1024;

/// Envoy's guide for edge proxies, as are the windows.
const STREAMS_MAX: u32 = 100;
const STREAM_WINDOW_BYTES: u32 = 64 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 1024 * 1024;

/// Streams reset before they were taken up: rapid reset (CVE-2023-44487).
const PENDING_RESETS_MAX: usize = 20;

/// Streams that the peer made us reset (CVE-2025-8671).
const LOCAL_RESETS_MAX: usize = 1024;

/// How often a peer of HTTP/2 is asked whether it lives, and how long it may
/// take to say so.
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// How long a peer may take nothing of an answer that waits for it.
const STALL_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a connection that is told to end may take, with nothing in flight.
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
