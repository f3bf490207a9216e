//! What came back, for people and for programs.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http::header::{CONTENT_TYPE, HeaderName};
use serde_json::{Value, json};

/// One answer, or its absence.
pub(super) struct Answer {
    status: Option<u16>,
    /// The guard's or the signer's code, where the answer carries one.
    code: Option<String>,
    outcome: Option<String>,
    /// Why there is no answer.
    error: Option<String>,
    took: Duration,
}

/// All answers so far.
#[derive(Default)]
pub(super) struct Summary {
    /// How many there were of each kind.
    kinds: BTreeMap<String, usize>,
    took: Vec<Duration>,
    refused: usize,
}

impl Answer {
    pub(super) fn of(answer: &Response<Bytes>, took: Duration) -> Self {
        let outcome = answer.headers().get(&OUTCOME).and_then(|value| value.to_str().ok());
        Self {
            status: Some(answer.status().as_u16()),
            code: code(answer),
            outcome: outcome.map(str::to_owned),
            error: None,
            took,
        }
    }

    pub(super) fn none(code: &'static str, error: String, took: Duration) -> Self {
        Self { status: None, code: Some(code.to_owned()), outcome: None, error: Some(error), took }
    }

    fn is_taken(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }

    /// `409 replayed`, `204`, `no answer: consumer_timeout`.
    fn kind(&self) -> String {
        let status = self.status.map_or_else(|| "no answer:".to_owned(), |status| status.to_string());
        [Some(status), self.code.clone(), self.outcome.clone()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" ")
    }
}

impl Summary {
    /// Counts `answer` and says what it is.
    pub(super) fn add(&mut self, answer: &Answer, as_json: bool) -> String {
        *self.kinds.entry(answer.kind()).or_default() += 1;
        self.took.push(answer.took);
        self.refused += usize::from(!answer.is_taken());
        if as_json {
            return json!({
                "number": self.took.len(),
                "status": answer.status,
                "code": answer.code,
                "outcome": answer.outcome,
                "error": answer.error,
                "took_ms": millis(answer.took),
            })
            .to_string();
        }
        let error = answer.error.as_ref().map(|error| format!(" ({error})")).unwrap_or_default();
        format!("{}: {}, {:.1} ms{error}", self.took.len(), answer.kind(), millis(answer.took))
    }

    /// Whether each answer was a success, and there was one.
    pub(super) fn all_taken(&self) -> bool {
        self.refused == 0 && !self.took.is_empty()
    }

    /// All of them in one line.
    pub(super) fn shown(&self, as_json: bool) -> String {
        let mut took = self.took.clone();
        took.sort_unstable();
        let (median, longest) = (took.get(took.len() / 2), took.last());
        let (median, longest) = (median.copied().map(millis), longest.copied().map(millis));
        if as_json {
            let kinds: Value = self.kinds.iter().map(|(kind, count)| (kind.clone(), json!(count))).collect();
            return json!({ "sent": took.len(), "answers": kinds, "median_ms": median, "longest_ms": longest })
                .to_string();
        }
        let kinds: Vec<_> = self.kinds.iter().map(|(kind, count)| format!("{count} x {kind}")).collect();
        let (median, longest) = (median.unwrap_or_default(), longest.unwrap_or_default());
        format!("{} sent: {}; median {median:.1} ms, longest {longest:.1} ms", took.len(), kinds.join(", "))
    }
}

/// Of a problem document (RFC 9457), as the guard and the signer answer with.
fn code(answer: &Response<Bytes>) -> Option<String> {
    let is_problem = answer.headers().get(CONTENT_TYPE)?.as_bytes().starts_with(b"application/problem+json");
    let document: Value = serde_json::from_slice(answer.body()).ok().filter(|_| is_problem)?;
    let code = document.get("code")?.as_str()?;
    let is_word = code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (is_word && code.len() <= CODE_BYTES_MAX).then(|| code.to_owned())
}

fn millis(took: Duration) -> f64 {
    (took.as_secs_f64() * 1e6).round() / 1e3
}

/// Set on what the guard answers itself although the delivery is genuine.
const OUTCOME: HeaderName = HeaderName::from_static("countersign-outcome");

/// Whoever answers may not be a guard, and may not fill the screen.
const CODE_BYTES_MAX: usize = 64;
