//! Certificates of both sides, and what TLS makes of them.

use std::sync::Arc;

use countersign::devcerts::DevCerts;
use countersign::private_file::Existing;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tempfile::TempDir;

use crate::Failure;

/// Development certificates, in files as long as this lives.
pub(crate) struct Pki {
    certs: DevCerts,
    directory: TempDir,
}

impl Pki {
    pub(crate) fn new() -> Result<Self, Failure> {
        let (certs, directory) = (DevCerts::new(&[])?, TempDir::new()?);
        certs.write(directory.path(), Existing::Refuse)?;
        Ok(Self { certs, directory })
    }

    /// The path of `ca.pem`, `client.pem` and the like.
    pub(crate) fn path(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }

    /// A server that wants a client of this CA's.
    pub(crate) fn server(&self) -> Result<ServerConfig, Failure> {
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(self.roots()?), provider()).build()?;
        let (chain, key) = parts(&self.certs.server.certificate, &self.certs.server.key)?;
        Ok(ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13])?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, key)?)
    }

    /// A client with a certificate of this CA's.
    pub(crate) fn client(&self) -> Result<ClientConfig, Failure> {
        let (chain, key) = parts(&self.certs.client.certificate, &self.certs.client.key)?;
        Ok(ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13])?
            .with_root_certificates(self.roots()?)
            .with_client_auth_cert(chain, key)?)
    }

    fn roots(&self) -> Result<RootCertStore, Failure> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.certs.ca.as_bytes())?)?;
        Ok(roots)
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn parts(
    certificate: &str,
    key: &str,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), Failure> {
    let chain = CertificateDer::pem_slice_iter(certificate.as_bytes()).collect::<Result<_, _>>()?;
    Ok((chain, PrivateKeyDer::from_pem_slice(key.as_bytes())?))
}
