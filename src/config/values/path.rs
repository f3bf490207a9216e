//! A path that takes deliveries: `/hooks`, or `/hooks/*` for everything below.

use std::fmt;
use std::str::FromStr;

use super::Fault;
use crate::config::PathPattern;

impl PathPattern {
    /// Every path.
    pub fn any() -> Self {
        Self::Prefix("/".to_owned())
    }

    /// Whether it takes `path`, as received.
    pub fn takes(&self, path: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == path,
            Self::Prefix(prefix) => path.starts_with(prefix.as_str()),
        }
    }
}

impl FromStr for PathPattern {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let path = text.strip_suffix('*').filter(|prefix| prefix.ends_with('/'));
        let exact = path.unwrap_or(text);
        if !exact.starts_with('/') || !exact.bytes().all(is_path_byte) {
            return Err(FORM.into());
        }
        check_escapes(exact)?;
        if exact.split('/').any(is_dot_segment) {
            return Err("has a dot segment, which no delivery's path may have".into());
        }
        Ok(match path {
            Some(prefix) => Self::Prefix(prefix.to_owned()),
            None => Self::Exact(exact.to_owned()),
        })
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(path) => f.write_str(path),
            Self::Prefix(prefix) => write!(f, "{prefix}*"),
        }
    }
}

/// `pchar`, the slash and the percent sign (RFC 3986 section 3.3), but no
/// asterisk: it would look like a wildcard and match only itself.
fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/%-._~!$&'()+,;=:@".contains(&byte)
}

/// Each percent sign begins an escape (RFC 3986 section 2.1), and none hides a
/// slash: the guard refuses such deliveries, so the pattern could never match.
fn check_escapes(path: &str) -> Result<(), Fault> {
    for after in path.split('%').skip(1) {
        match after.as_bytes() {
            [b'2', b'f' | b'F', ..] | [b'5', b'c' | b'C', ..] => {
                return Err("has an encoded slash, which no delivery's path may have".into());
            }
            [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {}
            _ => return Err(FORM.into()),
        }
    }
    Ok(())
}

fn is_dot_segment(segment: &str) -> bool {
    let decoded = segment.replace("%2e", ".").replace("%2E", ".");
    decoded == "." || decoded == ".."
}

const FORM: &str = "expected a path without query, such as /hooks, or /hooks/* for everything below it";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_paths_and_prefixes_are_read() {
        for (text, pattern) in [
            ("/", PathPattern::Exact("/".to_owned())),
            ("/*", PathPattern::any()),
            ("/hooks", PathPattern::Exact("/hooks".to_owned())),
            ("/hooks/*", PathPattern::Prefix("/hooks/".to_owned())),
            ("/a%20b/...", PathPattern::Exact("/a%20b/...".to_owned())),
        ] {
            assert_eq!(text.parse(), Ok(pattern), "{text}");
        }
    }

    #[test]
    fn what_no_delivery_can_match_is_refused() {
        for wrong in [
            "",
            "hooks",
            "*",
            "/hooks*",
            "/*/hooks",
            "/a?b",
            "/a#b",
            "/a b",
            "/é",
            "/a/../b",
            "/a/%2E%2e",
            "/.",
            "/a%2fb",
            "/a%5Cb",
            "/a\\b",
            "/a%",
            "/a%zz",
            "/a%é",
        ] {
            assert!(wrong.parse::<PathPattern>().is_err(), "{wrong}");
        }
    }
}
