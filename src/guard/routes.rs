//! Which source a request is for.
//!
//! Decided on the path as it was received: nothing is decoded or normalised,
//! because the app behind the guard may read it differently. A path that two
//! parsers could read differently is refused instead.

use std::sync::Arc;

use http::HeaderValue;
use http::Method;

use crate::config::PathPattern;
use crate::guard::source::Source;

/// The sources with their paths, in the order of the configuration.
#[derive(Debug)]
pub(crate) struct Routes {
    sources: Vec<Arc<Source>>,
}

impl Routes {
    pub(crate) fn new(sources: Vec<Arc<Source>>) -> Self {
        Self { sources }
    }

    /// The source for `path`: an exact pattern wins over a prefix, a longer
    /// prefix over a shorter one, whatever their order.
    pub(crate) fn find(&self, path: &str) -> Option<&Arc<Source>> {
        let strength =
            |source: &Arc<Source>| source.config.paths.iter().filter_map(|p| strength(p, path)).max();
        let matching = self.sources.iter().filter_map(|source| Some((strength(source)?, source)));
        matching.max_by_key(|(strength, _)| *strength).map(|(_, source)| source)
    }
}

/// How closely a pattern describes `path`, or nothing where it does not match.
fn strength(pattern: &PathPattern, path: &str) -> Option<usize> {
    match pattern {
        PathPattern::Exact(exact) => (exact == path).then_some(usize::MAX),
        PathPattern::Prefix(prefix) => path.starts_with(prefix.as_str()).then_some(prefix.len()),
    }
}

/// The `Allow` field of a 405.
pub(crate) fn allow(methods: &[Method]) -> HeaderValue {
    let names: Vec<&str> = methods.iter().map(Method::as_str).collect();
    HeaderValue::from_str(&names.join(", ")).expect("method names are tokens, which are field values")
}

/// Whether `path` means the same to every parser: no dot segments, plain or
/// encoded, no encoded slash or backslash, no encoded NUL (CWE-22, CWE-436).
pub(crate) fn is_unambiguous(path: &str) -> bool {
    path.starts_with('/')
        && !path.contains('\\')
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

    #[test]
    fn an_exact_pattern_is_stronger_than_any_prefix() {
        let exact = strength(&PathPattern::Exact("/hooks/a".into()), "/hooks/a");
        let long = strength(&PathPattern::Prefix("/hooks/".into()), "/hooks/a");
        let short = strength(&PathPattern::Prefix("/".into()), "/hooks/a");
        assert!(exact > long && long > short && short.is_some());
        assert_eq!(strength(&PathPattern::Exact("/hooks".into()), "/hooks/"), None);
        assert_eq!(strength(&PathPattern::Prefix("/hooks/".into()), "/hooks"), None);
    }
}
