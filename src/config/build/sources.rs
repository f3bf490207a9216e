//! The sources: the one of the flags, or all of a file.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use super::source;
use crate::config::config_file::one_value_each;
use crate::config::environment::Environment;
use crate::config::problems::Report;
use crate::config::raw::{GuardArgs, SourceArgs};
use crate::config::secrets::SecretOwners;
use crate::config::values::{Switch, word};
use crate::config::{ConfigFile, SourceConfig};

/// Reads them all; `None` where one of them is wrong.
pub(super) fn read(
    args: &GuardArgs,
    environment: &Environment,
    report: &mut Report,
) -> Option<Vec<SourceConfig>> {
    let Some(file) = &args.file else {
        let source = source::read(&args.source, environment, &mut SecretOwners::default(), report)?;
        let sources = vec![source];
        fit(&sources, args, report);
        return Some(sources);
    };
    if !args.source.is_empty() {
        let path = args.listening.config.as_deref().unwrap_or_default();
        report.wrong("--config", path, BESIDE);
    }
    let sources = of(file, environment, report)?;
    fit(&sources, args, report);
    Some(sources)
}

/// The sources of `file`.
fn of(file: &ConfigFile, environment: &Environment, report: &mut Report) -> Option<Vec<SourceConfig>> {
    let tables = file.tables(&SourceArgs::names(), report);
    let count = tables.len();
    let mut owners = SecretOwners::default();
    let mut sources = Vec::with_capacity(count);
    for (number, flags) in tables.into_iter().enumerate() {
        report.at(file.place(number));
        owners.next(file.place(number));
        let args = flags.and_then(|flags| one_value_each(SourceArgs::from_file(&flags), report));
        sources.extend(args.and_then(|args| source::read(&args, environment, &mut owners, report)));
        report.at("");
    }
    distinct(&sources, report);
    (count > 0 && sources.len() == count).then_some(sources)
}

/// A name or a path that leads to two sources leads to neither.
fn distinct(sources: &[SourceConfig], report: &mut Report) {
    let (mut names, mut ways) = (HashSet::new(), HashMap::new());
    for SourceConfig { name, hosts, paths, .. } in sources {
        if !names.insert(name) {
            report.wrong("--source", name, "is the name of two sources: give each its own");
        }
        let hosts = if hosts.is_empty() { vec![None] } else { hosts.iter().map(Some).collect() };
        for (host, path) in hosts.iter().flat_map(|host| paths.iter().map(move |path| (*host, path))) {
            if let Some(other) = ways.insert((host, path), name) {
                let host = host.map_or_else(|| "every host".to_owned(), ToString::to_string);
                report.wrong(
                    "--path",
                    &path.to_string(),
                    format!("on {host} leads to {other:?} and to {name:?}: it can lead to one source"),
                );
            }
        }
    }
}

/// The CAs that single sources trust, each once. What is wrong with one is
/// reported with its source.
pub(super) fn client_cas(args: &GuardArgs) -> Vec<PathBuf> {
    let of_flags = args.source.sender.source_client_ca.iter().cloned();
    let of_file = args.file.iter().flat_map(|file| file.texts_of("source-client-ca"));
    let mut cas: Vec<PathBuf> = of_flags.chain(of_file).map(PathBuf::from).collect();
    cas.sort_unstable();
    cas.dedup();
    cas
}

/// Whether what the sources ask of clients is what TLS can tell.
fn fit(sources: &[SourceConfig], args: &GuardArgs, report: &mut Report) {
    // Then a proxy in front tells the client's certificate, but not its chain to a CA.
    let is_told = matches!(word(&args.front.client_cert_header), Ok(Switch::On));
    let fault = match (word(&args.listening.plain), args.tls.client_auth.as_deref()) {
        (Ok(Switch::On), _) => "contradicts --plain: leave one of the two out",
        (_, Some("off")) => "contradicts --client-auth off: no client is asked for a certificate",
        _ => return,
    };
    let asked = [
        ("--client-identity", sources.iter().any(|source| !is_told && !source.identities.is_empty())),
        ("--client-spki-pin", sources.iter().any(|source| !is_told && !source.client_pins.is_empty())),
        ("--source-client-ca", sources.iter().any(|source| source.client_ca.is_some())),
    ];
    for (flag, _) in asked.iter().filter(|(_, asked)| *asked) {
        report.problem(flag, fault);
    }
}

const BESIDE: &str = "excludes the settings of one source, and some are given beside it, as flags or as COUNTERSIGN_GUARD_ \
                      variables: put them into a [[source]]";
