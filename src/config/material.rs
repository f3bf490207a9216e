//! Certificates, keys and revocation lists from PEM files (RFC 7468).
//!
//! Read here for the check alone, so that a fault is a configuration problem
//! with its flag; `net` reads them again when it sets up TLS.

use std::fmt;
use std::path::Path;

use rustls::RootCertStore;
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};

use super::files;
use super::values::Fault;

/// The certificates of `path` in their order, at least one.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Fault> {
    sections(path, "expected at least one certificate (-----BEGIN CERTIFICATE-----)")
}

/// The certificates of `path` as roots of trust: each of them must be usable.
pub(super) fn roots(path: &Path) -> Result<RootCertStore, Fault> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| match error {
            rustls::Error::InvalidCertificate(reason) => unusable(&reason),
            other => unusable(&other),
        })?;
    }
    Ok(roots)
}

/// The revocation lists of `path`, at least one.
pub(super) fn revocation_lists(path: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>, Fault> {
    sections(path, "expected at least one revocation list (-----BEGIN X509 CRL-----)")
}

/// The first private key of `path`, as PKCS#8, PKCS#1 or SEC1.
pub(super) fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, Fault> {
    let bytes = files::read(path, FILE_BYTES_MAX)?;
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| match error {
        pem::Error::NoItemsFound => {
            "expected a private key without passphrase (-----BEGIN PRIVATE KEY-----)".into()
        }
        other => malformed(&other),
    })
}

fn sections<T: PemObject>(path: &Path, expected: &'static str) -> Result<Vec<T>, Fault> {
    let bytes = files::read(path, FILE_BYTES_MAX)?;
    let sections: Vec<T> =
        T::pem_slice_iter(&bytes).collect::<Result<_, _>>().map_err(|error| malformed(&error))?;
    if sections.is_empty() { Err(expected.into()) } else { Ok(sections) }
}

fn malformed(error: &pem::Error) -> Fault {
    match error {
        pem::Error::MissingSectionEnd { .. } => "is not well-formed PEM: a section has no end marker".into(),
        other => format!("is not well-formed PEM: {other}").into(),
    }
}

fn unusable(reason: &dyn fmt::Debug) -> Fault {
    format!("holds an unusable certificate: {reason:?}").into()
}

/// A public CA's revocation lists can have several mebibytes.
const FILE_BYTES_MAX: usize = 64 << 20;
