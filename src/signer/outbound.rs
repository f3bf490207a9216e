//! The request as the consumer sees it.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderName};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Request, Uri, Version};
use http_body_util::Full;
use smallvec::SmallVec;

use crate::limits::Reservation;
use crate::net;
use crate::signer::admission::Places;
use crate::signer::authorization::Authorised;
use crate::signer::endpoints::Endpoint;
use crate::signer::rejection::Rejection;
use crate::signer::signing::Signed;

/// A request that is ready to go.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(super) request: Request<Full<Bytes>>,
    pub(super) endpoint: Arc<Endpoint>,
    /// The credential in it, in case the consumer does not take it.
    pub(super) credential: Option<HeaderValue>,
    /// Held until the consumer has answered.
    pub(super) _places: Places,
    pub(super) _reservation: Reservation,
}

/// Makes the request: the app's body and fields, less those that concern one
/// connection or are ours to set, and then ours. `Host` is set by `egress`,
/// which knows the protocol.
pub(crate) fn request(mut parts: Parts, authorised: Authorised) -> Outgoing {
    let Authorised { signed, credential } = authorised;
    let Signed { endpoint, places, target, fields, body, reservation } = signed;
    strip(&mut parts.headers, &endpoint.own_fields);
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    // RFC 9110 section 7.6.3: a gateway says that it handled the message.
    parts.headers.append(header::VIA, HeaderValue::from_static("1.1 countersign"));
    parts.headers.extend(fields);
    parts.headers.extend(credential.clone());
    parts.uri = Uri::from(target);
    parts.version = Version::HTTP_11;
    parts.extensions.clear();
    Outgoing {
        request: Request::from_parts(parts, Full::new(body)),
        endpoint,
        credential: credential.map(|(_, value)| value),
        _places: places,
        _reservation: reservation,
    }
}

/// Path and query at the consumer: its own, then what the app added.
pub(super) fn target(
    base: &PathAndQuery,
    rest: &str,
    query: Option<&str>,
) -> Result<PathAndQuery, Rejection> {
    if rest.is_empty() && query.is_none() {
        return Ok(base.clone());
    }
    let path = if rest.is_empty() { base.path() } else { base.path().trim_end_matches('/') };
    let mut target = [path, rest].concat();
    for (query, separator) in [base.query(), query].into_iter().flatten().zip(['?', '&']) {
        target.push(separator);
        target.push_str(query);
    }
    PathAndQuery::try_from(target).map_err(|_| Rejection::HeadRefused)
}

/// A name with an underscore reaches CGI-like consumers under the same variable
/// as its twin with a hyphen, so neither spelling of ours may be the app's.
fn strip(fields: &mut HeaderMap, own: &[HeaderName]) {
    net::strip_hop_by_hop(fields);
    let is_ours = |name: &HeaderName| {
        let name = name.as_str();
        let is = |ours: &str| {
            name.len() == ours.len()
                && name.bytes().zip(ours.bytes()).all(|(a, b)| a == b || (a == b'_' && b == b'-'))
        };
        name.starts_with("countersign-")
            || name.starts_with("countersign_")
            || name == "expect"
            || own.iter().any(|ours| is(ours.as_str()))
    };
    let removed: SmallVec<[HeaderName; 8]> = fields.keys().filter(|name| is_ours(name)).cloned().collect();
    for name in removed {
        fields.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_app_adds_to_path_and_query_is_appended() {
        for (base, rest, query, expected) in [
            ("/hooks", "", None, "/hooks"),
            ("/hooks", "/a/b", None, "/hooks/a/b"),
            ("/hooks/", "/a", None, "/hooks/a"),
            ("/", "/a", Some("x=1"), "/a?x=1"),
            ("/hooks?k=v", "", Some("x=1"), "/hooks?k=v&x=1"),
            ("/hooks?k=v", "/a", None, "/hooks/a?k=v"),
        ] {
            let base = PathAndQuery::try_from(base).unwrap();
            assert_eq!(target(&base, rest, query).unwrap().as_str(), expected);
        }
    }

    #[test]
    fn fields_of_ours_are_not_the_apps_to_set() {
        let own = [HeaderName::from_static("webhook-signature"), header::AUTHORIZATION];
        let names = [
            "webhook-signature",
            "webhook_signature",
            "authorization",
            "countersign-endpoint",
            "connection",
            "te",
            "expect",
            "content-type",
            "x-event",
        ];
        let value = HeaderValue::from_static("x-hop");
        let mut fields: HeaderMap =
            names.iter().map(|name| (HeaderName::from_static(name), value.clone())).collect();
        strip(&mut fields, &own);
        let mut left: Vec<_> = fields.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["content-type", "x-event"]);
    }
}
