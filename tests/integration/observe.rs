//! A source that only observes: what it would refuse is forwarded and says so,
//! and nothing else changes.

use std::collections::BTreeSet;
use std::time::Duration;

use countersign::guard::Rejection;
use http::{HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::app::Seen;
use crate::client::Reply;
use crate::stand::{BODY, NOW, Setup, Stand};

type Fields = Vec<(HeaderName, HeaderValue)>;

const PATIENCE: Duration = Duration::from_secs(5);

async fn observing(flags: &[&str]) -> Stand {
    Stand::with_flags(&[&["--mode", "observe"], flags].concat()).await
}

/// What the app alone saw, which must say that it is `observed` and no more.
#[track_caller]
fn assert_observed(stand: &Stand, reply: &Reply, code: &str) {
    assert_eq!(reply.status, 204, "{code}: {}", reply.code());
    let seen: [Seen; 1] = stand.app.take_seen().try_into().unwrap();
    assert_eq!(seen[0].field("countersign-class"), format!("observed:{code}"));
    assert_eq!(seen[0].field("countersign-source"), stand.source());
    let own = seen[0].fields.keys().filter(|name| name.as_str().starts_with("countersign"));
    assert_eq!(own.count(), 2, "{code}: {:?}", seen[0].fields);
    assert_eq!(seen[0].body, BODY, "{code}");
}

/// `fields`, and what a forger adds to speak in the guard's name.
fn forged(fields: &Fields) -> Fields {
    let lies = [
        ("countersign-message-id", "msg_1"),
        ("countersign-timestamp", "1800000000"),
        ("countersign-client-identity", "URI:spiffe://countersign.test/sender"),
        ("countersign-class", "new"),
        ("countersign-scheme", "standard-webhooks"),
    ];
    let lies = lies.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    [fields.as_slice(), &lies].concat()
}

#[tokio::test]
async fn what_is_not_proved_is_forwarded_and_says_so() {
    let stand = observing(&[]).await;
    let genuine = stand.signed("msg_1", BODY);
    let without =
        |name: &str| genuine.iter().filter(|(header, _)| header != name).cloned().collect::<Fields>();
    let with = |name: &'static str, value: &'static str| {
        let one = (HeaderName::from_static(name), HeaderValue::from_static(value));
        [without(name), vec![one]].concat()
    };
    let (old, early) = (NOW.saturating_sub(PAST_TOLERANCE), NOW.saturating_add(PAST_TOLERANCE));
    for (fields, code) in [
        (without("webhook-signature"), "signature_missing"),
        (with("webhook-signature", "v1,AAAA"), "signature_malformed"),
        (with("webhook-id", "msg_2"), "signature_mismatch"),
        (without("webhook-timestamp"), "timestamp_missing"),
        (with("webhook-timestamp", "+1800000000"), "timestamp_malformed"),
        (without("webhook-id"), "id_missing"),
        (with("webhook-id", "msg.1800000000"), "id_malformed"),
        ([genuine.clone(), genuine.clone()].concat(), "header_repeated"),
        (stand.signed_at("msg_1", BODY, old), "timestamp_too_old"),
        (stand.signed_at("msg_1", BODY, early), "timestamp_in_future"),
    ] {
        assert_observed(&stand, &stand.post(&forged(&fields), BODY).await, code);
        let counted =
            format!("countersign_observed_total{{code=\"{code}\",source=\"{}\"}} 1", stand.source());
        assert!(stand.admin("/metrics").await.contains(&counted), "{counted}");
    }
    // None of them is remembered: the genuine one is the first of its id.
    let metrics = stand.admin("/metrics").await;
    assert!(metrics.contains("countersign_ledger_entries 0"), "{metrics}");
    assert!(metrics.contains("code=\"signature_mismatch\",source=\"standard-webhooks\"} 0"), "not a refusal");
    assert_eq!(stand.post(&genuine, BODY).await.status, 204);
    let seen = stand.app.take_seen();
    assert_eq!(
        (seen[0].field("countersign-class"), seen[0].field("countersign-message-id")),
        ("new", "msg_1")
    );
}

const PAST_TOLERANCE: Duration = Duration::from_secs(301);

#[tokio::test]
async fn tokens_addresses_and_identities_are_observed_too() {
    let of = |preset, flags| Setup { preset, flags, ..Setup::default() };
    let observe = ["--mode", "observe"];
    let token = Stand::start(of("api-key", &observe)).await;
    assert_observed(&token, &token.post(&[], BODY).await, "token_missing");
    let key =
        [(HeaderName::from_static("x-api-key"), HeaderValue::from_static("another-key-of-some-length"))];
    assert_observed(&token, &token.post(&key, BODY).await, "token_mismatch");

    let address = observing(&["--allow-ip", "192.0.2.0/24"]).await;
    assert_observed(&address, &address.post_genuine("msg_1").await, "address_not_allowed");
    let identity = observing(&["--client-identity", "DNS:other.example"]).await;
    assert_observed(&identity, &identity.post_genuine("msg_1").await, "identity_not_allowed");

    let anybody = observing(&["--client-identity", "DNS:a.example", "--client-auth", "optional"]).await;
    let mut stranger = anybody.client_with(None).connect().await.unwrap();
    let reply = stranger.post("/hooks", &anybody.signed("msg_1", BODY), BODY.into()).await.unwrap();
    assert_observed(&anybody, &reply, "identity_missing");
}

#[tokio::test]
async fn what_the_ledger_and_the_rate_would_refuse_goes_on() {
    let stand = observing(&["--ledger-max", "2"]).await;
    let first = stand.signed("msg_1", BODY);
    assert_eq!(stand.post(&first, BODY).await.status, 204);
    assert_eq!(stand.app.take_seen()[0].field("countersign-class"), "new");
    assert_observed(&stand, &stand.post(&first, BODY).await, "replayed");
    let other = b"another body under the same id";
    assert_eq!(stand.post(&stand.signed("msg_1", other), other).await.status, 204);
    let seen = stand.app.take_seen();
    assert_eq!((seen[0].field("countersign-class"), &seen[0].body[..]), ("observed:id_reused", &other[..]));
    assert_eq!(stand.post_genuine("msg_2").await.status, 204);
    stand.app.take_seen();
    assert_observed(&stand, &stand.post_genuine("msg_3").await, "ledger_full");
    // A copy that no mode refuses is answered as in every mode.
    stand.clock.advance(Duration::from_secs(60));
    assert_eq!(stand.post_genuine("msg_1").await.code(), "duplicate");
    assert_eq!(stand.app.take_seen().len(), 0);

    let limited = observing(&["--rate-limit", "1/h"]).await;
    assert_eq!(limited.post_genuine("msg_1").await.status, 204);
    limited.app.take_seen();
    for _ in 0..2 {
        // Its claim was released: it is not a replay the second time.
        assert_observed(&limited, &limited.post_genuine("msg_2").await, "rate_limited");
    }

    let setup = Setup { memory_begins: NOW, flags: &["--mode", "observe"], ..Setup::default() };
    let fenced = Stand::start(setup).await;
    assert_observed(&fenced, &fenced.post_genuine("msg_1").await, "signed_before_memory");
}

#[tokio::test]
async fn a_copy_of_one_in_flight_keeps_its_body_and_goes_on() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let upstream = Some(format!("http://{}", listener.local_addr().unwrap()));
    let stand = Stand::start(Setup { upstream, flags: &["--mode", "observe"], ..Setup::default() }).await;
    let mut senders = Vec::new();
    let mut apps: Vec<(TcpStream, String)> = Vec::new();
    for class in ["new", "observed:in_flight"] {
        let mut sender = stand.client.connect_raw().await.unwrap();
        sender.write_all(&stand.raw_genuine("msg_1", "")).await.unwrap();
        sender.flush().await.unwrap();
        senders.push(sender);
        // The copy comes when it has waited for the first in vain.
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(BODY) {
            assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0);
        }
        let request = String::from_utf8_lossy(&request).into_owned();
        assert!(request.contains(&format!("countersign-class: {class}\r\n")), "{request}");
        apps.push((stream, request));
    }
    assert!(apps[0].1.contains("countersign-message-id") && !apps[1].1.contains("countersign-message-id"));
    for (stream, _) in &mut apps {
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
    }
}

#[tokio::test]
async fn what_bounds_strangers_is_never_passed_over() {
    let length = |length: usize| format!("Content-Length: {length}\r\n");
    let chunked = "Transfer-Encoding: chunked\r\n".to_owned();
    let stand = observing(&["--path", "/hooks", "--max-body", "10B", "--allow-ip", "192.0.2.0/24"]).await;
    for (what, request_line, fields, body, status) in [
        ("no source", "POST /other", length(0), "", 404),
        ("another method", "GET /hooks", length(0), "", 405),
        ("two lengths", "POST /hooks", length(1) + &length(2), "x", 400),
        ("a dot segment", "POST /in/../hooks", length(0), "", 400),
        ("a head too large", "POST /hooks", format!("A: {}\r\n{}", "a".repeat(64 << 10), length(0)), "", 431),
        ("an expectation", "POST /hooks", format!("Expect: miracles\r\n{}", length(0)), "", 417),
        ("a declared length", "POST /hooks", length(11), "0123456789a", 413),
        ("an actual length", "POST /hooks", chunked, "b\r\n0123456789a\r\n0\r\n\r\n", 413),
    ] {
        let raw =
            format!("{request_line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{fields}\r\n{body}");
        let answer = stand.exchange(raw.as_bytes(), PATIENCE).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{what}: {answer}");
    }
    assert_eq!(stand.app.take_seen().len(), 0);
    // Taken out of the message by one reader, and proof to another.
    let stand = observing(&[]).await;
    let ambiguous = stand.raw_genuine("msg_1", "Connection: close, webhook-signature\r\n");
    let answer = stand.exchange(&ambiguous, PATIENCE).await;
    assert!(answer.contains("\"head_refused\""), "{answer}");
    assert_eq!(stand.app.take_seen().len(), 0);
}

#[tokio::test]
async fn a_forgery_that_is_observed_meets_the_bounds_of_every_delivery() {
    let flags = &["--mode", "observe", "--allow-ip", "192.0.2.0/24", "--rate-limit-per-address", "1/h"];
    let stand = Stand::with_flags(flags).await;
    assert_observed(&stand, &stand.post_genuine("msg_1").await, "address_not_allowed");
    assert_eq!(stand.post_genuine("msg_2").await.code(), "rate_limited", "the address has a rate of its own");
    assert_eq!(stand.app.take_seen().len(), 0);

    for (what, bounds, code) in [
        ("places", (|bounds| bounds.deliveries = 0) as fn(&mut countersign::config::Bounds), "overloaded"),
        ("memory", |bounds| bounds.memory_bytes = 1, "overloaded"),
        ("an address's memory", |bounds| bounds.memory_bytes_per_address = 1, "overloaded"),
    ] {
        let stand = Stand::start(Setup { bounds, flags: &flags[..4], ..Setup::default() }).await;
        assert_eq!(stand.post(&[], BODY).await.code(), code, "{what}");
        assert_eq!(stand.app.take_seen().len(), 0, "{what}");
    }
    let bounds = |bounds: &mut countersign::config::Bounds| bounds.body_timeout = Duration::from_millis(100);
    let slow = Stand::start(Setup { bounds, flags: &flags[..4], ..Setup::default() }).await;
    let raw = "POST /hooks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nab";
    let answer = slow.exchange(raw.as_bytes(), PATIENCE).await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("body_timeout"), "{answer}");
    assert_eq!(slow.app.take_seen().len(), 0);
}

#[tokio::test]
async fn a_set_up_request_is_answered_or_refused_and_never_forwarded() {
    let ask = "GET /hooks?challenge=a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let observe = ["--mode", "observe"];
    for (flags, expected) in [
        (&observe[..], "HTTP/1.1 200 "),
        (&["--mode", "observe", "--allow-ip", "192.0.2.0/24"], "HTTP/1.1 403 "),
    ] {
        let stand = Stand::start(Setup { preset: "dropbox", flags, ..Setup::default() }).await;
        let answer = stand.exchange(ask.as_bytes(), PATIENCE).await;
        assert!(answer.starts_with(expected), "{answer}");
        assert_eq!(stand.app.take_seen().len(), 0);
    }
}

#[tokio::test]
async fn the_counters_are_there_from_the_start_for_what_may_be_observed() {
    let stand = observing(&[]).await;
    let metrics = stand.admin("/metrics").await;
    let code = |line: &str| Some(line.split_once("code=\"")?.1.split_once('"')?.0.to_owned());
    let lines = metrics.lines().filter(|line| line.starts_with("countersign_observed_total"));
    let shown: BTreeSet<_> = lines.filter_map(code).collect();
    let observable = Rejection::all().filter(|rejection| rejection.may_be_observed());
    assert_eq!(shown, observable.map(|rejection| rejection.code().to_owned()).collect());
    let enforcing = Stand::with_flags(&[]).await;
    assert!(!enforcing.admin("/metrics").await.contains("countersign_observed_total{"));
}

#[tokio::test]
async fn a_reload_ends_the_observing() {
    let stand = observing(&[]).await;
    assert_observed(&stand, &stand.post(&[], BODY).await, "signature_missing");
    let mut enforcing: Vec<&str> = stand.flags_without("--mode").filter(|flag| *flag != "observe").collect();
    enforcing.extend(["--mode", "enforce"]);
    stand.reload_with(&enforcing).unwrap();
    assert_eq!(stand.post(&[], BODY).await.code(), "signature_missing");
    assert_eq!(stand.app.take_seen().len(), 0);
}
