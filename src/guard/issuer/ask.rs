//! Asking an issuer for its keys: its metadata first, where nobody said where
//! the keys are.
//!
//! What the operator named may be anywhere. What a document names is public, or
//! on the host that the operator named: an issuer has no say in what of the
//! inside is asked.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, USER_AGENT};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use ipnet::IpNet;
use tokio::time::Instant;

use super::document::{self, MetadataError};
use crate::config::{ClientTls, Destination, EgressConfig, IssuerConfig, KeysAt};
use crate::egress::{Egress, EgressError, Route, RouteError, SystemResolver};
use crate::schemes::{KeySetError, TokenKeys};

/// Keys, and how long they need not be asked for again.
pub(super) struct Answer {
    pub(super) keys: TokenKeys,
    pub(super) fresh_for: Duration,
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub(super) enum AskError {
    #[error("set up the way to {url}")]
    Route { url: String, source: Box<RouteError> },
    #[error("ask {url}")]
    Exchange { url: String, source: Box<EgressError> },
    #[error("{url} answered {status}")]
    Status { url: String, status: StatusCode },
    #[error("read what {url} answered")]
    Metadata { url: String, source: MetadataError },
    #[error("read the keys at {url}")]
    Keys { url: String, source: KeySetError },
    #[error("the metadata name {url:?} for the keys, which is no URL to ask at")]
    Url { url: String },
}

/// Asks for the keys.
pub(super) async fn ask(config: &IssuerConfig) -> Result<Answer, AskError> {
    let (destination, allow) = match &config.keys_at {
        KeysAt::Url(destination) => (destination.clone(), EgressConfig::anywhere()),
        KeysAt::Discovered(issuer) => discover(config, issuer).await?,
    };
    let url = destination.to_string();
    let answer = get(config, destination, allow).await?;
    if answer.status() != StatusCode::OK {
        return Err(AskError::Status { url, status: answer.status() });
    }
    let keys = TokenKeys::from_jwks(answer.body(), &config.algorithms)
        .map_err(|source| AskError::Keys { url, source })?;
    Ok(Answer { keys, fresh_for: document::fresh_for(answer.headers(), config.refresh) })
}

/// Where the keys are, by the issuer's own metadata, and what addresses that
/// may lead to.
async fn discover(config: &IssuerConfig, issuer: &str) -> Result<(Destination, Vec<IpNet>), AskError> {
    let read = |url: &str| {
        IssuerConfig::destination(url, config.allow_plain).map_err(|_| AskError::Url { url: url.to_owned() })
    };
    let [below, before] = document::metadata_urls(issuer);
    let (mut url, mut at) = (below.clone(), read(&below)?);
    let mut answer = get(config, at.clone(), EgressConfig::anywhere()).await?;
    if answer.status().is_client_error() {
        (url, at) = (before.clone(), read(&before)?);
        answer = get(config, at.clone(), EgressConfig::anywhere()).await?;
    }
    if answer.status() != StatusCode::OK {
        return Err(AskError::Status { url, status: answer.status() });
    }
    let jwks_uri =
        document::jwks_uri(answer.body(), issuer).map_err(|source| AskError::Metadata { url, source })?;
    let keys_at = read(&jwks_uri)?;
    let same_host = keys_at.authority().host() == at.authority().host();
    Ok((keys_at, if same_host { EgressConfig::anywhere() } else { Vec::new() }))
}

/// One exchange, on a connection of its own: the next is an hour away. Files
/// are read anew each time, so a CA that has changed counts.
async fn get(
    config: &IssuerConfig,
    destination: Destination,
    allow: Vec<IpNet>,
) -> Result<Response<Bytes>, AskError> {
    let url = destination.to_string();
    let mut request = Request::new(Full::default());
    *request.uri_mut() = destination.base().clone().into();
    request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
    request.headers_mut().insert(USER_AGENT, HeaderValue::from_static("countersign"));
    let egress = EgressConfig {
        destination,
        allow,
        proxy: None,
        tls: ClientTls::under(config.ca.clone()),
        timeout: ANSWER_TIME_MAX,
        answer_bytes_max: ANSWER_BYTES_MAX,
    };
    let route = Route::new(&egress, Arc::new(SystemResolver));
    let route = route.map_err(|source| AskError::Route { url: url.clone(), source: source.into() })?;
    let answer = Egress::new(Arc::new(route)).send(request, Instant::now()).await;
    answer.map_err(|source| AskError::Exchange { url, source: source.into() })
}

/// From the name to the last byte of an answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);

/// The longest answer: as many keys as are taken, with their certificates.
const ANSWER_BYTES_MAX: usize = 512 << 10;
