//! A PKI for development: **never for production**.
//!
//! `countersign certs dev`, the quickstart and the tests make their
//! certificates here: one CA, a server certificate, a client certificate with a
//! SPIFFE id, and a second client that carries another id. The CA's own key is
//! never written, so nothing more can be signed by a CA that someone trusted.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{error, fmt, fs};

use rcgen::{CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, KeyPair, SanType};

use crate::clock::{Clock as _, SystemClock};
use crate::issuing::{self, Validity};
use crate::private_file::{self, Existing};

/// The SPIFFE id of the development client. `.test` names no one (RFC 6761
/// section 6.2).
pub const CLIENT_ID: &str = "spiffe://countersign.test/sender";

/// The SPIFFE id of the other client: trusted by the CA, but not the sender.
pub const STRANGER_ID: &str = "spiffe://countersign.test/stranger";

/// A certificate chain and its key, PEM.
pub struct Pair {
    /// The certificate.
    pub certificate: String,
    /// Its private key, PKCS#8.
    pub key: String,
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pair(redacted)")
    }
}

/// A CA that lives as long as this value.
#[derive(Debug)]
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    /// A new CA with a key of its own.
    pub fn new(name: &str) -> Result<Self, rcgen::Error> {
        CertifiedIssuer::self_signed(issuing::authority(name, validity()), issuing::key()?).map(Self)
    }

    /// Its certificate, PEM.
    pub fn certificate(&self) -> String {
        self.0.pem()
    }

    /// A server certificate for `localhost`, both loopback addresses and
    /// `names`, which are DNS names or addresses.
    pub fn server(&self, names: &[String]) -> Result<Pair, rcgen::Error> {
        let local = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
        let names = CertificateParams::new([&local, names].concat())?.subject_alt_names;
        self.issue("countersign development server", names, ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// A client certificate whose one name is the URI `id`.
    pub fn client(&self, id: &str) -> Result<Pair, rcgen::Error> {
        let names = vec![SanType::URI(id.try_into()?)];
        self.issue("countersign development client", names, ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn issue(
        &self,
        name: &str,
        names: Vec<SanType>,
        purpose: ExtendedKeyUsagePurpose,
    ) -> Result<Pair, rcgen::Error> {
        let key = issuing::key()?;
        let certificate = issuing::leaf(name, names, purpose, validity()).signed_by(&key, &self.0)?;
        Ok(Pair { certificate: certificate.pem(), key: key.serialize_pem() })
    }
}

/// Everything that `countersign certs dev` writes.
#[derive(Debug)]
pub struct DevCerts {
    /// The CA's certificate, PEM.
    pub ca: String,
    /// The guard's.
    pub server: Pair,
    /// The sender's, with [`CLIENT_ID`].
    pub client: Pair,
    /// With [`STRANGER_ID`].
    pub stranger: Pair,
}

impl DevCerts {
    /// Makes all of them. `names` go into the server's certificate beside the
    /// local ones.
    pub fn new(names: &[String]) -> Result<Self, rcgen::Error> {
        let authority = Authority::new("countersign development CA")?;
        Ok(Self {
            ca: authority.certificate(),
            server: authority.server(names)?,
            client: authority.client(CLIENT_ID)?,
            stranger: authority.client(STRANGER_ID)?,
        })
    }

    /// Writes them under `directory`, each with mode 0600, and gives the paths.
    /// With [`Existing::Refuse`] nothing is written if any of them is there.
    pub fn write(&self, directory: &Path, existing: Existing) -> Result<Vec<PathBuf>, WriteError> {
        let files = [
            ("ca.pem", &self.ca),
            ("server.pem", &self.server.certificate),
            ("server.key", &self.server.key),
            ("client.pem", &self.client.certificate),
            ("client.key", &self.client.key),
            ("stranger.pem", &self.stranger.certificate),
            ("stranger.key", &self.stranger.key),
        ]
        .map(|(name, pem)| (directory.join(name), pem));
        fs::create_dir_all(directory).map_err(|cause| WriteError { path: directory.to_owned(), cause })?;
        if let Some((path, _)) = files.iter().find(|(path, _)| existing == Existing::Refuse && path.exists())
        {
            return Err(WriteError { path: path.clone(), cause: io::ErrorKind::AlreadyExists.into() });
        }
        for (path, pem) in &files {
            private_file::write(path, pem.as_bytes(), existing)
                .map_err(|cause| WriteError { path: path.clone(), cause })?;
        }
        Ok(files.map(|(path, _)| path).into())
    }
}

/// A file that could not be written.
#[derive(Debug)]
pub struct WriteError {
    /// Which one.
    pub path: PathBuf,
    cause: io::Error,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "write {}", self.path.display())
    }
}

impl error::Error for WriteError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(&self.cause)
    }
}

fn validity() -> Validity {
    Validity::lasting(LIFETIME, SystemClock.now())
}

/// Long enough to develop, short enough not to be forgotten in production.
const LIFETIME: Duration = Duration::from_secs(90 * 24 * 3600);

#[cfg(test)]
mod tests {
    use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

    use super::*;

    fn names(pem: &str) -> Vec<String> {
        let (_, pem) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).unwrap();
        let (_, certificate) = X509Certificate::from_der(&pem.contents).unwrap();
        let names = certificate.subject_alternative_name().unwrap().unwrap();
        let show = |name: &GeneralName<'_>| match name {
            GeneralName::DNSName(name) | GeneralName::URI(name) => (*name).to_owned(),
            GeneralName::IPAddress(bytes) => format!("{} bytes of address", bytes.len()),
            other => panic!("{other:?}"),
        };
        names.value.general_names.iter().map(show).collect()
    }

    #[test]
    fn certificates_carry_the_names_they_promise() {
        let certs = DevCerts::new(&["guard.test".to_owned()]).unwrap();
        assert_eq!(
            names(&certs.server.certificate),
            ["localhost", "4 bytes of address", "16 bytes of address", "guard.test"]
        );
        assert_eq!(names(&certs.client.certificate), [CLIENT_ID]);
        assert_eq!(names(&certs.stranger.certificate), [STRANGER_ID]);
    }

    #[test]
    fn a_set_that_is_there_is_left_alone_unless_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let directory = directory.path();
        let first = DevCerts::new(&[]).unwrap();
        let second = DevCerts::new(&[]).unwrap();
        assert_eq!(first.write(directory, Existing::Refuse).unwrap().len(), 7);
        assert_eq!(second.write(directory, Existing::Refuse).unwrap_err().path, directory.join("ca.pem"));
        assert_eq!(fs::read_to_string(directory.join("ca.pem")).unwrap(), first.ca);
        second.write(directory, Existing::Replace).unwrap();
        assert_eq!(fs::read_to_string(directory.join("ca.pem")).unwrap(), second.ca);
    }
}
