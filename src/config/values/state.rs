//! Where the shared ledger is: `redis://[user@]host[:port][/database]`, or
//! several addresses of Sentinels or of a Cluster.

use std::fmt;
use std::str::FromStr;

use super::{Authority, Fault};
use crate::config::RedisServers;

/// The URL of a shared ledger, as far as a URL says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StateUrl {
    pub(crate) tls: bool,
    pub(crate) user: Option<String>,
    pub(crate) servers: RedisServers,
    pub(crate) database: i64,
}

impl FromStr for StateUrl {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let (scheme, rest) = text.split_once("://").ok_or(FORM)?;
        let (transport, kind) = scheme.split_once('+').unwrap_or((scheme, ""));
        let tls = match transport {
            "redis" | "valkey" => false,
            "rediss" | "valkeys" => true,
            _ => return Err(FORM.into()),
        };
        let (user, rest) = user(rest)?;
        if rest.contains(['?', '#']) {
            return Err("expected no query and no fragment: everything else has a flag of its own".into());
        }
        let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (servers, database) = match kind {
            "" => (RedisServers::Single(Authority::read(hosts, REDIS_PORT)?), database(path)?),
            "sentinel" => {
                let (master, number) = path.split_once('/').unwrap_or((path, ""));
                if master.is_empty() {
                    return Err("expected the master's name after the Sentinels, such as \
                                redis+sentinel://one:26379,two:26379/mymaster"
                        .into());
                }
                let sentinels = each(hosts, SENTINEL_PORT)?;
                (RedisServers::Sentinel { sentinels, master: super::name(master)? }, database(number)?)
            }
            "cluster" if path.is_empty() => (RedisServers::Cluster(each(hosts, REDIS_PORT)?), 0),
            "cluster" => return Err("expected no database: a Cluster has one only".into()),
            _ => return Err(FORM.into()),
        };
        Ok(Self { tls, user, servers, database })
    }
}

/// The user before the hosts. A password there would be seen by everyone on
/// the machine.
fn user(rest: &str) -> Result<(Option<String>, &str), Fault> {
    let Some((user, rest)) = rest.split_once('@') else { return Ok((None, rest)) };
    if user.contains(':') {
        return Err(PASSWORD.into());
    }
    Ok((Some(super::name(user)?), rest))
}

fn each(hosts: &str, default_port: u16) -> Result<Vec<Authority>, Fault> {
    hosts.split(',').map(|host| Authority::read(host, default_port)).collect()
}

fn database(text: &str) -> Result<i64, Fault> {
    if text.is_empty() {
        return Ok(0);
    }
    super::number(text, 0..=DATABASE_MAX).map(i64::from)
}

impl fmt::Display for RedisServers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list =
            |servers: &[Authority]| servers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        match self {
            Self::Single(server) => server.fmt(f),
            Self::Sentinel { sentinels, master } => {
                write!(f, "the master {master} of the Sentinels {}", list(sentinels))
            }
            Self::Cluster(nodes) => write!(f, "the Cluster of {}", list(nodes)),
        }
    }
}

const FORM: &str = "expected redis://[user@]host[:port][/database] or rediss://…, \
                    redis+sentinel://host:port,host:port/master or redis+cluster://host:port,host:port";

/// Whether `text` carries a password, so that it must not be repeated.
pub(crate) fn has_password(text: &str) -> bool {
    let (_, rest) = text.split_once("://").unwrap_or(("", text));
    rest.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
}

pub(crate) const PASSWORD: &str = "holds a password, which everyone on the machine can read there: \
                                   put it into a file and name that with --state-password-file";

const REDIS_PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;

/// Far beyond the sixteen that a server has unless told otherwise.
const DATABASE_MAX: u32 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let url: StateUrl = text.parse().unwrap_or_else(|fault| panic!("{text}: {fault}"));
        let StateUrl { tls, user, servers, database } = url;
        format!(
            "{}{}{servers}/{database}",
            if tls { "tls " } else { "" },
            user.map_or(String::new(), |user| user + "@")
        )
    }

    #[test]
    fn the_three_kinds_are_read() {
        for (text, expected) in [
            ("redis://cache", "cache:6379/0"),
            ("rediss://guard@cache.example:7000/3", "tls guard@cache.example:7000/3"),
            ("valkeys://[2001:db8::1]:7000", "tls [2001:db8::1]:7000/0"),
            ("redis+sentinel://a,b:7000/main/2", "the master main of the Sentinels a:26379,b:7000/2"),
            ("rediss+cluster://a:1,b:2", "tls the Cluster of a:1,b:2/0"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for wrong in [
            "cache:6379",
            "http://cache",
            "redis+other://cache",
            "redis://",
            "redis://cache/x",
            "redis://cache?protocol=resp3",
            "rediss://cache/#insecure",
            "redis+sentinel://a:1",
            "redis+sentinel://a:1,/main",
            "redis+cluster://a:1/2",
        ] {
            assert!(wrong.parse::<StateUrl>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_password_is_refused_and_recognised() {
        for with in ["redis://:hunter2@cache", "redis://user:hunter2@cache", "rediss+cluster://u:p@a,b"] {
            assert!(has_password(with));
            assert_eq!(with.parse::<StateUrl>(), Err(PASSWORD.into()));
        }
        assert!(!has_password("redis://user@cache:6379"));
    }
}
