//! A CA for client certificates of every sort, with a revocation list.

use countersign::devcerts::{CLIENT_ID, Pair};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType,
    SerialNumber,
};
use time::{Duration as Span, OffsetDateTime};

use crate::stand::NOW;

/// A week after both clocks: the handshake goes by the time of day, what comes
/// after it by the stand's clock.
pub(crate) fn next_week() -> OffsetDateTime {
    let last = OffsetDateTime::now_utc().unix_timestamp().max(NOW.as_secs().cast_signed());
    OffsetDateTime::from_unix_timestamp(last).unwrap() + Span::WEEK
}

/// A CA of the senders', which revokes what it is told to.
pub(crate) struct SendersCa {
    issuer: CertifiedIssuer<'static, KeyPair>,
    directory: tempfile::TempDir,
}

impl SendersCa {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "senders' CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { issuer, directory: tempfile::TempDir::new().unwrap() }
    }

    fn file(&self, name: &str, pem: &str) -> String {
        let path = self.directory.path().join(name);
        std::fs::write(&path, pem).unwrap();
        path.display().to_string()
    }

    pub(crate) fn certificate(&self) -> String {
        self.file("senders-ca.pem", &self.issuer.pem())
    }

    /// A list that speaks until `next_update` and revokes the certificate with
    /// the serial number `revoked`. A later one takes its file.
    pub(crate) fn crl(&self, revoked: u64, next_update: OffsetDateTime) -> String {
        let this_update = OffsetDateTime::now_utc() - Span::DAY;
        let revoked = RevokedCertParams {
            serial_number: SerialNumber::from(revoked),
            revocation_time: this_update,
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update,
            next_update,
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: vec![revoked],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        self.file("senders.crl", &params.signed_by(&self.issuer).unwrap().pem().unwrap())
    }

    /// A sender's certificate with serial number 1, changed by `change`.
    pub(crate) fn sender(&self, change: impl FnOnce(&mut CertificateParams)) -> Pair {
        let mut params = CertificateParams::default();
        params.serial_number = Some(SerialNumber::from(1));
        params.subject_alt_names = vec![SanType::URI(CLIENT_ID.try_into().unwrap())];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Pair { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}
