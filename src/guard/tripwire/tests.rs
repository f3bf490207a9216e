use http::{HeaderValue, Request};
use proptest::prelude::*;

use super::*;

const TEXT: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
const KEY: &[u8] = b"01234567890123456789012345678901";

fn tripwire(secret: &str, carrier: Option<&'static str>) -> Tripwire {
    let carrier = carrier.map(HeaderName::from_static);
    Tripwire::new(&[GuardedSecret { secret: Secret::new(secret), carrier }])
}

fn parts(target: &str, fields: &[(&'static str, &str)]) -> Parts {
    let mut request = Request::post(target);
    for (name, value) in fields {
        request = request.header(*name, HeaderValue::from_str(value).expect("a header value"));
    }
    request.body(()).expect("a request").into_parts().0
}

#[test]
fn a_secret_is_found_in_each_of_its_spellings() {
    let tripwire = tripwire(TEXT, None);
    let hexadecimal = String::from_utf8(hex(KEY)).expect("hex");
    for text in [
        TEXT.to_owned(),
        TEXT.replace("whsec_", ""),
        format!("v1,{TEXT}"),
        "key=01234567890123456789012345678901;".to_owned(),
        hexadecimal.to_uppercase(),
        format!("sha256={hexadecimal}"),
        format!("Basic {}", Base64::encode_string(format!("a:{TEXT}").as_bytes())),
        format!("Basic {}", Base64::encode_string(format!("ab:{TEXT}:c").as_bytes())),
    ] {
        assert!(tripwire.finds(text.as_bytes(), None), "{text}");
    }
    for text in ["", "whsec_", "application/json; charset=utf-8", &TEXT[..TEXT.len() - 3], "0123456789012345"]
    {
        assert!(!tripwire.finds(text.as_bytes(), None), "{text}");
    }
}

#[test]
fn a_secret_shorter_than_the_window_is_not_looked_for() {
    assert!(!tripwire("hunter2", None).finds(b"hunter2 and more of it", None));
    assert!(tripwire("hunter2-hunter", None).finds(b"hunter2-hunter", None));
}

#[test]
fn the_field_that_carries_a_token_may_carry_it_and_no_other_may() {
    let tripwire = tripwire("a-token-of-sixteen", Some("x-api-key"));
    let value = "a-token-of-sixteen";
    let mut parts = parts("/hooks", &[("x-api-key", value), ("x-copy", value), ("x-plain", "kept")]);
    assert_eq!(tripwire.disarm(&mut parts).count, 1);
    let left: Vec<_> = parts.headers.keys().map(HeaderName::as_str).collect();
    assert_eq!(left, ["x-api-key", "x-plain"]);
}

#[test]
fn parameters_go_and_the_rest_of_the_target_stays_as_it_was() {
    let tripwire = tripwire(TEXT, None);
    let escaped = TEXT.replace('=', "%3d");
    for (target, count, expected) in [
        ("/hooks?a=1&b=%20".to_owned(), 0, "/hooks?a=1&b=%20"),
        (format!("/hooks?a=1&token={TEXT}&b=%20&&c"), 1, "/hooks?a=1&b=%20&&c"),
        (format!("/hooks?token={escaped}"), 1, "/hooks"),
        (format!("/hooks?{TEXT}&x={TEXT}&y"), 2, "/hooks?y"),
    ] {
        let mut parts = parts(&target, &[]);
        let leaks = tripwire.disarm(&mut parts);
        assert_eq!((leaks.count, parts.uri.to_string()), (count, target));
        leaks.clean(&mut parts);
        assert_eq!(parts.uri.to_string(), expected);
    }
}

#[test]
fn debug_shows_no_byte_of_a_secret() {
    assert_eq!(format!("{:?}", tripwire("hunter2-hunter", None)), "Tripwire { needles: 6, .. }");
}

proptest! {
    #[test]
    fn what_is_in_the_text_is_found_wherever_it_is(
        secret in "[!-~]{12,80}",
        before in proptest::collection::vec(any::<u8>(), 0..40),
        after in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let tripwire = tripwire(&secret, None);
        let whole = [&before[..], secret.as_bytes(), &after].concat();
        prop_assert!(tripwire.finds(&whole, None));
        let encoded = Base64::encode_string(&whole);
        prop_assert!(tripwire.finds(encoded.as_bytes(), None), "{encoded}");
        prop_assert!(tripwire.finds(Base64UrlUnpadded::encode_string(&whole).as_bytes(), None));
        prop_assert!(tripwire.finds(&hex(&whole), None));
    }

    #[test]
    fn it_finds_what_a_plain_search_finds(text in "[ab]{0,60}", secret in "[ab]{12,14}") {
        let found = tripwire(&secret, None).finds(text.as_bytes(), None);
        prop_assert_eq!(found, text.contains(&secret));
    }
}
