//! `examples/presets/`: what people copy works as it stands.

use std::fs;
use std::path::Path;

use countersign::config::{Environment, GuardArgs, GuardConfig};
use countersign::schemes::presets;

use super::material::{SECRET, directory};

#[test]
fn there_is_a_configuration_for_each_preset_and_a_guard_would_start_on_it() {
    let directory = directory("presets");
    let directory = directory.to_str().unwrap();
    for preset in presets() {
        let file = format!("{}/examples/presets/{}.env", env!("CARGO_MANIFEST_DIR"), preset.name);
        let environment = environment(Path::new(&file), directory);
        let args = GuardArgs::from_flags::<&str>([], &environment).unwrap();
        let (config, remarks) = GuardConfig::from_args(&args, &environment)
            .unwrap_or_else(|problems| panic!("{file}:\n{problems}"));
        assert_eq!(config.sources[0].scheme.preset().name, preset.name);
        let unknown: Vec<_> =
            remarks.iter().map(ToString::to_string).filter(|r| r.contains("not a setting")).collect();
        assert!(unknown.is_empty(), "{file}: {unknown:?}");
    }
}

/// The variables of the file, with development certificates and a secret in
/// the places it names.
fn environment(file: &Path, directory: &str) -> Environment {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let pairs = lines.map(|line| line.split_once('=').unwrap());
    let pairs: Vec<_> =
        pairs.map(|(name, value)| (name.to_owned(), value.replace("certs/dev", directory))).collect();
    let secret = pairs.iter().find(|(name, _)| name.ends_with("SECRET_ENV")).map(|(_, name)| name.clone());
    pairs.into_iter().chain(secret.map(|name| (name, SECRET.to_owned()))).collect()
}
