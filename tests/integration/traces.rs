//! Spans of deliveries, as a collector gets them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::{Duration, Instant};

use countersign::devcerts::Authority;
use http::{HeaderName, HeaderValue};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::{Span, span};
use prost::Message as _;
use tempfile::NamedTempFile;
use tokio::net::TcpListener;

use crate::app::App;
use crate::over_tls;
use crate::stand::{BODY, NOW, Setup, Stand, closed_port};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const NOT_SAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

/// A collector on loopback: it reads OTLP over HTTP with the messages that its
/// authors generate.
pub(crate) struct Collector(App);

impl Collector {
    pub(crate) async fn start() -> Self {
        Self(App::start().await.unwrap())
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.0.address)
    }

    /// What has come: the name of the service, its spans, and all bytes.
    pub(crate) fn take(&self) -> (BTreeSet<String>, Vec<Span>, Vec<u8>) {
        let (mut services, mut spans, mut bytes) = (BTreeSet::new(), Vec::new(), Vec::new());
        for seen in self.0.take_seen() {
            assert_eq!(
                (seen.target.path(), seen.field("content-type")),
                ("/v1/traces", "application/x-protobuf")
            );
            bytes.extend_from_slice(&seen.body);
            for resource in ExportTraceServiceRequest::decode(seen.body).unwrap().resource_spans {
                let attributes = attributes(&resource.resource.unwrap().attributes);
                services.insert(attributes["service.name"].clone());
                spans.extend(resource.scope_spans.into_iter().flat_map(|scope| scope.spans));
            }
        }
        (services, spans, bytes)
    }
}

pub(crate) fn attributes(all: &[KeyValue]) -> BTreeMap<String, String> {
    let shown = |value: &Option<AnyValue>| match value.as_ref().unwrap().value.as_ref().unwrap() {
        Value::StringValue(text) => text.clone(),
        Value::IntValue(number) => number.to_string(),
        Value::DoubleValue(number) => format!("{}", *number > 0.0),
        other => panic!("{other:?}"),
    };
    all.iter().map(|attribute| (attribute.key.clone(), shown(&attribute.value))).collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

fn field(name: &'static str, value: &'static str) -> (HeaderName, HeaderValue) {
    (HeaderName::from_static(name), HeaderValue::from_static(value))
}

/// A guard that sends spans to `collector`.
async fn traced(collector: &Collector, flags: &[&str]) -> Stand {
    let url = collector.url();
    Stand::with_flags(&[&["--otlp-endpoint", &url], flags].concat()).await
}

#[tokio::test]
async fn a_verified_delivery_is_a_span_between_its_sender_and_the_app() {
    let collector = Collector::start().await;
    let stand = traced(&collector, &["--source", "billing", "--otlp-sample", "0"]).await;
    let signed = stand.signed("msg_1", BODY);
    let fields = [&signed[..], &[field("traceparent", SAMPLED), field("tracestate", "a=b")]].concat();
    let mut connection = stand.client.connect().await.unwrap();
    assert_eq!(connection.post("/hooks?tenant=seven", &fields, BODY.into()).await.unwrap().status, 204);
    let seen = stand.app.take_seen().remove(0);
    let secret = String::from_utf8(stand.secret.expose().to_vec()).unwrap();
    stand.stop().await.unwrap();

    let (services, spans, bytes) = collector.take();
    assert_eq!(services.into_iter().collect::<Vec<_>>(), ["countersign-guard"]);
    let [span]: [Span; 1] = spans.try_into().unwrap();
    assert_eq!(
        (hex(&span.trace_id).as_str(), hex(&span.parent_span_id).as_str()),
        (TRACE, "00f067aa0ba902b7")
    );
    assert_eq!(seen.field("traceparent"), format!("00-{TRACE}-{}-01", hex(&span.span_id)));
    assert_eq!(seen.field("tracestate"), "a=b");
    assert_eq!((span.name.as_str(), span.kind()), ("POST billing", span::SpanKind::Server));
    assert_eq!(span.end_time_unix_nano, NOW.as_millis() * 1_000_000);
    assert!(span.start_time_unix_nano < span.end_time_unix_nano);
    assert_eq!(span.status, None);
    let wanted = [
        ("client.address", "127.0.0.1"),
        ("countersign.code", "accepted"),
        ("countersign.slot", "0"),
        ("countersign.source", "billing"),
        ("countersign.upstream.duration", "true"),
        ("http.request.body.size", "21"),
        ("http.request.method", "POST"),
        ("http.response.status_code", "204"),
        ("network.protocol.version", "1.1"),
        ("server.address", "localhost"),
        ("url.path", "/hooks"),
        ("url.scheme", "https"),
    ];
    let wanted = wanted.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(attributes(&span.attributes).into_iter().collect::<Vec<_>>(), wanted);
    let text = String::from_utf8_lossy(&bytes);
    let signature = signed.iter().find(|(name, _)| name == "webhook-signature").unwrap().1.to_str().unwrap();
    for private in [signature, &secret, "tenant", "hello", "msg_1"] {
        assert!(!text.contains(private), "{private:?} is in {text}");
    }
}

#[tokio::test]
async fn the_parent_of_a_verified_delivery_decides_and_nobody_elses() {
    for (sample, traceparent, verified, spans) in [
        ("0", Some(SAMPLED), true, 1),
        ("1", Some(NOT_SAMPLED), true, 0),
        ("1", None, true, 1),
        ("0", None, true, 0),
        // A stranger can force no span, nor keep one from being made.
        ("0", Some(SAMPLED), false, 0),
        ("1", Some(NOT_SAMPLED), false, 1),
    ] {
        let what = format!("{sample} {traceparent:?} {verified}");
        let collector = Collector::start().await;
        let stand = traced(&collector, &["--otlp-sample", sample]).await;
        let mut fields = stand.signed("msg_1", if verified { BODY } else { b"another body" });
        fields.extend(traceparent.map(|value| field("traceparent", value)));
        assert_eq!(stand.post(&fields, BODY).await.status, if verified { 204 } else { 401 }, "{what}");
        let seen = stand.app.take_seen();
        stand.stop().await.unwrap();
        let (_, found, _) = collector.take();
        assert_eq!(found.len(), spans, "{what}");
        for span in &found {
            let is_theirs = hex(&span.trace_id) == TRACE;
            assert_eq!(is_theirs, verified && traceparent.is_some(), "{what}");
            assert_eq!(span.parent_span_id.is_empty(), !is_theirs, "{what}");
        }
        if let (true, Some(NOT_SAMPLED)) = (verified, traceparent) {
            assert_eq!(seen[0].field("traceparent"), NOT_SAMPLED, "{what}");
        }
    }
}

#[tokio::test]
async fn a_refusal_and_a_copy_say_their_code_and_nothing_that_a_stranger_wrote() {
    let collector = Collector::start().await;
    let stand = traced(&collector, &[]).await;
    let mut connection = stand.client.connect().await.unwrap();
    let refused = connection.post("/chosen-by-a-stranger?a=b", &[], BODY.into()).await.unwrap();
    assert_eq!(refused.code(), "signature_missing");
    assert_eq!(stand.post_genuine("msg_1").await.status, 204);
    let copied = [&stand.signed("msg_1", BODY)[..], &[field("traceparent", SAMPLED)]].concat();
    assert_eq!(stand.post(&copied, BODY).await.code(), "replayed");
    stand.stop().await.unwrap();
    let (_, spans, bytes) = collector.take();
    let codes: Vec<_> =
        spans.iter().map(|span| attributes(&span.attributes)["countersign.code"].clone()).collect();
    assert_eq!(codes, ["signature_missing", "accepted", "replayed"]);
    assert!(spans.iter().all(|span| hex(&span.trace_id) != TRACE));
    assert!(!String::from_utf8_lossy(&bytes).contains("stranger"));
}

#[tokio::test]
async fn what_is_only_observed_begins_a_trace_of_its_own() {
    let collector = Collector::start().await;
    let stand = traced(&collector, &["--mode", "observe"]).await;
    let fields = [field("traceparent", SAMPLED), field("tracestate", "a=b")];
    assert_eq!(stand.post(&fields, BODY).await.status, 204);
    let seen = stand.app.take_seen().remove(0);
    stand.stop().await.unwrap();
    let (_, spans, _) = collector.take();
    assert_eq!(
        seen.field("traceparent"),
        format!("00-{}-{}-01", hex(&spans[0].trace_id), hex(&spans[0].span_id))
    );
    assert_ne!(hex(&spans[0].trace_id), TRACE);
    assert_eq!(seen.field("tracestate"), "");
    let attributes = attributes(&spans[0].attributes);
    assert_eq!(attributes["countersign.observed"], "signature_missing");
    assert!(!attributes.contains_key("url.path"));
}

#[tokio::test]
async fn a_path_with_a_secret_is_not_told() {
    let collector = Collector::start().await;
    let secret = "whsec_c2VjcmV0IGluIGEgcGF0aCB0aGF0IGxlYWtz";
    let url = collector.url();
    let flags = ["--otlp-endpoint", url.as_str()];
    let stand = Stand::start(Setup { secret: Some(secret), flags: &flags, ..Setup::default() }).await;
    let mut connection = stand.client.connect().await.unwrap();
    let encoded = percent_encoding::percent_encode(secret.as_bytes(), percent_encoding::NON_ALPHANUMERIC);
    let encoded = encoded.to_string().replace("c2Vjcm", "c2Vj%63m");
    for (id, path) in [("msg_1", secret), ("msg_2", &encoded)] {
        let fields = stand.signed(id, BODY);
        let answer = connection.post(&format!("/hooks/{path}"), &fields, BODY.into()).await.unwrap();
        assert_eq!(answer.status, 204, "{path}");
    }
    stand.stop().await.unwrap();
    let (_, spans, bytes) = collector.take();
    assert_eq!(spans.len(), 2);
    let told = String::from_utf8_lossy(&bytes);
    assert!(!told.contains("c2Vjcm") && !told.contains("c2Vj%63m"));
}

#[tokio::test]
async fn a_collector_is_sent_spans_over_tls_only_by_a_ca_that_it_is_known_by() {
    let (authority, stranger) = (Authority::new("ours").unwrap(), Authority::new("another").unwrap());
    for (known, spans) in [(&authority, 1), (&stranger, 0)] {
        let collector = Collector::start().await;
        let port = over_tls::front_of(collector.0.address, &authority).await;
        let ca = NamedTempFile::new().unwrap();
        fs::write(ca.path(), known.certificate()).unwrap();
        let url = format!("https://localhost:{port}");
        let flags = ["--otlp-endpoint", &url, "--otlp-ca", ca.path().to_str().unwrap()];
        let stand = Stand::with_flags(&flags).await;
        assert_eq!(stand.post_genuine("msg_1").await.status, 204);
        stand.stop().await.unwrap();
        assert_eq!(collector.take().1.len(), spans);
    }
}

#[tokio::test]
async fn a_collector_that_is_away_costs_spans_and_nothing_else() {
    let url = format!("http://{}", closed_port().await);
    let stand = Stand::with_flags(&["--otlp-endpoint", &url]).await;
    for number in 0..3 {
        assert_eq!(stand.post_genuine(&format!("msg_{number}")).await.status, 204);
    }
    assert_eq!(stand.app.take_seen().len(), 3);
    let began = Instant::now();
    stand.stop().await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_collector_that_never_answers_does_not_hold_up_the_end() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let stand = Stand::with_flags(&["--otlp-endpoint", &url]).await;
    assert_eq!(stand.post_genuine("msg_1").await.status, 204);
    let began = Instant::now();
    stand.stop().await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[tokio::test]
async fn what_the_collector_took_is_counted() {
    let collector = Collector::start().await;
    let stand = traced(&collector, &[]).await;
    assert_eq!(stand.post_genuine("msg_1").await.status, 204);
    let counted = async {
        while !stand.admin("/metrics").await.contains("countersign_spans_exported_total 1") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), counted).await.expect("a batch");
    // One that fails for good is dropped, and counted so.
    collector.0.fail_next(1);
    assert_eq!(stand.post_genuine("msg_2").await.status, 204);
    let dropped = async {
        let line = "countersign_spans_dropped_total{reason=\"collector\"} 1";
        while !stand.admin("/metrics").await.contains(line) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), dropped).await.expect("a batch that failed");
}

#[tokio::test]
async fn without_a_collector_a_trace_passes_as_it_came() {
    let stand = Stand::with_flags(&[]).await;
    let fields = [&stand.signed("msg_1", BODY)[..], &[field("traceparent", SAMPLED)]].concat();
    assert_eq!(stand.post(&fields, BODY).await.status, 204);
    assert_eq!(stand.app.take_seen()[0].field("traceparent"), SAMPLED);
    assert!(!stand.admin("/metrics").await.contains("countersign_spans"));
}
