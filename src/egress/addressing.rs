//! How a request names its destination, which differs by protocol.

use http::header::HOST;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Request, Uri};

use crate::config::Destination;

/// The destination as requests name it. What the app's request named is
/// replaced: it was addressed to us.
#[derive(Debug)]
pub(super) struct Addressing {
    host: HeaderValue,
    authority: Authority,
}

impl Addressing {
    pub(super) fn new(destination: &Destination) -> Self {
        let host = destination.host_field();
        Self {
            authority: host.parse().expect("host and port were read strictly"),
            host: HeaderValue::try_from(host).expect("host and port are visible ASCII"),
        }
    }

    /// RFC 9112 section 3.2.1: the target is path and query, and `Host` names
    /// the destination.
    pub(super) fn for_http1<B>(&self, request: &mut Request<B>) {
        *request.uri_mut() = target(request).into();
        request.headers_mut().insert(HOST, self.host.clone());
    }

    /// RFC 9113 section 8.3.1: `:scheme`, `:authority` and `:path`; no `Host`,
    /// with which `:authority` could disagree.
    pub(super) fn for_http2<B>(&self, request: &mut Request<B>) {
        let mut parts = http::uri::Parts::default();
        // HTTP/2 is agreed on in TLS, so it is never `http`.
        parts.scheme = Some(Scheme::HTTPS);
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(target(request));
        *request.uri_mut() = Uri::from_parts(parts).expect("scheme, authority and path are all there");
        request.headers_mut().remove(HOST);
    }
}

fn target<B>(request: &Request<B>) -> PathAndQuery {
    request.uri().path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_names_the_destination_and_not_us_in_either_protocol() {
        for (url, host) in [
            ("https://consumer.example/x", "consumer.example"),
            ("https://consumer.example:8443/x", "consumer.example:8443"),
            ("https://[2001:db8::1]:8443", "[2001:db8::1]:8443"),
        ] {
            let addressing = Addressing::new(&Destination::read(url, false).unwrap());
            let mut request = Request::post("http://127.0.0.1:8787/a?b=%20")
                .header(HOST, "127.0.0.1:8787")
                .body(())
                .unwrap();
            addressing.for_http1(&mut request);
            assert_eq!(
                (request.uri().to_string(), &request.headers()[HOST]),
                ("/a?b=%20".into(), &HeaderValue::from_static(host))
            );
            // And so again for a second try on a connection of the other kind.
            addressing.for_http2(&mut request);
            assert_eq!(request.uri().to_string(), format!("https://{host}/a?b=%20"));
            assert!(!request.headers().contains_key(HOST));
        }
    }
}
