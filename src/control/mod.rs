//! The control socket: what a role shows of its traffic to those who run it.
//!
//! | path | answer |
//! | --- | --- |
//! | `/status` | a [`Status`], JSON |
//!
//! Off unless asked for, and reached from this machine alone: a Unix socket of
//! mode 0600, or a loopback address (`place`). Who was refused and what came
//! through is nobody else's business, so none of it is on the admin port. No
//! type here can hold a secret, a signature, a body or the value of a field.
//!
//! `status` is what is shown, `server` shows it, `client` asks.

mod client;
mod place;
mod server;
mod status;

pub(crate) use client::{AskError, ask};
pub(crate) use place::{ControlListener, PlaceError};
pub(crate) use server::{Control, run};
pub(crate) use status::{
    At, CertificateStatus, CodeStatus, ConfigurationStatus, LedgerStatus, RateStatus, RefusalStatus,
    RefusalsStatus, RefusedConfiguration, STATUS_VERSION, SlotStatus, SourceStatus, Status,
};
