//! What the Secret keeps, and how it is written there.
//!
//! | entry | what |
//! | --- | --- |
//! | `ca.crt` | every CA below, oldest first: what the API server is told. Written for others, never read |
//! | `previous-ca.crt` | the CA before this one, while a certificate of its may be in use |
//! | `current-ca.crt`, `current-ca.key` | the CA that signs |
//! | `next-ca.crt`, `next-ca.key` | the CA after it, until everybody is known to trust it |
//! | `tls.crt`, `tls.key` | the certificate that is shown |
//!
//! Other entries are nobody's business and are left alone.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;

use super::pair::{Certificate, Pair, Unusable};

/// The injector's own CA and certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) previous: Option<Certificate>,
    pub(super) current: Pair,
    pub(super) next: Option<Pair>,
    pub(super) leaf: Pair,
}

/// Why a Secret cannot be worked with. It is left as it is: what is in it may
/// be somebody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Damage {
    #[error("the entry {0} is missing, while others are there")]
    Missing(&'static str),
    #[error("the entry {0} {1}")]
    Unusable(&'static str, Unusable),
}

/// The entries of a Secret.
pub(super) type Entries = BTreeMap<String, ByteString>;

impl Kept {
    /// `None` where there is nothing of ours yet.
    pub(super) fn read(entries: &Entries) -> Result<Option<Self>, Damage> {
        if !OURS.iter().any(|name| entry(entries, name).is_some()) {
            return Ok(None);
        }
        let previous = entry(entries, PREVIOUS).map(Certificate::read).transpose();
        let previous = previous.map_err(|fault| Damage::Unusable(PREVIOUS, fault))?;
        let current = pair(entries, CURRENT)?.ok_or(Damage::Missing(CURRENT.0))?;
        let next = pair(entries, NEXT)?;
        let leaf = pair(entries, LEAF)?.ok_or(Damage::Missing(LEAF.0))?;
        if !leaf.certificate.is_signed_by(&current.certificate) {
            return Err(Damage::Unusable(LEAF.0, Unusable::Issuer));
        }
        Ok(Some(Self { previous, current, next, leaf }))
    }

    /// Puts it into `entries`, in place of what was there of ours.
    pub(super) fn write(&self, entries: &mut Entries) {
        entries.retain(|name, _| !OURS.contains(&name.as_str()));
        let mut put = |name: &str, bytes: &[u8]| entries.insert(name.to_owned(), ByteString(bytes.to_vec()));
        put(BUNDLE, &self.bundle());
        if let Some(previous) = &self.previous {
            put(PREVIOUS, previous.pem().as_bytes());
        }
        let pairs = [(CURRENT, Some(&self.current)), (NEXT, self.next.as_ref()), (LEAF, Some(&self.leaf))];
        for ((certificate, key), pair) in pairs {
            if let Some(pair) = pair {
                put(certificate, pair.certificate.pem().as_bytes());
                put(key, pair.key.expose());
            }
        }
    }

    /// Every CA that may have signed what is shown, or will: PEM, oldest first,
    /// so that a new one that takes over changes no byte.
    pub(super) fn bundle(&self) -> Vec<u8> {
        let next = self.next.as_ref().map(|next| &next.certificate);
        let all = self.previous.iter().chain([&self.current.certificate]).chain(next);
        all.map(Certificate::pem).collect::<String>().into_bytes()
    }
}

fn pair(entries: &Entries, (name, key_name): Names) -> Result<Option<Pair>, Damage> {
    match (entry(entries, name), entry(entries, key_name)) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(Damage::Missing(name)),
        (Some(_), None) => Err(Damage::Missing(key_name)),
        (Some(certificate), Some(key)) => match Pair::read(certificate, key) {
            Ok(pair) => Ok(Some(pair)),
            Err(fault @ Unusable::Certificate) => Err(Damage::Unusable(name, fault)),
            Err(fault) => Err(Damage::Unusable(key_name, fault)),
        },
    }
}

/// An entry of no bytes is none: a Secret is shipped so, to be filled.
fn entry<'a>(entries: &'a Entries, name: &str) -> Option<&'a [u8]> {
    entries.get(name).map(|bytes| &bytes.0[..]).filter(|bytes| !bytes.is_empty())
}

type Names = (&'static str, &'static str);

const BUNDLE: &str = "ca.crt";
const PREVIOUS: &str = "previous-ca.crt";
const CURRENT: Names = ("current-ca.crt", "current-ca.key");
const NEXT: Names = ("next-ca.crt", "next-ca.key");
const LEAF: Names = ("tls.crt", "tls.key");
const OURS: [&str; 8] = [BUNDLE, PREVIOUS, CURRENT.0, CURRENT.1, NEXT.0, NEXT.1, LEAF.0, LEAF.1];

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::UnixTime;

    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn kept() -> Kept {
        let authority = || Pair::authority(DAY * 30, NOW).unwrap();
        let current = authority();
        let leaf = current.sign(&["a.test".to_owned()], DAY, NOW).unwrap();
        Kept { previous: Some(authority().certificate), current, next: Some(authority()), leaf }
    }

    #[test]
    fn what_is_written_is_read_and_leaves_other_entries_alone() {
        let kept = kept();
        let mut entries = Entries::from([("theirs".to_owned(), ByteString(b"x".to_vec()))]);
        kept.write(&mut entries);
        assert_eq!(Kept::read(&entries), Ok(Some(kept.clone())));
        assert_eq!(entries[BUNDLE].0, kept.bundle());
        let without_next = Kept { next: None, previous: None, ..kept };
        without_next.write(&mut entries);
        assert_eq!(Kept::read(&entries), Ok(Some(without_next)));
        assert_eq!((entries.len(), &entries["theirs"].0[..]), (6, &b"x"[..]));
    }

    #[test]
    fn nothing_is_no_damage_and_a_part_is() {
        assert_eq!(Kept::read(&Entries::new()), Ok(None));
        let empty = OURS.map(|name| (name.to_owned(), ByteString(Vec::new())));
        assert_eq!(Kept::read(&Entries::from(empty)), Ok(None));
        let mut whole = Entries::new();
        kept().write(&mut whole);
        let without = |name: &str| {
            let mut entries = whole.clone();
            entries.remove(name);
            Kept::read(&entries).unwrap_err().to_string()
        };
        for name in ["current-ca.crt", "current-ca.key", "next-ca.crt", "next-ca.key", "tls.crt", "tls.key"] {
            assert_eq!(without(name), format!("the entry {name} is missing, while others are there"));
        }
        let with = |name: &str, bytes: &[u8]| {
            let mut entries = whole.clone();
            entries.insert(name.to_owned(), ByteString(bytes.to_vec()));
            Kept::read(&entries).unwrap_err().to_string()
        };
        let other = kept();
        for (name, bytes, said) in [
            ("tls.crt", &b"hunter2"[..], "the entry tls.crt is no certificate in PEM"),
            ("tls.key", b"hunter2", "the entry tls.key is no private key in PEM (PKCS#8, ECDSA P-256)"),
            ("tls.key", other.leaf.key.expose(), "the entry tls.key is not the key of its certificate"),
            ("previous-ca.crt", b"x", "the entry previous-ca.crt is no certificate in PEM"),
        ] {
            assert_eq!(with(name, bytes), said);
        }
        let mut foreign = whole.clone();
        foreign.insert("tls.crt".to_owned(), ByteString(other.leaf.certificate.pem().into()));
        foreign.insert("tls.key".to_owned(), ByteString(other.leaf.key.expose().to_vec()));
        assert_eq!(Kept::read(&foreign), Err(Damage::Unusable("tls.crt", Unusable::Issuer)));
    }

    #[test]
    fn no_key_is_shown() {
        let kept = kept();
        let shown = format!("{kept:?}");
        assert!(shown.contains("redacted") && !shown.contains("PRIVATE"), "{shown}");
    }
}
