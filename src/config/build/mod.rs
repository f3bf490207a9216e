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
mod ledger;
mod row;
mod scheme;
mod scrutiny;
mod secret;
mod signer;
mod source;
mod sources;
mod state;
mod token;
mod traces;
mod transport;

use std::net::SocketAddr;
use std::num::NonZeroUsize;

pub(crate) use scheme::preset as preset_named;

use super::advice;
use super::environment::{Environment, Role};
use super::guard::{GuardConfig, LogConfig};
use super::problems::{Problems, Remark, Report};
use super::raw::{GuardArgs, ProcessArgs};
use super::values::{number, socket_address, word};

impl GuardConfig {
    /// Reads and checks everything, the files too, without listening or
    /// connecting anywhere. Gives what a guard can run on and what is worth
    /// knowing about it, or everything that is wrong.
    pub fn from_args(args: &GuardArgs, environment: &Environment) -> Result<(Self, Vec<Remark>), Problems> {
        let mut report = Report::default();
        let config = build(args, environment, &mut report);
        let (config, mut remarks) = report.conclude(config)?;
        remarks.extend(environment.unknown(Role::Guard, GuardArgs::names().iter().map(String::as_str)));
        remarks.extend(advice::on(&config));
        Ok((config, remarks))
    }
}

fn build(args: &GuardArgs, environment: &Environment, report: &mut Report) -> Option<GuardConfig> {
    if args.file.as_ref().is_some_and(|file| file.is_unreadable(report)) {
        return None;
    }
    let listening = listening(&args.listening.listen, &args.listening.admin_listen, report);
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
    let (listen, admin_listen) = listening?;
    Some(GuardConfig {
        listen,
        admin_listen,
        transport: transport?,
        front: front?,
        sources: sources?,
        bounds: bounds?,
        ledger: ledger?,
        capture: capture?,
        traces: traces?,
        threads: threads?,
        log: log?,
        files: std::mem::take(&mut report.files),
    })
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
