//! What holds for every scheme, whatever is signed: what is signed verifies,
//! one flipped bit does not, and no text of a stranger makes it panic.

use countersign::clock::UnixTime;
use countersign::keys::Secret;
use countersign::schemes::{Head, Message, Preset, Proof, Refusal, Scheme, SchemeOptions, presets};
use http::{HeaderMap, HeaderValue, Method};
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Three secrets in a form that every preset takes.
const SECRETS: [&str; 3] = [
    "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXphYmNkZWY=",
    "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVpBQkNERUY=",
];

fn scheme(preset: &'static Preset, secrets: &[&str]) -> Scheme {
    let secrets: Vec<_> = secrets.iter().map(|text| Secret::new(*text).into()).collect();
    Scheme::new(preset, &secrets, SchemeOptions::default()).expect("usable secrets")
}

fn signed(scheme: &Scheme, id: &str, timestamp: UnixTime, body: &[u8]) -> HeaderMap {
    let method = &Method::POST;
    let message = Message { id: Some(id), timestamp, body, method, target: "/", public_url: None };
    scheme.sign(&message).expect("a signable id").into_iter().collect()
}

fn verify(scheme: &Scheme, fields: &HeaderMap, now: UnixTime, chunks: &[&[u8]]) -> Result<Proof, Refusal> {
    let head = Head { method: &Method::POST, target: "/", fields, public_url: None };
    let mut open = scheme.open(&head, now)?;
    for chunk in chunks {
        open.update(chunk);
    }
    open.finish(&chunks.concat())
}

fn any_preset() -> impl Strategy<Value = &'static Preset> {
    select(presets())
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
        preset in any_preset(), id in any_id(), now in any_time(), body in any_body(),
        slot in 0..SECRETS.len(),
    ) {
        let fields = signed(&scheme(preset, &SECRETS[slot..=slot]), &id, now, &body);
        let receiver = scheme(preset, &SECRETS);
        let proof = verify(&receiver, &fields, now, &[&body]);
        prop_assert!(proof.is_ok(), "{}: {proof:?}", preset.name);
        let proof = proof.expect("checked above");
        prop_assert_eq!(proof.slot(), slot);
        prop_assert_eq!(proof.message_id().map(HeaderValue::as_bytes), receiver.id_header().is_some().then_some(id.as_bytes()));
        prop_assert_eq!(proof.signed_at(), receiver.tolerance().map(|_| UnixTime::from_secs(now.as_secs())));
    }

    #[test]
    fn the_cuts_between_chunks_change_nothing(
        preset in any_preset(), now in any_time(), body in any_body(),
        cuts in proptest::collection::vec(any::<Index>(), 0..8),
    ) {
        let scheme = scheme(preset, &SECRETS[..1]);
        let fields = signed(&scheme, "msg_a", now, &body);
        let whole = verify(&scheme, &fields, now, &[&body]).map(|proof| proof.identity().cloned());
        let cut = verify(&scheme, &fields, now, &chunks(&body, &cuts)).map(|proof| proof.identity().cloned());
        prop_assert!(whole.is_ok());
        prop_assert_eq!(whole, cut);
    }

    #[test]
    fn one_flipped_bit_of_the_body_is_a_mismatch(
        preset in any_preset(), now in any_time(), mut body in any_body(), at in any::<Index>(), bit in 0..8_u32,
    ) {
        body.push(0);
        let scheme = scheme(preset, &SECRETS);
        let fields = signed(&scheme, "msg_a", now, &body);
        let at = at.index(body.len());
        body[at] ^= 1_u8 << bit;
        let refusal = verify(&scheme, &fields, now, &[&body]).map(|proof| proof.slot());
        prop_assert_eq!(refusal, Err(Refusal::SignatureMismatch));
    }

    #[test]
    fn one_flipped_bit_of_a_security_header_is_refused(
        preset in any_preset(), id in any_id(), now in any_time(), body in any_body(),
        header in any::<Index>(), at in any::<Index>(), bit in 0..8_u32,
    ) {
        let scheme = scheme(preset, &SECRETS[..1]);
        let mut fields = signed(&scheme, &id, now, &body);
        let name = header.get(scheme.security_headers());
        let mut value = fields[name].as_bytes().to_vec();
        let at = at.index(value.len());
        value[at] ^= 1_u8 << bit;
        // What HTTP itself cannot carry is refused before it comes here.
        let changed = HeaderValue::from_bytes(&value);
        prop_assume!(changed.is_ok());
        fields.insert(name, changed.expect("assumed above"));
        let verdict = verify(&scheme, &fields, now, &[&body]);
        prop_assert!(verdict.is_err(), "{}: {name}: {value:?}", preset.name);
    }

    #[test]
    fn a_header_given_twice_is_refused_whichever_is_good(
        preset in any_preset(), now in any_time(), other in "[ -~]{0,80}", header in any::<Index>(), first: bool,
    ) {
        let scheme = scheme(preset, &SECRETS[..1]);
        let mut fields = signed(&scheme, "msg_a", now, b"{}");
        let name = header.get(scheme.security_headers());
        let good = fields[name].clone();
        let other = HeaderValue::from_str(&other).expect("visible ASCII and spaces");
        let (one, two) = if first { (good, other) } else { (other, good) };
        fields.insert(name, one);
        fields.append(name, two);
        prop_assert_eq!(verify(&scheme, &fields, now, &[b"{}"]).map(|proof| proof.slot()), Err(Refusal::HeaderRepeated));
    }

    #[test]
    fn text_of_a_stranger_is_refused_without_a_panic(
        preset in any_preset(), now in any_time(), body in any_body(),
        values in proptest::collection::vec(
            prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..200),
                "(t|v0|v1|v1a|sha256)[=,][0-9a-f,= v]{0,200}".prop_map(String::into_bytes),
                "[0-9.+-]{0,20}".prop_map(String::into_bytes),
            ],
            3,
        ),
    ) {
        let scheme = scheme(preset, &SECRETS);
        let mut fields = HeaderMap::new();
        for (name, value) in scheme.security_headers().iter().zip(&values) {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                fields.append(name, value);
            }
        }
        prop_assert!(verify(&scheme, &fields, now, &[&body]).is_err());
    }

    #[test]
    fn a_signed_time_is_fresh_up_to_both_edges_and_no_further(
        preset in any_preset(), now in any_time(), offset in -400_i64..400,
    ) {
        let scheme = scheme(preset, &SECRETS[..1]);
        let now = UnixTime::from_secs(now.as_secs() + 1000);
        let signed_at = UnixTime::from_secs(now.as_secs().saturating_add_signed(offset));
        let fields = signed(&scheme, "msg_a", signed_at, b"{}");
        let expected = match (scheme.tolerance().map(|span| span.as_secs().cast_signed()), offset) {
            (Some(tolerance), ahead) if ahead > tolerance => Err(Refusal::TimestampInFuture),
            (Some(tolerance), ahead) if -ahead > tolerance => Err(Refusal::TimestampTooOld),
            _ => Ok(0),
        };
        prop_assert_eq!(verify(&scheme, &fields, now, &[b"{}"]).map(|proof| proof.slot()), expected);
    }
}

#[test]
fn copies_of_a_delivery_have_one_identity_and_others_have_their_own() {
    for preset in presets() {
        let scheme = scheme(preset, &SECRETS[..1]);
        let identity = |at, body: &[u8]| {
            let now = UnixTime::from_secs(at);
            let fields = signed(&scheme, "msg_a", now, body);
            verify(&scheme, &fields, now, &[body]).expect("genuine").identity().cloned()
        };
        let first = identity(1_700_000_000, b"a");
        assert_eq!(first, identity(1_700_000_000, b"a"), "{}", preset.name);
        assert_ne!(first, identity(1_700_000_000, b"b"), "{}", preset.name);
        // A newer signature is another delivery, unless an id says it is the
        // same or no time is signed at all.
        let is_content_with_time = scheme.id_header().is_none() && scheme.tolerance().is_some();
        assert_eq!(first != identity(1_700_000_001, b"a"), is_content_with_time, "{}", preset.name);
    }
}
