//! The client: whose address counts in lists, limits and logs, and is told to
//! the app.
//!
//! The peer of the connection, unless a proxy that was named speaks for it: by
//! a PROXY header at the beginning of the connection, or by a field of the
//! request.

use std::net::IpAddr;

use bytes::Bytes;
use http::HeaderValue;

use crate::limits::AddressGuard;

/// A client.
#[derive(Debug)]
pub(crate) struct Client {
    /// IPv4 also where a socket or a proxy says IPv4-mapped IPv6.
    pub(crate) address: IpAddr,
    /// What that address uses.
    pub(crate) usage: AddressGuard,
    /// `X-Forwarded-For`.
    pub(crate) forwarded_for: HeaderValue,
    /// `Forwarded` (RFC 7239), less the host.
    pub(crate) forwarded: HeaderValue,
}

impl Client {
    /// The client at `address`, in canonical form, over `proto`.
    pub(super) fn new(address: IpAddr, usage: AddressGuard, proto: &str) -> Self {
        // RFC 7239 section 6: an IPv6 address is bracketed and quoted.
        let node = match address {
            IpAddr::V4(v4) => v4.to_string(),
            IpAddr::V6(v6) => format!("\"[{v6}]\""),
        };
        Self {
            address,
            usage,
            forwarded_for: field_value(address.to_string()),
            forwarded: field_value(format!("for={node};proto={proto}")),
        }
    }
}

fn field_value(text: String) -> HeaderValue {
    HeaderValue::from_maybe_shared(Bytes::from(text)).expect("an address in text is a field value")
}
