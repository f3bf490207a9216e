//! The checks, one file a stage, in the order in which `pipeline` calls them.
//!
//! The first, [`inspect`](crate::net::inspect), is `net`'s and every role's.
//! Each stage takes the evidence of the one before and gives its own. Only the
//! stage itself can make its evidence, so a stage that is skipped or moved is
//! a compile error: `Sound` → `Found` → `Routed` → `Known` → `Admitted` → `Presented` →
//! `Opened` → `Verified` → `Claimed` → `Funded`. What a stage turns away is
//! `Turned`, of which `observe` may make `Observed`; the forwarder takes
//! `Forwardable`, which is one of the two ends.

mod admission;
mod body;
mod budget;
mod caller;
mod claim;
mod forwardable;
mod handshake;
mod observe;
mod route;
mod signature;

pub(crate) use admission::{Admitted, admit};
pub(crate) use body::read;
pub(crate) use budget::{Funded, charge, pass_copy, refuse_copy};
pub(crate) use caller::{Known, recognise};
pub(crate) use claim::{Claimed, Standing, claim};
pub(crate) use forwardable::Forwardable;
pub(crate) use handshake::{Presented, SetUp, asks_signed, asks_unsigned};
pub(crate) use observe::{Observed, Turned, pass_over};
pub(crate) use route::{Found, Routed, find, route};
pub(crate) use signature::{Opened, Verified, open};
