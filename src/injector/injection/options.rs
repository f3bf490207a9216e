//! Settings become what a sidecar runs with, once. Every problem is reported at
//! once, each with its key, its value and what was expected.
//!
//! The values of flags are judged by the very code that reads them at start, as
//! far as that can be done without the files, which only the pod will have.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::command_line::CommandLine;
use super::conflicts;
use super::given::Given;
use super::image::names_no_version;
use super::kind::Kind;
use super::names::PREFIX;
use super::pod::PodFacts;
use super::quantity::quantity;
use super::reference::{Reference, Store};
use super::setting::{self, Form, Setting};
use super::values::{
    address, amount, image, items, named_reference, pair, port, pull_policy, secret_name, upstream_port,
    user, volume,
};

/// What a sidecar runs with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) kind: Kind,
    pub(crate) image: String,
    pub(crate) image_pull_policy: String,
    pub(crate) image_pull_secret: Option<String>,
    pub(crate) listen_port: u16,
    pub(crate) admin_port: u16,
    /// The subcommand and its flags.
    pub(crate) args: Vec<String>,
    /// What the flags and the configuration file name.
    pub(crate) files: BTreeSet<Reference>,
    pub(crate) resources: Resources,
    /// None where the platform gives one.
    pub(crate) run_as_user: Option<i64>,
    /// The pod's volume for the ledger.
    pub(crate) state_volume: Option<String>,
}

/// As Kubernetes quantities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resources {
    pub(crate) cpu_request: Option<String>,
    pub(crate) cpu_limit: Option<String>,
    pub(crate) memory_request: Option<String>,
    pub(crate) memory_limit: Option<String>,
}

impl Options {
    /// Reads what was `given` for `pod`, or says everything that is wrong.
    pub(crate) fn read(given: &Given, pod: &PodFacts) -> Result<Self, Vec<String>> {
        let overlong = given.overlong();
        if !overlong.is_empty() {
            return Err(overlong);
        }
        let mut reading = Reading { given, problems: vec![] };
        let options = reading.options(pod);
        match options {
            Some(options) if reading.problems.is_empty() => Ok(options),
            _ => Err(reading.problems),
        }
    }

    /// What is legal and may not be meant.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let is_latest = names_no_version(&self.image);
        let latest = format!(
            "{PREFIX}{} {:?} names no version: pods of one Deployment may differ",
            setting::IMAGE,
            self.image
        );
        is_latest.then_some(latest).into_iter().collect()
    }
}

struct Reading<'a> {
    given: &'a Given,
    problems: Vec<String>,
}

impl Reading<'_> {
    fn options(&mut self, pod: &PodFacts) -> Option<Options> {
        let kind = self.given.kind();
        let image = self.image();
        let image_pull_policy = self.read(setting::IMAGE_PULL_POLICY, pull_policy);
        let image_pull_secret = self.read(setting::IMAGE_PULL_SECRET, secret_name);
        let listen_port = self.read(setting::LISTEN_PORT, port);
        let admin_port = self.read(setting::ADMIN_PORT, port);
        let resources = self.resources();
        let run_as_user = self.read(setting::RUN_AS_USER, user);
        let state_volume = self.read(setting::STATE_VOLUME, |name| volume(name, pod));
        let files = self.files();
        let addresses = self.addresses(listen_port.unwrap_or(1), admin_port.unwrap_or(2));
        let upstream = self.upstream(pod, [listen_port, admin_port]);
        let command_line =
            CommandLine { given: self.given, addresses, upstream, has_state: state_volume.is_some() };
        self.judge(&command_line);
        let (listen_port, admin_port) = (listen_port?, admin_port?);
        self.problems.extend(conflicts::of(kind, listen_port, admin_port, pod));
        Some(Options {
            kind,
            image: image?,
            image_pull_policy: image_pull_policy?,
            image_pull_secret,
            listen_port,
            admin_port,
            args: command_line.in_pod(),
            files: files?,
            resources: resources?,
            run_as_user: run_as_user?,
            state_volume,
        })
    }

    /// Reads the value of `key`, if there is one; notes what is wrong with it.
    fn read<T>(&mut self, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let value = self.given.value(key)?;
        match parse(value) {
            Ok(read) => Some(read),
            Err(expected) => {
                self.wrong(key, value, &expected);
                None
            }
        }
    }

    fn wrong(&mut self, key: &str, value: &str, expected: &str) {
        let place = self.given.origin(key).place();
        let value: String = value.chars().take(VALUE_CHARS_SHOWN).collect();
        self.problems.push(format!("{PREFIX}{key} {value:?}{place}: {expected}"));
    }

    fn image(&mut self) -> Option<String> {
        if self.given.value(setting::IMAGE).is_none() {
            self.problems.push(format!(
                "{PREFIX}{} is missing: the injector was started without --default image=IMAGE",
                setting::IMAGE
            ));
        }
        self.read(setting::IMAGE, image)
    }

    fn resources(&mut self) -> Option<Resources> {
        let problems = self.problems.len();
        let resources = Resources {
            cpu_request: self.read(setting::CPU_REQUEST, amount),
            cpu_limit: self.read(setting::CPU_LIMIT, amount),
            memory_request: self.read(setting::MEMORY_REQUEST, amount),
            memory_limit: self.read(setting::MEMORY_LIMIT, amount),
        };
        let Resources { cpu_request, cpu_limit, memory_request, memory_limit } = &resources;
        for (key, request, limit) in [
            (setting::CPU_REQUEST, cpu_request, cpu_limit),
            (setting::MEMORY_REQUEST, memory_request, memory_limit),
        ] {
            if let (Some(request), Some(limit)) = (request, limit)
                && quantity(request) > quantity(limit)
            {
                self.wrong(key, request, &format!("is more than the limit, {limit}"));
            }
        }
        (self.problems.len() == problems).then_some(resources)
    }

    /// The files of every setting that names some.
    fn files(&mut self) -> Option<BTreeSet<Reference>> {
        let problems = self.problems.len();
        let mut files = BTreeSet::new();
        for Setting { key, form, .. } in setting::all_of(self.given.kind()) {
            let read: Vec<Reference> = match *form {
                Form::File { is_list, store, entry, .. } => {
                    let read = self.read(key, |value| {
                        items(value, is_list)
                            .map(|item| named_reference(item, store, entry).map(|(_, file)| file))
                            .collect()
                    });
                    read.unwrap_or_default()
                }
                Form::Pair { .. } => self.read(key, |value| Ok(pair(value)?.to_vec())).unwrap_or_default(),
                Form::Files => {
                    let read = |value: &str| {
                        items(value, true).map(|item| Reference::read(item, Store::Secret, None)).collect()
                    };
                    self.read(key, read).unwrap_or_default()
                }
                Form::Flag { .. } | Form::OfPod => vec![],
            };
            files.extend(read);
        }
        (self.problems.len() == problems).then_some(files)
    }

    fn addresses(&mut self, listen_port: u16, admin_port: u16) -> (SocketAddr, SocketAddr) {
        let address = self.read(setting::LISTEN_ADDRESS, address);
        let address = address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        // Health and metrics are for the kubelet, who is never on loopback.
        let everywhere: IpAddr =
            if address.is_ipv6() { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
        (SocketAddr::new(address, listen_port), SocketAddr::new(everywhere, admin_port))
    }

    /// The app's address, where a port of the pod has to say it.
    fn upstream(&mut self, pod: &PodFacts, own: [Option<u16>; 2]) -> Option<String> {
        let is_given = self.given.value(setting::UPSTREAM_PORT).is_some();
        let is_elsewhere = ["upstream", "config"].into_iter().find(|key| self.given.value(key).is_some());
        match (is_given, is_elsewhere) {
            (true, Some(other)) => {
                let key = setting::UPSTREAM_PORT;
                self.problems
                    .push(format!("{PREFIX}{key} contradicts {PREFIX}{other}: leave one of the two out"));
                None
            }
            (false, None) if self.given.kind() == Kind::Guard => {
                self.problems.push(format!(
                    "{PREFIX}{} is missing: the port where the app listens",
                    setting::UPSTREAM_PORT
                ));
                Some(SOME_UPSTREAM.to_owned())
            }
            (false, _) => None,
            (true, None) => {
                let number = self.read(setting::UPSTREAM_PORT, |text| upstream_port(text, pod, own));
                Some(
                    number.map_or_else(
                        || SOME_UPSTREAM.to_owned(),
                        |number| format!("http://127.0.0.1:{number}"),
                    ),
                )
            }
        }
    }

    /// What the sidecar's own reading of its flags finds.
    fn judge(&mut self, command_line: &CommandLine<'_>) {
        for problem in command_line.problems() {
            // The key is what a message begins with, so its author can be told.
            let key = problem.split_whitespace().next().and_then(|word| word.strip_prefix(PREFIX));
            let place = key.map_or("", |key| self.given.origin(key).place());
            let problem = format!("{problem}{place}");
            // Both files of a pair are one setting.
            if !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
        }
    }
}

/// In place of an upstream that is wrong or missing, which was said already.
/// Whatever stands beside one has a meaning with it.
const SOME_UPSTREAM: &str = "https://127.0.0.1:1";

const VALUE_CHARS_SHOWN: usize = 120;
