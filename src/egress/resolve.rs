//! Names into addresses, and addresses into those that may be dialled.

use std::io;
use std::net::{IpAddr, SocketAddr};

use futures_util::future::BoxFuture;
use ipnet::IpNet;
use tokio::net::lookup_host;

use super::address::judge;
use super::error::EgressError;
use crate::config::{Authority, Host};

/// Asks for the addresses of a name.
pub(crate) trait Resolve: std::fmt::Debug + Send + Sync {
    /// All addresses of `name`, in the order in which they should be tried.
    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>>;
}

/// The system's resolver: `/etc/hosts`, DNS and whatever else it is set up for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move { Ok(lookup_host((name, 0)).await?.map(|address| address.ip()).collect()) })
    }
}

/// Addresses that may be dialled, because each of them was judged. They are
/// dialled as they are: the name is not looked up again, or its owner could
/// answer otherwise the second time (DNS rebinding).
#[derive(Debug)]
pub(super) struct Judged(Vec<SocketAddr>);

impl Judged {
    /// Resolves and judges. One address that is refused refuses them all: a
    /// name that mixes public and other addresses is an attack or a mistake,
    /// and neither gets better by luck of the order.
    pub(super) async fn resolve(
        authority: &Authority,
        resolver: &dyn Resolve,
        allowed: &[IpNet],
    ) -> Result<Self, EgressError> {
        let addresses = match authority.host() {
            Host::Address(address) => vec![*address],
            Host::Name(name) => {
                resolver.resolve(name).await.map_err(|error| EgressError::Unreachable(error.into()))?
            }
        };
        let judged = addresses.into_iter().map(|address| {
            judge(address, allowed)?;
            Ok(SocketAddr::new(address, authority.port()))
        });
        judged.collect::<Result<_, _>>().map(Self).map_err(EgressError::Refused)
    }

    /// The addresses. None, if the name has none.
    pub(super) fn addresses(&self) -> &[SocketAddr] {
        &self.0
    }
}
