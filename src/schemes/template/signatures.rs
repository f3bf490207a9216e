//! The signature header: its grammar, and the candidates it holds.

use std::borrow::Cow;

use http::HeaderName;
use smallvec::SmallVec;

use super::algorithm::Algorithm;
use crate::schemes::encoding::Encoding;
use crate::schemes::refusal::Refusal;
use crate::schemes::tag::{Candidate, Tag};

/// The most signatures in one header. A rotation needs two; each one more is
/// work that a stranger asks for.
pub const SIGNATURES_MAX: usize = 16;

/// The header that carries the signature.
#[derive(Clone, Debug)]
pub struct SignatureField {
    /// Its name.
    pub header: HeaderName,
    /// Further headers that may carry it beside or instead, one for each key of
    /// the sender: any of them may match. A secret whose name is the last part
    /// of one, such as `primary`, is for that one alone.
    pub more: &'static [&'static str],
    /// What its value looks like.
    pub grammar: Grammar,
    /// How each signature is spelled.
    pub encoding: Encoding,
}

/// What a signature header's value looks like.
#[derive(Clone, Debug)]
pub enum Grammar {
    /// One signature, after a fixed text that may be empty: `sha256=<hex>`.
    Whole {
        /// The fixed text.
        prefix: Cow<'static, str>,
    },
    /// Several tagged entries, any of which may match: `v1,<base64> v1,<base64>`
    /// or `t=1700000000,v1=<hex>`. Entries with another tag are of a version
    /// that we do not know, and are skipped.
    List {
        /// How the entries are told apart.
        syntax: ListSyntax,
        /// The tag of the version that we know.
        tag: &'static str,
    },
}

/// How the entries of a list are told apart. White space is not skipped, but for
/// the one blank that a list may be `spaced` with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListSyntax {
    /// Stands between two entries.
    pub between: u8,
    /// Stands between an entry's tag and its value.
    pub after_tag: u8,
    /// Whether one blank may follow `between`.
    pub spaced: bool,
}

/// One entry of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry<'h> {
    pub(super) tag: &'h [u8],
    pub(super) value: &'h [u8],
}

impl ListSyntax {
    /// The tagged entries of `list`, in order. What has no tag is no entry.
    pub(super) fn entries(self, list: &[u8]) -> impl Iterator<Item = Entry<'_>> {
        list.split(move |byte| *byte == self.between).enumerate().filter_map(move |(index, entry)| {
            let blank = entry.strip_prefix(b" ").filter(|_| self.spaced && index > 0);
            let entry = blank.unwrap_or(entry);
            let tag_end = entry.iter().position(|byte| *byte == self.after_tag)?;
            Some(Entry { tag: &entry[..tag_end], value: &entry[tag_end + 1..] })
        })
    }

    /// The text of one entry.
    pub(super) fn entry(self, tag: &str, value: &str) -> String {
        let mut entry = String::with_capacity(tag.len() + 1 + value.len());
        entry.push_str(tag);
        entry.push(self.after_tag.into());
        entry.push_str(value);
        entry
    }
}

/// What a header offers as its signature, decoded. Not secret, and not yet
/// believed. Without the heap for up to two, which is a rotation.
pub(super) type Candidates = SmallVec<[Candidate; 2]>;

impl SignatureField {
    /// Which of the headers a secret with `name` is for: `secondary` is the last part
    /// of `box-signature-secondary`.
    pub(in crate::schemes) fn number_of(&self, name: &str) -> Option<u8> {
        let headers = std::iter::once(self.header.as_str()).chain(self.more.iter().copied());
        (0..)
            .zip(headers)
            .find(|(_, header)| header.rsplit('-').next() == Some(name))
            .map(|(number, _)| number)
    }

    /// Adds the signatures in `value`, the value of the header with the number
    /// `header`, to `candidates`.
    ///
    /// An entry of the known version that cannot be decoded never matches; it
    /// does not spoil a good one beside it, just as an unknown version does not.
    pub(super) fn read(
        &self,
        algorithm: Algorithm,
        (header, value): (u8, &[u8]),
        candidates: &mut Candidates,
    ) -> Result<(), Refusal> {
        let decode = |text: &[u8]| {
            let tag = Tag::decode(self.encoding, text)?;
            algorithm.takes(tag.as_bytes().len()).then_some(Candidate { tag, header })
        };
        match &self.grammar {
            Grammar::Whole { prefix } => {
                candidates.extend(value.strip_prefix(prefix.as_bytes()).and_then(decode));
            }
            Grammar::List { syntax, tag } => {
                let known = syntax.entries(value).filter(|entry| entry.tag == tag.as_bytes());
                for (index, entry) in known.enumerate() {
                    if index == SIGNATURES_MAX {
                        return Err(Refusal::SignatureMalformed);
                    }
                    candidates.extend(decode(entry.value));
                }
            }
        }
        Ok(())
    }

    /// The value that carries `tags`, of which there is at least one: all of
    /// them in a list, after the entry of the timestamp if it goes here too;
    /// otherwise the first.
    pub(super) fn write(&self, timestamp_entry: Option<String>, tags: impl Iterator<Item = Tag>) -> String {
        let texts = tags.map(|tag| self.encoding.encode(tag.as_bytes()));
        match &self.grammar {
            Grammar::Whole { prefix } => {
                texts.take(1).fold(prefix.clone().into_owned(), |value, text| value + &text)
            }
            Grammar::List { syntax, tag } => {
                let mut list = timestamp_entry.unwrap_or_default();
                for text in texts {
                    if !list.is_empty() {
                        list.push(syntax.between.into());
                    }
                    list.push_str(&syntax.entry(tag, &text));
                }
                list
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schemes::mac::Hash;

    const HEX_A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const HEX_B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    fn candidates(grammar: Grammar, value: &str) -> Result<Vec<u8>, Refusal> {
        let header = HeaderName::from_static("x-signature");
        let field = SignatureField { header, more: &[], grammar, encoding: Encoding::Hex };
        let mut found = Candidates::new();
        field.read(Algorithm::Hmac(Hash::Sha256), (0, value.as_bytes()), &mut found)?;
        Ok(found.iter().map(|candidate| candidate.tag.as_bytes()[0]).collect())
    }

    fn list(value: &str) -> Result<Vec<u8>, Refusal> {
        let syntax = ListSyntax { between: b',', after_tag: b'=', spaced: false };
        candidates(Grammar::List { syntax, tag: "v1" }, value)
    }

    #[test]
    fn a_whole_value_is_one_signature_after_its_prefix() {
        let whole = |value: &str| candidates(Grammar::Whole { prefix: "sha256=".into() }, value);
        assert_eq!(whole(&format!("sha256={HEX_A}")), Ok(vec![0xaa]));
        for wrong in [
            HEX_A.to_owned(),
            format!("SHA256={HEX_A}"),
            format!("sha256= {HEX_A}"),
            format!("sha256={HEX_A},sha256={HEX_B}"),
            "sha256=".to_owned(),
        ] {
            assert_eq!(whole(&wrong), Ok(vec![]), "{wrong}");
        }
    }

    #[test]
    fn unknown_versions_and_unreadable_entries_are_skipped() {
        assert_eq!(list(&format!("v1={HEX_A},v1={HEX_B}")), Ok(vec![0xaa, 0xbb]));
        assert_eq!(list(&format!("v2=x,v1={HEX_B},v1=zz,,garbage,=")), Ok(vec![0xbb]));
    }

    #[test]
    fn a_list_without_a_readable_signature_offers_none() {
        for value in ["garbage", "v1", "v1=", "t=1", ",", &format!("V1={HEX_A}"), &format!("t=1, v1={HEX_A}")]
        {
            assert_eq!(list(value), Ok(vec![]), "{value}");
        }
    }

    #[test]
    fn a_spaced_list_takes_one_blank_after_its_separator() {
        let syntax = ListSyntax { between: b',', after_tag: b'=', spaced: true };
        let spaced = |value: &str| candidates(Grammar::List { syntax, tag: "v1" }, value);
        assert_eq!(spaced(&format!("t=1, v1={HEX_A}")), Ok(vec![0xaa]));
        assert_eq!(spaced(&format!("t=1,v1={HEX_A}")), Ok(vec![0xaa]));
        for value in [format!("t=1,  v1={HEX_A}"), format!(" v1={HEX_A}"), format!("t=1,\tv1={HEX_A}")] {
            assert_eq!(spaced(&value), Ok(vec![]), "{value}");
        }
    }

    #[test]
    fn more_than_sixteen_signatures_are_malformed() {
        let entry = format!("v1={HEX_A}");
        assert_eq!(list(&vec![entry.as_str(); 16].join(",")).map(|found| found.len()), Ok(16));
        assert_eq!(list(&vec![entry.as_str(); 17].join(",")), Err(Refusal::SignatureMalformed));
        assert_eq!(list(&vec!["v1=zz"; 17].join(",")), Err(Refusal::SignatureMalformed));
    }
}
