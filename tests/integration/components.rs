//! Between languages: signatures over named components, as libraries in Python
//! and Node make and judge them, and as we do.

use std::time::Duration;

use base64ct::{Base64, Encoding as _};
use countersign::clock::{Clock as _, SystemClock, UnixTime};
use countersign::keys::Secret;
use countersign::private_file::{self, Existing};
use countersign::schemes::{
    BodyDigest, Credential, Head, Message, Proof, Refusal, Scheme, SchemeOptions, preset,
};
use http::{HeaderMap, Method};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::languages::{Language, NODE, PYTHON};
use crate::stand::{BODY, NOW, Setup, Stand};

#[tokio::test]
async fn what_a_python_library_signs_by_rfc_9421_verifies() {
    signed_by_a_library("rfc9421", &PYTHON, RFC_9421).await;
}

#[tokio::test]
async fn what_a_node_library_signs_by_rfc_9421_verifies() {
    signed_by_a_library("rfc9421", &NODE, RFC_9421).await;
}

#[tokio::test]
async fn what_a_node_library_signs_by_the_draft_before_verifies() {
    signed_by_a_library("http-signature-cavage", &NODE, CAVAGE).await;
}

#[tokio::test]
async fn libraries_accept_what_we_sign() {
    signed_by_us("rfc9421", &PYTHON, RFC_9421).await;
    signed_by_us("rfc9421", &NODE, RFC_9421).await;
    signed_by_us("http-signature-cavage", &NODE, CAVAGE).await;
}

async fn signed_by_a_library(preset: &str, language: &Language, components: &[&str]) {
    let now = SystemClock.now();
    let mut questions = Vec::new();
    for key in KEYS {
        questions.push(question(preset, key, key.private, components, &json!({"timestamp": now.as_secs()})));
    }
    let answers = language.ask_sdks(&questions).await;
    for (key, answer) in KEYS.iter().zip(&answers) {
        let fields: HeaderMap = answer
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.as_str().unwrap().parse().unwrap()))
            .collect();
        let scheme = scheme(preset, key, key.public, components);
        let algorithm = key.algorithm;
        assert!(verify(&scheme, &fields, URL, JSON, now).is_ok(), "{algorithm}: {fields:?}");
        let refusal = |url, body| verify(&scheme, &fields, url, body, now).err();
        assert_eq!(refusal(URL, b"{}"), Some(Refusal::DigestMismatch), "{algorithm}");
        assert_eq!(refusal(ANOTHER_URL, JSON), Some(Refusal::SignatureMismatch), "{algorithm}");
    }
}

async fn signed_by_us(preset: &str, language: &Language, components: &[&str]) {
    let mut questions = Vec::new();
    for key in KEYS {
        let scheme = scheme(preset, key, key.private, components);
        let (method, timestamp) = (&Method::POST, SystemClock.now());
        let message =
            Message { id: None, timestamp, body: JSON, method, target: TARGET, public_url: Some(URL) };
        let fields = scheme.sign(&message).unwrap();
        let headers: Value =
            fields.iter().map(|(name, value)| (name.to_string(), json!(value.to_str().unwrap()))).collect();
        for body in [JSON, b"{}"] {
            let asked = json!({"verify": true, "headers": headers, "body_b64": Base64::encode_string(body)});
            questions.push(question(preset, key, key.public, components, &asked));
        }
    }
    let answers = language.ask_sdks(&questions).await;
    for (key, verdicts) in KEYS.iter().zip(answers.chunks(2)) {
        let valid: Vec<bool> = verdicts.iter().map(|verdict| verdict["valid"].as_bool().unwrap()).collect();
        assert_eq!(valid, [true, false], "{}", key.algorithm);
    }
}

fn question(preset: &str, key: &Key, secret: &str, components: &[&str], more: &Value) -> Value {
    let mut question = json!({
        "preset": preset, "secret": secret, "key_id": KEY_ID, "algorithm": key.algorithm, "url": URL,
        "components": components, "body_b64": Base64::encode_string(JSON),
    });
    question.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    question
}

fn scheme(name: &str, key: &Key, secret: &str, components: &[&str]) -> Scheme {
    let key_id = Some(KEY_ID.to_owned());
    let credential = Credential { key_id, ..Secret::new(secret).into() };
    let cover = Some(components.iter().map(|component| (*component).to_owned()).collect());
    let algorithms = vec![key.algorithm.to_owned()];
    let options = SchemeOptions { cover, algorithms, ..SchemeOptions::default() };
    Scheme::new(preset(name).unwrap(), &[credential], options).unwrap()
}

fn verify(
    scheme: &Scheme,
    fields: &HeaderMap,
    url: &str,
    body: &[u8],
    now: UnixTime,
) -> Result<Proof, Refusal> {
    let head = Head { method: &Method::POST, target: TARGET, fields, public_url: Some(url) };
    let mut open = scheme.open(&head, now)?;
    open.update(body);
    open.finish(body)
}

/// A key as both sides have it.
struct Key {
    algorithm: &'static str,
    private: &'static str,
    public: &'static str,
}

const SECRET: &str = "a-shared-secret-of-more-than-24-bytes";

/// Published in RFC 9421 appendix B.1.4.
const KEYS: &[Key] = &[
    Key { algorithm: "hmac-sha256", private: SECRET, public: SECRET },
    Key {
        algorithm: "ed25519",
        private: "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF\n-----END PRIVATE KEY-----\n",
        public: "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=\n-----END PUBLIC KEY-----\n",
    },
];

const KEY_ID: &str = "hooks-1";

const RFC_9421: &[&str] = &["@method", "@target-uri", "@authority", "@path", "@query", "content-digest"];

const CAVAGE: &[&str] = &["(request-target)", "(created)", "digest"];

const TARGET: &str = "/in/a%20b?x=1&pet=dog";

const URL: &str = "https://hooks.example.com:8443/in/a%20b?x=1&pet=dog";

const ANOTHER_URL: &str = "https://hooks.example.com:8443/in/a%20b?x=1&pet=cat";

const JSON: &[u8] = "{\"hello\": \"w\u{f6}rld\"}\r\n".as_bytes();

#[tokio::test]
async fn a_guard_takes_what_is_signed_as_its_source_asks_once() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("hooks-1.secret");
    private_file::write(&path, SECRET.as_bytes(), Existing::Refuse).unwrap();
    let named = format!("hooks-1={}", path.display());
    for (preset, public_url) in PRESETS {
        let mut flags = vec!["--secret-file", &named];
        flags.extend(public_url.iter().flat_map(|url| ["--public-url", url]));
        let stand =
            Stand::start(Setup { preset, public_url: *public_url, flags: &flags, ..Setup::default() }).await;
        let scheme = |key_id: &str, cover: Option<&[&str]>| {
            let credential = Credential { key_id: Some(key_id.to_owned()), ..Secret::new(SECRET).into() };
            let body = cover.map(|_| BodyDigest::IfSigned);
            let cover = cover.map(|cover| cover.iter().map(|part| (*part).to_owned()).collect());
            let options = SchemeOptions { cover, body, ..SchemeOptions::default() };
            Scheme::new(countersign::schemes::preset(preset).unwrap(), &[credential], options).unwrap()
        };
        let sign = |scheme: &Scheme, body: &[u8], timestamp| {
            let method = &Method::POST;
            let message =
                Message { id: None, timestamp, body, method, target: "/hooks", public_url: *public_url };
            scheme.sign(&message).unwrap()
        };

        let genuine = sign(&scheme("hooks-1", None), BODY, NOW);
        let covers_little: &[&str] = if *preset == "rfc9421" { &["@method"] } else { &["date"] };
        for (what, fields, body, code) in [
            ("no signature", vec![], BODY, "signature_missing"),
            ("another body", genuine.clone(), &b"{}"[..], "digest_mismatch"),
            (
                "a name that only the nameless key can have",
                sign(&scheme("hooks-9", None), BODY, NOW),
                BODY,
                "signature_mismatch",
            ),
            (
                "little of it",
                sign(&scheme("hooks-1", Some(covers_little)), BODY, NOW),
                BODY,
                "component_not_covered",
            ),
        ] {
            let reply = stand.post(&fields, body).await;
            assert_eq!((reply.status, reply.code().as_str()), (401, code), "{preset}: {what}");
        }
        assert_eq!(stand.post(&genuine, BODY).await.status, 204, "{preset}");
        let replay = stand.post(&genuine, BODY).await;
        assert_eq!((replay.status, replay.code().as_str()), (409, "replayed"), "{preset}");
        let later = NOW.saturating_add(Duration::from_secs(1));
        assert_eq!(
            stand.post(&sign(&scheme("hooks-1", None), BODY, later), BODY).await.status,
            204,
            "{preset}"
        );
    }
}

/// Presets, and the URL that their senders know.
const PRESETS: &[(&str, Option<&str>)] = &[
    ("rfc9421", Some("https://hooks.example.com/hooks")),
    ("http-signature-cavage", None),
    ("kong-hmac-auth", None),
    ("apisix-hmac-auth", None),
];
