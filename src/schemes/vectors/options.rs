//! What the source of a case chose.

use serde::Deserialize;

use crate::schemes::{BodyDigest, SchemeOptions};

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
        ..SchemeOptions::default()
    }
}
