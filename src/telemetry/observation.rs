//! One delivery as telemetry sees it: what is known of it, and how it ended.
//! What is noted here is for the log and the metrics alone; no check reads it.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::request::Parts;
use http::{HeaderValue, Method, Request, StatusCode, Version};

use crate::clock::Clock;
use crate::otlp::{Span, Target};
use crate::telemetry::delivery_log::version;
use crate::telemetry::trace::{Place, TRACEPARENT, TRACESTATE};
use crate::telemetry::tracer::{Placed, Tracer, nanos};
use crate::telemetry::{DeliveryLog, DeliveryRecord, Ended, Metrics, Named};

/// The code of a delivery whose caller hung up before there was anything to
/// answer. Every role has it.
pub(crate) const CALLER_GONE: &str = "caller_gone";

/// Where a role's deliveries are counted and logged.
#[derive(Debug)]
pub(crate) struct Telemetry {
    pub(crate) metrics: Metrics,
    pub(crate) log: DeliveryLog,
    /// Who makes spans, where there is a collector.
    pub(crate) tracer: Option<Tracer>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Telemetry {
    /// Lets go of what waits; nothing is counted after it.
    pub(crate) fn finish(&self) {
        self.tracer.iter().for_each(Tracer::finish);
    }
}

/// Whether the trace that a request names is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parent {
    /// Whoever sent it is known: it may say that a span is kept, or that none is.
    Believed,
    /// Anybody could have written it.
    Ignored,
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
    /// For the span, where there may be one.
    method: Option<Method>,
    /// Where it is in its trace, once that is decided.
    placed: Option<Placed>,
    /// Where it was sent, if that is believed and told.
    target: Option<Box<Target>>,
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
    /// Of a refusal: what its code leaves open.
    pub(crate) detail: Option<Cow<'static, str>>,
    /// Of a signed time that was refused: how far it is from the clock.
    pub(crate) skew: Option<Duration>,
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
            method: telemetry.tracer.as_ref().map(|_| request.method().clone()),
            placed: None,
            target: None,
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
            detail: None,
            skew: None,
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

    /// Decides on its span, and says in `parts`, which go on, where they come
    /// from. Where there is no collector everything stays as it came. `target`
    /// is asked for only where it is told.
    pub(crate) fn join_trace(
        &mut self,
        parts: &mut Parts,
        parent: Parent,
        target: impl FnOnce(&Parts) -> Option<Target>,
    ) {
        let Some(tracer) = &self.telemetry.tracer else { return };
        let parent = if parent == Parent::Believed { Place::of(&parts.headers) } else { None };
        let placed = tracer.place(parent);
        if placed.here.sampled || parent.is_none() {
            let field = placed.here.field();
            self.traceparent = Some(field.clone());
            parts.headers.insert(TRACEPARENT, field);
        }
        if parent.is_none() {
            parts.headers.remove(TRACESTATE);
        }
        if placed.here.sampled {
            self.target = target(parts).map(Box::new);
        }
        self.placed = Some(placed);
    }

    /// Logs and counts it, once.
    pub(crate) fn settle(&mut self, code: &'static str, status: StatusCode) {
        self.settled = true;
        let at = self.telemetry.clock.now();
        let ended = Ended { code, at, duration: self.started.elapsed(), upstream: self.upstream_time };
        if let Some(method) = self.method.take() {
            self.settle_span(method, status, ended);
        }
        let telemetry = &self.telemetry;
        telemetry.metrics.delivery(self.named.as_deref(), ended);
        telemetry.log.delivery(&DeliveryRecord {
            time: at,
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
            detail: self.detail.as_deref(),
            skew: self.skew,
            duration: ended.duration,
            upstream: ended.upstream,
            body_bytes: self.body_bytes,
            version: self.version,
            traceparent: self.traceparent.as_ref().map(HeaderValue::as_bytes),
        });
    }
}

impl Observation {
    /// One whose place nobody decided did not go on: it begins a trace.
    fn settle_span(&mut self, method: Method, status: StatusCode, ended: Ended) {
        let Some(tracer) = &self.telemetry.tracer else { return };
        let Placed { here, parent } = self.placed.unwrap_or_else(|| tracer.place(None));
        if !here.sampled {
            return;
        }
        if self.placed.is_none() {
            self.traceparent = Some(here.field());
        }
        let Ended { code, at, duration, upstream } = ended;
        let end = nanos(at);
        tracer.offer(Span {
            trace: here.trace,
            id: here.span,
            parent,
            begin: end.saturating_sub(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)),
            end,
            method,
            status: status.as_u16(),
            version: version(self.version),
            client: self.client,
            subject: self.telemetry.log.subject().name(),
            name: self.named.as_deref().map(|named| named.name().to_owned()),
            code,
            class: self.class,
            observed: self.observed,
            slot: self.slot,
            body_bytes: self.body_bytes,
            upstream,
            target: self.target.take().map(|target| *target),
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
