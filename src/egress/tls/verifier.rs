//! Whom we believe the server to be.
//!
//! Three questions, all of which must be answered well: does a trusted CA
//! vouch for the certificate; does it carry the right name, the URL's host or
//! the names that were configured instead (RFC 9525 section 6.1.1); and is its
//! key one of those pinned, where any are. A pin never stands for the CA.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{VerifierBuilderError, verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, DnsName, ServerName, UnixTime};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

use crate::config::{Identity, SpkiPin};

/// See the module's description.
#[derive(Debug)]
pub(super) struct ServerVerifier {
    roots: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
    /// Verifies what is signed in the handshake, and names where none are configured.
    webpki: Arc<WebPkiServerVerifier>,
    names: Vec<Identity>,
    pins: Vec<SpkiPin>,
}

/// The server's key is none of those pinned.
#[derive(Debug, thiserror::Error)]
#[error("the server's key is not pinned")]
pub(super) struct NotPinned;

impl ServerVerifier {
    pub(super) fn new(
        roots: RootCertStore,
        provider: Arc<CryptoProvider>,
        names: Vec<Identity>,
        pins: Vec<SpkiPin>,
    ) -> Result<Self, VerifierBuilderError> {
        let roots = Arc::new(roots);
        let webpki =
            WebPkiServerVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&provider)).build()?;
        Ok(Self { roots, provider, webpki, names, pins })
    }

    fn carries_a_name(&self, certificate: &CertificateDer<'_>, parsed: &ParsedCertificate<'_>) -> bool {
        self.names.iter().any(|name| match name {
            Identity::Dns(name) => DnsName::try_from(name.as_str())
                .is_ok_and(|name| verify_server_name(parsed, &ServerName::DnsName(name)).is_ok()),
            Identity::Uri(uri) => carries_uri(certificate, uri),
        })
    }
}

/// Compared exactly, as SPIFFE asks.
fn carries_uri(certificate: &CertificateDer<'_>, wanted: &str) -> bool {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else { return false };
    let Ok(Some(names)) = certificate.subject_alternative_name() else { return false };
    names.value.general_names.contains(&GeneralName::URI(wanted))
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let parsed = ParsedCertificate::try_from(end_entity)?;
        if self.names.is_empty() {
            self.webpki.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)?;
        } else {
            let algorithms = self.provider.signature_verification_algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&parsed, &self.roots, intermediates, now, algorithms)?;
            if !self.carries_a_name(end_entity, &parsed) {
                return Err(CertificateError::NotValidForName.into());
            }
        }
        if !self.pins.is_empty() && !self.pins.contains(&SpkiPin::of(&parsed.subject_public_key_info())) {
            return Err(CertificateError::Other(OtherError(Arc::new(NotPinned))).into());
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}
