//! What a reload replaces, all of it at once: the sources, the ways that lead
//! to them, and TLS.
//!
//! What must outlive a reload is not here: the ledger, the limits on strangers
//! and the counters are the [`Guard`]'s, and a source
//! takes over from its predecessor what did not change
//! ([`Lasting`]).

use std::path::PathBuf;
use std::sync::Arc;

use crate::config::{ClientAuth, IssuerConfig, Mode, SourceConfig, TlsConfig, Transport};
use crate::guard::accept::SourceTrust;
use crate::guard::accept::tls::{self, ServerTls};
use crate::guard::issuer::Issuer;
use crate::guard::rejection::Rejection;
use crate::guard::rotation::Uses;
use crate::guard::routes::Routes;
use crate::guard::source::{Lasting, Source};
use crate::guard::start::StartError;
use crate::guard::state::Guard;
use crate::guard::way::{Address, Way};
use crate::ledger::{Ledger as _, SourceTag};
use crate::limits::RateLimiter;

/// The configuration in force.
#[derive(Default)]
pub(crate) struct InForce {
    pub(crate) routes: Routes,
    pub(crate) sources: Vec<Arc<Source>>,
    /// `None` where connections are plain.
    pub(crate) tls: Option<Arc<ServerTls>>,
    /// Counts changes of trust in client certificates.
    pub(crate) trust: u64,
}

impl InForce {
    /// What `sources` and `transport` make for `guard`, whose files are read
    /// here. What is the same as in `before` is taken from there.
    pub(crate) fn new(
        guard: &Guard,
        sources: Vec<SourceConfig>,
        transport: &Transport,
        before: &Self,
    ) -> Result<Self, StartError> {
        let tls = before.tls(transport)?;
        let changed = tls.as_ref().map(|tls| tls.trust) != before.tls.as_ref().map(|tls| tls.trust);
        let crls = crls(transport);
        let mut ways: Vec<Arc<Way>> = before.sources.iter().map(|source| Arc::clone(&source.way)).collect();
        let mut issuers: Vec<Arc<Issuer>> = before.issuers().map(Arc::clone).collect();
        let sources = sources.into_iter().map(|config| {
            let trust = before.source_trust(&config, crls, changed)?;
            before.source(guard, config, trust, &mut ways, &mut issuers)
        });
        let sources: Vec<Arc<Source>> = sources.collect::<Result<_, _>>()?;
        let trust = before.trust + u64::from(changed);
        Ok(Self { routes: Routes::new(&sources), sources, tls, trust })
    }

    /// Who publishes the keys of tokens, of all sources.
    pub(crate) fn issuers(&self) -> impl Iterator<Item = &Arc<Issuer>> {
        self.sources.iter().filter_map(|source| source.issuer.as_ref())
    }

    /// Tickets and connections keep their worth where no file changed.
    fn tls(&self, transport: &Transport) -> Result<Option<Arc<ServerTls>>, StartError> {
        let Transport::Tls(files) = transport else { return Ok(None) };
        let read = tls::server_tls(files)?;
        let same = self.tls.as_ref().filter(|before| before.material == read.material);
        Ok(Some(same.map_or_else(|| Arc::new(read), Arc::clone)))
    }

    /// Its predecessor's, while nothing of trust has `changed`: connections know
    /// it.
    fn source_trust(
        &self,
        config: &SourceConfig,
        crls: &[PathBuf],
        changed: bool,
    ) -> Result<Option<Arc<SourceTrust>>, StartError> {
        let Some(ca) = &config.client_ca else { return Ok(None) };
        let same = |source: &&Arc<Source>| !changed && source.config.client_ca.as_ref() == Some(ca);
        if let Some(before) = self.sources.iter().find(same) {
            return Ok(before.trust.clone());
        }
        let verifier = tls::verifier(std::slice::from_ref(ca), crls, false)?;
        Ok(Some(Arc::new(SourceTrust::new(verifier))))
    }

    fn source(
        &self,
        guard: &Guard,
        config: SourceConfig,
        trust: Option<Arc<SourceTrust>>,
        ways: &mut Vec<Arc<Way>>,
        issuers: &mut Vec<Arc<Issuer>>,
    ) -> Result<Arc<Source>, StartError> {
        let index = guard
            .ledger
            .place(SourceTag::new(&config.ledger_id))
            .ok_or_else(|| StartError::TooManySources { name: config.name.clone() })?;
        let before = self.sources.iter().find(|source| source.index == index);
        let rate =
            before.filter(|before| before.config.rate == config.rate).map(|before| before.rate.clone());
        let rate = rate.unwrap_or_else(|| config.rate.map(|rate| Arc::new(RateLimiter::new("source", rate))));
        let secrets = config.demand.first().secret_count();
        let named_before = before.map(|before| &*before.named);
        let named = guard.telemetry.metrics.named(&config.name, secrets, named_before);
        if config.mode == Mode::Observe {
            let codes = Rejection::all().filter(|rejection| rejection.may_be_observed()).map(Rejection::code);
            guard.observed_metrics.begin(&config.name, codes);
        }
        let issuer = config.issuer.as_ref().map(|config| issuer(config, issuers));
        let (named, leaks) = (Arc::new(named), guard.leak_metrics.of(&config.name));
        let uses = Uses::new(&config.slots, before.map(Arc::as_ref));
        let is_captured = guard.captures.is_some();
        let way = way(guard, &config, ways)?;
        let lasting = Lasting { rate, way, issuer, named, uses, trust, leaks, is_captured };
        Ok(Arc::new(Source::new(index, config, lasting)))
    }
}

fn crls(transport: &Transport) -> &[PathBuf] {
    match transport {
        Transport::Tls(TlsConfig {
            client_auth: ClientAuth::Required(trust) | ClientAuth::Optional(trust),
            ..
        }) => &trust.crls,
        Transport::Tls(_) | Transport::Plain => &[],
    }
}

/// The issuer of `config`: one of `issuers` with the keys that it has, or a new
/// one among them.
fn issuer(config: &IssuerConfig, issuers: &mut Vec<Arc<Issuer>>) -> Arc<Issuer> {
    if let Some(issuer) = issuers.iter().find(|issuer| issuer.config() == config) {
        return Arc::clone(issuer);
    }
    let issuer = Arc::new(Issuer::new(config.clone()));
    issuers.push(Arc::clone(&issuer));
    issuer
}

/// The way to the app of `source`: one of `ways`, or a new one among them.
fn way(guard: &Guard, source: &SourceConfig, ways: &mut Vec<Arc<Way>>) -> Result<Arc<Way>, StartError> {
    let failed = |error| StartError::Upstream { name: source.name.clone(), source: error };
    let address = Address::of(source, guard.bounds.connect_timeout).map_err(|error| failed(error.into()))?;
    if let Some(way) = ways.iter().find(|way| *way.address() == address) {
        return Ok(Arc::clone(way));
    }
    let way = Arc::new(Way::new(address, guard.workers).map_err(failed)?);
    ways.push(Arc::clone(&way));
    Ok(way)
}
