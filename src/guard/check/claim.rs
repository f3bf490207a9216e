//! Stage 7: is it the only one of its key?
//!
//! Nothing is remembered before the signature holds, or forged traffic could
//! burn the ids of genuine deliveries.

use std::time::Duration;

use crate::guard::check::{Turned, Verified, budget};
use crate::guard::rejection::{Refused, Rejection};
use crate::ledger::{self, Claim, ClaimRequest, Class, Ledger, LedgerKey, WAIT_MAX, Waited};
use crate::schemes::Policy;

/// How much longer than the app's deadline a claim is held, so that it never
/// lapses under a delivery that is still being forwarded.
const LEASE_MARGIN: Duration = Duration::from_secs(10);

/// A verified delivery that is the only one of its key at this moment.
#[derive(Debug)]
pub(crate) struct Claimed {
    pub(super) verified: Verified,
    /// `None` where the scheme signs nothing of the request: then there is no
    /// key to tell a copy by, and nothing to be remembered.
    pub(super) claim: Option<Claim>,
}

/// What a verified delivery is to the ledger.
pub(crate) enum Standing {
    /// The first: forward it.
    First(Claimed),
    /// A copy of one that the app has.
    Copy(Verified, Class),
}

/// What the ledger says of a delivery that it does not refuse.
enum Found {
    New(Claim),
    Settled(Class),
}

/// Claims the delivery's key.
pub(crate) async fn claim(mut verified: Verified, ledger: &impl Ledger) -> Result<Standing, Turned> {
    let Some(request) = request(&verified) else {
        return Ok(Standing::First(Claimed { verified, claim: None }));
    };
    match find(&request, &mut verified, ledger).await {
        Ok(Found::New(claim)) => Ok(Standing::First(Claimed { verified, claim: Some(claim) })),
        Ok(Found::Settled(class)) => Ok(Standing::Copy(verified, class)),
        Err(refused) => Err(Turned::at(verified, refused)),
    }
}

/// Asks the ledger. A copy of one in flight waits for its outcome, without its
/// body, unless it is forwarded whatever that is.
async fn find(
    request: &ClaimRequest,
    verified: &mut Verified,
    ledger: &impl Ledger,
) -> Result<Found, Refused> {
    match ledger.claim(request).await? {
        ledger::Claimed::New(claim) => Ok(Found::New(claim)),
        ledger::Claimed::Settled(class) => Ok(Found::Settled(class)),
        ledger::Claimed::IdReused => Err(Rejection::IdReused.into()),
        ledger::Claimed::OverRate { retry_after } => Err(budget::over(verified.source(), retry_after)),
        ledger::Claimed::InFlight => {
            if !verified.source().observes() {
                verified.drop_body();
            }
            match ledger.wait(request, WAIT_MAX).await? {
                // A copy to be forwarded needs the body that it gave up: the
                // provider's retry will bring it again.
                Waited::Settled(class) if verified.source().policy(class) != Policy::Forward => {
                    Ok(Found::Settled(class))
                }
                _ => Err(Rejection::InFlight.into()),
            }
        }
    }
}

fn request(verified: &Verified) -> Option<ClaimRequest> {
    let source = verified.source();
    let identity = verified.proof().identity()?;
    Some(ClaimRequest {
        source: source.index,
        key: LedgerKey::new(&source.config.ledger_id, identity),
        content: identity.digest(),
        signed_at: verified.proof().signed_at(),
        memory: source.memory,
        lease: source.config.upstream_timeout.saturating_add(LEASE_MARGIN),
        rate: source.config.rate,
    })
}
