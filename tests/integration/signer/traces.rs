//! Spans of what the app sends out.

use super::stand::Signer;
use crate::app::App;
use crate::traces::{Collector, attributes, hex};

const SAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[tokio::test]
async fn a_delivery_is_a_span_between_the_app_and_its_consumer() {
    let (collector, consumer) = (Collector::start().await, App::start().await.unwrap());
    let flags = ["--otlp-endpoint", &collector.url(), "--otlp-sample", "0", "--name", "partner"];
    let signer = Signer::plain(consumer.address, &flags);
    let fields = [("traceparent", SAMPLED), ("authorization", "Bearer of-the-app")];
    assert_eq!(signer.post("/?key=of-the-app", &fields, b"{\"a\":1}").await.status, 204);
    let unsampled = signer.post("/", &[], b"{}").await;
    assert_eq!(unsampled.status, 204);
    signer.stop().await;

    let (services, spans, bytes) = collector.take();
    assert_eq!(services.into_iter().collect::<Vec<_>>(), ["countersign-signer"]);
    assert_eq!(spans.len(), 1, "the app's parent decides, else the ratio");
    let span = &spans[0];
    assert_eq!(hex(&span.parent_span_id), "00f067aa0ba902b7");
    let seen = consumer.take_seen();
    let told = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-{}-01", hex(&span.span_id));
    assert_eq!(seen[0].field("traceparent"), told);
    assert!(seen[1].field("traceparent").ends_with("-00"), "a trace of which nothing is kept");
    let attributes = attributes(&span.attributes);
    assert_eq!(
        (attributes["countersign.endpoint"].as_str(), span.name.as_str()),
        ("partner", "POST partner")
    );
    assert_eq!(attributes["countersign.code"], "delivered");
    let text = String::from_utf8_lossy(&bytes);
    assert!(!text.contains("of-the-app") && !text.contains("v1,"), "{text}");
}
