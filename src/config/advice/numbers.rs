//! Numbers of a configuration that do not go together, reckoned before
//! traffic does it.

use std::time::Duration;

use super::super::engine::EngineConfig;
use super::super::guard::{GuardConfig, SourceConfig};
use super::super::problems::Remark;
use super::super::values::Span;

/// A note only: what the app accepts late is remembered, so that the
/// provider's retry is answered as a copy.
pub(super) fn on_deadline(source: &SourceConfig) -> Option<Remark> {
    let deadlines = source.demand.iter().filter_map(|scheme| {
        let preset = scheme.preset();
        Some((preset.defaults.answer_deadline?, preset.name))
    });
    let (deadline, scheme) = deadlines.min()?;
    (source.upstream_timeout > deadline).then(|| {
        Remark::note(
            "--upstream-timeout",
            format!(
                "{}: {scheme} waits {} for an answer, and counts as failed what the app of source {:?} accepts later",
                Span(source.upstream_timeout),
                Span(deadline),
                source.name
            ),
        )
    })
}

/// Whether what the sources' rates let through fits into the ledger. Sources
/// without a rate have no number to reckon with.
pub(super) fn on_ledger(config: &GuardConfig) -> Option<Remark> {
    if let EngineConfig::Redis(_) = config.ledger.engine {
        // Redis' own memory is the bound there.
        return None;
    }
    let entries = config.sources.iter().map(entries).fold(0, u64::saturating_add);
    (entries > config.ledger.entries_max as u64).then(|| {
        Remark::warning(
            "--ledger-max",
            format!(
                "{}: --rate-limit lets {entries} deliveries through in the time for which they are remembered ({}), \
                 and a full ledger answers 503; so many take {} MB of memory",
                config.ledger.entries_max,
                spans(&config.sources),
                entries.saturating_mul(ENTRY_BYTES).div_ceil(1_000_000)
            ),
        )
    })
}

/// As many as the source's rate lets in while the first of them is remembered.
fn entries(source: &SourceConfig) -> u64 {
    let (Some(rate), Some(span)) = (source.rate, remembered(source)) else { return 0 };
    let periods = u64::from(rate.events.get()).saturating_mul(span.as_secs()) / rate.per.as_secs().max(1);
    periods.saturating_add(u64::from(rate.burst.get()))
}

/// How long an accepted delivery is remembered: the longer of both spans, of a
/// delivery that was signed when it came.
fn remembered(source: &SourceConfig) -> Option<Duration> {
    let scheme = source.demand.naming()?;
    let span = source.window(scheme).max(scheme.fresh_for().unwrap_or_default());
    Some(Duration::from_secs(span.as_secs()))
}

/// The rate and span of each source that has both.
fn spans(sources: &[SourceConfig]) -> String {
    let of = |source: &SourceConfig| Some(format!("{} for {}", source.rate?, Span(remembered(source)?)));
    let all: Vec<_> = sources.iter().filter_map(of).collect();
    match all.split_at_checked(SHOWN_MAX) {
        Some((shown, more)) if !more.is_empty() => format!("{} and {} more", shown.join(", "), more.len()),
        _ => all.join(", "),
    }
}

/// What an entry takes, as docs/scaling.md has measured it.
const ENTRY_BYTES: u64 = 575;

/// A line has to stay one that is read.
const SHOWN_MAX: usize = 3;
