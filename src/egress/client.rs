//! The life of an exchange, and the connections that outlive it.

use std::fmt;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tokio::time::{Instant, timeout_at};

use super::answer::read_whole;
use super::connection::{BodyBeside, Connection, Http2, Protocol};
use super::error::EgressError;
use super::route::Route;
use super::tls::TlsFailure;
use crate::net::{self, ExchangeError, Idle};

/// The connections of one worker to one endpoint.
pub(crate) struct Egress {
    route: Arc<Route>,
    /// Connections that carry one exchange at a time, and wait for the next.
    idle: Idle<(net::Connection, u64)>,
    /// The connection that carries many, if the server speaks HTTP/2.
    shared: Mutex<Option<Shared>>,
    /// One opens while the others wait to share what it opens.
    opening: tokio::sync::Mutex<()>,
    /// What was opened last cannot be shared: nobody needs to wait.
    speaks_http1: AtomicBool,
}

struct Shared {
    http2: Http2,
    generation: u64,
    used: Instant,
}

/// Why one try gave no answer.
enum TryError {
    /// No byte of the request was sent, or none that the consumer looked at.
    Unsent(Box<Request<Full<Bytes>>>, hyper::Error),
    /// Anything else.
    Failed(EgressError),
}

impl Egress {
    /// No connection is opened yet.
    pub(crate) fn new(route: Arc<Route>) -> Self {
        Self {
            route,
            idle: Idle::new(),
            shared: Mutex::default(),
            opening: tokio::sync::Mutex::default(),
            speaks_http1: AtomicBool::new(false),
        }
    }

    /// Sends a request and returns the whole answer, whatever its status: no
    /// redirect is followed. Name, socket, TLS, head and body together get the
    /// endpoint's time, and the body its number of bytes.
    ///
    /// The request's target gives path and query; host and length are set
    /// here. A request that a kept-open connection gave back unsent is tried
    /// once more, on a fresh one. Called on the worker's runtime: a connection
    /// lives there.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Bytes>, EgressError> {
        let deadline = Instant::now() + self.route.timeout;
        let sent = AtomicBool::new(false);
        // Pinned where it is made: by value, it would be moved into the timeout.
        let exchange = pin!(self.exchange(request, deadline, &sent));
        match timeout_at(deadline, exchange).await {
            Ok(outcome) => outcome,
            Err(_elapsed) => Err(EgressError::Timeout { sent: sent.load(Ordering::Relaxed) }),
        }
    }

    /// Lets go of connections that are closed, retired or too long unused. The
    /// worker calls it every few seconds.
    pub(crate) fn sweep(&self) {
        let current = self.route.generation();
        self.idle.retain(|(connection, generation)| *generation == current && connection.is_open());
        let mut shared = self.shared();
        if shared
            .as_ref()
            .is_some_and(|shared| !shared.is_usable(current) || shared.used.elapsed() > SHARED_IDLE_TIME_MAX)
        {
            *shared = None;
        }
    }

    async fn exchange(
        &self,
        mut request: Request<Full<Bytes>>,
        deadline: Instant,
        sent: &AtomicBool,
    ) -> Result<Response<Bytes>, EgressError> {
        let mut kept = self.kept();
        loop {
            let (connection, fresh) = match kept.take() {
                Some(connection) => (connection, false),
                // Boxed: the rare case must not make every delivery's future larger.
                None => (Box::pin(self.open(deadline)).await?, true),
            };
            sent.store(true, Ordering::Relaxed);
            match self.try_on(connection, request).await {
                Ok(answer) => return Ok(answer),
                Err(TryError::Unsent(unsent, _)) if !fresh => {
                    sent.store(false, Ordering::Relaxed);
                    request = *unsent;
                }
                Err(TryError::Unsent(_, error)) => {
                    return Err(TlsFailure::find(&error)
                        .map_or_else(|| EgressError::Unreachable(error.into()), EgressError::Tls));
                }
                Err(TryError::Failed(error)) => return Err(error),
            }
        }
    }

    async fn try_on(
        &self,
        connection: Connection,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<Bytes>, TryError> {
        let bytes_max = self.route.answer_bytes_max;
        match connection.protocol {
            Protocol::Http1(mut http1) => {
                self.route.addressing.for_http1(&mut request);
                let (head, frames) = http1.exchange(request).await?.into_parts();
                let body = BodyBeside { frames, connection: &mut http1 };
                let answer = read_whole(Response::from_parts(head, body), bytes_max).await?;
                self.keep(http1, connection.generation);
                Ok(answer)
            }
            Protocol::Http2(http2) => {
                self.route.addressing.for_http2(&mut request);
                Ok(read_whole(http2.exchange(request).await?, bytes_max).await?)
            }
        }
    }

    /// A connection that is open already.
    fn kept(&self) -> Option<Connection> {
        let current = self.route.generation();
        if let Some(shared) = self.shared().as_mut().filter(|shared| shared.is_usable(current)) {
            shared.used = Instant::now();
            let protocol = Protocol::Http2(shared.http2.clone());
            return Some(Connection { protocol, generation: current });
        }
        let (http1, generation) = self.idle.take()?;
        // Those below it in the pile are older still: the sweep takes them.
        let protocol = Protocol::Http1(http1);
        (generation == current).then_some(Connection { protocol, generation })
    }

    fn keep(&self, connection: net::Connection, generation: u64) {
        if connection.is_reusable() && generation == self.route.generation() {
            connection.rest();
            self.idle.put((connection, generation));
        }
    }

    /// A connection for this exchange, or one that another has opened while
    /// this one waited for its turn.
    async fn open(&self, deadline: Instant) -> Result<Connection, EgressError> {
        let _turn = if self.speaks_http1.load(Ordering::Relaxed) {
            None
        } else {
            let turn = self.opening.lock().await;
            if let Some(connection) = self.kept() {
                return Ok(connection);
            }
            Some(turn)
        };
        let connection = self.route.connect(deadline).await?;
        self.speaks_http1.store(matches!(connection.protocol, Protocol::Http1(_)), Ordering::Relaxed);
        if let Protocol::Http2(http2) = &connection.protocol {
            let (http2, generation) = (http2.clone(), connection.generation);
            *self.shared() = Some(Shared { http2, generation, used: Instant::now() });
        }
        Ok(connection)
    }

    fn shared(&self) -> MutexGuard<'_, Option<Shared>> {
        // Replaced as a whole: a panic leaves nothing half written.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many connections wait for their next exchange.
    #[cfg(test)]
    pub(super) fn idle_count(&self) -> usize {
        self.idle.count()
    }
}

impl Shared {
    fn is_usable(&self, current: u64) -> bool {
        self.generation == current && !self.http2.is_closed()
    }
}

impl From<EgressError> for TryError {
    fn from(error: EgressError) -> Self {
        Self::Failed(error)
    }
}

impl From<ExchangeError> for TryError {
    fn from(error: ExchangeError) -> Self {
        match error {
            ExchangeError::Unsent(request, error) => Self::Unsent(request, error),
            // A server says only after its part of the handshake that it does
            // not take our certificate (RFC 8446 section 4.4.2.4): it has not
            // looked at the request.
            ExchangeError::Broken(error) => Self::Failed(match TlsFailure::find(&*error) {
                Some(failure) if failure.is_about_us() => EgressError::Tls(failure),
                _ => EgressError::Broken(error),
            }),
        }
    }
}

impl fmt::Debug for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Egress").field("route", &self.route).finish_non_exhaustive()
    }
}

/// A connection that carries many exchanges may wait longer than one that
/// carries one: a server that closes it says which requests it has not looked
/// at (RFC 9113 section 6.8).
const SHARED_IDLE_TIME_MAX: Duration = Duration::from_secs(30);
