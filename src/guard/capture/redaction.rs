//! What must not get into a capture.
//!
//! - Configured secrets, of any source, wherever they are: as they are, in hex
//!   or base64 (the tripwire's spellings), percent-encoded or escaped as in JSON.
//! - Credentials, whoever's: fields and parameters that are called like one, and
//!   whatever a scheme reads that signs nothing of the request, such as a token,
//!   right or wrong.
//!
//! A signature stays, in the field where the source's scheme looks for it:
//! without it nothing can be explained, and with another body it is worth
//! nothing.

use http::{HeaderName, Method, Uri};
use percent_encoding::percent_decode;

use crate::guard::in_force::InForce;
use crate::guard::source::Source;
use crate::guard::withheld;
use crate::schemes::Scheme;

/// What stands in place of what was taken out: text that may stand anywhere in
/// a head.
pub(super) const REMOVED: &str = "removed-by-countersign";

/// Decides for captures of one source.
pub(super) struct Redaction<'a> {
    source: &'a Source,
    in_force: &'a InForce,
}

impl<'a> Redaction<'a> {
    pub(super) fn new(source: &'a Source, in_force: &'a InForce) -> Self {
        Self { source, in_force }
    }

    /// Whether `text` holds a secret of any source.
    pub(super) fn holds_secret(&self, text: &[u8]) -> bool {
        withheld::holds_secret(text, self.in_force)
    }

    /// Whether a field may keep its value.
    pub(super) fn keeps(&self, name: &HeaderName, value: &[u8]) -> bool {
        !self.is_credential(name, value)
            && !self.holds_secret(value)
            && !self.holds_secret(name.as_str().as_bytes())
    }

    /// A method is any token that a stranger likes.
    pub(super) fn method<'m>(&self, method: &'m Method, removed: &mut u64) -> &'m str {
        if !self.holds_secret(method.as_str().as_bytes()) {
            return method.as_str();
        }
        *removed += 1;
        REMOVED
    }

    /// Path and query without what must not be in them; counts what that was.
    pub(super) fn target(&self, uri: &Uri, removed: &mut u64) -> String {
        let mut target = uri.path().to_owned();
        if self.holds_secret(target.as_bytes()) {
            *removed += 1;
            target = format!("/{REMOVED}");
        }
        let Some(query) = uri.query() else { return target };
        let before = *removed;
        let parameters: Vec<String> =
            query.split('&').map(|parameter| self.parameter(parameter, removed)).collect();
        let mut query = parameters.join("&");
        let too_many = *removed - before > REMOVED_PARAMETERS_MAX;
        // A secret may go over several parameters.
        if too_many || self.holds_secret(query.as_bytes()) {
            *removed += 1;
            REMOVED.clone_into(&mut query);
        }
        target + "?" + &query
    }

    fn parameter(&self, parameter: &str, removed: &mut u64) -> String {
        let name = parameter.split('=').next().unwrap_or(parameter);
        let is_credential = parameter.len() > name.len() && is_called_credential(&decoded(name));
        if !is_credential && !self.holds_secret(parameter.as_bytes()) {
            return parameter.to_owned();
        }
        *removed += 1;
        if self.holds_secret(name.as_bytes()) { REMOVED.to_owned() } else { format!("{name}={REMOVED}") }
    }

    /// Whether a body may be kept: one that is a credential by itself, or holds
    /// a secret, goes whole.
    pub(super) fn keeps_body(&self, body: &[u8]) -> bool {
        let is_credential = |scheme: &Scheme| is_bearer(scheme) && scheme.security_headers().is_empty();
        !self.source.config.demand.iter().any(is_credential) && !self.holds_secret(body)
    }

    fn is_credential(&self, name: &HeaderName, value: &[u8]) -> bool {
        let reads = |scheme: &&Scheme| scheme.security_headers().contains(name);
        let mut readers = self.source.config.demand.iter().filter(reads).peekable();
        // Whatever is demanded of this field, HTTP's own schemes sign nothing.
        if readers.peek().is_some() && !begins_as_bearer(value) {
            return readers.any(is_bearer);
        }
        is_called_credential(name.as_str())
    }
}

/// Whether what a scheme reads is good for any body.
fn is_bearer(scheme: &Scheme) -> bool {
    !scheme.preset().mechanism.signs()
}

fn begins_as_bearer(value: &[u8]) -> bool {
    let begins = |word: &&str| {
        value.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word.as_bytes()))
    };
    ["Basic ", "Bearer ", "Digest "].iter().any(begins)
}

/// Whether something is called like a credential. Too much rather than too
/// little: what a scheme reads does not come here.
fn is_called_credential(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('_', "-");
    CREDENTIALS.iter().any(|word| name.contains(word))
}

fn decoded(name: &str) -> String {
    percent_decode(name.as_bytes()).decode_utf8_lossy().into_owned()
}

/// What stands for a parameter may be longer than it was: so many, and the query
/// goes whole, or a capture could be longer than what was sent.
const REMOVED_PARAMETERS_MAX: u64 = 32;

/// Parts of names of fields and parameters that carry credentials.
const CREDENTIALS: &[&str] = &[
    "auth",
    "api-key",
    "apikey",
    "client-cert",
    "client-dn",
    "cookie",
    "credential",
    "jwt",
    "passw",
    "passphrase",
    "private-key",
    "secret",
    "session",
    "token",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_called_like_a_credential_is_one() {
        for name in [
            "authorization",
            "Proxy-Authorization",
            "cookie",
            "client-cert",
            "client-cert-chain",
            "x-forwarded-client-cert",
            "x-api-key",
            "x_auth_token",
            "access_token",
            "hub.verify_token",
            "x-hook-secret",
            "password",
        ] {
            assert!(is_called_credential(name), "{name}");
        }
        for name in
            ["host", "webhook-signature", "x-hub-signature-256", "idempotency-key", "x-event-key", "id"]
        {
            assert!(!is_called_credential(name), "{name}");
        }
    }
}
