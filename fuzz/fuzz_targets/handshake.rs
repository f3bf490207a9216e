//! Arbitrary set-up requests against every handshake: no panic, and an echo that
//! can end neither a header field nor a line. `scripts/fuzz handshake`.
//!
//! Input: the target's query, a line end, the value of the field that the
//! handshake reads, a line end, and a body.

#![no_main]

use std::sync::LazyLock;

use countersign::clock::UnixTime;
use countersign::keys::Secret;
use countersign::schemes::{
    Answer, Asked, Head, Message, Responder, Scheme, SchemeOptions, preset,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use libfuzzer_sys::fuzz_target;

static SCHEME: LazyLock<Scheme> = LazyLock::new(|| {
    let secret = Secret::new("a-consumer-secret-of-more-than-24-bytes");
    let preset = preset("x").expect("a preset");
    Scheme::new(preset, &[secret.into()], SchemeOptions::default()).expect("a secret that it takes")
});

fuzz_target!(|data: &[u8]| {
    let mut lines = data.splitn(3, |byte| *byte == b'\n');
    let (query, field, body) = (lines.next(), lines.next().unwrap_or(b""), lines.next().unwrap_or(b""));
    let Ok(query) = std::str::from_utf8(query.unwrap_or(b"")) else { return };
    let Ok(value) = HeaderValue::from_bytes(field) else { return };
    let names = ["x-hook-secret", "x-okta-verification-challenge", "webhook-request-origin"];
    let fields: HeaderMap = names.map(|name| (HeaderName::from_static(name), value.clone())).into_iter().collect();
    let target = format!("/?{query}");
    let meta = || Responder::Meta { verify_token: Secret::new("token") };
    for responder in [
        Responder::Asana,
        Responder::CloudEvents { rate_per_minute: None },
        Responder::Dropbox,
        meta(),
        Responder::MicrosoftGraph,
        Responder::Okta,
        Responder::X,
    ] {
        let method = &responder.handshake().method();
        let head = Head { method, target: &target, fields: &fields, public_url: None };
        match responder.answer_unsigned(&head, &SCHEME) {
            Asked::Answer(answer) | Asked::Keep(_, answer) => assert_inert(&answer),
            Asked::Nothing | Asked::Refusal => {}
        }
    }
    signed(body);
});

/// The same with a body whose signature holds.
fn signed(body: &[u8]) {
    let (now, method) = (UnixTime::EPOCH, &Method::POST);
    let message = Message { id: None, timestamp: now, body, method, target: "/", public_url: None };
    let fields: HeaderMap = SCHEME.sign(&message).expect("it signs no id").into_iter().collect();
    let head = Head { method, target: "/", fields: &fields, public_url: None };
    let mut open = SCHEME.open(&head, now).expect("signed just now");
    open.update(body);
    let proof = open.finish(body).expect("signed just now");
    for responder in [Responder::Discord, Responder::Slack, Responder::Xero, Responder::Zoom] {
        responder.answer_signed(&proof, body, &SCHEME).iter().for_each(assert_inert);
    }
}

fn assert_inert(answer: &Answer) {
    assert!(answer.body.iter().all(|byte| matches!(byte, b' '..=b'~')));
    assert!(answer.fields.iter().all(|(_, value)| value.as_bytes().iter().all(|byte| matches!(byte, b' '..=b'~'))));
}
