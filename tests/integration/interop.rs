//! Between languages: what the providers' own SDKs sign reaches an app in
//! another language, and what we sign those SDKs accept.

use base64ct::{Base64, Encoding as _};
use bytes::Bytes;
use countersign::cli;
use countersign::clock::{Clock as _, SystemClock};
use countersign::keys::Secret;
use countersign::schemes::{Message, Scheme, SchemeOptions, TokenRequirements, preset};
use http::{HeaderName, HeaderValue, Method};
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::issuer::AUDIENCE;
use crate::languages::{Language, NODE, NODE_APP, PYTHON, PYTHON_APP, Receiver};
use crate::stand::{BODY, NOW, Setup, Stand};

#[tokio::test]
async fn what_python_sdks_sign_reaches_an_app_in_node_byte_for_byte() {
    signed_by_sdks_of(&PYTHON, &mut Receiver::start(NODE_APP).await).await;
}

#[tokio::test]
async fn what_node_sdks_sign_reaches_an_app_in_python_byte_for_byte() {
    signed_by_sdks_of(&NODE, &mut Receiver::start(PYTHON_APP).await).await;
}

#[tokio::test]
async fn python_sdks_accept_what_we_sign() {
    signed_by_us_for(&PYTHON).await;
}

#[tokio::test]
async fn node_sdks_accept_what_we_sign() {
    signed_by_us_for(&NODE).await;
}

#[tokio::test]
async fn tokens_of_libraries_in_python_and_node_pass_and_forged_ones_do_not() {
    for language in [&PYTHON, &NODE] {
        tokens_signed_by(language).await;
    }
}

#[tokio::test]
async fn libraries_in_python_and_node_accept_the_tokens_that_we_make() {
    for language in [&PYTHON, &NODE] {
        tokens_signed_by_us_for(language).await;
    }
}

/// A pair of keys: an algorithm, what signs and what verifies.
fn token_keys() -> [(&'static str, String, String); 3] {
    let shared = cli::generate_secret().unwrap();
    let curve = KeyPair::generate().unwrap();
    let rsa = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    [
        ("HS256", text(&shared).to_owned(), text(&shared).to_owned()),
        ("ES256", curve.serialize_pem(), curve.public_key_pem()),
        ("RS256", rsa.serialize_pem(), rsa.public_key_pem()),
    ]
}

async fn tokens_signed_by(language: &Language) {
    let (right, wrong) = (token_keys(), token_keys());
    for ((alg, private, public), (_, forger, _)) in right.iter().zip(&wrong) {
        let directory = TempDir::new().unwrap();
        let file = directory.path().join("key");
        std::fs::write(&file, public).unwrap();
        let jwt = format!("jwt=key-1={}", file.display());
        let flags =
            ["--scheme", "jwt", "--secret-file", &jwt, "--audience", AUDIENCE, "--require-scope", "hooks"];
        let stand = Stand::start(Setup { flags: &flags, ..Setup::default() }).await;
        let claims = json!({
            "aud": [AUDIENCE], "iat": NOW.as_secs(), "exp": NOW.as_secs() + 60, "scope": "w\u{f6}rld hooks",
        });
        let sign = |secret: &str| json!({"preset": "jwt", "secret": secret, "alg": alg, "kid": "key-1", "claims": claims, "body_b64": ""});
        let answers = language.ask_sdks(&[sign(private), sign(forger)]).await;
        for (answer, status) in answers.iter().zip([204, 401]) {
            let fields = [stand.signed("msg_1", BODY), fields(answer)].concat();
            assert_eq!(stand.post(&fields, BODY).await.status, status, "{language:?} {alg}");
        }
    }
}

async fn tokens_signed_by_us_for(language: &Language) {
    let token = TokenRequirements { audiences: vec![AUDIENCE.to_owned()], ..TokenRequirements::default() };
    let mut questions = Vec::new();
    for ((alg, private, public), (_, _, other)) in token_keys().iter().zip(&token_keys()) {
        let options = SchemeOptions { token: Some(token.clone()), ..SchemeOptions::default() };
        let secret = Secret::new(private.as_str());
        let scheme = Scheme::new(preset("jwt").unwrap(), &[secret.into()], options).unwrap();
        let signed = sign_now(&scheme);
        for key in [public, other] {
            questions.push(json!({
                "verify": true, "preset": "jwt", "secret": key, "alg": alg, "audience": AUDIENCE,
                "body_b64": "", "headers": signed,
            }));
        }
    }
    let answers = language.ask_sdks(&questions).await;
    let valid: Vec<bool> = answers.iter().map(|verdict| verdict["valid"].as_bool().unwrap()).collect();
    assert_eq!(valid, [true, false, true, false, true, false], "{language:?}");
}

/// Sends what the SDKs signed over mTLS through a guard to `app`: as it is, and
/// tampered with.
async fn signed_by_sdks_of(language: &Language, app: &mut Receiver) {
    for preset in language.presets {
        let upstream = Some(app.url.clone());
        let stand = Stand::start(Setup { preset, upstream, ..Setup::default() }).await;
        let sign = |secret: &Secret, id: &str, body: &[u8]| {
            json!({
                "preset": preset, "secret": text(secret), "body_b64": Base64::encode_string(body),
                "timestamp": NOW.as_secs(), "id": id,
            })
        };
        let other = cli::generate_secret().unwrap();
        let questions = [
            sign(&stand.secret, "msg_1", BODY),
            sign(&stand.secret, "msg_2", LARGE),
            sign(&other, "msg_3", BODY),
        ];
        let answers = language.ask_sdks(&questions).await;
        let [genuine, large, forged] = [0, 1, 2].map(|nth| fields(&answers[nth]));

        let another_body = [BODY, b" "].concat();
        for (fields, body) in [(&genuine, &another_body[..]), (&large, BODY), (&forged, BODY)] {
            let reply = stand.post(fields, body).await;
            assert_eq!((reply.status, reply.code().as_str()), (401, "signature_mismatch"), "{preset}");
        }
        for (fields, body) in [(&genuine, BODY), (&large, LARGE)] {
            assert_eq!(stand.post(fields, body).await.status, 204, "{preset}");
            // Had a refused one got through, it would come first.
            let delivery = app.next_delivery().await;
            assert_eq!(delivery[0], "POST /hooks");
            let digest = Bytes::copy_from_slice(&Sha256::digest(body));
            for line in [format!("  countersign-scheme: {preset}"), format!("  sha256: {digest:x}")] {
                assert!(delivery.contains(&line), "{preset}: {line} is not in {delivery:?}");
            }
        }
    }
}

/// Has the SDKs judge what [`Scheme::sign`] makes. They go by the time of day.
async fn signed_by_us_for(language: &Language) {
    let [first, second, other] = [(); 3].map(|()| cli::generate_secret().unwrap());
    let mut questions = Vec::new();
    for name in language.presets {
        let secrets = [first.clone().into(), second.clone().into()];
        let scheme = Scheme::new(preset(name).unwrap(), &secrets, SchemeOptions::default()).unwrap();
        let signed = sign_now(&scheme);
        for (secret, body) in [(&first, JSON), (&second, JSON), (&other, JSON), (&first, b"{}")] {
            questions.push(json!({
                "verify": true, "preset": name, "secret": text(secret),
                "body_b64": Base64::encode_string(body), "headers": signed,
            }));
        }
    }
    let answers = language.ask_sdks(&questions).await;
    for (name, verdicts) in language.presets.iter().zip(answers.chunks(4)) {
        let valid: Vec<bool> = verdicts.iter().map(|verdict| verdict["valid"].as_bool().unwrap()).collect();
        // Only a list has room for the signature of a second secret.
        let is_list = ["standard-webhooks", "svix", "stripe"].contains(name);
        assert_eq!(valid, [true, is_list, false, false], "{name}");
    }
}

fn sign_now(scheme: &Scheme) -> Value {
    let method = Method::POST;
    let id = scheme.id_header().is_some().then_some("msg_1");
    let timestamp = SystemClock.now();
    let message = Message { id, timestamp, body: JSON, method: &method, target: "/hooks", public_url: None };
    let fields = scheme.sign(&message).unwrap();
    fields.iter().map(|(name, value)| (name.to_string(), json!(value.to_str().unwrap()))).collect()
}

fn fields(answer: &Value) -> Vec<(HeaderName, HeaderValue)> {
    let field = |(name, value): (&String, &Value)| {
        (name.parse().unwrap(), HeaderValue::from_str(value.as_str().unwrap()).unwrap())
    };
    answer.as_object().unwrap().iter().map(field).collect()
}

fn text(secret: &Secret) -> &str {
    std::str::from_utf8(secret.expose()).unwrap()
}

/// Some SDKs parse what they have verified.
const JSON: &[u8] = "{\"hello\": \"w\u{f6}rld\",\"n\":1.0}\r\n".as_bytes();

/// More than one read of a socket brings.
const LARGE: &[u8] = &[b'x'; 300_000];
