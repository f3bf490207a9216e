//! What the documents say of the tree and of the program is true.
#![allow(clippy::unwrap_used, reason = "a file of the repository is there")]

mod architecture;
mod handshakes;
mod imports;
mod library;
mod links;
mod metrics;
#[cfg(feature = "proxy")]
mod mistakes;
mod operations;
#[cfg(feature = "proxy")]
mod rejections;
#[cfg(feature = "proxy")]
mod schemes;
