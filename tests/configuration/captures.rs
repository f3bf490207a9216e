//! What holds for every capture: no bytes make the readers panic, what is
//! written as a command line is read back, and what spoils one scheme's
//! delivery is found whatever the scheme.

use bytes::Bytes;
use countersign::clock::UnixTime;
use countersign::explain::{Capture, Case, Format, Mistake, Request, search};
use countersign::keys::Secret;
use countersign::schemes::{KeyError, Message, Preset, Refusal, Scheme, SchemeOptions, presets};
use http::Method;
use proptest::prelude::*;

fn read(bytes: &[u8], format: Option<Format>) -> Option<Capture> {
    Capture::read(bytes, format, Some(1), &|_| Ok(b"{}".to_vec())).ok()
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for format in [None, Some(Format::Raw), Some(Format::Har), Some(Format::Curl)] {
            let _ = read(&bytes, format);
        }
    }

    #[test]
    fn no_command_line_makes_a_reader_panic(line in "curl( (-[a-zA-Z]|--[a-z-]{1,12}|[$]?'[^']{0,6}'|\"[^\"]{0,6}\"|\\\\.|[a-z:/.]{1,8})){0,8}") {
        let _ = read(line.as_bytes(), Some(Format::Curl));
    }

    #[test]
    fn a_body_is_read_from_a_command_line_as_it_was_quoted(body in "\\PC{0,40}") {
        let quoted = shlex::try_quote(&body).unwrap();
        let line = format!("curl https://a.example/ --data-raw {quoted}");
        prop_assert_eq!(&read(line.as_bytes(), None).unwrap().request.body[..], body.as_bytes());
    }

    #[test]
    fn a_body_is_read_from_a_request_to_its_last_byte(body in prop::collection::vec(any::<u8>(), 0..100)) {
        let capture = [&b"POST /a?b HTTP/1.1\r\nHost: c\r\n\r\n"[..], &body].concat();
        prop_assert_eq!(&read(&capture, None).unwrap().request.body[..], &body[..]);
    }

    #[test]
    fn a_lost_line_end_is_found_in_every_scheme_that_signs_its_body(body in "[a-z{}\":, ]{1,40}") {
        for preset in presets() {
            let Some(signed) = signed(preset, &[body.as_bytes(), b"\n"].concat()) else { continue };
            let spoiled = Case { request: Request { body: Bytes::from(body.clone()), ..signed.request.clone() }, ..signed };
            // A scheme that signs no body has nothing to be found.
            if spoiled.judge().unwrap().is_ok() {
                continue;
            }
            let findings = search(&spoiled, &[]).findings;
            let found = findings.first().map(|finding| finding.mistakes[0].0);
            prop_assert_eq!(found, Some(Mistake::BodyLineEndLost), "{}", preset.name);
        }
    }
}

/// A delivery of this scheme that a guard takes; `None` where nobody signs with
/// a shared secret.
fn signed(preset: &'static Preset, body: &[u8]) -> Option<Case> {
    let secret = Secret::new("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=");
    let scheme = match Scheme::new(preset, &[secret.clone().into()], SchemeOptions::default()) {
        Ok(scheme) => scheme,
        Err(KeyError::Unusable { .. }) => return None,
        Err(error) => panic!("{}: {error}", preset.name),
    };
    let message = Message {
        id: Some("msg_1"),
        timestamp: NOW,
        body,
        method: &Method::POST,
        target: "/hooks",
        public_url: Some("https://hooks.example/hooks"),
    };
    let fields = scheme.sign(&message).ok()?.into_iter().collect();
    let (target, body) = ("/hooks".to_owned(), Bytes::copy_from_slice(body));
    let case = Case {
        request: Request { method: Method::POST, target, fields, body, url: None },
        public_url: message.public_url.map(str::to_owned),
        preset: preset.into(),
        credentials: vec![secret.into()],
        options: SchemeOptions::default(),
        at: NOW,
    };
    match case.judge().unwrap() {
        Ok(_) => Some(case),
        // Some schemes read more of a body than these have.
        Err(Refusal::TimestampMissing | Refusal::SignatureMissing) => None,
        Err(refusal) => panic!("{}: {refusal}", preset.name),
    }
}

const NOW: UnixTime = UnixTime::from_millis(1_700_000_000_000);
