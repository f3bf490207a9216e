//! Stage 2: who is calling?
//!
//! A trusted certificate alone is not enough where the source names
//! identities: any other client of the same CA would pass.

use std::net::IpAddr;

use http::HeaderValue;

use crate::clock::UnixTime;
use crate::config::SourceConfig;
use crate::guard::accept::Caller;
use crate::guard::check::{Routed, Turned};
use crate::guard::in_force::InForce;
use crate::guard::rejection::{Refused, Rejection};
use crate::guard::source::Source;

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
    caller: Caller<'_>,
    in_force: &InForce,
    now: UnixTime,
) -> Result<Known, Turned> {
    match accepted(&routed.source, caller, in_force, now) {
        Ok(identity) => Ok(Known { routed, identity }),
        Err(refused) => Err(Turned::at(routed, refused)),
    }
}

/// The certificate's identity that counted, where one has to.
fn accepted(
    source: &Source,
    caller: Caller<'_>,
    in_force: &InForce,
    now: UnixTime,
) -> Result<Option<HeaderValue>, Refused> {
    admit_address(source, caller.client.address)?;
    caller.trust.confirm(in_force, now).map_err(|rejection| Refused::because(rejection, "trust"))?;
    let SourceConfig { identities: wanted, client_pins: pins, .. } = &source.config;
    let refused = |word| Refused::because(Rejection::IdentityNotAllowed, word);
    let is_vouched_for = |trust| caller.counts_under(trust, now);
    if caller.identities.is_some() && !source.trust.as_ref().is_none_or(is_vouched_for) {
        return Err(refused("ca"));
    }
    let identity = match caller.identities {
        None if wanted.is_empty() && pins.is_empty() && source.trust.is_none() => None,
        None => return Err(Rejection::IdentityMissing.into()),
        // A session that resumes and a connection kept open bring a certificate
        // along that TLS looked at long ago.
        Some(given) if given.expired(now) => return Err(refused("expired")),
        Some(given) if !pins.is_empty() && !given.holds_one_of(pins) => {
            return Err(refused("pin"));
        }
        Some(given) if wanted.is_empty() => given.first(),
        Some(given) => Some(given.matching(wanted).ok_or_else(|| refused("name"))?),
    };
    Ok(identity.cloned())
}

fn admit_address(source: &Source, address: IpAddr) -> Result<(), Rejection> {
    if source.allow.admits(address) {
        source.refused.note_admitted();
        return Ok(());
    }
    if source.refused.note_refused(address) {
        tracing::warn!(
            source = source.config.name,
            %address,
            "the allow list has refused everybody, all from one private address: if that is a proxy of yours, \
             name it with --trusted-proxy or --proxy-protocol, so that senders are known by their own addresses"
        );
    }
    Err(Rejection::AddressNotAllowed)
}
