//! Which addresses are public.
//!
//! IPv4 is public unless a registry says otherwise; of IPv6 only global unicast is, without the parts
//! of it that are set aside. An address that carries another one (mapped, NAT64, 6to4) is what it
//! carries.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::Cidr;

/// Whether a call may go to an address: it is public, or the operator has listed it. What names no
/// machine at all (unspecified, multicast, broadcast) never is.
pub fn is_permitted(address: IpAddr, allowed: &[Cidr]) -> bool {
    let address = carried(address);
    if is_public(address) {
        return true;
    }
    names_one_machine(address) && allowed.iter().any(|block| block.contains(address))
}

/// Whether an address is reachable from everywhere, as far as its number says.
pub fn is_public(address: IpAddr) -> bool {
    match carried(address) {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Whether an address is the machine itself.
pub fn is_loopback(address: IpAddr) -> bool {
    carried(address).is_loopback()
}

/// The IPv4 address that an IPv6 address stands for, if it stands for one.
fn carried(address: IpAddr) -> IpAddr {
    let IpAddr::V6(six) = address else {
        return address;
    };
    let segments = six.segments();
    let from = |high: u16, low: u16| {
        IpAddr::V4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
    };
    match segments {
        // IPv4-mapped, IPv4-translated, and NAT64 with its well-known prefix.
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        // 6to4.
        | [0x2002, high, low, ..] => from(high, low),
        _ => address,
    }
}

#[expect(clippy::unnested_or_patterns, reason = "a line for each range")]
fn is_public_v4(address: Ipv4Addr) -> bool {
    !matches!(
        address.octets(),
        // This network, private use, loopback.
        [0 | 10 | 127, ..]
            // Shared by a provider's customers.
            | [100, 64..=127, ..]
            // Link-local; the metadata of clouds.
            | [169, 254, ..]
            | [172, 16..=31, ..]
            // Protocol assignments, documentation, 6to4 relays, private use.
            | [192, 0, 0 | 2, _]
            | [192, 88, 99, _]
            | [192, 168, ..]
            // Measurements, documentation.
            | [198, 18 | 19, ..]
            | [198, 51, 100, _]
            | [203, 0, 113, _]
            // Multicast, reserved, broadcast.
            | [224..=255, ..]
    )
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let is_global_unicast = first & 0xe000 == 0x2000;
    let is_set_aside = match first {
        // Protocol assignments with Teredo, documentation.
        0x2001 => second < 0x0200 || second == 0x0db8,
        0x2002 => true,
        // Documentation.
        0x3fff => second < 0x1000,
        _ => false,
    };
    is_global_unicast && !is_set_aside
}

fn names_one_machine(address: IpAddr) -> bool {
    let is_broadcast = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    !(address.is_unspecified() || address.is_multicast() || is_broadcast)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permitted(address: &str, allowed: &[&str]) -> bool {
        let allowed: Vec<Cidr> = allowed.iter().map(|block| block.parse().unwrap()).collect();
        is_permitted(address.parse().unwrap(), &allowed)
    }

    #[test]
    fn what_is_not_public_is_not_called() {
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:0:192.168.0.1",
            "64:ff9b::127.0.0.1",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!permitted(address, &[]), "{address}");
        }
        for address in [
            "1.1.1.1",
            "100.63.0.1",
            "172.32.0.1",
            "198.20.0.1",
            "2606:4700::1111",
            "2001:4860:4860::8888",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
        ] {
            assert!(permitted(address, &[]), "{address}");
        }
    }

    #[test]
    fn the_operator_may_list_more() {
        assert!(permitted("127.0.0.1", &["127.0.0.0/8"]));
        assert!(permitted("::ffff:127.0.0.1", &["127.0.0.0/8"]));
        assert!(permitted("10.1.2.3", &["192.168.0.0/16", "10.0.0.0/8"]));
        assert!(permitted("fd00::1", &["fd00::/8"]));
        assert!(!permitted("10.1.2.3", &["127.0.0.0/8"]));
        assert!(!permitted("::1", &["127.0.0.0/8"]));
        for address in ["0.0.0.0", "224.0.0.1", "255.255.255.255"] {
            assert!(!permitted(address, &["0.0.0.0/0"]), "{address}");
        }
        assert!(!permitted("::", &["::/0"]));
    }
}
