//! What operators see: metrics, the operational log, and one line per delivery.
//!
//! Nothing here decides anything, waits for anything or can fail a delivery:
//! counting is a few atomic additions, and a line that finds no room is
//! dropped and counted. No type here can hold a secret, a signature, an
//! expected MAC or a body.
//!
//! `observation` is a delivery as it is counted and logged, in every role;
//! `delivery_log` writes the line per delivery, `log` what else there is
//! to say; both go through `log_sink` to standard output. `metrics` is
//! read by the admin port. `tracer` decides which deliveries get a span, which
//! `otlp` sends.

mod capture_metrics;
mod declare;
mod delivery_log;
mod injection_metrics;
mod leak_metrics;
mod ledger_metrics;
mod line;
mod log;
mod log_sink;
mod metrics;
mod observation;
mod observed_metrics;
mod process_metrics;
mod reload_metrics;
mod secret_metrics;
mod signing_metrics;
mod subject;
mod tls_metrics;
mod trace;
mod tracer;

pub(crate) use capture_metrics::CaptureMetrics;
pub(crate) use delivery_log::{DeliveryLog, DeliveryRecord};
pub(crate) use injection_metrics::InjectionMetrics;
pub(crate) use leak_metrics::{LeakCounter, LeakMetrics};
pub(crate) use ledger_metrics::{LedgerHealth, LedgerMetrics, LedgerReading};
pub use log::write_to;
pub(crate) use log::{flush, init};
pub(crate) use metrics::{Ended, Metrics, Named, Tally};
pub(crate) use observation::{CALLER_GONE, Observation, Parent, Telemetry};
pub(crate) use observed_metrics::ObservedMetrics;
pub(crate) use process_metrics::ProcessMetrics;
pub(crate) use reload_metrics::ReloadMetrics;
pub(crate) use secret_metrics::{SecretMetrics, SecretReading};
pub(crate) use signing_metrics::SigningMetrics;
pub(crate) use subject::Subject;
pub(crate) use tls_metrics::TlsMetrics;
pub(crate) use trace::TRACEPARENT;
pub(crate) use tracer::Tracer;
