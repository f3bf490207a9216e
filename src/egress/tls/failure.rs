//! How TLS fails, in the words of who has to act.

use std::error::Error;
use std::fmt;
use std::io;

use rustls::{AlertDescription, CertificateError};

use super::verifier::NotPinned;

/// TLS failed.
#[derive(Debug, thiserror::Error)]
#[error("{kind}")]
pub(crate) struct TlsFailure {
    /// Who did not believe whom.
    pub(crate) kind: TlsFailureKind,
    source: rustls::Error,
}

/// Who did not believe whom, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TlsFailureKind {
    /// No trusted CA vouches for the server's certificate.
    ServerUntrusted,
    /// The server's certificate has expired or is not yet valid.
    ServerExpired,
    /// The server's certificate is for another name.
    ServerName,
    /// The server's key is not one of those pinned.
    ServerPin,
    /// The server wants another certificate from us than it got.
    ClientRefused,
    /// Anything else: no version in common, or what came was not TLS.
    Protocol,
}

impl TlsFailure {
    /// Whether the server refused our certificate.
    pub(crate) fn is_about_us(&self) -> bool {
        self.kind == TlsFailureKind::ClientRefused
    }

    /// The failure of TLS in an error or below it, if there is one.
    pub(crate) fn find(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref::<rustls::Error>() {
                return Some(Self { kind: kind_of(found), source: found.clone() });
            }
            // An I/O error's `source` passes over the error that it wraps.
            next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
                Some(wrapped) => Some(wrapped),
                None => error.source(),
            };
        }
        None
    }
}

fn kind_of(error: &rustls::Error) -> TlsFailureKind {
    match error {
        rustls::Error::InvalidCertificate(error) => kind_of_certificate(error),
        rustls::Error::AlertReceived(alert) if is_about_our_certificate(*alert) => {
            TlsFailureKind::ClientRefused
        }
        _ => TlsFailureKind::Protocol,
    }
}

fn kind_of_certificate(error: &CertificateError) -> TlsFailureKind {
    match error {
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => TlsFailureKind::ServerExpired,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            TlsFailureKind::ServerName
        }
        CertificateError::Other(other) if other.0.is::<NotPinned>() => TlsFailureKind::ServerPin,
        _ => TlsFailureKind::ServerUntrusted,
    }
}

/// RFC 8446 section 6.2. What cannot be decrypted is a signature that does not
/// hold: our certificate's, under a CA of the same name as one that is trusted.
fn is_about_our_certificate(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::NoCertificate
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::CertificateRequired
            | AlertDescription::DecryptError
    )
}

impl fmt::Display for TlsFailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ServerUntrusted => "trust the server's certificate",
            Self::ServerExpired => "accept the dates of the server's certificate",
            Self::ServerName => "find the expected name in the server's certificate",
            Self::ServerPin => "find the server's key among those pinned",
            Self::ClientRefused => "get our certificate accepted by the server",
            Self::Protocol => "speak TLS with the server",
        })
    }
}
