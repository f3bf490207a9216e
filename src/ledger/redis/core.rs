//! What callers and the keeper share, and where the ledger stands.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use arc_swap::ArcSwap;

use super::keys::SourceKeys;
use super::link::Link;
use super::scripts::{Rules, Scripts};
use super::unsettled::Unsettled;
use crate::clock::Clock;
use crate::config::{OnStateLoss, OnUnknown, RedisConfig};
use crate::ledger::{
    Ledger as _, LedgerOptions, MemoryLedger, SOURCES_MAX, SourceIndex, SourceTag, Standing,
};

/// Shared by everyone who asks this ledger.
pub(super) struct Core {
    pub(super) config: RedisConfig,
    pub(super) link: Link,
    pub(super) scripts: Scripts,
    /// By source index. Grows with reloads.
    sources: ArcSwap<Vec<Arc<SourceKeys>>>,
    pub(super) rules: Rules,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) unsettled: Unsettled,
    standing: AtomicU8,
    /// Deliveries were accepted without Redis.
    missed: AtomicBool,
    /// What stands in while Redis is away, where that was asked for.
    local: Option<MemoryLedger>,
}

impl Core {
    pub(super) fn new(config: RedisConfig, options: &LedgerOptions, clock: Arc<dyn Clock>) -> Self {
        let local = || MemoryLedger::new(options, Arc::clone(&clock));
        Self {
            link: Link::new(config.deadline),
            scripts: Scripts::new(),
            sources: ArcSwap::from_pointee(
                options.sources.iter().map(|tag| Arc::new(SourceKeys::new(&config.prefix, *tag))).collect(),
            ),
            rules: Rules {
                hold: options.on_unknown == OnUnknown::Hold,
                fence: options.boot_fence.is_some(),
                clock_skew_max_millis: config
                    .clock_skew_max
                    .map(|most| u64::try_from(most.as_millis()).unwrap_or(u64::MAX)),
            },
            unsettled: Unsettled::default(),
            standing: AtomicU8::new(AWAY),
            missed: AtomicBool::new(false),
            local: (config.on_loss == OnStateLoss::Local).then(local),
            config,
            clock,
        }
    }

    /// The keys of the source at a place that was given out.
    pub(super) fn keys(&self, index: SourceIndex) -> Option<Arc<SourceKeys>> {
        self.sources.load().get(index.0 as usize).cloned()
    }

    /// Those of every source.
    pub(super) fn all_keys(&self) -> Arc<Vec<Arc<SourceKeys>>> {
        self.sources.load_full()
    }

    /// The place of a source. Where Redis knows nothing of a new one, its first
    /// claim begins its memory.
    pub(super) fn place(&self, tag: SourceTag) -> Option<SourceIndex> {
        // The node's own ledger has the same places.
        let of_local = self.local.as_ref().map(|local| local.place(tag));
        let find = |list: &[Arc<SourceKeys>]| list.iter().position(|keys| keys.tag == tag);
        self.sources.rcu(|list| match find(list) {
            Some(_) => Arc::clone(list),
            None if list.len() >= SOURCES_MAX as usize => Arc::clone(list),
            None => {
                let new = Arc::new(SourceKeys::new(&self.config.prefix, tag));
                Arc::new(list.iter().cloned().chain([new]).collect())
            }
        });
        let index = u32::try_from(find(&self.sources.load())?).ok().map(SourceIndex);
        debug_assert!(of_local.is_none_or(|of_local| of_local == index), "both grow by the same calls");
        index
    }

    /// The node's own ledger, while it stands in.
    pub(super) fn stand_in_ledger(&self) -> Option<&MemoryLedger> {
        self.local.as_ref().filter(|_| self.standing.load(Ordering::Acquire) == LOCAL)
    }

    /// The node's own ledger, whoever is asked at this moment.
    pub(super) fn local(&self) -> Option<&MemoryLedger> {
        self.local.as_ref()
    }

    pub(super) fn standing(&self) -> Standing {
        match self.standing.load(Ordering::Acquire) {
            SHARED if self.link.is_up() => Standing::Whole,
            LOCAL => Standing::Fallback,
            _ => Standing::Away,
        }
    }

    /// There is a connection, and memory has begun.
    pub(super) fn connected(&self) {
        self.missed.store(false, Ordering::Release);
        self.standing.store(SHARED, Ordering::Release);
        tracing::info!(state = %self.config.servers, "the ledger in Redis can be asked");
    }

    /// The connection is gone, or could not be made. Said once.
    pub(super) fn lost(&self, reason: &str) {
        if self.standing.compare_exchange(SHARED, AWAY, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            tracing::error!(state = %self.config.servers, reason, "the ledger in Redis cannot be asked");
        }
    }

    /// Redis stays away.
    pub(super) fn stand_in(&self) {
        let Some(local) = &self.local else { return };
        if self.standing.load(Ordering::Acquire) == AWAY {
            if self.rules.fence {
                // What Redis knows of was signed before, and is not known here.
                local.fence(self.clock.now());
            }
            self.missed.store(true, Ordering::Release);
            self.standing.store(LOCAL, Ordering::Release);
            tracing::error!(
                "the node's own ledger stands in for Redis: other guards do not see what it accepts"
            );
        }
    }

    /// From here on nothing is accepted without Redis. Says whether anything
    /// may have been that it does not know of.
    pub(super) fn stop_standing_in(&self) -> bool {
        self.standing.store(AWAY, Ordering::Release);
        self.missed.load(Ordering::Acquire)
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core")
            .field("config", &self.config)
            .field("standing", &self.standing)
            .finish_non_exhaustive()
    }
}

const AWAY: u8 = 0;
const SHARED: u8 = 1;
const LOCAL: u8 = 2;
