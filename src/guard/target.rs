//! Where a believed request was sent, as its span says it: no query, and no text
//! that is long or holds a secret.

use http::header::HOST;
use http::request::Parts;
use http::uri::Authority;

use crate::guard::in_force::InForce;
use crate::guard::withheld;
use crate::otlp::Target;

/// What is told of the request of `parts`, which came by `scheme`.
pub(super) fn target(parts: &Parts, scheme: &'static str, in_force: &InForce) -> Target {
    let host = parts.headers.get(HOST).and_then(|host| Authority::try_from(host.as_bytes()).ok());
    let host = host.or_else(|| parts.uri.authority().cloned());
    let is_told =
        |text: &&str| text.len() <= TOLD_BYTES_MAX && !withheld::holds_secret(text.as_bytes(), in_force);
    let told = |text: Option<&str>| text.filter(is_told).map(str::to_owned);
    Target {
        scheme,
        host: told(host.as_ref().map(Authority::host)),
        port: host.as_ref().and_then(Authority::port_u16),
        path: told(Some(parts.uri.path())),
    }
}

/// The longest text of a request in a span.
const TOLD_BYTES_MAX: usize = 256;
