//! One HTTP/1.1 connection and the exchange on it.

use std::error::Error;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;

use super::bell::Bell;
use super::stream::Stream;

/// A connection: hyper's two halves, polled by the same task.
pub(crate) struct Connection {
    requests: SendRequest<Full<Bytes>>,
    /// `None` once the connection has come to its end.
    io: Option<Box<http1::Connection<TokioIo<Stream>, Full<Bytes>>>>,
    bell: Bell,
}

/// Why an exchange gave no answer.
pub(crate) enum ExchangeError {
    /// No byte of the request was sent; here it is again.
    Unsent(Box<Request<Full<Bytes>>>, hyper::Error),
    /// The connection broke after the request was begun, or what came was not
    /// an answer in HTTP/1.1.
    Broken(Box<dyn Error + Send + Sync>),
}

impl Connection {
    /// Takes a connected stream.
    pub(crate) async fn open(stream: Stream) -> Result<Self, hyper::Error> {
        let (requests, io) = http1::Builder::new()
            .max_buf_size(HEAD_BYTES_MAX)
            .max_header_size(HEAD_BYTES_MAX)
            .handshake(TokioIo::new(stream))
            .await?;
        Ok(Self { requests, io: Some(Box::new(io)), bell: Bell::new() })
    }

    /// Sends the request and waits for the head of its answer. Bounding the
    /// time is the caller's business; whoever gives up drops the connection.
    ///
    /// No look at a kept-open connection is needed before: hyper reads before
    /// it takes the request, so what the upstream has closed since gives it
    /// back unsent.
    pub(crate) async fn exchange(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, ExchangeError> {
        let mut answer = pin!(self.requests.try_send_request(request));
        let answered = std::future::poll_fn(|cx| self.poll_beside(cx, |cx| answer.as_mut().poll(cx)));
        let response = match answered.await {
            Ok(response) => response,
            Err(mut failure) => {
                return Err(match failure.take_message() {
                    Some(request) => ExchangeError::Unsent(Box::new(request), failure.into_error()),
                    None => ExchangeError::Broken(failure.into_error().into()),
                });
            }
        };
        // RFC 9110 section 7.8: nobody asked for an upgrade. What follows on
        // the connection is not HTTP.
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Err(ExchangeError::Broken("101 without being asked".into()));
        }
        if is_ambiguous(response.headers()) {
            return Err(ExchangeError::Broken("an ambiguous length".into()));
        }
        Ok(response)
    }

    /// Polls `beside`, which waits for something that the connection brings:
    /// first alone, since it may be there already, then after the connection
    /// had its turn.
    pub(crate) fn poll_beside<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut beside: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let Self { io, bell, .. } = self;
        bell.poll(cx, |cx| {
            if let Poll::Ready(ready) = beside(cx) {
                return Poll::Ready(ready);
            }
            poll_io(io, cx);
            beside(cx)
        })
    }

    /// Whether the exchange is over on both sides and another may follow.
    /// The request's end counts too: an early answer leaves the upstream with
    /// half a request, and the connection with it is of no further use.
    pub(crate) fn is_reusable(&self) -> bool {
        self.io.is_some() && self.requests.is_ready()
    }

    /// Nobody waits for it any more.
    pub(crate) fn rest(&self) {
        self.bell.silence();
    }

    /// Whether an idle connection is still open, as far as the runtime has
    /// heard from the system.
    pub(crate) fn is_open(&mut self) -> bool {
        poll_io(&mut self.io, &mut Context::from_waker(self.bell.waker()));
        self.io.is_some()
    }
}

/// Whether the length of an answer can be read in more than one way (RFC 9112
/// section 6.3). hyper refuses lengths that differ, and takes these.
fn is_ambiguous(fields: &HeaderMap) -> bool {
    let is_list = |length: &HeaderValue| !length.as_bytes().iter().all(u8::is_ascii_digit);
    let mut codings = fields.get_all(header::TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => fields.get_all(header::CONTENT_LENGTH).iter().any(is_list),
        (Some(coding), None) => {
            !coding.as_bytes().eq_ignore_ascii_case(b"chunked") || fields.contains_key(header::CONTENT_LENGTH)
        }
        (Some(_), Some(_)) => true,
    }
}

/// Lets the connection read and write. Why it ended does not matter here: an
/// error reaches whoever waits for the answer or the body, and dropping it
/// hands an unsent request back.
fn poll_io<F: Future + Unpin>(io: &mut Option<F>, cx: &mut Context<'_>) {
    if let Some(open) = io
        && Pin::new(open).poll(cx).is_ready()
    {
        *io = None;
    }
}

/// The longest head of an answer, and what is read ahead of its consumer.
/// hyper counts fields by itself: at most 100.
const HEAD_BYTES_MAX: usize = 64 * 1024;
