//! A source at work: its configuration and what is made from it once, so that
//! no delivery has to make it again.

use http::HeaderValue;

use crate::config::{Policies, SourceConfig};
use crate::guard::allow_list::AllowList;
use crate::guard::routes;
use crate::ledger::{Class, Memory, SourceIndex};
use crate::limits::RateLimiter;
use crate::schemes::Policy;

/// One source.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) config: SourceConfig,
    /// Its place among the sources of the process.
    pub(crate) index: SourceIndex,
    pub(crate) allow: AllowList,
    /// The budget that only verified deliveries can spend.
    pub(crate) rate: Option<RateLimiter>,
    /// How long the ledger remembers its deliveries.
    pub(crate) memory: Memory,
    /// `Countersign-Source`.
    pub(crate) name_value: HeaderValue,
    /// `Countersign-Scheme`.
    pub(crate) scheme_value: HeaderValue,
    /// `Allow` of a 405.
    pub(crate) allow_value: HeaderValue,
}

impl Source {
    pub(crate) fn new(index: SourceIndex, config: SourceConfig) -> Self {
        let scheme = config.scheme.preset();
        Self {
            index,
            allow: AllowList::new(&config.allow),
            rate: config.rate.map(|rate| RateLimiter::new("source", rate)),
            memory: memory(&config),
            name_value: HeaderValue::from_str(&config.name)
                .expect("the configuration admits only source names that are field values"),
            scheme_value: HeaderValue::from_static(scheme.name),
            allow_value: routes::allow(&config.methods),
            config,
        }
    }

    /// What a copy of an accepted delivery gets.
    pub(crate) fn policy(&self, class: Class) -> Policy {
        let Policies { replay, retry, redelivery } = self.config.policies;
        match class {
            Class::Replay => replay,
            Class::Retry => retry,
            Class::Redelivery => redelivery,
        }
    }
}

/// Signed ids are remembered for the dedupe window. Without one, a signed time
/// bounds the memory by itself; without that either, the preset says how long.
fn memory(config: &SourceConfig) -> Memory {
    let tolerance = config.scheme.fresh_for();
    let window = match (config.scheme.signs_id(), tolerance) {
        (true, _) => config.dedupe_window,
        (false, Some(_)) => std::time::Duration::ZERO,
        (false, None) => config.content_window,
    };
    Memory { tolerance, window }
}
