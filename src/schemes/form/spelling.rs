//! A URL with its port and without: senders sign either.

/// The spellings of `url` that differ in its port: as it is, then the other.
/// The default port of a scheme can be left out or written; any other one can
/// be left out.
pub(super) fn spellings(url: &str) -> [Option<String>; 2] {
    [Some(url.to_owned()), other(url)]
}

fn other(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.find(['/', '?', '#']).map_or(rest, |end| &rest[..end]);
    let after = &rest[authority.len()..];
    // The colons of an IPv6 address are inside its brackets.
    let after_brackets = authority.rfind(']').map_or(0, |end| end + 1);
    let host_ends = authority[after_brackets..].find(':').map(|at| after_brackets + at);
    match (host_ends, scheme) {
        (Some(end), _) => Some(format!("{scheme}://{}{after}", &authority[..end])),
        (None, "https") => Some(format!("{scheme}://{authority}:443{after}")),
        (None, "http") => Some(format!("{scheme}://{authority}:80{after}")),
        (None, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_added_or_left_out() {
        for (url, expected) in [
            ("https://h.example/a?b=c:d", Some("https://h.example:443/a?b=c:d")),
            ("http://h.example?x", Some("http://h.example:80?x")),
            ("https://h.example:443/a", Some("https://h.example/a")),
            ("https://h.example:8443", Some("https://h.example")),
            ("https://[::1]/a", Some("https://[::1]:443/a")),
            ("https://[::1]:443/a", Some("https://[::1]/a")),
            ("wss://h.example/a", None),
            ("no url", None),
        ] {
            assert_eq!(other(url).as_deref(), expected, "{url}");
        }
    }
}
