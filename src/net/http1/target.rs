//! The request target (RFC 9112 section 3.2).
//!
//! Every form passes that the standard knows, so that policy sees and refuses
//! what it does not serve. What is not a target at all stops here: every byte
//! visible ASCII, no fragment.

use super::host::is_host;

/// Whether `target` has the form that `method` may use. What passes is taken
/// by [`http::Uri`] as well, so that hyper never answers in our stead.
pub(super) fn is_target(method: &str, target: &str) -> bool {
    if method == "CONNECT" {
        return is_host(target.as_bytes());
    }
    if target.starts_with('/') {
        return is_path_and_query(target);
    }
    (target == "*" && method == "OPTIONS") || is_absolute(target)
}

/// `http://` or `https://`, a host without user information, and a path.
fn is_absolute(target: &str) -> bool {
    let Some((scheme, rest)) = target.split_once("://") else { return false };
    let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    (scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"))
        && is_host(host.as_bytes())
        && is_path_and_query(path)
}

/// A path, and a query behind it if there is one.
pub(crate) fn is_path_and_query(text: &str) -> bool {
    let (path, query) = text.split_at(text.find('?').unwrap_or(text.len()));
    path.bytes().all(is_path_byte) && query.bytes().all(is_query_byte)
}

/// RFC 3986 section 3.3, and the visible bytes that clients are known to send
/// unescaped.
fn is_path_byte(byte: u8) -> bool {
    matches!(byte, b'!' | b'"' | b'$'..=b';' | b'=' | b'@'..=b'_' | b'a'..=b'~')
}

/// RFC 3986 section 3.4, likewise.
fn is_query_byte(byte: u8) -> bool {
    matches!(byte, b'!' | b'$'..=b';' | b'=' | b'?'..=b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_belongs_to_its_methods() {
        for (method, target, expected) in [
            ("POST", "/hooks?a=b/?c", true),
            ("POST", "/{a}|\"b\"", true),
            ("POST", "*", false),
            ("OPTIONS", "*", true),
            ("POST", "http://app.example/hooks", true),
            ("POST", "HTTPS://app.example:8443?x", true),
            ("POST", "http://user@app.example/", false),
            ("POST", "http:///hooks", false),
            ("POST", "ftp://app.example/", false),
            ("POST", "app.example:443", false),
            ("CONNECT", "app.example:443", true),
            ("CONNECT", "/hooks", false),
            ("POST", "/a#b", false),
            ("POST", "/a?b#c", false),
            ("POST", "/<a>", false),
            ("POST", "/caf\u{e9}", false),
            ("POST", "hooks", false),
            ("POST", "", false),
        ] {
            assert_eq!(is_target(method, target), expected, "{method} {target}");
        }
    }

    #[test]
    fn what_passes_is_a_uri() {
        for byte in 0..=0x7f_u8 {
            let byte = char::from(byte);
            for target in [format!("/a{byte}b"), format!("/a?{byte}b"), format!("http://a/{byte}b")] {
                assert!(!is_target("GET", &target) || target.parse::<http::Uri>().is_ok(), "{target:?}");
            }
        }
    }
}
