//! Stage 8: limits after proof.
//!
//! The source's own rate is charged for fresh claims only: neither forged nor
//! replayed traffic can spend a real sender's budget. A ledger that several
//! guards share charges it with the claim, for all of them; what such a ledger
//! charged is not charged again.

use std::time::Duration;

use bytes::Bytes;

use crate::guard::check::{Claimed, Turned, Verified};
use crate::guard::rejection::{Refused, Rejection};
use crate::guard::source::Source;
use crate::ledger::{Charge, Claim, Class, Ledger, Settlement};

/// What may be forwarded as verified.
#[derive(Debug)]
pub(crate) struct Funded {
    verified: Verified,
    /// To be settled by the app's answer; a copy that the source chose to
    /// forward has none, nor has a delivery that the ledger cannot name.
    claim: Option<Claim>,
    /// What kind of copy it is; a first delivery is none.
    class: Option<Class>,
}

impl Funded {
    /// What was proved.
    pub(crate) fn verified(&self) -> &Verified {
        &self.verified
    }

    /// What kind of copy it is; a first delivery is none.
    pub(crate) fn class(&self) -> Option<Class> {
        self.class
    }

    pub(super) fn take_body(&mut self) -> Bytes {
        self.verified.take_body()
    }

    pub(super) fn take_claim(&mut self) -> Option<Claim> {
        self.claim.take()
    }

    pub(super) fn into_verified(self) -> Verified {
        self.verified
    }
}

/// Charges the source's rate; over it the claim is released, so that the
/// provider's retry finds the key free.
pub(crate) async fn charge(claimed: Claimed, ledger: &impl Ledger) -> Result<Funded, Turned> {
    let Claimed { verified, claim } = claimed;
    let due = claim.as_ref().is_none_or(|claim| claim.charge == Charge::Due);
    if due && let Some(Err(limited)) = verified.source().rate.as_ref().map(|rate| rate.admit()) {
        let released = match claim {
            Some(claim) => ledger.settle(claim, Settlement::Release).await,
            None => Ok(()),
        };
        let refused = released.map_or_else(Refused::from, |()| limited.into());
        return Err(Turned::at(verified, refused));
    }
    Ok(Funded { verified, claim, class: None })
}

/// The refusal of a delivery for which the ledger found the rate of `source`
/// used up. It made no claim, so there is none to release.
pub(super) fn over(source: &Source, retry_after: Duration) -> Refused {
    let rate = source.rate.as_ref();
    rate.map_or_else(|| Rejection::RateLimited.into(), |rate| rate.used_up(retry_after).into())
}

/// Turns away a copy that its source chose to refuse.
pub(crate) fn refuse_copy(verified: Verified) -> Turned {
    Turned::at(verified, Rejection::Replayed)
}

/// Lets a copy through that its source chose to forward.
pub(crate) fn pass_copy(verified: Verified, class: Class) -> Funded {
    Funded { verified, claim: None, class: Some(class) }
}
