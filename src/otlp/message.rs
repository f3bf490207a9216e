//! A batch in the words of OTLP: attributes after OpenTelemetry's semantic
//! conventions for HTTP servers, and our own below `countersign.`.

use http::Method;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span as Message, Status, span};
use prost::Message as _;

use super::{Span, Target};

/// The body of a request with these spans.
pub(super) fn encode(batch: &[Span], service: &str) -> Vec<u8> {
    let version = env!("CARGO_PKG_VERSION");
    let scope = InstrumentationScope {
        name: env!("CARGO_PKG_NAME").to_owned(),
        version: version.to_owned(),
        ..InstrumentationScope::default()
    };
    let resource = Resource {
        attributes: vec![text("service.name", service), text("service.version", version)],
        ..Resource::default()
    };
    let spans = ScopeSpans {
        scope: Some(scope),
        spans: batch.iter().map(message).collect(),
        schema_url: String::new(),
    };
    let spans =
        ResourceSpans { resource: Some(resource), scope_spans: vec![spans], schema_url: String::new() };
    ExportTraceServiceRequest { resource_spans: vec![spans] }.encode_to_vec()
}

/// How many spans a collector did not take that answered so. One that says
/// nothing that can be read took them all.
pub(super) fn rejected(answer: &[u8]) -> u64 {
    let partial = ExportTraceServiceResponse::decode(answer).ok().and_then(|answer| answer.partial_success);
    partial.and_then(|partial| u64::try_from(partial.rejected_spans).ok()).unwrap_or(0)
}

fn message(span: &Span) -> Message {
    let method = method(&span.method);
    let name = match &span.name {
        Some(name) => format!("{method} {name}"),
        None => method.to_owned(),
    };
    Message {
        trace_id: span.trace.to_vec(),
        span_id: span.id.to_vec(),
        parent_span_id: span.parent.map(|id| id.to_vec()).unwrap_or_default(),
        flags: SAMPLED | IS_REMOTE_KNOWN | if span.parent.is_some() { IS_REMOTE } else { 0 },
        name,
        kind: span::SpanKind::Server.into(),
        start_time_unix_nano: span.begin,
        end_time_unix_nano: span.end,
        attributes: attributes(span, method),
        status: (span.status >= 500)
            .then(|| Status { code: StatusCode::Error.into(), message: span.code.to_owned() }),
        ..Message::default()
    }
}

fn attributes(span: &Span, method: &str) -> Vec<KeyValue> {
    let mut all = vec![
        text("http.request.method", method),
        number("http.response.status_code", span.status.into()),
        text("network.protocol.version", span.version),
        text("client.address", &span.client.to_string()),
        text("countersign.code", span.code),
        number("http.request.body.size", i64::try_from(span.body_bytes).unwrap_or(i64::MAX)),
    ];
    let ours = [("countersign.class", span.class), ("countersign.observed", span.observed)];
    all.extend(ours.into_iter().filter_map(|(key, value)| Some(text(key, value?))));
    all.extend(span.name.as_deref().map(|name| text(&format!("countersign.{}", span.subject), name)));
    all.extend(span.slot.map(|slot| number("countersign.slot", i64::try_from(slot).unwrap_or(i64::MAX))));
    all.extend(
        span.upstream
            .map(|time| attribute("countersign.upstream.duration", Value::DoubleValue(time.as_secs_f64()))),
    );
    if span.status >= 500 {
        all.push(text("error.type", span.code));
    }
    if let Some(Target { scheme, host, port, path }) = &span.target {
        all.push(text("url.scheme", scheme));
        all.extend(host.as_deref().map(|host| text("server.address", host)));
        all.extend(port.map(|port| number("server.port", port.into())));
        all.extend(path.as_deref().map(|path| text("url.path", path)));
    }
    all
}

/// A stranger's own words are `_OTHER`, or a collector would keep a series for
/// each of them.
fn method(method: &Method) -> &str {
    let known = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::OPTIONS,
        Method::PATCH,
    ];
    if known.contains(method) { method.as_str() } else { "_OTHER" }
}

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.to_owned()))
}

fn number(key: &str, value: i64) -> KeyValue {
    attribute(key, Value::IntValue(value))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

/// Of `SpanFlags`.
const SAMPLED: u32 = 0x1;
const IS_REMOTE_KNOWN: u32 = 0x100;
const IS_REMOTE: u32 = 0x200;

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTracePartialSuccess;

    use super::*;

    #[test]
    fn what_a_collector_did_not_take_is_read_from_its_answer() {
        let partial = |rejected_spans| ExportTraceServiceResponse {
            partial_success: Some(ExportTracePartialSuccess { rejected_spans, error_message: String::new() }),
        };
        for (answer, count) in [
            (partial(3).encode_to_vec(), 3),
            (partial(-1).encode_to_vec(), 0),
            (ExportTraceServiceResponse::default().encode_to_vec(), 0),
            (b"<html>".to_vec(), 0),
        ] {
            assert_eq!(rejected(&answer), count, "{answer:?}");
        }
    }

    #[test]
    fn a_method_that_nobody_knows_is_not_repeated() {
        assert_eq!(method(&Method::POST), "POST");
        assert_eq!(method(&Method::from_bytes(b"CHOSEN-BY-A-STRANGER").unwrap()), "_OTHER");
    }
}
