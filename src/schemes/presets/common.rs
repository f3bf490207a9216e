//! What rows have in common: ways to sign that several providers share, and the
//! defaults that a row starts from.

use std::borrow::Cow;
use std::time::Duration;

use http::{HeaderName, Method};

pub(super) use crate::schemes::encoding::Encoding::{self, Base64, Hex};
pub(super) use crate::schemes::key::KeyText;
pub(super) use crate::schemes::mac::Hash;
pub(super) use crate::schemes::preset::Mechanism::Template;
pub(super) use crate::schemes::preset::{Defaults, Mechanism, Policy, Preset};
pub(super) use crate::schemes::template::Part::{self, Body, Id, Literal, Timestamp};
use crate::schemes::template::{
    Algorithm, Grammar, ListSyntax, SignatureField, TimestampField, TimestampForm, TimestampPlace, Wire,
};

/// HMAC-SHA256 of the body alone, after `prefix`.
pub(super) const fn hmac_of_body(header: &'static str, prefix: &'static str, encoding: Encoding) -> Wire {
    hmac(signature(header, whole(prefix), encoding), &[Body], None)
}

/// HMAC-SHA256 of body and time, which has a header of its own.
pub(super) const fn hmac_with_time(
    (header, prefix): (&'static str, &'static str),
    encoding: Encoding,
    signed: &'static [Part],
    timestamp: TimestampField,
) -> Wire {
    hmac(signature(header, whole(prefix), encoding), signed, Some(timestamp))
}

/// HMAC-SHA256, in hex, of a time that stands in the signature header beside
/// the signatures: `t=1700000000,v1=...`.
pub(super) const fn hmac_with_entries(
    header: &'static str,
    syntax: ListSyntax,
    (time_tag, tag): (&'static str, &'static str),
    form: TimestampForm,
    signed: &'static [Part],
) -> Wire {
    let place = TimestampPlace::SignatureEntry { syntax, tag: time_tag };
    hmac(signature(header, Grammar::List { syntax, tag }, Hex), signed, Some(TimestampField { place, form }))
}

/// Standard Webhooks under the header names of its kin: id, time and body.
pub(super) const fn standard_webhooks(
    id: &'static str,
    timestamp: &'static str,
    header: &'static str,
) -> Wire {
    Wire {
        signature: signature(header, Grammar::List { syntax: SPACED, tag: "v1" }, Base64),
        algorithm: Algorithm::Hmac(Hash::Sha256),
        key: KeyText::Base64 { prefix: "whsec_" },
        signed: Cow::Borrowed(&[Id, Literal("."), Timestamp, Literal("."), Body]),
        timestamp: Some(seconds_in(timestamp)),
        id: Some(HeaderName::from_static(id)),
        fixed: &[],
    }
}

const fn hmac(signature: SignatureField, signed: &'static [Part], timestamp: Option<TimestampField>) -> Wire {
    Wire {
        signature,
        algorithm: Algorithm::Hmac(Hash::Sha256),
        key: KeyText::Utf8,
        signed: Cow::Borrowed(signed),
        timestamp,
        id: None,
        fixed: &[],
    }
}

const fn signature(header: &'static str, grammar: Grammar, encoding: Encoding) -> SignatureField {
    SignatureField { header: HeaderName::from_static(header), more: &[], grammar, encoding }
}

const fn whole(prefix: &'static str) -> Grammar {
    Grammar::Whole { prefix: Cow::Borrowed(prefix) }
}

/// Unix time in seconds, in a header of its own.
pub(super) const fn seconds_in(header: &'static str) -> TimestampField {
    TimestampField {
        place: TimestampPlace::Header(HeaderName::from_static(header)),
        form: TimestampForm::UnixSeconds,
    }
}

/// `v1,<signature> v1,<signature>`.
const SPACED: ListSyntax = ListSyntax { between: b' ', after_tag: b',', spaced: false };

/// `t=<timestamp>,v1=<signature>`.
pub(super) const KEYED: ListSyntax = ListSyntax { between: b',', after_tag: b'=', spaced: false };

/// A time is signed, so memory is as long as the tolerance, which is the five
/// minutes that providers document unless a row says otherwise. A retry is
/// signed anew and acknowledged, because its sender is asking whether the
/// message arrived.
pub(super) const TIMED: Defaults = Defaults {
    tolerance: Some(Duration::from_secs(5 * 60)),
    body_bytes_max: MIB,
    window: Duration::ZERO,
    on_replay: Policy::Refuse,
    on_retry: Policy::Acknowledge,
    on_redelivery: Policy::Refuse,
    methods: &[Method::POST],
};

/// No time is signed: each row says how long it remembers.
pub(super) const UNTIMED: Defaults = Defaults { tolerance: None, ..TIMED };

pub(super) const MIB: u64 = 1024 * 1024;

pub(super) const fn days(count: u64) -> Duration {
    Duration::from_secs(count * 24 * 60 * 60)
}
