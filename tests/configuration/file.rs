//! Several sources from a file: what is in effect, and what overrules what.

use std::fs;
use std::path::Path;

use countersign::cli::guard_config;
use countersign::config::{Effective, Environment, guard_schema};

use super::material::{SECRET, directory};

#[test]
fn a_file_of_two_sources_is_read_as_recorded() {
    let directory = directory("sources");
    let directory = directory.to_str().unwrap();
    let variables = [("GOOD", SECRET), ("COUNTERSIGN_GUARD_MAX_CONNECTIONS_PER_ADDRESS", "7")];
    let environment: Environment =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let flags = [
        format!("--config={directory}/sources.toml"),
        format!("--tls-cert={directory}/server.pem"),
        format!("--tls-key={directory}/server.key"),
        format!("--client-ca={directory}/ca.pem"),
        "--listen=127.0.0.1:9001".to_owned(),
        "--threads=2".to_owned(),
    ];
    let (config, _) = guard_config(flags, &environment).unwrap();
    let shown = Effective(&config).to_string().replace(directory, "$DIR");
    assert_eq!(shown.trim_end(), include_str!("effective_file.txt").trim_end());
}

/// Not also of what it may well say.
#[test]
fn of_a_file_that_is_not_toml_only_that_is_told() {
    let directory = directory("broken-file");
    let file = directory.join("guard.toml");
    fs::write(&file, "tls-cert = \"server.pem\"\nbroken = [\n").unwrap();
    let flags = [format!("--config={}", file.display())];
    let problems = guard_config(flags, &Environment::default()).unwrap_err().to_string();
    let told = format!("--config {:?}: is not TOML in line 2", file.to_str().unwrap());
    assert!(problems.starts_with(&told) && problems.lines().count() == 1, "{problems}");
}

/// `docs/guard.schema.json` is what the flags make of it. To write it anew:
/// `UPDATE_SCHEMA=1 cargo test --test configuration schema`.
#[test]
fn the_published_schema_is_that_of_the_flags() {
    let schema = serde_json::to_string_pretty(&guard_schema()).unwrap() + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guard.schema.json");
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(&path, &schema).unwrap();
    }
    assert!(fs::read_to_string(&path).unwrap() == schema, "run with UPDATE_SCHEMA=1, and look at the change");
}

/// A start has to be quick with many tenants.
#[test]
fn a_thousand_sources_and_a_hundred_thousand_networks_are_read() {
    let directory = directory("many-sources");
    let networks: Vec<String> = (0..100_u32).map(|n| format!("10.{n}.0.0/24")).collect();
    fs::write(directory.join("networks"), networks.join("\n")).unwrap();
    let source = |n: u32| {
        format!(
            "[[source]]\nsource = \"s{n}\"\nscheme = \"github\"\nsecret-env = \"GOOD\"\nallow-shared-secret = true\n\
             path = \"/hooks/{n}\"\nallow-ip-file = {:?}\nupstream = \"http://127.0.0.1:3000\"\n",
            directory.join("networks")
        )
    };
    let file = directory.join("many.toml");
    fs::write(&file, (0..1000).map(source).collect::<String>()).unwrap();
    let environment: Environment = [("GOOD".to_owned(), SECRET.to_owned())].into_iter().collect();
    let flags = ["--plain".to_owned(), format!("--config={}", file.display())];
    let (config, _) = guard_config(flags, &environment).unwrap();
    assert_eq!(config.sources.len(), 1000);
    assert_eq!(config.sources.iter().map(|source| source.allow.len()).sum::<usize>(), 100_000);
}
