//! Which fields pass through the guard, and which end at it.

use http::HeaderMap;
use http::header::HeaderName;
use smallvec::SmallVec;

use crate::net::strip_hop_by_hop;

/// Removes everything that must not reach the app from a stranger: what
/// concerns one connection only, and every name by which a proxy, this one
/// included, tells an app who is calling.
pub(crate) fn strip_untrusted(fields: &mut HeaderMap) {
    strip_hop_by_hop(fields);
    let forged: SmallVec<[HeaderName; 8]> =
        fields.keys().filter(|name| is_reserved(name.as_str())).cloned().collect();
    for name in forged {
        fields.remove(name);
    }
}

/// Names that only a proxy in front of the app may set.
fn is_reserved(name: &str) -> bool {
    // A name with an underscore reaches CGI-like apps under the same variable
    // as its twin with a hyphen: `Countersign_Source` would be believed.
    name.contains('_')
        || name.starts_with("countersign-")
        || name.starts_with("x-forwarded-")
        || name.starts_with("x-original-")
        || name.starts_with("x-envoy-")
        || name.starts_with("x-ssl-")
        || name.starts_with("ssl-client-")
        || name.starts_with("client-cert") // RFC 9440, with `client-cert-chain`
        || name.ends_with("-client-cert")
        || name.ends_with("-ip") // x-real-ip, true-client-ip, cf-connecting-ip, ...
        || matches!(name, "forwarded" | "x-forwarded" | "x-rewrite-url" | "x-host" | "expect")
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn fields(names: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        names.iter().map(pair).collect()
    }

    #[test]
    fn names_that_tell_an_app_who_calls_do_not_pass() {
        for name in [
            "countersign-source",
            "countersign_source",
            "forwarded",
            "x-forwarded-for",
            "x-forwarded-client-cert",
            "x-real-ip",
            "true-client-ip",
            "cf-connecting-ip",
            "client-cert",
            "client-cert-chain",
            "x-ssl-client-verify",
            "x-original-url",
        ] {
            let mut map = fields(&[(name, "forged")]);
            strip_untrusted(&mut map);
            assert!(map.is_empty(), "{name} passed");
        }
    }

    #[test]
    fn ordinary_fields_pass() {
        let names =
            [("content-type", "a"), ("webhook-id", "b"), ("x-github-event", "c"), ("user-agent", "d")];
        let mut map = fields(&names);
        strip_untrusted(&mut map);
        assert_eq!(map, fields(&names));
    }
}
