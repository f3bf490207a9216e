use std::num::NonZeroU32;

use governor::clock::FakeRelativeClock;

use super::*;

/// A registry on a clock that stands still, with generous bounds changed by
/// `narrow`.
pub(in crate::limits) fn registry(
    narrow: impl FnOnce(&mut Bounds),
) -> (AddressRegistry<FakeRelativeClock>, FakeRelativeClock) {
    let second = Duration::from_secs(1);
    let per_second = NonZeroU32::new(10).expect("not zero");
    let mut bounds = Bounds {
        connections: 1000,
        connections_per_address: 100,
        deliveries: 1000,
        rate_per_address: Rate { events: per_second, per: second, burst: per_second },
        addresses: 100,
        handshake_timeout: second,
        head_timeout: second,
        head_bytes: 1024,
        head_fields: 100,
        body_timeout: second,
        body_rate_min: 1,
        memory_bytes: 1024,
        memory_bytes_per_address: 1024,
        idle_timeout: second,
        connection_age_max: second,
        connect_timeout: second,
        drain_timeout: second,
    };
    narrow(&mut bounds);
    let clock = FakeRelativeClock::default();
    (AddressRegistry::with_clock(&bounds, clock.clone()), clock)
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

#[test]
fn one_address_is_an_ipv4_address_or_an_ipv6_64() {
    for (one, other, same) in [
        ("192.0.2.1", "192.0.2.1", true),
        ("192.0.2.1", "192.0.2.2", false),
        ("192.0.2.1", "::ffff:192.0.2.1", true),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", false),
        ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true),
        ("2001:db8::1", "2001:db8:0:1::1", false),
        ("0.0.0.0", "::", false),
    ] {
        assert_eq!(Network::of(ip(one)) == Network::of(ip(other)), same, "{one} and {other}");
    }
}

#[test]
fn connections_are_bounded_per_address_and_in_total_and_end_with_their_guard() {
    let (registry, _clock) = registry(|bounds| {
        bounds.connections = 3;
        bounds.connections_per_address = 2;
    });
    let enter = |address| {
        let place = registry.connection()?;
        registry.enter(ip(address)).map(|guard| (place, guard))
    };
    let first = enter("192.0.2.1").expect("the first");
    let _second = enter("192.0.2.1").expect("the second");
    assert_eq!(enter("192.0.2.1").err(), Some(AddressRefused::ConnectionsOfAddress));
    // On a proxy's connection an address has no connection of its own.
    let _visit = registry.visit(ip("192.0.2.1")).expect("a visit");
    let _third = enter("192.0.2.2").expect("another address");
    assert_eq!(enter("192.0.2.3").err(), Some(AddressRefused::Connections));
    assert_eq!(registry.connections.held(), 3);
    drop(first);
    let _again = enter("192.0.2.1").expect("one has ended");
}

#[test]
fn the_connections_of_an_address_share_its_rate() {
    let (registry, _clock) = registry(|_| ());
    let one = registry.enter(ip("192.0.2.1")).expect("within the bounds");
    let two = registry.enter(ip("192.0.2.1")).expect("within the bounds");
    assert_eq!((0..20).filter(|_| one.address().admit().is_ok()).count(), 10);
    assert_eq!(two.address().admit().expect_err("used up").rate_limit(), "\"address\";r=0;t=1");
}

#[test]
fn reconnecting_does_not_renew_a_burst() {
    let (registry, clock) = registry(|bounds| bounds.addresses = 1);
    let guard = registry.enter(ip("192.0.2.1")).expect("within the bounds");
    while guard.address().admit().is_ok() {}
    drop(guard);
    // Another address tries to push the record out before it has refilled.
    assert_eq!(registry.enter(ip("192.0.2.2")).err(), Some(AddressRefused::Addresses));
    let guard = registry.enter(ip("192.0.2.1")).expect("still known");
    assert!(guard.address().admit().is_err());
    drop(guard);
    clock.advance(Duration::from_secs(1));
    let _other = registry.enter(ip("192.0.2.2")).expect("the first has refilled");
}

#[test]
fn a_full_registry_refuses_and_never_drops_a_record_in_use() {
    let (registry, clock) = registry(|bounds| bounds.addresses = 2);
    let held = registry.enter(ip("192.0.2.1")).expect("room");
    drop(registry.enter(ip("192.0.2.2")).expect("room"));
    assert_eq!(registry.enter(ip("192.0.2.3")).err(), Some(AddressRefused::Addresses));
    clock.advance(Duration::from_secs(10));
    let _third = registry.enter(ip("192.0.2.3")).expect("the second is idle");
    assert_eq!(registry.enter(ip("192.0.2.4")).err(), Some(AddressRefused::Addresses));
    let again = registry.enter(ip("192.0.2.1")).expect("known");
    assert!(Arc::ptr_eq(held.address(), again.address()));
}

#[test]
fn a_full_registry_finds_room_behind_many_records_in_use() {
    let (registry, clock) = registry(|bounds| bounds.addresses = 100);
    let mut held: Vec<_> = (0..99).map(|n| registry.enter([10, 0, 0, n].into()).expect("room")).collect();
    drop(registry.enter(ip("10.0.0.99")).expect("room"));
    clock.advance(Duration::from_secs(10));
    // The idle record is the last of the round, which takes several calls.
    let found = (0..=100 / SWEEP).find_map(|_| registry.enter(ip("192.0.2.1")).ok());
    held.extend(found);
    assert_eq!(held.len(), 100);
    assert_eq!(registry.enter(ip("192.0.2.2")).err(), Some(AddressRefused::Addresses));
}
