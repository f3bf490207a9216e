//! The pool: connections that wait for the next delivery.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tokio::time::{Instant, timeout_at};

use super::body::UpstreamBody;
use super::connection::{Connection, ExchangeError};
use super::error::UpstreamError;
use super::idle::Idle;
use super::target::Target;

/// The kept-open connections of one worker to one upstream.
pub(crate) struct Pool {
    target: Arc<Target>,
    idle: Idle<Connection>,
}

impl Pool {
    /// A pool without connections.
    pub(crate) fn new(target: Arc<Target>) -> Self {
        Self { target, idle: Idle::new() }
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
        let now = Instant::now();
        let deadline = now + self.target.answer_timeout;
        let mut kept = self.idle.take(now);
        loop {
            let (mut connection, fresh) = match kept.take() {
                Some(connection) => (connection, false),
                // Boxed: the rare case must not make every delivery's future larger.
                None => (Box::pin(self.target.connect(deadline)).await?, true),
            };
            match timeout_at(deadline, connection.exchange(request)).await {
                Ok(Ok(response)) => {
                    return Ok(response.map(|body| UpstreamBody::new(body, connection, Arc::clone(self))));
                }
                Ok(Err(ExchangeError::Unsent(unsent, _))) if !fresh => request = *unsent,
                Ok(Err(ExchangeError::Unsent(_, error))) => {
                    return Err(UpstreamError::Unreachable(error.into()));
                }
                Ok(Err(ExchangeError::Broken(error))) => return Err(UpstreamError::Broken(error)),
                Err(_elapsed) => return Err(UpstreamError::Timeout { sent: true }),
            }
        }
    }

    /// Closes what is too old or was closed by the upstream. The worker calls
    /// it every few seconds.
    pub(crate) fn sweep(&self) {
        self.idle.retain(Connection::is_open);
    }

    /// How long each part of a body may take.
    pub(super) fn part_timeout(&self) -> Duration {
        self.target.answer_timeout
    }

    /// Keeps a connection for the next delivery.
    pub(super) fn put(&self, connection: Connection) {
        connection.rest();
        self.idle.put(connection);
    }

    /// How many connections wait.
    #[cfg(test)]
    pub(super) fn idle_count(&self) -> usize {
        self.idle.count()
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("target", &self.target).finish_non_exhaustive()
    }
}
