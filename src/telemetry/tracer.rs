//! Which deliveries get a span, and what is said in it.
//!
//! A parent is believed only where the role says so, and then it decides. Else
//! an id of our own begins a trace, and the configured part of those is kept: a
//! stranger could choose an id that is always among them.

use std::cell::Cell;
use std::hash::{BuildHasher as _, RandomState};

use crate::clock::UnixTime;
use crate::config::{SampleRatio, TraceConfig};
use crate::otlp::{Exporter, OtlpError, Span, SpanCounts};
use crate::telemetry::metrics::Metrics;
use crate::telemetry::trace::Place;

/// Decides and hands over.
#[derive(Debug)]
pub(crate) struct Tracer {
    sample: SampleRatio,
    exporter: Exporter,
}

/// Where a delivery is in its trace.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    pub(super) here: Place,
    pub(super) parent: Option<[u8; 8]>,
}

impl Tracer {
    /// Spans of `service`, as `config` says, counted beside `metrics`.
    pub(crate) fn start(
        config: &TraceConfig,
        service: &'static str,
        metrics: &Metrics,
    ) -> Result<Self, OtlpError> {
        let dropped = metrics.process.declare.counters(
            "spans_dropped_total",
            "Spans that did not reach the collector, because too many waited or it did not take them.",
            &["reason"],
        );
        let of = |reason| dropped.with_label_values(&[reason]);
        let exported =
            metrics.process.declare.counter("spans_exported_total", "Spans that the collector took.");
        let counts = SpanCounts { exported, for_room: of("queue"), for_collector: of("collector") };
        Ok(Self { sample: config.sample, exporter: Exporter::start(config, service, counts)? })
    }

    /// The place of a delivery below `parent`, or of one that begins a trace.
    pub(super) fn place(&self, parent: Option<Place>) -> Placed {
        let span = number().to_be_bytes();
        if let Some(parent) = parent {
            return Placed { here: Place { span, ..parent }, parent: Some(parent.span) };
        }
        let low = number();
        let mut trace = [0; 16];
        trace[..8].copy_from_slice(&number().to_be_bytes());
        trace[8..].copy_from_slice(&low.to_be_bytes());
        Placed { here: Place { trace, span, sampled: self.sample.takes(low) }, parent: None }
    }

    pub(super) fn offer(&self, span: Span) {
        self.exporter.offer(span);
    }

    /// Sends what waits, for a short time: the process ends.
    pub(crate) fn finish(&self) {
        self.exporter.finish();
    }
}

/// In nanoseconds of Unix time.
pub(super) fn nanos(time: UnixTime) -> u64 {
    time.as_millis().saturating_mul(1_000_000)
}

/// A number that nobody has had, other than 0: unlike for keys, it is enough
/// that it does not come twice, so no system call is made for it.
fn number() -> u64 {
    thread_local! {
        static NUMBERS: (RandomState, Cell<u64>) = (RandomState::new(), Cell::new(0));
    }
    NUMBERS.with(|(keys, count)| {
        count.set(count.get().wrapping_add(1));
        keys.hash_one(count.get()).max(1)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn numbers_differ_within_a_thread_and_between_threads() {
        let some = || (0..1000).map(|_| number()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(some)).collect();
        let numbers: Vec<u64> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        assert_eq!(numbers.iter().collect::<HashSet<_>>().len(), 4000);
        // Half of the bits, or nearly, are set in each place.
        for bit in 0..64 {
            let set = numbers.iter().filter(|number| *number >> bit & 1 == 1).count();
            assert!((1700..2300).contains(&set), "bit {bit}: {set} of 4000");
        }
    }
}
