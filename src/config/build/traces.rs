//! Where spans go.

use super::transport;
use crate::config::problems::Report;
use crate::config::raw::TraceArgs;
use crate::config::values::{Destination, Fault, Protection};
use crate::config::{SampleRatio, TraceConfig};

/// `Some(None)` where they go nowhere.
#[allow(clippy::option_option)]
pub(super) fn read(args: &TraceArgs, report: &mut Report) -> Option<Option<TraceConfig>> {
    let Some(endpoint) = args.endpoint.as_deref() else {
        let given = [("--otlp-ca", args.ca.is_some()), ("--otlp-sample", args.sample.is_some())];
        let fault = "has no meaning without --otlp-endpoint";
        return transport::none_of(given, |key| report.lacking(key, fault)).then_some(None);
    };
    let destination = report.read("--otlp-endpoint", endpoint, destination);
    let is_plain = destination.as_ref().is_some_and(|to| to.protection() == Protection::Plain);
    let ca = match args.ca.as_deref() {
        Some(path) if is_plain => {
            report.wrong("--otlp-ca", path, "has no meaning for a collector that is not https");
            None
        }
        path => transport::authorities("--otlp-ca", path, report),
    };
    let sample = report.read_optional("--otlp-sample", args.sample.as_deref(), ratio);
    let (ca, sample) = (ca?, sample?.unwrap_or(SampleRatio::ALL));
    Some(Some(TraceConfig { destination: destination?, ca, sample }))
}

/// The URL of the signal, below that of the collector (OTLP section "OTLP/HTTP
/// Request").
fn destination(text: &str) -> Result<Destination, Fault> {
    if text.contains('?') {
        return Err("expected a URL without a query".into());
    }
    let below = format!("{}/v1/traces", text.trim_end_matches('/'));
    Destination::read(&below, true).map_err(|_| {
        "expected the URL of a collector without user information, such as http://127.0.0.1:4318".into()
    })
}

fn ratio(text: &str) -> Result<SampleRatio, Fault> {
    let ratio = text.parse().ok().and_then(SampleRatio::new);
    ratio.ok_or_else(|| "expected a number from 0 to 1, such as 0.05".into())
}
