//! What the tests share: certificates, a consumer, and a way to it.

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream;
use http::header::{HOST, LOCATION};
use http::{HeaderValue, Request, Response, StatusCode, Version};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};
use rustls::crypto::aws_lc_rs;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::config::values::Destination;
use crate::config::{ClientTls, EgressConfig, TlsVersion};
use crate::signer::egress::{Egress, EgressError, Resolve, Route};

/// Long enough for anything on loopback, and never waited for in full.
pub(super) const LONG: Duration = Duration::from_secs(20);

/// The longest answer that the tests take.
pub(super) const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// A CA and what it signs.
pub(super) struct Ca(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its key.
pub(super) struct Leaf {
    pub(super) certificate: CertificateDer<'static>,
    pub(super) pem: String,
    pub(super) key: KeyPair,
}

impl Ca {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(super) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for DNS names, addresses and (with a colon) URIs.
    pub(super) fn leaf(&self, names: &[&str]) -> Leaf {
        self.leaf_until(names, 2100)
    }

    /// One that ends with the first day of a year.
    pub(super) fn leaf_until(&self, names: &[&str], year: i32) -> Leaf {
        let mut params = CertificateParams::default();
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        params.subject_alt_names = names
            .iter()
            .map(|name| match name.parse() {
                Ok(address) => SanType::IpAddress(address),
                Err(_) if name.contains(':') => SanType::URI((*name).try_into().unwrap()),
                Err(_) => SanType::DnsName((*name).try_into().unwrap()),
            })
            .collect();
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Leaf { pem: certificate.pem(), certificate: certificate.der().clone(), key }
    }
}

/// How a consumer greets.
pub(super) struct Greeting<'a> {
    pub(super) leaf: &'a Leaf,
    /// Whose clients it takes; all, if nobody's.
    pub(super) clients: Option<&'a Ca>,
    pub(super) protocols: &'a [&'a str],
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

impl Greeting<'_> {
    fn acceptor(&self) -> TlsAcceptor {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = match self.clients {
            None => builder.with_no_client_auth(),
            Some(ca) => {
                let mut roots = RootCertStore::empty();
                roots.add(ca.0.der().clone()).unwrap();
                builder.with_client_cert_verifier(
                    WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build().unwrap(),
                )
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

/// A configuration with nothing special, for `url`, with loopback allowed.
pub(super) fn config(url: &str) -> EgressConfig {
    EgressConfig {
        destination: Destination::read(url, true).unwrap(),
        allow: vec!["127.0.0.0/8".parse().unwrap()],
        proxy: None,
        tls: ClientTls {
            ca: None,
            certificate: None,
            server_names: Vec::new(),
            server_pins: Vec::new(),
            min_version: TlsVersion::V1_3,
        },
        timeout: LONG,
        answer_bytes_max: ANSWER_BYTES_MAX,
    }
}

/// Egress with a resolver to which every name is 127.0.0.1.
pub(super) fn egress(config: &EgressConfig) -> Egress {
    Egress::new(Arc::new(route(config)))
}

pub(super) fn route(config: &EgressConfig) -> Route {
    Route::new(config, Arc::new(Fixed::new([&["127.0.0.1"][..]]))).unwrap()
}

/// Answers in turn with the given addresses; the last are given from then on.
#[derive(Debug)]
pub(super) struct Fixed {
    answers: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
}

impl Fixed {
    pub(super) fn new<const N: usize>(answers: [&[&str]; N]) -> Self {
        let parse = |answer: &[&str]| answer.iter().map(|address| address.parse().unwrap()).collect();
        Self { answers: answers.into_iter().map(parse).collect(), asked: AtomicUsize::new(0) }
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Resolve for Fixed {
    fn resolve<'a>(&'a self, _name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move { Ok(self.answers[asked.min(self.answers.len() - 1)].clone()) })
    }
}

/// Posts `hello` to a path.
pub(super) async fn post(egress: &Egress, path: &str) -> Result<Response<Bytes>, EgressError> {
    egress.send(Request::post(path).body(Full::from("hello")).unwrap()).await
}

/// The text of an answer that must come.
pub(super) async fn fetch(egress: &Egress) -> String {
    String::from_utf8(post(egress, "/hooks?a=1").await.unwrap().into_body().to_vec()).unwrap()
}
