//! The cause of a failure, as the log tells it to who runs the guard.

use std::time::Duration;

use base64ct::{Base64, Encoding as _};
use countersign::clock::{Clock as _, SystemClock};
use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::program::{Directory, Guard};
use crate::stand::closed_port;

const PLAIN: &str = "countersign guard --plain --path /hooks --scheme standard-webhooks --secret-file certs/dev/webhook.secret";

#[tokio::test]
async fn a_refusal_is_logged_with_its_cause() {
    let directory = Directory::prepared().await;
    let mut guard = directory.guard(&format!("{PLAIN} --upstream http://127.0.0.1:9")).await;
    let secret = directory.run("cat certs/dev/webhook.secret").await;
    // In hex: base64 has slashes, which are no part of a segment.
    let key = Base64::decode_vec(secret.trim().trim_start_matches("whsec_")).unwrap();
    let key = key.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let long = "x".repeat(200);
    for (head, code, field, value) in [
        (
            "POST /else?a=b HTTP/1.1\r\nHost: a.example:81\r\n",
            "no_source",
            "detail",
            json!("a.example:81/else"),
        ),
        (
            &format!("POST /{key} HTTP/1.1\r\nHost: a\r\n"),
            "no_source",
            "detail",
            json!("(withheld: holds a secret)"),
        ),
        (
            &format!("POST /{long} HTTP/1.1\r\nHost: a\r\n"),
            "no_source",
            "detail",
            json!("(withheld: longer than 128 bytes)"),
        ),
        ("POST /hooks HTTP/1.1\r\nHost: a\r\nHost: a\r\n", "head_refused", "detail", json!("host")),
        ("POST /a/../hooks HTTP/1.1\r\nHost: a\r\n", "head_refused", "detail", json!("path")),
        (
            "POST /hooks HTTP/1.1\r\nHost: a\r\nConnection: host\r\n",
            "head_refused",
            "detail",
            json!("connection"),
        ),
        ("PUT /hooks HTTP/1.1\r\nHost: a\r\n", "method_not_allowed", "source", json!("standard-webhooks")),
    ] {
        let line = logged(&mut guard, head).await;
        assert_eq!((&line["code"], &line[field]), (&json!(code), &value), "{line}");
    }
    let old = lines(&directory, Duration::from_secs(3600));
    let line = logged(&mut guard, &format!("POST /hooks HTTP/1.1\r\nHost: a\r\n{old}")).await;
    assert_eq!(line["code"], "timestamp_too_old", "{line}");
    assert!((3600..3660).contains(&line["skew_seconds"].as_u64().unwrap()), "{line}");
}

#[tokio::test]
async fn which_part_of_an_identity_failed_is_logged() {
    let directory = Directory::prepared().await;
    let flags = "countersign guard --tls-cert certs/dev/server.pem --tls-key certs/dev/server.key --client-ca \
                 certs/dev/ca.pem --scheme standard-webhooks --secret-file certs/dev/webhook.secret --upstream \
                 http://127.0.0.1:9";
    let pin = "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    for (more, word) in [
        ("--client-identity DNS:other.example".to_owned(), "name"),
        (format!("--client-spki-pin {pin}"), "pin"),
    ] {
        let mut guard = directory.guard(&format!("{flags} {more}")).await;
        let send = format!(
            "countersign send https://localhost:{}/hooks --data x --secret-file certs/dev/webhook.secret --ca \
             certs/dev/ca.pem --cert certs/dev/client.pem --key certs/dev/client.key",
            guard.listen.port()
        );
        directory.try_run(&send).await;
        let line: Value = serde_json::from_str(&guard.line_with("identity_not_allowed").await).unwrap();
        assert_eq!(line["detail"], word, "{line}");
    }
}

#[tokio::test]
async fn an_app_that_is_not_there_is_logged_with_what_was_dialled() {
    let directory = Directory::prepared().await;
    let closed = closed_port().await;
    let stranger = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plain = stranger.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = stranger.accept().await {
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.ok();
        }
    });
    for (upstream, cause) in [
        (format!("http://{closed}"), format!("reach the upstream: connect to {closed}: Connection refused")),
        (
            "unix:/nowhere/app.sock".to_owned(),
            "reach the upstream: connect to /nowhere/app.sock: No such".to_owned(),
        ),
        (
            "http://no-such-name.invalid:80".to_owned(),
            "reach the upstream: look up no-such-name.invalid: ".to_owned(),
        ),
        (format!("https://{plain}"), "reach the upstream: agree on TLS: ".to_owned()),
    ] {
        let mut guard = directory.guard(&format!("{PLAIN} --upstream {upstream}")).await;
        let head = format!("POST /hooks HTTP/1.1\r\nHost: a\r\n{}", lines(&directory, Duration::ZERO));
        let line = logged(&mut guard, &head).await;
        assert_eq!(line["upstream"], upstream, "{line}");
        assert!(line["error"].as_str().unwrap().starts_with(&cause), "{line}");
    }
}

#[tokio::test]
async fn an_allow_list_that_refuses_everybody_behind_one_address_is_hinted_at() {
    let directory = Directory::prepared().await;
    let line = format!("{PLAIN} --upstream http://127.0.0.1:9 --allow-ip 192.0.2.0/24");
    let mut guard = directory.guard(&line).await;
    for _ in 0..3 {
        send(&guard, "POST /hooks HTTP/1.1\r\nHost: a\r\n").await;
    }
    let hint: Value = serde_json::from_str(&guard.line_with("--trusted-proxy").await).unwrap();
    assert_eq!(hint["address"], "127.0.0.1", "{hint}");
}

/// The first line that the guard logs of a request with `head` and no body.
async fn logged(guard: &mut Guard, head: &str) -> Value {
    send(guard, head).await;
    serde_json::from_str(&guard.next_line().await).unwrap()
}

async fn send(guard: &Guard, head: &str) {
    let mut stream = TcpStream::connect(guard.listen).await.unwrap();
    let request = format!("{head}Content-Length: 0\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.read_to_end(&mut Vec::new()).await.ok();
}

/// The field lines that sign an empty body as of `ago`.
fn lines(directory: &Directory, ago: Duration) -> String {
    let fields = directory.signed_at(SystemClock.now().saturating_sub(ago), "msg_1", b"");
    let line = |(name, value): &(HeaderName, HeaderValue)| format!("{name}: {}\r\n", value.to_str().unwrap());
    fields.iter().map(line).collect()
}
