//! Another scheme: each of which the request has the header.

use super::{Mistake, Variant};
use crate::explain::case::Case;
use crate::schemes::describe::signature_header;
use crate::schemes::presets;

pub(super) fn variants(case: &Case) -> Vec<Variant> {
    let others = presets().iter().copied().filter(|preset| preset.name != case.preset.name);
    others
        .filter(|preset| signature_header(preset).is_some_and(|name| case.request.fields.contains_key(name)))
        .map(|preset| Variant {
            mistake: Mistake::OtherPreset,
            detail: preset.name.to_owned(),
            case: Case { preset: preset.into(), ..case.clone() },
        })
        .collect()
}
