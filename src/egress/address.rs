//! Which addresses may be dialled.
//!
//! A customer names the destination, and its DNS can answer with anything:
//! the metadata service of a cloud, a neighbour in the cluster, ourselves. So
//! only public addresses are dialled, and others where the operator named
//! their network. Pure: an address goes in, a verdict comes out.
//!
//! The tables are the IANA special-purpose address registries (RFC 6890):
//! <https://www.iana.org/assignments/iana-ipv4-special-registry> and
//! <https://www.iana.org/assignments/iana-ipv6-special-registry>. In IPv6 only
//! global unicast, `2000::/3`, is public at all (RFC 4291 section 2.4).
//!
//! An IPv6 address that leads to an IPv4 address is as public as that one.
//! What is plain IPv4 behind it (mapped), and the well-known prefix of NAT64,
//! which is how an IPv6-only network reaches IPv4, are judged by that address
//! alone. The forms of abandoned tunnels are refused by themselves, and where
//! a network allows them the address inside is judged still.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// An address that may not be dialled, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{address} is {kind}: allow its network by --allow-destination if deliveries may go there")]
pub struct Refusal {
    /// The address as it was resolved or written.
    pub address: IpAddr,
    /// What makes it not public.
    pub kind: AddressKind,
}

/// What an address is for, if not for the public.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressKind {
    /// "This network", the unspecified address: connects to ourselves.
    Unspecified,
    /// Ourselves.
    Loopback,
    /// Private and unique-local networks.
    Private,
    /// Carrier-grade NAT, and some clouds' metadata.
    Shared,
    /// The link, and with it most clouds' metadata.
    LinkLocal,
    /// A cloud's own services at an address that looks public.
    Metadata,
    /// Site-local, deprecated.
    SiteLocal,
    /// Multicast.
    Multicast,
    /// Broadcast.
    Broadcast,
    /// Documentation.
    Documentation,
    /// Benchmarks of network devices.
    Benchmarking,
    /// Set aside for protocols: anycast of translators, ORCHID and others.
    Protocol,
    /// Discarded by routers.
    Discard,
    /// A tunnel or translation that leads elsewhere: IPv4-compatible, 6to4,
    /// Teredo, NAT64 with a local prefix.
    Tunnel,
    /// Not given out.
    Reserved,
}

/// Refuses an address that is not public, unless one of `allowed` holds it.
pub(crate) fn judge(address: IpAddr, allowed: &[IpNet]) -> Result<(), Refusal> {
    let refuse = |kind| Refusal { address, kind };
    match address {
        IpAddr::V4(address) => judge_v4(address, allowed).map_err(refuse),
        IpAddr::V6(address) => judge_v6(address, allowed).map_err(refuse),
    }
}

fn judge_v4(address: Ipv4Addr, allowed: &[IpNet]) -> Result<(), AddressKind> {
    let special = SPECIAL_V4.iter().find(|(network, _)| network.contains(&address));
    match special {
        Some((_, kind)) if !allowed.iter().any(|network| holds_v4(network, address)) => Err(*kind),
        _ => Ok(()),
    }
}

fn judge_v6(address: Ipv6Addr, allowed: &[IpNet]) -> Result<(), AddressKind> {
    if let Some(inside) = address.to_ipv4_mapped() {
        return judge_v4(inside, allowed);
    }
    if NAT64.contains(&address) {
        return judge_v4(last_bits(address), allowed);
    }
    let special = SPECIAL_V6.iter().find(|(network, _)| network.contains(&address)).map(|(_, kind)| *kind);
    let kind = special.or_else(|| (!GLOBAL_UNICAST.contains(&address)).then_some(AddressKind::Reserved));
    let Some(kind) = kind else { return Ok(()) };
    if !allowed.iter().any(|network| network.contains(&IpAddr::V6(address))) {
        return Err(kind);
    }
    tunnelled(address).into_iter().flatten().try_for_each(|inside| judge_v4(inside, allowed))
}

/// A network written with mapped addresses means the IPv4 network.
fn holds_v4(network: &IpNet, address: Ipv4Addr) -> bool {
    match network {
        IpNet::V4(network) => network.contains(&address),
        IpNet::V6(network) => network.prefix_len() >= 96 && network.contains(&address.to_ipv6_mapped()),
    }
}

/// The IPv4 addresses that a tunnel's packets go to.
fn tunnelled(address: Ipv6Addr) -> [Option<Ipv4Addr>; 2] {
    let bits = address.to_bits();
    if SIX_TO_FOUR.contains(&address) {
        // RFC 3056 section 2: 2002:V4ADDR::/48.
        return [Some(bits_at(bits, 16)), None];
    }
    if TEREDO.contains(&address) {
        // RFC 4380 section 4: the server, and the client with its bits inverted.
        return [Some(bits_at(bits, 32)), Some(last_bits(Ipv6Addr::from_bits(!bits)))];
    }
    if NAT64_LOCAL.contains(&address) || (COMPATIBLE.contains(&address) && !is_own_host(address)) {
        // RFC 8215 leaves the length of the local prefix open; most use 96.
        return [Some(last_bits(address)), None];
    }
    [None, None]
}

/// `::` and `::1` share a prefix with IPv4-compatible addresses but lead to no IPv4.
fn is_own_host(address: Ipv6Addr) -> bool {
    address.is_loopback() || address.is_unspecified()
}

fn last_bits(address: Ipv6Addr) -> Ipv4Addr {
    bits_at(address.to_bits(), 96)
}

/// The IPv4 address that begins at a bit of an IPv6 address, counted from the left.
fn bits_at(bits: u128, first: u32) -> Ipv4Addr {
    let octets = bits.rotate_left(first).to_be_bytes();
    Ipv4Addr::new(octets[0], octets[1], octets[2], octets[3])
}

impl fmt::Display for AddressKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unspecified => "unspecified",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::Shared => "shared address space",
            Self::LinkLocal => "link-local",
            Self::Metadata => "a cloud's metadata service",
            Self::SiteLocal => "site-local",
            Self::Multicast => "multicast",
            Self::Broadcast => "broadcast",
            Self::Documentation => "for documentation",
            Self::Benchmarking => "for benchmarking",
            Self::Protocol => "set aside for protocols",
            Self::Discard => "for discarding",
            Self::Tunnel => "the end of a tunnel",
            Self::Reserved => "reserved",
        })
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(first: u16, second: u16, third: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(first, second, third, 0, 0, 0, 0, 0), prefix)
}

/// The first that holds an address decides.
static SPECIAL_V4: &[(Ipv4Net, AddressKind)] = &[
    (v4(0, 0, 0, 0, 8), AddressKind::Unspecified), // RFC 791 section 3.2
    (v4(10, 0, 0, 0, 8), AddressKind::Private),    // RFC 1918
    (v4(100, 64, 0, 0, 10), AddressKind::Shared),  // RFC 6598
    (v4(127, 0, 0, 0, 8), AddressKind::Loopback),  // RFC 1122 section 3.2.1.3
    (v4(168, 63, 129, 16, 32), AddressKind::Metadata), // Azure's platform services
    (v4(169, 254, 0, 0, 16), AddressKind::LinkLocal), // RFC 3927
    (v4(172, 16, 0, 0, 12), AddressKind::Private), // RFC 1918
    (v4(192, 0, 0, 0, 24), AddressKind::Protocol), // RFC 6890 section 2.1
    (v4(192, 0, 2, 0, 24), AddressKind::Documentation), // RFC 5737
    (v4(192, 31, 196, 0, 24), AddressKind::Protocol), // RFC 7535, AS112
    (v4(192, 52, 193, 0, 24), AddressKind::Protocol), // RFC 7450, AMT
    (v4(192, 88, 99, 0, 24), AddressKind::Tunnel), // RFC 7526, relays of 6to4
    (v4(192, 168, 0, 0, 16), AddressKind::Private), // RFC 1918
    (v4(192, 175, 48, 0, 24), AddressKind::Protocol), // RFC 7534, AS112
    (v4(198, 18, 0, 0, 15), AddressKind::Benchmarking), // RFC 2544
    (v4(198, 51, 100, 0, 24), AddressKind::Documentation), // RFC 5737
    (v4(203, 0, 113, 0, 24), AddressKind::Documentation), // RFC 5737
    (v4(224, 0, 0, 0, 4), AddressKind::Multicast), // RFC 1112
    (v4(255, 255, 255, 255, 32), AddressKind::Broadcast), // RFC 919
    (v4(240, 0, 0, 0, 4), AddressKind::Reserved),  // RFC 1112
];

/// The first that holds an address decides; what is outside `2000::/3` and not
/// named here is reserved.
static SPECIAL_V6: &[(Ipv6Net, AddressKind)] = &[
    (v6(0, 0, 0, 128), AddressKind::Unspecified), // RFC 4291 section 2.5.2
    (Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128), AddressKind::Loopback), // RFC 4291 section 2.5.3
    (COMPATIBLE, AddressKind::Tunnel),
    (NAT64_LOCAL, AddressKind::Tunnel),
    (v6(0x0100, 0, 0, 64), AddressKind::Discard), // RFC 6666
    (TEREDO, AddressKind::Tunnel),
    (v6(0x2001, 0x0002, 0, 48), AddressKind::Benchmarking), // RFC 5180
    (v6(0x2001, 0, 0, 23), AddressKind::Protocol),          // RFC 2928: ORCHID and others
    (v6(0x2001, 0x0db8, 0, 32), AddressKind::Documentation), // RFC 3849
    (SIX_TO_FOUR, AddressKind::Tunnel),
    (v6(0x3fff, 0, 0, 20), AddressKind::Documentation), // RFC 9637
    (v6(0xfc00, 0, 0, 7), AddressKind::Private),        // RFC 4193; AWS metadata is fd00:ec2::254
    (v6(0xfe80, 0, 0, 10), AddressKind::LinkLocal),     // RFC 4291 section 2.5.6
    (v6(0xfec0, 0, 0, 10), AddressKind::SiteLocal),     // RFC 3879
    (v6(0xff00, 0, 0, 8), AddressKind::Multicast),      // RFC 4291 section 2.7
];

/// RFC 4291 section 2.5.4.
const GLOBAL_UNICAST: Ipv6Net = v6(0x2000, 0, 0, 3);
/// RFC 4291 section 2.5.5.1.
const COMPATIBLE: Ipv6Net = v6(0, 0, 0, 96);
/// RFC 6052 section 2.1.
const NAT64: Ipv6Net = v6(0x0064, 0xff9b, 0, 96);
/// RFC 8215.
const NAT64_LOCAL: Ipv6Net = v6(0x0064, 0xff9b, 1, 48);
/// RFC 4380 section 2.6.
const TEREDO: Ipv6Net = v6(0x2001, 0, 0, 32);
/// RFC 3056 section 2.
const SIX_TO_FOUR: Ipv6Net = v6(0x2002, 0, 0, 16);

#[cfg(test)]
mod tests;
