//! Stage 2: who is calling?
//!
//! A trusted certificate alone is not enough where the source names
//! identities: any other client of the same CA would pass.

use http::HeaderValue;

use crate::clock::UnixTime;
use crate::guard::accept::Connection;
use crate::guard::check::Routed;
use crate::guard::in_force::InForce;
use crate::guard::rejection::Rejection;

/// A request whose caller the source accepts.
#[derive(Debug)]
pub(crate) struct Known {
    pub(super) routed: Routed,
    /// The certificate's identity that counted, for the app.
    pub(super) identity: Option<HeaderValue>,
}

/// Checks the client's address and certificate against the source.
pub(crate) fn recognise(
    routed: Routed,
    connection: &Connection,
    in_force: &InForce,
    now: UnixTime,
) -> Result<Known, Rejection> {
    let source = &routed.source;
    if !source.allow.admits(connection.client) {
        return Err(Rejection::AddressNotAllowed);
    }
    connection.trust.confirm(in_force, now)?;
    let wanted = &source.config.identities;
    let identity = match &connection.identities {
        None if wanted.is_empty() => None,
        None => return Err(Rejection::IdentityMissing),
        // A session that resumes and a connection kept open bring a certificate
        // along that TLS looked at long ago.
        Some(given) if given.expired(now) => return Err(Rejection::IdentityNotAllowed),
        Some(given) if wanted.is_empty() => given.first(),
        Some(given) => Some(given.matching(wanted).ok_or(Rejection::IdentityNotAllowed)?),
    };
    let identity = identity.cloned();
    Ok(Known { routed, identity })
}
