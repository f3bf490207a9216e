//! Who is at the other end, by the certificate that TLS has verified.
//!
//! Only subject alternative names count (RFC 9525 section 2): the common name
//! is text for people. Read once per connection; a check is a comparison.

use http::HeaderValue;
use rustls_pki_types::CertificateDer;
use smallvec::SmallVec;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

use crate::clock::UnixTime;
use crate::config::{Identity, material};
use crate::schemes::Digest;

/// The names of a client certificate.
///
/// A certificate that cannot be read has none, and so matches nothing.
#[derive(Debug, Default)]
pub(crate) struct PeerIdentities {
    names: SmallVec<[Name; 1]>,
    /// SHA-256 of the whole certificate.
    thumbprint: [u8; 32],
    not_after: Option<UnixTime>,
}

#[derive(Debug)]
struct Name {
    identity: Identity,
    /// As the app and the log see it, such as `URI:spiffe://example.org/a`.
    shown: HeaderValue,
}

impl PeerIdentities {
    /// Reads the first [`NAMES_MAX`] DNS and URI names, in their order.
    ///
    /// A name with anything but visible ASCII in it is left out: it could
    /// pretend to be another one in a header or a log.
    pub(crate) fn from_certificate(certificate: &CertificateDer<'_>) -> Self {
        let thumbprint = *Digest::of(certificate).as_bytes();
        let Ok((_, certificate)) = X509Certificate::from_der(certificate) else {
            return Self { thumbprint, ..Self::default() };
        };
        let not_after = Some(material::not_after_of(&certificate));
        let Ok(Some(extension)) = certificate.subject_alternative_name() else {
            return Self { names: SmallVec::new(), thumbprint, not_after };
        };
        let names = extension.value.general_names.iter().filter_map(Name::new).take(NAMES_MAX).collect();
        Self { names, thumbprint, not_after }
    }

    /// What a token that is bound to the certificate says of it (RFC 8705
    /// section 3.1).
    pub(crate) fn thumbprint(&self) -> &[u8; 32] {
        &self.thumbprint
    }

    /// The first name, for a source that takes any certificate of its CA.
    pub(crate) fn first(&self) -> Option<&HeaderValue> {
        self.names.first().map(|name| &name.shown)
    }

    /// The first name that is one of `wanted`, whose DNS names are in lower
    /// case as those read here are.
    ///
    /// A name stands for itself: `*.example.org` in a certificate matches only
    /// where just that is wanted.
    pub(crate) fn matching(&self, wanted: &[Identity]) -> Option<&HeaderValue> {
        self.names.iter().find(|name| wanted.contains(&name.identity)).map(|name| &name.shown)
    }

    /// Whether the certificate has expired by `now`. TLS has looked when it
    /// was shown; a session that resumes, or a connection kept open, brings it
    /// along without another look.
    pub(crate) fn expired(&self, now: UnixTime) -> bool {
        self.not_after.is_none_or(|not_after| now > not_after)
    }
}

impl Name {
    fn new(name: &GeneralName<'_>) -> Option<Self> {
        let (shown, identity) = match *name {
            GeneralName::DNSName(name) if is_plain(name) => {
                let name = name.to_ascii_lowercase();
                (format!("DNS:{name}"), Identity::Dns(name))
            }
            GeneralName::URI(name) if is_plain(name) => {
                (format!("URI:{name}"), Identity::Uri(name.to_owned()))
            }
            _ => return None,
        };
        Some(Self { identity, shown: HeaderValue::try_from(shown).ok()? })
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Names read of one certificate. Real ones have one to three.
const NAMES_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rcgen::{CertificateParams, KeyPair, SanType};

    use super::*;

    fn certificate(names: impl IntoIterator<Item = SanType>) -> CertificateDer<'static> {
        let mut params = CertificateParams::default();
        params.subject_alt_names = names.into_iter().collect();
        params.not_after = rcgen::date_time_ymd(2030, 1, 1);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().into()
    }

    fn dns(name: &str) -> SanType {
        SanType::DnsName(name.try_into().unwrap())
    }

    fn uri(name: &str) -> SanType {
        SanType::URI(name.try_into().unwrap())
    }

    #[test]
    fn names_match_by_kind_dns_without_case_and_uri_exactly() {
        let given =
            [dns("Hooks.Example.ORG"), SanType::IpAddress([127, 0, 0, 1].into()), uri("spiffe://a/B")];
        let peer = PeerIdentities::from_certificate(&certificate(given));
        for (wanted, shown) in [
            (Identity::Dns("hooks.example.org".into()), Some("DNS:hooks.example.org")),
            (Identity::Uri("spiffe://a/B".into()), Some("URI:spiffe://a/B")),
            (Identity::Uri("spiffe://a/b".into()), None),
            (Identity::Uri("hooks.example.org".into()), None),
            (Identity::Dns("example.org".into()), None),
            (Identity::Dns("127.0.0.1".into()), None),
        ] {
            let other = Identity::Dns("other.example".into());
            let matched = peer.matching(&[other, wanted.clone()]);
            assert_eq!(matched.map(HeaderValue::as_bytes), shown.map(str::as_bytes), "{wanted:?}");
        }
        assert_eq!(peer.first().unwrap(), "DNS:hooks.example.org");
    }

    #[test]
    fn a_wildcard_is_a_name_and_not_a_pattern() {
        let peer = PeerIdentities::from_certificate(&certificate([dns("*.example.org")]));
        assert!(peer.matching(&[Identity::Dns("a.example.org".into())]).is_none());
        assert!(peer.matching(&[Identity::Dns("*.example.org".into())]).is_some());
    }

    #[test]
    fn names_that_could_pass_for_others_are_left_out() {
        for name in ["spiffe://a/b, URI:spiffe://a/c", "spiffe://a/b\r\nx: y", "spiffe://a/\0", ""] {
            let peer = PeerIdentities::from_certificate(&certificate([uri(name), dns("good.example")]));
            assert_eq!(peer.first().unwrap(), "DNS:good.example", "{name:?}");
        }
    }

    #[test]
    fn only_so_many_names_are_read() {
        let names = (0..=NAMES_MAX).map(|n| dns(&format!("n{n}.example")));
        let peer = PeerIdentities::from_certificate(&certificate(names));
        let wanted = |n: usize| [Identity::Dns(format!("n{n}.example"))];
        assert!(peer.matching(&wanted(NAMES_MAX - 1)).is_some());
        assert!(peer.matching(&wanted(NAMES_MAX)).is_none());
    }

    #[test]
    fn what_cannot_be_read_matches_nothing_and_counts_as_expired() {
        let peer = PeerIdentities::from_certificate(&CertificateDer::from(vec![0x30, 0x80, 1]));
        assert!(peer.first().is_none() && peer.expired(UnixTime::EPOCH));
        assert_eq!(material::not_after(&CertificateDer::from(vec![])), None);
    }

    #[test]
    fn a_certificate_holds_until_its_last_second() {
        let certificate = certificate([dns("a.example")]);
        let end = UnixTime::from_secs(1_893_456_000);
        assert_eq!(material::not_after(&certificate), Some(end));
        let peer = PeerIdentities::from_certificate(&certificate);
        assert!(!peer.expired(end));
        assert!(peer.expired(end.saturating_add(Duration::from_secs(1))));
    }
}
