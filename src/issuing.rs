//! Making certificates: what those for development and the injector's own have
//! in common. Keys are ECDSA P-256, which every TLS library takes.

use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType,
};
use time::OffsetDateTime;

use crate::clock::UnixTime;

/// From when to when a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Validity {
    pub(crate) not_before: UnixTime,
    pub(crate) not_after: UnixTime,
}

impl Validity {
    /// For `lifetime` from `now` on, and a little back, for a clock that is a
    /// little behind.
    pub(crate) fn lasting(lifetime: Duration, now: UnixTime) -> Self {
        let back = (lifetime / 10).min(BACK_MAX);
        Self { not_before: now.saturating_sub(back), not_after: now.saturating_add(lifetime) }
    }
}

/// A new key.
pub(crate) fn key() -> Result<KeyPair, rcgen::Error> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)
}

/// A CA that signs no other CA.
pub(crate) fn authority(name: &str, validity: Validity) -> CertificateParams {
    let mut params = params(name, validity);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// A certificate of somebody known by `names`, for `purpose` alone.
pub(crate) fn leaf(
    name: &str,
    names: Vec<SanType>,
    purpose: ExtendedKeyUsagePurpose,
    validity: Validity,
) -> CertificateParams {
    let mut params = params(name, validity);
    params.subject_alt_names = names;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![purpose];
    params.use_authority_key_identifier_extension = true;
    params
}

fn params(name: &str, validity: Validity) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = instant(validity.not_before);
    params.not_after = instant(validity.not_after);
    params
}

/// What no calendar holds any more is the end of time in certificates (RFC 5280
/// section 4.1.2.5).
fn instant(time: UnixTime) -> OffsetDateTime {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX).min(LAST_SECOND);
    OffsetDateTime::from_unix_timestamp(seconds).expect("a year of four digits")
}

const BACK_MAX: Duration = Duration::from_secs(3600);

/// 9999-12-31T23:59:59Z.
const LAST_SECOND: i64 = 253_402_300_799;
