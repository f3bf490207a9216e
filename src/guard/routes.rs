//! Which source a request is for.
//!
//! Decided on the path as it was received: nothing is decoded or normalised,
//! because the app behind the guard may read it differently. A path that two
//! parsers could read differently is refused instead.

use std::sync::Arc;

use http::HeaderValue;
use http::Method;

use crate::config::PathPattern;
use crate::guard::issuer::Issuer;
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

    /// Who publishes keys for the tokens of a source.
    pub(crate) fn issuers(&self) -> impl Iterator<Item = &Arc<Issuer>> {
        self.sources.iter().filter_map(|source| source.issuer.as_ref())
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

#[cfg(test)]
mod tests {
    use super::*;

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
