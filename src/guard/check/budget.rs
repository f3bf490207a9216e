//! Stage 8: limits after proof.
//!
//! The source's own rate is charged for fresh claims only: neither forged nor
//! replayed traffic can spend a real sender's budget. A ledger that several
//! guards share charges it with the claim, for all of them; what such a ledger
//! charged is not charged again.

use std::time::Duration;

use crate::guard::check::{Claimed, Verified};
use crate::guard::rejection::{Refused, Rejection};
use crate::guard::source::Source;
use crate::ledger::{Charge, Claim, Class, Ledger, Settlement};

/// What may be forwarded. The forwarder takes nothing else.
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
    /// What the forwarder works with.
    pub(crate) fn into_parts(self) -> (Verified, Option<Claim>, Option<Class>) {
        (self.verified, self.claim, self.class)
    }
}

/// Charges the source's rate; over it the claim is released, so that the
/// provider's retry finds the key free.
pub(crate) async fn charge(claimed: Claimed, ledger: &impl Ledger) -> Result<Funded, Refused> {
    let Claimed { verified, claim } = claimed;
    let due = claim.as_ref().is_none_or(|claim| claim.charge == Charge::Due);
    if due && let Some(Err(limited)) = verified.source().rate.as_ref().map(|rate| rate.admit()) {
        if let Some(claim) = claim {
            ledger.settle(claim, Settlement::Release).await?;
        }
        return Err(limited.into());
    }
    Ok(Funded { verified, claim, class: None })
}

/// The refusal of a delivery for which the ledger found the rate of `source`
/// used up. It made no claim, so there is none to release.
pub(super) fn over(source: &Source, retry_after: Duration) -> Refused {
    let rate = source.rate.as_ref();
    rate.map_or_else(|| Rejection::RateLimited.into(), |rate| rate.used_up(retry_after).into())
}

/// Lets a copy through that its source chose to forward.
pub(crate) fn pass_copy(verified: Verified, class: Class) -> Funded {
    Funded { verified, claim: None, class: Some(class) }
}
