//! Egress against real servers on loopback.

mod addresses;
mod answers;
mod consumer;
mod exchanges;
mod material;
mod proxy;
mod stand;
mod trust;
