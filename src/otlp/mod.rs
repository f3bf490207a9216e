//! Spans of deliveries, sent to a collector by OTLP over HTTP (protobuf).
//!
//! A worker hands a span over and goes on: the queue is bounded, and what finds
//! no room is dropped and counted. One thread with a runtime of its own makes
//! batches and posts them over `egress`. A collector that is slow or away costs
//! spans and nothing else, and the end of the process waits for it only so long.
//!
//! A [`Span`] is all that is ever said of a delivery. No type here can hold a
//! secret, a signature, a query or a body.

mod export;
mod message;

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use http::Method;
use prometheus::IntCounter;
use tokio::sync::mpsc::{self, Sender};

use self::export::Collector;
use crate::config::TraceConfig;
use crate::egress::{Egress, Route, RouteError, SystemResolver};
use crate::net::DrainSignal;

/// One delivery, for a collector.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    /// The trace that it is part of, its own id and that of its parent.
    pub(crate) trace: [u8; 16],
    pub(crate) id: [u8; 8],
    pub(crate) parent: Option<[u8; 8]>,
    /// In nanoseconds of Unix time.
    pub(crate) begin: u64,
    pub(crate) end: u64,
    pub(crate) method: Method,
    /// The status of the answer.
    pub(crate) status: u16,
    /// The version of HTTP.
    pub(crate) version: &'static str,
    /// The client's address.
    pub(crate) client: IpAddr,
    /// What deliveries are for, a source or an endpoint, and its name.
    pub(crate) subject: &'static str,
    pub(crate) name: Option<String>,
    /// How it ended: a stable code of ours.
    pub(crate) code: &'static str,
    /// Of a copy: its class.
    pub(crate) class: Option<&'static str>,
    /// Of one that was forwarded unverified: what it would be refused with.
    pub(crate) observed: Option<&'static str>,
    /// Which secret verified it.
    pub(crate) slot: Option<usize>,
    /// Bytes of the body.
    pub(crate) body_bytes: u64,
    /// Until the app or the consumer began to answer.
    pub(crate) upstream: Option<Duration>,
    /// Of one that is believed: where it was sent.
    pub(crate) target: Option<Target>,
}

/// Where a request that is believed was sent.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) scheme: &'static str,
    pub(crate) host: Option<String>,
    pub(crate) port: Option<u16>,
    pub(crate) path: Option<String>,
}

/// What is counted of spans.
#[derive(Clone, Debug)]
pub(crate) struct SpanCounts {
    pub(crate) exported: IntCounter,
    /// Dropped because too many waited.
    pub(crate) for_room: IntCounter,
    /// Dropped because the collector did not take them.
    pub(crate) for_collector: IntCounter,
}

/// Where spans are handed over.
#[derive(Debug)]
pub(crate) struct Exporter {
    queue: Sender<Span>,
    counts: SpanCounts,
    stop: DrainSignal,
    /// Until it has ended.
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Why no spans can be sent.
#[derive(Debug, thiserror::Error)]
pub enum OtlpError {
    /// There is no way to the collector.
    #[error("set up the way to the collector")]
    Route(#[from] RouteError),
    /// The thread could not be started.
    #[error("start the thread that sends spans")]
    Thread(#[source] io::Error),
}

impl Exporter {
    /// Starts the thread. `service` is what the collector is told that spans
    /// are of.
    pub(crate) fn start(
        config: &TraceConfig,
        service: &'static str,
        counts: SpanCounts,
    ) -> Result<Self, OtlpError> {
        let route = Arc::new(Route::new(&export::way(config), Arc::new(SystemResolver))?);
        let collector = Collector::new(Egress::new(Arc::clone(&route)), config, service, counts.clone());
        let (queue, waiting) = mpsc::channel(WAITING_MAX);
        let stop = DrainSignal::default();
        let until = stop.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(OtlpError::Thread)?;
        let run = move || {
            runtime.block_on(async move {
                tokio::spawn(async move { route.watch().await });
                collector.serve(waiting, until).await;
            });
        };
        let thread =
            thread::Builder::new().name("traces".to_owned()).spawn(run).map_err(OtlpError::Thread)?;
        Ok(Self { queue, counts, stop, thread: Mutex::new(Some(thread)) })
    }

    /// Hands over a span, or drops it.
    pub(crate) fn offer(&self, span: Span) {
        if self.queue.try_send(span).is_err() {
            self.counts.for_room.inc();
        }
    }

    /// Sends what waits, as far as the collector takes it in a short time, and
    /// ends. Blocks: for the end of the process.
    pub(crate) fn finish(&self) {
        self.stop.begin();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        // A panic there was reported by itself, and took spans alone.
        let _ = thread.map(JoinHandle::join);
    }
}

/// So many spans wait at once, a few hundred bytes each.
const WAITING_MAX: usize = 2048;

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};
    use std::time::Instant;

    use super::*;
    use crate::config::{Destination, SampleRatio};

    fn span(number: u64) -> Span {
        Span {
            trace: [1; 16],
            id: number.to_be_bytes(),
            parent: None,
            begin: 0,
            end: 1,
            method: Method::POST,
            status: 204,
            version: "1.1",
            client: Ipv4Addr::LOCALHOST.into(),
            subject: "source",
            name: None,
            code: "accepted",
            class: None,
            observed: None,
            slot: None,
            body_bytes: 0,
            upstream: None,
            target: None,
        }
    }

    #[test]
    fn what_finds_no_room_is_dropped_at_once_and_the_end_comes_in_time() {
        // It takes connections and says nothing.
        let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("http://{}/v1/traces", silent.local_addr().unwrap());
        let destination = Destination::read(&url, true).unwrap();
        let config = TraceConfig { destination, ca: None, sample: SampleRatio::ALL };
        let counter = |name: &str| IntCounter::new(name, "of a test").unwrap();
        let counts = SpanCounts {
            exported: counter("exported"),
            for_room: counter("room"),
            for_collector: counter("collector"),
        };
        let exporter = Exporter::start(&config, "test", counts.clone()).unwrap();
        let began = Instant::now();
        (0..10_000).for_each(|number| exporter.offer(span(number)));
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
        // The queue, and the one batch that was taken out of it.
        let dropped = counts.for_room.get();
        assert!((10_000 - 2048 - 512..=10_000 - 2048).contains(&dropped), "{dropped}");
        exporter.finish();
        assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
        assert_eq!((counts.exported.get(), counts.for_room.get() + counts.for_collector.get()), (0, 10_000));
    }
}
