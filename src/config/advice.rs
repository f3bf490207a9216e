//! What is legal but unwise, or worth knowing before it surprises.

use std::slice;
use std::time::Duration;

use super::engine::{EngineConfig, FileEngineConfig, Fsync, OnStateLoss, RedisConfig, RedisServers};
use super::guard::{
    BootFence, ClientAuth, ClientTrust, GuardConfig, LedgerConfig, SourceConfig, TlsVersion, Transport,
};
use super::problems::Remark;
use super::signer::SignerConfig;
use super::values::{Authority, Host, Protection, Span};

/// Remarks on a configuration that works.
pub(super) fn on(config: &GuardConfig) -> Vec<Remark> {
    let mut remarks = Vec::new();
    match &config.transport {
        Transport::Plain if !config.listen.ip().is_loopback() => remarks.push(Remark::warning(
            "--plain",
            format!("on {}: whoever is on the network can read and hold back deliveries", config.listen),
        )),
        Transport::Plain => {}
        Transport::Tls(tls) => {
            if tls.min_version == TlsVersion::V1_2 {
                remarks.push(Remark::warning("--tls-min", "1.2: no sender that is kept up needs it"));
            }
            if let ClientAuth::Required(trust) | ClientAuth::Optional(trust) = &tls.client_auth {
                remarks.extend(on_trust(trust));
            }
            remarks
                .extend(config.sources.iter().filter_map(|source| on_identities(&tls.client_auth, source)));
        }
    }
    remarks.extend(on_fence(&config.ledger));
    if !config.admin_listen.ip().is_loopback() {
        remarks.push(on_admin());
    }
    if let EngineConfig::Redis(redis) = &config.ledger.engine {
        remarks.extend(on_redis(redis));
    }
    remarks.extend(config.sources.iter().filter_map(|source| on_source(&config.ledger.engine, source)));
    remarks
}

fn on_redis(redis: &RedisConfig) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let servers = match &redis.servers {
        RedisServers::Single(server) => slice::from_ref(server),
        RedisServers::Sentinel { sentinels: servers, .. } | RedisServers::Cluster(servers) => servers,
    };
    if redis.tls.is_none() && !servers.iter().all(is_loopback) {
        remarks.push(Remark::warning(
            "--state",
            "without TLS: whoever is on the way to Redis can read the password and let replays through",
        ));
    }
    if redis.password.is_none() {
        remarks.push(Remark::warning(
            "--state-password-file",
            "is not given: whoever reaches Redis can let replays through",
        ));
    }
    if redis.on_loss == OnStateLoss::Local {
        remarks.push(Remark::warning(
            "--on-state-loss",
            "local: while Redis is away, a delivery may reach the app once for each guard",
        ));
    }
    remarks
}

fn is_loopback(server: &Authority) -> bool {
    matches!(server.host(), Host::Address(address) if address.is_loopback())
}

/// Remarks on a signer that works.
pub(super) fn on_signer(config: &SignerConfig) -> Vec<Remark> {
    let mut remarks = Vec::new();
    if !config.listen.ip().is_loopback() {
        remarks.push(Remark::warning(
            "--listen",
            format!("on {}: whoever reaches it can have webhooks signed in your name", config.listen),
        ));
    }
    if !config.admin_listen.ip().is_loopback() {
        remarks.push(on_admin());
    }
    for endpoint in &config.endpoints {
        if endpoint.egress.destination.protection() == Protection::Plain {
            remarks.push(Remark::warning(
                "--endpoint",
                format!("{}: whoever is on the way can read deliveries", endpoint.egress.destination),
            ));
        }
        if endpoint.egress.tls.min_version == TlsVersion::V1_2 {
            remarks.push(Remark::warning("--tls-min", "1.2: no consumer that is kept up needs it"));
        }
        if endpoint.egress.allow.iter().any(|network| network.prefix_len() == 0) {
            remarks.push(Remark::warning(
                "--allow-destination",
                "lets every address of a family be connected to, those of this machine and of the cloud's \
                 metadata among them",
            ));
        }
    }
    remarks
}

fn on_admin() -> Remark {
    Remark::note("--admin-listen", "is not a loopback address: metrics are open to the network")
}

fn on_fence(ledger: &LedgerConfig) -> Option<Remark> {
    let replayed = match &ledger.engine {
        _ if ledger.boot_fence == BootFence::On => return None,
        EngineConfig::Memory => "off: what was accepted before a restart can be replayed after it",
        EngineConfig::File(FileEngineConfig { fsync: Fsync::Interval, .. }) => {
            "off: what was accepted just before the machine lost power can be replayed after it"
        }
        EngineConfig::File(FileEngineConfig { fsync: Fsync::Always, .. }) => return None,
        EngineConfig::Redis(_) => "off: what Redis lost in a restart or a failover can be replayed after it",
    };
    Some(Remark::warning("--boot-fence", replayed))
}

fn on_trust(trust: &ClientTrust) -> Option<Remark> {
    trust.crls.is_empty().then(|| {
        Remark::warning(
            "--client-crl",
            "is not given: a client certificate that leaked stays good until it expires",
        )
    })
}

fn on_identities(auth: &ClientAuth, source: &SourceConfig) -> Option<Remark> {
    let anyone = source.identities.is_empty() && !matches!(auth, ClientAuth::Off);
    anyone.then(|| {
        Remark::note("--client-identity", "is not given: every certificate of the client CA will do")
    })
}

fn on_source(engine: &EngineConfig, source: &SourceConfig) -> Option<Remark> {
    let Some(tolerance) = source.scheme.tolerance() else {
        let scheme = source.scheme.preset().name;
        return (*engine == EngineConfig::Memory).then(|| {
            Remark::warning(
                "--scheme",
                format!(
                    "{scheme}: signs no time, and the ledger is in memory: what was accepted can be replayed after \
                     a restart; --state-dir or --state keeps it"
                ),
            )
        });
    };
    (tolerance > TOLERANCE_WISE_MAX).then(|| {
        Remark::warning(
            "--tolerance",
            format!(
                "{}: a sender's clock is never that wrong, and the ledger has to remember that long",
                Span(tolerance)
            ),
        )
    })
}

const TOLERANCE_WISE_MAX: Duration = Duration::from_secs(3600);
