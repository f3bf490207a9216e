//! One delivery on its way: where it came from, and how it ended.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, Uri};
use hyper::body::Incoming;

use crate::clock::UnixTime;
use crate::guard::accept::{Brought, Caller, Connection};
use crate::guard::answer::{self, AnswerBody};
use crate::guard::capture::Offered;
use crate::guard::check::{Forwardable, Found, Observed, Routed, Verified};
use crate::guard::detail::Detail;
use crate::guard::outcome::Outcome;
use crate::guard::pipeline;
use crate::guard::rejection::{RefusalForm, Refused, Rejection};
use crate::guard::sight::{Refusal, Text};
use crate::guard::source::Source;
use crate::guard::state::Guard;
use crate::guard::target::target;
use crate::guard::tripwire::Leaks;
use crate::guard::worker::Worker;
use crate::ledger::Class;
use crate::limits::Reservation;
use crate::net::{Http1Fault, PointOfNoReturn, Pool, RunToEnd};
use crate::service;
use crate::telemetry::{Observation, Parent, TRACEPARENT};

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
    RunToEnd::new(tasks, |point| async move {
        let mut delivery = Delivery::new(worker, connection, &request, point);
        let (parts, mut body) = request.into_parts();
        let result = {
            // Pinned where it is made: by value, each wrapper would move kilobytes.
            let run = pin!(pipeline::run(&mut delivery, parts, &mut body, fault));
            service::survive(run).await
        };
        let result = result.unwrap_or_else(|id| Err(Refused::internal(id)));
        Ok(delivery.finish(result, body))
    })
}

/// One delivery.
#[derive(Debug)]
pub(crate) struct Delivery {
    worker: Arc<Worker>,
    connection: Arc<Connection>,
    /// What a proxy says of it.
    brought: Option<Brought>,
    point: PointOfNoReturn,
    observation: Observation,
    /// How refusals are written, by the source that was found.
    refusals: RefusalForm,
    /// The secret of its source that expired last, for the log to say so.
    expired_slot: Option<usize>,
    /// What the tripwire found, once it has looked.
    leaks: Option<Leaks>,
    /// Of one that a check turned away, for those who look. Boxed: most are not.
    turned: Option<Box<(Method, Uri)>>,
}

impl Delivery {
    fn new(
        worker: Arc<Worker>,
        connection: Arc<Connection>,
        request: &Request<Incoming>,
        point: PointOfNoReturn,
    ) -> Self {
        let telemetry = Arc::clone(&worker.guard.telemetry);
        let observation = Observation::begin(telemetry, connection.client.address, request);
        let refusals = RefusalForm::default();
        Self {
            worker,
            connection,
            brought: None,
            point,
            observation,
            refusals,
            expired_slot: None,
            leaks: None,
            turned: None,
        }
    }

    pub(crate) fn guard(&self) -> Arc<Guard> {
        Arc::clone(&self.worker.guard)
    }

    /// Finds out who sent it, where a proxy brings the requests of others.
    pub(crate) fn find_caller(&mut self, fields: &HeaderMap) -> Result<(), Refused> {
        self.brought = self.connection.brings(&self.worker.guard, fields)?;
        self.observation.client = self.caller().client.address;
        Ok(())
    }

    /// Who sent it.
    pub(crate) fn caller(&self) -> Caller<'_> {
        self.connection.caller(self.brought.as_ref())
    }

    /// The connections to the app of `source`.
    pub(crate) fn pool<'s>(&self, source: &'s Source) -> &'s Arc<Pool> {
        source.way.pool(self.worker.number)
    }

    /// An empty share of the body memory, in the name of the caller's address.
    pub(crate) fn reservation(&self) -> Reservation {
        Reservation::new(&self.worker.guard.memory, self.caller().client.usage.address().memory())
    }

    /// A delivery that comes after the signal to stop is for another process.
    pub(crate) fn refuse_when_draining(&self) -> Result<(), Rejection> {
        if self.worker.drain.signal().has_begun() { Err(Rejection::Draining) } else { Ok(()) }
    }

    /// Decides on its span, which the app is told of. What is told of a request
    /// that is not believed is nothing that its sender chose.
    pub(crate) fn join_trace(&mut self, forwardable: &Forwardable, parts: &mut Parts) {
        let parent = match forwardable {
            Forwardable::Funded(funded) if funded.class().is_none() => Parent::Believed,
            // A copy may be that of somebody who listened.
            Forwardable::Funded(_) | Forwardable::Unverified(_) => Parent::Ignored,
        };
        let scheme = self.caller().proto;
        let guard = self.guard();
        self.observation.join_trace(parts, parent, |parts| {
            (parent == Parent::Believed).then(|| target(parts, scheme, &guard.in_force.load()))
        });
    }

    /// From now on a caller that hangs up changes nothing.
    pub(crate) fn run_to_end(&self) {
        self.point.pass();
    }

    pub(crate) fn note_found(&mut self, found: &Found) {
        self.observation.named = Some(Arc::clone(&found.source().named));
    }

    pub(crate) fn note_routed(&mut self, routed: &Routed, now: UnixTime) {
        self.expired_slot = routed.source().expired_slot(now);
        self.refusals = routed.source().refusals();
    }

    /// Takes out of `parts` what holds a secret of `source`, before anything
    /// more reads it, and says so. Looks once, however often it is asked.
    pub(crate) fn disarm(&mut self, source: &Source, parts: &mut Parts) {
        if self.leaks.is_some() {
            return;
        }
        let leaks = self.leaks.insert(source.tripwire.disarm(parts));
        if leaks.count == 0 {
            return;
        }
        source.leaks.add(leaks.count);
        if !parts.headers.contains_key(TRACEPARENT) {
            self.observation.forget_trace();
        }
        if source.tripwire.warns() {
            tracing::warn!(
                source = source.config.name,
                place = leaks.place(),
                "a request held a secret of its source, which was removed; the sender gives it to all who log \
                 requests: change the secret. Further ones are counted (countersign_secret_leaks_total)"
            );
        }
    }

    /// Leaves out of the target what [`disarm`](Self::disarm) found there: only
    /// now, because a signature may cover the one that came.
    pub(crate) fn clean(&mut self, parts: &mut Parts) {
        if let Some(leaks) = self.leaks.take() {
            leaks.clean(parts);
        }
    }

    /// Hands what was refused to whoever keeps captures, where anybody does.
    pub(crate) fn capture(&self, rejection: Rejection, parts: &Parts, body: Option<&Bytes>) {
        let guard = &self.worker.guard;
        let Some(captures) = &guard.captures else { return };
        let received = guard.clock.now();
        let removed = self.leaks.as_ref().map_or(0, |leaks| leaks.fields);
        captures.offer(&guard.in_force.load(), &Offered { rejection, received, parts, body, removed });
    }

    pub(crate) fn note_verified(&mut self, verified: &Verified, now: UnixTime) {
        let slot = verified.proof().slot();
        verified.source().named.verified(slot);
        verified.source().uses.note(slot, now);
        self.observation.slot = Some(slot);
        self.observation.message_id = verified.proof().message_id().cloned();
        self.observation.identity = verified.identity().cloned();
        self.observation.body_bytes = verified.body_bytes();
    }

    /// A check turned it away.
    pub(crate) fn note_turned(&mut self, parts: &Parts, rejection: Rejection) {
        let guard = &self.worker.guard;
        if rejection == Rejection::NoSource && guard.telemetry.log.wants_deliveries() {
            self.observation.detail = guard.destinations.tell(parts, &guard.in_force.load());
        }
        if self.worker.guard.sight.refusals.is_some() {
            self.turned = Some(Box::new((parts.method.clone(), parts.uri.clone())));
        }
    }

    pub(crate) fn note_observed(&mut self, observed: &Observed) {
        self.worker.guard.observed_metrics.observed(&observed.source().config.name, observed.code());
        self.observation.observed = Some(observed.code());
        self.note_detail(observed.detail());
        if observed.rejection().is_of_the_secret() {
            self.observation.expired_slot = self.expired_slot;
        }
        self.observation.body_bytes = observed.body_bytes();
    }

    fn note_detail(&mut self, detail: Option<Detail>) {
        match detail {
            None => {}
            Some(Detail::Word(word)) => self.observation.detail = Some(word.into()),
            Some(Detail::Skew(skew)) => self.observation.skew = Some(skew),
        }
    }

    pub(crate) fn note_class(&mut self, class: Class) {
        self.observation.class = Some(class.name());
    }

    pub(crate) fn note_upstream(&mut self, time: Duration) {
        self.observation.upstream_time = Some(time);
    }

    /// Logs and counts, and makes the answer.
    fn finish(
        mut self,
        result: Result<Response<AnswerBody>, Refused>,
        body: Incoming,
    ) -> Response<AnswerBody> {
        let outcome = match &result {
            Ok(response) => answer::outcome(response),
            Err(refused) => {
                self.note_detail(refused.detail);
                Outcome::Rejected(refused.rejection)
            }
        };
        self.keep_refusal(outcome);
        let mut response = result.unwrap_or_else(|refused| refused.into_response(self.refusals));
        if let Outcome::Rejected(rejection) = outcome {
            if rejection.is_of_the_ledger() {
                self.worker.guard.ledger_metrics.refused(rejection.code());
            }
            if rejection.is_of_the_secret() {
                self.observation.expired_slot = self.expired_slot;
            }
        }
        self.observation.settle(outcome.code(), response.status());
        service::leave_unread(body, self.observation.version(), &mut response, &self.worker.drain);
        response
    }

    /// For those who look: what was refused, or would be.
    fn keep_refusal(&self, outcome: Outcome) {
        let Worker { guard, number, .. } = &*self.worker;
        let Some(refusals) = &guard.sight.refusals else { return };
        let code = match (outcome, self.observation.observed) {
            (Outcome::Rejected(rejection), _) => rejection.code(),
            (_, Some(code)) => code,
            (_, None) => return,
        };
        let turned = self.turned.as_deref();
        let refusal = Refusal {
            at: guard.clock.now(),
            named: self.observation.named.clone(),
            code,
            observed: !matches!(outcome, Outcome::Rejected(_)),
            client: self.observation.client,
            method: turned.map(|(method, _)| Text::new(method.as_str().as_bytes())),
            path: turned.map(|(_, uri)| Text::new(uri.path().as_bytes())),
            message_id: self.observation.message_id.as_ref().map(|id| Text::new(id.as_bytes())),
        };
        refusals.note(*number, refusal);
    }
}
