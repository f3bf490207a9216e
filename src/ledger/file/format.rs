//! What the bytes of the journal mean.
//!
//! A file begins with a [`Header`]; records follow. A record is its kind, the
//! kind's complement, a body whose length the kind decides, and the CRC-32
//! (IEEE) of all of it. Numbers are little-endian. The complement tells a record
//! that was cut short, which begins as a record does, from one that was damaged:
//! no single changed byte turns the one into the other.
//!
//! The first [`HEADER_BYTES`] bytes mean the same in every version.

use super::boot::Boot;
use crate::clock::UnixTime;
use crate::config::Fsync;
use crate::ledger::change::{Change, Kept};
use crate::ledger::entry::Remembered;
use crate::ledger::{LedgerKey, SourceTag};
use crate::schemes::Digest;

pub(super) const HEADER_BYTES: usize = 40;
pub(super) const RECORD_BYTES_MAX: usize = 2 + KEPT_BYTES + CRC_BYTES;

const MAGIC: &[u8; 8] = b"CSLEDGER";
const VERSION: u16 = 1;
const CRC_BYTES: usize = 4;
const KEPT_BYTES: usize = 89;

/// How a file introduces itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: FileKind,
    /// Its place among its kind. A snapshot has what all journals up to its own
    /// number say.
    pub(super) number: u64,
    /// When it reaches the disk.
    pub(super) fsync: Fsync,
    /// Under which run of the operating system it was begun.
    pub(super) boot: Boot,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileKind {
    /// Changes, in their order.
    Journal,
    /// Entries, in no order.
    Snapshot,
}

/// Why a header says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeaderFault {
    /// It is whole, and of a later program.
    Version(u16),
    /// It is not a header, or not any more.
    Damaged,
}

/// What a record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Record {
    /// An entry changed.
    Change(Change),
    /// An accepted entry; of snapshots.
    Entry(Kept),
    /// Nothing that `source` signed after `at` was forgotten.
    Watermark { source: SourceTag, at: UnixTime },
    /// The process ended in good order, and nothing follows.
    Closed,
    /// The snapshot is complete: so many records came before.
    Complete { records: u64 },
}

/// A record as bytes.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    bytes: [u8; RECORD_BYTES_MAX],
    length: usize,
}

impl Frame {
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    fn put(&mut self, bytes: &[u8]) {
        self.bytes[self.length..][..bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }

    fn put_time(&mut self, time: UnixTime) {
        self.put(&time.as_millis().to_le_bytes());
    }

    fn put_kept(&mut self, kept: &Kept) {
        let Kept { key, source, remembered: Remembered { content, signed_at, until } } = kept;
        self.put(&key.0);
        self.put(content.as_bytes());
        self.put(&source.0);
        self.put(&[u8::from(signed_at.is_some())]);
        self.put_time(signed_at.unwrap_or(UnixTime::EPOCH));
        self.put_time(*until);
    }
}

impl Header {
    pub(super) fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..10].copy_from_slice(&VERSION.to_le_bytes());
        bytes[10] = match self.kind {
            FileKind::Journal => 1,
            FileKind::Snapshot => 2,
        };
        bytes[11] = match self.fsync {
            Fsync::Always => 1,
            Fsync::Interval => 2,
        };
        bytes[12..20].copy_from_slice(&self.number.to_le_bytes());
        bytes[20..36].copy_from_slice(&self.boot.0);
        let crc = crc32fast::hash(&bytes[..36]);
        bytes[36..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    pub(super) fn decode(bytes: &[u8; HEADER_BYTES]) -> Result<Self, HeaderFault> {
        let mut rest = Fields(bytes);
        let magic: [u8; 8] = rest.take();
        let version = u16::from_le_bytes(rest.take());
        let [kind, fsync] = rest.take();
        let number = u64::from_le_bytes(rest.take());
        let boot = Boot(rest.take());
        let whole = &magic == MAGIC && u32::from_le_bytes(rest.take()) == crc32fast::hash(&bytes[..36]);
        if !whole {
            return Err(HeaderFault::Damaged);
        }
        if version != VERSION {
            return Err(HeaderFault::Version(version));
        }
        let kind = match kind {
            1 => FileKind::Journal,
            2 => FileKind::Snapshot,
            _ => return Err(HeaderFault::Damaged),
        };
        let fsync = match fsync {
            1 => Fsync::Always,
            2 => Fsync::Interval,
            _ => return Err(HeaderFault::Damaged),
        };
        Ok(Self { kind, number, fsync, boot })
    }
}

/// The kinds of records.
mod kind {
    pub(super) const CLAIMED: u8 = 1;
    pub(super) const ACCEPTED: u8 = 2;
    pub(super) const RELEASED: u8 = 3;
    pub(super) const RENEWED: u8 = 4;
    pub(super) const ENTRY: u8 = 5;
    pub(super) const WATERMARK: u8 = 6;
    pub(super) const CLOSED: u8 = 7;
    pub(super) const COMPLETE: u8 = 8;
}

/// How long the body of a record is; `None` for a kind that is none.
const fn body_bytes(kind: u8) -> Option<usize> {
    Some(match kind {
        kind::CLAIMED | kind::ENTRY => KEPT_BYTES,
        kind::ACCEPTED => 40,
        kind::RELEASED => 32,
        kind::RENEWED => 48,
        kind::WATERMARK => 16,
        kind::CLOSED => 0,
        kind::COMPLETE => 8,
        _ => return None,
    })
}

impl Record {
    pub(super) fn encode(&self) -> Frame {
        let mut frame = Frame { bytes: [0; RECORD_BYTES_MAX], length: 2 };
        let kind = match self {
            Self::Change(Change::Claimed(kept)) => {
                frame.put_kept(kept);
                kind::CLAIMED
            }
            Self::Change(Change::Accepted { key, until }) => {
                frame.put(&key.0);
                frame.put_time(*until);
                kind::ACCEPTED
            }
            Self::Change(Change::Released { key }) => {
                frame.put(&key.0);
                kind::RELEASED
            }
            Self::Change(Change::Renewed { key, signed_at, until }) => {
                frame.put(&key.0);
                frame.put_time(*signed_at);
                frame.put_time(*until);
                kind::RENEWED
            }
            Self::Entry(kept) => {
                frame.put_kept(kept);
                kind::ENTRY
            }
            Self::Watermark { source, at } => {
                frame.put(&source.0);
                frame.put_time(*at);
                kind::WATERMARK
            }
            Self::Closed => kind::CLOSED,
            Self::Complete { records } => {
                frame.put(&records.to_le_bytes());
                kind::COMPLETE
            }
        };
        (frame.bytes[0], frame.bytes[1]) = (kind, !kind);
        let crc = crc32fast::hash(frame.as_bytes());
        frame.put(&crc.to_le_bytes());
        frame
    }

    /// What stands at the beginning of `bytes`.
    pub(super) fn look(bytes: &[u8]) -> Look {
        let Some(body) = bytes.first().and_then(|kind| body_bytes(*kind)) else { return Look::Damaged };
        let kind = bytes[0];
        if bytes.get(1).is_some_and(|complement| *complement != !kind) {
            return Look::Damaged;
        }
        let length = 2 + body + CRC_BYTES;
        let Some(bytes) = bytes.get(..length) else { return Look::CutShort };
        let (said, crc) = bytes.split_at(2 + body);
        if crc != crc32fast::hash(said).to_le_bytes() {
            return Look::Damaged;
        }
        Self::decode(kind, &said[2..]).map_or(Look::Damaged, |record| Look::Record { record, length })
    }

    /// `body` is as long as `kind` says.
    fn decode(kind: u8, body: &[u8]) -> Option<Self> {
        let mut body = Fields(body);
        Some(match kind {
            kind::CLAIMED => Self::Change(Change::Claimed(body.kept()?)),
            kind::ACCEPTED => Self::Change(Change::Accepted { key: body.key(), until: body.time() }),
            kind::RELEASED => Self::Change(Change::Released { key: body.key() }),
            kind::RENEWED => {
                Self::Change(Change::Renewed { key: body.key(), signed_at: body.time(), until: body.time() })
            }
            kind::ENTRY => Self::Entry(body.kept()?),
            kind::WATERMARK => Self::Watermark { source: SourceTag(body.take()), at: body.time() },
            kind::CLOSED => Self::Closed,
            kind::COMPLETE => Self::Complete { records: u64::from_le_bytes(body.take()) },
            _ => return None,
        })
    }
}

/// What stands at some place of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// A record.
    Record { record: Record, length: usize },
    /// The beginning of one, up to the last byte there is.
    CutShort,
    /// Neither.
    Damaged,
}

/// The fields of a header or body, one after the other.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (first, rest) = self.0.split_first_chunk().expect("the length was checked before");
        self.0 = rest;
        *first
    }

    fn key(&mut self) -> LedgerKey {
        LedgerKey(self.take())
    }

    fn time(&mut self) -> UnixTime {
        UnixTime::from_millis(u64::from_le_bytes(self.take()))
    }

    fn kept(&mut self) -> Option<Kept> {
        let (key, content) = (self.key(), Digest::from_bytes(self.take()));
        let source = SourceTag(self.take());
        let is_signed = match self.take() {
            [0] => false,
            [1] => true,
            _ => return None,
        };
        let (signed_at, until) = (self.time(), self.time());
        let signed_at = is_signed.then_some(signed_at);
        Some(Kept { key, source, remembered: Remembered { content, signed_at, until } })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{kept, records};
    use super::*;

    #[test]
    fn a_record_reads_as_it_was_written() {
        for record in records() {
            let frame = record.encode();
            let length = frame.as_bytes().len();
            assert_eq!(Record::look(frame.as_bytes()), Look::Record { record, length });
        }
    }

    #[test]
    fn a_record_cut_anywhere_is_cut_short_and_never_damaged() {
        for record in records() {
            let frame = record.encode();
            for length in 1..frame.as_bytes().len() {
                assert_eq!(Record::look(&frame.as_bytes()[..length]), Look::CutShort, "{record:?} {length}");
            }
        }
    }

    #[test]
    fn a_changed_byte_is_damage_and_never_cut_short() {
        for record in records() {
            let frame = record.encode();
            for at in 0..frame.as_bytes().len() {
                for flip in 1..=u8::MAX {
                    let mut bytes = frame.as_bytes().to_vec();
                    bytes[at] ^= flip;
                    assert_eq!(Record::look(&bytes), Look::Damaged, "{record:?} {at} {flip}");
                }
            }
        }
    }

    #[test]
    fn a_header_reads_as_it_was_written_and_no_byte_of_it_may_change() {
        let header =
            Header { kind: FileKind::Snapshot, number: 7, fsync: Fsync::Interval, boot: Boot([9; 16]) };
        assert_eq!(Header::decode(&header.encode()), Ok(header));
        for at in 0..HEADER_BYTES {
            let mut bytes = header.encode();
            bytes[at] ^= 1;
            assert_eq!(Header::decode(&bytes), Err(HeaderFault::Damaged), "{at}");
        }
    }

    #[test]
    fn the_bytes_of_an_entry_are_as_documented() {
        assert_eq!(Record::Entry(kept(1)).encode().as_bytes().len(), 95);
        let until = UnixTime::EPOCH;
        let key = kept(1).key;
        assert_eq!(Record::Change(Change::Accepted { key, until }).encode().as_bytes().len(), 46);
    }
}
