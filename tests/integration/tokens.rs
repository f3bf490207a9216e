//! Bearer tokens, their issuers, and several schemes at once.

use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use countersign::clock::Clock as _;
use countersign::schemes::Digest;
use http::{HeaderName, HeaderValue};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::json;
use tempfile::TempDir;

use crate::client::Reply;
use crate::issuer::{AUDIENCE, Issuer, Key, Manner, hs256};
use crate::stand::{BODY, NOW, Setup, Stand};

type Fields = Vec<(HeaderName, HeaderValue)>;

/// A guard of tokens that `issuer` issues.
async fn trusting(issuer: &Issuer, more: &[&str]) -> Stand {
    let own = issuer.flags();
    let flags: Vec<&str> = own.iter().map(String::as_str).chain(more.iter().copied()).collect();
    Stand::start(Setup { preset: "jwt", flags: &flags, ..Setup::default() }).await
}

/// Status and code.
fn verdict(reply: &Reply) -> (u16, String) {
    (reply.status, reply.code())
}

/// As a sender does, tries again for as long as nothing can be decided.
async fn until_decided(stand: &Stand, fields: &Fields) -> (u16, String) {
    for _ in 0..60 {
        let verdict = verdict(&stand.post(fields, BODY).await);
        if verdict.0 != 503 {
            return verdict;
        }
        stand.clock.advance(Duration::from_secs(1));
    }
    panic!("undecided");
}

const UNAVAILABLE: &str = "keys_unavailable";

#[tokio::test]
async fn a_token_of_the_issuer_reaches_the_app_and_no_other_does() {
    let (key, impostor) = (Key::new("a"), Key::new("a"));
    let issuer = Issuer::start(&[&key], Manner::Honest).await;
    let stand = trusting(&issuer, &["--require-claim", "tenant=a"]).await;
    let name = &issuer.name;
    assert_eq!(until_decided(&stand, &key.token(name, NOW)).await, (204, String::new()));
    let now = stand.clock.now();
    for (fields, code) in [
        (impostor.token(name, now), "signature_mismatch"),
        (key.token(&format!("{name}/"), now), "issuer_mismatch"),
        (key.token_for(name, "https://other.example", now), "audience_mismatch"),
        (key.confused_token(name, now), "algorithm_not_allowed"),
        (key.token(name, now.saturating_sub(Duration::from_secs(600))), "token_expired"),
        (key.token(name, now.saturating_add(Duration::from_secs(600))), "token_not_yet_valid"),
        (Vec::new(), "token_missing"),
    ] {
        let reply = stand.post(&fields, BODY).await;
        assert_eq!(verdict(&reply), (401, code.to_owned()));
        assert_eq!(reply.fields["www-authenticate"], "Bearer");
    }
    let seen = stand.app.take_seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].fields["countersign-scheme"], "jwt");
}

#[tokio::test]
async fn an_issuer_with_metadata_of_rfc_8414_alone_is_found_too() {
    let key = Key::new("a");
    let issuer = Issuer::start(&[&key], Manner::Before).await;
    let stand = trusting(&issuer, &[]).await;
    assert_eq!(until_decided(&stand, &key.token(&issuer.name, NOW)).await.0, 204);
}

#[tokio::test]
async fn a_new_key_is_asked_for_once_it_is_named_and_unknown_names_do_not_wear_the_issuer_out() {
    let (old, new, nobodys) = (Key::new("old"), Key::new("new"), Key::new("nobody"));
    let issuer = Issuer::start(&[&old], Manner::Honest).await;
    let stand = trusting(&issuer, &[]).await;
    assert_eq!(until_decided(&stand, &old.token(&issuer.name, NOW)).await.0, 204);
    let asked = issuer.asked();

    issuer.publish(&[&new]);
    let now = || stand.clock.now();
    for _ in 0..5 {
        let reply = stand.post(&nobodys.token(&issuer.name, now()), BODY).await;
        assert_eq!(verdict(&reply), (401, "unknown_key".to_owned()));
    }
    assert_eq!(issuer.asked(), asked, "asked a moment ago");

    stand.clock.advance(Duration::from_secs(11));
    assert_eq!(until_decided(&stand, &new.token(&issuer.name, now())).await.0, 204);
    let reply = stand.post(&old.token(&issuer.name, now()), BODY).await;
    assert_eq!(verdict(&reply), (401, "unknown_key".to_owned()), "it was withdrawn");
    assert_eq!(issuer.asked(), asked + 1, "one asking for all");
}

#[tokio::test]
async fn while_the_issuer_is_down_its_keys_count_until_they_are_too_old() {
    let (key, other) = (Key::new("a"), Key::new("b"));
    let issuer = Issuer::start(&[&key], Manner::Honest).await;
    let stand = trusting(&issuer, &["--jwks-max-stale", "1h"]).await;
    assert_eq!(until_decided(&stand, &key.token(&issuer.name, NOW)).await.0, 204);

    issuer.behave(Manner::Down);
    let now = || stand.clock.now();
    stand.clock.advance(Duration::from_secs(1800));
    let reply = stand.post(&other.token(&issuer.name, now()), BODY).await;
    assert_eq!(verdict(&reply), (503, UNAVAILABLE.to_owned()), "nobody knows whether it is a key");
    assert!(reply.fields.contains_key("retry-after"));
    assert_eq!(stand.post(&key.token(&issuer.name, now()), BODY).await.status, 204);

    stand.clock.advance(Duration::from_secs(1900));
    let reply = stand.post(&key.token(&issuer.name, now()), BODY).await;
    assert_eq!(verdict(&reply), (503, UNAVAILABLE.to_owned()));

    issuer.behave(Manner::Honest);
    stand.clock.advance(Duration::from_secs(2));
    assert_eq!(until_decided(&stand, &key.token(&issuer.name, now())).await.0, 204);
}

#[tokio::test]
async fn an_issuer_that_cannot_be_believed_or_read_decides_nothing() {
    let key = Key::new("a");
    for manner in
        [Manner::Impostor, Manner::Huge, Manner::Garbage, Manner::Silent, Manner::Down, Manner::Elsewhere]
    {
        let issuer = Issuer::start(&[&key], manner).await;
        let stand = trusting(&issuer, &[]).await;
        for _ in 0..2 {
            let reply = stand.post(&key.token(&issuer.name, NOW), BODY).await;
            assert_eq!(verdict(&reply), (503, UNAVAILABLE.to_owned()), "{manner:?}");
            stand.clock.advance(Duration::from_secs(2));
        }
        assert!(stand.app.take_seen().is_empty(), "{manner:?}");
    }
}

#[tokio::test]
async fn a_one_use_token_is_good_for_one_delivery() {
    let flags = ["--token-one-use", "--audience", AUDIENCE];
    let stand = Stand::start(Setup { preset: "jwt", flags: &flags, ..Setup::default() }).await;
    let token = |id: Option<&str>, issued: u64| {
        let mut claims = json!({"aud": AUDIENCE, "iat": issued, "exp": NOW.as_secs() + 100_000});
        if let Some(id) = id {
            claims["jti"] = id.into();
        }
        hs256(stand.secret.expose(), &json!({"alg": "HS256"}), &claims)
    };
    let now = NOW.as_secs();
    for (fields, body, expected) in [
        (token(Some("one"), now), BODY, (204, "")),
        (token(Some("one"), now), BODY, (409, "replayed")),
        (token(Some("one"), now), &b"another"[..], (409, "id_reused")),
        (token(Some("two"), now), BODY, (204, "")),
        (token(None, now), BODY, (401, "claim_missing")),
        (token(Some("three"), now - 3601), BODY, (401, "token_expired")),
    ] {
        let reply = stand.post(&fields, body).await;
        assert_eq!(verdict(&reply), (expected.0, expected.1.to_owned()));
    }
    // For as long as the token itself may be used.
    stand.clock.advance(Duration::from_secs(3600));
    assert_eq!(stand.post(&token(Some("one"), now), BODY).await.code(), "replayed");
}

#[tokio::test]
async fn a_bound_token_is_of_no_use_to_who_shows_another_certificate() {
    let flags = ["--token-bound", "--audience", AUDIENCE];
    let stand = Stand::start(Setup { preset: "jwt", flags: &flags, ..Setup::default() }).await;
    let certificate = CertificateDer::from_pem_slice(stand.sender.certificate.as_bytes()).unwrap();
    let thumbprint = Base64UrlUnpadded::encode_string(Digest::of(&certificate).as_bytes());
    let token = |cnf: serde_json::Value| {
        let claims = json!({"aud": AUDIENCE, "exp": NOW.as_secs() + 60, "cnf": cnf});
        hs256(stand.secret.expose(), &json!({"alg": "HS256"}), &claims)
    };
    let bound = token(json!({"x5t#S256": thumbprint}));
    assert_eq!(stand.post(&bound, BODY).await.status, 204);
    assert_eq!(stand.post(&token(json!({})), BODY).await.code(), "claim_missing");

    let thief = stand.authority.client(countersign::devcerts::CLIENT_ID).unwrap();
    let mut connection = stand.client_with(Some(&thief)).connect().await.unwrap();
    let reply = connection.post("/hooks", &bound, bytes::Bytes::from_static(BODY)).await.unwrap();
    assert_eq!(verdict(&reply), (401, "token_mismatch".to_owned()));
}

#[tokio::test]
async fn of_several_schemes_all_must_hold_and_the_app_learns_which() {
    let key = Key::new("a");
    let issuer = Issuer::start(&[&key], Manner::Honest).await;
    let stand = {
        let own = issuer.flags();
        let mut flags: Vec<&str> = own.iter().map(String::as_str).collect();
        flags.extend(["--scheme", "jwt"]);
        Stand::start(Setup { flags: &flags, ..Setup::default() }).await
    };
    let now = || stand.clock.now();
    let both = |id| [stand.signed(id, BODY), key.token(&issuer.name, now())].concat();
    assert_eq!(until_decided(&stand, &both("msg_1")).await, (204, String::new()));
    let seen = stand.app.take_seen();
    assert_eq!(seen[0].fields["countersign-scheme"], "standard-webhooks, jwt");
    assert_eq!(seen[0].fields["countersign-message-id"], "msg_1");

    let stranger = Key::new("a");
    for (fields, body, code) in [
        (stand.signed("msg_2", BODY), BODY, "token_missing"),
        (key.token(&issuer.name, now()), BODY, "signature_missing"),
        (
            [stand.signed("msg_2", BODY), stranger.token(&issuer.name, now())].concat(),
            BODY,
            "signature_mismatch",
        ),
        (both("msg_2"), &b"another"[..], "signature_mismatch"),
    ] {
        assert_eq!(verdict(&stand.post(&fields, body).await), (401, code.to_owned()));
    }
    // The ledger goes by the scheme that names the delivery.
    assert_eq!(stand.post(&both("msg_2"), BODY).await.status, 204);
    assert_eq!(stand.post(&both("msg_2"), BODY).await.code(), "replayed");
    assert_eq!(stand.app.take_seen().len(), 1);
}

#[tokio::test]
async fn keys_from_files_are_used_and_nobody_is_asked() {
    let directory = TempDir::new().unwrap();
    let (key, file) = (Key::new("a"), directory.path().join("key.pem"));
    std::fs::write(&file, &key.public).unwrap();
    let secret = format!("jwt=a={}", file.display());
    let flags = ["--scheme", "jwt", "--secret-file", &secret, "--issuer", "us", "--audience", AUDIENCE];
    let stand = Stand::start(Setup { flags: &flags, ..Setup::default() }).await;
    let both = |issuer| [stand.signed("msg_1", BODY), key.token(issuer, NOW)].concat();
    assert_eq!(stand.post(&both("them"), BODY).await.code(), "issuer_mismatch");
    assert_eq!(stand.post(&both("us"), BODY).await.status, 204);
}
