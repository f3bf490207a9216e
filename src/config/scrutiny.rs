//! Sources under scrutiny: what `countersign explain` judges a captured request
//! by, and what it needs to judge it in other ways too.

use super::guard::SourceConfig;
use crate::keys::Secret;
use crate::schemes::{Credential, Row, SchemeOptions};

/// Every source of a guard, and what is known besides.
#[derive(Debug)]
pub struct Scrutinies {
    /// The sources, at least one.
    pub sources: Vec<Scrutiny>,
    /// Secrets to try besides, each with the file it is from.
    pub others: Vec<(String, Secret)>,
}

/// A source as the guard would run it, and what its schemes were made from.
#[derive(Debug)]
pub struct Scrutiny {
    /// The source.
    pub source: SourceConfig,
    /// For each of its schemes what it was compiled from.
    pub keyings: Vec<Keying>,
}

/// What a scheme is compiled from.
#[derive(Clone, Debug)]
pub struct Keying {
    /// The row.
    pub preset: Row,
    /// The secrets, in the order of their slots.
    pub credentials: Vec<Credential>,
    /// What else was chosen.
    pub options: SchemeOptions,
}

impl Scrutinies {
    /// The source of a request: the first that takes its host and path, or the
    /// only one there is. A guard has a finer order, which matters only where
    /// several take it.
    pub fn of(&self, host: Option<&str>, path: &str) -> Option<&Scrutiny> {
        let takes = |scrutiny: &&Scrutiny| scrutiny.takes(host, path);
        match &self.sources[..] {
            [only] => Some(only),
            several => several.iter().find(takes),
        }
    }
}

impl Scrutiny {
    fn takes(&self, host: Option<&str>, path: &str) -> bool {
        let SourceConfig { hosts, paths, .. } = &self.source;
        let bare = host.map(|host| host.split(':').next().unwrap_or(host));
        let named =
            hosts.iter().any(|own| bare.is_some_and(|host| own.to_string().eq_ignore_ascii_case(host)));
        (hosts.is_empty() || named) && paths.iter().any(|pattern| pattern.takes(path))
    }
}
