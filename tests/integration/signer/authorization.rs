//! What consumers ask for beside the signature.

use countersign::devcerts::Authority;
use tempfile::TempDir;

use super::consumer::{Consumer, field};
use super::stand::Signer;

const OK: &str = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn a_fixed_credential_goes_with_each_delivery() {
    let secret = ["--auth-secret-env", "TOKEN"];
    for (flags, name, value) in [
        (&["--auth", "basic", "--auth-user", "app"][..], "authorization", "Basic YXBwOnMzY3IzdA=="),
        (&["--auth", "bearer"], "authorization", "Bearer s3cr3t"),
        (&["--auth", "api-key", "--auth-header", "X-Api-Key"], "x-api-key", "s3cr3t"),
    ] {
        let consumer = Consumer::answering(&[OK]).await;
        let signer = Signer::plain(consumer.address, &[flags, &secret].concat());
        assert_eq!(signer.post("/", &[(name, "forged")], b"{}").await.status, 204);
        assert_eq!(field(&consumer.take_seen()[0], name), value);
    }
}

const UNAUTHORIZED: &str = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// A signer of `consumer`'s that asks `server` for its tokens.
fn asking(consumer: &Consumer, server: &Consumer, authority: &Authority) -> (Signer, TempDir) {
    let directory = TempDir::new().unwrap();
    let ca = directory.path().join("ca.pem");
    std::fs::write(&ca, authority.certificate()).unwrap();
    let url = format!("https://localhost:{}/token", server.address.port());
    let mut flags = vec!["--auth", "oauth2", "--auth-user", "the app", "--auth-secret-env", "TOKEN"];
    flags.extend(["--token-url", &url, "--token-scope", "hooks:send"]);
    flags.extend(["--ca", ca.to_str().unwrap(), "--allow-destination", "::1"]);
    (Signer::plain(consumer.address, &flags), directory)
}

fn granting(token: &str, expires_in: u64) -> String {
    let body = format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":{expires_in}}}"#);
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn a_token_is_asked_for_once_and_serves_until_the_consumer_refuses_it() {
    let authority = Authority::new("test CA").unwrap();
    let grants = [granting("first", 3600), granting("second", 3600)];
    let server = Consumer::answering_over_tls(&grants.each_ref().map(String::as_str), &authority).await;
    let consumer = Consumer::answering(&[OK, OK, OK, OK, UNAUTHORIZED, OK]).await;
    let (signer, _directory) = asking(&consumer, &server, &authority);

    // Four at once, and one request for a token.
    let all = tokio::join!(
        signer.outcome("/", &[]),
        signer.outcome("/", &[]),
        signer.outcome("/", &[]),
        signer.outcome("/", &[])
    );
    assert_eq!([all.0.0, all.1.0, all.2.0, all.3.0], [204; 4]);
    let asked = server.take_seen();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(asked[0].starts_with("POST /token HTTP/1.1\n"), "{}", asked[0]);
    assert!(asked[0].ends_with("\n\ngrant_type=client_credentials&scope=hooks%3Asend"), "{}", asked[0]);
    // "the%20app:s3cr3t" (RFC 6749 section 2.3.1).
    assert_eq!(field(&asked[0], "authorization"), "Basic dGhlJTIwYXBwOnMzY3IzdA==");
    for request in consumer.take_seen() {
        assert_eq!(field(&request, "authorization"), "Bearer first");
    }

    // What the consumer refuses goes back to the app, and the token is not used again.
    assert_eq!(signer.outcome("/", &[]).await.0, 401);
    assert_eq!(signer.outcome("/", &[]).await.0, 204);
    assert_eq!(field(&consumer.take_seen()[1], "authorization"), "Bearer second");
    let metrics = signer.admin("/metrics").await;
    let line = "countersign_token_requests_total{endpoint=\"127.0.0.1\",result=\"granted\"} 2";
    assert!(metrics.contains(line), "{metrics}");
}

#[tokio::test]
async fn a_token_that_has_expired_is_never_sent() {
    let authority = Authority::new("test CA").unwrap();
    let grants = [granting("first", 0), granting("second", 0)];
    let server = Consumer::answering_over_tls(&grants.each_ref().map(String::as_str), &authority).await;
    let consumer = Consumer::answering(&[OK]).await;
    let (signer, _directory) = asking(&consumer, &server, &authority);
    for _ in 0..2 {
        assert_eq!(signer.outcome("/", &[]).await.0, 204);
    }
    let seen = consumer.take_seen();
    assert_eq!(
        [&seen[0], &seen[1]].map(|seen| field(seen, "authorization")),
        ["Bearer first", "Bearer second"]
    );
}

#[tokio::test]
async fn without_a_token_nothing_is_sent_and_the_app_learns_who_is_to_blame() {
    let authority = Authority::new("test CA").unwrap();
    for (answer, expected) in [
        (UNAUTHORIZED, "token_refused"),
        ("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", "token_unavailable"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}", "token_unavailable"),
    ] {
        let server = Consumer::answering_over_tls(&[answer], &authority).await;
        let consumer = Consumer::answering(&[OK]).await;
        let (signer, _directory) = asking(&consumer, &server, &authority);
        for _ in 0..2 {
            assert_eq!(signer.outcome("/", &[]).await, (502, expected.to_owned()));
        }
        // A server that said no is left alone for a moment.
        assert_eq!(server.take_seen().len(), 1, "{expected}");
        assert!(consumer.take_seen().is_empty());
    }
}
