//! The proof that the app gets: apps in other languages check it with their own
//! library for Standard Webhooks, and refuse what came past the guard.

use std::net::SocketAddr;
use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use bytes::Bytes;
use countersign::cli;
use countersign::clock::{Clock as _, SystemClock, UnixTime};
use countersign::keys::Secret;
use countersign::schemes::{Head, Refusal, Scheme, SchemeOptions, preset};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use tempfile::TempDir;

use crate::app::Seen;
use crate::client::Connection;
use crate::languages::{App, GO_APP, NODE_APP, PYTHON_APP, Receiver};
use crate::stand::{BODY, NOW, Setup, Stand};

#[tokio::test]
async fn a_python_app_takes_with_its_own_library_only_what_came_through_the_guard() {
    checked_by(PYTHON_APP).await;
}

#[tokio::test]
async fn a_node_app_takes_with_its_own_library_only_what_came_through_the_guard() {
    checked_by(NODE_APP).await;
}

/// By its standard library: Debian has no package of one for Standard Webhooks.
#[tokio::test]
async fn a_go_app_takes_only_what_came_through_the_guard() {
    checked_by(GO_APP).await;
}

#[tokio::test]
async fn the_proof_is_standard_webhooks_once_three_fields_are_renamed() {
    let file = SecretFile::new();
    let stand = Stand::with_flags(&["--source", "billing", "--attest-secret-file", &file.path]).await;
    // Whenever it was signed, the proof is of now.
    let fields = stand.signed_at("msg_1", BODY, UnixTime::from_secs(NOW.as_secs() - 60));
    assert_eq!(stand.post(&fields, BODY).await.status, 204);
    let seen = stand.app.take_seen().remove(0);
    assert_eq!(seen.field("countersign-attest-timestamp"), "1800000000");
    assert_eq!(lines(&seen), "billing\nnew\nmsg_1");
    assert!(seen.field("countersign-attest-signature").starts_with("v1,"));
    assert_eq!(judge(&file.secret, &seen, BODY), Ok(()));
    assert_eq!(judge(&file.secret, &seen, b"{}"), Err(Refusal::SignatureMismatch));
    assert_eq!(judge(&stand.secret, &seen, BODY), Err(Refusal::SignatureMismatch));
}

#[tokio::test]
async fn nobody_else_can_bring_a_proof() {
    let names = ["id", "timestamp", "signature"].map(|part| format!("countersign-attest-{part}"));
    let forged = names.clone().map(|name| (name.parse().unwrap(), HeaderValue::from_static("forged")));
    let file = SecretFile::new();
    for flags in [&[][..], &["--attest-secret-file", &file.path]] {
        let stand = Stand::with_flags(flags).await;
        let fields = [stand.signed("msg_1", BODY), forged.to_vec()].concat();
        assert_eq!(stand.post(&fields, BODY).await.status, 204);
        let seen = stand.app.take_seen().remove(0);
        for name in &names {
            let values: Vec<_> = seen.fields.get_all(name).iter().collect();
            assert_eq!(values.len(), usize::from(!flags.is_empty()), "{name}");
            assert!(!values.contains(&&HeaderValue::from_static("forged")), "{name}");
        }
    }
}

#[tokio::test]
async fn a_retry_that_is_forwarded_gets_a_proof_of_its_own() {
    let file = SecretFile::new();
    let stand = Stand::with_flags(&["--attest-secret-file", &file.path]).await;
    stand.app.fail_next(1);
    assert_eq!(stand.post_genuine("msg_1").await.status, 500);
    stand.clock.advance(Duration::from_secs(7));
    assert_eq!(stand.post_genuine("msg_1").await.status, 204);
    let seen = stand.app.take_seen();
    let times: Vec<_> = seen.iter().map(|seen| seen.field("countersign-attest-timestamp")).collect();
    assert_eq!(times, ["1800000000", "1800000007"]);
    assert_eq!(lines(&seen[0]), lines(&seen[1]));
    assert_ne!(seen[0].field("countersign-attest-signature"), seen[1].field("countersign-attest-signature"));
}

#[tokio::test]
async fn what_names_no_delivery_is_told_by_its_signed_bytes_or_not_at_all() {
    let file = SecretFile::new();
    for (preset, signs) in [("github", true), ("bearer", false)] {
        let flags = ["--attest-secret-file", &file.path];
        let stand = Stand::start(Setup { preset, flags: &flags, ..Setup::default() }).await;
        assert_eq!(stand.post_genuine("unused").await.status, 204, "{preset}");
        let seen = stand.app.take_seen().remove(0);
        let rest = lines(&seen).strip_prefix(&format!("{preset}\nnew\n")).unwrap().to_owned();
        assert_eq!(rest.strip_prefix("sha256 ").map(str::len), signs.then_some(64), "{preset}: {rest}");
        assert!(signs || rest.is_empty(), "{preset}: {rest}");
        assert_eq!(judge(&file.secret, &seen, BODY), Ok(()), "{preset}");
    }
}

#[tokio::test]
async fn while_the_secret_rotates_either_one_verifies() {
    let (old, new) = (SecretFile::new(), SecretFile::new());
    let stand = Stand::with_flags(&["--attest-secret-file", &old.path]).await;
    stand.reload(&["--attest-secret-file", &new.path]).unwrap();
    assert_eq!(stand.post_genuine("msg_1").await.status, 204);
    let seen = stand.app.take_seen().remove(0);
    for secret in [&old.secret, &new.secret] {
        assert_eq!(judge(secret, &seen, BODY), Ok(()));
    }
}

/// An app that demands the proof: through the guard, and past it.
async fn checked_by(example: App) {
    let file = SecretFile::new();
    let mut app = Receiver::with_flags(example, &["--attest-secret-file", &file.path]).await;
    let flags = ["--attest-secret-file", &*file.path];
    let stand = Stand::start(Setup {
        preset: "stripe",
        flags: &flags,
        upstream: Some(app.url.clone()),
        ..Setup::default()
    })
    .await;
    // The libraries go by the time of day.
    stand.clock.set(SystemClock.now());
    assert_eq!(stand.post(&stand.signed("", TEXT), TEXT).await.status, 204, "{example:?}");
    let delivery = app.next_delivery().await;
    assert!(delivery.contains(&"  proof of the guard: holds".to_owned()), "{delivery:?}");

    let proof: Vec<_> = delivery.iter().filter_map(|line| attested(line)).collect();
    assert_eq!(proof.len(), 3, "{delivery:?}");
    let stale = {
        let mut fields = proof.clone();
        let hour_ago = HeaderValue::from(SystemClock.now().as_secs() - 3600);
        fields[1].1 = hour_ago;
        fields
    };
    for (fields, body, status) in [
        (&proof, TEXT, 204),
        (&proof, &b"{}"[..], 401),
        (&stale, TEXT, 401),
        (&vec![], TEXT, 401),
        (&proof[..2].to_vec(), TEXT, 401),
    ] {
        let address: SocketAddr = app.url.strip_prefix("http://").unwrap().parse().unwrap();
        let mut past_the_guard = Connection::plain(address).await.unwrap();
        let reply = past_the_guard.post("/hooks", fields, Bytes::from_static(body)).await.unwrap();
        assert_eq!(reply.status, status, "{example:?} {fields:?}");
        app.next_delivery().await;
    }

    // A guard with another secret is nobody to the app.
    let other = SecretFile::new();
    let flags = ["--attest-secret-file", &*other.path];
    let upstream = Some(app.url.clone());
    let stranger = Stand::start(Setup { flags: &flags, upstream, ..Setup::default() }).await;
    stranger.clock.set(SystemClock.now());
    assert_eq!(stranger.post(&stranger.signed("msg_1", TEXT), TEXT).await.status, 401, "{example:?}");
}

/// A field of the proof, as a receiver prints it.
fn attested(line: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = line.trim_start().split_once(": ")?;
    name.starts_with("countersign-attest-").then(|| (name.parse().unwrap(), value.parse().unwrap()))
}

/// What an app in Rust finds: the ordinary preset, over renamed fields.
fn judge(secret: &Secret, seen: &Seen, body: &[u8]) -> Result<(), Refusal> {
    let preset = preset("standard-webhooks").unwrap();
    let scheme = Scheme::new(preset, &[secret.clone().into()], SchemeOptions::default()).unwrap();
    let renamed = |part: &str| {
        let name: HeaderName = format!("webhook-{part}").parse().unwrap();
        (name, seen.fields[format!("countersign-attest-{part}")].clone())
    };
    let fields: HeaderMap = ["id", "timestamp", "signature"].map(renamed).into_iter().collect();
    let head = Head { method: &Method::POST, target: "/hooks", fields: &fields, public_url: None };
    let mut open = scheme.open(&head, NOW)?;
    open.update(body);
    open.finish(body).map(|_| ())
}

/// What the id says.
fn lines(seen: &Seen) -> String {
    let id = seen.field("countersign-attest-id");
    String::from_utf8(Base64UrlUnpadded::decode_vec(id).unwrap()).unwrap()
}

struct SecretFile {
    secret: Secret,
    path: String,
    /// Gone with it.
    _directory: TempDir,
}

impl SecretFile {
    fn new() -> Self {
        let (secret, directory) = (cli::generate_secret().unwrap(), TempDir::new().unwrap());
        let path = directory.path().join("attest.secret");
        std::fs::write(&path, secret.expose()).unwrap();
        Self { secret, path: path.display().to_string(), _directory: directory }
    }
}

/// The libraries read text.
const TEXT: &[u8] = "{\"hello\": \"w\u{f6}rld\"}\r\n".as_bytes();
