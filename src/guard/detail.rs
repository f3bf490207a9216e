//! What the log says of a refusal beside its code, so that an operator finds the
//! cause. The caller never learns it.

use std::borrow::Cow;
use std::time::Duration;

use http::HeaderValue;
use http::header::HOST;
use http::request::Parts;

use crate::guard::in_force::InForce;
use crate::guard::withheld;

/// What a stage has to say of its refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Which of the reasons that share the code; `docs/rejections.md` lists them.
    Word(&'static str),
    /// How far the signed time is from the clock.
    Skew(Duration),
}

/// Where a request was sent that no source takes: host and path, in full or not
/// at all, since the beginning of what is longer might be that of a secret.
pub(super) fn destination(parts: &Parts, in_force: &InForce) -> Cow<'static, str> {
    let host = parts.headers.get(HOST).map(HeaderValue::as_bytes);
    let host = host.or_else(|| parts.uri.authority().map(|authority| authority.as_str().as_bytes()));
    let text = [host.unwrap_or_default(), parts.uri.path().as_bytes()].concat();
    if text.len() > TOLD_BYTES_MAX {
        return "(withheld: longer than 128 bytes)".into();
    }
    if withheld::holds_secret(&text, in_force) {
        return "(withheld: holds a secret)".into();
    }
    String::from_utf8_lossy(&text).into_owned().into()
}

/// The longest text that a line shows whole.
const TOLD_BYTES_MAX: usize = 128;
