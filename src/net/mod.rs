//! Connections, without policy: nothing here knows what a webhook is, or
//! refuses for any reason but that something is not HTTP or took too long.
//!
//! Inward, a connection comes from `accept`, is served by `serve`, which
//! bounds what its peer can make it cost, and ends by its peer, by lapse
//! (`activity`), or by `drain`. Outward, `upstream` keeps connections to the
//! app. `run_to_end` is for work that must not end with its caller.

mod accept;
mod activity;
mod descriptors;
mod detect;
mod drain;
pub mod http1;
mod linger;
mod run_to_end;
mod serve;
mod upstream;
mod when_woken;

pub(crate) use accept::{accept, listen_all};
pub(crate) use descriptors::connections_max;
pub(crate) use drain::{Drain, DrainSignal, Drained};
pub(crate) use http1::{Http1Bounds, Http1Fault, is_host, is_path_and_query};
pub(crate) use linger::discard;
pub(crate) use run_to_end::{PointOfNoReturn, RunToEnd};
pub(crate) use serve::{ConnectionBounds, Protocol, serve_connection};
pub(crate) use upstream::{Pool, Target, TargetError, UpstreamBody, UpstreamBodyError, UpstreamError};
