//! The trusted form, put together from the raw one.
//!
//! Each part reads all of its values before it gives up, so that one run
//! reports every problem; `?` comes last in each function.

mod allow_list;
mod attestation;
mod authorization;
mod bounds;
mod by_hand;
mod capture;
mod choices;
mod coverage;
mod endpoint;
mod front;
mod handshake;
mod injector;
mod ledger;
mod row;
mod scheme;
mod scrutiny;
mod secret;
mod secret_dates;
mod signer;
mod source;
mod sources;
mod stand_in;
mod state;
mod token;
mod traces;
mod transport;

use std::net::SocketAddr;
use std::num::NonZeroUsize;

pub(crate) use scheme::preset as preset_named;

use super::advice;
use super::environment::{Environment, Role};
use super::guard::{GuardConfig, LogConfig, SourceConfig};
use super::problems::{Problems, Remark, Report};
use super::raw::{GuardArgs, ListeningArgs, ProcessArgs};
use super::values::{ControlAddress, number, socket_address, word};
use crate::clock::UnixTime;

impl GuardConfig {
    /// Reads and checks everything, the files too, without listening or
    /// connecting anywhere. Gives what a guard can run on and what is worth
    /// knowing about it `now`, or everything that is wrong.
    pub fn from_args(
        args: &GuardArgs,
        environment: &Environment,
        now: UnixTime,
    ) -> Result<(Self, Vec<Remark>), Problems> {
        let mut report = Report::default();
        let config = build(args, environment, &mut report);
        let (config, mut remarks) = report.conclude(config)?;
        remarks.extend(environment.unknown(Role::Guard, GuardArgs::names().iter().map(String::as_str)));
        remarks.extend(advice::on(&config, now));
        Ok((config, remarks))
    }

    /// What is wrong with `args` where the files below `unseen` are elsewhere.
    pub(in crate::config) fn problems_without_files(args: &GuardArgs, unseen: &str) -> Option<Problems> {
        let mut report = Report::without_files(unseen);
        let config = build(args, &Environment::empty(), &mut report);
        report.conclude(config).err()
    }
}

fn build(args: &GuardArgs, environment: &Environment, report: &mut Report) -> Option<GuardConfig> {
    if args.file.as_ref().is_some_and(|file| file.is_unreadable(report)) {
        return None;
    }
    let places = places(&args.listening, report);
    let source_cas = sources::client_cas(args);
    let transport = transport::read(&args.listening.plain, &args.tls, &source_cas, report);
    let front = front::read(&args.front, report);
    let bounds = bounds::read(&args.limits, report);
    let sources = sources::read(args, environment, report);
    let ledger = ledger::read(&args.ledger, &args.state, environment, report);
    let capture = capture::read(&args.capture, args.ledger.state_dir.as_deref(), report);
    let traces = traces::read(&args.traces, report);
    let threads = threads(args.process.threads.as_deref(), report);
    let log = log(&args.process, report);
    let (listen, admin_listen, control) = places?;
    let (bounds, sources) = (bounds?, sources?);
    for SourceConfig { name, body_bytes_max, .. } in &sources {
        let text = &args.limits.body_budget;
        bounds::fits(*body_bytes_max, &format!("source {name:?}"), bounds.memory_bytes, text, report);
    }
    Some(GuardConfig {
        listen,
        admin_listen,
        control,
        transport: transport?,
        front: front?,
        sources,
        bounds,
        ledger: ledger?,
        capture: capture?,
        traces: traces?,
        threads: threads?,
        log: log?,
        files: std::mem::take(&mut report.files),
    })
}

/// Where a guard listens: deliveries, the admin port, the control socket.
type Places = (SocketAddr, SocketAddr, Option<ControlAddress>);

fn places(args: &ListeningArgs, report: &mut Report) -> Option<Places> {
    let addresses = listening(&args.listen, &args.admin_listen, report);
    let control = args.control_socket.as_deref();
    let control_address = report.read_optional("--control-socket", control, str::parse::<ControlAddress>);
    let ((address, admin_address), control_address) = (addresses?, control_address?);
    if let (Some(ControlAddress::Loopback(own)), Some(text)) = (&control_address, control)
        && [address, admin_address].contains(own)
        && own.port() != 0
    {
        report.wrong("--control-socket", text, "is also --listen or --admin-listen: it must be another one");
    }
    Some((address, admin_address, control_address))
}

fn listening(listen: &str, admin: &str, report: &mut Report) -> Option<(SocketAddr, SocketAddr)> {
    let address = report.read("--listen", listen, socket_address);
    let admin_address = report.read("--admin-listen", admin, socket_address);
    let (address, admin_address) = (address?, admin_address?);
    if address == admin_address && address.port() != 0 {
        report.wrong("--admin-listen", admin, "is also --listen: the admin port must be another one");
    }
    Some((address, admin_address))
}

fn threads(text: Option<&str>, report: &mut Report) -> Option<NonZeroUsize> {
    let given = report.read_optional("--threads", text, |text| number(text, 1..=THREADS_MAX))?;
    let available = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    Some(given.and_then(|threads| NonZeroUsize::new(threads as usize)).unwrap_or_else(available))
}

fn log(args: &ProcessArgs, report: &mut Report) -> Option<LogConfig> {
    let format = report.read("--log-format", &args.log_format, word);
    let level = report.read("--log-level", &args.log_level, word);
    Some(LogConfig { format: format?, level: level? })
}

const THREADS_MAX: u32 = 1024;
