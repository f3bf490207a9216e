//! A network or a single address: `192.0.2.0/24`, `2001:db8::/32`, `192.0.2.7`.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

use super::Fault;

/// Reads a network. An IPv4-mapped one (`::ffff:192.0.2.0/120`, RFC 4291
/// section 2.5.5.2) becomes the IPv4 network it stands for, because clients are
/// compared that way. Bits set outside the prefix are refused rather than
/// dropped: `10.1.2.3/8` was meant to be either one address or sixteen million.
pub(crate) fn network(text: &str) -> Result<IpNet, Fault> {
    let net =
        text.parse().or_else(|_| text.parse().map(|address: IpAddr| address.into())).map_err(|_| FORM)?;
    let net = unmapped(net);
    if net.trunc() == net {
        return Ok(net);
    }
    let whole = net.trunc();
    let one = IpNet::from(net.addr());
    Err(format!(
        "has bits set outside its prefix: expected {whole} for the network or {one} for the one address"
    )
    .into())
}

fn unmapped(net: IpNet) -> IpNet {
    let IpNet::V6(six) = net else { return net };
    let Some(four) = six.addr().to_ipv4_mapped() else { return net };
    let Some(prefix) = six.prefix_len().checked_sub(MAPPED_PREFIX) else { return net };
    Ipv4Net::new(four, prefix).map_or(net, IpNet::V4)
}

const FORM: &str = "expected a network or an address, such as 192.0.2.0/24, 2001:db8::/32 or 192.0.2.7";

/// Bits of an IPv4-mapped address before the IPv4 address.
const MAPPED_PREFIX: u8 = 96;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_and_addresses_are_read() {
        for (text, shown) in [
            ("192.0.2.0/24", "192.0.2.0/24"),
            ("192.0.2.7", "192.0.2.7/32"),
            ("2001:db8::1", "2001:db8::1/128"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
            ("::ffff:192.0.2.7", "192.0.2.7/32"),
        ] {
            assert_eq!(network(text).map(|net| net.to_string()), Ok(shown.to_owned()), "{text}");
        }
    }

    #[test]
    fn bits_outside_the_prefix_name_what_was_meant() {
        assert_eq!(
            network("10.1.2.3/8"),
            Err("has bits set outside its prefix: expected 10.0.0.0/8 for the network or 10.1.2.3/32 for the one address"
                .into())
        );
    }

    #[test]
    fn other_spellings_are_refused() {
        for wrong in [
            "",
            "10.0.0.0/33",
            "10.0.0/8",
            "010.0.0.1",
            "10.0.0.0/8 ",
            "0x0a000001",
            "example.com",
            "::1/129",
        ] {
            assert_eq!(network(wrong), Err(FORM.into()), "{wrong}");
        }
    }
}
