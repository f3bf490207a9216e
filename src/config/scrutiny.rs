//! A source under scrutiny: what `countersign explain` judges a captured request
//! by, and what it needs to judge it in other ways too.

use super::guard::SourceConfig;
use crate::keys::Secret;
use crate::schemes::{Credential, Row, SchemeOptions};

/// A source as the guard would run it, and what its schemes were made from.
#[derive(Debug)]
pub struct Scrutiny {
    /// The source.
    pub source: SourceConfig,
    /// For each of its schemes what it was compiled from. At least one.
    pub keyings: Vec<Keying>,
    /// Secrets to try besides, each with the file it is from.
    pub others: Vec<(String, Secret)>,
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
