//! The endpoints, and which of them a request is for.
//!
//! `Countersign-Endpoint` names one, or the path does by its prefix. Where the
//! two disagree nobody guesses: a webhook that goes to the wrong consumer is a
//! leak.

use std::sync::Arc;

use http::header::HeaderName;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};

use crate::config::{Authorization, EndpointConfig};
use crate::limits::{Bound, RateLimiter};
use crate::net::{Sound, is_unambiguous};
use crate::signer::rejection::{Refused, Rejection};
use crate::signer::token::Tokens;
use crate::telemetry::Named;

/// By which an app names the endpoint.
pub(crate) const ENDPOINT: HeaderName = HeaderName::from_static("countersign-endpoint");

/// One consumer.
#[derive(Debug)]
pub(crate) struct Endpoint {
    /// Its place among the endpoints of the process.
    pub(crate) index: usize,
    pub(crate) config: EndpointConfig,
    /// What is counted of it.
    pub(crate) named: Arc<Named>,
    pub(crate) rate: Option<RateLimiter>,
    /// Places for deliveries that wait for its answer.
    pub(crate) places: Arc<Bound>,
    /// Access tokens, where it asks for them.
    pub(crate) tokens: Option<Tokens>,
    /// The fields that are ours to set.
    pub(crate) own_fields: Vec<HeaderName>,
}

/// The endpoints, in the order of the configuration.
#[derive(Debug)]
pub(crate) struct Endpoints(Vec<Arc<Endpoint>>);

/// A sound request with the endpoint that it is for.
#[derive(Debug)]
pub(crate) struct Addressed {
    pub(super) endpoint: Arc<Endpoint>,
    /// What of the path comes after the endpoint's prefix: nothing, or a slash
    /// and more.
    pub(super) rest: String,
    pub(super) declared_length: Option<u64>,
}

impl Endpoint {
    pub(crate) fn new(index: usize, config: EndpointConfig, named: Named) -> Self {
        let signature_fields = config.schemes.iter().flat_map(|scheme| scheme.security_headers()).cloned();
        let authorization = match &config.authorization {
            Authorization::None => None,
            Authorization::Fixed(name, _) => Some(name.clone()),
            Authorization::ClientCredentials(_) => Some(http::header::AUTHORIZATION),
        };
        Self {
            index,
            rate: config.rate.map(|rate| RateLimiter::new("endpoint", rate)),
            places: Arc::new(Bound::new(config.concurrency.get().into())),
            tokens: Tokens::new(&config),
            named: Arc::new(named),
            own_fields: signature_fields.chain(authorization).collect(),
            config,
        }
    }

    /// What of `path` comes after the prefix, where the path begins with it.
    fn rest<'p>(&self, path: &'p str) -> Option<&'p str> {
        let rest = path.strip_prefix(self.config.path_prefix.as_str())?;
        match rest {
            "/" if self.config.path_prefix.is_empty() => Some(""),
            _ => (rest.is_empty() || rest.starts_with('/')).then_some(rest),
        }
    }
}

impl Endpoints {
    pub(crate) fn new(endpoints: Vec<Arc<Endpoint>>) -> Self {
        Self(endpoints)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Endpoint>> {
        self.0.iter()
    }

    fn named(&self, name: &[u8]) -> Option<&Arc<Endpoint>> {
        self.0.iter().find(|endpoint| endpoint.config.name.as_bytes() == name)
    }

    /// The endpoint whose prefix is the longest that `path` begins with.
    fn at<'p>(&self, path: &'p str) -> Option<(&Arc<Endpoint>, &'p str)> {
        let matching = self.0.iter().filter_map(|endpoint| Some((endpoint, endpoint.rest(path)?)));
        matching.min_by_key(|(_, rest)| rest.len())
    }
}

/// Finds the endpoint, and checks that the request is a webhook.
pub(crate) fn choose(endpoints: &Endpoints, sound: &Sound, parts: &Parts) -> Result<Addressed, Refused> {
    let path = parts.uri.path();
    if !is_unambiguous(path) {
        return Err(if path == "*" { Rejection::NoEndpoint } else { Rejection::HeadRefused }.into());
    }
    let (endpoint, rest) = match (named(&parts.headers)?, endpoints.at(path)) {
        (None, by_path) => by_path.ok_or(Rejection::NoEndpoint)?,
        (Some(name), by_path) => {
            let endpoint = endpoints.named(name).ok_or(Rejection::NoEndpoint)?;
            match by_path {
                Some((other, rest)) if other.index == endpoint.index => (endpoint, rest),
                // A prefix of everything says nothing about whom it is for.
                Some((other, _)) if !other.config.path_prefix.is_empty() => {
                    return Err(Rejection::EndpointAmbiguous.into());
                }
                _ => (endpoint, if path == "/" { "" } else { path }),
            }
        }
    };
    if parts.method != Method::POST {
        return Err(Refused::method_not_allowed());
    }
    let (endpoint, rest) = (Arc::clone(endpoint), rest.to_owned());
    Ok(Addressed { endpoint, rest, declared_length: sound.declared_length() })
}

/// The name that the app gives, if it gives one.
fn named(fields: &HeaderMap) -> Result<Option<&[u8]>, Rejection> {
    let mut names = fields.get_all(ENDPOINT).iter();
    match (names.next(), names.next()) {
        (_, Some(_)) => Err(Rejection::EndpointAmbiguous),
        (name, None) => Ok(name.map(HeaderValue::as_bytes)),
    }
}
