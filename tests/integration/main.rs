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
mod issuer;
mod languages;
mod program;
mod senders_ca;
mod stand;

mod admin;
mod attestation;
mod captures;
mod causes;
mod components;
mod forwarding;
mod frames;
mod framing;
mod front_proxies;
mod handshakes;
mod http2;
mod injected;
mod injector;
mod interop;
mod killed;
mod leaks;
mod lifecycle;
mod limits;
mod monitoring;
mod observe;
mod over_tls;
mod process;
mod proxies;
mod redis;
mod refusals;
mod reload;
mod replays;
mod rotation;
mod schemes;
mod send;
mod signatures;
mod signer;
mod slow;
mod state_dir;
mod status;
mod tls;
mod tokens;
mod traces;
mod unserved;
mod upstream;
