//! One delivery as telemetry sees it: what is known of it, and how it ended.
//! What is noted here is for the log and the metrics alone; no check reads it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::HeaderName;
use http::{HeaderValue, Request, StatusCode, Version};

use crate::clock::Clock;
use crate::telemetry::{DeliveryLog, DeliveryRecord, Ended, Metrics, Named};

/// The field that says which trace a request is part of (W3C Trace Context).
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The code of a delivery whose caller hung up before there was anything to
/// answer. Every role has it.
pub(crate) const CALLER_GONE: &str = "caller_gone";

/// Where a role's deliveries are counted and logged.
#[derive(Debug)]
pub(crate) struct Telemetry {
    pub(crate) metrics: Metrics,
    pub(crate) log: DeliveryLog,
    pub(crate) clock: Arc<dyn Clock>,
}

/// One delivery. Dropped without having been settled, it lost its caller, and
/// is counted and logged so.
#[derive(Debug)]
pub(crate) struct Observation {
    telemetry: Arc<Telemetry>,
    /// Who sent it.
    pub(crate) client: IpAddr,
    started: Instant,
    version: Version,
    traceparent: Option<HeaderValue>,
    /// The source or endpoint, once it is found.
    pub(crate) named: Option<Arc<Named>>,
    /// The id that is signed.
    pub(crate) message_id: Option<HeaderValue>,
    /// The name in the client's certificate that counted.
    pub(crate) identity: Option<HeaderValue>,
    /// Which secret verified it.
    pub(crate) slot: Option<usize>,
    /// Of one that no secret verified: the one that expired last.
    pub(crate) expired_slot: Option<usize>,
    /// Of a copy: its class.
    pub(crate) class: Option<&'static str>,
    /// Of one that was forwarded unverified: what it would be refused with.
    pub(crate) observed: Option<&'static str>,
    /// Bytes of the body.
    pub(crate) body_bytes: u64,
    /// Until the app or the consumer began to answer.
    pub(crate) upstream_time: Option<Duration>,
    settled: bool,
}

impl Observation {
    /// A delivery begins.
    pub(crate) fn begin<B>(telemetry: Arc<Telemetry>, client: IpAddr, request: &Request<B>) -> Self {
        Self {
            telemetry,
            client,
            started: Instant::now(),
            version: request.version(),
            traceparent: request.headers().get(TRACEPARENT).cloned(),
            named: None,
            message_id: None,
            identity: None,
            slot: None,
            expired_slot: None,
            class: None,
            observed: None,
            body_bytes: 0,
            upstream_time: None,
            settled: false,
        }
    }

    /// The version of HTTP that the caller speaks.
    pub(crate) fn version(&self) -> Version {
        self.version
    }

    /// Its trace is not to be logged.
    pub(crate) fn forget_trace(&mut self) {
        self.traceparent = None;
    }

    /// Logs and counts it, once.
    pub(crate) fn settle(&mut self, code: &'static str, status: StatusCode) {
        self.settled = true;
        let telemetry = &self.telemetry;
        let duration = self.started.elapsed();
        let (time, upstream) = (telemetry.clock.now(), self.upstream_time);
        telemetry.metrics.delivery(self.named.as_deref(), Ended { code, at: time, duration, upstream });
        telemetry.log.delivery(&DeliveryRecord {
            time,
            name: self.named.as_deref().map(Named::name),
            code,
            status: status.as_u16(),
            client: self.client,
            identity: self.identity.as_ref().map(HeaderValue::as_bytes),
            message_id: self.message_id.as_ref().map(HeaderValue::as_bytes),
            slot: self.slot,
            expired_slot: self.expired_slot,
            class: self.class,
            observed: self.observed,
            duration,
            upstream,
            body_bytes: self.body_bytes,
            version: self.version,
            traceparent: self.traceparent.as_ref().map(HeaderValue::as_bytes),
        });
    }
}

impl Drop for Observation {
    fn drop(&mut self) {
        if !self.settled {
            // nginx's status for it; nobody is there to receive one.
            self.settle(CALLER_GONE, StatusCode::from_u16(499).unwrap_or_default());
        }
    }
}
