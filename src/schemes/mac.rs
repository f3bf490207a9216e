//! Message authentication codes. The one file that touches HMAC (RFC 2104).
//!
//! Codes are compared through the MAC's own output type, in constant time, and
//! an expected code never leaves this file except to be sent by who signs.

use std::fmt;

use hmac::digest::{CtOutput, Output};
use hmac::{Hmac, KeyInit, Mac as _};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

use super::tag::Tag;

/// The hash of an HMAC (RFC 2104). SHA-1's collisions do not touch HMAC (RFC
/// 6194 section 3.3), but no new scheme should choose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// SHA-1 (FIPS 180-4), for providers that still use it.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Hash {
    /// Length of its codes.
    pub(super) const fn bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// A code being made. Cloning one that was only just keyed costs a copy, where
/// keying costs two compressions: a scheme keys its secrets once.
#[derive(Clone)]
pub(super) enum Mac {
    Sha1(Hmac<Sha1>),
    Sha256(Hmac<Sha256>),
    Sha384(Hmac<Sha384>),
    Sha512(Hmac<Sha512>),
}

/// The same for each hash.
macro_rules! each {
    ($mac:expr, $inner:ident => $do:expr) => {
        match $mac {
            Self::Sha1($inner) => $do,
            Self::Sha256($inner) => $do,
            Self::Sha384($inner) => $do,
            Self::Sha512($inner) => $do,
        }
    };
}

impl Mac {
    pub(super) fn new(hash: Hash, key: &[u8]) -> Self {
        match hash {
            Hash::Sha1 => Self::Sha1(keyed(key)),
            Hash::Sha256 => Self::Sha256(keyed(key)),
            Hash::Sha384 => Self::Sha384(keyed(key)),
            Hash::Sha512 => Self::Sha512(keyed(key)),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        each!(self, mac => mac.update(bytes));
    }

    /// Whether the code is one of `candidates`. Each is compared whole, and
    /// all of them are compared, so time tells nothing about a near miss.
    pub(super) fn matches_any<'t>(self, candidates: impl Iterator<Item = &'t Tag>) -> bool {
        each!(self, mac => is_any(&mac.finalize(), candidates))
    }

    /// The code itself, to be sent.
    pub(super) fn into_tag(self) -> Tag {
        let tag = each!(self, mac => Tag::new(&mac.finalize().into_bytes()));
        tag.expect("no code is longer than 64 bytes")
    }
}

fn keyed<M: KeyInit>(key: &[u8]) -> M {
    M::new_from_slice(key).expect("HMAC takes keys of any length: RFC 2104 section 3")
}

fn is_any<'t, M: hmac::digest::OutputSizeUser>(
    expected: &CtOutput<M>,
    candidates: impl Iterator<Item = &'t Tag>,
) -> bool {
    candidates.fold(false, |found, candidate| {
        let candidate = Output::<M>::try_from(candidate.as_bytes());
        found | candidate.is_ok_and(|candidate| *expected == CtOutput::new(candidate))
    })
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mac(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schemes::Encoding;

    fn mac(hash: Hash) -> Mac {
        // RFC 4231 section 4.3 and RFC 2202 section 3, test case 2.
        let mut mac = Mac::new(hash, b"Jefe");
        mac.update(b"what do ya want ");
        mac.update(b"for nothing?");
        mac
    }

    #[test]
    fn the_codes_are_those_of_rfc_2202_and_rfc_4231() {
        for (hash, expected) in [
            (Hash::Sha1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
            (Hash::Sha256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
            (
                Hash::Sha384,
                "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
            ),
            (
                Hash::Sha512,
                "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fd\
                 caeab1a34d4a6b4b636e070a38bce737",
            ),
        ] {
            let tag = mac(hash).into_tag();
            assert_eq!(Encoding::Hex.encode(tag.as_bytes()), expected, "{hash:?}");
            assert_eq!(tag.as_bytes().len(), hash.bytes(), "{hash:?}");
        }
    }

    #[test]
    fn one_of_many_candidates_is_enough_and_none_is_not() {
        for hash in [Hash::Sha1, Hash::Sha256, Hash::Sha384, Hash::Sha512] {
            let good = mac(hash).into_tag();
            let mut near = good.as_bytes().to_vec();
            near[hash.bytes() - 1] ^= 1;
            let near = Tag::new(&near).expect("as long");
            let short = Tag::new(&good.as_bytes()[1..]).expect("shorter");
            assert!(mac(hash).matches_any([near, good, short].iter()), "{hash:?}");
            assert!(!mac(hash).matches_any([near, short].iter()), "{hash:?}");
            assert!(!mac(hash).matches_any([].iter()), "{hash:?}");
        }
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", mac(Hash::Sha256)), "Mac(redacted)");
    }
}
