//! What holds for every scheme, whatever is signed: what is signed verifies,
//! one flipped bit does not, and no text of a stranger makes it panic.

use std::time::Duration;

use countersign::clock::UnixTime;
use countersign::schemes::{
    Head, Mechanism, Message, Proof, Refusal, Scheme, SchemeOptions, SignError, Validity, presets,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::subject::{Subject, credentials, subjects};

fn signed(subject: Subject, scheme: &Scheme, id: &str, timestamp: UnixTime, body: &[u8]) -> Request {
    let (url, body) = subject.wrap(timestamp, body);
    let message = Message {
        id: Some(id),
        timestamp,
        body: &body,
        method: &Method::POST,
        target: "/hooks",
        public_url: Some(&url),
    };
    let fields = scheme.sign(&message).expect("a signable id").into_iter().collect();
    Request { url, fields, body }
}

/// A request as it arrives.
struct Request {
    url: String,
    fields: HeaderMap,
    body: Vec<u8>,
}

impl Request {
    fn verify(&self, scheme: &Scheme, now: UnixTime) -> Result<Proof, Refusal> {
        self.verify_in(scheme, now, &[&self.body])
    }

    fn verify_in(&self, scheme: &Scheme, now: UnixTime, chunks: &[&[u8]]) -> Result<Proof, Refusal> {
        let (fields, public_url) = (&self.fields, Some(self.url.as_str()));
        let head = Head { method: &Method::POST, target: "/hooks", fields, public_url };
        let mut open = scheme.open(&head, now)?;
        for chunk in chunks {
            open.update(chunk);
        }
        open.finish(&chunks.concat())
    }

    /// A header that the request has, of those that are verified.
    fn security_header(&self, scheme: &Scheme, at: Index) -> HeaderName {
        let names = scheme.security_headers().iter().filter(|name| self.fields.contains_key(*name));
        at.get(&names.collect::<Vec<_>>()).to_owned().clone()
    }
}

fn any_subject() -> impl Strategy<Value = Subject> {
    select(subjects())
}

/// Subjects of which the body is signed: every one but tokens.
fn any_signing() -> impl Strategy<Value = Subject> {
    select(subjects().into_iter().filter(|subject| subject.preset.mechanism.signs()).collect::<Vec<_>>())
}

fn any_time() -> impl Strategy<Value = UnixTime> {
    (0..10_000_000_000_000_u64).prop_map(UnixTime::from_millis)
}

/// Ids that may be signed: they do not end in what could be a timestamp.
fn any_id() -> impl Strategy<Value = String> {
    "[!-~]{0,60}[A-Za-z_-]"
}

fn any_body() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..300)
}

/// Cuts `body` at `cuts`, in any order and any number.
fn chunks<'b>(body: &'b [u8], cuts: &[Index]) -> Vec<&'b [u8]> {
    let mut ends: Vec<_> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
    ends.push(body.len());
    ends.sort_unstable();
    let starts = std::iter::once(0).chain(ends.clone());
    starts.zip(&ends).map(|(start, end)| &body[start..*end]).collect()
}

proptest! {
    #[test]
    fn what_is_signed_verifies(
        subject in any_subject(), id in any_id(), now in any_time(), body in any_body(), slot in 0..3_usize,
    ) {
        let sender = subject.sender(slot);
        let request = signed(subject, &sender, &id, now, &body);
        let receiver = subject.receiver();
        let proof = request.verify(&receiver, now);
        prop_assert!(proof.is_ok(), "{}: {proof:?}", subject.preset.name);
        let proof = proof.expect("checked above");
        prop_assert_eq!(proof.slot(), slot);
        prop_assert_eq!(proof.message_id().map(HeaderValue::as_bytes), receiver.id_header().is_some().then_some(id.as_bytes()));
        prop_assert_eq!(proof.identity().is_some(), subject.preset.mechanism.signs());
        let lead = proof.signed_at().map(|at| now.saturating_since(at));
        prop_assert_eq!(lead.is_some(), receiver.tolerance().is_some());
        prop_assert!(lead.unwrap_or_default() < Duration::from_secs(1));
    }

    #[test]
    fn a_secret_out_of_its_time_verifies_nothing_and_the_others_do(
        subject in any_subject(), now in any_time(), body in any_body(), slot in 0..3_usize,
    ) {
        let instant = Duration::from_millis(1);
        let requests = [0, 1, 2].map(|slot| signed(subject, &subject.sender(slot), "msg_a", now, &body));
        for (not_before, not_after, counts) in [
            (Some(now), Some(now), true),
            (None, Some(now.saturating_sub(instant)), now == UnixTime::EPOCH),
            (Some(now.saturating_add(instant)), None, false),
        ] {
            let receiver = subject.receiver_until(slot, Validity { not_before, not_after });
            for (signer, request) in requests.iter().enumerate() {
                let expected = match subject.preset.mechanism {
                    _ if counts || signer != slot => Ok(signer),
                    Mechanism::Token(_) => Err(Refusal::TokenMismatch),
                    _ => Err(Refusal::SignatureMismatch),
                };
                let proof = request.verify(&receiver, now).map(|proof| proof.slot());
                prop_assert_eq!(proof, expected, "{} {} {}", subject.preset.name, slot, signer);
            }
        }
    }

    #[test]
    fn the_cuts_between_chunks_change_nothing(
        subject in any_subject(), now in any_time(), body in any_body(),
        cuts in proptest::collection::vec(any::<Index>(), 0..8),
    ) {
        let scheme = subject.receiver();
        let request = signed(subject, &subject.sender(0), "msg_a", now, &body);
        let identity = |proof: Proof| proof.identity().cloned();
        let whole = request.verify(&scheme, now).map(identity);
        let cut = request.verify_in(&scheme, now, &chunks(&request.body, &cuts)).map(identity);
        prop_assert!(whole.is_ok());
        prop_assert_eq!(whole, cut);
    }

    #[test]
    fn one_flipped_bit_of_the_body_is_a_mismatch(
        subject in any_signing(), now in any_time(), body in any_body(), at in any::<Index>(), bit in 0..8_u32,
    ) {
        let scheme = subject.receiver();
        let mut request = signed(subject, &subject.sender(0), "msg_a", now, &body);
        prop_assume!(!request.body.is_empty());
        let at = at.index(request.body.len());
        let was = subject.what_is_signed_of(&request.body);
        request.body[at] ^= 1_u8 << bit;
        // A form can be written in more than one way, which is not what is signed.
        prop_assume!(subject.what_is_signed_of(&request.body) != was);
        let refusal = request.verify(&scheme, now).map(|proof| proof.slot());
        // Where the signed head has a digest of the body, the signature holds.
        let expected = match subject.preset.mechanism {
            Mechanism::HttpSignatures(_) | Mechanism::Cavage(_) | Mechanism::Jwt(_) => Refusal::DigestMismatch,
            _ => Refusal::SignatureMismatch,
        };
        prop_assert_eq!(refusal, Err(expected), "{}", subject.preset.name);
    }

    #[test]
    fn one_flipped_bit_of_a_security_header_is_refused(
        subject in any_subject(), id in any_id(), now in any_time(), body in any_body(),
        header in any::<Index>(), at in any::<Index>(), bit in 0..8_u32,
    ) {
        let scheme = subject.receiver();
        let mut request = signed(subject, &subject.sender(0), &id, now, &body);
        let name = request.security_header(&scheme, header);
        let mut value = request.fields[&name].as_bytes().to_vec();
        let at = at.index(value.len());
        value[at] ^= 1_u8 << bit;
        // Of these parameters the signature alone is what is signed.
        let is_unsigned = matches!(subject.preset.mechanism, Mechanism::Cavage(_)) && value.ends_with(b"\"");
        prop_assume!(!is_unsigned || at > value.len() - 40);
        // What HTTP itself cannot carry is refused before it comes here, and
        // the word before a token has no letter case.
        let changed = HeaderValue::from_bytes(&value);
        prop_assume!(changed.is_ok());
        prop_assume!(!value.eq_ignore_ascii_case(request.fields[&name].as_bytes()) || at > "Bearer ".len());
        request.fields.insert(&name, changed.expect("assumed above"));
        let verdict = request.verify(&scheme, now);
        prop_assert!(verdict.is_err(), "{}: {name}: {value:?}", subject.preset.name);
    }

    #[test]
    fn a_header_given_twice_is_refused_whichever_is_good(
        subject in any_subject(), now in any_time(), other in "[ -~]{0,80}", header in any::<Index>(), first: bool,
    ) {
        let scheme = subject.receiver();
        let mut request = signed(subject, &subject.sender(0), "msg_a", now, b"{}");
        let name = request.security_header(&scheme, header);
        let good = request.fields[&name].clone();
        let other = HeaderValue::from_str(&other).expect("visible ASCII and spaces");
        let (one, two) = if first { (good, other) } else { (other, good) };
        request.fields.insert(&name, one);
        request.fields.append(&name, two);
        let verdict = request.verify(&scheme, now).map(|proof| proof.slot());
        // Several lines of a dictionary are one: a label that is there twice is
        // refused like a header that is.
        let is_list = matches!(subject.preset.mechanism, Mechanism::HttpSignatures(_));
        let is_refused = verdict == Err(Refusal::HeaderRepeated) || is_list && verdict.is_err();
        prop_assert!(is_refused, "{}: {verdict:?}", subject.preset.name);
    }

    #[test]
    fn text_of_a_stranger_is_refused_without_a_panic(
        preset in select(presets()), now in any_time(), body in any_body(),
        values in proptest::collection::vec(
            prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..200),
                "(t|v0|v1|v1a|sha256|Bearer|Basic)[=, ][0-9a-f,= v]{0,200}".prop_map(String::into_bytes),
                "[0-9.+-]{0,20}".prop_map(String::into_bytes),
                "(multipart/form-data; boundary=B|application/x-www-form-urlencoded)".prop_map(String::into_bytes),
            ],
            3,
        ),
        prefix in prop_oneof![Just(""), Just("--B\r\n"), Just("{\"signature\":{"), Just("token=")],
    ) {
        let scheme = Scheme::new(preset, &credentials(preset), SchemeOptions::default()).expect("usable secrets");
        let mut fields = HeaderMap::new();
        for (name, value) in scheme.security_headers().iter().zip(&values) {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                fields.append(name, value);
            }
        }
        let body = [prefix.as_bytes(), &body].concat();
        let request = Request { url: "https://hooks.example.com/a?b=%2F".to_owned(), fields, body };
        prop_assert!(request.verify(&scheme, now).is_err());
    }

    #[test]
    fn a_signed_time_is_fresh_up_to_both_edges_and_no_further(
        subject in any_subject(), now in any_time(), offset in -700_i64..700,
    ) {
        let scheme = subject.receiver();
        let now = UnixTime::from_secs(now.as_secs() + 1000);
        let signed_at = UnixTime::from_secs(now.as_secs().saturating_add_signed(offset));
        let request = signed(subject, &subject.sender(0), "msg_a", signed_at, b"{}");
        // The lifetime of a token is in `claims`' own tests.
        prop_assume!(scheme.token_requirements().is_none());
        let expected = match (scheme.tolerance().map(|span| span.as_secs().cast_signed()), offset) {
            (Some(tolerance), ahead) if ahead > tolerance => Err(Refusal::TimestampInFuture),
            (Some(tolerance), ahead) if -ahead > tolerance => Err(Refusal::TimestampTooOld),
            _ => Ok(0),
        };
        prop_assert_eq!(request.verify(&scheme, now).map(|proof| proof.slot()), expected);
    }
}

#[test]
fn copies_of_a_delivery_have_one_identity_and_others_have_their_own() {
    for subject in subjects().into_iter().filter(|subject| subject.preset.mechanism.signs()) {
        let (sender, receiver) = (subject.sender(0), subject.receiver());
        let identity = |at, body: &[u8]| {
            let now = UnixTime::from_secs(at);
            let request = signed(subject, &sender, "msg_a", now, body);
            request.verify(&receiver, now).expect("genuine").identity().cloned()
        };
        let first = identity(1_700_000_000, b"a");
        assert_eq!(first, identity(1_700_000_000, b"a"), "{}", subject.preset.name);
        assert_ne!(first, identity(1_700_000_000, b"b"), "{}", subject.preset.name);
        // A newer signature is another delivery, unless an id says it is the
        // same or no time is signed at all.
        let is_content_with_time = receiver.id_header().is_none() && receiver.tolerance().is_some();
        assert_eq!(first != identity(1_700_000_001, b"a"), is_content_with_time, "{}", subject.preset.name);
    }
}

#[test]
fn a_public_key_verifies_and_cannot_sign() {
    for name in ["discord", "sendgrid", "standard-webhooks-v1a"] {
        let subject = subjects().into_iter().find(|subject| subject.preset.name == name).expect(name);
        let (url, body) = subject.wrap(UnixTime::EPOCH, b"");
        let message = Message {
            id: Some("msg_a"),
            timestamp: UnixTime::EPOCH,
            body: &body,
            method: &Method::POST,
            target: "/",
            public_url: Some(&url),
        };
        assert_eq!(subject.public().sign(&message).err(), Some(SignError::PublicKey), "{name}");
        let request = signed(subject, &subject.sender(0), "msg_a", UnixTime::EPOCH, b"{}");
        assert!(request.verify(&subject.public(), UnixTime::EPOCH).is_ok(), "{name}");
    }
}
