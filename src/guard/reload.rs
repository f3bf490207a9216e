//! Another configuration for a guard that is up.
//!
//! All of it or nothing: what cannot be used leaves in force what was. Nothing
//! in flight notices; a connection is closed only when its client's
//! certificate is not trusted any more, at its next request.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use crate::config::{GuardConfig, SourceConfig, Transport};
use crate::guard::accept::tls;
use crate::guard::in_force::InForce;
use crate::guard::start::StartError;
use crate::guard::state::Guard;

/// Gives a running guard another configuration.
pub struct Reload {
    guard: Arc<Guard>,
    fixed: Fixed,
}

/// Why another configuration is not taken. What was in force stays so.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// It cannot be used.
    #[error(transparent)]
    Unusable(#[from] StartError),
    /// Connections would begin otherwise than those that are open.
    #[error("turn --plain on or off: that takes a restart")]
    Transport,
}

/// The settings that only a restart changes, as `check` shows them.
#[derive(Debug)]
pub(super) struct Fixed(Vec<(&'static str, String)>);

impl Fixed {
    pub(super) fn of(config: &GuardConfig) -> Self {
        Self(config.settings_of_the_process())
    }

    /// The names of those that `config` would have otherwise.
    fn changed(&self, config: &GuardConfig) -> Vec<&'static str> {
        let asked = Self::of(config);
        let differs = |setting: &&(&'static str, String)| !self.0.contains(setting);
        let mut names: Vec<_> = asked.0.iter().filter(differs).map(|(name, _)| *name).collect();
        names.dedup();
        names
    }
}

impl Reload {
    pub(super) const fn new(guard: Arc<Guard>, fixed: Fixed) -> Self {
        Self { guard, fixed }
    }

    /// Puts the sources and the TLS of `config` in force. Gives the names of
    /// the settings that would have to change too, and take a restart.
    ///
    /// Reads files: not for a worker's own thread. One call at a time.
    pub fn apply(&self, config: GuardConfig) -> Result<Vec<&'static str>, ReloadError> {
        let after_a_restart = self.fixed.changed(&config);
        let is_plain = matches!(config.transport, Transport::Plain);
        if is_plain != self.guard.in_force.load().tls.is_none() {
            return Err(ReloadError::Transport);
        }
        let before = self.guard.in_force.load_full();
        self.put_in_force(config.sources, &config.transport, after_a_restart.clone())?;
        let now = self.guard.in_force.load_full();
        let (added, removed) = (names(&now, &before), names(&before, &now));
        tracing::info!(added, removed, "took the new configuration");
        Ok(after_a_restart)
    }

    /// Shows that what was read is of no use, with what is wrong with it, and
    /// that what was in force stays so.
    pub fn refuse(&self, problems: &[String]) {
        self.guard.reload_metrics.refused();
        self.guard.sight.reloads.refused(self.guard.clock.now(), problems);
    }

    pub(super) fn put_in_force(
        &self,
        sources: Vec<SourceConfig>,
        transport: &Transport,
        after_a_restart: Vec<&'static str>,
    ) -> Result<(), StartError> {
        let guard = &self.guard;
        let before = guard.in_force.load_full();
        let in_force = InForce::new(guard, sources, transport, &before)?;
        for (kind, ends) in in_force.tls.iter().flat_map(|tls| tls::first_ends(&tls.endings)) {
            guard.telemetry.metrics.process.set_certificate_expiry(kind, ends);
        }
        guard.in_force.store(Arc::new(in_force));
        guard.reloaded.notify_one();
        let now = guard.clock.now();
        guard.reload_metrics.taken(now);
        guard.sight.reloads.taken(now, after_a_restart);
        Ok(())
    }
}

/// The sources `of` one configuration that an `other` has not, by their names.
/// A file that was cut off while somebody wrote it has fewer.
fn names(of: &InForce, other: &InForce) -> Option<String> {
    let others: HashSet<&str> = other.sources.iter().map(|source| source.config.name.as_str()).collect();
    let names = of.sources.iter().map(|source| source.config.name.as_str());
    let names: Vec<&str> = names.filter(|name| !others.contains(name)).collect();
    let more = names.len().saturating_sub(NAMES_SHOWN);
    match (names.len(), more) {
        (0, _) => None,
        (_, 0) => Some(names.join(", ")),
        _ => Some(format!("{}, and {more} more", names[..NAMES_SHOWN].join(", "))),
    }
}

const NAMES_SHOWN: usize = 20;

impl fmt::Debug for Reload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reload").field("fixed", &self.fixed).finish_non_exhaustive()
    }
}
