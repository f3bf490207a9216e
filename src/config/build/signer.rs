//! The signer, put together: its one endpoint from flags, or several from a
//! file.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{bounds, endpoint, listening, log, threads, traces};
use crate::config::config_file;
use crate::config::environment::{Environment, Role};
use crate::config::problems::{Problems, Remark, Report};
use crate::config::raw_signer::{EndpointArgs, SignerArgs, SignerLimitArgs};
use crate::config::values::{duration, number};
use crate::config::{ConfigFile, EndpointConfig, SignerBounds, SignerConfig};

impl SignerConfig {
    /// Reads and checks everything, the files too, without listening or
    /// connecting anywhere. Gives what a signer can run on and what is worth
    /// knowing about it, or everything that is wrong.
    pub fn from_args(args: &SignerArgs, environment: &Environment) -> Result<(Self, Vec<Remark>), Problems> {
        let mut report = Report::default();
        let config = build(args, environment, &mut report);
        let (config, mut remarks) = report.conclude(config)?;
        remarks.extend(environment.unknown(Role::Signer, SignerArgs::names().iter().map(String::as_str)));
        remarks.extend(super::advice::on_signer(&config));
        Ok((config, remarks))
    }

    /// What is wrong with `args` where the files below `unseen` are elsewhere.
    pub(in crate::config) fn problems_without_files(args: &SignerArgs, unseen: &str) -> Option<Problems> {
        let mut report = Report::without_files(unseen);
        let config = build(args, &Environment::empty(), &mut report);
        report.conclude(config).err()
    }
}

fn build(args: &SignerArgs, environment: &Environment, report: &mut Report) -> Option<SignerConfig> {
    let listening = listening(&args.listening.listen, &args.listening.admin_listen, report);
    let endpoints = endpoints(args, environment, report);
    let bounds = limits(&args.limits, report);
    let traces = traces::read(&args.traces, report);
    let threads = threads(args.process.threads.as_deref(), report);
    let log = log(&args.process, report);
    let (listen, admin_listen) = listening?;
    let (bounds, endpoints) = (bounds?, endpoints?);
    for EndpointConfig { name, body_bytes_max, .. } in &endpoints {
        let text = &args.limits.body_budget;
        bounds::fits(*body_bytes_max, &format!("endpoint {name:?}"), bounds.memory_bytes, text, report);
    }
    Some(SignerConfig {
        listen,
        admin_listen,
        endpoints,
        bounds,
        traces: traces?,
        threads: threads?,
        log: log?,
    })
}

fn endpoints(
    args: &SignerArgs,
    environment: &Environment,
    report: &mut Report,
) -> Option<Vec<EndpointConfig>> {
    let Some(path) = args.listening.config.as_deref() else {
        return endpoint::read(&args.endpoint, |_| String::new(), environment, report)
            .map(|endpoint| vec![endpoint]);
    };
    if !args.endpoint.is_empty() {
        report.wrong("--config", path, BESIDE);
    }
    let names = EndpointArgs::names();
    let file = ConfigFile::read(path, vec![], ENDPOINT, &names);
    let tables = file.tables(&names, report);
    let count = tables.len();
    let mut endpoints = Vec::new();
    for (number, flags) in tables.into_iter().enumerate() {
        report.at(file.place(number));
        let prefix = |name: &str| format!("/e/{name}");
        let args =
            flags.and_then(|flags| config_file::one_value_each(EndpointArgs::from_file(&flags), report));
        endpoints.extend(args.and_then(|args| endpoint::read(&args, prefix, environment, report)));
        report.at("");
    }
    distinct(&endpoints, path, report);
    (count > 0 && endpoints.len() == count).then_some(endpoints)
}

/// A name or a path that leads to two endpoints leads to neither.
fn distinct(endpoints: &[EndpointConfig], path: &str, report: &mut Report) {
    let (mut names, mut prefixes) = (BTreeSet::new(), BTreeSet::new());
    for EndpointConfig { name, path_prefix, .. } in endpoints {
        if !names.insert(name) {
            report.wrong("--config", path, format!("has two endpoints of the name {name:?}"));
        }
        if !prefixes.insert(path_prefix) {
            report.wrong("--config", path, format!("has two endpoints of the path-prefix {path_prefix:?}"));
        }
    }
}

fn limits(args: &SignerLimitArgs, report: &mut Report) -> Option<SignerBounds> {
    let connections =
        report.read("--max-connections", &args.max_connections, |text| number(text, 1..=CONNECTIONS_MAX));
    let budget = bounds::budget(&args.body_budget, report);
    let idle = report.read("--idle-timeout", &args.idle_timeout, duration);
    Some(SignerBounds {
        connections: connections? as usize,
        deliveries: 8192,
        head_timeout: Duration::from_secs(5),
        head_bytes: 32 << 10,
        head_fields: 100,
        body_timeout: Duration::from_secs(10),
        body_rate_min: 1 << 10,
        memory_bytes: budget?,
        idle_timeout: idle?,
        drain_timeout: Duration::from_secs(25),
    })
}

/// More than a process may open files for.
const CONNECTIONS_MAX: u32 = 1_000_000;

/// What an endpoint is called in a file.
const ENDPOINT: &str = "endpoint";

const BESIDE: &str = "excludes the settings of one endpoint, and some are given beside it, as flags or as COUNTERSIGN_SIGNER_ \
                      variables: put them into a [[endpoint]]";
