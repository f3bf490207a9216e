//! Host and port of a party on the network, each host in its one spelling.
//!
//! Resolvers and libraries read `127.1`, `0x7f.1`, `0177.0.0.1` and
//! `2130706433` as 127.0.0.1, some fold letters of other scripts into ASCII,
//! and a dot at the end, a zone or a percent-encoded byte makes two texts of
//! one host. What a person reads and what is dialled must not differ, so all
//! but the plain form is refused. Whether an address is a public one is not
//! asked here.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rustls_pki_types::DnsName;

use super::Fault;

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Authority {
    host: Host,
    port: u16,
}

/// A name to look up, or an address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// A DNS name, in lower case, without a dot at its end.
    Name(String),
    /// An address.
    Address(IpAddr),
}

impl Authority {
    /// Reads `host`, `host:port`, `address:port` or `[address]:port`.
    pub(super) fn read(text: &str, default_port: u16) -> Result<Self, Fault> {
        let (host, port) = if let Some(bracketed) = text.strip_prefix('[') {
            let (address, port) = bracketed.split_once(']').ok_or(IPV6_FORM)?;
            (address.parse::<Ipv6Addr>().map(IpAddr::from).map(Host::Address).map_err(|_| IPV6_FORM)?, port)
        } else {
            let (host, port) = text.split_at(text.find(':').unwrap_or(text.len()));
            (Host::read(host)?, port)
        };
        Ok(Self { host, port: read_port(port, default_port)? })
    }

    /// Whom to connect to.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Never zero.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl std::str::FromStr for Host {
    type Err = Fault;

    /// Reads a DNS name or an address; an IPv6 one with or without brackets.
    fn from_str(text: &str) -> Result<Self, Fault> {
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        match bare.parse::<Ipv6Addr>() {
            Ok(address) => Ok(Self::Address(address.into())),
            Err(_) => Self::read(text),
        }
    }
}

impl Host {
    /// A DNS name or an IPv4 address.
    fn read(host: &str) -> Result<Self, Fault> {
        if host.is_empty() {
            return Err("expected a host".into());
        }
        if !host.is_ascii() {
            return Err("expected a host in ASCII: write an international name as xn--...".into());
        }
        if host.bytes().any(|byte| !byte.is_ascii_alphanumeric() && !b"-_.".contains(&byte)) {
            return Err("expected a host of letters, digits, hyphens and dots".into());
        }
        if host.ends_with('.') {
            return Err("expected a host without a dot at its end".into());
        }
        if let Ok(address) = host.parse::<Ipv4Addr>() {
            return Ok(Self::Address(address.into()));
        }
        if ends_in_a_number(host) {
            return Err("expected an IPv4 address as four decimal numbers without leading zeros".into());
        }
        DnsName::try_from(host).map_err(|_| "expected a DNS name or an IP address")?;
        Ok(Self::Name(host.to_ascii_lowercase()))
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => address.fmt(f),
            // RFC 3986 section 3.2.2: an IPv6 address stands in brackets.
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

/// WHATWG URL section 3.5, "ends in a number": what a browser, and `inet_aton`,
/// would read as an IPv4 address. No top-level domain looks like that.
fn ends_in_a_number(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or(host).to_ascii_lowercase();
    match last.strip_prefix("0x") {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => last.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

/// Nothing, or a colon and a number from 1 to 65535 without leading zeros.
fn read_port(text: &str, default: u16) -> Result<u16, Fault> {
    if text.is_empty() {
        return Ok(default);
    }
    let digits = text.strip_prefix(':').ok_or(PORT_FORM)?;
    // A zero first also refuses port 0; `parse` alone would take a plus sign.
    if !digits.starts_with(|first: char| ('1'..='9').contains(&first)) {
        return Err(PORT_FORM.into());
    }
    digits.parse().map_err(|_| PORT_FORM.into())
}

const IPV6_FORM: &str = "expected an IPv6 address in brackets and without a zone, such as [2001:db8::1]";

const PORT_FORM: &str = "expected a port from 1 to 65535 after the host";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hosts_and_ports_are_read() {
        for (text, shown) in [
            ("consumer.example", "consumer.example:443"),
            ("Consumer.Example:8443", "consumer.example:8443"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example:443"),
            ("receiver", "receiver:443"),
            ("a1.2b.example", "a1.2b.example:443"),
            ("0x7f.example", "0x7f.example:443"),
            ("192.0.2.1", "192.0.2.1:443"),
            ("192.0.2.1:65535", "192.0.2.1:65535"),
            ("[2001:DB8::1]", "[2001:db8::1]:443"),
            ("[::ffff:127.0.0.1]:1", "[::ffff:127.0.0.1]:1"),
        ] {
            let read = Authority::read(text, 443).map(|authority| authority.to_string());
            assert_eq!(read, Ok(shown.to_owned()), "{text}");
        }
    }

    #[test]
    fn other_spellings_of_a_host_are_refused() {
        for wrong in [
            // What inet_aton reads as 127.0.0.1.
            "127.1",
            "127.0.1",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "0X7F.0.0.0x1",
            "0177.0.0.1",
            "017700000001",
            "127.0.0.01",
            "127.0.0.1.",
            "127.0.0.0x",
            "127.0.0.1.1",
            "127.0.0.256",
            "foo.127",
            "foo.0x7f",
            // Not quite a name.
            "",
            ".",
            "example.com.",
            "example..com",
            ".example.com",
            "-a.example",
            "exa mple.com",
            "example.com\t",
            "example%2ecom",
            "%31%32%37.0.0.1",
            "example.com\\@127.0.0.1",
            "user@example.com",
            "*.example.com",
            // Letters and digits that only look like ASCII, and other dots.
            "ex\u{0430}mple.com",
            "１２７.0.0.1",
            "①②⑦.0.0.1",
            "127。0。0。1",
            "localhost\u{200b}",
            "b\u{fc}cher.example",
            // Ports.
            "a.example:",
            "a.example:0",
            "a.example:00",
            "a.example:080",
            "a.example:+80",
            "a.example:-1",
            "a.example:65536",
            "a.example:80:80",
            "a.example: 80",
            "a.example:8０",
            // IPv6.
            "::1",
            "[::1",
            "[]",
            "[::1]443",
            "[fe80::1%eth0]",
            "[fe80::1%25eth0]",
            "[127.0.0.1]",
            "[::127.1]",
            "[v1.a]",
        ] {
            assert!(Authority::read(wrong, 443).is_err(), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_has_one_spelling(text in "[0-9a-fxA-Z.:\\[\\]]{1,24}|\\PC{1,16}") {
            if let Ok(authority) = Authority::read(&text, 443) {
                let shown = authority.to_string();
                prop_assert_eq!(&Authority::read(&shown, 1), &Ok(authority.clone()));
                // But for case, the default port and IPv6's own choices, the text is the spelling.
                if !text.starts_with('[') {
                    prop_assert!(shown.starts_with(&text.to_ascii_lowercase()), "{text} {shown}");
                }
            }
        }

        #[test]
        fn an_ipv4_address_in_any_other_spelling_is_refused(bits in 256_u32.., parts in 1_usize..4) {
            let [a, b, c, d] = bits.to_be_bytes();
            let short = match parts {
                1 => format!("{bits}"),
                2 => format!("{a}.{}", bits & 0x00ff_ffff),
                _ => format!("{a}.{b}.{}", bits & 0xffff),
            };
            for text in [short, format!("{bits:#x}"), format!("0{bits:o}"), format!("{a:#x}.{b}.{c}.{d}"),
                         format!("{a}.{b}.{c}.{d:#x}"), format!("0{a:03o}.{b}.{c}.{d}")] {
                prop_assert!(Authority::read(&text, 443).is_err(), "{text}");
            }
        }
    }
}
