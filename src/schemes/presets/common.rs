//! What rows have in common: ways to sign that several providers share, and the
//! defaults that a row starts from.

use std::borrow::Cow;
use std::mem;
use std::time::Duration;

use http::HeaderName;

pub(super) use crate::schemes::encoding::Encoding::{self, Base64, Hex};
use crate::schemes::form::{FormCoverage, FormWire};
pub(super) use crate::schemes::handshake::Handshake;
pub(super) use crate::schemes::key::KeyText;
pub(super) use crate::schemes::mac::Hash;
pub(super) use crate::schemes::preset::Mechanism::{self, ClientState, Mailgun, Template, Token};
pub(super) use crate::schemes::preset::{Defaults, Policy, Preset};
pub(super) use crate::schemes::template::Algorithm;
pub(super) use crate::schemes::template::Part::{
    self, Body, Id, Literal, Method, Timestamp, Url, UrlDecoded,
};
use crate::schemes::template::{
    Grammar, ListSyntax, SignatureField, TimestampField, TimestampForm, TimestampPlace, Wire,
};
pub(super) use crate::schemes::token::{TokenForm, TokenWire};

/// HMAC-SHA256 of the body alone, after `prefix`.
pub(super) const fn hmac_of_body(header: &'static str, prefix: &'static str, encoding: Encoding) -> Wire {
    hmac(signature(header, whole(prefix), encoding), &[Body], None)
}

/// HMAC-SHA256 of the body alone, in hex, as entries of a list: `v1=...,v1=...`.
pub(super) const fn hmac_list_of_body(header: &'static str, syntax: ListSyntax, tag: &'static str) -> Wire {
    hmac(signature(header, Grammar::List { syntax, tag }, Hex), &[Body], None)
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

/// HMAC-SHA256, in hex, of a time in seconds that stands in the signature header beside
/// the signatures: `t=1700000000,v1=...`.
pub(super) const fn hmac_with_entries(
    header: &'static str,
    syntax: ListSyntax,
    (time_tag, tag): (&'static str, &'static str),
    signed: &'static [Part],
) -> Wire {
    let form = TimestampForm::UnixSeconds;
    let place = TimestampPlace::SignatureEntry { syntax, tag: time_tag };
    hmac(signature(header, Grammar::List { syntax, tag }, Hex), signed, Some(TimestampField { place, form }))
}

/// HMAC-SHA1 of the URL and what `covers` says, in base64. `as_twilio`: the URL may
/// be signed with its port or without, and equal fields are signed once.
pub(super) const fn form(header: &'static str, covers: FormCoverage, as_twilio: bool) -> Mechanism {
    Mechanism::Form(FormWire {
        header: HeaderName::from_static(header),
        hash: Hash::Sha1,
        covers,
        each_once: as_twilio,
        either_port: as_twilio,
    })
}

/// What a row has different from what it is built on.
impl Wire {
    /// Under another hash.
    pub(super) const fn hashed(mut self, hash: Hash) -> Self {
        self.algorithm = Algorithm::Hmac(hash);
        self
    }

    /// With a key that stands in another form.
    pub(super) const fn keyed(mut self, key: KeyText) -> Self {
        self.key = key;
        self
    }

    /// With a public key in place of a shared secret.
    pub(super) const fn signed_with(mut self, algorithm: Algorithm, key: KeyText) -> Self {
        self.algorithm = algorithm;
        self.key = key;
        self
    }

    /// Over other bytes.
    pub(super) const fn over(mut self, parts: &'static [Part]) -> Self {
        match &mut self.signed {
            Cow::Borrowed(signed) => *signed = parts,
            Cow::Owned(_) => panic!("rows borrow"),
        }
        self
    }

    /// Under another version of a list's entries.
    pub(super) const fn tagged(mut self, version: &'static str) -> Self {
        match &mut self.signature.grammar {
            Grammar::List { tag, .. } => *tag = version,
            Grammar::Whole { .. } => panic!("only entries of a list have a tag"),
        }
        self
    }

    /// With its time in milliseconds.
    pub(super) const fn in_millis(mut self) -> Self {
        match &mut self.timestamp {
            Some(field) => field.form = TimestampForm::UnixMillis,
            None => panic!("no time is signed"),
        }
        self
    }

    /// With a time in milliseconds in the JSON that is signed.
    pub(super) const fn timed_in_json(mut self, name: &'static str) -> Self {
        let field =
            TimestampField { place: TimestampPlace::JsonField(name), form: TimestampForm::UnixMillis };
        // Nothing is dropped in a constant, and there was no time before.
        mem::forget(self.timestamp.replace(field));
        self
    }

    /// In other headers too.
    pub(super) const fn or_in(mut self, headers: &'static [&'static str]) -> Self {
        self.signature.more = headers;
        self
    }

    /// Beside headers that have only one right value.
    pub(super) const fn fixed(mut self, headers: &'static [(&'static str, &'static str)]) -> Self {
        self.fixed = headers;
        self
    }
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

/// Unix time in seconds, in a header of its own.
pub(super) const fn seconds_in(header: &'static str) -> TimestampField {
    time_in(header, TimestampForm::UnixSeconds)
}

/// Unix time in milliseconds, in a header of its own.
pub(super) const fn millis_in(header: &'static str) -> TimestampField {
    time_in(header, TimestampForm::UnixMillis)
}

/// A date and time of RFC 3339, in a header of its own.
pub(super) const fn date_in(header: &'static str) -> TimestampField {
    time_in(header, TimestampForm::Rfc3339)
}

const fn time_in(header: &'static str, form: TimestampForm) -> TimestampField {
    TimestampField { place: TimestampPlace::Header(HeaderName::from_static(header)), form }
}

const fn whole(prefix: &'static str) -> Grammar {
    Grammar::Whole { prefix: Cow::Borrowed(prefix) }
}

/// `v1,<signature> v1,<signature>`.
const SPACED: ListSyntax = ListSyntax { between: b' ', after_tag: b',', spaced: false };

/// `t=<timestamp>,v1=<signature>`.
pub(super) const KEYED: ListSyntax = ListSyntax { between: b',', after_tag: b'=', spaced: false };

/// The same, where one blank may follow each comma.
pub(super) const KEYED_AND_SPACED: ListSyntax = ListSyntax { spaced: true, ..KEYED };

/// `ts=<timestamp>;h1=<signature>`.
pub(super) const SEMICOLONS: ListSyntax = ListSyntax { between: b';', ..KEYED };

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
    methods: &[http::Method::POST],
    handshake: None,
    answer_deadline: None,
};

/// No time is signed: each row says how long it remembers.
pub(super) const UNTIMED: Defaults = Defaults { tolerance: None, ..TIMED };

/// The same, for a provider that sends the same bytes again until it is
/// answered, and for no longer than `window`.
pub(super) const fn acknowledged(window: Duration) -> Defaults {
    Defaults { window, on_redelivery: Policy::Acknowledge, ..UNTIMED }
}

/// Nothing is signed, so nothing is remembered.
pub(super) const TOKEN: Defaults = UNTIMED;

pub(super) const MIB: u64 = 1024 * 1024;

#[allow(clippy::unnecessary_wraps)] // A row's tolerance is optional.
pub(super) const fn minutes(count: u64) -> Option<Duration> {
    Some(Duration::from_secs(count * 60))
}

pub(super) const fn hours(count: u64) -> Duration {
    Duration::from_secs(count * 60 * 60)
}

pub(super) const fn days(count: u64) -> Duration {
    Duration::from_secs(count * 24 * 60 * 60)
}
