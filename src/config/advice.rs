//! What is legal but unwise, or worth knowing before it surprises.

mod certificates;
mod dates;
mod numbers;

use std::slice;
use std::time::Duration;

use ipnet::IpNet;

use super::engine::{EngineConfig, FileEngineConfig, Fsync, OnStateLoss, RedisConfig, RedisServers};
use super::guard::{
    BootFence, ClientAuth, ClientTrust, GuardConfig, LedgerConfig, Mode, SourceConfig, TlsVersion, Transport,
};
use super::problems::Remark;
use super::signer::SignerConfig;
use super::values::{Authority, ControlAddress, Host, Protection, Span};
use crate::clock::UnixTime;
use crate::schemes::{KeySource, Scheme};

/// Remarks on a configuration that works, seen from `now`.
pub(super) fn on(config: &GuardConfig, now: UnixTime) -> Vec<Remark> {
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
            remarks.extend(certificates::on_tls(tls, &config.sources, now));
            remarks
                .extend(config.sources.iter().filter_map(|source| on_identities(&tls.client_auth, source)));
        }
    }
    remarks.extend(on_front(config));
    remarks.extend(on_fence(&config.ledger));
    if !config.admin_listen.ip().is_loopback() {
        remarks.push(on_admin());
    }
    if let Some(ControlAddress::Loopback(_)) = config.control {
        remarks.push(Remark::note(
            "--control-socket",
            "is an address: every user of this machine can read it; a path keeps it to the guard's",
        ));
    }
    if let EngineConfig::Redis(redis) = &config.ledger.engine {
        remarks.extend(on_redis(redis));
    }
    remarks.extend(config.sources.iter().filter_map(on_mode));
    remarks.extend(config.sources.iter().flat_map(|source| on_source(&config.ledger.engine, source)));
    remarks.extend(config.sources.iter().flat_map(|source| dates::on_dates(source, now)));
    remarks.extend(config.sources.iter().flat_map(|source| on_tokens(&config.transport, source)));
    remarks.extend(config.sources.iter().filter_map(numbers::on_deadline));
    remarks.extend(numbers::on_ledger(config));
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

/// Remarks on the proxies in front.
fn on_front(config: &GuardConfig) -> Vec<Remark> {
    let front = &config.front;
    let mut remarks = Vec::new();
    let everybody = |networks: &[IpNet]| networks.iter().any(|network| network.prefix_len() == 0);
    for (flag, networks) in
        [("--trusted-proxy", &front.trusted_proxies), ("--proxy-protocol", &front.proxy_protocol)]
    {
        if everybody(networks) {
            remarks.push(Remark::warning(
                flag,
                "takes everybody for a proxy: whoever connects can say that he is somebody else",
            ));
        }
    }
    let in_front = || front.trusted_proxies.iter().chain(&front.proxy_protocol);
    let of_proxies = |network: &IpNet| in_front().any(|proxies| proxies.contains(network));
    for source in &config.sources {
        if let Some(network) = source.allow.iter().find(|network| of_proxies(network)) {
            remarks.push(Remark::warning(
                "--allow-ip",
                format!(
                    "{network} of source {:?} is a trusted proxy: list the addresses of senders, which the proxy tells",
                    source.name
                ),
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
    let is_anyone = |source: &SourceConfig| source.identities.is_empty() && source.client_pins.is_empty();
    let anyone = is_anyone(source) && !matches!(auth, ClientAuth::Off);
    anyone.then(|| {
        Remark::note("--client-identity", "is not given: every certificate of the client CA will do")
    })
}

fn on_mode(source: &SourceConfig) -> Option<Remark> {
    (source.mode == Mode::Observe).then(|| {
        let text = format!("observe: the app gets what source {:?} refuses, forged or not", source.name);
        Remark::warning("--mode", text)
    })
}

/// What a source is not protected from, whose schemes sign nothing of the
/// request.
fn on_source(engine: &EngineConfig, source: &SourceConfig) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let first = source.demand.first().preset().name;
    // Of a scheme whose messages say what is signed there is a remark of its own.
    let says_itself = |scheme: &Scheme| scheme.covers_body() || scheme.preset().mechanism.names_parts();
    if !source.demand.iter().any(says_itself) {
        remarks.push(Remark::warning(
            "--scheme",
            format!(
                "{first}: signs nothing of the body: whoever has seen one delivery can send any body with it; keep to TLS, \
                 name the sender's addresses or certificates, or demand a --scheme that signs it as well"
            ),
        ));
    }
    let covers_no_body = |cover: &Vec<String>| cover.iter().all(|part| !part.contains("digest"));
    if source.demand.iter().any(|scheme| scheme.cover().as_ref().is_some_and(covers_no_body)) {
        remarks.push(Remark::warning(
            "--body-digest",
            "if-signed: where a sender signs no digest of the body, whoever is on the way can change it",
        ));
    }
    match source.demand.naming() {
        None => remarks.push(Remark::warning(
            "--scheme",
            format!("{first}: names no delivery: a copy cannot be told, and is forwarded like the first"),
        )),
        Some(scheme) => remarks.extend(on_time(engine, scheme)),
    }
    remarks
}

/// What is worth knowing of tokens.
fn on_tokens(transport: &Transport, source: &SourceConfig) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let tokens = source.demand.iter().filter_map(|scheme| Some((scheme, scheme.token_requirements()?)));
    for (scheme, token) in tokens {
        if token.audiences.is_empty() && !scheme.covers_body() {
            remarks.push(Remark::warning("--audience", "any: a token for another service will do"));
        }
        if token.keys == KeySource::Issuer && token.issuer.is_none() {
            remarks.push(Remark::warning(
                "--issuer",
                "is not given: whoever shares the keys of --jwks-url can issue tokens",
            ));
        }
        let asks_certificates =
            matches!(transport, Transport::Tls(tls) if !matches!(tls.client_auth, ClientAuth::Off));
        if token.certificate_bound && !asks_certificates {
            remarks.push(Remark::warning(
                "--token-bound",
                "on: no client is asked for a certificate, so every token will be refused",
            ));
        }
    }
    remarks
}

fn on_time(engine: &EngineConfig, scheme: &Scheme) -> Option<Remark> {
    let Some(tolerance) = scheme.tolerance() else {
        let scheme = scheme.preset().name;
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
