//! Proxies in front of the guard, which speak for clients.
//!
//! Only those that were named are believed, and each in one way: a header of
//! the PROXY protocol at the beginning of a connection, or one field of each
//! request. Everybody else's fields are text of a stranger.

use std::net::{IpAddr, SocketAddr};

use base64ct::{Base64, Encoding as _};
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue};
use rustls_pki_types::CertificateDer;

use crate::config::{ClientAddressField, FrontConfig};
use crate::guard::accept::identity::PeerIdentities;
use crate::guard::allow_list::AllowList;
use crate::guard::rejection::Rejection;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const CLIENT_CERT: HeaderName = HeaderName::from_static("client-cert");

/// The proxies that are believed.
#[derive(Debug)]
pub(crate) struct Front {
    /// Whose connections begin with a PROXY header, and must.
    proxy_protocol: Option<AllowList>,
    /// Whose fields are believed.
    trusted: Option<AllowList>,
    field: Option<ClientAddressField>,
    client_cert: bool,
}

impl Front {
    pub(crate) fn new(config: &FrontConfig) -> Self {
        // An allow list of nobody admits everybody; here it is nobody.
        let list = |networks: &[_]| (!networks.is_empty()).then(|| AllowList::new(networks));
        Self {
            proxy_protocol: list(&config.proxy_protocol),
            trusted: list(&config.trusted_proxies),
            field: config.client_address_field,
            client_cert: config.client_cert_field,
        }
    }

    /// Whether connections of `peer` begin with a PROXY header.
    pub(crate) fn begins_with_proxy_header(&self, peer: IpAddr) -> bool {
        self.proxy_protocol.as_ref().is_some_and(|peers| peers.admits(peer))
    }

    /// Whether the fields of requests from `address` are believed.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.as_ref().is_some_and(|proxies| proxies.admits(address))
    }

    /// The client that a trusted proxy names in `fields`: the right-most hop
    /// that is no trusted proxy itself, since everything left of it was written
    /// by that hop. `None` where it names none: then it speaks for itself.
    pub(crate) fn client(&self, fields: &HeaderMap) -> Result<Option<IpAddr>, Rejection> {
        let Some(field) = self.field else { return Ok(None) };
        let mut furthest = None;
        for line in fields.get_all(name(field)).iter().rev() {
            let line = line.to_str().map_err(|_| Rejection::HeadRefused)?;
            for hop in hops(field, line).rev() {
                let hop = hop.ok_or(Rejection::HeadRefused)?.to_canonical();
                furthest = Some(hop);
                if !self.trusts(hop) {
                    return Ok(furthest);
                }
            }
        }
        Ok(furthest)
    }

    /// The names in the certificate that a trusted proxy has verified and
    /// passes on in `Client-Cert` (RFC 9440 section 2.2), where it is asked for.
    pub(crate) fn identities(&self, fields: &HeaderMap) -> Result<Option<PeerIdentities>, Rejection> {
        if !self.client_cert {
            return Ok(None);
        }
        let mut values = fields.get_all(CLIENT_CERT).iter();
        let Some(value) = values.next() else { return Ok(None) };
        let certificate = certificate(value).filter(|_| values.next().is_none());
        certificate
            .map(|certificate| Some(PeerIdentities::from_certificate(&certificate)))
            .ok_or(Rejection::HeadRefused)
    }

    /// Whether identities come from `Client-Cert`.
    pub(crate) const fn tells_identities(&self) -> bool {
        self.client_cert
    }
}

const fn name(field: ClientAddressField) -> HeaderName {
    match field {
        ClientAddressField::XForwardedFor => X_FORWARDED_FOR,
        ClientAddressField::Forwarded => header::FORWARDED,
    }
}

/// The hops in one line, left to right; `None` for one that is no address.
fn hops(field: ClientAddressField, line: &str) -> Box<dyn DoubleEndedIterator<Item = Option<IpAddr>> + '_> {
    match field {
        ClientAddressField::XForwardedFor => Box::new(line.split(',').map(|hop| address(hop.trim()))),
        ClientAddressField::Forwarded => Box::new(rfc7239::parse(line).map(|hop| {
            // An obfuscated or unknown node (RFC 7239 section 6) is nobody's address.
            Some(*hop.ok()?.forwarded_for?.ip()?)
        })),
    }
}

/// An address, also with the port that some proxies add to it.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))
}

/// A byte sequence of RFC 9651 section 3.3.5: base64 between colons.
fn certificate(value: &HeaderValue) -> Option<CertificateDer<'static>> {
    let text = value.to_str().ok()?.trim().strip_prefix(':')?.strip_suffix(':')?;
    Base64::decode_vec(text).ok().map(CertificateDer::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn front(field: ClientAddressField) -> Front {
        let trusted_proxies = vec!["10.0.0.0/8".parse().unwrap(), "2001:db8::/32".parse().unwrap()];
        let (client_address_field, proxy_protocol) = (Some(field), Vec::new());
        Front::new(&FrontConfig {
            proxy_protocol,
            trusted_proxies,
            client_address_field,
            client_cert_field: false,
        })
    }

    #[track_caller]
    fn check(field: ClientAddressField, lines: &[&str], expected: Result<Option<&str>, Rejection>) {
        let mut fields = HeaderMap::new();
        for line in lines {
            fields.append(name(field), HeaderValue::from_str(line).unwrap());
        }
        let expected = expected.map(|client| client.map(|client| client.parse::<IpAddr>().unwrap()));
        assert_eq!(front(field).client(&fields), expected, "{lines:?}");
    }

    #[test]
    fn the_right_most_hop_that_is_no_proxy_counts() {
        let field = ClientAddressField::XForwardedFor;
        check(field, &["192.0.2.1"], Ok(Some("192.0.2.1")));
        check(field, &["203.0.113.9, 192.0.2.1"], Ok(Some("192.0.2.1")));
        check(field, &["203.0.113.9, 192.0.2.1, 10.1.1.1"], Ok(Some("192.0.2.1")));
        check(field, &["203.0.113.9", "192.0.2.1 , 10.1.1.1"], Ok(Some("192.0.2.1")));
        check(field, &["nonsense, 192.0.2.1"], Ok(Some("192.0.2.1")));
        check(field, &["192.0.2.1:4711"], Ok(Some("192.0.2.1")));
        check(field, &["[2001:db9::1]:4711, [2001:db8::2]"], Ok(Some("2001:db9::1")));
        check(field, &["::ffff:192.0.2.1"], Ok(Some("192.0.2.1")));
        check(field, &["10.0.0.2, 10.0.0.1"], Ok(Some("10.0.0.2")));
        check(field, &[], Ok(None));
        for wrong in ["", "192.0.2.1, ", "192.0.2.1, unknown", "192.0.2.01", "192.0.2.1 10.0.0.1"] {
            check(field, &[wrong], Err(Rejection::HeadRefused));
        }
    }

    #[test]
    fn forwarded_is_read_as_rfc_7239_has_it() {
        let field = ClientAddressField::Forwarded;
        check(field, &["for=192.0.2.43, for=10.0.0.7;proto=https;by=203.0.113.43"], Ok(Some("192.0.2.43")));
        check(field, &["for=\"[2001:db9::17]:4711\""], Ok(Some("2001:db9::17")));
        check(field, &["For=192.0.2.43:47011"], Ok(Some("192.0.2.43")));
        for wrong in ["for=unknown", "for=_hidden", "proto=https", "192.0.2.43"] {
            check(field, &[wrong], Err(Rejection::HeadRefused));
        }
    }
}
