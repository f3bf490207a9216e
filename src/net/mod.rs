//! Connections: accepting, framing, serving and ending them. Knows no policy.
//!
//! A connection comes from `accept`, is served by `serve`, which bounds
//! what its peer can make it cost, and ends by its peer, by lapse
//! (`activity`), or by `drain`.

pub(crate) mod accept;
pub(crate) mod activity;
mod detect;
pub(crate) mod drain;
pub mod http1;
mod linger;
mod seldom;
pub(crate) mod serve;
