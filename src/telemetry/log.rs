//! The operational log: what happens besides deliveries.

use std::io;
use std::thread;
use std::time::Duration;

use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::config::{LogConfig, LogFormat};
use crate::telemetry::log_sink::LogSink;

/// Starts the log of the process, once: `tracing` events and the lines of
/// deliveries, to standard output. An error says that it was started before,
/// or that the system gave no thread.
pub(crate) fn init(config: &LogConfig) -> io::Result<()> {
    let events = fmt::layer().with_ansi(false).with_writer(LogSink::stdout);
    let events = match config.format {
        LogFormat::Json => events.json().flatten_event(true).boxed(),
        LogFormat::Text => events.boxed(),
    };
    let registry = tracing_subscriber::registry().with(events.with_filter(filter(config.level)));
    registry.try_init().map_err(io::Error::other)?;
    write_to(io::stdout())
}

/// Writes what is logged to `output` for the rest of the process's life, on a
/// thread of its own. Without it lines gather until there is no room for them.
pub fn write_to(output: impl io::Write + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name("log".to_owned()).spawn(|| LogSink::stdout().run(output))?;
    Ok(())
}

/// Writes out what has been logged. The last thing a process does.
pub(crate) fn flush() {
    LogSink::stdout().flush(FLUSH_PATIENCE);
}

/// Our own events at `level`; those of libraries only when they are warnings:
/// below that they speak of what they parse, and that may be a secret.
fn filter(level: LevelFilter) -> Targets {
    Targets::new().with_target(env!("CARGO_PKG_NAME"), level).with_default(level.min(LevelFilter::WARN))
}

/// Whether lines of deliveries are wanted: they count as [`Level::INFO`].
pub(super) fn wants_deliveries(config: &LogConfig) -> bool {
    config.level >= Level::INFO
}

/// Several times what the thread of the log needs, with a reader that reads.
const FLUSH_PATIENCE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_heard_only_when_they_warn() {
        for (level, own, others) in [
            (LevelFilter::TRACE, Level::TRACE, Level::WARN),
            (LevelFilter::INFO, Level::INFO, Level::WARN),
            (LevelFilter::ERROR, Level::ERROR, Level::ERROR),
        ] {
            let filter = filter(level);
            for asked in [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE] {
                assert_eq!(
                    filter.would_enable("countersign::guard", &asked),
                    asked <= own,
                    "{level} {asked}"
                );
                assert_eq!(filter.would_enable("h2::proto", &asked), asked <= others, "{level} {asked}");
            }
        }
    }

    #[test]
    fn deliveries_are_logged_from_info_on() {
        let wants = |level| wants_deliveries(&LogConfig { format: LogFormat::Json, level });
        assert!(wants(LevelFilter::DEBUG) && wants(LevelFilter::INFO));
        assert!(!wants(LevelFilter::WARN) && !wants(LevelFilter::OFF));
    }
}
