//! Which source a request is for.
//!
//! Decided on the host and the path as they were received: nothing is decoded
//! or normalised, because the app behind the guard may read it differently. A
//! path that two parsers could read differently is refused instead.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use http::header;
use http::request::Parts;
use http::{HeaderValue, Method};

use crate::config::{Host, PathPattern};
use crate::guard::source::Source;

/// The sources by host and path.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    /// Of the sources that name hosts, in the spelling of [`Host`].
    of_hosts: HashMap<String, Paths<Arc<Source>>>,
    /// Of those that name none.
    of_any: Paths<Arc<Source>>,
}

impl Routes {
    /// The configuration has seen to it that no way leads to two sources.
    pub(crate) fn new(sources: &[Arc<Source>]) -> Self {
        let mut routes = Self::default();
        for source in sources {
            for path in &source.config.paths {
                if source.config.hosts.is_empty() {
                    routes.of_any.add(path, Arc::clone(source));
                }
                for host in &source.config.hosts {
                    routes.of_hosts.entry(host.to_string()).or_default().add(path, Arc::clone(source));
                }
            }
        }
        let Self { of_hosts, of_any } = &mut routes;
        of_hosts.values_mut().chain([of_any]).for_each(Paths::link);
        routes
    }

    /// The source for a request of the head `parts`. A host that sources name
    /// leads to them alone.
    pub(crate) fn find(&self, parts: &Parts) -> Option<&Arc<Source>> {
        let named = || self.of_hosts.get(&*spelling(host(parts)?)?);
        let paths = if self.of_hosts.is_empty() { None } else { named() };
        paths.unwrap_or(&self.of_any).find(parts.uri.path())
    }
}

/// Ways by path: an exact one wins over a prefix, a longer prefix over a
/// shorter one, whatever their order.
#[derive(Debug)]
struct Paths<T> {
    exact: HashMap<String, T>,
    /// In the order of their texts.
    prefixes: Vec<Prefix<T>>,
}

#[derive(Debug)]
struct Prefix<T> {
    text: String,
    /// The longest other prefix that this one begins with.
    within: Option<usize>,
    way: T,
}

impl<T> Default for Paths<T> {
    fn default() -> Self {
        Self { exact: HashMap::new(), prefixes: Vec::new() }
    }
}

impl<T> Paths<T> {
    fn add(&mut self, pattern: &PathPattern, way: T) {
        match pattern {
            PathPattern::Exact(path) => {
                self.exact.insert(path.clone(), way);
            }
            PathPattern::Prefix(text) => {
                self.prefixes.push(Prefix { text: text.clone(), within: None, way });
            }
        }
    }

    /// To be called once all are added.
    fn link(&mut self) {
        self.prefixes.sort_by(|one, other| one.text.cmp(&other.text));
        for at in 1..self.prefixes.len() {
            let text = &self.prefixes[at].text;
            self.prefixes[at].within = self.longest(at - 1, text);
        }
    }

    fn find(&self, path: &str) -> Option<&T> {
        if let Some(way) = self.exact.get(path) {
            return Some(way);
        }
        let after = self.prefixes.partition_point(|prefix| *prefix.text <= *path);
        self.longest(after.checked_sub(1)?, path).map(|at| &self.prefixes[at].way)
    }

    /// The longest prefix of `path` among those up to `at`, which is the last
    /// that is not greater than `path`. Whatever stands between a prefix of
    /// `path` and `path` itself begins with that prefix too, so it is found
    /// among what `at` lies within.
    fn longest(&self, at: usize, path: &str) -> Option<usize> {
        let mut candidates = std::iter::successors(Some(at), |at| self.prefixes[*at].within);
        candidates.find(|at| path.starts_with(&self.prefixes[*at].text))
    }
}

/// The host that the request is for, with its port.
fn host(parts: &Parts) -> Option<&str> {
    match parts.uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => parts.headers.get(header::HOST)?.to_str().ok(),
    }
}

/// The host without its port, as [`Host`] spells it.
fn spelling(authority: &str) -> Option<Cow<'_, str>> {
    if authority.starts_with('[') {
        let end = authority.find(']')?;
        return Some(authority[..=end].parse::<Host>().ok()?.to_string().into());
    }
    let host = authority.split(':').next()?;
    if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Some(host.to_ascii_lowercase().into());
    }
    Some(host.into())
}

/// The `Allow` field of a 405.
pub(crate) fn allow(methods: &[Method]) -> HeaderValue {
    let names: Vec<&str> = methods.iter().map(Method::as_str).collect();
    HeaderValue::from_str(&names.join(", ")).expect("method names are tokens, which are field values")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn paths<'p>(patterns: &[&'p str]) -> Paths<&'p str> {
        let mut paths = Paths::default();
        for pattern in patterns {
            paths.add(&pattern.parse().unwrap(), *pattern);
        }
        paths.link();
        paths
    }

    #[test]
    fn an_exact_path_is_stronger_than_any_prefix_and_a_long_one_than_a_short_one() {
        let paths = paths(&["/*", "/hooks/*", "/hooks/a", "/hooks/a/*", "/hooks/ab/*", "/z"]);
        for (path, found) in [
            ("/hooks/a", "/hooks/a"),
            ("/hooks/a/", "/hooks/a/*"),
            ("/hooks/a/b/c", "/hooks/a/*"),
            ("/hooks/aa/b", "/hooks/*"),
            ("/hooks/ab/c", "/hooks/ab/*"),
            ("/hooks/", "/hooks/*"),
            ("/hooks", "/*"),
            ("/zz", "/*"),
            ("/z", "/z"),
        ] {
            assert_eq!(paths.find(path).copied(), Some(found), "{path}");
        }
        assert_eq!(super::tests::paths(&["/hooks/*", "/x"]).find("/hooks"), None);
    }

    #[test]
    fn hosts_are_compared_without_case_and_port() {
        for (authority, host) in [
            ("Hooks.Example:8843", Some("hooks.example")),
            ("hooks.example", Some("hooks.example")),
            ("[2001:DB8::0001]:443", Some("2001:db8::1")),
            ("192.0.2.1:80", Some("192.0.2.1")),
            ("[2001:db8::1", None),
        ] {
            let shown = host.map(|host| host.parse::<Host>().unwrap().to_string());
            assert_eq!(spelling(authority).as_deref(), shown.as_deref(), "{authority}");
        }
    }

    proptest! {
        #[test]
        fn the_longest_prefix_is_found(
            texts in proptest::collection::btree_set("(/[ab]{0,2}){0,4}/", 1..12),
            path in "(/[ab]{0,2}){0,5}",
        ) {
            let mut paths = Paths::default();
            for text in &texts {
                paths.add(&PathPattern::Prefix(text.clone()), text);
            }
            paths.link();
            let longest = texts.iter().filter(|text| path.starts_with(*text)).max_by_key(|text| text.len());
            prop_assert_eq!(paths.find(&path).copied(), longest);
        }
    }
}
