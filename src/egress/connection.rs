//! A connection to the consumer, in the protocol that the server chose.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};

use super::overheard::Overheard;
use crate::net::{self, ExchangeError, Stream};

/// A connection with what it was made under.
pub(super) struct Connection {
    pub(super) protocol: Protocol,
    /// See [`Material::generation`](super::tls::Material::generation).
    pub(super) generation: u64,
}

/// What a connection can carry.
pub(super) enum Protocol {
    /// HTTP/1.1: one exchange at a time.
    Http1(net::Connection),
    /// HTTP/2: many at once.
    Http2(Http2),
}

/// A handle to an HTTP/2 connection. A task of its own drives the connection
/// until the last handle is gone and the last stream has ended.
#[derive(Clone)]
pub(super) struct Http2 {
    requests: SendRequest<Full<Bytes>>,
    tls_error: Arc<OnceLock<rustls::Error>>,
}

impl Http2 {
    pub(super) async fn open(stream: Stream) -> Result<Self, hyper::Error> {
        let (stream, tls_error) = Overheard::new(stream);
        let (requests, io) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .max_header_list_size(HEAD_BYTES_MAX)
            // Named, because what a consumer can make us reset must be bounded
            // whatever the library's default is.
            .max_local_error_reset_streams(LOCAL_RESETS_MAX)
            .keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT)
            .handshake(TokioIo::new(stream))
            .await?;
        // Why it ended reaches those who wait for an answer on it.
        tokio::spawn(async move { io.await.ok() });
        Ok(Self { requests, tls_error })
    }

    /// Whether no further request can be sent on it.
    pub(super) fn is_closed(&self) -> bool {
        self.requests.is_closed()
    }

    /// Sends a request and waits for the head of its answer.
    pub(super) async fn exchange(
        mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, ExchangeError> {
        let outcome = self.requests.try_send_request(request).await;
        outcome.map_err(|mut failure| match (self.tls_error.get(), failure.take_message()) {
            (Some(tls), _) => ExchangeError::Broken(tls.clone().into()),
            (None, Some(request)) => ExchangeError::Unsent(Box::new(request), failure.into_error()),
            (None, None) => ExchangeError::Broken(failure.into_error().into()),
        })
    }
}

/// The body of an answer in HTTP/1.1, whose reader drives the connection.
pub(super) struct BodyBeside<'c> {
    pub(super) frames: Incoming,
    pub(super) connection: &'c mut net::Connection,
}

impl Body for BodyBeside<'_> {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Self { frames, connection } = &mut *self;
        connection.poll_beside(cx, |cx| Pin::new(&mut *frames).poll_frame(cx))
    }

    fn is_end_stream(&self) -> bool {
        self.frames.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.frames.size_hint()
    }
}

/// What a consumer may send ahead of being read, on one stream and in all.
const STREAM_WINDOW_BYTES: u32 = 64 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 1024 * 1024;

/// The longest head of an answer.
const HEAD_BYTES_MAX: u32 = 64 * 1024;

/// As many streams may end by the consumer's faults before the connection does.
const LOCAL_RESETS_MAX: usize = 64;

/// While an answer is awaited, a consumer that is gone without a word is found
/// out by these, and its connection with all that would follow on it given up.
const PING_INTERVAL: Duration = Duration::from_secs(10);
const PING_TIMEOUT: Duration = Duration::from_secs(5);
