//! Certificates, keys and revocation lists, from PEM files (RFC 7468).
//!
//! Reads and types them, nothing more: whom to trust is decided by the callers,
//! `upstream` as a client and the guard's `accept::tls` as a server. Contents
//! never reach an error: a file given as a certificate may hold a key.

use std::path::{Path, PathBuf};
use std::{fmt, io};

use rustls::RootCertStore;
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

use crate::clock::UnixTime;

/// Why a PEM file gives nothing to work with. Says the file and what to do.
#[derive(Debug, thiserror::Error)]
pub enum PemError {
    /// The file cannot be read.
    #[error("read {path}: is it there, and may this user read it?", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is read, but what is wanted is not in it.
    #[error("find {wanted} in {path}: give a PEM file with {wanted}", path = path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// What was looked for.
        wanted: Wanted,
    },
}

/// What is looked for in a PEM file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// `BEGIN CERTIFICATE`.
    Certificate,
    /// A certificate that can be a trust anchor (X.509 v3).
    Authority,
    /// `BEGIN PRIVATE KEY`, `BEGIN RSA PRIVATE KEY` or `BEGIN EC PRIVATE KEY`.
    PrivateKey,
    /// `BEGIN X509 CRL`.
    RevocationList,
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Certificate => "a whole certificate (BEGIN CERTIFICATE)",
            Self::Authority => "usable CA certificates (BEGIN CERTIFICATE, X.509 v3)",
            Self::PrivateKey => {
                "an unencrypted private key (BEGIN PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY)"
            }
            Self::RevocationList => "a revocation list (BEGIN X509 CRL)",
        })
    }
}

/// The certificate chain in `path`, in the order of the file. Never empty.
pub(crate) fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, PemError> {
    all(path, Wanted::Certificate)
}

/// The CA certificates in `path`. One that cannot be a trust anchor is an
/// error: half a trust store is a surprise at the first handshake.
pub(crate) fn authorities(path: &Path) -> Result<RootCertStore, PemError> {
    let wanted = Wanted::Authority;
    let mut roots = RootCertStore::empty();
    for certificate in all(path, wanted)? {
        roots.add(certificate).map_err(|_| PemError::Missing { path: path.into(), wanted })?;
    }
    Ok(roots)
}

/// The first private key in `path`.
pub(crate) fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, PemError> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| explain(path, Wanted::PrivateKey, error))
}

/// The revocation lists in `path`. Never empty.
pub(crate) fn revocation_lists(path: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>, PemError> {
    all(path, Wanted::RevocationList)
}

/// When a certificate expires, for the metric that warns of it. `None` where
/// it cannot be read.
pub(crate) fn not_after(certificate: &CertificateDer<'_>) -> Option<UnixTime> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    Some(not_after_of(&certificate))
}

/// The same of one that was read.
pub(crate) fn not_after_of(certificate: &X509Certificate<'_>) -> UnixTime {
    let seconds = certificate.validity().not_after.timestamp();
    UnixTime::from_secs(u64::try_from(seconds).unwrap_or(0))
}

/// When the first certificate of the chain in `path` expires.
pub(crate) fn first_expiry(path: &Path) -> Result<Option<UnixTime>, PemError> {
    Ok(chain(path)?.iter().filter_map(not_after).min())
}

fn all<T: PemObject>(path: &Path, wanted: Wanted) -> Result<Vec<T>, PemError> {
    let found: Vec<T> =
        T::pem_file_iter(path).and_then(Iterator::collect).map_err(|error| explain(path, wanted, error))?;
    if found.is_empty() { Err(PemError::Missing { path: path.into(), wanted }) } else { Ok(found) }
}

fn explain(path: &Path, wanted: Wanted, error: pem::Error) -> PemError {
    match error {
        pem::Error::Io(source) => PemError::Unreadable { path: path.into(), source },
        // The others quote the file, which may be a secret.
        _ => PemError::Missing { path: path.into(), wanted },
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// A directory of a test's own, gone with it.
    pub(crate) struct Directory(PathBuf);

    impl Directory {
        pub(crate) fn new() -> Self {
            static COUNT: AtomicU32 = AtomicU32::new(0);
            let name =
                format!("countersign-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
            let path = std::env::temp_dir().join(name);
            std::fs::create_dir(&path).unwrap();
            Self(path)
        }

        /// The path of a file in it.
        pub(crate) fn path(&self, file: &str) -> PathBuf {
            self.0.join(file)
        }

        /// Writes a file in it and gives its path.
        pub(crate) fn write(&self, file: &str, contents: impl AsRef<[u8]>) -> PathBuf {
            std::fs::write(self.path(file), contents).unwrap();
            self.path(file)
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            std::fs::remove_dir_all(&self.0).ok();
        }
    }

    #[test]
    fn errors_name_the_file_and_never_quote_it() {
        let directory = Directory::new();
        let secret = "-----BEGIN PRIVATE KEY-----\n!hunter2!\n-----END PRIVATE KEY-----\n";
        for contents in ["", "hunter2", secret, &secret[..40]] {
            let path = directory.write("key.pem", contents);
            for error in [
                chain(&path).unwrap_err(),
                authorities(&path).unwrap_err(),
                private_key(&path).unwrap_err(),
                revocation_lists(&path).unwrap_err(),
            ] {
                assert!(error.to_string().contains("key.pem"), "{error}");
                assert!(!format!("{error:?} {error}").contains("hunter2"), "{error:?}");
            }
        }
    }

    #[test]
    fn a_missing_file_is_unreadable_and_a_wrong_certificate_no_authority() {
        let directory = Directory::new();
        assert!(matches!(chain(&directory.path("none")), Err(PemError::Unreadable { .. })));
        let path =
            directory.write("ca.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        assert!(matches!(authorities(&path), Err(PemError::Missing { wanted: Wanted::Authority, .. })));
    }
}
