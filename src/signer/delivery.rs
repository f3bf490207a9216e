//! One delivery on its way: where it came from, and how it ended.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;

use crate::net::Http1Fault;
use crate::service;
use crate::signer::endpoints::Addressed;
use crate::signer::outcome::Outcome;
use crate::signer::pipeline;
use crate::signer::rejection::{Refused, Rejection};
use crate::signer::signing::Signed;
use crate::signer::state::Signer;
use crate::signer::worker::{Way, Worker};
use crate::telemetry::{Observation, Parent};

/// Answers one request: runs the pipeline, survives its panics, logs and
/// counts what became of it. The one place where that is done.
pub(crate) async fn answer(
    worker: Arc<Worker>,
    client: IpAddr,
    request: Request<Incoming>,
    fault: Option<Http1Fault>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let observation = Observation::begin(Arc::clone(&worker.signer.telemetry), client, &request);
    let mut delivery = Delivery { worker: &worker, observation };
    let (parts, mut body) = request.into_parts();
    let result = {
        // Pinned where it is made: by value, each wrapper would move kilobytes.
        let run = pin!(pipeline::run(&mut delivery, parts, &mut body, fault));
        service::survive(run).await
    };
    let result = result.unwrap_or_else(|id| Err(Refused::internal(id)));
    Ok(delivery.finish(result, body))
}

/// One delivery.
#[derive(Debug)]
pub(crate) struct Delivery<'w> {
    worker: &'w Worker,
    observation: Observation,
}

impl<'w> Delivery<'w> {
    pub(crate) fn signer(&self) -> &'w Signer {
        &self.worker.signer
    }

    /// The connections to the consumer.
    pub(crate) fn way(&self, signed: &Signed) -> &'w Way {
        &self.worker.ways[signed.endpoint.index]
    }

    /// A delivery that comes after the signal to stop is for another process.
    pub(crate) fn refuse_when_draining(&self) -> Result<(), Rejection> {
        if self.worker.drain.signal().has_begun() { Err(Rejection::Draining) } else { Ok(()) }
    }

    pub(crate) fn note_addressed(&mut self, addressed: &Addressed) {
        self.observation.named = Some(Arc::clone(&addressed.endpoint.named));
    }

    /// Decides on its span, which the consumer is told of. The app is trusted
    /// with its traces as with everything else it sends.
    pub(crate) fn join_trace(&mut self, parts: &mut Parts) {
        self.observation.join_trace(parts, Parent::Believed, |_| None);
    }

    pub(crate) fn note_signed(&mut self, signed: &Signed) {
        self.observation.message_id = signed.message_id().cloned();
        self.observation.body_bytes = signed.body.len() as u64;
    }

    pub(crate) fn note_consumer(&mut self, time: Duration) {
        self.observation.upstream_time = Some(time);
    }

    /// Logs and counts, and makes the answer.
    fn finish(
        mut self,
        result: Result<Response<Full<Bytes>>, Refused>,
        body: Incoming,
    ) -> Response<Full<Bytes>> {
        let (outcome, mut response) = match result {
            Ok(response) if response.status().is_success() => (Outcome::Delivered, response),
            Ok(response) => (Outcome::NotDelivered, response),
            Err(refused) => (Outcome::Rejected(refused.rejection), refused.into_response()),
        };
        self.observation.settle(outcome.code(), response.status());
        service::leave_unread(body, self.observation.version(), &mut response, &self.worker.drain);
        response
    }
}
