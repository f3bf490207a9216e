//! What an issuer answers: its metadata, and for how long an answer holds.

use std::time::Duration;

use http::HeaderMap;
use http::header::CACHE_CONTROL;
use serde::Deserialize;

/// What matters of an issuer's metadata (RFC 8414 section 2).
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

/// Why metadata are of no use.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum MetadataError {
    #[error("it is not the metadata of an issuer (RFC 8414 section 2)")]
    Malformed,
    /// RFC 8414 section 3.3: identical, or somebody poses as the issuer.
    #[error("it is the metadata of another issuer than the configured one")]
    OtherIssuer,
}

/// Where the metadata say that the keys are.
pub(super) fn jwks_uri(text: &[u8], issuer: &str) -> Result<String, MetadataError> {
    // The error of the parser would quote the answer.
    let metadata: Metadata = serde_json::from_slice(text).map_err(|_| MetadataError::Malformed)?;
    if metadata.issuer == issuer { Ok(metadata.jwks_uri) } else { Err(MetadataError::OtherIssuer) }
}

/// Where the metadata of `issuer` are: below its path (`OpenID` Connect Discovery
/// 1.0 section 4), or else before it (RFC 8414 section 3.1).
pub(super) fn metadata_urls(issuer: &str) -> [String; 2] {
    let whole = issuer.strip_suffix('/').unwrap_or(issuer);
    let after_scheme = whole.find("://").map_or(0, |at| at + 3);
    let path = whole[after_scheme..].find('/').map_or(whole.len(), |at| after_scheme + at);
    let (authority, path) = whole.split_at(path);
    [
        format!("{whole}/.well-known/openid-configuration"),
        format!("{authority}/.well-known/oauth-authorization-server{path}"),
    ]
}

/// How long an answer may be used without asking again (RFC 9111 section
/// 5.2.2.1), within bounds: an issuer cannot have itself asked all the time,
/// nor keep us from ever asking again.
pub(super) fn fresh_for(fields: &HeaderMap, longest: Duration) -> Duration {
    let directives = fields.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let directives =
        directives.flat_map(|value| value.split(',')).map(|word| word.trim().to_ascii_lowercase());
    let mut stated = None;
    for directive in directives {
        match directive.split_once('=') {
            Some(("max-age", seconds)) => stated = stated.or(seconds.trim_matches('"').parse().ok()),
            None if directive == "no-store" || directive == "no-cache" => stated = Some(0),
            _ => {}
        }
    }
    stated.map_or(longest, Duration::from_secs).max(SHORTEST).min(longest)
}

/// An issuer is asked no more often, whatever it says.
const SHORTEST: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_issuer_of_metadata_is_compared_exactly() {
        let text = br#"{"issuer":"https://a.example","jwks_uri":"https://a.example/keys","more":1}"#;
        assert_eq!(jwks_uri(text, "https://a.example"), Ok("https://a.example/keys".to_owned()));
        for other in ["https://a.example/", "https://A.example", "http://a.example", ""] {
            assert_eq!(jwks_uri(text, other), Err(MetadataError::OtherIssuer), "{other}");
        }
        for malformed in ["", "[]", r#"{"issuer":"https://a.example"}"#, r#"{"issuer":1,"jwks_uri":"x"}"#] {
            assert_eq!(jwks_uri(malformed.as_bytes(), "https://a.example"), Err(MetadataError::Malformed));
        }
    }

    #[test]
    fn metadata_are_below_the_path_or_before_it() {
        for (issuer, below, before) in [
            (
                "https://a.example",
                "https://a.example/.well-known/openid-configuration",
                "https://a.example/.well-known/oauth-authorization-server",
            ),
            (
                "https://a.example/",
                "https://a.example/.well-known/openid-configuration",
                "https://a.example/.well-known/oauth-authorization-server",
            ),
            (
                "https://a.example:8443/t/1",
                "https://a.example:8443/t/1/.well-known/openid-configuration",
                "https://a.example:8443/.well-known/oauth-authorization-server/t/1",
            ),
        ] {
            assert_eq!(metadata_urls(issuer), [below, before], "{issuer}");
        }
    }

    #[test]
    fn what_the_issuer_says_of_freshness_counts_within_bounds() {
        let longest = Duration::from_secs(900);
        for (value, seconds) in [
            ("max-age=300", 300),
            ("public, Max-Age=\"300\"", 300),
            ("max-age=1", 60),
            ("max-age=99999999", 900),
            ("max-age=x", 900),
            ("max-age=-1", 900),
            ("no-store", 60),
            ("max-age=300, no-cache", 60),
            ("", 900),
        ] {
            let fields = HeaderMap::from_iter([(CACHE_CONTROL, HeaderValue::from_static(value))]);
            assert_eq!(fresh_for(&fields, longest).as_secs(), seconds, "{value}");
        }
        assert_eq!(fresh_for(&HeaderMap::new(), longest), longest);
    }
}
