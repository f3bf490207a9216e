//! Everything that needs a running guard or signer, as one binary: real HTTP
//! and TLS over loopback, on ports that the system chooses, under a clock that
//! the test controls. A module per topic.

#![allow(clippy::unwrap_used)]

// Shared with the quickstart, which uses other parts of them.
#[allow(dead_code)]
#[path = "../../examples/quickstart/app.rs"]
mod app;
#[allow(dead_code)]
#[path = "../../examples/quickstart/client.rs"]
mod client;
mod held;
mod languages;
mod program;
mod stand;

mod admin;
mod forwarding;
mod frames;
mod framing;
mod http2;
mod interop;
mod killed;
mod lifecycle;
mod limits;
mod process;
mod redis;
mod refusals;
mod replays;
mod signatures;
mod signer;
mod slow;
mod state_dir;
mod tls;
mod upstream;
