//! What a signature covers, where the source says so.

use crate::config::problems::Report;
use crate::config::raw_coverage::CoverageArgs;
use crate::config::values::{Fault, word};
use crate::schemes::{BodyDigest, Mechanism, Preset, SchemeOptions};

/// Writes what `args` choose into `options`. What has no meaning with `preset`
/// is a problem.
pub(super) fn read(
    args: &CoverageArgs,
    preset: Option<&Preset>,
    options: SchemeOptions,
    report: &mut Report,
) -> Option<SchemeOptions> {
    let has_parts = |mechanism: &Mechanism| mechanism.names_parts();
    let is_labelled = |mechanism: &Mechanism| matches!(mechanism, Mechanism::HttpSignatures(_));
    let cover = report.read_each("--cover", &args.cover, |text| {
        meant(preset, has_parts)?;
        Ok(text.to_owned())
    });
    let body = report.read_optional("--body-digest", args.body_digest.as_deref(), |text| {
        meant(preset, has_parts)?;
        word::<BodyDigest>(text)
    });
    let label = report.read_optional("--signature-label", args.signature_label.as_deref(), |text| {
        meant(preset, is_labelled)?;
        Ok(text.to_owned())
    });
    let cover = Some(cover?).filter(|cover| !cover.is_empty());
    Some(SchemeOptions { cover, body: body?, label: label?, ..options })
}

fn meant(preset: Option<&Preset>, has: impl Fn(&Mechanism) -> bool) -> Result<(), Fault> {
    match preset {
        Some(preset) if !has(&preset.mechanism) => {
            Err(format!("has no meaning with {}: leave it out", preset.name).into())
        }
        _ => Ok(()),
    }
}
