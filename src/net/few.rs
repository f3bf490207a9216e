//! Requests of a handful: probes, scrapers, operators. Each is answered from
//! memory, and whoever comes while too many are here is turned away.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;

use super::accept::{Listener, accept};
use super::drain::DrainSignal;

/// Answers requests for something to read with what `answer` makes of them,
/// until `stop`. All other methods are refused here.
pub(crate) async fn serve_few<L, F>(
    listener: L,
    stop: DrainSignal,
    answer: impl Fn(Request<Incoming>) -> F + Send + Sync + 'static,
) where
    L: Listener<Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static>,
    F: Future<Output = Response<Full<Bytes>>> + Send,
{
    let (answer, places) = (Arc::new(answer), Arc::new(Semaphore::new(CONNECTIONS_MAX)));
    accept(listener, stop, |stream, _| {
        // Over the bound the connection is closed: nobody queues.
        if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
            let answer = Arc::clone(&answer);
            tokio::spawn(async move {
                tokio::time::timeout(CONNECTION_AGE_MAX, serve(stream, &*answer)).await.ok();
                drop(place);
            });
        }
    })
    .await;
}

async fn serve<F>(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    answer: &(impl Fn(Request<Incoming>) -> F + Send + Sync),
) where
    F: Future<Output = Response<Full<Bytes>>> + Send,
{
    let service = service_fn(|request| async move {
        Ok::<_, Infallible>(match *request.method() {
            Method::GET | Method::HEAD => answer(request).await,
            _ => only_get(),
        })
    });
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(16 * 1024);
    // A reader that breaks off is no news.
    server.serve_connection(TokioIo::new(stream), service).await.ok();
}

fn only_get() -> Response<Full<Bytes>> {
    let mut response = page(StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET\n");
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

/// A whole answer.
pub(crate) fn page(
    status: StatusCode,
    media_type: &'static str,
    body: impl Into<Bytes>,
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// The media type of text for people.
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";

const CONNECTIONS_MAX: usize = 64;

const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// One connection is served for this long at the most: probes and scrapers
/// come again, and nobody holds a place for ever.
const CONNECTION_AGE_MAX: Duration = Duration::from_secs(300);
