//! Countersign: the reply that proves to a sentry that you may pass.
//!
//! A verifying reverse proxy for webhooks. The **guard** stands in front of a
//! receiver app and lets through only deliveries that are genuine, fresh, not
//! seen before and within their limits, byte for byte as they were received.
//! The **signer** stands beside a sending app, and signs and delivers.
//!
//! Where to start: [`guard::pipeline`](guard) is the life of a delivery as one
//! function. `docs/architecture.md` has the map.
//!
//! Imports run one way: roles → stores, admin, net → config → schemes → keys,
//! clock. `tests/documentation/imports.rs` keeps this true. Without the `proxy`
//! feature only the pure part is built: [`schemes`], [`keys`] and [`clock`],
//! with no tokio and no hyper.

pub mod clock;
pub mod keys;
pub mod schemes;

#[cfg(feature = "proxy")]
mod admin;
#[cfg(feature = "proxy")]
mod causes;
#[cfg(feature = "proxy")]
pub mod cli;
#[cfg(feature = "proxy")]
pub mod config;
#[cfg(feature = "proxy")]
mod control;
#[cfg(feature = "proxy")]
pub mod devcerts;
#[cfg(feature = "proxy")]
mod egress;
// Public for fuzz targets alone.
#[cfg(feature = "proxy")]
#[doc(hidden)]
pub mod explain;
#[cfg(feature = "proxy")]
pub mod guard;
#[cfg(feature = "proxy")]
pub mod injector;
#[cfg(feature = "proxy")]
mod issuing;
#[cfg(feature = "proxy")]
pub mod ledger;
// Hidden and public: for benches and fuzz targets alone, which are crates of their own.
#[cfg(feature = "proxy")]
#[doc(hidden)]
pub mod limits;
#[cfg(feature = "proxy")]
#[doc(hidden)]
pub mod net;
#[cfg(feature = "proxy")]
mod otlp;
#[cfg(feature = "proxy")]
pub mod private_file;
#[cfg(feature = "proxy")]
mod service;
#[cfg(feature = "proxy")]
pub mod signer;
#[cfg(feature = "proxy")]
#[doc(hidden)]
pub mod telemetry;
