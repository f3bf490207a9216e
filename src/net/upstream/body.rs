//! The answer's body as it streams, with the connection it comes on.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep};

use super::connection::Connection;
use super::error::UpstreamBodyError;
use super::pool::Pool;

/// The body of the upstream's answer.
///
/// When it has ended cleanly its connection goes back to the pool; dropped
/// before that it closes the connection, because what is left on it belongs
/// to nobody. Each part must come within the upstream's timeout. A body with a
/// known length may be left unpolled after its last byte.
pub(crate) struct UpstreamBody {
    frames: Incoming,
    /// `None` once it is in the pool again or closed.
    connection: Option<Connection>,
    pool: Arc<Pool>,
    /// Made when a part is first waited for: most answers are there at once.
    patience: Option<Pin<Box<Sleep>>>,
}

impl UpstreamBody {
    pub(super) fn new(frames: Incoming, connection: Connection, pool: Arc<Pool>) -> Self {
        let mut body = Self { frames, connection: Some(connection), pool, patience: None };
        body.hand_back_if_ended();
        body
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Self { frames, connection, .. } = self;
        match connection {
            Some(connection) => connection.poll_beside(cx, |cx| Pin::new(&mut *frames).poll_frame(cx)),
            None => Pin::new(frames).poll_frame(cx),
        }
    }

    fn poll_patience(&mut self, cx: &mut Context<'_>, timeout: Duration) -> Poll<()> {
        self.patience.get_or_insert_with(|| Box::pin(sleep(timeout))).as_mut().poll(cx)
    }

    fn hand_back_if_ended(&mut self) {
        if self.frames.is_end_stream() {
            self.hand_back();
        }
    }

    fn hand_back(&mut self) {
        if let Some(connection) = self.connection.take()
            && connection.is_reusable()
        {
            self.pool.put(connection);
        }
    }
}

impl fmt::Debug for UpstreamBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpstreamBody").field("frames", &self.frames).finish_non_exhaustive()
    }
}

impl Body for UpstreamBody {
    type Data = Bytes;
    type Error = UpstreamBodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, UpstreamBodyError>>> {
        let timeout = self.pool.part_timeout();
        let Poll::Ready(next) = self.poll_next(cx) else {
            ready!(self.poll_patience(cx, timeout));
            self.connection = None;
            return Poll::Ready(Some(Err(UpstreamBodyError::Timeout)));
        };
        if let Some(patience) = &mut self.patience {
            patience.as_mut().reset(Instant::now() + timeout);
        }
        match next {
            Some(Ok(frame)) => {
                self.hand_back_if_ended();
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(error)) => {
                self.connection = None;
                Poll::Ready(Some(Err(UpstreamBodyError::Broken(error))))
            }
            None => {
                self.hand_back();
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.frames.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.frames.size_hint()
    }
}
