//! The client's side of TLS, from the configuration's files.
//!
//! TLS 1.3, and 1.2 only where it was asked for. The server chooses HTTP/2 or
//! HTTP/1.1 (RFC 7301). Early data is off: it can be replayed (RFC 8446 section
//! 8). [`Material`] is what is in force now, and takes what changes on disk.

mod failure;
mod material;
mod verifier;

use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::VerifierBuilderError;
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};

use self::verifier::ServerVerifier;
use crate::config::ClientTls;
use crate::config::material::{self as pem, PemError};
use crate::net::tls_versions;

pub(crate) use failure::TlsFailure;
#[cfg(test)]
pub(crate) use failure::TlsFailureKind;
pub(super) use material::Material;

/// Why TLS toward a consumer cannot be set up. Says the file and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ClientTlsError {
    /// A file is missing or holds something else.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// The key is not the certificate's, or of a kind that is not taken.
    #[error("use {cert} with {key}: give the private key of the first certificate in the file", cert = cert.display(), key = key.display())]
    Certificate {
        /// The certificate chain.
        cert: PathBuf,
        /// The private key.
        key: PathBuf,
        /// What rustls found.
        source: rustls::Error,
    },
    /// The CA certificates are of no use.
    #[error("trust the configured CA certificates")]
    Authorities(#[source] VerifierBuilderError),
}

/// Reads the files of `tls` and makes what connections are opened with.
fn client_config(tls: &ClientTls) -> Result<Arc<ClientConfig>, ClientTlsError> {
    let roots = match &tls.ca {
        Some(path) => pem::authorities(path)?.roots,
        None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
    };
    let provider = Arc::new(aws_lc_rs::default_provider());
    let (names, pins) = (tls.server_names.clone(), tls.server_pins.clone());
    let verifier = ServerVerifier::new(roots, Arc::clone(&provider), names, pins)
        .map_err(ClientTlsError::Authorities)?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(tls_versions(tls.min_version))
        .expect("the provider has cipher suites for both versions")
        // What rustls calls dangerous is any verifier but its own: ours asks more.
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match &tls.certificate {
        None => builder.with_no_client_auth(),
        Some(ours) => builder
            .with_client_auth_cert(pem::certificates(&ours.cert)?, pem::private_key(&ours.key)?)
            .map_err(|source| {
                let (cert, key) = (ours.cert.clone(), ours.key.clone());
                ClientTlsError::Certificate { cert, key, source }
            })?,
    };
    config.alpn_protocols = vec![HTTP_2.to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// RFC 9113 section 3.2.
pub(super) const HTTP_2: &[u8] = b"h2";
