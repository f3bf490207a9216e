//! The admin port.

use crate::stand::{BODY, Stand};

#[tokio::test]
async fn deliveries_are_counted_by_source_and_code() {
    let stand = Stand::with_flags(&["--source", "billing"]).await;
    let fields = stand.signed("msg_1", BODY);
    stand.post(&fields, BODY).await;
    stand.post(&fields, BODY).await;
    stand.post(&fields, b"forged").await;
    let metrics = stand.admin("/metrics").await;
    for line in [
        "countersign_deliveries_total{code=\"accepted\",source=\"billing\"} 1",
        "countersign_deliveries_total{code=\"replayed\",source=\"billing\"} 1",
        "countersign_deliveries_total{code=\"signature_mismatch\",source=\"billing\"} 1",
        "countersign_ledger_entries 1",
    ] {
        assert!(metrics.contains(line), "{line} is not in:\n{metrics}");
    }
}

#[tokio::test]
async fn health_is_served_and_nothing_else() {
    let stand = Stand::with_flags(&[]).await;
    for (path, status) in [
        ("/livez", "200"),
        ("/readyz", "200"),
        ("/buildinfo", "200"),
        ("/", "404"),
        ("/hooks", "404"),
        ("/debug", "404"),
    ] {
        let answer = stand.admin(path).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{path}: {answer}");
    }
}
