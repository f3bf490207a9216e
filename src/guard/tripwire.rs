//! The tripwire: a secret of the source that arrives in a field or in the query.
//!
//! A sender that puts its secret where a signature belongs, or into a parameter
//! of the URL, gives it to everything that logs requests. Such a field or
//! parameter is taken out before anything reads it; it is counted, and said
//! once, without its value.
//!
//! Looked for are the text of each secret and the bytes that it is the base64
//! of, each as it is, in hex, and in base64 at any offset. One pass with a
//! rolling hash (Karp and Rabin) under a base of the process's own finds where a
//! secret may begin; only there is it compared, in constant time, so that time
//! tells nothing of how much of a guess is right. The usual multi-pattern
//! searchers do neither, and keep what they look for in memory that is not
//! cleared.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, Uri};
use percent_encoding::percent_decode_str;
use smallvec::SmallVec;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::config::GuardedSecret;
use crate::keys::Secret;

/// What finds the secrets of one source. Immutable, but for having warned.
pub struct Tripwire {
    needles: Vec<Needle>,
    /// By the upper bits of a hash: whether any needle begins so.
    begins: Box<[u64; FILTER_WORDS]>,
    has_warned: AtomicBool,
}

/// One spelling of a secret.
struct Needle {
    text: Secret,
    /// Of its first [`WINDOW`] bytes.
    hash: u64,
    /// The field whose job it is to carry this secret.
    carrier: Option<HeaderName>,
}

/// What was found in a request's head.
#[derive(Debug, Default)]
pub(crate) struct Leaks {
    /// How many fields and parameters.
    pub(crate) count: u64,
    /// How many of them are fields.
    pub(crate) fields: u64,
    /// The first of the fields.
    field: Option<HeaderName>,
    /// What the app gets to see instead of the target: a signature may cover
    /// the one that came.
    target: Option<PathAndQuery>,
}

impl Tripwire {
    /// Looks for `secrets`, as far as they are long enough to be told from
    /// other text.
    pub fn new(secrets: &[GuardedSecret]) -> Self {
        let mut tripwire = Self {
            needles: Vec::new(),
            begins: Box::new([0; FILTER_WORDS]),
            has_warned: AtomicBool::new(false),
        };
        for GuardedSecret { secret, carrier } in secrets {
            for text in spellings(secret) {
                tripwire.add(text, carrier.clone());
            }
        }
        tripwire
    }

    fn add(&mut self, text: Secret, carrier: Option<HeaderName>) {
        let Some(first) = text.expose().first_chunk::<WINDOW>() else { return };
        let hash = hash(first);
        let (word, bit) = place(hash);
        self.begins[word] |= bit;
        self.needles.push(Needle { text, hash, carrier });
    }

    /// The bytes of the longest spelling that is looked for.
    pub(crate) fn longest(&self) -> usize {
        self.needles.iter().map(|needle| needle.text.expose().len()).max().unwrap_or(0)
    }

    /// Whether `text` holds a secret that does not belong into `field`.
    pub fn finds(&self, text: &[u8], field: Option<&HeaderName>) -> bool {
        let Some(first) = text.first_chunk::<WINDOW>() else { return false };
        let mut rolling = hash(first);
        for (at, leaving) in text.iter().enumerate() {
            let (word, bit) = place(rolling);
            if self.begins[word] & bit != 0 && self.begins_at(&text[at..], rolling, field) {
                return true;
            }
            let Some(entering) = text.get(at + WINDOW) else { return false };
            rolling = roll(rolling, *leaving, *entering);
        }
        false
    }

    fn begins_at(&self, text: &[u8], hash: u64, field: Option<&HeaderName>) -> bool {
        let is_here = |needle: &Needle| {
            let secret = needle.text.expose();
            let is_carried = field.is_some() && needle.carrier.as_ref() == field;
            !is_carried && text.get(..secret.len()).is_some_and(|found| found.ct_eq(secret).into())
        };
        self.needles.iter().filter(|needle| needle.hash == hash).any(is_here)
    }

    /// Takes the fields out in which a secret is, and finds what the query
    /// should be without it.
    pub(crate) fn disarm(&self, parts: &mut Parts) -> Leaks {
        if self.needles.is_empty() {
            return Leaks::default();
        }
        let fields = self.take_fields(&mut parts.headers);
        let (parameters, target) = self.without_parameters(&parts.uri).unwrap_or_default();
        let field_count = fields.len() as u64;
        // A name is for the log, unless it holds the secret too.
        let field = fields.into_iter().next().filter(|name| !self.finds(name.as_str().as_bytes(), None));
        Leaks { count: field_count + parameters, fields: field_count, field, target }
    }

    /// A field of several values goes whole: the app must not take what is
    /// left for all that was sent.
    fn take_fields(&self, fields: &mut HeaderMap) -> SmallVec<[HeaderName; 2]> {
        let leaking = fields.iter().filter(|(name, value)| self.finds(value.as_bytes(), Some(name)));
        let mut leaking: SmallVec<[HeaderName; 2]> = leaking.map(|(name, _)| name.clone()).collect();
        leaking.retain(|name| fields.remove(&*name).is_some());
        leaking
    }

    /// How many parameters of the query hold a secret, and the target without
    /// them; `None` where none does.
    fn without_parameters(&self, uri: &Uri) -> Option<(u64, Option<PathAndQuery>)> {
        let query = uri.query()?;
        let is_clean = |parameter: &&str| {
            let decoded = Zeroizing::new(percent_decode_str(parameter).collect::<Vec<u8>>());
            !self.finds(parameter.as_bytes(), None) && !self.finds(&decoded, None)
        };
        // Most queries are short, and most of them hold nothing that is longer.
        if query.len() < WINDOW {
            return None;
        }
        let clean: Vec<&str> = query.split('&').filter(is_clean).collect();
        let removed = query.split('&').count() - clean.len();
        if removed == 0 {
            return None;
        }
        let path = uri.path();
        let target = if clean.is_empty() { path.to_owned() } else { [path, "?", &clean.join("&")].concat() };
        let target = target.parse().expect("a path and parameters of a target that was one");
        Some((removed as u64, Some(target)))
    }

    /// Whether nobody was warned yet: once is enough, the rest is counted.
    pub(crate) fn warns(&self) -> bool {
        !self.has_warned.swap(true, Ordering::Relaxed)
    }
}

impl Leaks {
    /// Where the first was, for the log.
    pub(crate) fn place(&self) -> &str {
        match (&self.field, &self.target) {
            (Some(name), _) => name.as_str(),
            (None, Some(_)) => "the query",
            (None, None) => "a field",
        }
    }

    /// Puts the query without secrets in place, for the app.
    pub(crate) fn clean(self, parts: &mut Parts) {
        let Some(target) = self.target else { return };
        // The authority stays: in HTTP/2 it is the host.
        let mut uri = std::mem::take(&mut parts.uri).into_parts();
        uri.path_and_query = Some(target);
        parts.uri = Uri::from_parts(uri).expect("one target is as good as another");
    }
}

impl fmt::Debug for Tripwire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tripwire").field("needles", &self.needles.len()).finish_non_exhaustive()
    }
}

/// How a secret may be written: its text, and what the text is the base64 of.
fn spellings(secret: &Secret) -> Vec<Secret> {
    let text = secret.expose();
    let text = text.strip_prefix(b"whsec_").unwrap_or(text);
    let key = str::from_utf8(text).ok().and_then(|text| Base64::decode_vec(text).ok()).map(Zeroizing::new);
    let mut spellings = Vec::new();
    for bytes in [Some(text), key.as_ref().map(|key| key.as_slice())].into_iter().flatten() {
        if bytes.len() < WINDOW {
            continue;
        }
        spellings.push(Secret::new(bytes));
        let hex = Zeroizing::new(hex(bytes));
        spellings.push(Secret::new(hex.to_ascii_uppercase()));
        spellings.push(Secret::new(&hex[..]));
        for offset in 0..3 {
            let [standard, url] = base64_within(bytes, offset);
            if url != standard {
                spellings.push(url);
            }
            spellings.push(standard);
        }
    }
    spellings
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    let digit = |nibble: u8| b"0123456789abcdef"[usize::from(nibble)];
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The letters that `bytes` make wherever `offset` bytes, and full triples,
/// stand before them in what is encoded: those that they share with what stands
/// around them are left out. HTTP Basic has a name and a colon there.
fn base64_within(bytes: &[u8], offset: usize) -> [Secret; 2] {
    let shifted = Zeroizing::new([&[0; 2][..offset], bytes].concat());
    let shared_before = [0, 2, 3][offset];
    let whole = shifted.len() * 8 / 6;
    let cut = |encoded: String| {
        let encoded = Zeroizing::new(encoded);
        Secret::new(&encoded.as_bytes()[shared_before..whole])
    };
    [cut(Base64::encode_string(&shifted)), cut(Base64UrlUnpadded::encode_string(&shifted))]
}

fn hash(window: &[u8; WINDOW]) -> u64 {
    window.iter().fold(0, |hash, byte| push(hash, *byte))
}

fn push(hash: u64, byte: u8) -> u64 {
    hash.wrapping_mul(BASE.0).wrapping_add(u64::from(byte) + 1)
}

/// The hash of the window that begins one byte later.
fn roll(hash: u64, leaving: u8, entering: u8) -> u64 {
    push(hash.wrapping_sub((u64::from(leaving) + 1).wrapping_mul(BASE.1)), entering)
}

/// The word and the bit of the filter for a hash. Its upper bits depend on all
/// bytes of the window.
fn place(hash: u64) -> (usize, u64) {
    let upper = (hash >> (64 - FILTER_BITS)) as usize;
    (upper / 64, 1 << (upper % 64))
}

/// What the hash is to the base of, and that to the power of what leaves: other
/// in each process, so that nobody can choose text that collides.
static BASE: LazyLock<(u64, u64)> = LazyLock::new(|| {
    let base = RandomState::new().hash_one(WINDOW) | 1;
    (base, (1..WINDOW).fold(1_u64, |power, _| power.wrapping_mul(base)))
});

/// The shortest secret that is looked for, in bytes: a shorter one is a word.
const WINDOW: usize = 12;

const FILTER_BITS: u32 = 12;
const FILTER_WORDS: usize = (1 << FILTER_BITS) / 64;

#[cfg(test)]
mod tests;
