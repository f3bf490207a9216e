//! The URL, for schemes that sign it: http or https, host, port, path, query.
//!
//! A guard takes the URL from its configuration and from nowhere else. Here it
//! is also put together from what the request says of itself, which proves
//! nothing and may explain much.

use std::collections::BTreeSet;

use http::header::{HOST, HeaderName};

use super::{Mistake, Variant};
use crate::explain::case::{Case, Request};
use crate::explain::mechanism::may_sign_url;

pub(super) fn variants(case: &Case) -> Vec<Variant> {
    if !may_sign_url(&case.preset) {
        return Vec::new();
    }
    let own = Url::read(case.public_url.as_deref().unwrap_or_default());
    let mut seen = BTreeSet::from([case.public_url.clone().unwrap_or_default()]);
    let mut variants = Vec::new();
    for url in candidates(&case.request, &own) {
        let text = url.to_string();
        if variants.len() < URLS_MAX && seen.insert(text.clone()) {
            let mistake = own.difference(&url);
            let case = Case { public_url: Some(text.clone()), ..case.clone() };
            variants.push(Variant { mistake, detail: format!("signed: {text}"), case });
        }
    }
    // What differs in one place explains itself better than what differs in many.
    variants.sort_by_key(|variant| variant.mistake == Mistake::UrlSeveral);
    variants
}

/// A URL, cut but not judged: it is never called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Url {
    scheme: String,
    host: String,
    /// With its colon, or nothing.
    port: String,
    path: String,
    /// With its question mark, or nothing.
    query: String,
}

impl Url {
    fn read(text: &str) -> Self {
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (path, query) = target.split_at(target.find('?').unwrap_or(target.len()));
        let (host, port) = split_port(authority);
        let owned = str::to_owned;
        Self {
            scheme: owned(scheme),
            host: owned(host),
            port: owned(port),
            path: owned(path),
            query: owned(query),
        }
    }

    /// What is to be said of a sender that signs `other`.
    fn difference(&self, other: &Self) -> Mistake {
        let differs = [
            (self.scheme != other.scheme, Mistake::UrlScheme),
            (self.host != other.host, Mistake::UrlHost),
            (self.port != other.port, Mistake::UrlPort),
            (self.path != other.path, self.path_difference(other)),
            (self.query != other.query, Mistake::UrlQuery),
        ];
        match differs.iter().filter(|(differs, _)| *differs).collect::<Vec<_>>()[..] {
            [(_, mistake)] => *mistake,
            _ => Mistake::UrlSeveral,
        }
    }

    fn path_difference(&self, other: &Self) -> Mistake {
        let same = self.path.trim_end_matches('/') == other.path.trim_end_matches('/');
        if same { Mistake::UrlSlash } else { Mistake::UrlPath }
    }
}

impl std::fmt::Display for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}{}{}{}", self.scheme, self.host, self.port, self.path, self.query)
    }
}

/// A colon within the brackets of an IPv6 address begins no port.
fn split_port(authority: &str) -> (&str, &str) {
    match authority.rfind(':') {
        Some(at) if !authority[at..].contains(']') => authority.split_at(at),
        _ => (authority, ""),
    }
}

/// Every combination of what is known of the parts.
fn candidates(request: &Request, own: &Url) -> impl Iterator<Item = Url> {
    let captured = Url::read(request.url.as_deref().unwrap_or_default());
    let field = |name: &HeaderName| {
        request.fields.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    };
    let named = [HOST, FORWARDED_HOST, ORIGINAL_HOST].map(|name| split_port(field(&name).trim()));
    let target = Url::read(&request.target);

    let hosts = distinct([own.host.as_str(), captured.host.as_str(), named[0].0, named[1].0, named[2].0]);
    let ports = named.map(|(_, port)| port);
    let ports = [&[own.port.as_str(), captured.port.as_str(), "", ":443", ":80"], &ports[..]].concat();
    let ports = distinct_or_empty(ports);
    let paths =
        distinct([own.path.as_str(), target.path.as_str(), captured.path.as_str(), field(&ORIGINAL_PATH)]);
    let paths: BTreeSet<String> = paths.iter().flat_map(|path| slashes(path)).collect();
    let queries = distinct_or_empty([own.query.as_str(), target.query.as_str(), captured.query.as_str(), ""]);

    let mut urls = Vec::new();
    for scheme in ["https", "http"] {
        for host in &hosts {
            for port in &ports {
                for path in &paths {
                    for query in &queries {
                        urls.push(Url {
                            scheme: scheme.to_owned(),
                            host: host.clone(),
                            port: port.clone(),
                            path: path.clone(),
                            query: query.clone(),
                        });
                    }
                }
            }
        }
    }
    urls.into_iter()
}

fn distinct<'t>(texts: impl IntoIterator<Item = &'t str>) -> BTreeSet<String> {
    texts
        .into_iter()
        .filter(|text| !text.is_empty() && text.len() <= TEXT_BYTES_MAX)
        .map(str::to_owned)
        .collect()
}

fn distinct_or_empty<'t>(texts: impl IntoIterator<Item = &'t str>) -> BTreeSet<String> {
    let mut distinct = distinct(texts);
    distinct.insert(String::new());
    distinct
}

/// With a slash at its end, and without.
fn slashes(path: &str) -> [String; 2] {
    let bare = path.trim_end_matches('/');
    [bare.to_owned(), format!("{bare}/")]
}

const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const ORIGINAL_HOST: HeaderName = HeaderName::from_static("x-original-host");
const ORIGINAL_PATH: HeaderName = HeaderName::from_static("x-original-uri");

const URLS_MAX: usize = 512;
const TEXT_BYTES_MAX: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_cut_and_put_together_again() {
        for text in
            ["https://a.example:8443/b/c?d=e", "http://[::1]/", "https://a.example", "http://[::1]:80/?"]
        {
            assert_eq!(Url::read(text).to_string(), text);
        }
    }

    #[test]
    fn a_difference_is_named_by_its_place() {
        let own = Url::read("https://a.example/b");
        for (other, mistake) in [
            ("http://a.example/b", Mistake::UrlScheme),
            ("https://b.example/b", Mistake::UrlHost),
            ("https://a.example:443/b", Mistake::UrlPort),
            ("https://a.example/c", Mistake::UrlPath),
            ("https://a.example/b/", Mistake::UrlSlash),
            ("https://a.example/b?c", Mistake::UrlQuery),
            ("http://b.example/b", Mistake::UrlSeveral),
        ] {
            assert_eq!(own.difference(&Url::read(other)), mistake, "{other}");
        }
    }
}
