//! `problems.txt`, `signer_problems.txt` and `injector_problems.txt`: flags and environment on the left hand, so to speak, and on
//! the right hand exactly what a person gets to read.

use std::collections::BTreeMap;

use countersign::clock::UnixTime;
use countersign::config::{
    Environment, GuardArgs, GuardConfig, InjectorArgs, InjectorConfig, Problems, Remark, Role, SignerArgs,
    SignerConfig,
};

use super::material::{SECRET, directory};

#[test]
fn every_problem_and_remark_of_the_guard_reads_as_recorded() {
    check(Role::Guard, &GUARD, include_str!("problems.txt"), |flags, environment| {
        let args = GuardArgs::from_flags(flags, environment).unwrap();
        GuardConfig::from_args(&args, environment, NOW).map(|(_, remarks)| remarks)
    });
}

#[test]
fn every_problem_and_remark_of_the_signer_reads_as_recorded() {
    check(Role::Signer, &SIGNER, include_str!("signer_problems.txt"), |flags, environment| {
        let args = SignerArgs::from_flags(flags, environment).unwrap();
        SignerConfig::from_args(&args, environment).map(|(_, remarks)| remarks)
    });
}

#[test]
fn every_problem_and_remark_of_the_injector_reads_as_recorded() {
    check(Role::Injector, &INJECTOR, include_str!("injector_problems.txt"), |flags, environment| {
        let args = InjectorArgs::from_flags(flags, environment).unwrap();
        InjectorConfig::from_args(&args, environment).map(|(_, remarks)| remarks)
    });
}
/// When `check` is asked: dates in the cases are before or after it.
const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

type Base = [(&'static str, &'static str)];
type Configure = fn(Vec<String>, &Environment) -> Result<Vec<Remark>, Problems>;

fn check(role: Role, base: &Base, cases: &'static str, configure: Configure) {
    let directory = directory(&format!("problems-{}", role.name()));
    let directory = directory.to_str().unwrap();
    let cases = cases.split("\n\n").map(Case::read);
    let shown = |case: Case| case.failure(directory, &case.run(role, base, directory, configure));
    let failures: Vec<String> = cases.filter_map(shown).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// A good configuration, which each case spoils in its own way.
const GUARD: [(&str, &str); 8] = [
    ("TLS_CERT", "$DIR/server.pem"),
    ("TLS_KEY", "$DIR/server.key"),
    ("CLIENT_CA", "$DIR/ca.pem"),
    ("CLIENT_AUTH", "required"),
    ("CLIENT_IDENTITY", "URI:spiffe://countersign.test/sender"),
    ("SCHEME", "standard-webhooks"),
    ("SECRET_FILE", "$DIR/good.secret"),
    ("UPSTREAM", "http://127.0.0.1:3000"),
];

/// The same for the signer.
const SIGNER: [(&str, &str); 2] =
    [("ENDPOINT", "https://consumer.example/hooks"), ("SECRET_FILE", "$DIR/good.secret")];

/// The same for the injector.
const INJECTOR: [(&str, &str); 2] =
    [("NAMESPACE", "countersign"), ("WEBHOOK_CONFIGURATION", "countersign-injector")];

struct Case {
    name: &'static str,
    unset: Vec<&'static str>,
    environment: Vec<(&'static str, &'static str)>,
    flags: Vec<&'static str>,
    expected: Vec<&'static str>,
}

impl Case {
    /// A comment, then `without NAME…`, `env NAME=value` and `run FLAG…` lines,
    /// then what is expected.
    fn read(text: &'static str) -> Self {
        let mut lines = text.lines().filter(|line| !line.is_empty());
        let name = lines.next().unwrap().trim_start_matches("# ");
        let mut case = Self { name, unset: vec![], environment: vec![], flags: vec![], expected: vec![] };
        for line in lines {
            match line.split_once(' ').unwrap_or((line, "")) {
                ("without", names) => case.unset.extend(names.split(' ')),
                ("env", pair) => case.environment.push(pair.split_once('=').unwrap()),
                ("run", flags) => case.flags.extend(flags.split_whitespace()),
                _ => case.expected.push(line),
            }
        }
        case
    }

    fn failure(&self, directory: &str, shown: &str) -> Option<String> {
        let shown = shown.replace(directory, "$DIR");
        let expected = self.expected.join("\n");
        let same = shown.trim_end() == expected;
        (!same).then(|| format!("# {}\nexpected:\n{expected}\nshown:\n{shown}", self.name))
    }

    fn run(&self, role: Role, base: &Base, directory: &str, configure: Configure) -> String {
        let base = base.iter().filter(|(name, _)| !self.unset.contains(name)).copied();
        let variables: BTreeMap<String, String> = base
            .chain(self.environment.iter().copied())
            .map(|(name, value)| (role.variable(name), value.replace("$DIR", directory)))
            .chain([("GOOD".to_owned(), SECRET.to_owned()), ("EMPTY".to_owned(), String::new())])
            .collect();
        let environment: Environment = variables.into_iter().collect();
        let flags = self.flags.iter().map(|flag| flag.replace("$DIR", directory)).collect();
        match configure(flags, &environment) {
            Ok(remarks) => remarks.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
            Err(problems) => problems.to_string(),
        }
    }
}
