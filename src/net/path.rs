//! Paths that every reader of a URL takes for the same one.

/// Whether `path` means the same to every parser: no dot segments, plain or
/// encoded, no encoded slash or backslash, no encoded NUL (CWE-22, CWE-436).
pub(crate) fn is_unambiguous(path: &str) -> bool {
    if !path.starts_with('/') {
        return false;
    }
    // Without these there is nothing to misread, and most paths have none.
    if !path.bytes().any(|byte| matches!(byte, b'.' | b'%' | b'\\')) {
        return true;
    }
    !path.contains('\\')
        && path.split('/').all(|segment| !is_dot_segment(segment))
        && !encoded_octets(path).any(|octet| matches!(octet, b'/' | b'\\' | 0))
}

/// `.` and `..`, in any mixture of plain and percent-encoded dots
/// (RFC 3986 sections 3.3 and 6.2.2.2).
fn is_dot_segment(segment: &str) -> bool {
    // Parameters do not hide a dot segment from every server: `..;x` is one to some.
    let name = segment.split(';').next().unwrap_or(segment).as_bytes();
    let (mut dots, mut rest) = (0, name);
    loop {
        rest = match rest {
            [b'.', rest @ ..] | [b'%', b'2', b'e' | b'E', rest @ ..] => rest,
            [] => return matches!(dots, 1 | 2),
            _ => return false,
        };
        dots += 1;
    }
}

fn encoded_octets(path: &str) -> impl Iterator<Item = u8> + '_ {
    path.split('%').skip(1).filter_map(|after| u8::from_str_radix(after.get(..2)?, 16).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_two_parsers_read_differently_are_ambiguous() {
        for path in [
            "/a/../b",
            "/..",
            "/a/./b",
            "/%2e%2e/b",
            "/%2E./b",
            "/a%2fb",
            "/a%2Fb",
            "/a%5cb",
            "/a\\b",
            "/a%00",
            "/..;x/b",
            "*",
            "",
        ] {
            assert!(!is_unambiguous(path), "{path} should be refused");
        }
        for path in ["/", "/hooks", "/hooks/", "/a..b/c.d", "/...", "/a%20b", "/a%2", "/.well-known/x", "//a"]
        {
            assert!(is_unambiguous(path), "{path} should be taken");
        }
    }
}
