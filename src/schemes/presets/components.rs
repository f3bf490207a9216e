//! The message says what its signature covers, the source what it must.

use http::HeaderName;
use http::header::{AUTHORIZATION, DATE, PROXY_AUTHORIZATION};

use super::common::{KeyText, Mechanism, Preset, TIMED};
use crate::schemes::asymmetric::KeyAlgorithm;
use crate::schemes::cavage::{Dialect, Line, Place};
use crate::schemes::covered::{BodyDigest, KeyUse, NamedAlgorithm};
use crate::schemes::http_signatures::MessageSignatures;
use crate::schemes::mac::Hash;

pub(super) static RFC9421: Preset = Preset {
    name: "rfc9421",
    provider: "HTTP Message Signatures (RFC 9421, with RFC 9530)",
    documentation: "https://www.rfc-editor.org/rfc/rfc9421",
    mechanism: Mechanism::HttpSignatures(MessageSignatures {
        cover: &["@method", "@target-uri", "content-digest"],
        body: BodyDigest::Required,
    }),
    defaults: TIMED,
};

pub(super) static KONG_HMAC_AUTH: Preset = Preset {
    name: "kong-hmac-auth",
    provider: "Kong hmac-auth",
    documentation: "https://developer.konghq.com/plugins/hmac-auth/",
    mechanism: Mechanism::Cavage(Dialect {
        places: &KONG_PLACES,
        key_id: "username",
        algorithms: &[
            mac("hmac-sha256", Hash::Sha256, true),
            mac("hmac-sha384", Hash::Sha384, true),
            mac("hmac-sha512", Hash::Sha512, true),
            mac("hmac-sha1", Hash::Sha1, false),
        ],
        any_algorithm: None,
        key: KeyText::Utf8,
        lines: &[("request-line", Line::RequestLine), ("@request-target", Line::RequestTarget)],
        dates: &KONG_DATES,
        list: None,
        key_id_first: false,
        cover: &["date", "request-line", "digest"],
        body: BodyDigest::Required,
    }),
    defaults: TIMED,
};

pub(super) static APISIX_HMAC_AUTH: Preset = Preset {
    name: "apisix-hmac-auth",
    provider: "Apache APISIX hmac-auth (3.11 and later)",
    documentation: "https://apisix.apache.org/docs/apisix/plugins/hmac-auth/",
    mechanism: Mechanism::Cavage(Dialect {
        places: &APISIX_PLACES,
        key_id: "keyId",
        algorithms: &[
            mac("hmac-sha256", Hash::Sha256, true),
            mac("hmac-sha512", Hash::Sha512, true),
            mac("hmac-sha1", Hash::Sha1, false),
        ],
        any_algorithm: None,
        key: KeyText::Utf8,
        lines: &[("@request-target", Line::BareTarget)],
        dates: &APISIX_DATES,
        list: None,
        key_id_first: true,
        cover: &["@request-target", "date", "digest"],
        body: BodyDigest::Required,
    }),
    defaults: TIMED,
};

pub(super) static HTTP_SIGNATURE_CAVAGE: Preset = Preset {
    name: "http-signature-cavage",
    provider: "HTTP Signatures (draft-cavage-http-signatures-12)",
    documentation: "https://datatracker.ietf.org/doc/html/draft-cavage-http-signatures-12",
    mechanism: Mechanism::Cavage(Dialect {
        places: &CAVAGE_PLACES,
        key_id: "keyId",
        algorithms: &[
            mac("hmac-sha256", Hash::Sha256, true),
            mac("hmac-sha512", Hash::Sha512, true),
            signature("ed25519", KeyAlgorithm::Ed25519),
            signature("rsa-sha256", KeyAlgorithm::RsaPkcs1Sha256),
            signature("rsa-pss-sha512", KeyAlgorithm::RsaPssSha512),
            signature("ecdsa-sha256", KeyAlgorithm::EcdsaP256Der),
        ],
        any_algorithm: Some("hs2019"),
        key: KeyText::Marked { base64: "base64:" },
        lines: &[
            ("(request-target)", Line::RequestTarget),
            ("(created)", Line::Created),
            ("(expires)", Line::Expires),
        ],
        dates: &CAVAGE_DATES,
        list: Some("(created)"),
        key_id_first: false,
        cover: &["(request-target)", "digest"],
        body: BodyDigest::Required,
    }),
    defaults: TIMED,
};

static KONG_PLACES: [Place; 2] = [under(AUTHORIZATION, "hmac"), under(PROXY_AUTHORIZATION, "hmac")];

static KONG_DATES: [HeaderName; 2] = [X_DATE, DATE];

static APISIX_PLACES: [Place; 1] = [under(AUTHORIZATION, "Signature")];

static APISIX_DATES: [HeaderName; 2] = [DATE, X_DATE];

static CAVAGE_PLACES: [Place; 2] =
    [Place { header: HeaderName::from_static("signature"), word: None }, under(AUTHORIZATION, "Signature")];

static CAVAGE_DATES: [HeaderName; 1] = [DATE];

const X_DATE: HeaderName = HeaderName::from_static("x-date");

const fn under(header: HeaderName, word: &'static str) -> Place {
    Place { header, word: Some(word) }
}

const fn mac(name: &'static str, hash: Hash, by_default: bool) -> NamedAlgorithm {
    NamedAlgorithm { name, used: KeyUse::Mac(hash), by_default }
}

const fn signature(name: &'static str, algorithm: KeyAlgorithm) -> NamedAlgorithm {
    NamedAlgorithm { name, used: KeyUse::Signature(algorithm), by_default: true }
}
