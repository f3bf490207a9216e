//! A scheme with its keys: here the secrets turn into keys, or turn out not to.

use std::slice;

use crate::config::nearest::nearest;
use crate::config::problems::{Remark, Report};
use crate::config::raw::scheme_names;
use crate::config::secrets::Sourced;
use crate::config::values::Fault;
use crate::keys::KEY_BYTES_MIN;
use crate::schemes::{self, Credential, KeyError, KeyFault, Preset, Scheme, SchemeOptions};

/// Reads the name of a preset.
pub(crate) fn preset(name: &str) -> Result<&'static Preset, Fault> {
    let names = schemes::presets().iter().map(|preset| preset.name);
    schemes::preset(name).ok_or_else(|| match nearest(name, names) {
        Some(near) => format!("did you mean {near}? expected one of {}", scheme_names()).into(),
        None => format!("expected one of {}", scheme_names()).into(),
    })
}

/// The compiled scheme. Each secret that is of no use is reported with its own
/// place.
pub(super) fn compile(
    preset: &'static Preset,
    secrets: &[&Sourced],
    options: SchemeOptions,
    report: &mut Report,
) -> Option<Scheme> {
    let weak = options.allow_weak_secret;
    let usable = secrets.iter().filter(|sourced| is_usable(sourced, preset, weak, report)).count();
    if usable < secrets.len() {
        return None;
    }
    let texts: Vec<_> = secrets.iter().map(|sourced| Credential::from(sourced.secret.clone())).collect();
    Scheme::new(preset, &texts, options)
        .map_err(|error| report.problem("--secret-file", format!("and --secret-env cannot be used: {error}")))
        .ok()
}

fn is_usable(sourced: &Sourced, preset: &'static Preset, weak: bool, report: &mut Report) -> bool {
    let credential = Credential::from(sourced.secret.clone());
    let made = Scheme::new(preset, slice::from_ref(&credential), SchemeOptions::default());
    let fault = match made {
        Ok(_) => return true,
        Err(KeyError::Unusable { fault: KeyFault::Weak { bytes }, .. }) if weak => {
            let about = format!("{} {}", sourced.key, sourced.place);
            report.remarks.push(Remark::warning(about, format!("makes a weak key of {bytes} bytes")));
            return true;
        }
        Err(KeyError::Unusable { fault: KeyFault::Weak { bytes }, .. }) => format!(
            "makes a key of {bytes} bytes: expected at least {KEY_BYTES_MIN}; `countersign secret` makes one, \
             --allow-weak-secret takes this one"
        ),
        Err(KeyError::Unusable { fault, .. }) => fault.to_string(),
        Err(error) => error.to_string(),
    };
    report.wrong(sourced.key, &sourced.place, fault);
    false
}
