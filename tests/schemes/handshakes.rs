//! Whatever a stranger sends: an answer is bounded, keeps to its alphabet and
//! is what was asked for.

use countersign::clock::UnixTime;
use countersign::keys::Secret;
use countersign::schemes::{
    Answer, Asked, CHALLENGE_BYTES_MAX, Handshake, Head, Message, Responder, Scheme, SchemeOptions, preset,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use proptest::prelude::*;

const SECRET: &str = "a-consumer-secret-of-more-than-24-bytes";

fn responders() -> [Responder; 12] {
    Handshake::ALL.map(|handshake| match handshake {
        Handshake::Asana => Responder::Asana,
        Handshake::CloudEvents => Responder::CloudEvents { rate_per_minute: Some(60) },
        Handshake::Discord => Responder::Discord,
        Handshake::Dropbox => Responder::Dropbox,
        Handshake::Head => Responder::Head,
        Handshake::Meta => Responder::Meta { verify_token: Secret::new("token") },
        Handshake::MicrosoftGraph => Responder::MicrosoftGraph,
        Handshake::Okta => Responder::Okta,
        Handshake::Slack => Responder::Slack,
        Handshake::X => Responder::X,
        Handshake::Xero => Responder::Xero,
        Handshake::Zoom => Responder::Zoom,
    })
}

fn scheme() -> Scheme {
    let preset = preset("x").expect("a preset");
    Scheme::new(preset, &[Secret::new(SECRET).into()], SchemeOptions::default()).expect("a secret")
}

/// The answer to such a request, by whichever method it asks with.
fn answered(responder: &Responder, scheme: &Scheme, target: &str, fields: &HeaderMap) -> Option<Answer> {
    let method = &responder.handshake().method();
    match responder.answer_unsigned(&Head { method, target, fields, public_url: None }, scheme) {
        Asked::Answer(answer) => Some(answer),
        Asked::Keep(secret, answer) => {
            assert_eq!(answer.fields[0].1, HeaderValue::from_bytes(secret.expose()).expect("it was a field"));
            Some(answer)
        }
        Asked::Nothing | Asked::Refusal => None,
    }
}

fn is_harmless(answer: &Answer) -> bool {
    let sent_as =
        |name| answer.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone());
    let inert =
        answer.body.is_empty() || sent_as("x-content-type-options").is_some_and(|value| value == "nosniff");
    let one_line = answer.body.iter().all(|byte| matches!(byte, b' '..=b'~'));
    let is_json = sent_as("content-type").is_some_and(|value| value == "application/json");
    let well_formed = !is_json || serde_json::from_slice::<serde_json::Value>(&answer.body).is_ok();
    inert && one_line && well_formed && answer.body.len() <= CHALLENGE_BYTES_MAX + 64
}

const PARAMETERS: [&str; 4] = ["challenge", "validationToken", "hub.challenge", "crc_token"];
const FIELDS: [&str; 3] = ["x-hook-secret", "x-okta-verification-challenge", "webhook-request-origin"];

proptest! {
    #[test]
    fn an_answer_to_any_query_is_bounded_and_of_its_alphabet(
        name in prop::sample::select(&PARAMETERS[..]),
        value in "[ -~]{0,40}|(%[0-9A-Fa-f]{2}){0,30}|\\PC{0,20}|[a-zA-Z0-9]{1000,1100}",
        rest in "(&hub.mode=subscribe)?(&hub.verify_token=token)?|[ -~]{0,40}",
    ) {
        let scheme = scheme();
        let target = format!("/hooks?{name}={value}{rest}");
        for responder in &responders() {
            if let Some(answer) = answered(responder, &scheme, &target, &HeaderMap::new()) {
                prop_assert!(is_harmless(&answer), "{target}: {answer:?} {:?}", answer.body);
            }
        }
    }

    #[test]
    fn an_answer_to_any_field_is_bounded_and_of_its_alphabet(
        name in prop::sample::select(&FIELDS[..]),
        value in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..60),
            "[ -~]{0,300}".prop_map(String::into_bytes),
            "[a-z0-9.]{20,40}".prop_map(String::into_bytes),
        ],
    ) {
        let Ok(value) = HeaderValue::from_bytes(&value) else { return Ok(()) };
        let scheme = scheme();
        let fields: HeaderMap = [(HeaderName::from_static(name), value)].into_iter().collect();
        for responder in &responders() {
            if let Some(answer) = answered(responder, &scheme, "/hooks", &fields) {
                prop_assert!(is_harmless(&answer), "{fields:?}: {answer:?} {:?}", answer.body);
                let is_visible = |value: &HeaderValue| value.as_bytes().iter().all(u8::is_ascii_graphic);
                prop_assert!(answer.fields.iter().all(|(_, value)| is_visible(value)), "{answer:?}");
            }
        }
    }

    #[test]
    fn an_answer_to_any_signed_body_is_bounded_and_of_its_alphabet(
        text in "\\PC{0,40}|[a-zA-Z0-9]{0,60}",
        shape in prop::sample::select(&[
            r#"{"type":"url_verification","challenge":"TEXT"}"#,
            r#"{"event":"endpoint.url_validation","payload":{"plainToken":"TEXT"}}"#,
            r#"{"events":[],"entropy":"TEXT"}"#,
            r#"{"type":1,"data":"TEXT"}"#,
            "TEXT",
        ][..]),
    ) {
        let (scheme, now, method) = (scheme(), UnixTime::EPOCH, &Method::POST);
        let body = shape.replace("TEXT", &text);
        let body = body.as_bytes();
        let message = Message { id: None, timestamp: now, body, method, target: "/", public_url: None };
        let fields: HeaderMap = scheme.sign(&message).expect("it signs no id").into_iter().collect();
        let mut open = scheme.open(&Head { method, target: "/", fields: &fields, public_url: None }, now).expect("signed");
        open.update(body);
        let proof = open.finish(body).expect("signed");
        for responder in &responders() {
            if let Some(answer) = responder.answer_signed(&proof, body, &scheme) {
                prop_assert!(is_harmless(&answer), "{answer:?} {:?}", answer.body);
            }
        }
    }

    /// The answer to X's check is a signature. It must be one of no delivery.
    #[test]
    fn no_challenge_that_is_answered_is_a_body_that_is_taken(challenge in "[ -~]{0,40}|[\\[{\"][a-z0-9:,\"}\\]]{0,12}") {
        let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("crc_token", &challenge).finish();
        let handed_out = answered(&Responder::X, &scheme(), &format!("/hooks?{query}"), &HeaderMap::new()).is_some();
        prop_assert!(!handed_out || Responder::X.hands_out_the_code_of(challenge.as_bytes()));
    }
}
