//! What the mistakes need to know of each mechanism, in one place: a new one
//! does not compile before it is said here.

use crate::schemes::{KeyText, Mechanism, Preset, SignatureField};

/// How its secrets become keys, where they may be shared secrets.
pub(super) fn key_text(preset: &Preset) -> Option<KeyText> {
    match &preset.mechanism {
        Mechanism::Template(wire) => Some(wire.key),
        Mechanism::HttpSignatures(_) => Some(KeyText::Marked { base64: "base64:" }),
        Mechanism::Cavage(dialect) => Some(dialect.key),
        Mechanism::Form(_) | Mechanism::Mailgun | Mechanism::Token(_) | Mechanism::ClientState => {
            Some(KeyText::Utf8)
        }
        // A key in PEM or a JSON Web Key says itself what it is.
        Mechanism::Jwt(_) => None,
    }
}

/// The field with the signature, where it holds nothing but signatures.
pub(super) fn signature_field(preset: &Preset) -> Option<SignatureField> {
    match &preset.mechanism {
        Mechanism::Template(wire) => Some(wire.signature.clone()),
        Mechanism::HttpSignatures(_)
        | Mechanism::Cavage(_)
        | Mechanism::Form(_)
        | Mechanism::Mailgun
        | Mechanism::Token(_)
        | Mechanism::ClientState
        | Mechanism::Jwt(_) => None,
    }
}

/// Whether the URL may be signed.
pub(super) fn may_sign_url(preset: &Preset) -> bool {
    match &preset.mechanism {
        Mechanism::Template(_) | Mechanism::Form(_) => preset.mechanism.signs_url(),
        // The message says what it covers, and often that.
        Mechanism::HttpSignatures(_) => true,
        Mechanism::Cavage(_)
        | Mechanism::Mailgun
        | Mechanism::Token(_)
        | Mechanism::ClientState
        | Mechanism::Jwt(_) => false,
    }
}
