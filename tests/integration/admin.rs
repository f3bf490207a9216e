//! The admin port.

use countersign::clock::UnixTime;

use crate::senders_ca::{SendersCa, next_week};
use crate::stand::{BODY, Stand};

#[tokio::test]
async fn readiness_says_what_is_amiss_and_stays() {
    let ca = SendersCa::new();
    let (trusted, crl) = (ca.certificate(), ca.crl(2, next_week()));
    let end = UnixTime::from_secs(next_week().unix_timestamp().cast_unsigned());
    let until = format!("0={}", next_week().format(&time::format_description::well_known::Rfc3339).unwrap());
    let flags =
        ["--client-ca", &trusted, "--client-crl", &crl, "--secret-not-after", &until, "--source", "a"];
    let stand = Stand::with_flags(&flags).await;
    let amiss = || async { stand.admin("/readyz").await.split_once("\r\n\r\nok\n").unwrap().1.to_owned() };
    assert!(!amiss().await.contains("client_crl") && !amiss().await.contains("source"));
    stand.clock.set(end);
    stand.clock.advance(std::time::Duration::from_secs(1));
    let amiss = amiss().await;
    for line in [
        "certificate: client_crl ended on 20",
        "source \"a\": no secret counts now, none of its deliveries verifies\n",
    ] {
        assert!(amiss.contains(line), "{line} is not in:\n{amiss}");
    }
    assert!(stand.admin("/readyz").await.starts_with("HTTP/1.1 200 "));
}

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
