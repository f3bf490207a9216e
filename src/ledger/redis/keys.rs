//! Names in Redis.
//!
//! `prefix:{tag}` and what follows. The braces are a hash tag (Redis Cluster
//! specification, "Hash tags"): the keys of one source are in one slot, so that
//! each script runs on one node, which has the source's rate beside its
//! entries. The names are the same whether there is a Cluster or not.
//!
//! Nothing of a delivery is readable in a key: tags and entries are hashes.

use std::fmt::Write as _;

use crate::ledger::{LedgerKey, SourceTag};

/// The names of one source's keys.
#[derive(Debug)]
pub(super) struct SourceKeys {
    pub(super) tag: SourceTag,
    stem: String,
    /// Its watermark and what belongs to it; never expires.
    pub(super) record: String,
    /// Its rate.
    pub(super) rate: String,
}

impl SourceKeys {
    pub(super) fn new(prefix: &str, tag: SourceTag) -> Self {
        let mut stem = format!("{prefix}:{{");
        for byte in tag.0 {
            write!(stem, "{byte:02x}").expect("a string takes everything");
        }
        stem.push('}');
        Self { tag, record: format!("{stem}source"), rate: format!("{stem}rate"), stem }
    }

    /// The entry of `key`: the stem and 32 raw bytes. No other name is that
    /// long.
    pub(super) fn entry(&self, key: LedgerKey) -> Vec<u8> {
        [self.stem.as_bytes(), &key.0].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_keys_of_a_source_carry_its_hash_tag_and_no_name() {
        let keys = SourceKeys::new("countersign", SourceTag::new("github"));
        let entry = keys.entry(LedgerKey([7; 32]));
        assert_eq!(entry.len(), "countersign:{}".len() + 16 + 32);
        let stem = keys.record.strip_suffix("source").unwrap();
        assert!(keys.rate.starts_with(stem) && entry.starts_with(stem.as_bytes()));
        assert!(!stem.contains("github"));
        assert_eq!(stem, "countersign:{c0b0109d9439de57}", "what is in Redis keeps its name");
    }
}
