//! The pool: connections that wait for the next delivery.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tokio::time::Instant;

use super::body::UpstreamBody;
use super::connection::{Connection, ExchangeError};
use super::error::UpstreamError;
use super::target::Target;

/// The kept-open connections of one worker to one upstream.
///
/// Last in, first out: the connection used last is the least likely to have
/// been closed meanwhile, and those that are not needed grow old and go. The
/// lock is taken by one thread only and never held over an await.
pub(crate) struct Pool {
    target: Arc<Target>,
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    since: Instant,
    connection: Connection,
}

impl Pool {
    /// A pool without connections.
    pub(crate) fn new(target: Arc<Target>) -> Self {
        Self { target, idle: Mutex::default() }
    }

    /// Sends a request and returns when the head of the answer is there.
    ///
    /// The request goes out as it is: an origin-form target, `Host` and one
    /// `Content-Length` are the caller's business. 1xx answers before the
    /// final one are dropped (RFC 9110 section 15.2); 101 is an error. A
    /// request that a kept-open connection gave back unsent is tried once
    /// more, on a fresh one.
    pub(crate) async fn send(
        self: &Arc<Self>,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<UpstreamBody>, UpstreamError> {
        let deadline = Instant::now() + self.target.answer_timeout;
        let mut kept = self.take();
        loop {
            let (mut connection, fresh) = match kept.take() {
                Some(connection) => (connection, false),
                // Boxed: the rare case must not make every delivery's future larger.
                None => (Box::pin(self.target.connect(deadline)).await?, true),
            };
            match connection.exchange(request, deadline).await {
                Ok(response) => {
                    return Ok(response.map(|body| UpstreamBody::new(body, connection, Arc::clone(self))));
                }
                Err(ExchangeError::Unsent(unsent, _)) if !fresh => request = *unsent,
                Err(ExchangeError::Unsent(_, error)) => return Err(UpstreamError::Unreachable(error.into())),
                Err(ExchangeError::Failed(error)) => return Err(error),
            }
        }
    }

    /// Closes what is too old or was closed by the upstream. The worker calls
    /// it every few seconds.
    pub(crate) fn sweep(&self) {
        let now = Instant::now();
        self.idle().retain_mut(|idle| now - idle.since < IDLE_TIME_MAX && idle.connection.is_open());
    }

    /// How long each part of a body may take.
    pub(super) fn part_timeout(&self) -> Duration {
        self.target.answer_timeout
    }

    /// Keeps a connection for the next delivery.
    pub(super) fn put(&self, connection: Connection) {
        connection.rest();
        let mut idle = self.idle();
        if idle.len() < IDLE_MAX {
            idle.push(Idle { since: Instant::now(), connection });
        }
    }

    /// The connection used last, unless even that one is too old.
    fn take(&self) -> Option<Connection> {
        let last = self.idle().pop()?;
        (last.since.elapsed() < IDLE_TIME_MAX).then_some(last.connection)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        // Nothing under this lock can leave the list in a wrong state.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many connections wait.
    #[cfg(test)]
    pub(super) fn idle_count(&self) -> usize {
        self.idle().len()
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("target", &self.target).finish_non_exhaustive()
    }
}

/// At most this many connections wait.
pub(super) const IDLE_MAX: usize = 1024;

/// A connection that has waited this long is not used again. Below the 5 s
/// after which Node.js and uvicorn close theirs: a request that crosses with
/// the close is lost, and a new connection costs less than a lost delivery.
const IDLE_TIME_MAX: Duration = Duration::from_secs(4);
