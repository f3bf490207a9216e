//! What the log says of a refusal beside its code, so that an operator finds the
//! cause. The caller never learns it.

use std::borrow::Cow;
use std::num::NonZeroU32;
use std::time::Duration;

use http::HeaderValue;
use http::header::HOST;
use http::request::Parts;

use crate::config::Rate;
use crate::guard::in_force::InForce;
use crate::guard::withheld;
use crate::limits::RateLimiter;

/// What a stage has to say of its refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Which of the reasons that share the code; `docs/rejections.md` lists them.
    Word(&'static str),
    /// How far the signed time is from the clock.
    Skew(Duration),
}

/// Tells where requests were sent that no source takes. Each is searched for the
/// secrets of every source, so that a flood of them is told in part only.
#[derive(Debug)]
pub(crate) struct Destinations(RateLimiter);

impl Destinations {
    pub(super) fn new() -> Self {
        let rate = Rate { events: TOLD_A_SECOND, per: Duration::from_secs(1), burst: TOLD_A_SECOND };
        Self(RateLimiter::new("destination", rate))
    }

    /// Where the request of `parts` was sent, unless too many were told already.
    pub(super) fn tell(&self, parts: &Parts, in_force: &InForce) -> Option<Cow<'static, str>> {
        self.0.admit().ok().map(|()| destination(parts, in_force))
    }
}

/// Where a request was sent that no source takes: host and path, in full or not
/// at all, since the beginning of what is longer might be that of a secret.
fn destination(parts: &Parts, in_force: &InForce) -> Cow<'static, str> {
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

/// Enough to see what is wrong with a sender's URL.
const TOLD_A_SECOND: NonZeroU32 = NonZeroU32::new(20).expect("20 is not 0");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_told_in_part() {
        let (parts, ()) = http::Request::post("/else").body(()).expect("a request").into_parts();
        let destinations = Destinations::new();
        let in_force = InForce::default();
        let told: Vec<_> = (0..1000).filter_map(|_| destinations.tell(&parts, &in_force)).collect();
        assert!(told.len() >= 20 && told.len() < 1000, "{}", told.len());
        assert_eq!(told[0], "/else");
    }
}
