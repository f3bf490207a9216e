//! The way to the app of a source: how it is reached, and the connections of
//! each worker. Sources and reloads with the same app share one.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::CertificateDer;

use crate::config::material::{self, PemError};
use crate::config::{SourceConfig, Upstream};
use crate::net::{Pool, Target, TargetError};

/// One app.
#[derive(Debug)]
pub(crate) struct Way {
    address: Address,
    /// By worker: no connection moves between two.
    pools: Box<[Arc<Pool>]>,
}

/// All that decides where a connection leads: equal for the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    upstream: Upstream,
    answer_timeout: Duration,
    connect_timeout: Duration,
    /// The certificates in the CA file, which may change under its name.
    authorities: Vec<CertificateDer<'static>>,
}

impl Address {
    /// Of the app of `source`.
    pub(crate) fn of(source: &SourceConfig, connect_timeout: Duration) -> Result<Self, PemError> {
        let authorities = match &source.upstream {
            Upstream::Https { ca: Some(ca), .. } => material::certificates(Path::new(ca))?,
            Upstream::Https { .. } | Upstream::Http { .. } | Upstream::Unix(_) => Vec::new(),
        };
        let (upstream, answer_timeout) = (source.upstream.clone(), source.upstream_timeout);
        Ok(Self { upstream, answer_timeout, connect_timeout, authorities })
    }
}

impl Way {
    /// A way without connections yet, for so many `workers`.
    pub(crate) fn new(address: Address, workers: usize) -> Result<Self, TargetError> {
        let Address { upstream, answer_timeout, connect_timeout, .. } = &address;
        let target = Arc::new(Target::new(upstream, *answer_timeout, *connect_timeout)?);
        let pools = (0..workers).map(|_| Arc::new(Pool::new(Arc::clone(&target)))).collect();
        Ok(Self { address, pools })
    }

    /// Where it leads.
    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// The connections of a worker.
    pub(crate) fn pool(&self, worker: usize) -> &Arc<Pool> {
        &self.pools[worker]
    }
}
