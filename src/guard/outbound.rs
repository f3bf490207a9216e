//! The request head that the app sees.

use bytes::{Bytes, BytesMut};
use http::header::{self, HeaderName};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Request, Uri, Version};
use http_body_util::Full;

use crate::clock::Clock;
use crate::guard::accept::Caller;
use crate::guard::attestation;
use crate::guard::check::Verified;
use crate::guard::headers;
use crate::ledger::Class;

const SOURCE: HeaderName = HeaderName::from_static("countersign-source");
const SCHEME: HeaderName = HeaderName::from_static("countersign-scheme");
const MESSAGE_ID: HeaderName = HeaderName::from_static("countersign-message-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("countersign-timestamp");
const CLIENT_IDENTITY: HeaderName = HeaderName::from_static("countersign-client-identity");
const CLASS: HeaderName = HeaderName::from_static("countersign-class");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Makes the request for the app out of the one that was verified: the same
/// method, target and body bytes, one `Content-Length`, and no field that a
/// stranger could have set in our name.
pub(crate) fn request(
    mut parts: Parts,
    verified: &Verified,
    body: Bytes,
    caller: Caller<'_>,
    class: Option<Class>,
    clock: &dyn Clock,
) -> Request<Full<Bytes>> {
    let host = host(&parts);
    headers::strip_untrusted(&mut parts.headers);
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    add_provenance(&mut parts.headers, verified, class);
    add_forwarding(&mut parts.headers, host, caller);
    if let Some(scheme) = &verified.source().config.attestation {
        // Asked anew: the body may have taken its time.
        attestation::add(&mut parts.headers, scheme, verified, &body, class, clock.now());
    }
    parts.uri = origin_form(parts.uri);
    parts.version = Version::HTTP_11;
    parts.extensions.clear();
    Request::from_parts(parts, Full::new(body))
}

/// What was proved, in `Countersign-` fields. Only signed material counts.
fn add_provenance(fields: &mut HeaderMap, verified: &Verified, class: Option<Class>) {
    let source = verified.source();
    fields.insert(SOURCE, source.name_value.clone());
    fields.insert(SCHEME, source.scheme_value.clone());
    if let Some(id) = verified.proof().message_id() {
        fields.insert(MESSAGE_ID, id.clone());
    }
    if let Some(signed_at) = verified.proof().signed_at() {
        fields.insert(TIMESTAMP, HeaderValue::from(signed_at.as_secs()));
    }
    if let Some(identity) = verified.identity() {
        fields.insert(CLIENT_IDENTITY, identity.clone());
    }
    fields.insert(CLASS, HeaderValue::from_static(attestation::class_name(class)));
}

/// Who called, in the standard field (RFC 7239) and in the customary ones.
fn add_forwarding(fields: &mut HeaderMap, host: Option<HeaderValue>, caller: Caller<'_>) {
    fields.insert(header::FORWARDED, forwarded(host.as_ref(), &caller.client.forwarded));
    fields.insert(X_FORWARDED_FOR, caller.client.forwarded_for.clone());
    fields.insert(X_FORWARDED_PROTO, HeaderValue::from_static(caller.proto));
    // RFC 9110 section 7.6.3: a gateway says that it handled the message.
    fields.append(header::VIA, HeaderValue::from_static("1.1 countersign"));
    // RFC 9112 section 3.2: HTTP/1.1 has a Host, empty where nobody named one.
    fields.insert(header::HOST, host.clone().unwrap_or(HeaderValue::from_static("")));
    if let Some(host) = host {
        fields.insert(X_FORWARDED_HOST, host);
    }
}

fn forwarded(host: Option<&HeaderValue>, client: &HeaderValue) -> HeaderValue {
    let Some(host) = host else { return client.clone() };
    let start = client.as_bytes();
    let mut value = BytesMut::with_capacity(start.len() + host.len() + 8);
    value.extend_from_slice(start);
    value.extend_from_slice(b";host=\"");
    value.extend_from_slice(host.as_bytes());
    value.extend_from_slice(b"\"");
    // A host that was checked holds no quote and no backslash.
    HeaderValue::from_maybe_shared(value.freeze()).unwrap_or_else(|_| client.clone())
}

/// HTTP/2 carries the host in `:authority` (RFC 9113 section 8.3.1).
fn host(parts: &Parts) -> Option<HeaderValue> {
    let field = parts.headers.get(header::HOST).cloned();
    field.or_else(|| HeaderValue::from_str(parts.uri.authority()?.as_str()).ok())
}

/// RFC 9112 section 3.2.1: what goes to an origin server is path and query.
fn origin_form(uri: Uri) -> Uri {
    if uri.authority().is_none() {
        return uri;
    }
    let path = uri.into_parts().path_and_query.unwrap_or_else(|| PathAndQuery::from_static("/"));
    Uri::from(path)
}
