//! Accounting for every byte of a journal; for fuzz targets alone.

use super::format::Record;
use super::reader::{Found, Reader};
use super::replay::Replay;
use crate::clock::UnixTime;
use crate::config::OnUnknown;

/// Where the bytes of a journal went, and what it comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Bytes of records.
    pub in_records: u64,
    /// Bytes of nothing.
    pub in_damage: u64,
    /// Bytes of a record that was cut short.
    pub in_torn_tail: u64,
    /// The records, written anew.
    pub rewritten: Vec<u8>,
    /// Live entries at the epoch.
    pub entries: usize,
}

/// Reads `bytes`, which would stand behind a header.
pub fn account(bytes: &[u8]) -> Account {
    let mut account =
        Account { in_records: 0, in_damage: 0, in_torn_tail: 0, rewritten: Vec::new(), entries: 0 };
    let mut replay = Replay::new(OnUnknown::Hold);
    let mut reader = Reader::new(bytes);
    while let Some(found) = reader.next().expect("memory can be read") {
        match found {
            Found::Record(record) => {
                let frame = Record::encode(&record);
                account.in_records += frame.as_bytes().len() as u64;
                account.rewritten.extend_from_slice(frame.as_bytes());
                replay.apply(&record);
            }
            Found::Damage(span) => account.in_damage += span.bytes,
            Found::TornTail(span) => account.in_torn_tail += span.bytes,
        }
    }
    replay.conclude(UnixTime::EPOCH, |_| account.entries += 1);
    account
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::records;
    use super::*;

    /// Records, with pieces of anything between them.
    fn journals() -> impl Strategy<Value = Vec<u8>> {
        let record = prop::sample::select(records()).prop_map(|record| record.encode().as_bytes().to_vec());
        let piece = prop_oneof![3 => record, 1 => prop::collection::vec(any::<u8>(), 0..120)];
        prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn every_byte_is_accounted_for_and_records_read_the_same_again(bytes in journals()) {
            let first = account(&bytes);
            prop_assert_eq!(first.in_records + first.in_damage + first.in_torn_tail, bytes.len() as u64);
            let again = account(&first.rewritten);
            prop_assert_eq!((again.in_damage, again.in_torn_tail), (0, 0));
            prop_assert_eq!((&again.rewritten, again.entries), (&first.rewritten, first.entries));
        }
    }
}
