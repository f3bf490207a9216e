//! `uri-host [ ":" port ]` (RFC 9110 section 7.2, RFC 3986 section 3.2.2).

use std::net::Ipv6Addr;
use std::str::FromStr;

/// Whether `value` names one host. Narrower than the grammar, which takes
/// escapes, commas and an empty name: no host has them, and they are where
/// two readers disagree.
pub(crate) fn is_host(value: &[u8]) -> bool {
    let Some(literal) = value.strip_prefix(b"[") else {
        let (name, port) = value.split_at(position(value, b':').unwrap_or(value.len()));
        return is_name(name) && is_port(port);
    };
    let Some(end) = position(literal, b']') else { return false };
    parse::<Ipv6Addr>(&literal[..end]).is_some() && is_port(&literal[end + 1..])
}

fn is_name(name: &[u8]) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len())
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}

/// Nothing, or a colon and a number.
fn is_port(port: &[u8]) -> bool {
    let Some((colon, number)) = port.split_first() else { return true };
    *colon == b':' && number.iter().all(u8::is_ascii_digit) && parse::<u16>(number).is_some()
}

fn parse<T: FromStr>(text: &[u8]) -> Option<T> {
    str::from_utf8(text).ok()?.parse().ok()
}

fn position(text: &[u8], sought: u8) -> Option<usize> {
    text.iter().position(|byte| *byte == sought)
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
