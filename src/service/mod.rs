//! What every role that answers requests does in the same way: sockets and
//! threads, the body of a request, and the problem document of a refusal.
//!
//! Nothing here decides whether a request is taken; that is the role's
//! pipeline. A role never imports another: what two of them need is here, or in
//! `net`, `limits` or `telemetry`.

mod body;
mod problem;
mod running;
mod survive;
mod worker;

pub(crate) use body::{BodyBounds, BodyFault, leave_unread, read_body};
pub use problem::Side;
pub(crate) use problem::{limit_fields, problem, problem_document};
pub use running::{Running, UpError};
pub(crate) use running::{Shown, Sockets, fit_descriptors, run};
pub(crate) use survive::{ERROR_ID, survive};
pub(crate) use worker::{now_and_then, work};
