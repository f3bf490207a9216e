//! Set-up requests, each through a running guard: the one that its provider
//! sends, and what a stranger makes of it.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use base64ct::{Base64, Encoding as _};
use bytes::Bytes;
use countersign::clock::UnixTime;
use countersign::schemes::{Message, Scheme, SchemeOptions, preset};
use http::{HeaderValue, Method, Request};
use http_body_util::{BodyExt as _, Full};
use serde::Deserialize;

use crate::client::Reply;
use crate::http2;
use crate::stand::{BODY, NOW, Setup, Stand};

const TOKEN: &str = "a-verify-token-that-nobody-guesses";

/// A guard whose source answers this handshake, beside a scheme that has none.
async fn answering(handshake: &str, more: &[&str]) -> Stand {
    Stand::with_flags(&[&["--handshake", handshake], more].concat()).await
}

/// What a request gets, on a connection of its own.
async fn ask(stand: &Stand, method: Method, target: &str, fields: &[(&str, &str)], body: &[u8]) -> Reply {
    let mut request = Request::builder().method(method).uri(target).header("host", "localhost");
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(Bytes::copy_from_slice(body))).unwrap();
    stand.client.connect().await.unwrap().send(request).await.unwrap()
}

async fn get(stand: &Stand, target: &str) -> Reply {
    ask(stand, Method::GET, target, &[], b"").await
}

/// Status, media type, body.
fn shown(reply: &Reply) -> (u16, String, String) {
    let media_type = reply.fields.get("content-type").map(|value| value.to_str().unwrap().to_owned());
    (reply.status, media_type.unwrap_or_default(), String::from_utf8_lossy(&reply.body).into_owned())
}

fn of(status: u16, media_type: &str, body: &str) -> (u16, String, String) {
    (status, media_type.to_owned(), body.to_owned())
}

#[tokio::test]
async fn a_parameter_comes_back_as_text_that_no_browser_runs() {
    for (handshake, method, name) in
        [("dropbox", Method::GET, "challenge"), ("microsoft-graph", Method::POST, "validationToken")]
    {
        let stand = answering(handshake, &[]).await;
        let target = format!("/hooks?a=1&{name}=Validation%3A+%3Cb%3E+7&b=2");
        let reply = ask(&stand, method.clone(), &target, &[], b"").await;
        assert_eq!(shown(&reply), of(200, "text/plain", "Validation: <b> 7"), "{handshake}");
        for (field, value) in [
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-store"),
            ("countersign-outcome", "handshake"),
        ] {
            assert_eq!(reply.fields[field], value, "{handshake}");
        }
        for (what, value) in [
            ("nothing", String::new()),
            ("a byte too many", "x".repeat(1025)),
            ("a line end", "a%0d%0aSet-Cookie:%20b=c".to_owned()),
            ("a NUL", "a%00".to_owned()),
            ("no ASCII", "caf%C3%A9".to_owned()),
            ("no UTF-8", "%FF".to_owned()),
            ("twice", format!("1&{name}=2")),
        ] {
            let reply = ask(&stand, method.clone(), &format!("/hooks?{name}={value}"), &[], b"").await;
            assert_eq!(
                (reply.status, reply.code().as_str()),
                (403, "handshake_refused"),
                "{handshake}: {what}"
            );
            assert!(!reply.fields.contains_key("set-cookie"), "{handshake}: {what}");
        }
        assert!(stand.app.take_seen().is_empty(), "{handshake}");
    }
}

#[tokio::test]
async fn what_asks_for_nothing_is_judged_as_ever() {
    let stand = answering("dropbox", &[]).await;
    let reply = get(&stand, "/hooks?other=1").await;
    assert_eq!((reply.status, reply.code().as_str()), (403, "handshake_refused"));
    let reply = ask(&stand, Method::PUT, "/hooks?challenge=a", &[], b"").await;
    assert_eq!((reply.status, reply.code().as_str()), (405, "method_not_allowed"));
    assert_eq!(reply.fields["allow"], "POST, GET");
    let reply = ask(&stand, Method::POST, "/hooks?challenge=a", &[], b"{}").await;
    assert_eq!((reply.status, reply.code().as_str()), (401, "signature_missing"), "a delivery by its method");
    assert_eq!(stand.post_genuine("msg_1").await.status, 204);

    let stand = answering("microsoft-graph", &[]).await;
    let reply = ask(&stand, Method::POST, "/hooks", &[], b"{}").await;
    assert_eq!((reply.status, reply.code().as_str()), (401, "signature_missing"));
    assert_eq!(stand.post_genuine("msg_1").await.status, 204);
    assert_eq!(stand.app.take_seen().len(), 1);
}

#[tokio::test]
async fn where_no_handshake_is_answered_its_request_is_refused_as_any() {
    for flags in [&[][..], &["--handshake", "off"]] {
        let stand = Stand::with_flags(flags).await;
        for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
            let fields = [("webhook-request-origin", "a.example"), ("x-okta-verification-challenge", "a")];
            let target = "/hooks?challenge=a&hub.mode=subscribe&hub.challenge=1&crc_token=a";
            let reply = ask(&stand, method.clone(), target, &fields, b"").await;
            assert_eq!(
                (reply.status, &reply.fields["allow"]),
                (405, &HeaderValue::from_static("POST")),
                "{method}"
            );
        }
        let reply = ask(
            &stand,
            Method::POST,
            "/hooks?validationToken=a",
            &[("x-hook-secret", &"a".repeat(32))],
            b"{}",
        )
        .await;
        assert_eq!((reply.status, reply.code().as_str()), (401, "signature_missing"));
        assert!(!reply.fields.contains_key("x-hook-secret"));
    }
}

#[tokio::test]
async fn address_and_identity_come_before_any_handshake() {
    let stand = answering("dropbox", &["--allow-ip", "192.0.2.0/24"]).await;
    assert_eq!(get(&stand, "/hooks?challenge=a").await.code(), "address_not_allowed");
    let stand = answering("dropbox", &["--client-identity", "DNS:other.example"]).await;
    assert_eq!(get(&stand, "/hooks?challenge=a").await.code(), "identity_not_allowed");
    let stand = answering("dropbox", &["--path", "/in"]).await;
    assert_eq!(get(&stand, "/hooks?challenge=a").await.code(), "no_source");
    let stand = answering("dropbox", &["--rate-limit-per-address", "1/h"]).await;
    assert_eq!(get(&stand, "/hooks?challenge=a").await.status, 200);
    assert_eq!(get(&stand, "/hooks?challenge=a").await.code(), "rate_limited");
}

#[tokio::test]
async fn meta_has_to_show_the_token_that_was_agreed_on() {
    let token = tempfile::tempdir().unwrap();
    let file = token.path().join("verify.token");
    fs::write(&file, format!("{TOKEN}\n")).unwrap();
    let stand = answering("meta", &["--handshake-token-file", file.to_str().unwrap()]).await;
    let subscribe = |mode: &str, token: &str, challenge: &str| {
        format!("/hooks?hub.mode={mode}&hub.verify_token={token}&hub.challenge={challenge}")
    };
    let reply = get(&stand, &subscribe("subscribe", TOKEN, "1158201444")).await;
    assert_eq!(shown(&reply), of(200, "text/plain", "1158201444"));
    let wrong = get(&stand, &subscribe("subscribe", "a-token-that-somebody-guessed", "1")).await;
    for (what, target) in [
        ("a prefix of the token", subscribe("subscribe", &TOKEN[..TOKEN.len() - 1], "1")),
        ("more than the token", subscribe("subscribe", &format!("{TOKEN}%00"), "1")),
        ("no token", "/hooks?hub.mode=subscribe&hub.challenge=1".to_owned()),
        ("an empty token", subscribe("subscribe", "", "1")),
        ("two tokens", format!("{}&hub.verify_token={TOKEN}", subscribe("subscribe", "x", "1"))),
        ("another mode", subscribe("unsubscribe", TOKEN, "1")),
        ("no challenge", format!("/hooks?hub.mode=subscribe&hub.verify_token={TOKEN}")),
        ("markup for a challenge", subscribe("subscribe", TOKEN, "%3Cscript%3E")),
        ("a line end in it", subscribe("subscribe", TOKEN, "1%0d%0aa:b")),
    ] {
        let reply = get(&stand, &target).await;
        assert_eq!((reply.status, reply.code().as_str()), (403, "handshake_refused"), "{what}");
        assert_eq!(reply.body, wrong.body, "{what} looks like a wrong token");
    }
}

#[tokio::test]
async fn okta_gets_its_challenge_in_json() {
    let stand = answering("okta", &[]).await;
    let challenge = |value: &str| [("x-okta-verification-challenge".to_owned(), value.to_owned())];
    for (value, expected) in [
        ("r4nd0m-_=", of(200, "application/json", "{\"verification\":\"r4nd0m-_=\"}")),
        ("a\"}b", of(403, "application/problem+json", "")),
        ("a b", of(403, "application/problem+json", "")),
        (&"a".repeat(1025), of(403, "application/problem+json", "")),
    ] {
        let [(name, value)] = challenge(value);
        let reply = ask(&stand, Method::GET, "/hooks", &[(&name, &value)], b"").await;
        let (status, media_type, body) = shown(&reply);
        let body = if status == 200 { body } else { String::new() };
        assert_eq!((status, media_type, body), expected, "{value}");
    }
    let twice = [("x-okta-verification-challenge", "a"), ("x-okta-verification-challenge", "a")];
    assert_eq!(ask(&stand, Method::GET, "/hooks", &twice, b"").await.status, 403);
}

#[tokio::test]
async fn cloudevents_senders_are_told_the_rate_of_the_source() {
    for (flags, rate) in [(&[][..], "*"), (&["--rate-limit", "2/s"], "120"), (&["--rate-limit", "1/h"], "1")]
    {
        let stand = answering("cloudevents", flags).await;
        let fields = [
            ("webhook-request-origin", "eventgrid.azure.net"),
            ("webhook-request-rate", "1000"),
            ("webhook-request-callback", "http://169.254.169.254/latest"),
        ];
        let reply = ask(&stand, Method::OPTIONS, "/hooks", &fields, b"").await;
        assert_eq!(shown(&reply), of(200, "", ""));
        for (field, value) in [
            ("webhook-allowed-origin", "eventgrid.azure.net"),
            ("webhook-allowed-rate", rate),
            ("allow", "POST, OPTIONS"),
            ("content-length", "0"),
        ] {
            assert_eq!(reply.fields[field], value, "{flags:?}");
        }
        for origin in ["", "a.example, b.example", "https://a.example", &"a".repeat(254)] {
            let reply =
                ask(&stand, Method::OPTIONS, "/hooks", &[("webhook-request-origin", origin)], b"").await;
            assert_eq!((reply.status, reply.code().as_str()), (403, "handshake_refused"), "{origin}");
        }
        assert_eq!(ask(&stand, Method::OPTIONS, "/hooks", &[], b"").await.code(), "handshake_refused");
    }
}

#[tokio::test]
async fn a_probe_gets_success_and_nothing_else() {
    let stand = answering("head", &[]).await;
    let mut connection = stand.client.connect().await.unwrap();
    for _ in 0..2 {
        let probe = Request::head("/hooks").header("host", "localhost").body(Full::default()).unwrap();
        let reply = connection.send(probe).await.unwrap();
        assert_eq!(shown(&reply), of(200, "", ""));
        assert_eq!(reply.fields["countersign-outcome"], "handshake");
    }
    assert_eq!(get(&stand, "/hooks").await.fields["allow"], "POST, HEAD");
    assert!(stand.app.take_seen().is_empty());
}

#[tokio::test]
async fn asanas_secret_is_kept_once_and_for_its_owner_alone() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("asana.secret");
    let stand = answering("asana", &["--handshake-secret-file", file.to_str().unwrap()]).await;
    let first = "b537207f20cbfa02357cf448134da559";
    let send = |value: &str| {
        let value = value.to_owned();
        let stand = &stand;
        async move { ask(stand, Method::POST, "/hooks", &[("x-hook-secret", &value)], b"{}").await }
    };
    for wrong in
        ["short", &"a".repeat(257), "<b537207f20cbfa02357cf448134da559>", "with a space in its 32 bytes ..."]
    {
        let reply = send(wrong).await;
        assert_eq!((reply.status, reply.code().as_str()), (403, "handshake_refused"), "{wrong}");
        assert!(!file.exists(), "{wrong}");
    }
    let signed = [("x-hook-secret", first), ("x-hook-signature", "0")];
    let reply = ask(&stand, Method::POST, "/hooks", &signed, b"{}").await;
    assert_eq!(reply.code(), "signature_missing", "what is signed is a delivery");

    let reply = send(first).await;
    assert_eq!(shown(&reply), of(200, "", ""));
    assert_eq!(reply.fields["x-hook-secret"], first);
    assert_eq!(fs::read_to_string(&file).unwrap(), first);
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);

    let reply = send("0000000000000000000000000000cafe").await;
    assert_eq!((reply.status, reply.code().as_str()), (403, "handshake_refused"));
    assert!(!reply.fields.contains_key("x-hook-secret"));
    assert_eq!(fs::read_to_string(&file).unwrap(), first, "the first one stays");

    drop(directory);
    let reply = send(first).await;
    assert_eq!((reply.status, reply.code().as_str()), (503, "handshake_unkept"));
    assert!(!reply.fields.contains_key("x-hook-secret"), "what is not kept is not echoed");
    assert!(stand.app.take_seen().is_empty());
}

#[tokio::test]
async fn x_gets_the_mac_of_its_challenge_and_a_stranger_no_delivery() {
    let stand = Stand::start(Setup { preset: "x", ..Setup::default() }).await;
    let mac = |body: &[u8]| stand.signed("", body).remove(0).1.to_str().unwrap().to_owned();
    let reply = get(&stand, "/hooks?crc_token=9b4507b3-9040&nonce=1").await;
    let expected = format!("{{\"response_token\":\"{}\"}}", mac(b"9b4507b3-9040"));
    assert_eq!(shown(&reply), of(200, "application/json", &expected));

    for body in ["{\"favorite_events\":[]}", "[1]", "\"a\"", "a:b", "a,b", "a b", ""] {
        let target = format!("/hooks?crc_token={}", body.replace('"', "%22").replace(' ', "%20"));
        let reply = get(&stand, &target).await;
        assert_eq!((reply.status, reply.code().as_str()), (403, "handshake_refused"), "{body}");
    }
    // What a stranger can have: the signature of a word, such as this number.
    for word in ["123", "true", "9b4507b3-9040", ""] {
        let reply = stand.post(&stand.signed("", word.as_bytes()), word.as_bytes()).await;
        assert_eq!((reply.status, reply.code().as_str()), (401, "signature_mismatch"), "{word}");
    }
    assert!(stand.app.take_seen().is_empty());
    let event = b"{\"for_user_id\":\"1\"}";
    assert_eq!(stand.post(&stand.signed("", event), event).await.status, 204);
}

#[tokio::test]
async fn slack_gets_its_challenge_as_often_as_it_asks_and_the_app_does_not_hear_of_it() {
    let stand = Stand::start(Setup { preset: "slack", ..Setup::default() }).await;
    let body = br#"{"token":"t","challenge":"3eZbrw1aBm2r","type":"url_verification"}"#;
    let fields = stand.signed("", body);
    for _ in 0..3 {
        let reply = stand.post(&fields, body).await;
        assert_eq!(shown(&reply), of(200, "text/plain", "3eZbrw1aBm2r"));
        assert_eq!(reply.fields["countersign-outcome"], "handshake");
    }
    let forged = stand.post(&fields, &body[..body.len() - 1]).await;
    assert_eq!((forged.status, forged.code().as_str()), (401, "signature_mismatch"));
    let old = stand.signed_at("", body, UnixTime::from_secs(NOW.as_secs() - 301));
    assert_eq!(stand.post(&old, body).await.code(), "timestamp_too_old");
    assert!(stand.app.take_seen().is_empty());

    for event in [BODY, br#"{"challenge":"<b>","type":"url_verification"}"#] {
        assert_eq!(stand.post(&stand.signed("", event), event).await.status, 204);
    }
    assert_eq!(stand.app.take_seen().len(), 2, "what is genuine and not understood goes to the app");
}

#[tokio::test]
async fn zoom_gets_the_mac_of_its_token_under_the_secret_that_it_signed_with() {
    let stand = Stand::start(Setup { preset: "zoom", ..Setup::default() }).await;
    let body = br#"{"payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"},"event_ts":1,"event":"endpoint.url_validation"}"#;
    let reply = stand.post(&stand.signed("", body), body).await;
    let (status, media_type, answer) = shown(&reply);
    assert_eq!((status, media_type.as_str()), (200, "application/json"));
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["plainToken"], "qgg8vlvZRS6UYooatFL8Aw");
    // GitHub's signature is the same MAC, of a body.
    let github =
        Scheme::new(preset("github").unwrap(), &[stand.secret.clone().into()], SchemeOptions::default());
    let message = Message {
        id: None,
        timestamp: NOW,
        body: b"qgg8vlvZRS6UYooatFL8Aw",
        method: &Method::POST,
        target: "/",
        public_url: None,
    };
    let signature = github.unwrap().sign(&message).unwrap().remove(0).1;
    assert_eq!(format!("sha256={}", answer["encryptedToken"].as_str().unwrap()), signature.to_str().unwrap());

    let forged = stand.post(&stand.signed("", b"{}"), body).await;
    assert_eq!((forged.status, forged.code().as_str()), (401, "signature_mismatch"));
    // Nobody has a text signed here that could be what Zoom signs.
    let body = br#"{"payload":{"plainToken":"v0:1800000000:{}"},"event":"endpoint.url_validation"}"#;
    assert_eq!(stand.post(&stand.signed("", body), body).await.status, 204);
    assert_eq!(stand.app.take_seen().len(), 1);
}

#[tokio::test]
async fn microsoft_graph_sets_up_without_a_token_and_delivers_with_one() {
    let setup = Setup { preset: "microsoft-graph", secret: Some(TOKEN), ..Setup::default() };
    let stand = Stand::start(setup).await;
    let reply = ask(&stand, Method::POST, "/hooks?validationToken=Validation%3a+a", &[], b"").await;
    assert_eq!(shown(&reply), of(200, "text/plain", "Validation: a"));
    let batch = |state: &str| format!(r#"{{"value":[{{"changeType":"updated","clientState":"{state}"}}]}}"#);
    for (body, status, code) in [
        (batch("guess"), 401, "token_mismatch"),
        (batch(TOKEN), 204, ""),
        ("{}".to_owned(), 401, "token_missing"),
    ] {
        let reply = ask(&stand, Method::POST, "/hooks", &[], body.as_bytes()).await;
        assert_eq!((reply.status, reply.code().as_str()), (status, code), "{body}");
    }
    assert_eq!(stand.app.take_seen().len(), 1);
}

#[tokio::test]
async fn a_signed_handshake_that_is_off_is_a_delivery() {
    let setup = Setup { preset: "slack", flags: &["--handshake", "off"], ..Setup::default() };
    let stand = Stand::start(setup).await;
    let body = br#"{"challenge":"3eZ","type":"url_verification"}"#;
    let fields = stand.signed("", body);
    assert_eq!(stand.post(&fields, body).await.status, 204);
    assert_eq!(stand.post(&fields, body).await.code(), "replayed");
    assert_eq!(stand.app.take_seen()[0].body, &body[..]);
}

#[tokio::test]
async fn xero_is_told_good_from_bad_without_a_body() {
    let stand = Stand::start(Setup { preset: "xero", ..Setup::default() }).await;
    let intent = br#"{"events":[],"firstEventSequence":0,"lastEventSequence":0,"entropy":"S0m3"}"#;
    let good = stand.post(&stand.signed("msg_1", intent), intent).await;
    assert_eq!(shown(&good), of(200, "", ""));
    let bad = stand.post(&stand.signed("msg_2", intent), b"{}").await;
    assert_eq!(shown(&bad), of(401, "", ""));
    assert_eq!(bad.fields["content-length"], "0");
    assert!(bad.fields.contains_key("www-authenticate"));
    let events = br#"{"events":[{"eventType":"UPDATE"}],"entropy":"S0m3"}"#;
    assert_eq!(stand.post(&stand.signed("msg_3", events), events).await.status, 204);
    assert_eq!(stand.app.take_seen().len(), 1);
}

#[tokio::test]
async fn over_http2_the_answers_are_the_same() {
    for (handshake, method, target, field, body) in [
        ("dropbox", Method::GET, "/hooks?challenge=a", None, "a"),
        ("head", Method::HEAD, "/hooks", None, ""),
        ("cloudevents", Method::OPTIONS, "/hooks", Some("webhook-request-origin"), ""),
        ("microsoft-graph", Method::POST, "/hooks?validationToken=a", None, "a"),
    ] {
        let stand = answering(handshake, &[]).await;
        let mut sender = http2::connect(&stand).await;
        for _ in 0..2 {
            let mut request =
                Request::builder().method(method.clone()).uri(format!("https://localhost{target}"));
            if let Some(field) = field {
                request = request.header(field, "a.example");
            }
            // A body that nobody reads costs neither answer nor connection.
            let sent = if method == Method::POST { Bytes::from_static(BODY) } else { Bytes::new() };
            let response = sender.send_request(request.body(Full::new(sent)).unwrap()).await.unwrap();
            assert_eq!(response.status().as_u16(), 200, "{handshake}");
            assert_eq!(response.headers()["countersign-outcome"], "handshake");
            assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), body, "{handshake}");
        }
        assert!(stand.app.take_seen().is_empty(), "{handshake}");
    }
}

#[tokio::test]
async fn a_handshake_is_counted_as_one() {
    let stand = answering("dropbox", &[]).await;
    get(&stand, "/hooks?challenge=a").await;
    get(&stand, "/hooks?challenge=").await;
    let metrics = stand.admin("/metrics").await;
    for code in ["handshake", "handshake_refused"] {
        let line = format!("countersign_deliveries_total{{code=\"{code}\",source=\"standard-webhooks\"}} 1");
        assert!(metrics.contains(&line), "{line} is not in:\n{metrics}");
    }
}

/// `tests/handshakes/handshakes.json`: each request, at its own clock, through a
/// guard of its provider's scheme.
#[tokio::test]
async fn every_provider_gets_the_answer_that_it_documents() {
    let file: VectorFile = serde_json::from_str(include_str!("../handshakes/handshakes.json")).unwrap();
    assert!(!file.cases.is_empty());
    for case in file.cases {
        let reply = case.run().await;
        let (name, expected) = (case.name.as_str(), &case.response);
        assert_eq!(reply.status, expected.status, "{name}: {}", reply.code());
        for (field, value) in &expected.headers {
            assert_eq!(
                reply.fields.get(field).map(HeaderValue::as_bytes),
                Some(value.as_bytes()),
                "{name}: {field}"
            );
        }
        // A refusal's body is ours, and no provider looks at it.
        if reply.status == 200 {
            assert_eq!(reply.body, expected.body(), "{name}");
        }
    }
}

#[derive(Deserialize)]
struct VectorFile {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    provider: String,
    request: Asking,
    secrets: Vec<CaseSecret>,
    now: u64,
    response: Expected,
}

#[derive(Deserialize)]
struct Asking {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body_b64: String,
}

#[derive(Deserialize)]
struct CaseSecret {
    kind: String,
    value: String,
}

#[derive(Deserialize)]
struct Expected {
    status: u16,
    headers: Vec<(String, String)>,
    body_b64: String,
}

impl Case {
    async fn run(&self) -> Reply {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
        let provider = self.provider.to_lowercase();
        let mut flags = Vec::new();
        let mut secret = None;
        for CaseSecret { kind, value } in &self.secrets {
            match kind.as_str() {
                "token" => {
                    fs::write(file("verify.token"), value).unwrap();
                    flags.extend(["--handshake-token-file".to_owned(), file("verify.token")]);
                }
                _ => secret = Some(value.as_str()),
            }
        }
        if provider == "asana" {
            flags.extend(["--handshake-secret-file".to_owned(), file("asana.secret")]);
        }
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let setup = Setup { preset: &provider, secret, flags: &flags, ..Setup::default() };
        let stand = Stand::start(setup).await;
        stand.clock.set(UnixTime::from_secs(self.now));
        let headers = self.request.headers.iter();
        let fields: Vec<(&str, &str)> =
            headers.map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let (_, target) = self.request.url.split_once("hooks.example.com").unwrap();
        let method = self.request.method.parse().unwrap();
        ask(&stand, method, target, &fields, &decode(&self.request.body_b64)).await
    }
}

impl Expected {
    fn body(&self) -> Vec<u8> {
        decode(&self.body_b64)
    }
}

fn decode(base64: &str) -> Vec<u8> {
    Base64::decode_vec(base64).unwrap()
}
