use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;

use crate::ingest::door::guests::{CONNECTIONS_MAX, Guests, NoRoom, PER_ADDRESS_MAX};
use crate::ingest::failures::{Failures, address_group};

fn address(n: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(203, 0, 113, n))
}

#[test]
fn an_address_has_its_share_of_connections() {
    let guests = std::sync::Arc::new(Guests::new(&[address(9)]));
    let mut inside: Vec<_> = (0..PER_ADDRESS_MAX).map(|_| guests.enter(address(1)).unwrap()).collect();
    assert_eq!(guests.enter(address(1)).unwrap_err(), NoRoom::AddressFull);
    assert!(guests.enter(address(2)).is_ok());
    inside.pop();
    assert!(guests.enter(address(1)).is_ok());
    let trusted: Vec<_> = (0..PER_ADDRESS_MAX * 2).map(|_| guests.enter(address(9))).collect();
    assert!(trusted.iter().all(Result::is_ok));
}

#[tokio::test]
async fn a_full_house_makes_room_by_the_one_waiting_longest_but_keeps_publishers() {
    let guests = std::sync::Arc::new(Guests::new(&[]));
    let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let inside: Vec<_> = (0..CONNECTIONS_MAX).map(|_| guests.enter(local).unwrap()).collect();
    inside[0].let_in();
    let newcomer = guests.enter(local).unwrap();
    tokio::time::timeout(std::time::Duration::from_secs(1), inside[1].crowded_out()).await.unwrap();
    for guest in &inside[1..] {
        guest.let_in();
    }
    newcomer.let_in();
    assert_eq!(guests.enter(local).unwrap_err(), NoRoom::Full);
}

#[test]
fn wrong_keys_are_counted_by_address_and_by_64_bits_of_ipv6() {
    let failures = Failures::new(NonZeroU32::new(3).unwrap());
    assert_eq!((0..5).filter(|_| failures.count(address(1))).count(), 3);
    assert!(failures.count(address(2)));
    let [a, b, c]: [IpAddr; 3] =
        ["2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:2::1"].map(|text| text.parse().unwrap());
    assert_eq!(address_group(a), address_group(b));
    assert_ne!(address_group(a), address_group(c));
    assert_eq!(address_group("::ffff:203.0.113.1".parse().unwrap()), address(1));
}
