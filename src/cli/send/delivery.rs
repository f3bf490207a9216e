//! A delivery, signed, and what may be done to it afterwards.

use std::sync::Arc;
use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use bytes::Bytes;
use clap::ValueEnum;
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Method};

use crate::clock::UnixTime;
use crate::schemes::{Message, Scheme};

/// What is to be sent.
pub(super) struct Wanted {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) target: PathAndQuery,
    pub(super) fields: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Bytes,
    pub(super) id: Option<String>,
    pub(super) age: Duration,
    pub(super) tamper: Option<Tamper>,
}

/// What is changed after signing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Tamper {
    Body,
    Signature,
    Timestamp,
    Id,
}

/// Exactly what goes out.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    /// All but host and length.
    pub(super) fields: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Bytes,
}

type Fields = Vec<(HeaderName, HeaderValue)>;

impl Delivery {
    /// Signs with every scheme, and then changes what was asked for.
    pub(super) fn sign(schemes: &[Arc<Scheme>], wanted: &Wanted, now: UnixTime) -> Result<Self, String> {
        let id = match &wanted.id {
            Some(id) => id.clone(),
            None => fresh_id()?,
        };
        let at = now.saturating_sub(wanted.age);
        let signed = signatures(schemes, wanted, &id, at, &wanted.body)?;
        let (signed, body) = match wanted.tamper {
            None => (signed, wanted.body.clone()),
            Some(Tamper::Body) => (signed, changed(&wanted.body)),
            // Well formed, by the right key, and over other bytes.
            Some(Tamper::Signature) => {
                (signatures(schemes, wanted, &id, at, &changed(&wanted.body))?, wanted.body.clone())
            }
            Some(Tamper::Timestamp) => (later(&signed, at)?, wanted.body.clone()),
            Some(Tamper::Id) => {
                let other = rewritten(&signed, &id, &format!("{id}x"));
                (other.ok_or("--tamper id has no meaning here: no id is signed")?, wanted.body.clone())
            }
        };
        Ok(Self { fields: wanted.fields.iter().cloned().chain(signed).collect(), body })
    }
}

fn signatures(
    schemes: &[Arc<Scheme>],
    wanted: &Wanted,
    id: &str,
    timestamp: UnixTime,
    body: &[u8],
) -> Result<Fields, String> {
    let message = Message {
        id: Some(id),
        timestamp,
        body,
        method: &wanted.method,
        target: wanted.target.as_str(),
        public_url: Some(&wanted.url),
    };
    let mut fields = Vec::new();
    for scheme in schemes {
        let signed = scheme.sign(&message);
        fields.extend(signed.map_err(|error| format!("{}: {error}", scheme.preset().name))?);
    }
    Ok(fields)
}

/// One bit of the first byte, or one byte where there is none.
fn changed(body: &Bytes) -> Bytes {
    match body.split_first() {
        Some((first, rest)) => [&[first ^ 1], rest].concat().into(),
        None => Bytes::from_static(b"x"),
    }
}

/// The time that was sent, one second on, in whatever form it has.
fn later(fields: &Fields, at: UnixTime) -> Result<Fields, String> {
    let next = at.saturating_add(Duration::from_secs(1));
    let forms: [fn(UnixTime) -> String; 3] =
        [|time| time.as_millis().to_string(), |time| time.as_secs().to_string(), rfc_3339];
    let changed = forms.iter().find_map(|form| rewritten(fields, &form(at), &form(next)));
    changed.ok_or_else(|| "--tamper timestamp has no meaning here: no time is sent in a field".to_owned())
}

fn rfc_3339(time: UnixTime) -> String {
    crate::cli::explain::shown_time(time)
}

/// `fields` with another text in place of `text`; `None` where it is nowhere.
fn rewritten(fields: &Fields, text: &str, other: &str) -> Option<Fields> {
    let mut found = false;
    let rewrite = |(name, value): &(HeaderName, HeaderValue)| {
        let changed = value.to_str().ok().filter(|value| value.contains(text));
        let changed = changed.and_then(|value| HeaderValue::from_str(&value.replacen(text, other, 1)).ok());
        found |= changed.is_some();
        (name.clone(), changed.unwrap_or_else(|| value.clone()))
    };
    let fields = fields.iter().map(rewrite).collect();
    found.then_some(fields)
}

/// `msg_` and 144 random bits, as the signer's.
fn fresh_id() -> Result<String, String> {
    let mut random = [0; 18];
    getrandom::fill(&mut random).map_err(|error| format!("the system gives no random bytes: {error}"))?;
    Ok(["msg_", &Base64UrlUnpadded::encode_string(&random)].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Secret;
    use crate::schemes::{Head, Refusal, SchemeOptions, preset};

    const NOW: UnixTime = UnixTime::from_millis(1_700_000_000_250);

    fn verdict(scheme_name: &str, tamper: Option<Tamper>, age: u64) -> Result<(), Refusal> {
        let secret = Secret::new("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=").into();
        let scheme = Scheme::new(preset(scheme_name).unwrap(), &[secret], SchemeOptions::default()).unwrap();
        let schemes = [Arc::new(scheme)];
        let wanted = Wanted {
            method: Method::POST,
            url: "https://localhost/hooks".to_owned(),
            target: PathAndQuery::from_static("/hooks"),
            fields: Vec::new(),
            body: Bytes::from_static(b"{}"),
            id: None,
            age: Duration::from_secs(age),
            tamper,
        };
        let Delivery { fields, body } = Delivery::sign(&schemes, &wanted, NOW).unwrap();
        let fields = fields.into_iter().collect();
        let head =
            Head { method: &Method::POST, target: "/hooks", fields: &fields, public_url: Some(&wanted.url) };
        let mut open = schemes[0].open(&head, NOW)?;
        open.update(&body);
        open.finish(&body).map(drop)
    }

    #[test]
    fn what_is_changed_after_signing_is_refused_for_it() {
        let mismatch = Err(Refusal::SignatureMismatch);
        for (scheme, tamper, expected) in [
            ("svix", None, Ok(())),
            ("svix", Some(Tamper::Body), mismatch),
            ("svix", Some(Tamper::Signature), mismatch),
            ("svix", Some(Tamper::Timestamp), mismatch),
            ("svix", Some(Tamper::Id), mismatch),
            ("stripe", Some(Tamper::Timestamp), mismatch),
            ("github", Some(Tamper::Signature), mismatch),
        ] {
            assert_eq!(verdict(scheme, tamper, 0), expected, "{scheme} {tamper:?}");
        }
        assert_eq!(verdict("stripe", None, 600), Err(Refusal::TimestampTooOld));
    }
}
