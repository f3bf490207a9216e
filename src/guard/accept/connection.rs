//! What holds for a connection, and who sent one request on it.

use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderMap;

use crate::clock::UnixTime;
use crate::guard::accept::client::Client;
use crate::guard::accept::identity::PeerIdentities;
use crate::guard::accept::trust::{SourceTrust, Trust};
use crate::guard::rejection::{Refused, Rejection};
use crate::guard::state::Guard;
use crate::limits::Permit;

/// What holds for every request of one connection.
#[derive(Debug)]
pub(crate) struct Connection {
    /// Who is at the other end: the peer, or whom a PROXY header names.
    pub(crate) client: Client,
    /// From the client certificate, where one was given and trusted.
    pub(crate) identities: Option<PeerIdentities>,
    /// That certificate, for when trust changes.
    pub(crate) trust: Trust,
    /// `http` or `https`, as `X-Forwarded-Proto` says it.
    pub(crate) proto: &'static str,
    /// Its place among all connections.
    pub(super) _place: Permit,
}

/// Who sent one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller<'a> {
    pub(crate) client: &'a Client,
    /// The names in its certificate, where one was given and trusted.
    pub(crate) identities: Option<&'a PeerIdentities>,
    pub(crate) trust: &'a Trust,
    /// `http` or `https`.
    pub(crate) proto: &'static str,
    /// Whether the names are those that a proxy tells. `trust` is then that of
    /// the proxy's own certificate, and says nothing of theirs.
    is_told: bool,
}

impl Caller<'_> {
    /// Whether the certificate with the names counts under the CA of a source.
    /// Of one that a proxy tells the chain is not known.
    pub(crate) fn counts_under(&self, source: &Arc<SourceTrust>, now: UnixTime) -> bool {
        !self.is_told && self.trust.counts_under(source, now)
    }
}

/// What a trusted proxy says of one request.
#[derive(Debug)]
pub(crate) struct Brought {
    /// `None` where it speaks for itself.
    client: Option<Client>,
    identities: Identities,
}

/// Where the names of a request's client are.
#[derive(Debug)]
enum Identities {
    /// In the certificate of the connection.
    OfConnection,
    /// In a field, if it is there.
    OfRequest(Option<PeerIdentities>),
}

impl Connection {
    /// What a request with `fields` brings along, where the client of this
    /// connection is a trusted proxy.
    pub(crate) fn brings(&self, guard: &Guard, fields: &HeaderMap) -> Result<Option<Brought>, Refused> {
        let front = &guard.front;
        if !front.trusts(self.client.address) {
            return Ok(None);
        }
        let client = |address: IpAddr| {
            let usage = guard.addresses.visit(address).map_err(|_| Rejection::Overloaded)?;
            Ok::<_, Rejection>(Client::new(address, usage, self.proto))
        };
        let because = |word| move |rejection| Refused::because(rejection, word);
        Ok(Some(Brought {
            client: front.client(fields).map_err(because("client_address"))?.map(client).transpose()?,
            identities: if front.tells_identities() {
                Identities::OfRequest(front.identities(fields).map_err(because("client_cert"))?)
            } else {
                Identities::OfConnection
            },
        }))
    }

    /// Who sent a request that brings `brought` along.
    pub(crate) fn caller<'a>(&'a self, brought: Option<&'a Brought>) -> Caller<'a> {
        let client = brought.and_then(|brought| brought.client.as_ref());
        let (identities, is_told) = match brought.map(|brought| &brought.identities) {
            Some(Identities::OfRequest(identities)) => (identities.as_ref(), true),
            Some(Identities::OfConnection) | None => (self.identities.as_ref(), false),
        };
        let client = client.unwrap_or(&self.client);
        Caller { client, identities, trust: &self.trust, proto: self.proto, is_told }
    }
}
