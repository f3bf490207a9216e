//! Egress: from a request to the whole answer of whom somebody named: a
//! consumer, an authorization server, an issuer of tokens.
//!
//! The URL of a consumer is a stranger's text and its DNS is a stranger's
//! server, so this module must never connect to an address that was not
//! judged, never follow a redirect, and never wait or read without a bound.
//!
//! A [`Route`] is the way to one endpoint: made once at start, where what can
//! be refused is refused, shared by all workers, and kept up to date by
//! [`Route::watch`] when certificates change. An [`Egress`] is the connections
//! of one worker on that way. Start there: [`Egress::send`] is the life of an
//! exchange.
//!
//! The steps have a file each, in order: `resolve` turns a name into
//! addresses, `address` judges them, `route` connects to what was judged (and
//! in `tunnel` asks a proxy for more), `tls` agrees with the server on who both are,
//! `connection` makes it HTTP/1.1 or HTTP/2, `answer` is read to its end.

mod address;
mod addressing;
mod answer;
mod client;
mod connection;
mod error;
mod overheard;
mod resolve;
mod route;
#[cfg(test)]
mod tests;
mod tls;
mod tunnel;

pub use address::{AddressKind, Refusal};
pub(crate) use client::Egress;
pub(crate) use error::EgressError;
pub(crate) use resolve::SystemResolver;
pub(crate) use route::Route;
pub use route::RouteError;
pub use tls::ClientTlsError;
