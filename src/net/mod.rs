//! Sockets and protocols, without policy: nothing here knows what a webhook
//! is, or refuses for any reason but that something is not HTTP or took too
//! long.

mod accept;
mod http1;
mod run_to_end;
mod serve;
mod upstream;

pub(crate) use accept::{accept, listen};
pub(crate) use http1::Http1Fault;
pub(crate) use run_to_end::{PointOfNoReturn, RunToEnd};
pub(crate) use serve::{ConnectionBounds, Protocol, serve_connection};
pub(crate) use upstream::{Connector, ConnectorError, Pool, UpstreamBody, UpstreamError};
