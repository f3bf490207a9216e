//! A receiver app: what a team would have behind the guard. It remembers every
//! request it saw, byte for byte, and can be told to fail.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// What the app saw of one request.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) target: Uri,
    pub(crate) fields: HeaderMap,
    pub(crate) body: Bytes,
}

impl Seen {
    /// A field as text; empty when it is absent.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// The app, listening on a loopback port of its own.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    seen: Vec<Seen>,
    failures_due: usize,
}

impl App {
    /// Starts it on a task of the current runtime.
    pub(crate) async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
        let app = Self { address: listener.local_addr()?, state: Arc::default() };
        let accepting = app.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).ok();
                let app = accepting.clone();
                let service = service_fn(move |request| app.clone().receive(request));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Ok(app)
    }

    /// Everything seen since the last call.
    pub(crate) fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.state().seen)
    }

    /// The next `count` requests are answered 500.
    pub(crate) fn fail_next(&self, count: usize) {
        self.state().failures_due = count;
    }

    async fn receive(self, request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, Infallible> {
        let (parts, body) = request.into_parts();
        let mut response = Response::new(Empty::new());
        *response.status_mut() = match body.collect().await {
            Ok(body) => self.note(Seen {
                method: parts.method,
                target: parts.uri,
                fields: parts.headers,
                body: body.to_bytes(),
            }),
            Err(_) => StatusCode::BAD_REQUEST,
        };
        Ok(response)
    }

    fn note(&self, seen: Seen) -> StatusCode {
        let mut state = self.state();
        state.seen.push(seen);
        if state.failures_due == 0 {
            return StatusCode::NO_CONTENT;
        }
        state.failures_due -= 1;
        StatusCode::INTERNAL_SERVER_ERROR
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
