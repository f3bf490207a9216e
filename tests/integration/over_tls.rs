//! Servers of the tests that speak TLS, under an authority of the tests.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use countersign::devcerts::Authority;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// As `localhost`, asking for no client certificate.
pub(crate) fn acceptor(authority: &Authority) -> TlsAcceptor {
    let pair = authority.server(&[]).unwrap();
    let chain = vec![CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// Ends TLS in front of `server`; returns its own port.
pub(crate) async fn front_of(server: SocketAddr, authority: &Authority) -> u16 {
    let (listener, acceptor) =
        (TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap(), acceptor(authority));
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(hand_on(acceptor.clone(), stream, server));
        }
    });
    port
}

async fn hand_on(acceptor: TlsAcceptor, stream: TcpStream, server: SocketAddr) -> io::Result<()> {
    let mut stream = acceptor.accept(stream).await?;
    tokio::io::copy_bidirectional(&mut stream, &mut TcpStream::connect(server).await?).await?;
    Ok(())
}
