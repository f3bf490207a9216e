//! In place of a key that is elsewhere: one that its scheme takes, so that what
//! is said beside the key can be judged with the scheme.
//!
//! These are known to everyone. What was compiled with one is thrown away with
//! the report that it was compiled for, and never verifies anything.

use base64ct::{Base64, Encoding as _};

use crate::keys::Secret;
use crate::schemes::{KeyError, Row, Scheme, SchemeOptions};

/// Something that `row` with `options` takes for a key. `None` where it takes
/// none of those known here: then nothing more can be told.
pub(super) fn for_key_of(row: &Row, options: &SchemeOptions) -> Option<Secret> {
    let fits = |secret: &Secret| {
        let compiled = Scheme::new(row.clone(), &[secret.clone().into()], options.clone());
        !matches!(compiled, Err(KeyError::Unusable { .. }))
    };
    all().map(Secret::new).find(fits)
}

/// One of each kind that a scheme may ask for. Of those that come in pairs the
/// private half, which signs too; of RSA, whose private half is no bytes of
/// one's choice, the public one.
fn all() -> impl Iterator<Item = String> {
    let pairs = [
        ("PRIVATE", ED25519, 32, &[][..]),
        ("PRIVATE", P256, 32, &[]),
        ("PRIVATE", P384, 48, &[]),
        ("PUBLIC", RSA, 256, EXPONENT),
    ];
    let pem = |(half, before, bytes, after): (&str, &[u8], usize, &[u8])| {
        // Of a modulus the first bit and the last one are set.
        let der = [before, &vec![0x81; bytes], after].concat();
        format!("-----BEGIN {half} KEY-----\n{}\n-----END {half} KEY-----\n", Base64::encode_string(&der))
    };
    [TEXT, PASSWORD].into_iter().map(str::to_owned).chain(pairs.into_iter().map(pem))
}

/// Text, and as well hex and base64.
const TEXT: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// RFC 7617 section 2.
const PASSWORD: &str = "user:0123456789abcdef0123456789abcdef";

/// RFC 8410 section 7, as far as the seed.
const ED25519: &[u8] = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";

/// RFC 5958 with RFC 5915, as far as the number.
const P256: &[u8] = b"\x30\x41\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\
                      \x04\x27\x30\x25\x02\x01\x01\x04\x20";
const P384: &[u8] =
    b"\x30\x4e\x02\x01\x00\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22\
                      \x04\x37\x30\x35\x02\x01\x01\x04\x30";

/// RFC 8017 appendix A.1.1 in RFC 5280, as far as the modulus of 2048 bits, and
/// after it.
const RSA: &[u8] = b"\x30\x82\x01\x22\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\
                     \x03\x82\x01\x0f\x00\x30\x82\x01\x0a\x02\x82\x01\x01\x00";
const EXPONENT: &[u8] = b"\x02\x03\x01\x00\x01";
