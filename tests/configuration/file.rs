//! Several sources from a file: what is in effect, and what overrules what.

use std::fs;
use std::path::Path;

use countersign::cli::{guard_config, signer_config};
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

/// What the documents show is read: names of settings, and what their values
/// are made of. The files that they name are elsewhere.
#[test]
fn what_the_documents_show_of_a_file_is_read() {
    let directory = directory("documents");
    let is_read = |text: &str| {
        let file = directory.join("shown.toml");
        fs::write(&file, text).unwrap();
        let flags = [format!("--config={}", file.display())];
        let problems = if text.contains("[[endpoint]]") {
            signer_config(flags, &Environment::default()).err()
        } else {
            guard_config(flags, &Environment::default()).err()
        };
        !problems.is_some_and(|problems| problems.to_string().contains(": key \""))
    };
    let mut seen = 0;
    for document in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")).unwrap() {
        let document = document.unwrap().path();
        if document.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let text = fs::read_to_string(&document).unwrap();
        for block in text.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()) {
            // What says a dependency is of another program.
            if !block.contains("countersign = ") {
                // A part of a file stands above the sources, or in one.
                let is_whole_or_above = is_read(block);
                let in_a_source = || is_read(&format!("[[source]]\n{block}"));
                assert!(is_whole_or_above || in_a_source(), "{}: {block}", document.display());
                seen += 1;
            }
        }
    }
    assert!(seen >= 6, "{seen}");
}

#[test]
fn what_a_file_may_not_say_is_told_with_what_to_do() {
    let directory = directory("misplaced");
    let file = directory.join("guard.toml");
    for (text, told) in [
        ("allow-ip = []", r#"key "allow-ip": belongs in a [[source]]"#),
        ("[[source]]\nallow-ip = []", r#"[[source]] 1: key "allow-ip": is an empty list: name something"#),
        (
            "[[source]]\nlisten = \"0.0.0.0:1\"",
            r#"[[source]] 1: key "listen": belongs above the first [[source]]"#,
        ),
        ("trusted-proxy = []\n[[source]]", r#"key "trusted-proxy": is an empty list"#),
        ("[[source]]\npath = [[\"/a\"]]", r#"key "path": expected a text, a number"#),
    ] {
        fs::write(&file, text).unwrap();
        let flags = [format!("--config={}", file.display())];
        let problems = guard_config(flags, &Environment::default()).unwrap_err().to_string();
        assert!(problems.contains(told), "{text}: {problems}");
    }
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
