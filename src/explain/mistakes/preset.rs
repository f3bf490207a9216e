//! Another scheme: each of which the request has the header.

use super::{Mistake, Variant};
use crate::explain::case::Case;
use crate::schemes::describe::signature_header;
use crate::schemes::presets;

pub(super) fn variants(case: &Case) -> Vec<Variant> {
    let others = presets().iter().filter(|preset| preset.name != case.preset.name);
    others
        .filter(|preset| case.request.fields.contains_key(signature_header(preset)))
        .map(|preset| Variant {
            mistake: Mistake::OtherPreset,
            detail: preset.name.to_owned(),
            case: Case { preset, ..case.clone() },
        })
        .collect()
}
