//! What several tests of the file engine need.

use super::format::Record;
use crate::clock::UnixTime;
use crate::ledger::change::{Change, Kept};
use crate::ledger::entry::Remembered;
use crate::ledger::{LedgerKey, SourceTag};
use crate::schemes::Digest;

pub(super) fn kept(number: u8) -> Kept {
    let signed_at = number.is_multiple_of(2).then_some(UnixTime::from_secs(1_700_000_000));
    let remembered =
        Remembered { content: Digest::of(&[number]), signed_at, until: UnixTime::from_secs(1_700_000_300) };
    Kept { key: LedgerKey([number; 32]), source: SourceTag::new("first"), remembered }
}

/// One of each kind.
pub(super) fn records() -> Vec<Record> {
    let Kept { key, source, .. } = kept(1);
    let (signed_at, until) = (UnixTime::from_secs(1_700_000_001), UnixTime::from_secs(1_700_000_301));
    vec![
        Record::Watermark { source, at: signed_at },
        Record::Change(Change::Claimed(kept(1))),
        Record::Change(Change::Claimed(kept(2))),
        Record::Change(Change::Accepted { key, until }),
        Record::Change(Change::Renewed { key, signed_at, until }),
        Record::Change(Change::Released { key: kept(2).key }),
        Record::Entry(kept(3)),
        Record::Complete { records: 3 },
        Record::Closed,
    ]
}
