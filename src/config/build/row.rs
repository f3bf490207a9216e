//! The row of a source: one of the table, or one made of the source's own flags.
//!
//! A flag that describes a signature is refused beside a scheme whose row says
//! it already: two descriptions of one thing are one too many.

use std::borrow::Cow;

use http::HeaderName;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};

use crate::config::problems::Report;
use crate::config::raw::SignatureArgs;
use crate::config::values::{Fault, word};
use crate::schemes::{
    Algorithm, Defaults, Encoding, Grammar, Hash, Mechanism, Part, Policy, Preset, Row, SignatureField,
    TimestampField, TimestampForm, TimestampPlace, TokenForm, TokenWire, Wire, preset, signed_content,
};

/// Whether flags describe what the row of `preset` leaves open.
pub(super) fn takes_flags(preset: &Preset) -> bool {
    ["hmac", "api-key"].contains(&preset.name)
}

/// The row that `preset` and the flags make together.
pub(super) fn read(args: &SignatureArgs, preset: &'static Preset, report: &mut Report) -> Option<Row> {
    let allowed: &[&str] = match preset.name {
        "hmac" => &ALL,
        "api-key" => &[HEADER],
        _ => &[],
    };
    let mut meaningless = given(args).filter(|(flag, _)| !allowed.contains(flag)).peekable();
    if meaningless.peek().is_some() {
        for (flag, text) in meaningless {
            report.wrong(flag, text, format!("has no meaning with {}, which says it itself", preset.name));
        }
        return None;
    }
    match &preset.mechanism {
        Mechanism::Template(wire) if preset.name == "hmac" => hmac(args, preset, wire, report),
        Mechanism::Token(_) if args.signature_header.is_some() => {
            let header = report.read_optional(HEADER, args.signature_header.as_deref(), header)??;
            let wire = TokenWire { header, form: TokenForm::Plain };
            Some(Preset { mechanism: Mechanism::Token(wire), ..preset.clone() }.into())
        }
        _ => Some(preset.into()),
    }
}

fn hmac(args: &SignatureArgs, row: &Preset, wire: &Wire, report: &mut Report) -> Option<Row> {
    let signature_header = report.read_optional(HEADER, args.signature_header.as_deref(), header);
    let prefix = report.read_optional(PREFIX, args.signature_prefix.as_deref(), prefix);
    let encoding = report.read_optional(ENCODING, args.signature_encoding.as_deref(), word::<Encoding>);
    let hash = report.read_optional(ALGORITHM, args.signature_algorithm.as_deref(), word::<Hash>);
    let signed = report.read_optional(CONTENT, args.signed_content.as_deref(), |text| {
        signed_content(text).map_err(|fault| fault.to_string().into())
    });
    let timestamp = report.read_optional(TIME_HEADER, args.timestamp_header.as_deref(), header);
    let form = report.read_optional(TIME_FORM, args.timestamp_format.as_deref(), word::<TimestampForm>);
    let id = report.read_optional(ID_HEADER, args.id_header.as_deref(), header);
    let (timestamp, form, id) = (timestamp?, form?, id?);
    let signed = signed?.unwrap_or_else(|| vec![Part::Body]);

    let mut consistent = true;
    for (part, name, flag, is_given) in [
        (Part::Timestamp, "{timestamp}", TIME_HEADER, timestamp.is_some()),
        (Part::Id, "{id}", ID_HEADER, id.is_some()),
    ] {
        match (signed.contains(&part), is_given) {
            (true, false) => report.problem(flag, format!("is missing: {CONTENT} has {name}")),
            (false, true) => report.problem(flag, format!("has no meaning: {CONTENT} does not have {name}")),
            _ => continue,
        }
        consistent = false;
    }
    if form.is_some() && timestamp.is_none() {
        report.problem(TIME_FORM, format!("has no meaning without {TIME_HEADER}"));
        consistent = false;
    }
    if !consistent {
        return None;
    }

    let place = timestamp.map(TimestampPlace::Header);
    let timestamp =
        place.map(|place| TimestampField { place, form: form.unwrap_or(TimestampForm::UnixSeconds) });
    let wire = Wire {
        signature: SignatureField {
            header: signature_header?.unwrap_or_else(|| wire.signature.header.clone()),
            more: &[],
            grammar: Grammar::Whole { prefix: Cow::Owned(prefix?.unwrap_or_default()) },
            encoding: encoding?.unwrap_or(wire.signature.encoding),
        },
        algorithm: hash?.map_or(wire.algorithm, Algorithm::Hmac),
        key: wire.key,
        signed: Cow::Owned(signed),
        timestamp,
        id,
        fixed: &[],
    };
    let defaults = defaults(row, &wire);
    Some(Preset { mechanism: Mechanism::Template(wire), defaults, ..row.clone() }.into())
}

/// Where a time is signed, those of the schemes that do.
fn defaults(row: &Preset, wire: &Wire) -> Defaults {
    match preset("standard-webhooks") {
        Some(timed) if wire.timestamp.is_some() => timed.defaults,
        // A signed id without a time is remembered like any other id.
        _ => Defaults { on_retry: Policy::Acknowledge, ..row.defaults },
    }
}

fn header(text: &str) -> Result<HeaderName, Fault> {
    let name = HeaderName::from_bytes(text.as_bytes())
        .map_err(|_| "expected the name of a header, such as X-Signature")?;
    if FRAMING.contains(&name) {
        return Err("is a header of HTTP itself".into());
    }
    Ok(name)
}

fn prefix(text: &str) -> Result<String, Fault> {
    if text.len() > PREFIX_BYTES_MAX || !text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
        return Err("expected up to 64 visible ASCII characters, such as sha256=".into());
    }
    Ok(text.to_owned())
}

/// Every flag that is given, with its text.
fn given(args: &SignatureArgs) -> impl Iterator<Item = (&'static str, &str)> {
    let texts = [
        &args.signature_header,
        &args.signature_prefix,
        &args.signature_encoding,
        &args.signature_algorithm,
        &args.signed_content,
        &args.timestamp_header,
        &args.timestamp_format,
        &args.id_header,
    ];
    ALL.into_iter().zip(texts).filter_map(|(flag, text)| Some((flag, text.as_deref()?)))
}

const HEADER: &str = "--signature-header";
const PREFIX: &str = "--signature-prefix";
const ENCODING: &str = "--signature-encoding";
const ALGORITHM: &str = "--signature-algorithm";
const CONTENT: &str = "--signed-content";
const TIME_HEADER: &str = "--timestamp-header";
const TIME_FORM: &str = "--timestamp-format";
const ID_HEADER: &str = "--id-header";
const ALL: [&str; 8] = [HEADER, PREFIX, ENCODING, ALGORITHM, CONTENT, TIME_HEADER, TIME_FORM, ID_HEADER];

const PREFIX_BYTES_MAX: usize = 64;

const FRAMING: [HeaderName; 8] =
    [CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];
