//! Where the receiver app listens: `http://host:port`, `https://host[:port]` or
//! `unix:/path`.

use std::fmt;
use std::net::Ipv6Addr;
use std::path::PathBuf;
use std::str::FromStr;

use rustls_pki_types::ServerName;

use super::{Fault, UNIX_PATH_BYTES_MAX};
use crate::config::Upstream;

impl FromStr for Upstream {
    type Err = Fault;

    /// Without the CA of an `https` upstream, which is a setting of its own.
    fn from_str(text: &str) -> Result<Self, Fault> {
        if let Some(path) = text.strip_prefix("unix:") {
            return unix(path);
        }
        if let Some(authority) = text.strip_prefix("http://") {
            return host_and_port(authority, 80).map(|(host, port)| Self::Http { host, port });
        }
        if let Some(authority) = text.strip_prefix("https://") {
            return host_and_port(authority, 443).map(|(host, port)| Self::Https { host, port, ca: None });
        }
        Err(FORM.into())
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, host, port) = match self {
            Self::Unix(path) => return write!(f, "unix:{}", path.display()),
            Self::Http { host, port } => ("http", host, port),
            Self::Https { host, port, .. } => ("https", host, port),
        };
        // RFC 3986 section 3.2.2: an IPv6 address stands in brackets.
        if host.contains(':') {
            write!(f, "{scheme}://[{host}]:{port}")
        } else {
            write!(f, "{scheme}://{host}:{port}")
        }
    }
}

fn unix(path: &str) -> Result<Upstream, Fault> {
    if !path.starts_with('/') || path.contains('\0') {
        return Err(FORM.into());
    }
    if path.len() > UNIX_PATH_BYTES_MAX {
        return Err("has a path longer than the 107 bytes that a Unix socket address holds".into());
    }
    Ok(Upstream::Unix(PathBuf::from(path)))
}

fn host_and_port(authority: &str, default_port: u16) -> Result<(String, u16), Fault> {
    // One slash at the end is what browsers add, and means nothing.
    let authority = authority.strip_suffix('/').unwrap_or(authority);
    if authority.contains(['/', '?', '#', '@']) {
        return Err("expected host and port alone: each delivery keeps its own path and query".into());
    }
    let (host, port) = match authority.strip_prefix('[').and_then(|six| six.split_once(']')) {
        Some((host, port)) => (host.parse::<Ipv6Addr>().map_err(|_| FORM)?.to_string(), port),
        None => host_name(&authority[..authority.find(':').unwrap_or(authority.len())])
            .map(|host| (host.to_owned(), &authority[host.len()..]))?,
    };
    match port.strip_prefix(':') {
        None if port.is_empty() => Ok((host, default_port)),
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            let port = digits.parse().ok().filter(|port| *port > 0).ok_or(FORM)?;
            Ok((host, port))
        }
        _ => Err(FORM.into()),
    }
}

/// A DNS name or an IPv4 address.
fn host_name(host: &str) -> Result<&str, Fault> {
    ServerName::try_from(host).map(|_| host).map_err(|_| FORM.into())
}

const FORM: &str =
    "expected http://host:port, https://host[:port] or unix:/path, such as http://127.0.0.1:3000";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upstreams_are_read_and_shown() {
        for (text, shown) in [
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
            ("http://app:3000/", "http://app:3000"),
            ("http://my_app", "http://my_app:80"),
            ("https://app.example", "https://app.example:443"),
            ("https://[::1]:8443", "https://[::1]:8443"),
            ("unix:/run/app.sock", "unix:/run/app.sock"),
        ] {
            assert_eq!(
                text.parse().map(|upstream: Upstream| upstream.to_string()),
                Ok(shown.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_upstream_is_refused() {
        let long = format!("unix:/{}", "x".repeat(107));
        for wrong in [
            "",
            "127.0.0.1:3000",
            "ftp://app",
            "http://",
            "http://:3000",
            "http://app:",
            "http://app:0",
            "http://app:+80",
            "http://app:70000",
            "http://app:3000/hooks",
            "http://app?x",
            "http://user@app:3000",
            "http://[::1",
            "http://[app]:80",
            "http://a b:80",
            "http://::1:80",
            "unix:",
            "unix:run/app.sock",
            "unix:/a\0b",
            &long,
        ] {
            assert!(wrong.parse::<Upstream>().is_err(), "{wrong}");
        }
    }
}
