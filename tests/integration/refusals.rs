//! Each refusal gets its code, and the app sees nothing of it.

use std::time::Duration;

use http::{HeaderName, HeaderValue};

use crate::stand::{BODY, NOW, Stand};

#[tokio::test]
async fn what_is_not_proved_is_refused_with_its_code() {
    let stand = Stand::with_flags(&[]).await;
    let header = |name: &'static str| HeaderName::from_static(name);
    let genuine = stand.signed("msg_1", BODY);
    let without = |name: &str| {
        let kept = genuine.iter().filter(|(header, _)| header != name);
        kept.cloned().collect::<Vec<_>>()
    };
    let twice =
        [genuine.clone(), vec![genuine.iter().find(|(name, _)| name == "webhook-id").unwrap().clone()]]
            .concat();
    let with = |name: &'static str, value: &'static str| {
        [without(name), vec![(header(name), HeaderValue::from_static(value))]].concat()
    };
    let old = stand.signed_at("msg_1", BODY, NOW.saturating_sub(Duration::from_secs(301)));
    let early = stand.signed_at("msg_1", BODY, NOW.saturating_add(Duration::from_secs(301)));
    for (what, fields, code) in [
        ("no signature", without("webhook-signature"), "signature_missing"),
        ("no timestamp", without("webhook-timestamp"), "timestamp_missing"),
        ("no id", without("webhook-id"), "id_missing"),
        ("two ids", twice, "header_repeated"),
        ("another id", with("webhook-id", "msg_2"), "signature_mismatch"),
        ("an id that moves the separator", with("webhook-id", "msg.1800000000"), "id_malformed"),
        ("a signature of another form", with("webhook-signature", "v1,AAAA"), "signature_malformed"),
        ("a timestamp of another form", with("webhook-timestamp", "+1800000000"), "timestamp_malformed"),
        ("too old by a second", old, "timestamp_too_old"),
        ("in the future by a second", early, "timestamp_in_future"),
    ] {
        let reply = stand.post(&fields, BODY).await;
        assert_eq!((reply.status, reply.code().as_str()), (401, code), "{what}");
        assert_eq!(reply.fields["content-type"], "application/problem+json", "{what}");
        assert!(reply.fields.contains_key("www-authenticate"), "{what}");
    }
    for edge in [NOW.saturating_sub(Duration::from_secs(300)), NOW.saturating_add(Duration::from_secs(300))] {
        let id = format!("msg_{}", edge.as_secs());
        assert_eq!(
            stand.post(&stand.signed_at(&id, BODY, edge), BODY).await.status,
            204,
            "both edges are inside"
        );
    }
    assert_eq!(stand.app.take_seen().len(), 2);
}

#[tokio::test]
async fn a_refusal_says_nothing_of_what_was_expected() {
    let stand = Stand::with_flags(&[]).await;
    let near = stand.post(&stand.signed("msg_1", BODY), b"x").await;
    let far = {
        let mut fields = stand.signed("msg_1", BODY);
        fields.retain(|(name, _)| name != "webhook-signature");
        let zeros = format!("v1,{}=", "A".repeat(43));
        fields.push((HeaderName::from_static("webhook-signature"), HeaderValue::from_str(&zeros).unwrap()));
        stand.post(&fields, b"x").await
    };
    assert_eq!(near.body, far.body, "a near miss and a far miss look alike");
    let names = |reply: &crate::client::Reply| {
        let mut names: Vec<String> = reply.fields.keys().map(ToString::to_string).collect();
        names.sort();
        names
    };
    assert_eq!(names(&near), names(&far));
}

#[tokio::test]
async fn routes_and_methods_are_checked() {
    let stand = Stand::with_flags(&["--path", "/hooks", "--path", "/in/*"]).await;
    for (request_line, status) in [
        ("POST /other HTTP/1.1", "404"),
        ("POST /hooks/ HTTP/1.1", "404"),
        ("POST /in HTTP/1.1", "404"),
        ("GET /hooks HTTP/1.1", "405"),
        ("OPTIONS * HTTP/1.1", "404"),
        ("POST /in/../hooks HTTP/1.1", "400"),
        ("POST /in/%2e%2e/x HTTP/1.1", "400"),
        ("POST /in/a%2fb HTTP/1.1", "400"),
        ("POST /hooks HTTP/1.1", "401"),
        ("POST /in/a?b=c HTTP/1.1", "401"),
    ] {
        let raw =
            format!("{request_line}\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        let answer = stand.exchange(raw.as_bytes(), Duration::from_secs(5)).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{request_line}: {answer}");
        assert_eq!(answer.contains("\r\nallow: POST\r\n"), status == "405", "{request_line}: {answer}");
    }
}

#[tokio::test]
async fn the_target_is_forwarded_verbatim() {
    let stand = Stand::with_flags(&["--path", "/in/*"]).await;
    let target = "/in/a%20b//c;d=1?x=%7e&y=[1]&z=a+b";
    let head =
        format!("POST {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 2\r\n");
    let raw = format!("{head}{}\r\n{{}}", stand.signature_lines("msg_1", b"{}"));
    let answer = stand.exchange(raw.as_bytes(), Duration::from_secs(5)).await;
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    assert_eq!(stand.app.take_seen()[0].target.to_string(), target);
}

#[tokio::test]
async fn expect_is_answered_only_after_the_head_was_judged() {
    let stand = Stand::with_flags(&[]).await;
    let head = |id: &str, expect: &str| {
        format!(
            "POST /hooks HTTP/1.1\r\nHost: localhost\r\nExpect: {expect}\r\nContent-Length: {}\r\n{}\r\n",
            BODY.len(),
            stand.signature_lines(id, BODY)
        )
    };
    let short = Duration::from_millis(300);
    let waiting = stand.exchange(head("msg_1", "100-continue").as_bytes(), short).await;
    assert!(waiting.starts_with("HTTP/1.1 100 "), "{waiting}");

    let forged = head("msg_1", "100-continue").replace("webhook-signature: v1,", "webhook-signature: v9,");
    let refused = stand.exchange(forged.as_bytes(), short).await;
    assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");

    let unknown = stand.exchange(head("msg_1", "miracles").as_bytes(), short).await;
    assert!(unknown.starts_with("HTTP/1.1 417 "), "{unknown}");
}
