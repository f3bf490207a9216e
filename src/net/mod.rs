//! Connections, without policy: nothing here knows what a webhook is, or
//! refuses for any reason but that something is not HTTP or took too long.
//!
//! Inward, a connection comes from `accept`, is served by `serve`, which
//! bounds what its peer can make it cost, and ends by its peer, by lapse
//! (`activity`), by its `age`, or by `drain`; `few` serves what is read from memory; `head`, `fields` and `path` say what of a
//! request means the same to everyone and goes on to the next. Outward,
//! `upstream` keeps connections to the app. `run_to_end` is for work that must
//! not end with its caller.

mod accept;
mod activity;
mod age;
mod descriptors;
mod detect;
mod dial;
mod drain;
mod few;
mod fields;
mod head;
pub mod http1;
mod linger;
mod path;
mod run_to_end;
mod serve;
mod tls_versions;
mod upstream;
mod when_woken;

pub(crate) use accept::{accept, listen_all};
pub(crate) use descriptors::connections_max;
pub(crate) use dial::connect_any;
pub(crate) use drain::{Drain, DrainSignal, Drained};
pub(crate) use few::{TEXT, page, serve_few};
pub(crate) use fields::strip_hop_by_hop;
pub(crate) use head::{HeadFault, Sound, inspect};
pub(crate) use http1::{Http1Bounds, Http1Fault};
pub(crate) use linger::discard;
pub(crate) use path::is_unambiguous;
pub(crate) use run_to_end::{PointOfNoReturn, RunToEnd};
pub(crate) use serve::{ConnectionBounds, Protocol, serve_connection};
pub(crate) use tls_versions::tls_versions;
pub(crate) use upstream::{
    Connection, ExchangeError, Idle, Pool, Stream, Target, TargetError, UpstreamBody, UpstreamBodyError,
    UpstreamError,
};
