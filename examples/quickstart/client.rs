//! A sender: HTTP/1.1 over mutual TLS, as a provider's webhook worker speaks;
//! or in the clear, as an app speaks to the signer beside it.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// Where to send, as whom, and from which address.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    guard: SocketAddr,
    tls: Arc<ClientConfig>,
    from: IpAddr,
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) fields: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) took: Duration,
}

impl Reply {
    /// The stable code: of the problem document, or of the outcome field.
    pub(crate) fn code(&self) -> String {
        let problem: Option<serde_json::Value> = serde_json::from_slice(&self.body).ok();
        let code = problem.as_ref().and_then(|problem| problem["code"].as_str());
        let outcome = self.fields.get("countersign-outcome").and_then(|value| value.to_str().ok());
        code.or(outcome).unwrap_or_default().to_owned()
    }
}

impl Client {
    /// A client that trusts the CA in `ca` and shows the certificate and key in
    /// `identity`, or none.
    pub(crate) fn new(
        guard: SocketAddr,
        ca: &[u8],
        identity: Option<(&[u8], &[u8])>,
    ) -> Result<Self, Failure> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(ca) {
            roots.add(certificate?)?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_root_certificates(roots);
        let tls = match identity {
            None => config.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = CertificateDer::pem_slice_iter(certificate).collect::<Result<Vec<_>, _>>()?;
                config.with_client_auth_cert(chain, PrivateKeyDer::from_pem_slice(key)?)?
            }
        };
        Ok(Self { guard, tls: Arc::new(tls), from: Ipv4Addr::LOCALHOST.into() })
    }

    /// The same client calling from another loopback address.
    pub(crate) fn from(&self, address: IpAddr) -> Self {
        Self { from: address, ..self.clone() }
    }

    /// Opens a connection. Over TLS 1.3 a refused certificate shows at the
    /// first request, not here.
    pub(crate) async fn connect(&self) -> Result<Connection, Failure> {
        Connection::over(self.connect_raw().await?).await
    }

    /// The same, for whoever writes HTTP by hand.
    pub(crate) async fn connect_raw(&self) -> Result<TlsStream<TcpStream>, Failure> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::new(self.from, 0))?;
        let stream = socket.connect(self.guard).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from("localhost")?;
        Ok(TlsConnector::from(Arc::clone(&self.tls)).connect(name, stream).await?)
    }
}

/// One kept-open connection.
#[derive(Debug)]
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
}

impl Connection {
    /// Opens one in the clear.
    pub(crate) async fn plain(address: SocketAddr) -> Result<Self, Failure> {
        Self::over(TcpStream::connect(address).await?).await
    }

    pub(crate) async fn over<S>(stream: S) -> Result<Self, Failure>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender })
    }

    /// Sends a webhook and waits for the whole answer.
    pub(crate) async fn post(
        &mut self,
        target: &str,
        fields: &[(HeaderName, HeaderValue)],
        body: Bytes,
    ) -> Result<Reply, Failure> {
        let mut request =
            Request::post(target).header(http::header::HOST, "localhost").body(Full::new(body))?;
        request.headers_mut().extend(fields.iter().cloned());
        self.send(request).await
    }

    /// Sends a request of any kind and waits for the whole answer.
    pub(crate) async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Reply, Failure> {
        let started = Instant::now();
        self.sender.ready().await?;
        let (parts, body) = self.sender.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Reply { status: parts.status.as_u16(), fields: parts.headers, body, took: started.elapsed() })
    }
}
