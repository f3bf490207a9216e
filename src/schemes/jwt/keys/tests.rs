//! Keys as they are read, and which of them a token gets.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use http::{HeaderMap, HeaderValue, Method};

use super::*;
use crate::clock::UnixTime;
use crate::schemes::mac::Hash;
use crate::schemes::{Beside, Head, KeySource, Message, Scheme, SchemeOptions, TokenRequirements, preset};

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

const SHARED: &str = "0123456789abcdef0123456789abcdef";

fn credential(text: &str, key_id: Option<&str>, algorithm: Option<&str>) -> Credential {
    let own = |text: &str| text.to_owned();
    Credential { key_id: key_id.map(own), algorithm: algorithm.map(own), ..Secret::new(text).into() }
}

fn scheme(credentials: &[Credential], options: SchemeOptions) -> Result<Scheme, KeyError> {
    Scheme::new(preset("jwt").expect("a preset"), credentials, options)
}

/// A token of `header`, over a minute of lifetime, signed by the shared secret.
fn token(header: &str) -> HeaderMap {
    let part = |text: &str| Base64UrlUnpadded::encode_string(text.as_bytes());
    let signed = format!("{}.{}", part(header), part(r#"{"exp":1700000060}"#));
    let mut mac = Mac::new(Hash::Sha256, SHARED.as_bytes());
    mac.update(signed.as_bytes());
    let token = format!("Bearer {signed}.{}", Base64UrlUnpadded::encode_string(mac.into_tag().as_bytes()));
    HeaderMap::from_iter([(http::header::AUTHORIZATION, HeaderValue::from_str(&token).expect("plain"))])
}

fn judge(scheme: &Scheme, fields: &HeaderMap, keys: Option<&TokenKeys>) -> Result<(), Refusal> {
    let head = Head { method: &Method::POST, target: "/", fields, public_url: None };
    let beside = Beside { issuer_keys: keys, ..Beside::default() };
    scheme.open_beside(&head, &beside, NOW)?.finish(b"").map(drop)
}

#[test]
fn a_key_id_chooses_and_an_unknown_one_leaves_the_keys_without_any() {
    let (named, nameless) = (Some("a"), None);
    let by_a = r#"{"alg":"HS256","kid":"a"}"#;
    let by_b = r#"{"alg":"HS256","kid":"b"}"#;
    let by_none = r#"{"alg":"HS256"}"#;
    for (key_id, header, expected) in [
        (named, by_a, Ok(())),
        (named, by_b, Err(Refusal::UnknownKey)),
        (named, by_none, Ok(())),
        (nameless, by_b, Ok(())),
        (nameless, by_none, Ok(())),
        (named, r#"{"alg":"none","kid":"a"}"#, Err(Refusal::AlgorithmNotAllowed)),
        (named, r#"{"alg":"hs256","kid":"a"}"#, Err(Refusal::AlgorithmNotAllowed)),
        (named, r#"{"alg":"RS256","kid":"a"}"#, Err(Refusal::AlgorithmNotAllowed)),
    ] {
        let scheme = scheme(&[credential(SHARED, key_id, None)], SchemeOptions::default()).expect("a key");
        assert_eq!(judge(&scheme, &token(header), None), expected, "{key_id:?} {header}");
    }
}

#[test]
fn a_secret_that_is_no_key_of_what_the_source_takes_is_refused() {
    let unusable = |fault| Some(KeyError::Unusable { slot: 0, fault });
    for (text, own, of_source, fault) in [
        (SHARED, None, vec![], None),
        (SHARED, Some("HS256"), vec![], None),
        (SHARED, None, vec!["RS256"], unusable(KeyFault::NoAlgorithm)),
        (SHARED, Some("RS256"), vec![], unusable(KeyFault::NoAlgorithm)),
        (SHARED, Some("none"), vec![], unusable(KeyFault::NoAlgorithm)),
        ("short", None, vec![], unusable(KeyFault::Weak { bytes: 5 })),
        ("{}", None, vec![], unusable(KeyFault::NoAlgorithm)),
        ("{", None, vec![], unusable(KeyFault::NotAKey)),
        (r#"{"keys":[]}"#, None, vec![], unusable(KeyFault::NoAlgorithm)),
        // A public key is no shared secret, whatever the source takes.
        (ED25519, None, vec!["HS256"], unusable(KeyFault::NoAlgorithm)),
        (ED25519, None, vec!["RS256", "EdDSA"], None),
    ] {
        let algorithms = of_source.iter().map(ToString::to_string).collect();
        let options = SchemeOptions { algorithms, ..SchemeOptions::default() };
        assert_eq!(
            scheme(&[credential(text, None, own)], options).err(),
            fault,
            "{text} {own:?} {of_source:?}"
        );
    }
    let options = SchemeOptions { algorithms: vec!["none".to_owned()], ..SchemeOptions::default() };
    let refused = scheme(&[credential(SHARED, None, None)], options);
    assert!(matches!(refused, Err(KeyError::Choice { option: "algorithm", place: 0, .. })));
}

#[test]
fn of_a_published_set_only_public_keys_for_signatures_are_taken() {
    let key = |rest: &str| format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{X}"{rest}}}"#);
    for (keys, taken) in [
        (key(""), Ok(1)),
        (key(r#","use":"sig","alg":"EdDSA","kid":"a""#), Ok(1)),
        (key(r#","alg":"Ed25519""#), Ok(1)),
        (key(r#","use":"enc""#), Err(KeySetError::NoKey)),
        (key(r#","alg":"ES256""#), Err(KeySetError::NoKey)),
        (key(r#","alg":"HS256""#), Err(KeySetError::NoKey)),
        // What is published is no secret.
        (
            r#"{"kty":"oct","k":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"}"#.to_owned(),
            Err(KeySetError::NoKey),
        ),
        // One that is of no use does not take the others with it.
        (format!("{},{}", r#"{"kty":"new"}"#, key("")), Ok(1)),
        (vec![key(""); TOKEN_KEYS_MAX + 1].join(","), Err(KeySetError::TooMany)),
        (String::new(), Err(KeySetError::NoKey)),
    ] {
        let set = format!(r#"{{"keys":[{keys}]}}"#);
        let read = TokenKeys::from_jwks(set.as_bytes(), &[]);
        assert_eq!(read.map(|keys| keys.0.len()), taken, "{set}");
    }
    let repeated = format!(r#"{{"keys":[],"keys":[{}]}}"#, key(""));
    for malformed in ["", "[]", r#"{"keys":{}}"#, &repeated] {
        assert_eq!(TokenKeys::from_jwks(malformed.as_bytes(), &[]).err(), Some(KeySetError::Malformed));
    }
}

#[test]
fn where_an_issuer_publishes_the_keys_only_those_count() {
    let token_of = TokenRequirements { keys: KeySource::Issuer, ..TokenRequirements::default() };
    let options = SchemeOptions { token: Some(token_of), ..SchemeOptions::default() };
    let source = scheme(&[], options).expect("an issuer has the keys");
    let shared = scheme(&[credential(SHARED, Some("a"), None)], SchemeOptions::default()).expect("a key");
    let set = format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","x":"{X}","kid":"a"}}]}}"#);
    let keys = TokenKeys::from_jwks(set.as_bytes(), &[]).expect("a set");
    let fields = token(r#"{"alg":"HS256","kid":"a"}"#);
    assert_eq!(judge(&source, &fields, Some(&keys)), Err(Refusal::AlgorithmNotAllowed));
    assert_eq!(judge(&source, &fields, None), Err(Refusal::UnknownKey));
    // And where none does, they count for nothing.
    assert_eq!(judge(&shared, &fields, Some(&keys)), Ok(()));
    assert_eq!(scheme(&[], SchemeOptions::default()).err(), Some(KeyError::NoSecret));
}

#[test]
fn what_is_signed_with_any_kind_of_key_verifies() {
    for text in [SHARED, ED25519_PRIVATE] {
        let both = scheme(&[credential(text, Some("a"), None)], SchemeOptions::default()).expect("a key");
        let message = Message {
            id: None,
            timestamp: NOW,
            body: b"",
            method: &Method::POST,
            target: "/",
            public_url: None,
        };
        let fields: HeaderMap = both.sign(&message).expect("a key that signs").into_iter().collect();
        assert_eq!(judge(&both, &fields, None), Ok(()), "{text}");
    }
}

/// RFC 8037 appendix A.2.
const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

/// RFC 8410 section 10.
const ED25519: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
";
const ED25519_PRIVATE: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
";
