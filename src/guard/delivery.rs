//! One delivery on its way: where it came from, what is known of it, and how
//! it ended. What is noted here is for the log and the metrics alone; no check
//! reads it.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use http::header::{self, HeaderName};
use http::{HeaderValue, Request, Response, StatusCode, Version};
use http_body::Body as _;
use hyper::body::Incoming;

use crate::guard::accept::Connection;
use crate::guard::answer::{self, AnswerBody};
use crate::guard::check::{Routed, Verified};
use crate::guard::outcome::Outcome;
use crate::guard::pipeline;
use crate::guard::rejection::{Refused, Rejection};
use crate::guard::source::Source;
use crate::guard::state::Guard;
use crate::guard::worker::Worker;
use crate::ledger::{Class, SourceIndex};
use crate::limits::Reservation;
use crate::net::{self, Http1Fault, PointOfNoReturn, Pool, RunToEnd};
use crate::telemetry::DeliveryRecord;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// An answer in the making.
pub(crate) type Answering = RunToEnd<Result<Response<AnswerBody>, Infallible>>;

/// Answers one request: runs the pipeline, survives its panics, logs and
/// counts what became of it. The one place where that is done.
pub(crate) fn answer(
    worker: Arc<Worker>,
    connection: Arc<Connection>,
    request: Request<Incoming>,
    fault: Option<Http1Fault>,
) -> Answering {
    let tasks = worker.drain.tasks().clone();
    RunToEnd::new(&tasks, |point| async move {
        let mut delivery = Delivery::new(worker, connection, &request, point);
        let (parts, mut body) = request.into_parts();
        let run = pipeline::run(&mut delivery, parts, &mut body, fault);
        let result = AssertUnwindSafe(run).catch_unwind().await;
        let result = result.unwrap_or_else(|_| Err(Rejection::Internal.into()));
        Ok(delivery.finish(result, body))
    })
}

/// One delivery.
#[derive(Debug)]
pub(crate) struct Delivery {
    worker: Arc<Worker>,
    connection: Arc<Connection>,
    point: PointOfNoReturn,
    started: Instant,
    version: Version,
    traceparent: Option<HeaderValue>,
    source: Option<Arc<Source>>,
    message_id: Option<HeaderValue>,
    identity: Option<HeaderValue>,
    class: Option<Class>,
    body_bytes: u64,
    upstream_time: Option<Duration>,
    /// Set once; a delivery that is dropped without one lost its caller.
    finished: bool,
}

impl Delivery {
    fn new(
        worker: Arc<Worker>,
        connection: Arc<Connection>,
        request: &Request<Incoming>,
        point: PointOfNoReturn,
    ) -> Self {
        Self {
            worker,
            connection,
            point,
            started: Instant::now(),
            version: request.version(),
            traceparent: request.headers().get(TRACEPARENT).cloned(),
            source: None,
            message_id: None,
            identity: None,
            class: None,
            body_bytes: 0,
            upstream_time: None,
            finished: false,
        }
    }

    pub(crate) fn guard(&self) -> Arc<Guard> {
        Arc::clone(&self.worker.guard)
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The connections to the app of `source`.
    pub(crate) fn pool(&self, source: &Source) -> &Arc<Pool> {
        &self.worker.pools[source.index.0 as usize]
    }

    /// An empty share of the body memory, in the name of the caller's address.
    pub(crate) fn reservation(&self) -> Reservation {
        Reservation::new(&self.worker.guard.memory, self.connection.address.address())
    }

    /// A delivery that comes after the signal to stop is for another process.
    pub(crate) fn refuse_when_draining(&self) -> Result<(), Rejection> {
        if self.worker.drain.signal().has_begun() { Err(Rejection::Draining) } else { Ok(()) }
    }

    /// From now on a caller that hangs up changes nothing.
    pub(crate) fn run_to_end(&self) {
        self.point.pass();
    }

    pub(crate) fn note_routed(&mut self, routed: &Routed) {
        self.source = Some(Arc::clone(routed.source()));
    }

    pub(crate) fn note_verified(&mut self, verified: &Verified) {
        let source = verified.source().index.0 as usize;
        self.worker.guard.metrics.verified(source, verified.proof().slot());
        self.message_id = verified.proof().message_id().cloned();
        self.identity = verified.identity().cloned();
        self.body_bytes = verified.body_bytes();
    }

    pub(crate) fn note_class(&mut self, class: Class) {
        self.class = Some(class);
    }

    pub(crate) fn note_upstream(&mut self, time: Duration) {
        self.upstream_time = Some(time);
    }

    /// Logs and counts, and makes the answer. A caller that still has body to
    /// send is told that nobody will read it (RFC 9112 section 9.6); over
    /// HTTP/2, where that would cost it the answer, it may send for a while.
    fn finish(
        mut self,
        result: Result<Response<AnswerBody>, Refused>,
        body: Incoming,
    ) -> Response<AnswerBody> {
        let (outcome, mut response) = match result {
            Ok(response) => (outcome_of(&response), response),
            Err(refused) => (Outcome::Rejected(refused.rejection), refused.into_response()),
        };
        self.record(outcome, response.status());
        if !body.is_end_stream() {
            if self.version < Version::HTTP_2 {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            } else {
                self.worker.drain.tasks().spawn(net::discard(body));
            }
        }
        response
    }

    fn record(&mut self, outcome: Outcome, status: StatusCode) {
        self.finished = true;
        let guard = &self.worker.guard;
        let source = self.source.as_ref().map(|source| source.index);
        let duration = self.started.elapsed();
        guard.metrics.delivery(
            source.map(|SourceIndex(n)| n as usize),
            outcome.code(),
            duration,
            self.upstream_time,
        );
        if let Outcome::Rejected(rejection) = outcome
            && rejection.is_of_the_ledger()
        {
            guard.metrics.ledger_refused(rejection.code());
        }
        guard.log.delivery(&DeliveryRecord {
            time: guard.clock.now(),
            source: self.source.as_ref().map(|source| source.config.name.as_str()),
            code: outcome.code(),
            status: status.as_u16(),
            client: self.connection.client,
            identity: self.identity.as_ref().map(HeaderValue::as_bytes),
            message_id: self.message_id.as_ref().map(HeaderValue::as_bytes),
            class: self.class.map(Class::name),
            duration,
            upstream: self.upstream_time,
            body_bytes: self.body_bytes,
            version: self.version,
            traceparent: self.traceparent.as_ref().map(HeaderValue::as_bytes),
        });
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if !self.finished {
            self.record(Outcome::CallerGone, StatusCode::from_u16(499).unwrap_or_default());
        }
    }
}

fn outcome_of(response: &Response<AnswerBody>) -> Outcome {
    if response.headers().contains_key(answer::OUTCOME) {
        Outcome::Duplicate
    } else if response.status().is_success() {
        Outcome::Accepted
    } else {
        Outcome::NotAccepted
    }
}
