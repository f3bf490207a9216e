//! The proof for the app: three fields by which it can tell that a request came
//! through this guard, and not past it.
//!
//! They are Standard Webhooks under other names ([`ATTESTATION`]): id, time and
//! signature over `id.time.body`, made anew for each forwarded request under a
//! secret that guard and app share and no sender knows. Only what was verified
//! gets here, so nothing else is ever signed. What it covers is the body, the
//! time, and what the id says: method, path and other fields are not signed.
//!
//! The id is base64url (RFC 4648 section 5, without padding) of three lines:
//!
//! ```text
//! billing          source
//! new              Countersign-Class
//! msg_1            the signed message id
//! ```
//!
//! with the last line empty where nothing names the delivery, `sha256` and a hex
//! digest of the signed bytes where the scheme signs no id, and the same of the
//! id where it is too long. The blank in it is in no message id. The alphabet
//! has no dot, so the id cannot reach into the time that follows it in the
//! signed bytes.
//!
//! [`ATTESTATION`]: crate::schemes::ATTESTATION

use std::fmt::Write as _;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use http::{HeaderMap, Method};

use crate::clock::UnixTime;
use crate::guard::check::Verified;
use crate::ledger::Class;
use crate::schemes::{Digest, ID_BYTES_MAX, Message, ReplayIdentity, Scheme};

/// What a delivery is to the ledger, in a word for the app.
pub(crate) fn class_name(class: Option<Class>) -> &'static str {
    class.map_or("new", Class::name)
}

/// Adds the three fields to those of a verified request.
pub(crate) fn add(
    fields: &mut HeaderMap,
    scheme: &Scheme,
    verified: &Verified,
    body: &[u8],
    class: Option<Class>,
    now: UnixTime,
) {
    let id = id(&verified.source().config.name, class_name(class), verified.proof().identity());
    let message =
        Message { id: Some(&id), timestamp: now, body, method: &Method::POST, target: "/", public_url: None };
    let signed = scheme.sign(&message).expect("the id is short, without a dot, and the key is a shared one");
    for (name, value) in signed {
        fields.insert(name, value);
    }
}

/// The id: see above.
fn id(source: &str, class: &str, identity: Option<&ReplayIdentity>) -> String {
    let mut lines = String::with_capacity(LINES_BYTES_MAX);
    lines.extend([source, "\n", class, "\n"]);
    match identity {
        None => {}
        Some(ReplayIdentity::Content(digest)) => push_digest(&mut lines, *digest),
        Some(ReplayIdentity::Id { id, .. }) => match id.to_str() {
            Ok(id) if lines.len() + id.len() <= LINES_BYTES_MAX => lines.push_str(id),
            _ => push_digest(&mut lines, Digest::of(id.as_bytes())),
        },
    }
    Base64UrlUnpadded::encode_string(lines.as_bytes())
}

fn push_digest(lines: &mut String, digest: Digest) {
    lines.push_str("sha256 ");
    for byte in digest.as_bytes() {
        write!(lines, "{byte:02x}").expect("a string takes all that is written to it");
    }
}

/// What becomes an id of the length that receivers take: four letters for each
/// three bytes.
const LINES_BYTES_MAX: usize = ID_BYTES_MAX / 4 * 3;

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;
    use crate::keys::Secret;
    use crate::schemes::{ATTESTATION, SchemeOptions};

    fn named(id: &str) -> ReplayIdentity {
        ReplayIdentity::Id { id: HeaderValue::from_str(id).expect("a header value"), body: Digest::of(b"") }
    }

    fn lines(identity: Option<&ReplayIdentity>) -> String {
        let id = id("billing", "new", identity);
        String::from_utf8(Base64UrlUnpadded::decode_vec(&id).expect("base64url")).expect("text")
    }

    #[test]
    fn the_id_says_source_class_and_what_names_the_delivery() {
        let content = ReplayIdentity::Content(Digest::of(b"abc"));
        // FIPS 180-2 appendix B.1.
        let digest = "sha256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        for (identity, last) in [(Some(named("msg_1.a")), "msg_1.a"), (Some(content), digest), (None, "")] {
            assert_eq!(lines(identity.as_ref()), format!("billing\nnew\n{last}"));
        }
        let long = "x".repeat(ID_BYTES_MAX);
        assert!(lines(Some(&named(&long))).starts_with("billing\nnew\nsha256 "));
    }

    proptest! {
        #[test]
        fn every_id_is_one_that_receivers_take(
            source in "[A-Za-z0-9._-]{1,64}",
            message_id in "[!-~]{1,256}",
        ) {
            let secret = Secret::new("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=");
            let scheme = Scheme::new(&ATTESTATION, &[secret.into()], SchemeOptions::default()).expect("a key");
            for class in [None, Some(Class::Replay), Some(Class::Retry), Some(Class::Redelivery)] {
                let id = id(&source, class_name(class), Some(&named(&message_id)));
                prop_assert!(scheme.accepts_id(&id) && !id.contains('.'), "{id}");
            }
        }
    }
}
