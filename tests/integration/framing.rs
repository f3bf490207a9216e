//! HTTP/1.1 as attackers write it, over mTLS: whatever two parsers could read
//! differently is refused, and nothing is smuggled past the signature.

use std::time::Duration;

use crate::stand::{BODY, Stand};

const PATIENCE: Duration = Duration::from_secs(2);

/// What must come of a request.
enum Expected {
    /// The status.
    Status(&'static str),
    /// No answer that claims success; the app sees nothing.
    NotAccepted,
}

use Expected::{NotAccepted, Status};

#[tokio::test]
#[allow(clippy::too_many_lines, reason = "a table")]
async fn ambiguous_and_malformed_requests_are_refused() {
    let stand = Stand::with_flags(&[]).await;
    let signature = stand.signature_lines("msg_1", BODY);
    let length = BODY.len();
    let body = String::from_utf8_lossy(BODY).into_owned();
    let chunked_body = format!("{length:x}\r\n{body}\r\n0\r\n\r\n");
    let post = |fields: &str, body: &str| {
        format!("POST /hooks HTTP/1.1\r\nHost: localhost\r\n{signature}{fields}\r\n{body}")
    };
    let plain = format!("Content-Length: {length}\r\n");
    let refused = || Status("400");
    let rows: Vec<(&str, String, Expected)> = vec![
        ("both lengths", post(&format!("{plain}Transfer-Encoding: chunked\r\n"), &chunked_body), refused()),
        (
            "both, coding first",
            post(&format!("Transfer-Encoding: chunked\r\n{plain}"), &chunked_body),
            refused(),
        ),
        ("length twice, equal", post(&format!("{plain}{plain}"), &body), refused()),
        ("length twice, different", post(&format!("{plain}Content-Length: 1\r\n"), &body), refused()),
        ("length as a list", post(&format!("Content-Length: {length}, {length}\r\n"), &body), refused()),
        ("length with a sign", post(&format!("Content-Length: +{length}\r\n"), &body), refused()),
        ("length in hex", post("Content-Length: 0x17\r\n", &body), refused()),
        ("length empty", post("Content-Length: \r\n", &body), refused()),
        ("length negative", post("Content-Length: -1\r\n", &body), refused()),
        ("length beyond 64 bits", post("Content-Length: 99999999999999999999\r\n", &body), refused()),
        (
            "chunked twice",
            post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", &chunked_body),
            refused(),
        ),
        ("gzip, chunked", post("Transfer-Encoding: gzip, chunked\r\n", &chunked_body), refused()),
        ("chunked, identity", post("Transfer-Encoding: chunked, identity\r\n", &chunked_body), refused()),
        ("identity", post("Transfer-Encoding: identity\r\n", &body), refused()),
        ("xchunked", post("Transfer-Encoding: xchunked\r\n", &chunked_body), refused()),
        ("coding with a vertical tab", post("Transfer-Encoding: \x0bchunked\r\n", &chunked_body), refused()),
        ("space before the colon", post(&format!("Content-Length : {length}\r\n"), &body), refused()),
        ("folded field", post(&format!("X-A: b\r\n c\r\n{plain}"), &body), refused()),
        ("bare LF", post(&plain, &body).replacen("Host: localhost\r\n", "Host: localhost\n", 1), refused()),
        ("bare CR in a value", post(&format!("X-A: b\rc\r\n{plain}"), &body), refused()),
        ("NUL in a value", post(&format!("X-A: b\0c\r\n{plain}"), &body), refused()),
        ("NUL in a name", post(&format!("X\0A: b\r\n{plain}"), &body), refused()),
        ("no host", post(&plain, &body).replacen("Host: localhost\r\n", "", 1), refused()),
        ("two hosts", post(&format!("Host: localhost\r\n{plain}"), &body), refused()),
        (
            "host with a space",
            post(&plain, &body).replacen("Host: localhost", "Host: local host", 1),
            refused(),
        ),
        (
            "host with userinfo",
            post(&plain, &body).replacen("Host: localhost", "Host: a@localhost", 1),
            refused(),
        ),
        (
            "target of another host",
            post(&plain, &body).replacen("/hooks ", "http://other/hooks ", 1),
            refused(),
        ),
        ("host empty", post(&plain, &body).replacen("Host: localhost", "Host:", 1), refused()),
        ("host as a list", post(&plain, &body).replacen("Host: localhost", "Host: a,b", 1), refused()),
        (
            "host with a bad port",
            post(&plain, &body).replacen(": localhost", ": localhost:65536", 1),
            refused(),
        ),
        (
            "host with an empty port",
            post(&plain, &body).replacen(": localhost", ": localhost:", 1),
            refused(),
        ),
        ("host with an escape", post(&plain, &body).replacen(": localhost", ": local%68ost", 1), refused()),
        ("host with half a bracket", post(&plain, &body).replacen(": localhost", ": [::1", 1), refused()),
        (
            "target with userinfo",
            post(&plain, &body).replacen("/hooks ", "http://a@localhost/hooks ", 1),
            refused(),
        ),
        (
            "target of another port",
            post(&plain, &body).replacen("/hooks ", "https://localhost:443/hooks ", 1),
            refused(),
        ),
        (
            "target of another scheme",
            post(&plain, &body).replacen("/hooks ", "ftp://localhost/hooks ", 1),
            refused(),
        ),
        ("target without a host", post(&plain, &body).replacen("/hooks ", "http:///hooks ", 1), refused()),
        ("asterisk", post(&plain, &body).replacen("/hooks ", "* ", 1), refused()),
        ("asterisk for OPTIONS", post(&plain, &body).replacen("POST /hooks", "OPTIONS *", 1), Status("404")),
        ("TRACE", post(&plain, &body).replacen("POST", "TRACE", 1), Status("405")),
        ("a method of 33 letters", post(&plain, &body).replacen("POST", &"A".repeat(33), 1), refused()),
        ("space before the method", format!(" {}", post(&plain, &body)), refused()),
        ("space behind the version", post(&plain, &body).replacen("HTTP/1.1", "HTTP/1.1 ", 1), refused()),
        ("version in lower case", post(&plain, &body).replacen("HTTP/1.1", "http/1.1", 1), refused()),
        ("version of two digits", post(&plain, &body).replacen("HTTP/1.1", "HTTP/1.10", 1), refused()),
        ("space before the first field", post(&plain, &body).replacen("Host:", " Host:", 1), refused()),
        ("a line without a colon", post(&format!("garbage\r\n{plain}"), &body), refused()),
        ("a field without a name", post(&format!(": a\r\n{plain}"), &body), refused()),
        ("DEL in a value", post(&format!("X-A: b\x7fc\r\n{plain}"), &body), refused()),
        ("escape in a value", post(&format!("X-A: b\x1b[2Jc\r\n{plain}"), &body), refused()),
        ("three empty lines first", format!("\r\n\r\n\r\n{}", post(&plain, &body)), refused()),
        ("HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), refused()),
        (
            "Connection names Content-Length",
            post(&format!("Connection: content-length\r\n{plain}"), &body),
            refused(),
        ),
        ("fragment", post(&plain, &body).replacen("/hooks ", "/hooks#x ", 1), refused()),
        ("target without a slash", post(&plain, &body).replacen("/hooks ", "hooks ", 1), refused()),
        ("two spaces", post(&plain, &body).replacen("POST /hooks", "POST  /hooks", 1), refused()),
        ("tab for a space", post(&plain, &body).replacen("POST /hooks", "POST\t/hooks", 1), refused()),
        ("HTTP/1.2", post(&plain, &body).replacen("HTTP/1.1", "HTTP/1.2", 1), NotAccepted),
        ("HTTP/0.9", "POST /hooks\r\n\r\n".to_owned(), refused()),
        ("HTTP/2.0 in a line", post(&plain, &body).replacen("HTTP/1.1", "HTTP/2.0", 1), NotAccepted),
        (
            "1.0 with a coding",
            post("Transfer-Encoding: chunked\r\n", &chunked_body).replacen("HTTP/1.1", "HTTP/1.0", 1),
            refused(),
        ),
        ("CONNECT", post(&plain, &body).replacen("POST /hooks", "CONNECT localhost:1", 1), NotAccepted),
        ("lower-case method", post(&plain, &body).replacen("POST", "post", 1), Status("405")),
        ("chunk size not hex", post("Transfer-Encoding: chunked\r\n", "zz\r\n"), NotAccepted),
        (
            "chunk size with 0x",
            post("Transfer-Encoding: chunked\r\n", "0x5\r\nhello\r\n0\r\n\r\n"),
            NotAccepted,
        ),
        (
            "chunk size beyond 64 bits",
            post("Transfer-Encoding: chunked\r\n", "ffffffffffffffffff\r\n"),
            NotAccepted,
        ),
        ("chunk without CRLF", post("Transfer-Encoding: chunked\r\n", "5\r\nhelloXX0\r\n\r\n"), NotAccepted),
        ("chunk with bare LF", post("Transfer-Encoding: chunked\r\n", "5\nhello\r\n0\r\n\r\n"), NotAccepted),
        (
            "NUL in a chunk extension",
            post("Transfer-Encoding: chunked\r\n", "5;a=\0\r\nhello\r\n0\r\n\r\n"),
            NotAccepted,
        ),
        (
            "endless chunk extension",
            post("Transfer-Encoding: chunked\r\n", &format!("5;{}\r\n", "a".repeat(9000))),
            NotAccepted,
        ),
        (
            "chunk of another size",
            post("Transfer-Encoding: chunked\r\n", "3\r\nhello\r\n0\r\n\r\n"),
            NotAccepted,
        ),
        (
            "chunk size with a sign",
            post("Transfer-Encoding: chunked\r\n", "+5\r\nhello\r\n0\r\n\r\n"),
            NotAccepted,
        ),
        (
            "chunk size with a space first",
            post("Transfer-Encoding: chunked\r\n", " 5\r\nhello\r\n0\r\n\r\n"),
            NotAccepted,
        ),
        ("chunk size of CRLF", post("Transfer-Encoding: chunked\r\n", "\r\nhello\r\n0\r\n\r\n"), NotAccepted),
        (
            "trailer without a colon",
            post("Transfer-Encoding: chunked\r\n", "0\r\ngarbage\r\n\r\n"),
            NotAccepted,
        ),
        (
            "endless trailers",
            post("Transfer-Encoding: chunked\r\n", &format!("0\r\n{}\r\n", "a: b\r\n".repeat(1000))),
            NotAccepted,
        ),
        ("101 fields", post(&format!("{}{plain}", "X-A: b\r\n".repeat(101)), &body), Status("431")),
        ("a head of 40 KiB", post(&format!("X-A: {}\r\n{plain}", "b".repeat(40_000)), &body), Status("431")),
        ("binary", "\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n".to_owned(), refused()),
    ];
    for (what, request, expected) in rows {
        let answer = stand.exchange(request.as_bytes(), PATIENCE).await;
        match expected {
            Status(status) => {
                assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{what}: {answer:?}");
            }
            NotAccepted => assert!(!answer.contains("HTTP/1.1 2"), "{what}: {answer:?}"),
        }
        assert!(stand.app.take_seen().is_empty(), "{what} reached the app");
    }
    // After all that the same guard still serves.
    assert_eq!(stand.post_genuine("msg_last").await.status, 204);
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order_and_a_bad_one_ends_it() {
    let stand = Stand::with_flags(&[]).await;
    let (one, two) = (stand.raw_genuine("msg_1", ""), stand.raw_genuine("msg_2", ""));
    let bad = b"POST /hooks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx";
    let smuggled = stand.raw_genuine("msg_3", "");
    let answer = stand.exchange(&[&one[..], &two, bad, &smuggled].concat(), PATIENCE).await;
    let statuses: Vec<&str> = answer.split("HTTP/1.1 ").skip(1).map(|rest| &rest[..3]).collect();
    assert_eq!(statuses, ["204", "204", "400"], "{answer}");
    assert_eq!(stand.app.take_seen().len(), 2);
}

#[tokio::test]
async fn a_request_hidden_in_a_refused_body_is_never_served() {
    let stand = Stand::with_flags(&[]).await;
    let hidden = stand.raw_genuine("msg_hidden", "");
    let refused = [
        format!("POST /hooks HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", hidden.len())
            .as_bytes(),
        &hidden,
    ]
    .concat();
    let answer = stand.exchange(&refused, PATIENCE).await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    assert!(stand.app.take_seen().is_empty());
}

#[tokio::test]
async fn a_signed_request_may_carry_harmless_oddities() {
    let stand = Stand::with_flags(&[]).await;
    for (what, extra) in [
        ("bytes above ASCII in a value", "X-Name: gr\u{fc}n\r\n"),
        ("an empty field", "X-Empty:\r\n"),
        ("an upgrade that nobody honours", "Upgrade: h2c, websocket\r\nConnection: upgrade\r\n"),
        ("a trailer announcement", "Trailer: x-sum\r\n"),
    ] {
        let id = format!("msg_{}", what.len());
        let answer = stand.exchange(&stand.raw_genuine(&id, extra), PATIENCE).await;
        assert!(answer.starts_with("HTTP/1.1 204"), "{what}: {answer}");
        let seen = stand.app.take_seen().remove(0);
        assert!(seen.field("upgrade").is_empty() && seen.field("trailer").is_empty(), "{what}");
    }
}

#[tokio::test]
async fn every_good_form_of_host_and_target_is_taken() {
    let stand = Stand::with_flags(&[]).await;
    for (number, (target, host, seen_host)) in [
        ("/hooks", "LOCALHOST:8843", "LOCALHOST:8843"),
        ("/hooks", "[::1]:80", "[::1]:80"),
        ("/hooks", "127.0.0.1", "127.0.0.1"),
        ("http://localhost/hooks", "localhost", "localhost"),
        ("HTTPS://LOCALHOST/hooks", "localhost", "localhost"),
    ]
    .into_iter()
    .enumerate()
    {
        let raw = String::from_utf8(stand.raw_genuine(&format!("msg_{number}"), "")).unwrap();
        let raw = raw.replacen("Host: localhost", &format!("Host: {host}"), 1).replacen("/hooks", target, 1);
        let answer =
            stand.exchange(raw.replacen("\r\n", "\r\nConnection: close\r\n", 1).as_bytes(), PATIENCE).await;
        assert!(answer.starts_with("HTTP/1.1 204 "), "{target} {host}: {answer}");
        let seen = stand.app.take_seen().remove(0);
        assert_eq!((seen.target.to_string().as_str(), seen.field("host")), ("/hooks", seen_host));
    }
}

#[tokio::test]
async fn a_request_of_http_1_0_has_the_body_that_it_declares() {
    let stand = Stand::with_flags(&[]).await;
    let old = |id: &str, extra: &str| {
        String::from_utf8(stand.raw_genuine(id, extra)).unwrap().replacen("HTTP/1.1", "HTTP/1.0", 1)
    };
    let answer = stand.exchange(old("msg_1", "").as_bytes(), PATIENCE).await;
    assert!(answer.starts_with("HTTP/1.0 204 "), "{answer}");

    // RFC 9112 section 3.2: what goes on as HTTP/1.1 has a Host nonetheless.
    let nameless = old("msg_2", "").replacen("Host: localhost\r\n", "", 1);
    let answer = stand.exchange(nameless.as_bytes(), PATIENCE).await;
    assert!(answer.starts_with("HTTP/1.0 204 "), "{answer}");
    let seen = stand.app.take_seen();
    assert_eq!(seen[1].fields.get_all("host").iter().collect::<Vec<_>>(), [""]);

    // Without a length there is no body, whatever follows.
    let endless = old("msg_3", "").replacen(&format!("Content-Length: {}\r\n", BODY.len()), "", 1);
    let answer = stand.exchange(endless.as_bytes(), PATIENCE).await;
    assert!(answer.contains("signature_mismatch") && answer.matches("HTTP/1.").count() == 1, "{answer}");

    let kept = [old("msg_4", "Connection: keep-alive\r\n"), old("msg_5", "")].concat();
    let answer = stand.exchange(kept.as_bytes(), PATIENCE).await;
    assert_eq!(answer.matches(" 204 ").count(), 2, "{answer}");
    let closed = [old("msg_6", ""), old("msg_7", "")].concat();
    let answer = stand.exchange(closed.as_bytes(), PATIENCE).await;
    assert_eq!(answer.matches(" 204 ").count(), 1, "not kept open unless asked for: {answer}");
}

#[tokio::test]
async fn twenty_requests_in_one_write_are_answered_in_order() {
    let stand = Stand::with_flags(&[]).await;
    let all: Vec<u8> = (0..20)
        .flat_map(|number| match number % 2 {
            0 => stand.raw_genuine(&format!("msg_{number}"), ""),
            _ => b"GET /hooks HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
        })
        .collect();
    let answer = stand.exchange(&all, Duration::from_millis(500)).await;
    let statuses: Vec<&str> = answer.split("HTTP/1.1 ").skip(1).map(|rest| &rest[..3]).collect();
    assert_eq!(statuses, ["204", "405"].repeat(10), "{answer}");
    assert_eq!(stand.app.take_seen().len(), 10);
}

#[tokio::test]
async fn trailers_of_any_name_end_at_the_guard() {
    let stand = Stand::with_flags(&[]).await;
    let head = format!(
        "POST /hooks HTTP/1.1\r\nHost: localhost\r\n{}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        stand.signature_lines("msg_1", b"hello")
    );
    let trailers =
        "Content-Length: 1\r\nHost: other\r\nTransfer-Encoding: chunked\r\nCountersign-Class: forged\r\n";
    let answer =
        stand.exchange(format!("{head}5\r\nhello\r\n0\r\n{trailers}\r\n").as_bytes(), PATIENCE).await;
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    let seen = stand.app.take_seen().remove(0);
    assert_eq!((seen.field("host"), seen.field("content-length")), ("localhost", "5"));
    assert_eq!((seen.field("transfer-encoding"), seen.field("countersign-class")), ("", "new"));
}
