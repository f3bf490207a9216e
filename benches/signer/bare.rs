//! What the signer is measured by: hyper in, hyper over rustls out, with bodies
//! that stream and connections that are kept. It signs, checks, bounds, logs
//! and counts nothing.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderValue, Request, Response, Uri, header};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self as client, SendRequest};
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::Failure;

/// The name of its thread.
pub(crate) const THREAD: &str = "bare-proxy";

/// The way to the consumer.
struct Upstream {
    address: SocketAddr,
    host: HeaderValue,
    tls: TlsConnector,
    idle: Mutex<Vec<SendRequest<Incoming>>>,
}

/// Starts it in front of `consumer`, and says where it is.
pub(crate) fn start(consumer: SocketAddr, tls: ClientConfig) -> Result<SocketAddr, Failure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let upstream = Arc::new(Upstream {
        address: consumer,
        host: HeaderValue::try_from(consumer.to_string())?,
        tls: TlsConnector::from(Arc::new(tls)),
        idle: Mutex::default(),
    });
    crate::spawn(THREAD, move || async move {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let upstream = Arc::clone(&upstream);
            let service = service_fn(move |request| pass_on(Arc::clone(&upstream), request));
            tokio::spawn(server::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    })?;
    Ok(address)
}

async fn pass_on(
    upstream: Arc<Upstream>,
    mut request: Request<Incoming>,
) -> Result<Response<Incoming>, Failure> {
    request.headers_mut().insert(header::HOST, upstream.host.clone());
    *request.uri_mut() = Uri::from_static("/hooks");
    let mut connection = upstream.connection().await?;
    let response = connection.send_request(request).await?;
    upstream.idle().push(connection);
    Ok(response)
}

impl Upstream {
    /// One that was used before and is ready again, or a new one.
    async fn connection(&self) -> Result<SendRequest<Incoming>, Failure> {
        loop {
            let Some(mut kept) = self.idle().pop() else { return self.connect().await };
            if kept.ready().await.is_ok() {
                return Ok(kept);
            }
        }
    }

    async fn connect(&self) -> Result<SendRequest<Incoming>, Failure> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let stream = self.tls.connect(ServerName::IpAddress(self.address.ip().into()), stream).await?;
        let (requests, connection) = client::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(requests)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<SendRequest<Incoming>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
