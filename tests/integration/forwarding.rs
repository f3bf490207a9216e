//! What the app sees, and what the caller gets back.

use http::{HeaderName, HeaderValue};

use crate::stand::{BODY, Setup, Stand};

#[tokio::test]
async fn a_genuine_delivery_reaches_the_app_byte_for_byte_with_its_provenance() {
    let stand = Stand::with_flags(&["--source", "billing"]).await;
    let reply = stand.post_genuine("msg_1").await;
    assert_eq!((reply.status, reply.body.len()), (204, 0));
    let seen = stand.app.take_seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].body, BODY);
    assert_eq!(seen[0].target, "/hooks");
    for (name, value) in [
        ("countersign-source", "billing"),
        ("countersign-scheme", "standard-webhooks"),
        ("countersign-message-id", "msg_1"),
        ("countersign-timestamp", "1800000000"),
        ("countersign-client-identity", "URI:spiffe://countersign.test/sender"),
        ("countersign-class", "new"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "localhost"),
        ("forwarded", "for=127.0.0.1;proto=https;host=\"localhost\""),
        ("host", "localhost"),
        ("webhook-id", "msg_1"),
    ] {
        assert_eq!(seen[0].field(name), value, "{name}");
    }
    assert_eq!(seen[0].fields.get_all("content-length").iter().count(), 1);
}

#[tokio::test]
async fn fields_that_only_a_proxy_may_set_do_not_reach_the_app() {
    let stand = Stand::with_flags(&[]).await;
    let mut fields = stand.signed("msg_1", BODY);
    let forged = [
        "countersign-source",
        "countersign_source",
        "countersign-class",
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-client-cert",
        "x-real-ip",
        "true-client-ip",
        "client-cert",
        "client-cert-chain",
        "proxy-authorization",
        "te",
    ];
    fields.extend(forged.map(|name| (HeaderName::from_static(name), HeaderValue::from_static("forged"))));
    fields.push((HeaderName::from_static("x-hop"), HeaderValue::from_static("forged")));
    fields.push((HeaderName::from_static("connection"), HeaderValue::from_static("x-hop")));
    fields.push((HeaderName::from_static("x-plain"), HeaderValue::from_static("kept")));
    assert_eq!(stand.post(&fields, BODY).await.status, 204);
    let seen = stand.app.take_seen().remove(0);
    for (name, value) in &seen.fields {
        assert_ne!(value, "forged", "{name} passed");
    }
    assert_eq!(seen.field("x-plain"), "kept");
    assert_eq!(seen.field("countersign-class"), "new");
}

#[tokio::test]
async fn a_connection_field_that_names_a_security_header_is_refused() {
    let stand = Stand::with_flags(&[]).await;
    for name in ["webhook-signature", "Webhook-Id", "close, webhook-timestamp", "host"] {
        let mut fields = stand.signed("msg_1", BODY);
        fields.push((http::header::CONNECTION, HeaderValue::from_static(name)));
        let reply = stand.post(&fields, BODY).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "head_refused"), "{name}");
    }
    assert!(stand.app.take_seen().is_empty());
}

#[tokio::test]
async fn each_preset_is_verified_end_to_end() {
    for preset in ["standard-webhooks", "svix", "github", "stripe", "slack", "shopify"] {
        let stand = Stand::start(Setup { preset, ..Setup::default() }).await;
        let reply = stand.post_genuine("msg_1").await;
        assert_eq!((reply.status, reply.code().as_str()), (204, ""), "{preset}");
        let reply = stand.post(&stand.signed("msg_2", BODY), b"another body").await;
        assert_eq!((reply.status, reply.code().as_str()), (401, "signature_mismatch"), "{preset}");
        let seen = stand.app.take_seen();
        assert_eq!((seen.len(), seen[0].field("countersign-scheme")), (1, preset));
    }
}

#[tokio::test]
async fn every_size_up_to_the_bound_arrives_whole_and_not_a_byte_more() {
    let stand = Stand::with_flags(&["--max-body", "256KiB"]).await;
    for size in [0, 1, 8191, 8192, 16384, 65_537, 262_143, 262_144] {
        let body: Vec<u8> = (0..size).map(|n: u32| (n % 251) as u8).collect();
        let id = format!("msg_{size}");
        assert_eq!(stand.post(&stand.signed(&id, &body), &body).await.status, 204, "{size} bytes");
        assert_eq!(stand.app.take_seen()[0].body, body, "{size} bytes");
    }
    let body = vec![0; 262_145];
    let reply = stand.post(&stand.signed("msg_big", &body), &body).await;
    assert_eq!((reply.status, reply.code().as_str()), (413, "body_too_large"));
}

/// Its sender writes all of it before it reads, so the guard has to take in
/// what it refused: a reset would destroy the answer.
#[tokio::test]
async fn the_sender_of_a_body_that_is_much_too_long_is_told_so() {
    let stand = Stand::with_flags(&["--max-body", "256KiB"]).await;
    let body = vec![0; 4 * 1024 * 1024];
    for attempt in 0..10 {
        let reply = stand.post(&stand.signed("msg_big", &body), &body).await;
        assert_eq!((reply.status, reply.code().as_str()), (413, "body_too_large"), "attempt {attempt}");
    }
}

#[tokio::test]
async fn a_chunked_body_reaches_the_app_with_one_length() {
    let stand = Stand::with_flags(&[]).await;
    let head = format!(
        "POST /hooks HTTP/1.1\r\nHost: localhost\r\n{}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        stand.signature_lines("msg_1", b"hello world")
    );
    let body = "6;note=x\r\nhello \r\n5\r\nworld\r\n0\r\nX-Trailer: ignored\r\n\r\n";
    let answer =
        stand.exchange(&[head.as_bytes(), body.as_bytes()].concat(), std::time::Duration::from_secs(5)).await;
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    let seen = stand.app.take_seen().remove(0);
    assert_eq!((&seen.body[..], seen.field("content-length")), (&b"hello world"[..], "11"));
    assert!(seen.field("transfer-encoding").is_empty() && seen.field("x-trailer").is_empty());
}
