//! What the forwarder takes: there are two ways to the app and no third.

use std::sync::Arc;

use bytes::Bytes;

use crate::guard::check::{Funded, Observed};
use crate::guard::source::Source;
use crate::ledger::Claim;
use crate::limits::Permit;

/// A delivery that goes to the app.
#[derive(Debug)]
#[allow(clippy::large_enum_variant)] // The large one is the common one, and a box would be an allocation for each delivery.
pub(crate) enum Forwardable {
    /// Everything was proved.
    Funded(Funded),
    /// Nothing is proved: its source only observes.
    Unverified(Observed),
}

impl Forwardable {
    /// The source it is for.
    pub(crate) fn source(&self) -> &Arc<Source> {
        match self {
            Self::Funded(funded) => funded.verified().source(),
            Self::Unverified(observed) => observed.source(),
        }
    }

    /// The body, for the app.
    pub(crate) fn take_body(&mut self) -> Bytes {
        match self {
            Self::Funded(funded) => funded.take_body(),
            Self::Unverified(observed) => observed.take_body(),
        }
    }

    /// What the app's answer has to settle. What is unverified never has a claim.
    pub(crate) fn take_claim(&mut self) -> Option<Claim> {
        match self {
            Self::Funded(funded) => funded.take_claim(),
            Self::Unverified(_) => None,
        }
    }

    /// The place among deliveries in flight, for the answer to hold on to. The
    /// body's memory is given back: the app has it.
    pub(crate) fn into_permit(self) -> Permit {
        match self {
            Self::Funded(funded) => funded.into_verified().into_permit(),
            Self::Unverified(observed) => observed.into_permit(),
        }
    }
}
