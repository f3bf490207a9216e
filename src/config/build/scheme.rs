//! A scheme with its keys: here the secrets turn into keys, or turn out not to.

use std::slice;

use super::stand_in;
use crate::config::nearest::nearest;
use crate::config::problems::{Remark, Report};
use crate::config::raw::SCHEMES;
use crate::config::scrutiny::Keying;
use crate::config::secrets::Sourced;
use crate::config::values::Fault;
use crate::keys::KEY_BYTES_MIN;
use crate::schemes::{self, Credential, KeyError, KeyFault, Preset, Row, Scheme, SchemeOptions};

/// Reads the name of a preset.
pub(crate) fn preset(name: &str) -> Result<&'static Preset, Fault> {
    let names = schemes::presets().iter().map(|preset| preset.name);
    schemes::preset(name).ok_or_else(|| match nearest(name, names) {
        Some(near) => format!("did you mean {near}? {SCHEMES}").into(),
        None => format!("expected a scheme; {SCHEMES}").into(),
    })
}

/// The compiled scheme. Each secret that is of no use is reported with its own
/// place; whether one that is elsewhere is of use, its file says.
pub(super) fn compile(
    row: &Row,
    secrets: &[&Sourced],
    options: &SchemeOptions,
    report: &mut Report,
) -> Option<Scheme> {
    let is_any_unseen = secrets.iter().any(|sourced| sourced.is_unseen(report));
    let stand_in = if is_any_unseen { Some(stand_in::for_key_of(row, options)?) } else { None };
    let mut credentials = Vec::with_capacity(secrets.len());
    for sourced in secrets {
        match &stand_in {
            Some(secret) if sourced.is_unseen(report) => {
                credentials.push(Credential { secret: secret.clone(), ..credential(sourced) });
            }
            _ if is_usable(sourced, row, options, report) => credentials.push(credential(sourced)),
            _ => {}
        }
    }
    if credentials.len() < secrets.len() {
        return None;
    }
    match Scheme::new(row.clone(), &credentials, options.clone()) {
        Ok(scheme) => {
            report.keyings.push(Keying { preset: row.clone(), credentials, options: options.clone() });
            Some(scheme)
        }
        Err(KeyError::Choice { option, place, fault }) => {
            let (flag, value) = chosen(options, option, place);
            report.wrong(flag, value, fault);
            None
        }
        Err(error) => {
            report.problem("--secret-file", format!("and --secret-env cannot be used: {error}"));
            None
        }
    }
}

/// The algorithms that a source or endpoint is kept to.
pub(super) fn algorithms(
    texts: &[String],
    preset: Option<&Preset>,
    report: &mut Report,
) -> Option<Vec<String>> {
    report.read_each("--algorithm", texts, |text| match preset {
        Some(preset) if !preset.mechanism.names_keys() => {
            Err(format!("has no meaning with {}, which has one algorithm: leave it out", preset.name).into())
        }
        _ => Ok(text.to_owned()),
    })
}

fn credential(sourced: &Sourced) -> Credential {
    Credential { key_id: sourced.key_id.clone(), validity: sourced.validity, ..sourced.secret.clone().into() }
}

/// The flag that a choice was made with, and what it says.
fn chosen<'o>(options: &'o SchemeOptions, option: &str, place: usize) -> (&'static str, &'o str) {
    let cover = options.cover.as_deref().unwrap_or_default();
    let (flag, value) = match option {
        "component" => ("--cover", cover.get(place)),
        "label" => ("--signature-label", options.label.as_ref()),
        _ => ("--algorithm", options.algorithms.get(place)),
    };
    (flag, value.map_or("", String::as_str))
}

fn is_usable(sourced: &Sourced, row: &Row, options: &SchemeOptions, report: &mut Report) -> bool {
    let strict = SchemeOptions { allow_weak_secret: false, ..options.clone() };
    let fault = match Scheme::new(row.clone(), slice::from_ref(&credential(sourced)), strict) {
        // A choice is reported once, when all secrets are there.
        Ok(_) | Err(KeyError::Choice { .. }) => return true,
        Err(KeyError::Unusable { fault: KeyFault::Weak { bytes }, .. }) if options.allow_weak_secret => {
            let about = format!("{} {}", sourced.key, sourced.place);
            report.remarks.push(Remark::warning(about, format!("makes a weak key of {bytes} bytes")));
            return true;
        }
        Err(KeyError::Unusable { fault: KeyFault::Weak { bytes }, .. }) => format!(
            "makes a key of {bytes} bytes: expected at least {KEY_BYTES_MIN}; `countersign secret` makes one, \
             --allow-weak-secret takes this one"
        ),
        Err(KeyError::Unusable { fault, .. }) => format!("does not fit --scheme {}: {fault}", row.name),
        Err(error) => error.to_string(),
    };
    report.wrong(sourced.key, &sourced.place, fault);
    false
}
