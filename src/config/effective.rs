//! The effective configuration, as `countersign check` shows it: every setting
//! with its value, secrets by their number alone.

use std::fmt;
use std::num::NonZeroUsize;

use super::egress::{ClientCertificate, ClientTls};
use super::engine::{EngineConfig, FileEngineConfig, RedisConfig, RedisTls};
use super::guard::{
    CaptureConfig, ClientAuth, ClientTrust, FrontConfig, GuardConfig, LogConfig, Rate, SourceConfig,
    TlsConfig, Transport, Upstream,
};
use super::injector::{CertificatesConfig, InjectorConfig, MountedPair, SelfManaged};
use super::issuer::{IssuerConfig, KeysAt};
use super::signer::{Authorization, ClientCredentials, EndpointConfig, SignerConfig};
use super::traces::TraceConfig;
use super::values::{ByteSize, Instant, Lifetime, Protection, Span, Switch, Word};
use crate::schemes::{RequiredClaim, Scheme, TokenRequirements, Validity};

/// Shows a configuration, one setting a line.
#[derive(Debug)]
pub struct Effective<'a>(pub &'a GuardConfig);

impl fmt::Display for Effective<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(config) = self;
        let mut lines = Lines(Vec::new());
        lines.add("listen", config.listen);
        lines.add("admin-listen", config.admin_listen);
        control_line(config, &mut lines);
        match &config.transport {
            Transport::Plain => lines.add("plain", "on"),
            Transport::Tls(tls) => tls_lines(tls, &mut lines),
        }
        front_lines(&config.front, &mut lines);
        for source in &config.sources {
            source_lines(source, &mut lines);
        }
        process_lines(config, &mut lines);
        lines.fmt(f)
    }
}

/// Shows a signer's configuration, one setting a line.
#[derive(Debug)]
pub struct EffectiveSigner<'a>(pub &'a SignerConfig);

impl fmt::Display for EffectiveSigner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(config) = self;
        let mut lines = Lines(Vec::new());
        lines.add("listen", config.listen);
        lines.add("admin-listen", config.admin_listen);
        for endpoint in &config.endpoints {
            endpoint_lines(endpoint, &mut lines);
        }
        lines.add("max-connections", config.bounds.connections);
        lines.add("body-budget", ByteSize(config.bounds.memory_bytes));
        lines.add("idle-timeout", Span(config.bounds.idle_timeout));
        trace_lines(config.traces.as_ref(), &mut lines);
        own_lines(config.threads, &config.log, &mut lines);
        lines.fmt(f)
    }
}

/// Shows an injector's configuration, one setting a line.
#[derive(Debug)]
pub struct EffectiveInjector<'a>(pub &'a InjectorConfig);

impl fmt::Display for EffectiveInjector<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(config) = self;
        let mut lines = Lines(Vec::new());
        lines.add("listen", config.listen);
        lines.add("admin-listen", config.admin_listen);
        lines.add_each("default", &config.defaults, "none");
        certificate_lines(&config.certificates, &mut lines);
        lines.add("webhook-configuration", config.webhook_configuration.as_deref().unwrap_or("none"));
        lines.add("namespace", &config.namespace);
        own_lines(config.threads, &config.log, &mut lines);
        lines.fmt(f)
    }
}

impl GuardConfig {
    /// What is in effect beside the sources and TLS, as [`Effective`] shows it.
    pub(crate) fn settings_of_the_process(&self) -> Vec<(&'static str, String)> {
        let mut lines = Lines(Vec::new());
        lines.add("listen", self.listen);
        lines.add("admin-listen", self.admin_listen);
        control_line(self, &mut lines);
        front_lines(&self.front, &mut lines);
        process_lines(self, &mut lines);
        lines.0
    }
}

struct Lines(Vec<(&'static str, String)>);

impl fmt::Display for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(key, value)| writeln!(f, "{key:<28}{value}"))
    }
}

impl Lines {
    fn add(&mut self, key: &'static str, value: impl fmt::Display) {
        self.0.push((key, value.to_string()));
    }

    /// One line for each value, or `none` for none.
    fn add_each<T: fmt::Display>(&mut self, key: &'static str, values: &[T], none: &str) {
        for value in values {
            self.add(key, value);
        }
        if values.is_empty() {
            self.add(key, none);
        }
    }
}

fn control_line(config: &GuardConfig, lines: &mut Lines) {
    lines.add_each("control-socket", config.control.as_slice(), "none");
}

fn tls_lines(tls: &TlsConfig, lines: &mut Lines) {
    lines.add("tls-cert", tls.cert.display());
    lines.add("tls-key", tls.key.display());
    lines.add("tls-min", tls.min_version.as_word());
    match &tls.client_auth {
        ClientAuth::Off => lines.add("client-auth", "off"),
        ClientAuth::Optional(trust) => trust_lines("optional", trust, lines),
        ClientAuth::Required(trust) => trust_lines("required", trust, lines),
    }
}

fn trust_lines(auth: &str, trust: &ClientTrust, lines: &mut Lines) {
    lines.add("client-auth", auth);
    let cas: Vec<_> = trust.cas.iter().map(|ca| ca.display()).collect();
    lines.add_each("client-ca", &cas, "none");
    let crls: Vec<_> = trust.crls.iter().map(|crl| crl.display()).collect();
    lines.add_each("client-crl", &crls, "none");
}

fn front_lines(front: &FrontConfig, lines: &mut Lines) {
    lines.add_each("proxy-protocol", &front.proxy_protocol, "none");
    lines.add_each("trusted-proxy", &front.trusted_proxies, "none");
    if let Some(field) = front.client_address_field {
        lines.add("client-address-header", field.as_word());
    }
    if front.client_cert_field {
        lines.add("client-cert-header", "on");
    }
}

fn source_lines(source: &SourceConfig, lines: &mut Lines) {
    lines.add("source", &source.name);
    lines.add("mode", source.mode.as_word());
    for scheme in source.demand.iter() {
        scheme_lines(scheme, source.issuer.as_ref(), lines);
    }
    lines.add_each("host", &source.hosts, "any");
    lines.add_each("path", &source.paths, "none");
    lines.add_each("method", &source.methods, "none");
    handshake_lines(source, lines);
    lines.add_each("client-identity", &source.identities, "any");
    if let Some(ca) = &source.client_ca {
        lines.add("source-client-ca", ca.display());
    }
    if !source.client_pins.is_empty() {
        lines.add_each("client-spki-pin", &source.client_pins, "any");
    }
    lines.add_each("allow-ip", &source.allow, "any");
    lines.add("max-body", ByteSize(source.body_bytes_max));
    rate_line(source.rate, lines);
    if let Some(url) = &source.public_url {
        lines.add("public-url", url);
    }
    ledger_lines(source, lines);
    lines.add("upstream", &source.upstream);
    if let Upstream::Https { ca, .. } = &source.upstream {
        lines.add(
            "upstream-ca",
            ca.as_ref().map_or("the public ones".to_owned(), |ca| ca.display().to_string()),
        );
    }
    lines.add("upstream-timeout", Span(source.upstream_timeout));
    if let Some(attestation) = &source.attestation {
        lines.add("attest secrets", format_args!("{} (redacted)", attestation.secret_count()));
    }
}

fn handshake_lines(source: &SourceConfig, lines: &mut Lines) {
    let Some(handshake) = &source.handshake else { return lines.add("handshake", "off") };
    lines.add("handshake", handshake.responder.handshake().name());
    if let Some(file) = &handshake.secret_file {
        lines.add("handshake-secret-file", file.display());
    }
}

fn scheme_lines(scheme: &Scheme, issuer: Option<&IssuerConfig>, lines: &mut Lines) {
    lines.add("scheme", scheme.preset().name);
    let token = scheme.token_requirements();
    match issuer.filter(|_| token.is_some()) {
        Some(issuer) => issuer_lines(issuer, lines),
        None => lines.add("secrets", format_args!("{} (redacted)", scheme.secret_count())),
    }
    date_lines(scheme, lines);
    lines.add(
        "tolerance",
        scheme.tolerance().map_or("the scheme signs no time".to_owned(), |t| Span(t).to_string()),
    );
    if let Some(cover) = scheme.cover() {
        lines.add_each("cover", &cover, "nothing");
    }
    if let Some(token) = token {
        token_lines(token, lines);
    }
}

fn date_lines(scheme: &Scheme, lines: &mut Lines) {
    for (slot, Validity { not_before, not_after }) in scheme.validities().iter().enumerate() {
        for (name, time) in [("secret-not-before", not_before), ("secret-not-after", not_after)] {
            if let Some(time) = time {
                lines.add(name, format_args!("{slot}={}", Instant(*time)));
            }
        }
    }
}

fn issuer_lines(issuer: &IssuerConfig, lines: &mut Lines) {
    match &issuer.keys_at {
        KeysAt::Discovered(of) => lines.add("keys", format_args!("published by {of}")),
        KeysAt::Url(url) => lines.add("jwks-url", url),
    }
    let ca = issuer.ca.as_ref().map_or("the public ones".to_owned(), |ca| ca.display().to_string());
    lines.add("issuer-ca", ca);
    lines.add("jwks-refresh", Span(issuer.refresh));
    lines.add("jwks-max-stale", Span(issuer.max_stale));
}

fn token_lines(token: &TokenRequirements, lines: &mut Lines) {
    lines.add("issuer", token.issuer.as_deref().unwrap_or("any that has the key"));
    lines.add_each("audience", &token.audiences, "any");
    lines.add("token-leeway", Span(token.leeway));
    lines.add("token-type", token.kind.as_deref().unwrap_or("any"));
    let shown = |claim: &RequiredClaim| match &claim.value {
        Some(value) => format!("{}={value}", claim.name),
        None => claim.name.clone(),
    };
    lines.add_each("require-claim", &token.claims.iter().map(shown).collect::<Vec<_>>(), "none");
    lines.add_each("require-scope", &token.scopes, "none");
    lines.add("token-one-use", on_or_off(token.one_use));
    lines.add("token-bound", on_or_off(token.certificate_bound));
}

fn on_or_off(on: bool) -> &'static str {
    if on { Switch::On } else { Switch::Off }.as_word()
}

/// What is remembered, and what a copy gets: nothing where no scheme names a
/// delivery.
fn ledger_lines(source: &SourceConfig, lines: &mut Lines) {
    let Some(scheme) = source.demand.naming() else {
        return lines.add("remembered", "nothing: no scheme signs anything of the request");
    };
    if scheme.signs_id() {
        lines.add("dedupe-window", Span(source.dedupe_window));
    } else if scheme.tolerance().is_none() {
        lines.add("signed bytes remembered", Span(source.content_window));
    }
    lines.add("on a replay", source.policies.replay.as_word());
    lines.add("on a retry", source.policies.retry.as_word());
    lines.add("on a redelivery", source.policies.redelivery.as_word());
}

fn rate_line(rate: Option<Rate>, lines: &mut Lines) {
    match rate {
        Some(rate) => lines.add("rate-limit", format_args!("{rate}, at most {} at once", rate.burst)),
        None => lines.add("rate-limit", "none"),
    }
}

fn endpoint_lines(endpoint: &EndpointConfig, lines: &mut Lines) {
    let egress = &endpoint.egress;
    lines.add("endpoint", &egress.destination);
    lines.add("name", &endpoint.name);
    lines.add("path-prefix", if endpoint.path_prefix.is_empty() { "/" } else { &endpoint.path_prefix });
    for scheme in &endpoint.schemes {
        lines.add("scheme", scheme.preset().name);
        lines.add("secrets", format_args!("{} (redacted)", scheme.secret_count()));
    }
    lines.add("timeout", Span(egress.timeout));
    lines.add("max-body", ByteSize(endpoint.body_bytes_max));
    lines.add("max-answer", ByteSize(egress.answer_bytes_max as u64));
    rate_line(endpoint.rate, lines);
    lines.add("concurrency", endpoint.concurrency);
    lines.add_each("allow-destination", &egress.allow, "public addresses alone");
    if let Some(proxy) = &egress.proxy {
        lines.add("https-proxy", proxy);
    }
    if egress.destination.protection() == Protection::Tls {
        client_tls_lines(&egress.tls, lines);
    }
    match &endpoint.authorization {
        Authorization::None => lines.add("auth", "none"),
        Authorization::Fixed(name, _) => lines.add("auth", format_args!("{name} (redacted)")),
        Authorization::ClientCredentials(credentials) => {
            let ClientCredentials { token, client_id, .. } = &**credentials;
            lines.add("auth", format_args!("oauth2 as {client_id}"));
            lines.add("token-url", &token.destination);
        }
    }
}

fn client_tls_lines(tls: &ClientTls, lines: &mut Lines) {
    let ca = tls.ca.as_ref().map_or("the public ones".to_owned(), |ca| ca.display().to_string());
    lines.add("ca", ca);
    if let Some(ClientCertificate { cert, key }) = &tls.certificate {
        lines.add("cert", cert.display());
        lines.add("key", key.display());
    }
    lines.add("tls-min", tls.min_version.as_word());
    lines.add_each("server-san", &tls.server_names, "the URL's host");
    lines.add_each("server-spki-pin", &tls.server_pins, "any");
}

fn certificate_lines(certificates: &CertificatesConfig, lines: &mut Lines) {
    match certificates {
        CertificatesConfig::Mounted(MountedPair { cert, key, ca }) => {
            lines.add("tls-cert", cert.display());
            lines.add("tls-key", key.display());
            if let Some(ca) = ca {
                lines.add("webhook-ca", ca.display());
            }
        }
        CertificatesConfig::SelfManaged(own) => {
            let SelfManaged { secret, service, certificate_lifetime, ca_lifetime } = own;
            lines.add("certificate-secret", secret);
            lines.add("service", service);
            lines.add("certificate-lifetime", Lifetime(*certificate_lifetime));
            lines.add("ca-lifetime", Lifetime(*ca_lifetime));
        }
    }
}

fn process_lines(config: &GuardConfig, lines: &mut Lines) {
    let bounds = &config.bounds;
    engine_lines(&config.ledger.engine, lines);
    lines.add("ledger-max", config.ledger.entries_max);
    lines.add("on-unknown", config.ledger.on_unknown.as_word());
    lines.add("boot-fence", config.ledger.boot_fence.as_word());
    capture_lines(config.capture.as_ref(), lines);
    lines.add(
        "rate-limit-per-address",
        format_args!("{}, at most {} at once", bounds.rate_per_address, bounds.rate_per_address.burst),
    );
    lines.add("max-connections", bounds.connections);
    lines.add("max-connections-per-address", bounds.connections_per_address);
    lines.add("body-budget", ByteSize(bounds.memory_bytes));
    lines.add("idle-timeout", Span(bounds.idle_timeout));
    lines.add("max-connection-age", Span(bounds.connection_age_max));
    trace_lines(config.traces.as_ref(), lines);
    own_lines(config.threads, &config.log, lines);
}

fn redis_lines(redis: &RedisConfig, lines: &mut Lines) {
    lines.add("state", &redis.servers);
    lines.add("state database", redis.database);
    lines.add("state user", redis.user.as_deref().unwrap_or("the server's default"));
    lines.add("state password", if redis.password.is_some() { "given (redacted)" } else { "none" });
    match &redis.tls {
        None => lines.add("state TLS", "off"),
        Some(RedisTls { ca, certificate }) => {
            let ca = ca.as_ref().map_or("the public ones".to_owned(), |ca| ca.display().to_string());
            lines.add("state-ca", ca);
            if let Some(ClientCertificate { cert, key }) = certificate {
                lines.add("state-cert", cert.display());
                lines.add("state-key", key.display());
            }
        }
    }
    lines.add("state-prefix", &redis.prefix);
    lines.add("on-state-loss", redis.on_loss.as_word());
    lines.add("state-wait", redis.replicas.map_or("none".to_owned(), |replicas| replicas.to_string()));
}

fn engine_lines(engine: &EngineConfig, lines: &mut Lines) {
    match engine {
        EngineConfig::Memory => lines.add("ledger", "in memory"),
        EngineConfig::File(FileEngineConfig { state_dir, fsync }) => {
            lines.add("state-dir", state_dir.display());
            lines.add("fsync", fsync.as_word());
        }
        EngineConfig::Redis(redis) => redis_lines(redis, lines),
    }
}

fn capture_lines(capture: Option<&CaptureConfig>, lines: &mut Lines) {
    let Some(capture) = capture else { return lines.add("capture", "none") };
    lines.add("capture", capture.files_max);
    lines.add("capture-max-body", ByteSize(capture.body_bytes_max as u64));
}

fn trace_lines(traces: Option<&TraceConfig>, lines: &mut Lines) {
    let Some(TraceConfig { destination, ca, sample }) = traces else { return lines.add("traces", "none") };
    lines.add("traces", destination);
    if let Some(ca) = ca {
        lines.add("otlp-ca", ca.display());
    }
    lines.add("otlp-sample", sample);
}

/// What every role has of its own.
fn own_lines(threads: NonZeroUsize, log: &LogConfig, lines: &mut Lines) {
    lines.add("threads", threads);
    lines.add("log-format", log.format.as_word());
    lines.add("log-level", log.level.as_word());
}
