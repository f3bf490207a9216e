//! What only some schemes have, end to end: a URL that is signed, tokens that
//! sign nothing, public keys, a row of one's own.

use std::time::Duration;

use crate::stand::{BODY, Setup, Stand};

/// What a request with this target and these field lines gets.
async fn send(stand: &Stand, target: &str, lines: &str) -> String {
    let length = BODY.len();
    let head =
        format!("POST {target} HTTP/1.1\r\nConnection: close\r\nContent-Length: {length}\r\n{lines}\r\n");
    stand.exchange(&[head.as_bytes(), BODY].concat(), Duration::from_secs(5)).await
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or(answer)
}

#[tokio::test]
async fn the_url_that_is_verified_is_the_sources_own_whatever_the_client_says_of_it() {
    let stand = Stand::start(Setup {
        preset: "square",
        public_url: Some("https://hooks.example.com/hooks?shop=a%2Fb"),
        flags: &["--public-url", "https://hooks.example.com"],
        ..Setup::default()
    })
    .await;
    let signature = stand.signature_lines("", BODY);
    let said =
        "X-Forwarded-Host: hooks.example.com\r\nX-Forwarded-Proto: https\r\nHost: hooks.example.com\r\n";
    for target in
        ["/hooks", "/hooks?shop=a/b", "/hooks?shop=a%2fb", "/other?shop=a%2Fb", "/hooks?shop=a%2Fb&x"]
    {
        let answer = send(&stand, target, &format!("{said}{signature}")).await;
        assert!(answer.contains("signature_mismatch"), "{target}: {answer}");
    }
    let elsewhere = format!("Host: guard.internal:8843\r\nX-Forwarded-Host: evil.example\r\n{signature}");
    assert_eq!(status(&send(&stand, "/hooks?shop=a%2Fb", &elsewhere).await), "204");
}

#[tokio::test]
async fn a_public_url_with_a_path_stands_for_the_path_that_arrives() {
    let stand = Stand::start(Setup {
        preset: "trello",
        public_url: Some("https://hooks.example.com/in/trello?a=b"),
        flags: &["--public-url", "https://hooks.example.com/in/trello"],
        ..Setup::default()
    })
    .await;
    let lines = format!("Host: localhost\r\n{}", stand.signature_lines("", BODY));
    assert!(send(&stand, "/hooks", &lines).await.contains("signature_mismatch"));
    assert_eq!(status(&send(&stand, "/hooks?a=b", &lines).await), "204");
}

#[tokio::test]
async fn a_401_asks_for_what_the_scheme_of_the_source_takes() {
    let basic = Some("user:a-password-of-more-than-24-bytes");
    for (preset, secret, challenge) in [
        ("bearer", None, "Bearer"),
        ("basic-auth", basic, "Basic realm=\"webhooks\", charset=\"UTF-8\""),
        ("gitlab-token", None, "Token"),
        ("github", None, "Signature"),
    ] {
        let stand = Stand::start(Setup { preset, secret, ..Setup::default() }).await;
        let refused = stand.post(&[], BODY).await;
        assert_eq!(refused.status, 401, "{preset}");
        assert_eq!(refused.fields["www-authenticate"], challenge, "{preset}");
    }
}

#[tokio::test]
async fn a_token_is_no_delivery_that_could_be_known_again() {
    let stand = Stand::start(Setup { preset: "api-key", ..Setup::default() }).await;
    for _ in 0..2 {
        assert_eq!(stand.post_genuine("").await.status, 204);
    }
    assert_eq!(stand.app.take_seen().len(), 2);
}

#[tokio::test]
async fn what_a_private_key_signed_passes_once() {
    // The seed of RFC 8032 section 7.1, test 1, in PKCS#8; and a key made for this test.
    let ed25519 = "-----BEGIN PRIVATE KEY-----\n\
                   MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
                   -----END PRIVATE KEY-----\n";
    let ecdsa = "-----BEGIN PRIVATE KEY-----\n\
                 MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg1oswlpTqiNY5chty\n\
                 ykKfyXfuFhQmwxWxu2kmD+iwd4WhRANCAAT/ZZvPo0xadpRArmxumQ7G8BQWAxQK\n\
                 vz9vjtNvyf9JonHdsQNFToMNQSz36Vhm2ht2g8xka4eugsv0lHFIS/6H\n\
                 -----END PRIVATE KEY-----\n";
    for (preset, secret) in [("discord", ed25519), ("standard-webhooks-v1a", ed25519), ("sendgrid", ecdsa)] {
        let stand = Stand::start(Setup { preset, secret: Some(secret), ..Setup::default() }).await;
        let fields = stand.signed("msg_1", BODY);
        assert_eq!(stand.post(&fields, b"{}").await.status, 401, "{preset}");
        assert_eq!(stand.post(&fields, BODY).await.status, 204, "{preset}");
        // ECDSA signs the same bytes anew with another signature: still a copy.
        let again = stand.post(&stand.signed("msg_1", BODY), BODY).await;
        assert_eq!(again.status, 409, "{preset}");
    }
}

#[tokio::test]
async fn a_row_of_ones_own_verifies_what_it_says() {
    // Signed as Slack signs, described by flags.
    let stand = Stand::start(Setup { preset: "slack", ..Setup::default() }).await;
    let secret = std::str::from_utf8(stand.secret.expose()).unwrap();
    let described = Stand::start(Setup {
        preset: "hmac",
        secret: Some(secret),
        flags: &[
            "--signature-header",
            "X-Slack-Signature",
            "--signature-prefix",
            "v0=",
            "--signed-content",
            "v0:{timestamp}:{body}",
            "--timestamp-header",
            "X-Slack-Request-Timestamp",
        ],
        ..Setup::default()
    })
    .await;
    let fields = stand.signed("", BODY);
    assert_eq!(described.post(&fields, b"{}").await.status, 401);
    assert_eq!(described.post(&fields, BODY).await.status, 204);
    assert_eq!(described.post(&fields, BODY).await.status, 409);
}
