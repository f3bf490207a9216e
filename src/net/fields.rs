//! Fields that concern one connection and end with it (RFC 9110 section 7.6.1).

use http::HeaderMap;
use http::header::{self, HeaderName};
use smallvec::SmallVec;

/// Removes what concerns one connection only: the fields of RFC 9110 section
/// 7.6.1 and those that `Connection` names.
pub(crate) fn strip_hop_by_hop(fields: &mut HeaderMap) {
    let mut ending: SmallVec<[HeaderName; 8]> = connection_options(fields).collect();
    ending.extend(fields.keys().filter(|name| is_hop_by_hop(name)).cloned());
    for name in ending {
        fields.remove(name);
    }
}

/// The field names that `Connection` lists. Options that are not names, such
/// as `close`, are among them and harmless.
pub(super) fn connection_options(fields: &HeaderMap) -> impl Iterator<Item = HeaderName> + '_ {
    fields
        .get_all(header::CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .filter_map(|option| HeaderName::from_bytes(option.trim_ascii()).ok())
}

fn is_hop_by_hop(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-authentication-info"
            | "proxy-authorization"
            | "proxy-connection"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
            | "http2-settings"
    )
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn connection_takes_the_fields_it_names_with_it() {
        let fields = |names: &[(&'static str, &'static str)]| -> HeaderMap {
            let pair = |(name, value): &(&'static str, &'static str)| {
                (HeaderName::from_static(name), HeaderValue::from_static(value))
            };
            names.iter().map(pair).collect()
        };
        let mut map =
            fields(&[("connection", "close, X-Hop ,,"), ("x-hop", "1"), ("te", "trailers"), ("x-end", "2")]);
        strip_hop_by_hop(&mut map);
        assert_eq!(map, fields(&[("x-end", "2")]));
    }
}
