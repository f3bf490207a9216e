//! The forward proxy that deliveries go through: `http://proxy.example:3128`.

use std::fmt;
use std::str::FromStr;

use super::Fault;
use super::authority::Authority;

/// A proxy that is asked to CONNECT (RFC 9110 section 9.3.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy(Authority);

impl Proxy {
    /// Host and port.
    pub fn authority(&self) -> &Authority {
        &self.0
    }
}

impl FromStr for Proxy {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let authority = text.strip_prefix("http://").ok_or(FORM)?;
        if authority.contains('@') {
            return Err("expected a proxy that asks for no user name and password".into());
        }
        // One slash at the end is usual, and means nothing.
        Authority::read(authority.strip_suffix('/').unwrap_or(authority), 80).map(Self)
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.0)
    }
}

const FORM: &str = "expected the URL of an HTTP proxy, such as http://proxy.example:3128";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_are_read_and_shown() {
        for (text, shown) in [
            ("http://proxy.example:3128", "http://proxy.example:3128"),
            ("http://10.0.0.1/", "http://10.0.0.1:80"),
            ("http://[fd00::1]:3128", "http://[fd00::1]:3128"),
        ] {
            assert_eq!(text.parse().map(|proxy: Proxy| proxy.to_string()), Ok(shown.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_proxy_is_refused() {
        for wrong in [
            "",
            "proxy:3128",
            "https://proxy:3128",
            "socks5://proxy",
            "http://",
            "http://a/b",
            "http://u:p@a",
        ] {
            assert!(wrong.parse::<Proxy>().is_err(), "{wrong}");
        }
    }
}
