//! What every role's subcommand does in the same way: configure, run until a
//! signal, drain.

use std::error::Error;
use std::fmt;
use std::future;
use std::io;
use std::iter;
use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

use super::reload::Reloading;
use super::{WRONG, say};
use crate::config::{LogConfig, Remark, Role};
use crate::service::Running;
use crate::telemetry;

/// The trusted configuration, with its remarks on standard error; or all of its
/// problems there, and the exit code.
pub(super) fn configured<T>(
    role: Role,
    read: Result<(T, Vec<Remark>), impl fmt::Display>,
) -> Result<T, ExitCode> {
    let mut stderr = io::stderr().lock();
    match read {
        Ok((config, remarks)) => {
            for remark in remarks {
                say(&mut stderr, remark);
            }
            Ok(config)
        }
        Err(problems) => {
            drop(stderr);
            Err(wrong(role, problems.to_string().trim_end()))
        }
    }
}

/// Shows what is wrong with a configuration, and gives the exit code.
pub(super) fn wrong(role: Role, problems: &str) -> ExitCode {
    let mut stderr = io::stderr().lock();
    say(&mut stderr, "countersign: the configuration is wrong; nothing was started");
    say(&mut stderr, problems);
    say(&mut stderr, format_args!("`countersign {} --help` describes every setting.", role.name()));
    ExitCode::from(WRONG)
}

/// A role that is up.
pub(super) struct Up {
    pub(super) running: Running,
    /// How it takes another configuration, where it can.
    pub(super) reloading: Option<Reloading>,
}

/// Starts the log, does what `start` does, and keeps the role up until SIGTERM
/// or SIGINT; then drains.
#[tokio::main(flavor = "current_thread")]
pub(super) async fn run_until_signal<F>(role: Role, log: &LogConfig, start: impl FnOnce() -> F) -> ExitCode
where
    F: Future<Output = Result<Up, Box<dyn Error>>>,
{
    let outcome = up_and_down(role, log, start).await;
    telemetry::flush();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let (name, chain) = (role.name(), chain(error.as_ref()));
            say(&mut io::stderr(), format_args!("countersign {name}: {chain}"));
            ExitCode::FAILURE
        }
    }
}

async fn up_and_down<F>(role: Role, log: &LogConfig, start: impl FnOnce() -> F) -> Result<(), Box<dyn Error>>
where
    F: Future<Output = Result<Up, Box<dyn Error>>>,
{
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    telemetry::init(log)?;
    let Up { running, reloading } = start().await?;
    let (listen, admin) = (running.address(), running.admin_address());
    tracing::info!(%listen, %admin, version = env!("CARGO_PKG_VERSION"), "the {} is up", role.name());
    let watch = async {
        match reloading {
            Some(reloading) => reloading.watch().await,
            None => future::pending().await,
        }
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        Err(error) = watch => return Err(error.into()),
    }
    tracing::info!("stopping: in-flight deliveries finish first");
    running.stop()?;
    Ok(())
}

/// The error with what caused it, on one line.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let levels = iter::successors(Some(error), |error| (*error).source());
    levels.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
