//! Why a TLS handshake failed: a closed list, as logs and metrics name it.
//!
//! The words of the error itself stay here: some of them repeat what a stranger
//! put into a certificate, at any length.

use std::io;

use rustls::{AlertDescription, CertificateError, Error, PeerIncompatible};

/// Why there is no connection. Who has to act differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HandshakeFault {
    /// A client certificate is required, and none was shown.
    NoCertificate,
    /// No trusted CA vouches for the client's certificate.
    UnknownCa,
    /// It has ended.
    Expired,
    /// It has not begun.
    NotYetValid,
    /// It is revoked.
    Revoked,
    /// The list that speaks for it has ended.
    CrlEnded,
    /// No list speaks for it.
    CrlMissing,
    /// It is not for clients.
    WrongPurpose,
    /// It cannot be read, or what is signed with it does not hold.
    BadCertificate,
    /// The client does not take the guard's certificate.
    RefusedByPeer,
    /// No version of TLS in common.
    ProtocolVersion,
    /// No cipher suite, group or signature scheme in common.
    NoSharedCipher,
    /// What came was not TLS.
    NotTls,
    /// It took too long.
    Timeout,
    /// The client went away.
    ClosedByPeer,
    /// Anything else.
    Other,
}

impl HandshakeFault {
    pub(crate) const ALL: [Self; 16] = [
        Self::NoCertificate,
        Self::UnknownCa,
        Self::Expired,
        Self::NotYetValid,
        Self::Revoked,
        Self::CrlEnded,
        Self::CrlMissing,
        Self::WrongPurpose,
        Self::BadCertificate,
        Self::RefusedByPeer,
        Self::ProtocolVersion,
        Self::NoSharedCipher,
        Self::NotTls,
        Self::Timeout,
        Self::ClosedByPeer,
        Self::Other,
    ];

    /// The name in logs and metrics.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::NoCertificate => "no_certificate",
            Self::UnknownCa => "unknown_ca",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::Revoked => "revoked",
            Self::CrlEnded => "crl_ended",
            Self::CrlMissing => "crl_missing",
            Self::WrongPurpose => "wrong_purpose",
            Self::BadCertificate => "bad_certificate",
            Self::RefusedByPeer => "refused_by_peer",
            Self::ProtocolVersion => "protocol_version",
            Self::NoSharedCipher => "no_shared_cipher",
            Self::NotTls => "not_tls",
            Self::Timeout => "timeout",
            Self::ClosedByPeer => "closed_by_peer",
            Self::Other => "other",
        }
    }

    /// What a handshake failed with. Where TLS has no complaint, the connection
    /// broke.
    pub(super) fn of(error: &io::Error) -> Self {
        let of_tls = error.get_ref().and_then(|error| error.downcast_ref::<Error>());
        of_tls.map_or(Self::ClosedByPeer, Self::of_tls)
    }

    fn of_tls(error: &Error) -> Self {
        match error {
            Error::NoCertificatesPresented => Self::NoCertificate,
            Error::InvalidCertificate(error) => Self::of_certificate(error),
            // Of a CA's name, and made with another key.
            Error::InvalidCertRevocationList(_) => Self::CrlMissing,
            Error::PeerIncompatible(error) => Self::of_incompatible(error),
            Error::InvalidMessage(_) => Self::NotTls,
            Error::AlertReceived(alert) => Self::of_alert(*alert),
            _ => Self::Other,
        }
    }

    fn of_certificate(error: &CertificateError) -> Self {
        match error {
            CertificateError::UnknownIssuer => Self::UnknownCa,
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Self::NotYetValid,
            CertificateError::Revoked => Self::Revoked,
            CertificateError::ExpiredRevocationList
            | CertificateError::ExpiredRevocationListContext { .. } => Self::CrlEnded,
            CertificateError::UnknownRevocationStatus => Self::CrlMissing,
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                Self::WrongPurpose
            }
            _ => Self::BadCertificate,
        }
    }

    fn of_incompatible(error: &PeerIncompatible) -> Self {
        match error {
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::SupportedVersionsExtensionRequired
            | PeerIncompatible::Tls12NotOffered
            | PeerIncompatible::Tls12NotOfferedOrEnabled => Self::ProtocolVersion,
            PeerIncompatible::NoCipherSuitesInCommon
            | PeerIncompatible::NoKxGroupsInCommon
            | PeerIncompatible::NoSignatureSchemesInCommon => Self::NoSharedCipher,
            _ => Self::Other,
        }
    }

    /// RFC 8446 section 6.2, from the client.
    fn of_alert(alert: AlertDescription) -> Self {
        match alert {
            AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::DecryptError => Self::RefusedByPeer,
            AlertDescription::ProtocolVersion => Self::ProtocolVersion,
            AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => {
                Self::NoSharedCipher
            }
            AlertDescription::CloseNotify | AlertDescription::UserCanceled => Self::ClosedByPeer,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_explained_in_the_order_of_the_list() {
        let page = include_str!("../../../docs/rejections.md");
        let (_, section) =
            page.split_once("`countersign_tls_handshake_failures_total` by `reason`:").unwrap();
        let (section, _) = section.split_once("Connections that are closed before").unwrap();
        let reason = |line: &'static str| line.strip_prefix("- `")?.split_once("`: ").map(|(name, _)| name);
        let explained: Vec<&str> = section.lines().filter_map(reason).collect();
        assert_eq!(explained, HandshakeFault::ALL.map(HandshakeFault::name));
    }
}
