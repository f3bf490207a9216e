//! App, signer, guard, app: what is signed is verified.

use std::sync::Arc;

use countersign::clock::SystemClock;
use countersign::keys::Secret;
use countersign::schemes::{Message, Scheme, SchemeOptions, preset};
use http::Method;

use super::consumer::{Consumer, field};
use super::stand::{SECRET, Signer};
use crate::stand::{BODY, NOW, Setup, Stand};

#[tokio::test]
async fn what_each_preset_signs_its_guard_verifies() {
    for scheme in ["standard-webhooks", "svix", "github", "stripe", "slack", "shopify"] {
        let stand = Stand::start(Setup { preset: scheme, ..Setup::default() }).await;
        let signer = Signer::toward(&stand, &["--scheme", scheme]);
        let reply = signer.post("/", &[("content-type", "application/json")], BODY).await;
        assert_eq!((reply.status, reply.code().as_str()), (204, ""), "{scheme}");
        let seen = stand.app.take_seen().remove(0);
        assert_eq!((&seen.body[..], seen.target.path()), (BODY, "/hooks"), "{scheme}");
        assert_eq!(seen.field("countersign-scheme"), scheme);
        assert_eq!(seen.field("countersign-client-identity"), "URI:spiffe://countersign.test/sender");
        assert_eq!(seen.field("content-type"), "application/json");
    }
}

#[tokio::test]
async fn an_id_of_the_apps_is_kept_and_makes_its_second_try_a_retry() {
    let stand = Stand::with_flags(&[]).await;
    let signer = Signer::toward(&stand, &[]);
    let given = [("webhook-id", "order_42")];
    stand.app.fail_next(1);
    assert_eq!(signer.post("/", &given, BODY).await.status, 500, "the consumer's own answer");
    assert_eq!(signer.post("/", &given, BODY).await.status, 204);
    // The app has it now, and the sender asks once more.
    stand.clock.advance(std::time::Duration::from_secs(1));
    let reply = signer.post("/", &given, BODY).await;
    assert_eq!((reply.status, reply.code().as_str()), (200, "duplicate"));
    let seen = stand.app.take_seen();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[1].field("countersign-message-id"), "order_42");
}

#[tokio::test]
async fn without_an_id_each_delivery_is_a_message_of_its_own() {
    let stand = Stand::with_flags(&[]).await;
    let signer = Signer::toward(&stand, &[]);
    for _ in 0..2 {
        assert_eq!(signer.post("/", &[], BODY).await.status, 204);
    }
    let seen = stand.app.take_seen();
    let [one, other] = [&seen[0], &seen[1]].map(|seen| seen.field("countersign-message-id"));
    assert!(one.starts_with("msg_") && one != other, "{one} {other}");
    assert_eq!(seen[0].field("countersign-timestamp"), NOW.as_secs().to_string());
}

#[tokio::test]
async fn several_schemes_sign_at_once_each_as_it_would_alone() {
    let consumer = Consumer::answering(&["HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"]).await;
    let flags = ["--scheme", "standard-webhooks", "--scheme", "github", "--scheme", "svix"];
    let signer = Signer::plain(consumer.address, &flags);
    signer.post("/", &[("webhook-id", "a")], b"{}").await;
    let request = consumer.take_seen().remove(0);
    let github =
        Scheme::new(preset("github").unwrap(), &[Secret::new(SECRET).into()], SchemeOptions::default());
    let message = Message {
        id: None,
        timestamp: NOW,
        body: b"{}",
        method: &Method::POST,
        target: "/hooks",
        public_url: None,
    };
    let legacy = github.unwrap().sign(&message).unwrap().remove(0);
    assert_eq!(field(&request, legacy.0.as_str()), legacy.1.to_str().unwrap());
    assert_eq!((field(&request, "webhook-id"), field(&request, "svix-id")), ("a", "a"));
    // The same bytes under the same key: two names for one signature.
    assert!(field(&request, "webhook-signature").starts_with("v1,"));
    assert_eq!(field(&request, "webhook-signature"), field(&request, "svix-signature"));
}

#[tokio::test]
async fn every_valid_secret_signs_and_a_secret_may_be_kept_to_one_scheme() {
    let consumer = Consumer::answering(&["HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"]).await;
    let directory = tempfile::TempDir::new().unwrap();
    let place = |scheme: &str, name: &str, secret: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, secret).unwrap();
        format!("{scheme}{}", path.display())
    };
    let old = place("standard-webhooks=", "old", &SECRET.replace("Q2", "R2"));
    let new = place("standard-webhooks=", "new", SECRET);
    let legacy = place("github=", "legacy", "a legacy secret that is no base64");
    let mut flags = vec!["--scheme", "standard-webhooks", "--scheme", "github"];
    flags.extend(["--secret-file", &new, "--secret-file", &old, "--secret-file", &legacy]);
    let signer = Signer::plain(consumer.address, &flags);
    signer.post("/", &[], b"{}").await;
    let request = consumer.take_seen().remove(0);
    assert_eq!(field(&request, "webhook-signature").matches("v1,").count(), 2, "{request}");
    assert!(field(&request, "x-hub-signature-256").starts_with("sha256="), "{request}");
}

#[tokio::test]
async fn the_app_cannot_set_what_is_ours() {
    let consumer = Consumer::answering(&["HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"]).await;
    let flags = ["--auth", "bearer", "--auth-secret-env", "TOKEN"];
    let signer = Signer::plain(consumer.address, &flags);
    let forged = [
        ("webhook-signature", "v1,forged"),
        ("webhook_signature", "v1,forged"),
        ("webhook-timestamp", "forged"),
        ("authorization", "forged"),
        ("countersign-source", "forged"),
        ("x-hop", "forged"),
        ("connection", "x-hop"),
        ("x-event", "kept"),
    ];
    assert_eq!(signer.post("/", &forged, b"{}").await.status, 204);
    let request = consumer.take_seen().remove(0);
    assert!(!request.contains("forged"), "{request}");
    assert_eq!(field(&request, "authorization"), "Bearer s3cr3t");
    assert_eq!(field(&request, "host"), consumer.address.to_string());
    assert_eq!((field(&request, "x-event"), field(&request, "content-length")), ("kept", "2"));
}

#[tokio::test]
async fn the_consumers_answer_comes_back_as_it_is() {
    let answer = "HTTP/1.1 418 I'm a teapot\r\nX-Reason: tea\r\nSet-Cookie: a=b\r\nLocation: http://127.0.0.1/\r\n\
                  Keep-Alive: timeout=5\r\nCountersign-Error: forged\r\nContent-Length: 4\r\nConnection: close\r\n\r\nno\r\n";
    let consumer = Consumer::answering(&[answer]).await;
    let signer = Signer::plain(consumer.address, &[]);
    let reply = signer.post("/", &[], b"{}").await;
    assert_eq!((reply.status, &reply.body[..]), (418, &b"no\r\n"[..]));
    assert_eq!(
        (reply.fields["x-reason"].as_bytes(), reply.fields["set-cookie"].as_bytes()),
        (&b"tea"[..], &b"a=b"[..])
    );
    assert!(!reply.fields.contains_key("countersign-error") && !reply.fields.contains_key("keep-alive"));
}

#[tokio::test]
async fn endpoints_of_a_file_are_chosen_by_path_or_by_name() {
    let answer = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
    let (one, other) = (Consumer::answering(&[answer]).await, Consumer::answering(&[answer]).await);
    let directory = tempfile::TempDir::new().unwrap();
    let file = directory.path().join("signer.toml");
    let endpoint = |name: &str, consumer: &Consumer| {
        format!(
            "[[endpoint]]\nname = \"{name}\"\nendpoint = \"http://{}/in?k=v\"\nallow_plain = true\n\
             allow-destination = [\"127.0.0.0/8\"]\nsecret-env = \"SECRET\"\nconcurrency = 3\n",
            consumer.address
        )
    };
    std::fs::write(&file, endpoint("billing", &one) + &endpoint("orders", &other)).unwrap();
    let signer = Signer::start(&["--config", file.to_str().unwrap()], Arc::new(SystemClock));
    let named = |name: &'static str| [("countersign-endpoint", name)];
    for (path, fields, expected) in [
        ("/e/billing", &[][..], (204, "")),
        ("/e/orders/created?x=1", &[], (204, "")),
        ("/", &named("orders"), (204, "")),
        ("/e/billing", &named("billing"), (204, "")),
        ("/e/billing", &named("orders"), (400, "endpoint_ambiguous")),
        ("/", &named("nobody"), (404, "no_endpoint")),
        ("/", &[], (404, "no_endpoint")),
        ("/e/billing2", &[], (404, "no_endpoint")),
        ("/e/billing/../orders", &[], (400, "head_refused")),
    ] {
        let (status, code) = signer.outcome(path, fields).await;
        assert_eq!((status, code.as_str()), expected, "{path} {fields:?}");
    }
    let lines = |consumer: &Consumer| -> Vec<String> {
        consumer.take_seen().iter().map(|request| request.lines().next().unwrap().to_owned()).collect()
    };
    assert_eq!(lines(&one), ["POST /in?k=v HTTP/1.1", "POST /in?k=v HTTP/1.1"]);
    assert_eq!(lines(&other), ["POST /in/created?k=v&x=1 HTTP/1.1", "POST /in?k=v HTTP/1.1"]);
}
