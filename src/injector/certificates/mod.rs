//! What the API server is shown, and what it trusts.
//!
//! Either the injector makes both: `rotation` says what is due and when (pure),
//! `pair` and `kept` are what is made and how it is kept, `keeper` brings it to
//! the Secret that all replicas share, and from there to `serving`. Or they
//! come from files: `mounted`. `bundle` has the API server trust it.
//!
//! A key never reaches a log line, an error or `Debug`.

mod bundle;
mod keeper;
mod kept;
mod mounted;
mod pair;
mod rotation;
mod serving;

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, future};
use kube::Client;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::config::{CertificatesConfig, InjectorConfig};
use crate::injector::readiness::Readiness;
use crate::telemetry::ProcessMetrics;

use bundle::BundleKeeper;
use keeper::Keeper;
pub(crate) use mounted::Mounted;
pub use mounted::MountedError;
pub(crate) use serving::Serving;

/// What there is to look after, beside the work of answering.
pub(crate) struct Upkeep {
    /// Never ends by itself.
    pub(crate) work: BoxFuture<'static, ()>,
    /// Reads the files again, where the certificate comes from some.
    pub(crate) mounted: Option<Mounted>,
}

/// Sets up what `config` says. A certificate in files is shown at once, or it
/// is an error; one of our own once the cluster has answered.
pub(crate) fn upkeep(
    config: &InjectorConfig,
    client: &Client,
    clock: &Arc<dyn Clock>,
    serving: &Arc<Serving>,
    metrics: &Arc<ProcessMetrics>,
    readiness: &Arc<Readiness>,
) -> Result<Upkeep, MountedError> {
    let (wanted, asked) = watch::channel::<Option<Bytes>>(None);
    let keeps = |name: &String| {
        let (client, clock, readiness) = (client.clone(), Arc::clone(clock), Arc::clone(readiness));
        BundleKeeper::new(client, name.clone(), clock, readiness, asked)
    };
    let bundle = config.webhook_configuration.as_ref().map(keeps);
    let (bundle, in_force) = bundle.map_or((None, None), |(keeper, in_force)| (Some(keeper), Some(in_force)));
    if bundle.is_none() {
        readiness.bundle_seen();
    }
    let bundle = match bundle {
        Some(keeper) => keeper.run().boxed(),
        None => future::pending().boxed(),
    };
    let (serving, metrics) = (Arc::clone(serving), Arc::clone(metrics));
    match &config.certificates {
        CertificatesConfig::Mounted(pair) => {
            let mounted = Mounted::new(pair.clone(), serving, metrics, wanted);
            mounted.take()?;
            Ok(Upkeep { work: bundle, mounted: Some(mounted) })
        }
        CertificatesConfig::SelfManaged(own) => {
            let keeper = Keeper::new(
                client.clone(),
                &config.namespace,
                own,
                Arc::clone(clock),
                serving,
                metrics,
                wanted,
                in_force,
            );
            let work = async move {
                future::join(keeper.run(), bundle).await;
            };
            Ok(Upkeep { work: work.boxed(), mounted: None })
        }
    }
}
