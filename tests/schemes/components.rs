//! What holds for signatures over named components, whichever are chosen and
//! whatever signs them.

use std::sync::LazyLock;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
};
use base64ct::{Base64, Encoding as _};
use countersign::clock::UnixTime;
use countersign::keys::Secret;
use countersign::schemes::{
    BodyDigest, Credential, Head, Message, Proof, Refusal, Response, Scheme, SchemeOptions, SignError, preset,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// An algorithm's name, and a key that signs with it.
type Signing = (&'static str, String);

static RFC_9421: LazyLock<Vec<Signing>> = LazyLock::new(|| {
    let [ed25519, p256, p384, rsa] = &*KEYS;
    [
        ("hmac-sha256", SECRET),
        ("ed25519", ed25519),
        ("ecdsa-p256-sha256", p256),
        ("ecdsa-p384-sha384", p384),
        ("rsa-pss-sha512", rsa),
        ("rsa-v1_5-sha256", rsa),
    ]
    .map(|(algorithm, key)| (algorithm, key.to_owned()))
    .into()
});

static CAVAGE: LazyLock<Vec<Signing>> = LazyLock::new(|| {
    let [ed25519, p256, _, rsa] = &*KEYS;
    [
        ("hmac-sha256", SECRET),
        ("hmac-sha512", SECRET),
        ("ed25519", ed25519),
        ("ecdsa-sha256", p256),
        ("rsa-sha256", rsa),
        ("rsa-pss-sha512", rsa),
    ]
    .map(|(algorithm, key)| (algorithm, key.to_owned()))
    .into()
});

const SECRET: &str = "base64:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

/// Ed25519, P-256, P-384 and RSA, made for this run.
static KEYS: LazyLock<[String; 4]> = LazyLock::new(|| {
    let ed25519 = Ed25519KeyPair::generate_pkcs8v1(&aws_lc_rs::rand::SystemRandom::new()).expect("a key");
    let ecdsa = |algorithm| {
        let random = aws_lc_rs::rand::SystemRandom::new();
        pem(EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key").as_ref())
    };
    let rsa = KeyPair::generate(KeySize::Rsa2048).expect("a key").as_der().expect("PKCS#8");
    let p256 = ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING);
    [pem(ed25519.as_ref()), p256, ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING), pem(rsa.as_ref())]
});

fn pem(der: &[u8]) -> String {
    let text = Base64::encode_string(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| str::from_utf8(line).expect("ASCII")).collect();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
}

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
const TARGET: &str = "/in/a%20b?x=1&pet=big+dog";
const URL: &str = "https://hooks.example.com:8443/in/a%20b?x=1&pet=big+dog";

fn scheme(name: &str, (algorithm, key): &Signing, cover: &[&str]) -> Scheme {
    let key_id = Some("k-1".to_owned());
    let credential = Credential { key_id, ..Secret::new(key.as_str()).into() };
    let other =
        Credential { key_id: Some("k-2".to_owned()), ..Secret::new("another-secret-of-many-bytes").into() };
    let options = SchemeOptions {
        algorithms: vec![(*algorithm).to_owned(), "hmac-sha256".to_owned()],
        cover: Some(cover.iter().map(|text| (*text).to_owned()).collect()),
        ..SchemeOptions::default()
    };
    Scheme::new(preset(name).expect("a preset"), &[credential, other], options).expect("usable keys")
}

fn sign(scheme: &Scheme, body: &[u8]) -> HeaderMap {
    let method = &Method::POST;
    let message =
        Message { id: Some("n-1"), timestamp: NOW, body, method, target: TARGET, public_url: Some(URL) };
    scheme.sign(&message).expect("signable").into_iter().collect()
}

fn verify(scheme: &Scheme, fields: &HeaderMap, body: &[u8]) -> Result<Proof, Refusal> {
    let head = Head { method: &Method::POST, target: TARGET, fields, public_url: Some(URL) };
    let mut open = scheme.open(&head, NOW)?;
    open.update(body);
    open.finish(body)
}

/// Some of `components`, in any order.
fn any_of(components: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    proptest::sample::subsequence(components, 1..=components.len()).prop_shuffle()
}

const COMPONENTS: &[&str] = &[
    "@method",
    "@target-uri",
    "@authority",
    "@scheme",
    "@request-target",
    "@path",
    "@query",
    "\"@query-param\";name=\"pet\"",
    "content-digest",
    "\"content-digest\";key=\"sha-256\"",
    "\"content-digest\";sf",
    "\"content-digest\";bs",
    "date",
];

const LINES: &[&str] = &["(request-target)", "(created)", "digest", "date", "host"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_covered_and_whatever_signs_verifies_and_a_flipped_bit_does_not(
        signing in select(RFC_9421.clone()), cover in any_of(COMPONENTS), body in any::<Vec<u8>>(),
        at in any::<Index>(), bit in 0..8_u32,
    ) {
        let scheme = scheme("rfc9421", &signing, &cover);
        let mut fields = sign(&scheme, &body);
        let proof = verify(&scheme, &fields, &body);
        prop_assert!(proof.is_ok(), "{}: {cover:?}: {proof:?}", signing.0);
        prop_assert_eq!(proof.map(|proof| (proof.slot(), proof.signed_at())), Ok((0, Some(NOW))));

        let text = fields["signature"].to_str().expect("ASCII").to_owned();
        let (label, spelled) = text.split_once('=').expect("a dictionary");
        let mut signature = Base64::decode_vec(spelled.trim_matches(':')).expect("base64");
        let at = at.index(signature.len());
        signature[at] ^= 1_u8 << bit;
        let flipped = format!("{label}=:{}:", Base64::encode_string(&signature));
        fields.insert("signature", HeaderValue::try_from(flipped).expect("ASCII"));
        prop_assert_eq!(verify(&scheme, &fields, &body).err(), Some(Refusal::SignatureMismatch));
    }

    #[test]
    fn a_component_that_is_moved_or_taken_out_of_the_list_is_refused(
        signing in select(RFC_9421.clone()), cover in any_of(COMPONENTS), from in any::<Index>(), to in any::<Index>(),
    ) {
        let scheme = scheme("rfc9421", &signing, &cover);
        let fields = sign(&scheme, b"{}");
        let text = fields["signature-input"].to_str().expect("ASCII").to_owned();
        let (before, rest) = text.split_once('(').expect("a list");
        let (list, after) = rest.split_once(')').expect("a list");
        let list: Vec<_> = list.split(' ').collect();
        let verdict = |list: Vec<&str>| {
            let changed = format!("{before}({}){after}", list.join(" "));
            let mut fields = fields.clone();
            fields.insert("signature-input", HeaderValue::try_from(changed).expect("ASCII"));
            verify(&scheme, &fields, b"{}").err()
        };
        let (from, to) = (from.index(list.len()), to.index(list.len()));
        let mut moved = list.clone();
        let component = moved.remove(from);
        prop_assert_eq!(verdict(moved.clone()), Some(Refusal::ComponentNotCovered));
        moved.insert(to, component);
        let expected = (moved != list).then_some(Refusal::SignatureMismatch);
        prop_assert_eq!(verdict(moved), expected);
    }

    #[test]
    fn whatever_lines_are_listed_and_whatever_signs_verifies_for_the_same_body_alone(
        signing in select(CAVAGE.clone()), cover in any_of(LINES), mut body in any::<Vec<u8>>(),
    ) {
        let scheme = scheme("http-signature-cavage", &signing, &cover);
        let mut fields = sign(&scheme, &body);
        // An HTTP/2 request has none, and then the public URL says it.
        prop_assert!(verify(&scheme, &fields, &body).is_ok());
        fields.insert("host", HeaderValue::from_static("hooks.example.com:8443"));
        let proof = verify(&scheme, &fields, &body);
        prop_assert!(proof.is_ok(), "{}: {cover:?}: {proof:?}", signing.0);
        body.push(0);
        prop_assert_eq!(verify(&scheme, &fields, &body).err(), Some(Refusal::DigestMismatch));
    }
}

#[test]
fn what_is_covered_only_by_the_message_is_signed_all_the_same() {
    let signing = &RFC_9421[1];
    let sender = scheme("rfc9421", signing, &["@method", "@path", "date"]);
    let receiver = scheme("rfc9421", signing, &["@method"]);
    let mut fields = sign(&sender, b"{}");
    assert!(verify(&receiver, &fields, b"{}").is_ok());
    fields.remove("date");
    assert_eq!(verify(&receiver, &fields, b"{}").err(), Some(Refusal::ComponentMissing));
    // The sender signed a field that `Connection` hides from the app.
    let mut fields = sign(&sender, b"{}");
    fields.insert("connection", HeaderValue::from_static("date"));
    assert_eq!(verify(&receiver, &fields, b"{}").err(), Some(Refusal::ComponentMissing));
}

#[test]
fn a_key_is_kept_to_what_it_and_the_source_are_for() {
    let key = |algorithms: &[&str], secret: &str| {
        let options = SchemeOptions {
            algorithms: algorithms.iter().map(|name| (*name).to_owned()).collect(),
            ..SchemeOptions::default()
        };
        let made = Scheme::new(preset("rfc9421").expect("a preset"), &[Secret::new(secret).into()], options);
        made.map(drop).map_err(|error| error.to_string())
    };
    let [ed25519, _, _, rsa] = &*KEYS;
    assert_eq!(key(&[], rsa), Ok(()));
    assert_eq!(key(&["rsa-v1_5-sha256"], rsa), Ok(()));
    let none = "secret 1 of the source: it is no key for any of the algorithms that the source takes";
    assert_eq!(key(&["ed25519"], rsa), Err(none.to_owned()));
    assert_eq!(key(&["hmac-sha256"], ed25519), Err(none.to_owned()), "a key pair is no shared secret");
    assert_eq!(key(&["ed25519"], SECRET), Err(none.to_owned()));
    let unknown = "algorithm 2 of the source is no algorithm of the scheme";
    assert_eq!(key(&["ed25519", "none"], ed25519), Err(unknown.to_owned()));
}

#[test]
fn a_public_key_verifies_and_does_not_sign() {
    let public = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=\n-----END PUBLIC KEY-----\n";
    for name in ["rfc9421", "http-signature-cavage"] {
        let scheme = Scheme::new(
            preset(name).expect("a preset"),
            &[Secret::new(public).into()],
            SchemeOptions::default(),
        );
        let method = &Method::POST;
        let message =
            Message { id: None, timestamp: NOW, body: b"", method, target: "/", public_url: Some(URL) };
        assert_eq!(scheme.expect("a key").sign(&message), Err(SignError::PublicKey), "{name}");
    }
}

#[test]
fn a_response_is_no_request() {
    let options =
        SchemeOptions { cover: Some(vec![]), body: Some(BodyDigest::IfSigned), ..SchemeOptions::default() };
    let scheme = Scheme::new(preset("rfc9421").expect("a preset"), &[Secret::new(SECRET).into()], options);
    let scheme = scheme.expect("a key");
    let method = &Method::POST;
    let message = Message { id: None, timestamp: NOW, body: b"", method, target: "/", public_url: None };
    let fields: HeaderMap = scheme.sign(&message).expect("signable").into_iter().collect();
    let response = |fields: &HeaderMap| {
        scheme.open_response(&Response { status: StatusCode::OK, fields }, NOW)?.finish(b"").map(drop)
    };
    assert_eq!(response(&fields), Ok(()), "nothing of a request is covered");

    let of_request = SchemeOptions { cover: Some(vec!["@method".to_owned()]), ..SchemeOptions::default() };
    let sender = Scheme::new(preset("rfc9421").expect("a preset"), &[Secret::new(SECRET).into()], of_request);
    let fields: HeaderMap = sender.expect("a key").sign(&message).expect("signable").into_iter().collect();
    assert_eq!(response(&fields), Err(Refusal::SignatureMalformed));
}
