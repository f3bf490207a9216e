//! `uri-host [ ":" port ]` (RFC 9110 section 7.2, RFC 3986 section 3.2.2).

use std::net::Ipv6Addr;

/// Whether `value` names one host. Narrower than the grammar, which takes
/// escapes, commas and an empty name: no host has them, and they are where
/// two readers disagree.
pub(crate) fn is_host(value: &[u8]) -> bool {
    let Ok(value) = str::from_utf8(value) else { return false };
    let Some(literal) = value.strip_prefix('[') else {
        let (name, port) = value.split_at(value.find(':').unwrap_or(value.len()));
        return is_name(name) && is_port(port);
    };
    literal
        .split_once(']')
        .is_some_and(|(address, port)| address.parse::<Ipv6Addr>().is_ok() && is_port(port))
}

fn is_name(name: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}

/// Nothing, or a colon and a number.
fn is_port(port: &str) -> bool {
    port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok())
}

/// RFC 1035 section 2.3.4, and a final dot.
const NAME_BYTES_MAX: usize = 254;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_one_name_or_address_with_one_port() {
        for good in
            ["a", "app.example", "app.example.", "app_1.example:8443", "127.0.0.1:80", "[::1]", "[::1]:80"]
        {
            assert!(is_host(good.as_bytes()), "{good}");
        }
        for bad in [
            "",
            ":80",
            "a:",
            "a:b",
            "a:80:80",
            "a:+80",
            "a:65536",
            "a,b",
            "a b",
            "a/b",
            "a@b",
            "a%20b",
            "a\\b",
            "[::1",
            "[::1]a",
            "[::1%25eth0]",
            "[v1.a]",
            "::1",
            "[]",
            "caf\u{e9}",
        ] {
            assert!(!is_host(bad.as_bytes()), "{bad}");
        }
    }
}
