//! A source at work: its configuration and what is made from it once, so that
//! no delivery has to make it again.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Method};

use crate::config::{HandshakeConfig, Mode, Policies, SourceConfig};
use crate::guard::accept::SourceTrust;
use crate::guard::allow_list::AllowList;
use crate::guard::issuer::Issuer;
use crate::guard::refused_addresses::RefusedAddresses;
use crate::guard::rejection::RefusalForm;
use crate::guard::rotation::Uses;
use crate::guard::routes;
use crate::guard::tripwire::Tripwire;
use crate::guard::way::Way;
use crate::ledger::{Class, Memory, SourceIndex};
use crate::limits::RateLimiter;
use crate::schemes::{Policy, Scheme};
use crate::telemetry::{LeakCounter, Named};

/// What a source has that a reload does not replace unless its own setting
/// changed.
#[derive(Debug)]
pub(crate) struct Lasting {
    pub(crate) rate: Option<Arc<RateLimiter>>,
    pub(crate) way: Arc<Way>,
    pub(crate) issuer: Option<Arc<Issuer>>,
    pub(crate) named: Arc<Named>,
    pub(crate) uses: Uses,
    pub(crate) trust: Option<Arc<SourceTrust>>,
    pub(crate) leaks: LeakCounter,
    pub(crate) is_captured: bool,
}

/// One source.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) config: SourceConfig,
    /// Its place among the sources of the process.
    pub(crate) index: SourceIndex,
    pub(crate) allow: AllowList,
    /// Who alone vouches for its clients, where it is not every trusted CA.
    pub(crate) trust: Option<Arc<SourceTrust>>,
    pub(crate) refused: RefusedAddresses,
    /// The budget that only verified deliveries can spend.
    pub(crate) rate: Option<Arc<RateLimiter>>,
    /// Connections to its app, by worker.
    pub(crate) way: Arc<Way>,
    /// Who publishes the keys of its tokens, where someone does.
    pub(crate) issuer: Option<Arc<Issuer>>,
    /// What is counted of it.
    pub(crate) named: Arc<Named>,
    /// What each of its secrets has verified.
    pub(crate) uses: Uses,
    /// What finds its secrets where they do not belong, and counts them.
    pub(crate) tripwire: Tripwire,
    pub(crate) leaks: LeakCounter,
    /// Whether captures are kept of what it refuses.
    pub(crate) is_captured: bool,
    /// How long the ledger remembers its deliveries.
    pub(crate) memory: Memory,
    /// `Countersign-Source`.
    pub(crate) name_value: HeaderValue,
    /// `Countersign-Scheme`.
    pub(crate) scheme_value: HeaderValue,
    /// `WWW-Authenticate` of a 401.
    pub(crate) challenge_value: HeaderValue,
    /// `Allow` of a 405.
    pub(crate) allow_value: HeaderValue,
}

impl Source {
    /// A source at the ledger's place `index`, over what outlives a reload.
    pub(crate) fn new(index: SourceIndex, config: SourceConfig, lasting: Lasting) -> Self {
        let listed = |of: fn(&Scheme) -> &str| config.demand.iter().map(of).collect::<Vec<_>>().join(", ");
        let (names, challenges) = (listed(|scheme| scheme.preset().name), listed(Scheme::challenge));
        let Lasting { rate, way, issuer, named, uses, trust, leaks, is_captured } = lasting;
        Self {
            index,
            trust,
            rate,
            way,
            issuer,
            named,
            uses,
            allow: AllowList::new(&config.allow),
            tripwire: Tripwire::new(&config.secrets),
            leaks,
            is_captured,
            refused: RefusedAddresses::default(),
            memory: memory(&config),
            name_value: HeaderValue::from_str(&config.name)
                .expect("the configuration admits only source names that are field values"),
            scheme_value: HeaderValue::from_str(&names).expect("names of presets are plain"),
            challenge_value: HeaderValue::from_str(&challenges).expect("challenges are plain"),
            allow_value: routes::allow(&config),
            config,
        }
    }

    /// Whether a request with this method may be for it: a delivery, or what its
    /// provider sets the webhook up with.
    pub(crate) fn takes(&self, method: &Method) -> bool {
        let asks = |handshake: &HandshakeConfig| handshake.responder.handshake().method() == *method;
        self.config.methods.contains(method) || self.config.handshake.as_ref().is_some_and(asks)
    }

    /// Whether what it refuses is forwarded all the same.
    pub(crate) fn observes(&self) -> bool {
        self.config.mode == Mode::Observe
    }

    /// How its refusals are written.
    pub(crate) fn refusals(&self) -> RefusalForm {
        let wants = |handshake: &HandshakeConfig| handshake.responder.handshake().wants_bare_refusals();
        RefusalForm {
            challenge: self.challenge_value.clone(),
            bare: self.config.handshake.as_ref().is_some_and(wants),
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

/// Without anything that names a delivery there is nothing to remember.
fn memory(config: &SourceConfig) -> Memory {
    let Some(scheme) = config.demand.naming() else {
        return Memory { tolerance: None, window: Duration::ZERO };
    };
    Memory { tolerance: scheme.fresh_for(), window: config.window(scheme) }
}
