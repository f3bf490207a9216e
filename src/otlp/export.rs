//! Batches on their way to the collector.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::Full;
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::{Span, SpanCounts, message};
use crate::causes::Causes;
use crate::config::{ClientTls, EgressConfig, TraceConfig};
use crate::egress::{Egress, EgressError};
use crate::net::DrainSignal;

/// Who gets the spans.
pub(super) struct Collector {
    egress: Egress,
    target: Uri,
    service: &'static str,
    counts: SpanCounts,
}

/// Why a batch was not taken.
#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error("reach the collector")]
    Exchange(#[from] EgressError),
    #[error("the collector answered {0}")]
    Status(StatusCode),
}

/// The way to the collector of `config`: the operator named it, so it may be
/// anywhere.
pub(super) fn way(config: &TraceConfig) -> EgressConfig {
    EgressConfig {
        destination: config.destination.clone(),
        allow: EgressConfig::anywhere(),
        proxy: None,
        tls: ClientTls::under(config.ca.clone()),
        timeout: ANSWER_TIME_MAX,
        answer_bytes_max: ANSWER_BYTES_MAX,
    }
}

impl Collector {
    pub(super) fn new(
        egress: Egress,
        config: &TraceConfig,
        service: &'static str,
        counts: SpanCounts,
    ) -> Self {
        Self { egress, target: config.destination.base().clone().into(), service, counts }
    }

    /// Sends batch after batch, until nobody can hand in more or the process
    /// stops; then what is left, for a short time.
    pub(super) async fn serve(self, mut waiting: Receiver<Span>, stop: DrainSignal) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        tokio::select! {
            biased;
            () = stop.begun() => {}
            () = self.send_all(&mut waiting, &mut batch) => return,
        }
        waiting.close();
        let rest = async {
            loop {
                if batch.is_empty() && waiting.recv_many(&mut batch, BATCH_MAX).await == 0 {
                    return;
                }
                self.settle(&batch, self.post(&batch).await);
                batch.clear();
            }
        };
        if timeout(FLUSH_TIME_MAX, rest).await.is_err() {
            let lost = batch.len() + waiting.len();
            self.counts.for_collector.inc_by(lost as u64);
            tracing::warn!(spans = lost, "gave up on spans that the collector did not take in time");
        }
    }

    async fn send_all(&self, waiting: &mut Receiver<Span>, batch: &mut Vec<Span>) {
        let mut failed = false;
        while waiting.recv_many(batch, BATCH_MAX).await > 0 {
            self.fill(waiting, batch).await;
            let outcome = self.post_patiently(batch).await;
            failed = told(&outcome, failed);
            self.settle(batch, outcome);
            batch.clear();
            self.egress.sweep();
        }
    }

    /// Waits a moment for more to come.
    async fn fill(&self, waiting: &mut Receiver<Span>, batch: &mut Vec<Span>) {
        let deadline = Instant::now() + BATCH_TIME;
        while batch.len() < BATCH_MAX {
            let room = BATCH_MAX - batch.len();
            match timeout_at(deadline, waiting.recv_many(batch, room)).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
    }

    /// Tries again what may be taken later; meanwhile the queue fills, and drops.
    async fn post_patiently(&self, batch: &[Span]) -> Result<u64, ExportError> {
        for pause in PAUSES {
            match self.post(batch).await {
                Err(error) if error.may_pass() => sleep(pause).await,
                outcome => return outcome,
            }
        }
        self.post(batch).await
    }

    /// How many of them the collector did not take although it took the batch.
    async fn post(&self, batch: &[Span]) -> Result<u64, ExportError> {
        let body = message::encode(batch, self.service);
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.target.clone();
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
        request.headers_mut().insert(USER_AGENT, HeaderValue::from_static("countersign"));
        let answer = self.egress.send(request, Instant::now()).await?;
        if !answer.status().is_success() {
            return Err(ExportError::Status(answer.status()));
        }
        Ok(message::rejected(answer.body()))
    }

    fn settle(&self, batch: &[Span], outcome: Result<u64, ExportError>) {
        let count = batch.len() as u64;
        let rejected = outcome.map_or(count, |rejected| rejected.min(count));
        self.counts.for_collector.inc_by(rejected);
        self.counts.exported.inc_by(count - rejected);
    }
}

impl ExportError {
    /// OTLP/HTTP: these and no others are worth another try.
    fn may_pass(&self) -> bool {
        match self {
            Self::Exchange(_) => true,
            Self::Status(status) => matches!(status.as_u16(), 429 | 502 | 503 | 504),
        }
    }
}

/// Whether the collector fails now: said once, and once more when it is back.
fn told(outcome: &Result<u64, ExportError>, failed: bool) -> bool {
    match outcome {
        Err(error) if !failed => tracing::warn!(
            error = %Causes(error),
            "the collector does not take spans; further ones are counted (countersign_spans_dropped_total)"
        ),
        Ok(_) if failed => tracing::info!("the collector takes spans again"),
        _ => {}
    }
    outcome.is_err()
}

/// Most spans in one request.
const BATCH_MAX: usize = 512;

/// How long the first of a batch waits for others.
const BATCH_TIME: Duration = Duration::from_secs(1);

/// Between one try and the next.
const PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// One try, from the name to the last byte of the answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);

const ANSWER_BYTES_MAX: usize = 64 << 10;

/// What the end of the process waits for.
const FLUSH_TIME_MAX: Duration = Duration::from_secs(3);
