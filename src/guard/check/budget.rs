//! Stage 8: limits after proof.
//!
//! The source's own rate is charged for fresh claims only: neither forged nor
//! replayed traffic can spend a real sender's budget.

use crate::guard::check::{Claimed, Verified};
use crate::guard::rejection::Refused;
use crate::ledger::{Claim, Class, Ledger, Settlement};
use crate::limits::RateLimiter;

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
    if let Some(Err(limited)) = verified.source().rate.as_ref().map(RateLimiter::admit) {
        if let Some(claim) = claim {
            ledger.settle(claim, Settlement::Release).await?;
        }
        return Err(limited.into());
    }
    Ok(Funded { verified, claim, class: None })
}

/// Lets a copy through that its source chose to forward.
pub(crate) fn pass_copy(verified: Verified, class: Class) -> Funded {
    Funded { verified, claim: None, class: Some(class) }
}
