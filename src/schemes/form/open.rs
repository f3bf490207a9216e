//! The body step of a signed form.

use std::fmt;

use smallvec::SmallVec;

use super::FormCoverage;
use super::pairs::pairs;
use crate::schemes::digest::{Digest, Digesting};
use crate::schemes::encoding::Encoding;
use crate::schemes::mac::Mac;
use crate::schemes::proof::{Proof, ReplayIdentity};
use crate::schemes::refusal::Refusal;
use crate::schemes::tag::Tag;
use crate::schemes::validity::InTime;

/// A delivery whose head is in order and whose signature is still open.
pub(in crate::schemes) struct OpenForm {
    pub(super) keys: SmallVec<[Mac; 2]>,
    pub(super) in_time: InTime,
    pub(super) candidate: Tag,
    pub(super) spellings: [Option<String>; 2],
    pub(super) covers: FormCoverage,
    pub(super) each_once: bool,
}

impl OpenForm {
    /// Whether the signature holds over the URL, in one of its spellings, and
    /// over `body`.
    pub(in crate::schemes) fn finish(self, body: &[u8]) -> Result<Proof, Refusal> {
        let mut fields = Vec::new();
        if self.covers == FormCoverage::Fields {
            for_each_field(body, self.each_once, |bytes| fields.extend_from_slice(bytes))
                .ok_or(Refusal::SignatureMalformed)?;
        }
        // Each key over each spelling, matched or not: time tells nothing.
        let mut found = None;
        for (slot, key) in self.keys.iter().enumerate() {
            for url in self.spellings.iter().flatten() {
                let mut mac = key.clone();
                mac.update(url.as_bytes());
                mac.update(&fields);
                let holds = mac.matches_any(std::iter::once(&self.candidate));
                found = found.or((holds && self.in_time.has(slot)).then_some(slot));
            }
        }
        let slot = found.ok_or(Refusal::SignatureMismatch)?;
        let url = self.spellings[0].as_deref().unwrap_or_default();
        // The digest is part of what is signed: with another body nothing was.
        if let FormCoverage::DigestInQuery(name) = self.covers
            && digest_in_query(url, name)? != *Digest::of(body).as_bytes()
        {
            return Err(Refusal::SignatureMismatch);
        }
        let mut signed = Digesting::new();
        signed.update(url.as_bytes());
        signed.update(&fields);
        let identity = Some(ReplayIdentity::Content(signed.finish()));
        Ok(Proof { slot, signed_at: None, identity })
    }
}

/// Names and values in the order that is signed, equal pairs once if `each_once`;
/// `None` where they are too many.
pub(super) fn for_each_field(body: &[u8], each_once: bool, mut take: impl FnMut(&[u8])) -> Option<()> {
    let mut pairs = pairs(body)?;
    pairs.sort_unstable();
    if each_once {
        pairs.dedup();
    }
    for (name, value) in &pairs {
        take(name);
        take(value);
    }
    Some(())
}

/// The digest that the query of `url` has under `name`, exactly once.
pub(super) fn digest_in_query(url: &str, name: &str) -> Result<[u8; 32], Refusal> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let mut values =
        query.split('&').filter_map(|field| field.split_once('=')).filter(|(key, _)| *key == name);
    let (_, digest) = values.next().ok_or(Refusal::DigestMissing)?;
    if values.next().is_some() {
        return Err(Refusal::SignatureMismatch);
    }
    Encoding::Hex.decode(digest.as_bytes()).ok_or(Refusal::SignatureMismatch)
}

impl fmt::Debug for OpenForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenForm").field("secrets", &self.keys.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_signed_in_order_and_equal_ones_once_or_as_often_as_they_are_sent() {
        for (each_once, expected) in [(true, "B3ayazb2cx y"), (false, "B3ayazb2b2cx y")] {
            let mut signed = Vec::new();
            let take = |bytes: &[u8]| signed.extend_from_slice(bytes);
            for_each_field(b"b=2&a=z&B=3&a=y&b=2&c=x+y", each_once, take).expect("few");
            assert_eq!(signed, expected.as_bytes());
        }
    }

    #[test]
    fn the_digest_stands_in_the_query_exactly_once() {
        let hex = "00".repeat(32);
        let read = |query: String| digest_in_query(&format!("https://h/p?{query}"), "d");
        assert_eq!(read(format!("a=1&d={hex}&b=2")), Ok([0; 32]));
        assert_eq!(read("a=1".to_owned()), Err(Refusal::DigestMissing));
        assert_eq!(read(format!("D={hex}")), Err(Refusal::DigestMissing));
        assert_eq!(read(format!("d={hex}&d={hex}")), Err(Refusal::SignatureMismatch));
        assert_eq!(read("d=".to_owned()), Err(Refusal::SignatureMismatch));
    }
}
