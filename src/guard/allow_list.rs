//! Address allow lists: sorted ranges, looked up by binary search.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// The addresses from which a source may come.
#[derive(Debug)]
pub(crate) struct AllowList {
    /// `None`: no list was configured, any address may come.
    ranges: Option<Ranges>,
}

#[derive(Debug)]
struct Ranges {
    v4: Vec<(Ipv4Addr, Ipv4Addr)>,
    v6: Vec<(Ipv6Addr, Ipv6Addr)>,
}

impl AllowList {
    /// The list of `networks`; an empty one admits every address.
    pub(crate) fn new(networks: &[IpNet]) -> Self {
        if networks.is_empty() {
            return Self { ranges: None };
        }
        let v4 = networks.iter().filter_map(|network| match network {
            IpNet::V4(v4) => Some((v4.network(), v4.broadcast())),
            IpNet::V6(_) => None,
        });
        let v6 = networks.iter().filter_map(|network| match network {
            IpNet::V6(v6) => Some((v6.network(), v6.broadcast())),
            IpNet::V4(_) => None,
        });
        Self { ranges: Some(Ranges { v4: merge(v4.collect()), v6: merge(v6.collect()) }) }
    }

    /// Whether `address`, in canonical form, is on the list.
    pub(crate) fn admits(&self, address: IpAddr) -> bool {
        match (&self.ranges, address) {
            (None, _) => true,
            (Some(ranges), IpAddr::V4(v4)) => contains(&ranges.v4, v4),
            (Some(ranges), IpAddr::V6(v6)) => contains(&ranges.v6, v6),
        }
    }
}

/// Sorts, and lets ranges that overlap become one, so that the last range that
/// starts at or before an address is the only one that can hold it.
fn merge<A: Ord + Copy>(mut ranges: Vec<(A, A)>) -> Vec<(A, A)> {
    ranges.sort_unstable();
    ranges.dedup_by(|next, kept| {
        let overlaps = next.0 <= kept.1;
        if overlaps {
            kept.1 = kept.1.max(next.1);
        }
        overlaps
    });
    ranges
}

fn contains<A: Ord + Copy>(ranges: &[(A, A)], address: A) -> bool {
    let after = ranges.partition_point(|(first, _)| *first <= address);
    after.checked_sub(1).is_some_and(|at| address <= ranges[at].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(networks: &[&str]) -> AllowList {
        AllowList::new(&networks.iter().map(|n| n.parse().unwrap()).collect::<Vec<_>>())
    }

    #[test]
    fn only_listed_addresses_are_admitted() {
        let list = list(&["10.0.0.0/8", "10.1.0.0/16", "192.0.2.7/32", "2001:db8::/32"]);
        for (address, admitted) in [
            ("10.0.0.0", true),
            ("10.255.255.255", true),
            ("11.0.0.0", false),
            ("9.255.255.255", false),
            ("192.0.2.7", true),
            ("192.0.2.8", false),
            ("2001:db8::1", true),
            ("2001:db9::1", false),
            ("::ffff:10.0.0.1", false),
        ] {
            assert_eq!(list.admits(address.parse().unwrap()), admitted, "{address}");
        }
    }

    #[test]
    fn no_list_admits_all_and_a_list_of_one_family_refuses_the_other() {
        assert!(list(&[]).admits("198.51.100.1".parse().unwrap()));
        assert!(!list(&["0.0.0.0/0"]).admits("2001:db8::1".parse().unwrap()));
    }
}
