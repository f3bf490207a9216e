//! Secrets, each with the scheme that it is kept to.

use super::scheme;
use crate::config::environment::Environment;
use crate::config::problems::Report;
use crate::config::secrets::{self, Place, SecretPlaces, Sourced};
use crate::schemes::Preset;

/// A secret, and the one scheme that it is for if it is not for all.
pub(super) type Kept = (Option<&'static Preset>, Sourced);

/// What was given, as people wrote it.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    pub(super) files: &'a [String],
    pub(super) variables: &'a [String],
    /// What cannot be done without: `verified`, `signed`.
    pub(super) purpose: &'static str,
}

/// Every secret, with the scheme that it is kept to. One for every scheme has a
/// key id if any of the `asked` ones has a use for it.
pub(super) fn read(
    given: Given<'_>,
    asked: &[&Preset],
    environment: &Environment,
    report: &mut Report,
) -> Option<Vec<Kept>> {
    let any_named = asked.iter().any(|preset| preset.mechanism.names_secrets());
    let place = |text: &String| {
        let (preset, text) = kept_to(text);
        let is_named = preset.map_or(any_named, |preset| preset.mechanism.names_secrets());
        (preset, if is_named { Place::named(text) } else { Place::whole(text) })
    };
    let (file_schemes, files): (Vec<_>, Vec<_>) = given.files.iter().map(place).unzip();
    let (env_schemes, variables): (Vec<_>, Vec<_>) = given.variables.iter().map(place).unzip();
    let places = SecretPlaces { files: &files, variables: &variables, purpose: given.purpose };
    // They come back in this order, or not at all.
    let secrets = secrets::read(places, environment, report)?;
    Some(file_schemes.into_iter().chain(env_schemes).zip(secrets).collect())
}

/// Those of `secrets` that `preset` uses.
pub(super) fn of<'s>(preset: &Preset, secrets: &'s [Kept]) -> Vec<&'s Sourced> {
    let is_mine = |of: Option<&Preset>| of.is_none_or(|of| of.name == preset.name);
    secrets.iter().filter(|(of, _)| is_mine(*of)).map(|(_, sourced)| sourced).collect()
}

/// Reports schemes that are asked for twice, secrets that none of `asked` uses,
/// and names that none of them has a use for.
pub(super) fn check(asked: &[&Preset], secrets: &[Kept], report: &mut Report) {
    for (at, preset) in asked.iter().enumerate() {
        if asked[..at].iter().any(|earlier| earlier.name == preset.name) {
            report.wrong("--scheme", preset.name, "is given twice");
        }
    }
    for (of, sourced) in secrets {
        if of.is_some_and(|of| asked.iter().all(|preset| preset.name != of.name)) {
            report.wrong(sourced.key, &sourced.place, "is kept to a scheme that --scheme does not name");
        }
        let takes = |name: &String| {
            let mut mine = asked.iter().filter(|preset| of.is_none_or(|of| of.name == preset.name));
            mine.any(|preset| preset.mechanism.takes_secret_named(name))
        };
        if sourced.key_id.as_ref().is_some_and(|name| !takes(name)) {
            let fault =
                "has a name that ends none of the scheme's signature headers: =FILE is a file without one";
            report.wrong(sourced.key, &sourced.place, fault);
        }
    }
}

/// `SCHEME=PLACE`, or a place for every scheme.
pub(super) fn kept_to(text: &str) -> (Option<&'static Preset>, &str) {
    let split = text.split_once('=').and_then(|(name, place)| Some((scheme::preset(name).ok()?, place)));
    split.map_or((None, text), |(preset, place)| (Some(preset), place))
}
