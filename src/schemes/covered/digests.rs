//! Digests of the body: what ties it to a signature over the head.
//!
//! `Content-Digest` (RFC 9530) and the older `Digest` (RFC 3230) say the same in
//! two spellings. SHA-256 and SHA-512 are believed; others are passed over, and
//! with none of these two there is no digest. Each of the two that is there must
//! be right: a wrong one beside a right one is nothing that a sender makes.

use base64ct::{Base64, Encoding as _};
use http::{HeaderMap, HeaderName, HeaderValue};
use sfv::{Dictionary, ListEntry, Parser};
use sha2::{Digest as _, Sha256, Sha512};

use crate::schemes::encoding::Encoding;
use crate::schemes::fields;
use crate::schemes::refusal::Refusal;

/// The field that carries digests, and how it spells them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::schemes) enum DigestField {
    /// `Content-Digest: sha-256=:…:` (RFC 9530 section 2).
    ContentDigest,
    /// `Digest: SHA-256=…` (RFC 3230 section 4.3.2).
    Digest,
}

impl DigestField {
    pub(in crate::schemes) const fn name(self) -> HeaderName {
        HeaderName::from_static(match self {
            Self::ContentDigest => "content-digest",
            Self::Digest => "digest",
        })
    }

    /// What the field of a message says of its body.
    pub(in crate::schemes) fn read(self, fields: &HeaderMap) -> Result<BodyDigests, Refusal> {
        let value = fields::only(fields, &self.name(), Refusal::DigestMissing)?.as_bytes();
        let digests = match self {
            Self::ContentDigest => content_digest(value)?,
            Self::Digest => digest(value)?,
        };
        let none = digests.sha256.is_none() && digests.sha512.is_none();
        if none { Err(Refusal::DigestMissing) } else { Ok(digests) }
    }

    /// The field for `body`, with SHA-256.
    pub(in crate::schemes) fn write(self, body: &[u8]) -> HeaderValue {
        let digest = Base64::encode_string(&Sha256::digest(body));
        let value = match self {
            Self::ContentDigest => format!("sha-256=:{digest}:"),
            Self::Digest => format!("SHA-256={digest}"),
        };
        HeaderValue::try_from(value).expect("base64 is visible ASCII")
    }
}

/// What the body must hash to, and the hashes on their way.
#[derive(Default)]
pub(in crate::schemes) struct BodyDigests {
    sha256: Option<([u8; 32], Sha256)>,
    sha512: Option<([u8; 64], Sha512)>,
}

impl BodyDigests {
    pub(super) fn update(&mut self, chunk: &[u8]) {
        if let Some((_, hash)) = &mut self.sha256 {
            hash.update(chunk);
        }
        if let Some((_, hash)) = &mut self.sha512 {
            hash.update(chunk);
        }
    }

    /// Digests are no secret, so they are compared as any bytes are.
    pub(super) fn finish(self) -> Result<(), Refusal> {
        let sha256 = self.sha256.is_none_or(|(expected, hash)| hash.finalize().as_slice() == expected);
        let sha512 = self.sha512.is_none_or(|(expected, hash)| hash.finalize().as_slice() == expected);
        if sha256 && sha512 { Ok(()) } else { Err(Refusal::DigestMismatch) }
    }

    /// Takes note of one member of the field; an algorithm that is not believed
    /// is passed over. `None` when the value has not the length of its digest, or
    /// is the second one.
    fn expect(&mut self, algorithm: &str, value: &[u8]) -> Option<()> {
        if algorithm.eq_ignore_ascii_case("sha-256") {
            let earlier = self.sha256.replace((value.try_into().ok()?, Sha256::new()));
            return earlier.is_none().then_some(());
        }
        if algorithm.eq_ignore_ascii_case("sha-512") {
            let earlier = self.sha512.replace((value.try_into().ok()?, Sha512::new()));
            return earlier.is_none().then_some(());
        }
        Some(())
    }
}

fn content_digest(value: &[u8]) -> Result<BodyDigests, Refusal> {
    let members: Dictionary = Parser::new(value).parse().map_err(|_| Refusal::DigestMismatch)?;
    let mut digests = BodyDigests::default();
    for (algorithm, member) in &members {
        let bytes = match member {
            ListEntry::Item(item) => item.bare_item.as_byte_sequence().unwrap_or_default(),
            ListEntry::InnerList(_) => &[],
        };
        digests.expect(algorithm.as_str(), bytes).ok_or(Refusal::DigestMismatch)?;
    }
    Ok(digests)
}

fn digest(value: &[u8]) -> Result<BodyDigests, Refusal> {
    let text = str::from_utf8(value).map_err(|_| Refusal::DigestMismatch)?;
    let mut digests = BodyDigests::default();
    for member in text.split(',').map(str::trim) {
        let (algorithm, value) = member.split_once('=').ok_or(Refusal::DigestMismatch)?;
        // What an algorithm that is passed over has for a value is its own affair.
        let bytes = Encoding::Base64.decode_all(value.as_bytes()).unwrap_or_default();
        digests.expect(algorithm, &bytes).ok_or(Refusal::DigestMismatch)?;
    }
    Ok(digests)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"{\"hello\": \"world\"}";

    /// Of [`BODY`], from RFC 9421 appendix B.2 and RFC 9530 appendix B.
    const SHA_256: &str = "X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=";
    const SHA_512: &str =
        "WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==";

    fn judge(field: DigestField, value: &str, body: &[u8]) -> Result<(), Refusal> {
        let mut fields = HeaderMap::new();
        fields.insert(field.name(), HeaderValue::from_str(value).expect("visible ASCII"));
        let mut digests = field.read(&fields)?;
        let (first, rest) = body.split_at(body.len() / 2);
        digests.update(first);
        digests.update(rest);
        digests.finish()
    }

    #[test]
    fn content_digests_of_the_body_hold_and_others_do_not() {
        let judge = |value: &str| judge(DigestField::ContentDigest, value, BODY);
        let wrong = "sha-512=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==:";
        assert_eq!(judge(&format!("sha-256=:{SHA_256}:")), Ok(()));
        assert_eq!(judge(&format!("sha-512=:{SHA_512}:, sha-256=:{SHA_256}:")), Ok(()));
        assert_eq!(judge(&format!("sha-256=:{SHA_256}:, {wrong}")), Err(Refusal::DigestMismatch));
        assert_eq!(judge(&format!("md5=:AAAA:, sha-256=:{SHA_256}:")), Ok(()));
        for none in ["md5=:AAAAAAAAAAAAAAAAAAAAAA==:", ""] {
            assert_eq!(judge(none), Err(Refusal::DigestMissing), "{none:?}");
        }
        for malformed in ["sha-256", "sha-256=:AAAA:", "sha-256=(1)", "sha-256=\"x\"", "=", "sha-256=:"] {
            assert_eq!(judge(malformed), Err(Refusal::DigestMismatch), "{malformed:?}");
        }
    }

    #[test]
    fn digests_of_rfc_3230_hold_in_any_letter_case() {
        let judge = |value: &str| judge(DigestField::Digest, value, BODY);
        assert_eq!(judge(&format!("SHA-256={SHA_256}")), Ok(()));
        assert_eq!(judge(&format!("sha-256={SHA_256}, SHA-512={SHA_512}")), Ok(()));
        assert_eq!(judge(&format!("MD5=AAAA, UNIXsum=30637, SHA-256={SHA_256}")), Ok(()));
        for none in ["MD5=AAAA", SHA_256] {
            assert_eq!(judge(none), Err(Refusal::DigestMissing), "{none}");
        }
        assert_eq!(judge(&format!("SHA-256={SHA_256},sha-256={SHA_256}")), Err(Refusal::DigestMismatch));
        for malformed in ["SHA-256=", "SHA-256", "SHA-256=:AAAA:", "SHA-256=AAAA,"] {
            assert_eq!(judge(malformed), Err(Refusal::DigestMismatch), "{malformed:?}");
        }
    }

    #[test]
    fn what_is_written_is_read_back_for_the_same_body_alone() {
        for field in [DigestField::ContentDigest, DigestField::Digest] {
            let value = field.write(BODY);
            let value = value.to_str().expect("visible ASCII");
            assert_eq!(judge(field, value, BODY), Ok(()));
            assert_eq!(judge(field, value, b""), Err(Refusal::DigestMismatch));
        }
    }

    #[test]
    fn a_digest_that_is_given_twice_is_refused() {
        let mut fields = HeaderMap::new();
        for _ in 0..2 {
            fields.append(DigestField::Digest.name(), DigestField::Digest.write(BODY));
        }
        assert_eq!(DigestField::Digest.read(&fields).err(), Some(Refusal::HeaderRepeated));
    }
}
