//! The signature header: its grammar, and the candidates it holds.

use http::HeaderName;
use smallvec::SmallVec;

use super::mac::Tag;
use crate::schemes::encoding::Encoding;
use crate::schemes::refusal::Refusal;

/// The most signatures in one header. A rotation needs two; each one more is
/// work that a stranger asks for.
pub const SIGNATURES_MAX: usize = 16;

/// The header that carries the signature.
#[derive(Clone, Debug)]
pub struct SignatureField {
    /// Its name.
    pub header: HeaderName,
    /// What its value looks like.
    pub grammar: Grammar,
    /// How each signature is spelled.
    pub encoding: Encoding,
}

/// What a signature header's value looks like.
#[derive(Clone, Copy, Debug)]
pub enum Grammar {
    /// One signature, after a fixed text that may be empty: `sha256=<hex>`.
    Whole {
        /// The fixed text.
        prefix: &'static str,
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

/// How the entries of a list are told apart. White space is not skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListSyntax {
    /// Stands between two entries.
    pub between: u8,
    /// Stands between an entry's tag and its value.
    pub after_tag: u8,
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
        list.split(move |byte| *byte == self.between).filter_map(move |entry| {
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
pub(super) type Candidates = SmallVec<[Tag; 2]>;

impl SignatureField {
    /// The signatures in `value`, at least one.
    ///
    /// An entry of the known version that cannot be decoded never matches; it
    /// does not spoil a good one beside it, just as an unknown version does not.
    pub(super) fn candidates(&self, value: &[u8]) -> Result<Candidates, Refusal> {
        let mut candidates = Candidates::new();
        match self.grammar {
            Grammar::Whole { prefix } => {
                let text = value.strip_prefix(prefix.as_bytes());
                candidates.extend(text.and_then(|text| self.encoding.decode(text)));
            }
            Grammar::List { syntax, tag } => {
                let known = syntax.entries(value).filter(|entry| entry.tag == tag.as_bytes());
                for (index, entry) in known.enumerate() {
                    if index == SIGNATURES_MAX {
                        return Err(Refusal::SignatureMalformed);
                    }
                    candidates.extend(self.encoding.decode(entry.value));
                }
            }
        }
        if candidates.is_empty() {
            return Err(Refusal::SignatureMalformed);
        }
        Ok(candidates)
    }

    /// The value that carries `tags`, of which there is at least one: all of
    /// them in a list, after the entry of the timestamp if it goes here too;
    /// otherwise the first.
    pub(super) fn write(&self, timestamp_entry: Option<String>, tags: impl Iterator<Item = Tag>) -> String {
        let texts = tags.map(|tag| self.encoding.encode(&tag));
        match self.grammar {
            Grammar::Whole { prefix } => texts.take(1).fold(prefix.to_owned(), |value, text| value + &text),
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

    const HEX_A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const HEX_B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    fn candidates(grammar: Grammar, value: &str) -> Result<Vec<u8>, Refusal> {
        let header = HeaderName::from_static("x-signature");
        let field = SignatureField { header, grammar, encoding: Encoding::Hex };
        let found = field.candidates(value.as_bytes())?;
        Ok(found.iter().map(|tag| tag[0]).collect())
    }

    fn list(value: &str) -> Result<Vec<u8>, Refusal> {
        let syntax = ListSyntax { between: b',', after_tag: b'=' };
        candidates(Grammar::List { syntax, tag: "v1" }, value)
    }

    #[test]
    fn a_whole_value_is_one_signature_after_its_prefix() {
        let whole = |value: &str| candidates(Grammar::Whole { prefix: "sha256=" }, value);
        assert_eq!(whole(&format!("sha256={HEX_A}")), Ok(vec![0xaa]));
        for wrong in [
            HEX_A.to_owned(),
            format!("SHA256={HEX_A}"),
            format!("sha256= {HEX_A}"),
            format!("sha256={HEX_A},sha256={HEX_B}"),
            "sha256=".to_owned(),
        ] {
            assert_eq!(whole(&wrong), Err(Refusal::SignatureMalformed), "{wrong}");
        }
    }

    #[test]
    fn unknown_versions_and_unreadable_entries_are_skipped() {
        assert_eq!(list(&format!("v1={HEX_A},v1={HEX_B}")), Ok(vec![0xaa, 0xbb]));
        assert_eq!(list(&format!("v2=x,v1={HEX_B},v1=zz,,garbage,=")), Ok(vec![0xbb]));
    }

    #[test]
    fn a_list_without_a_readable_signature_is_malformed() {
        for value in ["garbage", "v1", "v1=", "t=1", ",", &format!("V1={HEX_A}"), &format!("t=1, v1={HEX_A}")]
        {
            assert_eq!(list(value), Err(Refusal::SignatureMalformed), "{value}");
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
