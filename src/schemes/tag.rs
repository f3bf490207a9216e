//! A signature as it stands on the wire, decoded: not secret, not yet believed.

use crate::schemes::encoding::Encoding;

/// The longest signature of a template: ECDSA over P-256 in DER (RFC 3279
/// section 2.2.3), a sequence of two integers of at most 33 bytes.
const BYTES_MAX: usize = 72;

/// The bytes of one signature or code. Without the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag {
    bytes: [u8; BYTES_MAX],
    length: usize,
}

impl Tag {
    /// `None` where `bytes` are more than any signature has.
    pub(super) fn new(bytes: &[u8]) -> Option<Self> {
        let mut tag = Self { bytes: [0; BYTES_MAX], length: bytes.len() };
        tag.bytes.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(tag)
    }

    /// The signature that `text` spells.
    pub(super) fn decode(encoding: Encoding, text: &[u8]) -> Option<Self> {
        let mut bytes = [0; BYTES_MAX];
        let length = encoding.decode_into(text, &mut bytes)?;
        Some(Self { bytes, length })
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// A signature, and which of the scheme's headers it came in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) tag: Tag,
    pub(super) header: u8,
}
