use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair as NewRsa, KeySize};

use super::*;
use crate::schemes::Encoding;

fn hex(text: &str) -> Vec<u8> {
    Encoding::Hex.decode_all(text.as_bytes()).expect("hex").to_vec()
}

fn pem(label: &str, der: &[u8]) -> Vec<u8> {
    let text = Encoding::Base64.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n")).into_bytes()
}

// RFC 8032 section 7.1, test 2.
const SEED: &str = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
const PUBLIC: &str = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
const SIGNATURE: &str = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
                         085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";

#[test]
fn ed25519_is_that_of_rfc_8032() {
    let private = AsymmetricKey::from_ed25519_seed(&hex(SEED)).unwrap();
    let public = AsymmetricKey::from_public(&hex(PUBLIC), KeyAlgorithm::Ed25519).unwrap();
    assert_eq!(private.sign(&[0x72]), Some(hex(SIGNATURE)));
    for key in [&private, &public] {
        assert!(key.verifies(&[0x72], &hex(SIGNATURE)));
        assert!(!key.verifies(&[0x73], &hex(SIGNATURE)));
    }
    assert!(private.can_sign() && !public.can_sign());
    assert_eq!(public.sign(&[0x72]), None);
}

#[test]
fn a_signature_whose_s_has_the_group_order_added_is_refused() {
    // RFC 8032 section 5.1.7: S in 0 <= S < L.
    let order = hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let mut signature = hex(SIGNATURE);
    let mut carry = 0_u16;
    for (byte, more) in signature[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(more) + carry;
        (*byte, carry) = (u8::try_from(sum & 0xff).unwrap(), sum >> 8);
    }
    let public = AsymmetricKey::from_public(&hex(PUBLIC), KeyAlgorithm::Ed25519).unwrap();
    assert!(!public.verifies(&[0x72], &signature));
}

#[test]
fn keys_of_small_order_are_no_keys() {
    let mut points = vec![[0; 32], ORDER_8, ORDER_8_NEGATED];
    for low in [1, 0xec, 0xed, 0xee] {
        let mut point = if low == 1 { [0; 32] } else { [0xff; 32] };
        point[0] = low;
        point[31] &= 0x7f;
        points.push(point);
    }
    for mut point in points {
        for sign in [0, 0x80] {
            point[31] ^= sign;
            let key = AsymmetricKey::from_public(&point, KeyAlgorithm::Ed25519);
            assert_eq!(key.err(), Some(KeyRejected::SmallOrder), "{point:02x?}");
        }
    }
}

#[test]
fn ecdsa_in_each_form_verifies_what_it_signed_and_nothing_else() {
    let forms = [KeyAlgorithm::EcdsaP256Der, KeyAlgorithm::EcdsaP256Fixed, KeyAlgorithm::EcdsaP384Fixed];
    for algorithm in forms {
        let pair = EcdsaKeyPair::generate(algorithm.ecdsa().unwrap()).unwrap();
        let private = pem("PRIVATE KEY", pair.to_pkcs8v1().unwrap().as_ref());
        let private = AsymmetricKey::from_pem(&private, algorithm).unwrap();
        let spki = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).unwrap();
        let public = AsymmetricKey::from_pem(&pem("PUBLIC KEY", spki.as_ref()), algorithm).unwrap();
        let raw = AsymmetricKey::from_public(pair.public_key().as_ref(), algorithm).unwrap();
        let signature = private.sign(b"message").unwrap();
        for key in [&private, &public, &raw] {
            assert!(key.verifies(b"message", &signature), "{algorithm:?}");
            assert!(!key.verifies(b"massage", &signature), "{algorithm:?}");
            assert!(!key.verifies(b"message", &signature[1..]), "{algorithm:?}");
        }
        let mut longer = signature.clone();
        longer.push(0);
        assert!(!public.verifies(b"message", &longer), "{algorithm:?}");
    }
}

#[test]
fn rsa_in_each_padding_verifies_what_it_signed_and_no_other_padding() {
    let pair = NewRsa::generate(KeySize::Rsa2048).unwrap();
    let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
    let private = pem("PRIVATE KEY", der.as_ref());
    let spki = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).unwrap();
    let public = pem("PUBLIC KEY", spki.as_ref());
    let algorithms = [
        KeyAlgorithm::RsaPkcs1Sha256,
        KeyAlgorithm::RsaPkcs1Sha384,
        KeyAlgorithm::RsaPkcs1Sha512,
        KeyAlgorithm::RsaPssSha256,
        KeyAlgorithm::RsaPssSha384,
        KeyAlgorithm::RsaPssSha512,
    ];
    // RSAPublicKey (RFC 8017 appendix A.1.1) of 2048 bits: 9 bytes of headers,
    // the modulus, and the exponent at the end.
    let (modulus, exponent) = (&pair.public_key().as_ref()[9..265], &[1, 0, 1]);
    for signs in algorithms {
        let signature = AsymmetricKey::from_pem(&private, signs).unwrap().sign(b"message").unwrap();
        for verifies in algorithms {
            let key = AsymmetricKey::from_pem(&public, verifies).unwrap();
            assert_eq!(key.verifies(b"message", &signature), signs == verifies, "{signs:?} {verifies:?}");
            let key = AsymmetricKey::from_rsa_components(modulus, exponent, verifies).unwrap();
            assert_eq!(key.verifies(b"message", &signature), signs == verifies, "{signs:?} {verifies:?}");
        }
    }
}

#[test]
fn a_key_of_another_kind_is_no_key() {
    let ed25519 = Ed25519KeyPair::from_seed_unchecked(&hex(SEED)).unwrap();
    let private = pem("PRIVATE KEY", ed25519.to_pkcs8().unwrap().as_ref());
    assert!(AsymmetricKey::from_pem(&private, KeyAlgorithm::Ed25519).unwrap().can_sign());
    for algorithm in [KeyAlgorithm::EcdsaP256Der, KeyAlgorithm::RsaPssSha512] {
        assert_eq!(AsymmetricKey::from_pem(&private, algorithm).err(), Some(KeyRejected::Unreadable));
        let public = AsymmetricKey::from_public(&hex(PUBLIC), algorithm);
        assert_eq!(public.err(), Some(KeyRejected::Unreadable));
    }
    for garbage in ["", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "secret"] {
        let key = AsymmetricKey::from_pem(garbage.as_bytes(), KeyAlgorithm::Ed25519);
        assert_eq!(key.err(), Some(KeyRejected::Unreadable), "{garbage:?}");
    }
    let short = AsymmetricKey::from_rsa_components(&[0xc1; 128], &[1, 0, 1], KeyAlgorithm::RsaPssSha512);
    assert_eq!(short.err(), Some(KeyRejected::Short));
}

#[test]
fn debug_shows_no_key() {
    let private = AsymmetricKey::from_ed25519_seed(&hex(SEED)).unwrap();
    assert_eq!(format!("{private:?}"), "AsymmetricKey(redacted)");
}
