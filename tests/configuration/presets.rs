//! `examples/presets/`: what people copy works as it stands.

use std::fs;
use std::path::Path;
use std::process::Command;

use countersign::clock::{Clock as _, SystemClock};
use countersign::config::{Environment, GuardArgs, GuardConfig};
use countersign::schemes::presets;

use super::material::{directory, secret_of};

#[test]
fn there_is_a_configuration_for_each_preset_and_a_guard_would_start_on_it() {
    let directory = directory("presets");
    let directory = directory.to_str().unwrap();
    for preset in presets() {
        let file = format!("{FILES}/{}.env", preset.name);
        let environment = environment(Path::new(&file), directory, secret_of(preset.name));
        let args = GuardArgs::from_flags::<&str>([], &environment).unwrap();
        let (config, remarks) = GuardConfig::from_args(&args, &environment, SystemClock.now())
            .unwrap_or_else(|problems| panic!("{file}:\n{problems}"));
        assert_eq!(config.sources[0].demand.first().preset().name, preset.name);
        let unknown: Vec<_> =
            remarks.iter().map(ToString::to_string).filter(|r| r.contains("not a setting")).collect();
        assert!(unknown.is_empty(), "{file}: {unknown:?}");
    }
}

#[test]
fn the_check_that_a_configuration_begins_with_works_as_printed() {
    let certificates = directory("checked/certs/dev");
    let here = certificates.ancestors().nth(2).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_countersign")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    for file in fs::read_dir(FILES).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let text = fs::read_to_string(format!("{FILES}/{name}")).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("# Check it:")).expect(&name);
        let held = secret_of(name.trim_end_matches(".env"));
        let line = line.replace("=...", &format!("='{held}'")).replace("examples/presets", FILES);
        let mut shell = Command::new("sh");
        let output =
            shell.args(["-c", &line]).current_dir(here).env_clear().env("PATH", &path).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(said.contains(name.trim_end_matches(".env")), "{name}: {said}");
    }
}

/// The variables of the file, with development certificates and a secret in
/// the places it names.
fn environment(file: &Path, directory: &str, held: &str) -> Environment {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let pairs = lines.map(|line| line.split_once('=').unwrap());
    let pairs: Vec<_> =
        pairs.map(|(name, value)| (name.to_owned(), value.replace("certs/dev", directory))).collect();
    let holds = |(name, _): &&(String, String)| name.ends_with("SECRET_ENV") || name.ends_with("TOKEN_ENV");
    // The variable, behind the name of the key that it is of.
    let named = |(_, value): &(String, String)| value.rsplit('=').next().unwrap_or_default().to_owned();
    let secrets: Vec<_> = pairs.iter().filter(holds).map(|pair| (named(pair), held.to_owned())).collect();
    pairs.into_iter().chain(secrets).collect()
}

const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/presets");
