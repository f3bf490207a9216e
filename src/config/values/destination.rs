//! Where the signer delivers: `https://consumer.example/hooks`.
//!
//! A URL is text from a customer, and readers of URLs disagree about the odd
//! ones: what one takes for a user name is a host to the next. So there is no
//! user information, no fragment, no backslash, and nothing but visible ASCII.

use std::fmt;

use http::uri::PathAndQuery;

use super::Fault;
use super::authority::Authority;

/// A consumer's URL, read and well formed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    protection: Protection,
    authority: Authority,
    base: PathAndQuery,
}

/// Whether TLS protects the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// `http`: for tests on loopback, where it was asked for by name.
    Plain,
    /// `https`.
    Tls,
}

impl Destination {
    /// Reads a URL. `http` is refused unless plain connections were asked for.
    pub fn read(text: &str, allow_plain: bool) -> Result<Self, Fault> {
        if text.len() > URL_BYTES_MAX {
            return Err("expected a URL of at most 2048 bytes".into());
        }
        if text.chars().any(|c| c.is_ascii() && !c.is_ascii_graphic() || c == '\\') {
            return Err("expected a URL without spaces, control characters and backslashes".into());
        }
        if text.contains('#') {
            return Err("expected a URL without a fragment: it is never sent".into());
        }
        let (protection, rest) = if let Some(rest) = text.strip_prefix("https://") {
            (Protection::Tls, rest)
        } else if let Some(rest) = text.strip_prefix("http://") {
            (Protection::Plain, rest)
        } else {
            return Err(FORM.into());
        };
        if protection == Protection::Plain && !allow_plain {
            return Err(FORM.into());
        }
        let (authority, base) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err("expected a URL without user name and password: there are settings for them".into());
        }
        Ok(Self {
            protection,
            authority: Authority::read(authority, protection.default_port())?,
            base: read_base(base)?,
        })
    }

    /// Whether TLS protects the connection.
    pub fn protection(&self) -> Protection {
        self.protection
    }

    /// Host and port.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Path and query, at least `/`.
    pub fn base(&self) -> &PathAndQuery {
        &self.base
    }

    /// The URL of a request there whose path and query are `target`.
    pub(crate) fn url_of(&self, target: &str) -> String {
        format!("{}://{}{target}", self.protection.scheme(), self.host_field())
    }

    /// Host and port as a request names them (RFC 9110 section 7.2): without
    /// the port if it is the scheme's own.
    pub fn host_field(&self) -> String {
        if self.authority.port() == self.protection.default_port() {
            self.authority.host().to_string()
        } else {
            self.authority.to_string()
        }
    }
}

impl Protection {
    fn scheme(self) -> &'static str {
        match self {
            Self::Plain => "http",
            Self::Tls => "https",
        }
    }

    fn default_port(self) -> u16 {
        match self {
            Self::Plain => 80,
            Self::Tls => 443,
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.protection.scheme(), self.host_field(), self.base)
    }
}

/// Dot segments are refused: whether they are removed, and before or after
/// percent-decoding, differs from server to server (RFC 3986 section 5.2.4).
fn read_base(text: &str) -> Result<PathAndQuery, Fault> {
    if !text.is_ascii() {
        return Err("expected a path and query in ASCII: percent-encode the rest".into());
    }
    let path = text.split('?').next().unwrap_or(text).to_ascii_lowercase().replace("%2e", ".");
    if path.split('/').any(|segment| segment == "." || segment == "..") {
        return Err("expected a path without dot segments".into());
    }
    let slash = if text.starts_with('/') { "" } else { "/" };
    PathAndQuery::try_from(format!("{slash}{text}"))
        .map_err(|_| "expected a path and query as in a URL".into())
}

const FORM: &str = "expected an https URL, such as https://consumer.example/hooks";

/// Far above what consumers hand out, far below what servers refuse.
const URL_BYTES_MAX: usize = 2048;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn destinations_are_read_and_shown() {
        for (text, shown) in [
            ("https://consumer.example", "https://consumer.example/"),
            ("https://consumer.example:443/hooks", "https://consumer.example/hooks"),
            (
                "https://Consumer.example:8443/Hooks/%41?a=1&b=%20",
                "https://consumer.example:8443/Hooks/%41?a=1&b=%20",
            ),
            ("https://consumer.example?a", "https://consumer.example/?a"),
            ("https://[2001:db8::1]/a//b", "https://[2001:db8::1]/a//b"),
            ("https://consumer.example/@me", "https://consumer.example/@me"),
            ("http://127.0.0.1:3000/", "http://127.0.0.1:3000/"),
        ] {
            let read = Destination::read(text, true).map(|destination| destination.to_string());
            assert_eq!(read, Ok(shown.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_a_public_url_is_refused() {
        let long = format!("https://a.example/{}", "x".repeat(URL_BYTES_MAX));
        for wrong in [
            "",
            "a.example",
            "//a.example",
            "ftp://a.example",
            "https:a.example",
            "https:/a.example",
            "https://",
            "https:///a.example",
            "https://?a.example",
            "https://user@a.example",
            "https://a.example@127.0.0.1/",
            "https://a.example:443@127.0.0.1",
            "https://a.example#@127.0.0.1",
            "https://a.example/#fragment",
            "https://a.example\\@127.0.0.1/",
            "https://127.0.0.1\\.a.example/",
            "https://a.example/\r\nHost: b",
            "https://a.example/ b",
            " https://a.example",
            "https://a.example/\t",
            "https://a.example\u{2044}.b",
            "https://a.example/\u{2025}",
            "https://a.example/a/../b",
            "https://a.example/.",
            "https://a.example/%2e%2E/b",
            "https://a.example/.%2e/b?c",
            "https://127.1/",
            "https://a.example:0/",
            &long,
        ] {
            assert!(Destination::read(wrong, true).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn plain_is_taken_only_where_it_was_asked_for() {
        assert!(Destination::read("http://127.0.0.1/", true).is_ok());
        assert_eq!(Destination::read("http://127.0.0.1/", false), Err(FORM.into()));
        assert!(Destination::read("https://127.0.0.1/", false).is_ok());
    }

    proptest! {
        #[test]
        fn what_is_read_and_shown_is_read_again(text in "https?://[a-z0-9.:\\[\\]@%]{0,16}[/?a-z0-9%.#]{0,16}|\\PC*") {
            if let Ok(destination) = Destination::read(&text, true) {
                let shown = destination.to_string();
                prop_assert_eq!(Destination::read(&shown, true), Ok(destination));
                // The reader that the HTTP library uses sees the same host.
                let uri: http::Uri = shown.parse().map_err(|e| TestCaseError::fail(format!("{shown}: {e}")))?;
                prop_assert_eq!(uri.path_and_query().map(ToString::to_string), Some(Destination::read(&text, true).expect("it was read").base().to_string()));
            }
        }
    }
}
