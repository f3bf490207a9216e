//! A connection to Redis that is fit for a ledger: found, secured,
//! authenticated, and held by a server that evicts nothing.
//!
//! Certificates are read anew for each connection, so that new ones need no
//! restart.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use redis::aio::{ConnectionLike as _, MultiplexedConnection};
use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::ClusterConnection;
use redis::sentinel::{SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, Cmd, ConnectionAddr, ConnectionInfo,
    IntoConnectionInfo as _, RedisConnectionInfo, RedisResult, ServerErrorKind, TlsCertificates, TlsMode,
    Value,
};

use crate::config::{Authority, Host, RedisConfig, RedisServers, RedisTls};
use crate::keys::Secret;

/// A connection that many calls share.
#[derive(Clone)]
pub(super) enum Wire {
    /// To one server.
    Server(MultiplexedConnection),
    /// To each node of a Cluster.
    Cluster(ClusterConnection),
}

/// Which server a wire leads to; empty where that is not one.
pub(super) type ServerId = String;

/// Why there is no wire.
#[derive(Debug, thiserror::Error)]
pub(super) enum DialError {
    /// Try again later: nobody there, not yet ready, not the master.
    #[error("{0}")]
    Away(String),
    /// Trying again does not help: somebody has to change something.
    #[error("{0}")]
    Unfit(String),
}

impl Wire {
    pub(super) async fn ask(&mut self, command: &Cmd) -> RedisResult<Value> {
        let answer = match self {
            Self::Server(server) => server.req_packed_command(command).await,
            Self::Cluster(cluster) => cluster.req_packed_command(command).await,
        };
        // What the server refuses is a value until somebody looks.
        answer?.extract_error()
    }
}

/// Connects, and looks at who is there. The caller sets the deadline.
pub(super) async fn dial(config: &RedisConfig) -> Result<(Wire, ServerId), DialError> {
    let mut wire = connect(config).await?;
    let server = inspect(&mut wire).await?;
    Ok((wire, server))
}

async fn connect(config: &RedisConfig) -> Result<Wire, DialError> {
    let certificates = config.tls.as_ref().map(certificates).transpose()?;
    let wire = match &config.servers {
        RedisServers::Single(server) => to_server(config, server, certificates.as_ref()).await,
        RedisServers::Sentinel { sentinels, master } => {
            to_master(config, sentinels, master, certificates).await
        }
        RedisServers::Cluster(nodes) => to_cluster(config, nodes, certificates).await,
    };
    wire.map_err(|error| judge(&error))
}

async fn to_server(
    config: &RedisConfig,
    server: &Authority,
    certificates: Option<&TlsCertificates>,
) -> RedisResult<Wire> {
    let info = info(config, server)?;
    let client = match certificates {
        Some(certificates) => Client::build_with_tls(info, certificates.clone())?,
        None => Client::open(info)?,
    };
    client.get_multiplexed_async_connection_with_config(&shared()).await.map(Wire::Server)
}

async fn to_master(
    config: &RedisConfig,
    sentinels: &[Authority],
    master: &str,
    certificates: Option<TlsCertificates>,
) -> RedisResult<Wire> {
    let addresses = sentinels.iter().map(|sentinel| address(sentinel, config.tls.is_some()));
    let mut builder = SentinelClientBuilder::new(addresses, master, SentinelServerType::Master)?
        .set_client_to_redis_db(config.database);
    if let Some(user) = &config.user {
        builder = builder.set_client_to_redis_username(user);
    }
    if let Some(password) = password(config) {
        builder = builder.set_client_to_redis_password(password);
    }
    if let Some(certificates) = certificates {
        builder = builder
            .set_client_to_redis_tls_mode(TlsMode::Secure)
            .set_client_to_redis_certificates(certificates.clone())
            .set_client_to_sentinel_tls_mode(TlsMode::Secure)
            .set_client_to_sentinel_certificates(certificates);
    }
    let mut client = builder.build()?;
    client.get_async_connection_with_config(&shared()).await.map(Wire::Server)
}

async fn to_cluster(
    config: &RedisConfig,
    nodes: &[Authority],
    certificates: Option<TlsCertificates>,
) -> RedisResult<Wire> {
    let nodes: Vec<ConnectionInfo> = nodes.iter().map(|node| info(config, node)).collect::<Result<_, _>>()?;
    // A claim is never sent a second time behind our back.
    let mut builder =
        ClusterClientBuilder::new(nodes).retries(REDIRECTIONS).response_timeout(config.deadline);
    if let Some(certificates) = certificates {
        builder = builder.tls(TlsMode::Secure).certs(certificates);
    }
    builder.build()?.get_async_connection().await.map(Wire::Cluster)
}

fn info(config: &RedisConfig, server: &Authority) -> RedisResult<ConnectionInfo> {
    let mut login = RedisConnectionInfo::default().set_db(config.database);
    if let Some(user) = &config.user {
        login = login.set_username(user);
    }
    if let Some(password) = password(config) {
        login = login.set_password(password);
    }
    Ok(address(server, config.tls.is_some()).into_connection_info()?.set_redis_settings(login))
}

fn address(server: &Authority, tls: bool) -> ConnectionAddr {
    let host = match server.host() {
        Host::Name(name) => name.clone(),
        Host::Address(address) => address.to_string(),
    };
    if tls {
        ConnectionAddr::TcpTls { host, port: server.port(), insecure: false, tls_params: None }
    } else {
        ConnectionAddr::Tcp(host, server.port())
    }
}

/// What AUTH is given. The configuration has made sure that it is text.
fn password(config: &RedisConfig) -> Option<&str> {
    config.password.as_ref().map(Secret::expose).and_then(|bytes| std::str::from_utf8(bytes).ok())
}

/// Deadlines are the caller's, which the driver of a shared connection does not
/// know.
fn shared() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_connection_timeout(None)
        .set_response_timeout(None)
        .set_pipeline_buffer_size(QUEUE)
}

fn certificates(tls: &RedisTls) -> Result<TlsCertificates, DialError> {
    let client_tls = match &tls.certificate {
        Some(pair) => Some(ClientTlsConfig { client_cert: read(&pair.cert)?, client_key: read(&pair.key)? }),
        None => None,
    };
    let root_cert = tls.ca.as_deref().map(read).transpose()?;
    Ok(TlsCertificates { client_tls, root_cert })
}

fn read(path: impl AsRef<Path>) -> Result<Vec<u8>, DialError> {
    let path: PathBuf = path.as_ref().into();
    let unreadable = |error: io::Error| DialError::Away(format!("read {}: {error}", path.display()));
    fs::read(&path).map_err(unreadable)
}

/// What the server says of itself decides whether it may keep a ledger.
async fn inspect(wire: &mut Wire) -> Result<ServerId, DialError> {
    let mut said = String::new();
    for section in ["server", "memory"] {
        let mut info = redis::cmd("INFO");
        match wire.ask(info.arg(section)).await {
            Ok(value) => gather(&value, &mut said),
            Err(error) if is(&error, ServerErrorKind::NoPerm) => {}
            Err(error) => return Err(judge(&error)),
        }
    }
    if said.is_empty() {
        tracing::warn!(
            "the ledger's user may not use INFO: whether Redis evicts entries, and whether it was restarted, \
             cannot be seen"
        );
    }
    for policy in fields(&said, "maxmemory_policy") {
        if policy != "noeviction" {
            return Err(DialError::Unfit(format!(
                "maxmemory-policy is {policy}: a ledger that forgets under pressure lets replays through; \
                 set it to noeviction"
            )));
        }
    }
    for version in fields(&said, "redis_version") {
        let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
        if major.is_some_and(|major| major < VERSION_MIN) {
            return Err(DialError::Unfit(format!("Redis {version} is too old: 7.0 or later is needed")));
        }
    }
    Ok(match wire {
        Wire::Server(_) => fields(&said, "run_id").next().unwrap_or_default().to_owned(),
        Wire::Cluster(_) => ServerId::new(),
    })
}

/// All text of an answer: a Cluster's has one for each node.
fn gather(value: &Value, said: &mut String) {
    match value {
        Value::BulkString(bytes) => said.push_str(&String::from_utf8_lossy(bytes)),
        Value::VerbatimString { text, .. } => said.push_str(text),
        Value::Array(values) => values.iter().for_each(|value| gather(value, said)),
        Value::Map(pairs) => pairs.iter().for_each(|(_, value)| gather(value, said)),
        _ => {}
    }
}

fn fields<'a>(said: &'a str, name: &'static str) -> impl Iterator<Item = &'a str> {
    said.lines().filter_map(move |line| line.trim_end().strip_prefix(name)?.strip_prefix(':'))
}

/// Whether waiting helps.
fn judge(error: &redis::RedisError) -> DialError {
    let said = error.to_string();
    let unfit = matches!(
        error.kind(),
        redis::ErrorKind::AuthenticationFailed | redis::ErrorKind::InvalidClientConfig
    ) || is(error, ServerErrorKind::NoPerm)
        || matches!(error.code(), Some("WRONGPASS" | "NOAUTH"));
    if unfit { DialError::Unfit(said) } else { DialError::Away(said) }
}

pub(super) fn is(error: &redis::RedisError, kind: ServerErrorKind) -> bool {
    error.kind() == redis::ErrorKind::Server(kind)
}

/// Requests waiting to be written.
const QUEUE: usize = 4096;

/// Where a Cluster says that a slot has moved.
const REDIRECTIONS: u32 = 3;

/// Scripts have flags since then.
const VERSION_MIN: u32 = 7;
