//! Certificates and revocation lists in and out of their time, which is that of
//! the cases and not that of the day on which they run.

use std::path::Path;

use countersign::private_file::{self, Existing};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, SerialNumber, date_time_ymd,
};
use time::OffsetDateTime;

type Ca = CertifiedIssuer<'static, KeyPair>;

/// Writes them below `directory`.
pub(crate) fn write(directory: &Path) {
    let (ca, other) = (authority("CA", ALWAYS), authority("another CA", ALWAYS));
    let (server, client) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let of_server = |name, time| leaf(name, time, ExtendedKeyUsagePurpose::ServerAuth, &ca, &server);
    let aged = [("ended CA", ENDED), ("next CA", NEXT), ("ending CA", SOON)];
    for (file, contents) in [
        ("ca.pem", ca.pem()),
        ("cas.pem", ca.pem() + &other.pem()),
        ("aged-cas.pem", aged.map(|(name, time)| authority(name, time).pem()).concat()),
        ("server.pem", of_server("server", ALWAYS)),
        ("ended.pem", of_server("ended server", ENDED)),
        ("next.pem", of_server("next server", NEXT)),
        ("ending.pem", of_server("ending server", SOON)),
        ("server.key", server.serialize_pem()),
        ("client.pem", leaf("client", ALWAYS, ExtendedKeyUsagePurpose::ClientAuth, &ca, &client)),
        ("client.key", client.serialize_pem()),
        ("good.crl", list(&ca, ALWAYS)),
        ("ended.crl", list(&ca, ENDED)),
        ("next.crl", list(&ca, NEXT)),
        ("ending.crl", list(&ca, SOON)),
        ("of-another.crl", list(&other, ALWAYS)),
        ("of-another-key.crl", list(&authority("CA", ALWAYS), ALWAYS)),
    ] {
        private_file::write(&directory.join(file), contents.as_bytes(), Existing::Refuse).unwrap();
    }
}

/// The first and the last day, of those who look on 15 January 2027.
type Time = [(i32, u8, u8); 2];
const ALWAYS: Time = [(2000, 1, 1), (9999, 12, 31)];
const ENDED: Time = [(2000, 1, 1), (2027, 1, 1)];
const NEXT: Time = [(2027, 2, 1), (9999, 12, 31)];
const SOON: Time = [(2000, 1, 1), (2027, 1, 20)];

fn dates(time: Time) -> [OffsetDateTime; 2] {
    time.map(|(year, month, day)| date_time_ymd(year, month, day))
}

fn params(name: &str, time: Time) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    [params.not_before, params.not_after] = dates(time);
    params
}

fn authority(name: &str, time: Time) -> Ca {
    let mut params = params(name, time);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    Ca::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn leaf(name: &str, time: Time, purpose: ExtendedKeyUsagePurpose, issuer: &Ca, key: &KeyPair) -> String {
    let mut params = params(name, time);
    params.extended_key_usages = vec![purpose];
    params.signed_by(key, issuer).unwrap().pem()
}

fn list(issuer: &Ca, time: Time) -> String {
    let [this_update, next_update] = dates(time);
    let params = CertificateRevocationListParams {
        this_update,
        next_update,
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: Vec::new(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    params.signed_by(issuer).unwrap().pem().unwrap()
}
