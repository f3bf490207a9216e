//! What can be told of a role's flags without its files: nothing is wrong with
//! what is right, and what is wrong beside a file is found.

use std::fs;

use super::*;
use crate::schemes::presets;

#[test]
fn nothing_is_wrong_with_the_example_of_any_preset() {
    for preset in presets() {
        check(GuardArgs::problems_of, &example(preset.name));
    }
}

#[test]
fn nothing_is_wrong_with_a_signer_of_any_preset_that_signs() {
    for preset in presets().iter().filter(|preset| !CANNOT_SIGN.contains(&preset.name)) {
        check(SignerArgs::problems_of, &signer(preset.name));
    }
    for scheme in CANNOT_SIGN {
        assert_eq!(SignerArgs::problems_of(&signer(scheme), UNSEEN).len(), 1, "{scheme}");
    }
}

#[test]
fn a_file_may_hold_a_key_for_each_algorithm() {
    for (scheme, algorithms) in ALGORITHMS {
        for algorithm in *algorithms {
            let kept_to = |flags: Vec<String>| {
                let others = flags.into_iter().filter(|flag| !flag.starts_with("--algorithm="));
                others.chain([format!("--algorithm={algorithm}")]).collect::<Vec<_>>()
            };
            let has_secret = |flag: &String| flag.starts_with("--secret-file=");
            let mut guard = example(scheme);
            if !guard.iter().any(has_secret) {
                // The example asks an issuer.
                guard.push(format!("--secret-file={UNSEEN}/key.pem"));
            }
            check(GuardArgs::problems_of, &kept_to(guard));
            check(SignerArgs::problems_of, &kept_to(signer(scheme)));
        }
    }
}

/// Nothing is wrong with `flags`, and a body that is too long for the budget is:
/// that is told only of what was read to its end.
fn check(problems_of: fn(&[String], &str) -> Vec<String>, flags: &[String]) {
    assert_eq!(problems_of(flags, UNSEEN), [""; 0], "{flags:?}");
    let others = flags.iter().filter(|flag| !flag.starts_with("--max-body=")).cloned();
    let problems = problems_of(&others.chain(["--max-body=1GiB".to_owned()]).collect::<Vec<_>>(), UNSEEN);
    let is_told = matches!(&problems[..], [only] if only.starts_with("--body-budget "));
    assert!(is_told, "{flags:?}: {problems:?}");
}

/// The flags of `examples/presets/NAME.env`, with its secrets in files.
fn example(preset: &str) -> Vec<String> {
    let path = format!("{}/examples/presets/{preset}.env", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let settings = text.lines().filter_map(|line| line.strip_prefix("COUNTERSIGN_GUARD_")?.split_once('='));
    settings.flat_map(|(name, value)| flags(&name.to_lowercase().replace('_', "-"), value)).collect()
}

fn flags(name: &str, value: &str) -> Vec<String> {
    let name = name.strip_suffix("-env").map_or_else(|| name.to_owned(), |name| format!("{name}-file"));
    let known = GuardArgs::flags();
    let flag = known.iter().find(|flag| flag.name == name).unwrap_or_else(|| panic!("--{name}"));
    let items: Vec<_> = if flag.is_list { value.split(',').collect() } else { vec![value] };
    let as_flag = |item: &str| match item.split_once('=') {
        Some((key_id, item)) if flag.takes_file() => format!("--{name}={key_id}={UNSEEN}/{item}"),
        None if flag.takes_file() => format!("--{name}={UNSEEN}/{item}"),
        _ => format!("--{name}={item}"),
    };
    items.into_iter().map(as_flag).collect()
}

fn signer(scheme: &str) -> Vec<String> {
    let scheme = format!("--scheme={scheme}");
    vec![scheme, "--endpoint=https://consumer.example".to_owned(), format!("--secret-file={UNSEEN}/secret")]
}

/// Schemes of which the sender's own service alone can sign.
const CANNOT_SIGN: [&str; 3] = ["mailgun", "microsoft-graph", "twilio-json"];

/// Those that messages name, of the schemes in which they do.
const ALGORITHMS: &[(&str, &[&str])] = &[
    (
        "rfc9421",
        &[
            "hmac-sha256",
            "ed25519",
            "ecdsa-p256-sha256",
            "ecdsa-p384-sha384",
            "rsa-pss-sha512",
            "rsa-v1_5-sha256",
        ],
    ),
    (
        "jwt",
        &[
            "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256",
            "ES384", "EdDSA", "Ed25519",
        ],
    ),
    (
        "http-signature-cavage",
        &["hmac-sha256", "hmac-sha512", "ed25519", "rsa-sha256", "rsa-pss-sha512", "ecdsa-sha256"],
    ),
];

const UNSEEN: &str = "/dev/null/unseen";
