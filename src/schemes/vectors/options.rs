//! What the source of a case chose.

use std::time::Duration;

use serde::Deserialize;

use crate::schemes::{BodyDigest, RequiredClaim, SchemeOptions, TokenRequirements};

/// The choices that bear on a verdict. A case with none is judged with the
/// preset's; in one with some, what is left out is not asked for.
#[derive(Debug, Deserialize)]
pub struct Params {
    /// RFC 9421: the signature that counts.
    pub label: Option<String>,
    /// RFC 9421: what must be covered.
    pub required_components: Option<Vec<String>>,
    /// RFC 9421: whether the body must be.
    #[serde(default)]
    pub require_content_digest: bool,
    /// The message is a response with this status.
    pub status: Option<u16>,
    /// Kong and the drafts before RFC 9421: what must be covered.
    pub enforce_headers: Option<Vec<String>>,
    /// The same: whether the body must be.
    #[serde(default)]
    pub validate_body: bool,
    /// Tokens: what `aud` must be.
    pub audience: Option<String>,
    /// Tokens: what `iss` must be.
    pub issuer: Option<String>,
    /// Tokens: how far the clocks may differ, in seconds.
    pub leeway_s: Option<u64>,
    /// Tokens: the claims that must be there.
    #[serde(default)]
    pub required_claims: Vec<String>,
    /// The algorithms that are taken.
    #[serde(default)]
    pub algorithms: Vec<String>,
}

/// The options of a case, without its tolerance.
pub(super) fn options(params: Option<&Params>) -> SchemeOptions {
    let Some(params) = params else { return SchemeOptions::default() };
    let cover = params.required_components.as_ref().or(params.enforce_headers.as_ref());
    let is_required = params.require_content_digest || params.validate_body;
    SchemeOptions {
        algorithms: params.algorithms.clone(),
        cover: Some(cover.cloned().unwrap_or_default()),
        body: Some(if is_required { BodyDigest::Required } else { BodyDigest::IfSigned }),
        label: params.label.clone(),
        token: Some(requirements(params)),
        ..SchemeOptions::default()
    }
}

fn requirements(params: &Params) -> TokenRequirements {
    let claim = |name: &String| RequiredClaim { name: name.clone(), value: None };
    let usual = TokenRequirements::default();
    TokenRequirements {
        issuer: params.issuer.clone(),
        audiences: Vec::from_iter(params.audience.clone()),
        leeway: params.leeway_s.map_or(usual.leeway, Duration::from_secs),
        claims: params.required_claims.iter().map(claim).collect(),
        ..usual
    }
}
