//! Imports run one way: roles → stores, admin, net → config → schemes → keys,
//! clock. A new edge between modules is a decision: it is made here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What each top-level module may use of the others.
const ALLOWED: &[(&str, &[&str])] = &[
    ("causes", &[]),
    ("clock", &[]),
    ("keys", &[]),
    ("private_file", &[]),
    ("issuing", &["clock"]),
    ("devcerts", &["clock", "issuing", "private_file"]),
    ("schemes", &["clock", "keys"]),
    ("explain", &["clock", "keys", "schemes"]),
    ("config", &["clock", "keys", "schemes"]),
    ("limits", &["config"]),
    ("ledger", &["causes", "clock", "config", "keys", "limits", "private_file", "schemes"]),
    ("net", &["causes", "config"]),
    ("egress", &["causes", "config", "net"]),
    ("otlp", &["causes", "config", "egress", "net"]),
    ("telemetry", &["clock", "config", "otlp"]),
    ("admin", &["net"]),
    ("control", &["clock", "config", "net"]),
    ("service", &["admin", "config", "control", "limits", "net"]),
    (
        "guard",
        &[
            "admin",
            "causes",
            "clock",
            "config",
            "control",
            "egress",
            "keys",
            "ledger",
            "limits",
            "net",
            "otlp",
            "private_file",
            "schemes",
            "service",
            "telemetry",
        ],
    ),
    (
        "signer",
        &[
            "admin",
            "causes",
            "clock",
            "config",
            "egress",
            "keys",
            "limits",
            "net",
            "otlp",
            "schemes",
            "service",
            "telemetry",
        ],
    ),
    ("injector", &["admin", "clock", "config", "issuing", "keys", "limits", "net", "service", "telemetry"]),
    (
        "cli",
        &[
            "clock",
            "config",
            "control",
            "devcerts",
            "egress",
            "explain",
            "guard",
            "injector",
            "keys",
            "private_file",
            "schemes",
            "service",
            "signer",
            "telemetry",
        ],
    ),
    ("lib", &[]),
    ("main", &[]),
];

#[test]
fn imports_run_one_way() {
    let allowed: BTreeMap<_, BTreeSet<_>> =
        ALLOWED.iter().map(|(module, uses)| (*module, uses.iter().copied().collect())).collect();
    let mut wrong = Vec::new();
    for file in rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let module = top_level_module(&file);
        let may_use =
            allowed.get(module.as_str()).unwrap_or_else(|| panic!("`{module}` is not in the table"));
        for used in uses(&fs::read_to_string(&file).unwrap()) {
            if used != module && !may_use.contains(used.as_str()) {
                wrong.push(format!("{} uses crate::{used}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "imports against the direction:\n{}", wrong.join("\n"));
}

#[test]
fn the_table_itself_has_no_cycle() {
    // Listed in the order in which they build on each other, a module may use
    // only what stands before it.
    for (at, (module, uses)) in ALLOWED.iter().enumerate() {
        for used in *uses {
            let before = ALLOWED[..at].iter().any(|(earlier, _)| earlier == used);
            assert!(before, "`{module}` may use `{used}`, which does not stand before it");
        }
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

fn top_level_module(file: &Path) -> String {
    let inside = file.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// The top-level modules named after `crate::`, in imports and in paths.
/// Comments and documentation may point anywhere.
fn uses(code: &str) -> BTreeSet<String> {
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let after = lines.flat_map(|line| line.split("crate::").skip(1));
    let name = |rest: &str| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    after
        .map(name)
        .filter(|name: &String| !name.is_empty() && name.chars().all(|c| !c.is_uppercase()))
        .collect()
}
