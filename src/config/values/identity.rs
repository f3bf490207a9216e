//! A name that a client certificate must carry: `URI:spiffe://example.org/billing`,
//! `DNS:hooks.partner.example`.

use std::fmt;
use std::str::FromStr;

use rustls_pki_types::DnsName;

use super::Fault;
use crate::config::Identity;

impl FromStr for Identity {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        if let Some(name) = text.strip_prefix("DNS:") {
            return dns(name);
        }
        text.strip_prefix("URI:").ok_or(FORM).map_err(Fault::from).and_then(uri)
    }
}

impl Identity {
    /// Whether it is the URI that a certificate carries, or `uri` is below it.
    pub(crate) fn admits_uri(&self, uri: &str) -> bool {
        match self {
            Self::Dns(_) => false,
            Self::Uri(own) => own == uri,
            Self::SpiffeBelow(prefix) => {
                let below = uri.strip_prefix(prefix.as_str());
                // A certificate may hold any URI: only what is an id below it counts.
                below.is_some_and(|below| below.split('/').all(|part| !["", ".", ".."].contains(&part)))
            }
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => write!(f, "DNS:{name}"),
            Self::Uri(uri) => write!(f, "URI:{uri}"),
            Self::SpiffeBelow(prefix) => write!(f, "URI:{prefix}*"),
        }
    }
}

/// DNS names compare without case (RFC 5280 section 7.2), so they are kept in
/// lower case. A wildcard names no one and is refused.
fn dns(name: &str) -> Result<Identity, Fault> {
    DnsName::try_from(name)
        .map_err(|_| "expected a DNS name without wildcards, such as DNS:hooks.partner.example")?;
    Ok(Identity::Dns(name.to_ascii_lowercase()))
}

/// An absolute URI (RFC 3986 section 4.3), compared byte by byte.
fn uri(uri: &str) -> Result<Identity, Fault> {
    let (scheme, rest) = uri.split_once(':').ok_or(FORM)?;
    let scheme_is_well_formed = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let rest_is_well_formed = !rest.is_empty()
        && rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"\\^`{|}".contains(&byte));
    if !scheme_is_well_formed || !rest_is_well_formed {
        return Err(FORM.into());
    }
    if scheme.eq_ignore_ascii_case("spiffe") {
        return spiffe(uri);
    }
    Ok(Identity::Uri(uri.to_owned()))
}

/// A SPIFFE id, or all those below one: `spiffe://example.org/ns/prod/*`.
fn spiffe(uri: &str) -> Result<Identity, Fault> {
    match uri.strip_suffix("/*") {
        Some(above) if is_spiffe_id(above) => Ok(Identity::SpiffeBelow(format!("{above}/"))),
        None if is_spiffe_id(uri) => Ok(Identity::Uri(uri.to_owned())),
        _ => Err(SPIFFE_FORM.into()),
    }
}

/// SPIFFE-ID specification, section 2: a trust domain of lower-case letters,
/// digits, dots, dashes and underscores; path segments of the same and upper
/// case, none empty or a dot segment; nothing after them.
fn is_spiffe_id(uri: &str) -> bool {
    let Some((domain, path)) =
        uri.strip_prefix("spiffe://").map(|id| id.split_once('/').unwrap_or((id, "-")))
    else {
        return false;
    };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let domain_holds =
        !domain.is_empty() && domain.bytes().all(|byte| allowed(byte) && !byte.is_ascii_uppercase());
    domain_holds && path.split('/').all(|part| !["", ".", ".."].contains(&part) && part.bytes().all(allowed))
}

const FORM: &str = "expected URI: or DNS: and a name, such as URI:spiffe://example.org/billing or \
                    DNS:hooks.partner.example";

const SPIFFE_FORM: &str = "expected a SPIFFE id: spiffe://, a trust domain in lower case and a path, such as \
                           URI:spiffe://example.org/billing, or with /* at its end for all below it";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read() {
        assert_eq!("DNS:Hooks.Example.COM".parse(), Ok(Identity::Dns("hooks.example.com".to_owned())));
        for uri in [
            "spiffe://example.org",
            "spiffe://example.org/ns/a/sa/B",
            "urn:partner:7",
            "https://a.example/,x",
        ] {
            assert_eq!(format!("URI:{uri}").parse(), Ok(Identity::Uri(uri.to_owned())), "{uri}");
        }
    }

    #[test]
    fn a_spiffe_id_with_an_asterisk_is_all_below_it() {
        for (text, prefix) in [
            ("URI:spiffe://example.org/*", "spiffe://example.org/"),
            ("URI:spiffe://example.org/ns/prod/*", "spiffe://example.org/ns/prod/"),
        ] {
            let identity = text.parse();
            assert_eq!(identity, Ok(Identity::SpiffeBelow(prefix.to_owned())));
            assert_eq!(identity.unwrap().to_string(), text);
        }
        for wrong in [
            "spiffe://*",
            "spiffe://*/a",
            "spiffe://a/*/b",
            "spiffe://a/b*",
            "spiffe://a//*",
            "https://a/*b*",
        ] {
            let read = format!("URI:{wrong}").parse::<Identity>();
            assert!(!matches!(read, Ok(Identity::SpiffeBelow(_))), "{wrong}: {read:?}");
        }
    }

    #[test]
    fn what_names_no_one_is_refused() {
        for wrong in [
            "",
            "spiffe://example.org/a",
            "dns:a.example",
            "DNS:",
            "DNS:*.example.com",
            "DNS:a b",
            "URI:",
            "URI:a",
            "URI:urn:",
            "URI:urn:a b",
            "URI:spiffe://Example.org/a",
            "URI:spiffe://example.org/",
            "URI:spiffe://example.org/a/../b",
            "URI:spiffe://example.org/a?b",
            "URI:spiffe://user@example.org/a",
            "URI:SPIFFE://example.org/a",
        ] {
            assert!(wrong.parse::<Identity>().is_err(), "{wrong}");
        }
    }
}
