//! A certificate with its key, as a Secret keeps them: PEM, and what had to be
//! read of it.

use std::fmt;
use std::time::Duration;

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, Issuer, KeyPair, PublicKeyData as _};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::clock::UnixTime;
use crate::issuing::{self, Validity};
use crate::keys::Secret;

/// A certificate. Equal if it is byte for byte the same.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Certificate {
    pem: String,
    der: CertificateDer<'static>,
    validity: Validity,
    /// The DNS names that it is for.
    names: Vec<String>,
}

/// A certificate and the key that it speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) certificate: Certificate,
    /// PKCS#8, PEM.
    pub(super) key: Secret,
}

/// Why something that should be a certificate or a key is none. Never quotes
/// it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unusable {
    #[error("is no certificate in PEM")]
    Certificate,
    #[error("is no private key in PEM (PKCS#8, ECDSA P-256)")]
    Key,
    #[error("is not the key of its certificate")]
    Mismatch,
    #[error("is not signed by the CA beside it")]
    Issuer,
}

impl Certificate {
    pub(super) fn read(pem: &[u8]) -> Result<Self, Unusable> {
        let text = String::from_utf8(pem.to_vec()).map_err(|_| Unusable::Certificate)?;
        let der = CertificateDer::from_pem_slice(pem).map_err(|_| Unusable::Certificate)?;
        let (_, read) = X509Certificate::from_der(&der).map_err(|_| Unusable::Certificate)?;
        let instant = |seconds: i64| UnixTime::from_secs(u64::try_from(seconds).unwrap_or(0));
        let validity = Validity {
            not_before: instant(read.validity().not_before.timestamp()),
            not_after: instant(read.validity().not_after.timestamp()),
        };
        let names = read.subject_alternative_name().map_err(|_| Unusable::Certificate)?;
        let names = names.map(|names| &names.value.general_names[..]).unwrap_or_default();
        let dns = |name: &GeneralName<'_>| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            _ => None,
        };
        let names = names.iter().filter_map(dns).collect();
        Ok(Self { pem: text, der, validity, names })
    }

    pub(super) fn pem(&self) -> &str {
        &self.pem
    }

    pub(super) fn der(&self) -> &CertificateDer<'static> {
        &self.der
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    pub(super) fn not_after(&self) -> UnixTime {
        self.validity.not_after
    }

    /// Whether so many `parts` of `whole` of its life are over.
    pub(super) fn has_spent(&self, parts: u32, whole: u32, now: UnixTime) -> bool {
        let Validity { not_before, not_after } = self.validity;
        let life = not_after.saturating_since(not_before);
        now >= not_before.saturating_add(life / whole * parts)
    }

    /// Whether `authority` signed it.
    pub(super) fn is_signed_by(&self, authority: &Self) -> bool {
        let read = |certificate: &Self| {
            let (_, ours) = X509Certificate::from_der(&self.der).ok()?;
            let (_, theirs) = X509Certificate::from_der(&certificate.der).ok()?;
            ours.verify_signature(Some(theirs.public_key())).ok()
        };
        read(authority).is_some()
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("names", &self.names)
            .field("validity", &self.validity)
            .finish_non_exhaustive()
    }
}

impl Pair {
    /// The two belong together, or it is an error.
    pub(super) fn read(certificate: &[u8], key: &[u8]) -> Result<Self, Unusable> {
        let certificate = Certificate::read(certificate)?;
        let key = Secret::new(key);
        let (_, read) = X509Certificate::from_der(&certificate.der).map_err(|_| Unusable::Certificate)?;
        if read.public_key().raw != key_pair(&key)?.subject_public_key_info() {
            return Err(Unusable::Mismatch);
        }
        Ok(Self { certificate, key })
    }

    /// A new CA.
    pub(super) fn authority(lifetime: Duration, now: UnixTime) -> Result<Self, rcgen::Error> {
        let key = issuing::key()?;
        let params = issuing::authority("countersign injector CA", Validity::lasting(lifetime, now));
        Ok(Self::made(&params.self_signed(&key)?, &key))
    }

    /// A new certificate for a server of `names`, signed by this CA, which it
    /// does not outlive.
    pub(super) fn sign(
        &self,
        names: &[String],
        lifetime: Duration,
        now: UnixTime,
    ) -> Result<Self, rcgen::Error> {
        let own = key_pair(&self.key).map_err(|_| rcgen::Error::CouldNotParseKeyPair)?;
        let issuer = Issuer::from_ca_cert_der(&self.certificate.der, own)?;
        let validity = Validity::lasting(lifetime, now);
        let not_after = validity.not_after.min(self.certificate.not_after());
        let names = CertificateParams::new(names)?.subject_alt_names;
        let key = issuing::key()?;
        let params = issuing::leaf(
            "countersign injector",
            names,
            ExtendedKeyUsagePurpose::ServerAuth,
            Validity { not_after, ..validity },
        );
        Ok(Self::made(&params.signed_by(&key, &issuer)?, &key))
    }

    fn made(certificate: &rcgen::Certificate, key: &KeyPair) -> Self {
        let certificate = Certificate::read(certificate.pem().as_bytes()).expect("it was made a moment ago");
        Self { certificate, key: Secret::new(key.serialize_pem()) }
    }
}

fn key_pair(key: &Secret) -> Result<KeyPair, Unusable> {
    let pem = str::from_utf8(key.expose()).map_err(|_| Unusable::Key)?;
    KeyPair::from_pem(pem).map_err(|_| Unusable::Key)
}
