//! Certificates, keys and revocation lists from PEM files (RFC 7468).
//!
//! Reads and types them, nothing more: the configuration checks them here so
//! that a fault comes with its flag, and TLS is set up from them. Contents never
//! reach an error: a file given as a certificate may hold a key.

use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;
use x509_parser::revocation_list::CertificateRevocationList;

use super::files;
use super::values::Fault;
use crate::clock::UnixTime;

/// Why a PEM file gives nothing to work with.
#[derive(Debug, thiserror::Error)]
#[error("load {path}: {fault}", path = path.display())]
pub struct PemError {
    path: PathBuf,
    fault: Fault,
}

impl From<PemError> for Fault {
    /// Where the path is shown already, as the value of a flag.
    fn from(error: PemError) -> Self {
        error.fault
    }
}

/// The certificates of `path` in their order, at least one.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, PemError> {
    read(path, |pem| sections(pem, "expected at least one certificate (-----BEGIN CERTIFICATE-----)"))
}

/// The CA certificates of `path` as anchors of trust, at least one. One that cannot be an anchor of trust is an
/// error: half a trust store is a surprise at the first handshake.
pub(crate) fn authorities(path: &Path) -> Result<RootCertStore, PemError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| PemError { path: path.into(), fault: unusable(&error) })?;
    }
    Ok(roots)
}

/// The revocation lists of `path`, at least one.
pub(crate) fn revocation_lists(path: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>, PemError> {
    read(path, |pem| sections(pem, "expected at least one revocation list (-----BEGIN X509 CRL-----)"))
}

/// The first private key of `path`, as PKCS#8, PKCS#1 or SEC1.
pub(crate) fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, PemError> {
    read(path, |pem| {
        PrivateKeyDer::from_pem_slice(pem).map_err(|error| match error {
            pem::Error::NoItemsFound => {
                "expected a private key without passphrase (-----BEGIN PRIVATE KEY-----)".into()
            }
            other => malformed(&other),
        })
    })
}

/// When the first of `certificates` to expire does so, for the metric that
/// warns of it.
pub(crate) fn first_expiry(certificates: &[CertificateDer<'_>]) -> Option<UnixTime> {
    certificates.iter().filter_map(not_after).min()
}

/// Whose a certificate or revocation list is, and how long it is good.
pub(crate) struct Validity {
    /// The certificate's subject, or the list's issuer.
    pub(crate) name: String,
    pub(crate) begins: UnixTime,
    /// Of a list: when it is due to be replaced (RFC 5280 section 5.1.2.5). Past
    /// it, every certificate that it speaks for is refused.
    pub(crate) ends: Option<UnixTime>,
}

/// Of a certificate. `None` where it cannot be read.
pub(crate) fn validity(certificate: &CertificateDer<'_>) -> Option<Validity> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let begins = from_seconds(certificate.validity().not_before.timestamp());
    Some(Validity { name: certificate.subject().to_string(), begins, ends: Some(not_after_of(&certificate)) })
}

/// The same of a revocation list.
pub(crate) fn validity_of_list(list: &CertificateRevocationListDer<'_>) -> Option<Validity> {
    let (_, list) = CertificateRevocationList::from_der(list).ok()?;
    let begins = from_seconds(list.last_update().timestamp());
    let ends = list.next_update().map(|due| from_seconds(due.timestamp()));
    Some(Validity { name: list.issuer().to_string(), begins, ends })
}

/// When a certificate expires. `None` where it cannot be read.
pub(crate) fn not_after(certificate: &CertificateDer<'_>) -> Option<UnixTime> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    Some(not_after_of(&certificate))
}

/// The same of one that was read.
pub(crate) fn not_after_of(certificate: &X509Certificate<'_>) -> UnixTime {
    from_seconds(certificate.validity().not_after.timestamp())
}

/// What was before 1970 is as long ago as anything.
fn from_seconds(seconds: i64) -> UnixTime {
    UnixTime::from_secs(u64::try_from(seconds).unwrap_or(0))
}

fn read<T>(path: &Path, parse: impl FnOnce(&[u8]) -> Result<T, Fault>) -> Result<T, PemError> {
    let parsed = files::read(path, FILE_BYTES_MAX).and_then(|bytes| parse(&bytes));
    parsed.map_err(|fault| PemError { path: path.into(), fault })
}

fn sections<T: PemObject>(pem: &[u8], expected: &'static str) -> Result<Vec<T>, Fault> {
    let sections: Vec<T> =
        T::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|error| malformed(&error))?;
    if sections.is_empty() { Err(expected.into()) } else { Ok(sections) }
}

/// The error's own text quotes the file, which may be a secret.
fn malformed(error: &pem::Error) -> Fault {
    match error {
        pem::Error::MissingSectionEnd { .. } => "is not well-formed PEM: a section has no end marker",
        pem::Error::IllegalSectionStart { .. } => "is not well-formed PEM: a section begins in a wrong way",
        pem::Error::Base64Decode(_) => "is not well-formed PEM: a section is not base64",
        _ => "is not well-formed PEM",
    }
    .into()
}

fn unusable(error: &rustls::Error) -> Fault {
    match error {
        // Its own text speaks of a peer, and there is none.
        rustls::Error::InvalidCertificate(reason) => format!("holds an unusable certificate: {reason}"),
        other => format!("holds an unusable certificate: {other}"),
    }
    .into()
}

/// A public CA's revocation lists can have several mebibytes.
const FILE_BYTES_MAX: usize = 64 << 20;

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn errors_name_the_file_and_never_quote_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key.pem");
        let secret = "-----BEGIN PRIVATE KEY-----\n!hunter2!\n-----END PRIVATE KEY-----\n";
        let wrong_start = "-----BEGIN hunter2\n";
        for contents in ["", "hunter2", secret, &secret[..40], wrong_start] {
            fs::write(&path, contents).unwrap();
            for error in [
                certificates(&path).unwrap_err(),
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
    fn a_file_that_is_not_there_or_no_certificate_is_told_apart() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ca.pem");
        assert!(authorities(&path).unwrap_err().to_string().contains("cannot be read"));
        fs::write(&path, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
        assert!(certificates(&path).is_ok());
        assert!(authorities(&path).unwrap_err().to_string().contains("unusable certificate"));
    }
}
