//! Every range, every spelling, and properties over all addresses.

use proptest::prelude::*;

use super::*;

fn verdict(address: &str, allowed: &str) -> Option<AddressKind> {
    let allowed: Vec<IpNet> = allowed.split_whitespace().map(|network| network.parse().unwrap()).collect();
    judge(address.parse().unwrap(), &allowed).err().map(|refusal| refusal.kind)
}

#[test]
fn each_address_is_known_for_what_it_is() {
    for (address, kind) in [
        ("0.0.0.0", AddressKind::Unspecified),
        ("0.1.2.3", AddressKind::Unspecified),
        ("10.0.0.0", AddressKind::Private),
        ("10.255.255.255", AddressKind::Private),
        ("100.64.0.0", AddressKind::Shared),
        ("100.100.100.200", AddressKind::Shared),
        ("100.127.255.255", AddressKind::Shared),
        ("127.0.0.1", AddressKind::Loopback),
        ("127.255.255.255", AddressKind::Loopback),
        ("168.63.129.16", AddressKind::Metadata),
        ("169.254.169.254", AddressKind::LinkLocal),
        ("172.16.0.0", AddressKind::Private),
        ("172.31.255.255", AddressKind::Private),
        ("192.0.0.192", AddressKind::Protocol),
        ("192.0.2.1", AddressKind::Documentation),
        ("192.88.99.1", AddressKind::Tunnel),
        ("192.168.0.1", AddressKind::Private),
        ("198.18.0.1", AddressKind::Benchmarking),
        ("198.19.255.255", AddressKind::Benchmarking),
        ("198.51.100.1", AddressKind::Documentation),
        ("203.0.113.255", AddressKind::Documentation),
        ("224.0.0.1", AddressKind::Multicast),
        ("239.255.255.255", AddressKind::Multicast),
        ("240.0.0.1", AddressKind::Reserved),
        ("255.255.255.254", AddressKind::Reserved),
        ("255.255.255.255", AddressKind::Broadcast),
        ("::", AddressKind::Unspecified),
        ("::1", AddressKind::Loopback),
        ("::2", AddressKind::Tunnel),
        ("::127.0.0.1", AddressKind::Tunnel),
        ("::8.8.8.8", AddressKind::Tunnel),
        ("::ffff:127.0.0.1", AddressKind::Loopback),
        ("::ffff:a9fe:a9fe", AddressKind::LinkLocal),
        ("::ffff:0:127.0.0.1", AddressKind::Reserved),
        ("64:ff9b::127.0.0.1", AddressKind::Loopback),
        ("64:ff9b::a9fe:a9fe", AddressKind::LinkLocal),
        ("64:ff9b:1::8.8.8.8", AddressKind::Tunnel),
        ("64:ff9b:1:ffff::1", AddressKind::Tunnel),
        ("64:ff9b:2::1", AddressKind::Reserved),
        ("100::1", AddressKind::Discard),
        ("100:0:0:1::1", AddressKind::Reserved),
        ("2001::1", AddressKind::Tunnel),
        ("2001:2::1", AddressKind::Benchmarking),
        ("2001:10::1", AddressKind::Protocol),
        ("2001:20::1", AddressKind::Protocol),
        ("2001:1ff::1", AddressKind::Protocol),
        ("2001:db8::1", AddressKind::Documentation),
        ("2002:808:808::1", AddressKind::Tunnel),
        ("2002:7f00:1::1", AddressKind::Tunnel),
        ("3fff::1", AddressKind::Documentation),
        ("3fff:fff::1", AddressKind::Documentation),
        ("4000::1", AddressKind::Reserved),
        ("5f00::1", AddressKind::Reserved),
        ("fc00::1", AddressKind::Private),
        ("fd00:ec2::254", AddressKind::Private),
        ("fe80::1", AddressKind::LinkLocal),
        ("fec0::1", AddressKind::SiteLocal),
        ("ff02::1", AddressKind::Multicast),
    ] {
        assert_eq!(verdict(address, ""), Some(kind), "{address}");
    }
}

#[test]
fn public_addresses_may_be_dialled() {
    for address in [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2003::1",
        "2606:4700::1111",
        "2a00:1450::1",
        "3ffe::1",
    ] {
        assert_eq!(verdict(address, ""), None, "{address}");
    }
}

#[test]
fn a_network_is_allowed_in_every_form_of_its_addresses_and_nothing_else_is() {
    for (address, allowed, kind) in [
        ("127.0.0.1", "127.0.0.0/8", None),
        ("127.0.0.1", "10.0.0.0/8 127.0.0.1/32", None),
        ("127.0.0.2", "127.0.0.1/32", Some(AddressKind::Loopback)),
        ("::ffff:127.0.0.1", "127.0.0.0/8", None),
        ("127.0.0.1", "::ffff:127.0.0.0/104", None),
        ("::ffff:127.0.0.1", "::ffff:127.0.0.0/104", None),
        ("64:ff9b::127.0.0.1", "127.0.0.0/8", None),
        ("::1", "127.0.0.0/8", Some(AddressKind::Loopback)),
        ("::1", "::1/128", None),
        // All of IPv6 is not all of IPv4.
        ("::1", "::/0", None),
        ("10.0.0.1", "::/0", Some(AddressKind::Private)),
        ("::ffff:10.0.0.1", "::/0", Some(AddressKind::Private)),
        ("64:ff9b::10.0.0.1", "64:ff9b::/96", Some(AddressKind::Private)),
        ("fd00::1", "0.0.0.0/0", Some(AddressKind::Private)),
        // A tunnel may be allowed, and what it leads to is judged still.
        ("2002:808:808::1", "2002::/16", None),
        ("2002:a00:1::1", "2002::/16", Some(AddressKind::Private)),
        ("2002:a00:1::1", "10.0.0.0/8", Some(AddressKind::Tunnel)),
        ("2002:a00:1::1", "2002::/16 10.0.0.0/8", None),
        ("::10.0.0.1", "::/96", Some(AddressKind::Private)),
        ("::8.8.8.8", "::/96", None),
        ("64:ff9b:1::10.0.0.1", "64:ff9b:1::/48", Some(AddressKind::Private)),
        // Teredo: server 8.8.8.8; client 10.0.0.1, then 8.8.4.4, inverted.
        ("2001:0:808:808:0:0:f5ff:fffe", "2001::/32", Some(AddressKind::Private)),
        ("2001:0:808:808:0:0:f7f7:fbfb", "2001::/32", None),
        ("2001:0:a00:1:0:0:f7f7:fbfb", "2001::/32", Some(AddressKind::Private)),
    ] {
        assert_eq!(verdict(address, allowed), kind, "{address} allowing {allowed}");
    }
}

#[test]
fn a_refusal_says_what_and_how_to_allow_it() {
    let refusal = judge("169.254.169.254".parse().unwrap(), &[]).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "169.254.169.254 is link-local: allow its network by --allow-destination if deliveries may go there"
    );
}

proptest! {
    #[test]
    fn a_form_is_never_more_public_than_the_address_inside(bits: u32) {
        let inside = Ipv4Addr::from_bits(bits);
        let refused = judge(inside.into(), &[]).is_err();
        let (high, low) = (bits >> 16, bits & 0xffff);
        for form in [
            format!("::ffff:{inside}"), format!("64:ff9b::{inside}"), format!("::{inside}"),
            format!("64:ff9b:1::{inside}"), format!("2002:{high:x}:{low:x}::1"),
            format!("2001:0:{high:x}:{low:x}::1"),
        ] {
            prop_assert!(!refused || verdict(&form, "").is_some(), "{form}");
        }
    }

    #[test]
    fn the_standard_library_knows_no_special_address_that_passes(bits: u32) {
        let address = Ipv4Addr::from_bits(bits);
        let special = address.is_private() || address.is_loopback() || address.is_link_local()
            || address.is_broadcast() || address.is_documentation() || address.is_multicast()
            || address.is_unspecified();
        prop_assert!(!special || judge(address.into(), &[]).is_err(), "{address}");
    }

    #[test]
    fn outside_global_unicast_nothing_is_public_but_translated_ipv4(bits: u128) {
        let address = Ipv6Addr::from_bits(bits);
        if !GLOBAL_UNICAST.contains(&address) && !NAT64.contains(&address) && address.to_ipv4_mapped().is_none() {
            prop_assert!(judge(address.into(), &[]).is_err(), "{address}");
        }
    }
}
