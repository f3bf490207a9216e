//! The admin port: health and metrics, and nothing else, so that it may be
//! bound to a pod's address. Nothing here shows traffic or changes state.
//!
//! | path | answer |
//! | --- | --- |
//! | `/livez` | 200 while the process runs |
//! | `/readyz` | 200 while work is taken, with what is amiss; 503 before that and once it stops |
//! | `/metrics` | Prometheus text format 0.0.4 |
//! | `/buildinfo` | name and version, JSON |

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::net::{self, DrainSignal};

/// A scraper and two probes need a handful.
const CONNECTIONS_MAX: usize = 64;

const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// One connection is served for this long at the most: probes and scrapers
/// come again, and nobody holds a place for ever.
const CONNECTION_AGE_MAX: Duration = Duration::from_secs(300);

const TEXT: &str = "text/plain; charset=utf-8";

/// What a role shows of itself.
pub(crate) struct Health {
    /// Whether it takes work, and why not if it does not: one line.
    pub(crate) ready: Box<dyn Fn() -> Result<(), &'static str> + Send + Sync>,
    /// What is worth knowing although it takes work: one line, or nothing.
    pub(crate) detail: Box<dyn Fn() -> &'static str + Send + Sync>,
    /// Its metrics, in text format. Some of them may have to be asked for.
    pub(crate) metrics: Box<dyn Fn() -> BoxFuture<'static, String> + Send + Sync>,
}

/// Serves until `stop`. Called on a thread of its own, so that a scrape never
/// waits for deliveries, nor they for it.
pub(crate) fn run(listener: std::net::TcpListener, health: Health, stop: DrainSignal) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async move {
        let listener = TcpListener::from_std(listener)?;
        let (health, places) = (Arc::new(health), Arc::new(Semaphore::new(CONNECTIONS_MAX)));
        net::accept(listener, stop, |stream, _| {
            // Over the bound the connection is closed: nobody queues.
            if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
                let health = Arc::clone(&health);
                tokio::spawn(async move {
                    tokio::time::timeout(CONNECTION_AGE_MAX, serve(stream, health)).await.ok();
                    drop(place);
                });
            }
        })
        .await;
        Ok(())
    })
}

async fn serve(stream: TcpStream, health: Arc<Health>) {
    let service = service_fn(|request| {
        let health = Arc::clone(&health);
        async move { Ok::<_, Infallible>(answer(&request, &health).await) }
    });
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(16 * 1024);
    // A scraper that breaks off is no news.
    server.serve_connection(TokioIo::new(stream), service).await.ok();
}

async fn answer(request: &Request<Incoming>, health: &Health) -> Response<Full<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "only GET\n");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    match request.uri().path() {
        "/livez" => text(StatusCode::OK, "ok\n"),
        "/readyz" => match (health.ready)() {
            Ok(()) => typed(StatusCode::OK, TEXT, format!("ok\n{}", (health.detail)())),
            Err(why) => typed(StatusCode::SERVICE_UNAVAILABLE, TEXT, format!("{why}\n")),
        },
        "/metrics" => {
            let metrics = (health.metrics)().await;
            typed(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", metrics)
        }
        "/buildinfo" => typed(StatusCode::OK, "application/json", build_info()),
        _ => text(StatusCode::NOT_FOUND, "here are /livez, /readyz, /metrics and /buildinfo\n"),
    }
}

fn build_info() -> String {
    format!("{{\"name\":\"{}\",\"version\":\"{}\"}}\n", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
}

fn text(status: StatusCode, body: &'static str) -> Response<Full<Bytes>> {
    typed(status, TEXT, body)
}

fn typed(status: StatusCode, media_type: &'static str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
