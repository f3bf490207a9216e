//! A consumer: a real server on loopback, polite or not.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::header::{HOST, LOCATION};
use http::{HeaderValue, Request, Response, StatusCode, Version};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::crypto::aws_lc_rs;
use rustls::server::WebPkiClientVerifier;
use rustls::{ALL_VERSIONS, ServerConfig, SupportedProtocolVersion};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::stand::{ANSWER_BYTES_MAX, Ca, Leaf};

/// How a consumer greets.
pub(super) struct Greeting<'a> {
    pub(super) leaf: &'a Leaf,
    /// Whose clients it takes; all, if nobody's.
    pub(super) clients: Option<&'a Ca>,
    pub(super) protocols: &'a [&'a str],
    /// The one version that it speaks; all, if none.
    pub(super) version: Option<&'static SupportedProtocolVersion>,
}

/// A consumer, and what it saw.
pub(super) struct Consumer {
    pub(super) port: u16,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    /// The certificate that each request's connection came with.
    clients: Mutex<Vec<Option<CertificateDer<'static>>>>,
}

impl Consumer {
    /// One that speaks plain HTTP/1.1.
    pub(super) async fn plain() -> Self {
        let (listener, consumer) = Self::listen().await;
        let seen = Arc::clone(&consumer.seen);
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                seen.connections.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(socket, false, None, Arc::clone(&seen)));
            }
        });
        consumer
    }

    pub(super) async fn start(greeting: Greeting<'_>) -> Self {
        let (listener, consumer) = Self::listen().await;
        let (acceptor, seen) = (greeting.acceptor(), Arc::clone(&consumer.seen));
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                seen.connections.fetch_add(1, Ordering::Relaxed);
                let (acceptor, seen) = (acceptor.clone(), Arc::clone(&seen));
                tokio::spawn(async move {
                    let accept = acceptor.accept(socket).into_fallible().await;
                    // Kept open: were it closed with the request unread, the
                    // reset could overtake the alert.
                    let Ok(stream) = accept else { return std::future::pending().await };
                    let tls = stream.get_ref().1;
                    let http2 = tls.alpn_protocol() == Some(b"h2");
                    let client = tls.peer_certificates().map(|chain| chain[0].clone().into_owned());
                    serve(stream, http2, client, seen).await;
                });
            }
        });
        consumer
    }

    pub(super) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::Relaxed)
    }

    pub(super) fn clients(&self) -> Vec<Option<CertificateDer<'static>>> {
        self.seen.clients.lock().unwrap().clone()
    }

    async fn listen() -> (TcpListener, Self) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        (listener, Self { port, seen: Arc::default() })
    }
}

impl<'a> Greeting<'a> {
    /// With nothing special.
    pub(super) fn of(leaf: &'a Leaf) -> Self {
        Self { leaf, clients: None, protocols: &["h2", "http/1.1"], version: None }
    }

    fn acceptor(&self) -> TlsAcceptor {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&self.version.map_or(ALL_VERSIONS.to_vec(), |version| vec![version]))
            .unwrap();
        let builder = match self.clients {
            None => builder.with_no_client_auth(),
            Some(ca) => {
                let verifier = WebPkiClientVerifier::builder_with_provider(ca.roots(), provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let key = PrivatePkcs8KeyDer::from(self.leaf.key.serialize_der()).into();
        let mut config = builder.with_single_cert(vec![self.leaf.certificate.clone()], key).unwrap();
        config.alpn_protocols = self.protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    http2: bool,
    client: Option<CertificateDer<'static>>,
    seen: Arc<Seen>,
) {
    let service = service_fn(move |request| {
        seen.clients.lock().unwrap().push(client.clone());
        answer(request)
    });
    let stream = TokioIo::new(stream);
    // How a connection ends is the client's business here.
    if http2 {
        let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        builder.serve_connection(stream, service).await.ok();
    } else {
        hyper::server::conn::http1::Builder::new().serve_connection(stream, service).await.ok();
    }
}

type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// Says what was received, or misbehaves as the path asks.
async fn answer(request: Request<Incoming>) -> Result<Answer, Infallible> {
    let pieces = |size: usize, pause: Duration| {
        StreamBody::new(stream::unfold((), move |()| async move {
            tokio::time::sleep(pause).await;
            Some((Ok(Frame::data(Bytes::from(vec![b'x'; size]))), ()))
        }))
        .boxed_unsync()
    };
    let mut response = Response::new(Full::default().boxed_unsync());
    match request.uri().path() {
        "/silent" => std::future::pending().await,
        "/drip" => *response.body_mut() = pieces(1, Duration::from_millis(10)),
        "/huge" => *response.body_mut() = pieces(4096, Duration::ZERO),
        "/declared" => {
            *response.body_mut() = Full::from(vec![b'x'; ANSWER_BYTES_MAX + 1]).boxed_unsync();
            *response.status_mut() = StatusCode::ACCEPTED;
        }
        "/full" => *response.body_mut() = Full::from(vec![b'x'; ANSWER_BYTES_MAX]).boxed_unsync(),
        "/redirect" => {
            *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
            response.headers_mut().insert(LOCATION, HeaderValue::from_static("/elsewhere"));
        }
        _ => {
            let host = match request.version() {
                Version::HTTP_2 => request.uri().authority().unwrap().to_string(),
                _ => request.headers()[HOST].to_str().unwrap().to_owned(),
            };
            let (head, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let target = head.uri.path_and_query().unwrap();
            let length = head.headers["content-length"].to_str().unwrap();
            let text = format!("{:?} {host} {target} {length} {}", head.version, body.escape_ascii());
            *response.body_mut() = Full::from(text).boxed_unsync();
        }
    }
    Ok(response)
}
