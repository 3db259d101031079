//! Addresses and networks of both IP versions.

use num_bigint::BigInt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address with its prefix length, as netaddr's `IPNetwork`: host bits are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    pub ip: u128,
    pub v6: bool,
    pub prefix: u32,
}

impl Network {
    /// Reads `address`, `address/prefix` or `address/netmask`; the flag says whether there was a prefix.
    pub(crate) fn read(text: &str) -> Option<(Self, bool)> {
        let text = text.trim();
        let (address, suffix) = text.split_once('/').map_or((text, None), |(a, s)| (a, Some(s)));
        let (ip, v6) = match address.parse().ok()? {
            IpAddr::V4(a) => (u128::from(u32::from(a)), false),
            IpAddr::V6(a) => (u128::from(a), true),
        };
        let bits = if v6 { 128 } else { 32 };
        let prefix = match suffix {
            None => bits,
            Some(s) => match s.parse::<u32>() {
                Ok(n) if n <= bits => n,
                Ok(_) => return None,
                Err(_) => {
                    let (mask, mask_v6) = match s.parse().ok()? {
                        IpAddr::V4(a) => (u128::from(u32::from(a)), false),
                        IpAddr::V6(a) => (u128::from(a), true),
                    };
                    if mask_v6 != v6 {
                        return None;
                    }
                    let shifted = mask << (128 - bits);
                    let ones = shifted.leading_ones();
                    if ones < 128 && shifted << ones != 0 {
                        // a host mask such as 0.0.0.255 counts too
                        let zeros = shifted.leading_zeros();
                        if (mask + 1).is_power_of_two() {
                            zeros
                        } else {
                            return None;
                        }
                    } else {
                        ones.min(bits)
                    }
                }
            },
        };
        Some((Self { ip, v6, prefix }, suffix.is_some()))
    }

    /// Number of bits of an address.
    pub(crate) fn bits(self) -> u32 {
        if self.v6 { 128 } else { 32 }
    }

    fn host_mask(self) -> u128 {
        let free = self.bits() - self.prefix;
        if free >= 128 { u128::MAX } else { (1 << free) - 1 }
    }

    /// First address.
    pub(crate) fn first(self) -> u128 {
        self.ip & !self.host_mask()
    }

    /// Last address.
    pub(crate) fn last(self) -> u128 {
        self.ip | self.host_mask()
    }

    /// Number of addresses.
    pub(crate) fn size(self) -> BigInt {
        BigInt::from(self.host_mask()) + 1
    }

    /// Whether more than two addresses are in it.
    pub(crate) fn is_wide(self) -> bool {
        self.host_mask() > 1
    }

    /// Whether it is a single address.
    pub(crate) fn is_single(self) -> bool {
        self.prefix == self.bits()
    }

    /// The same prefix without host bits.
    pub(crate) fn cidr(self) -> Self {
        Self {
            ip: self.first(),
            ..self
        }
    }

    /// Another address of the same version and prefix.
    pub(crate) fn at(self, ip: u128) -> Self {
        Self { ip, ..self }
    }

    /// Whether all of `other` is in it.
    pub(crate) fn holds(self, other: Self) -> bool {
        self.v6 == other.v6 && self.first() <= other.first() && other.last() <= self.last()
    }

    /// An address as text.
    pub(crate) fn show(self, ip: u128) -> String {
        if self.v6 {
            Ipv6Addr::from(ip).to_string()
        } else {
            Ipv4Addr::from(u32::try_from(ip & 0xffff_ffff).unwrap_or(0)).to_string()
        }
    }

    /// The address alone.
    pub(crate) fn address(self) -> String {
        self.show(self.ip)
    }

    /// `address/prefix`
    pub(crate) fn with_prefix(self) -> String {
        format!("{}/{}", self.address(), self.prefix)
    }

    /// The mask of the network's bits.
    pub(crate) fn netmask(self) -> String {
        self.show(!self.host_mask() & if self.v6 { u128::MAX } else { 0xffff_ffff })
    }

    /// The mask of the hosts' bits.
    pub(crate) fn hostmask(self) -> String {
        self.show(self.host_mask())
    }

    fn within(self, networks: &[&str]) -> bool {
        networks
            .iter()
            .filter_map(|n| Self::read(n))
            .any(|(n, _)| n.holds(self))
    }

    /// Whether it is an address that routers of the Internet know.
    pub(crate) fn is_global(self) -> bool {
        const LOCAL: [&str; 23] = [
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "240.0.0.0/4",
            "::/127",
            "::ffff:0:0/96",
            "64:ff9b:1::/48",
            "100::/64",
            "2001::/23",
            "2001:db8::/32",
            "2002::/16",
            "3fff::/20",
            "fc00::/7",
            "fe80::/10",
        ];
        !LOCAL
            .iter()
            .filter_map(|text| Self::read(text))
            .any(|(range, _)| range.v6 == self.v6 && range.first() <= self.ip && self.ip <= range.last())
    }

    /// Addresses of the host itself.
    pub(crate) fn is_loopback(self) -> bool {
        self.within(&["127.0.0.0/8", "::1/128"])
    }

    /// Addresses of one link.
    pub(crate) fn is_link_local(self) -> bool {
        self.within(&["169.254.0.0/16", "fe80::/10"])
    }

    /// Addresses of groups.
    pub(crate) fn is_multicast(self) -> bool {
        self.within(&["224.0.0.0/4", "ff00::/8"])
    }

    /// The name of the reverse record.
    pub(crate) fn reverse(self) -> String {
        if self.v6 {
            let digits: Vec<String> = format!("{:032x}", self.ip)
                .chars()
                .rev()
                .map(String::from)
                .collect();
            format!("{}.ip6.arpa.", digits.join("."))
        } else {
            let text = self.address();
            let parts: Vec<&str> = text.rsplit('.').collect();
            format!("{}.in-addr.arpa.", parts.join("."))
        }
    }
}

/// The fewest networks that hold exactly the given ones.
pub(crate) fn merge(networks: &[Network]) -> Vec<Network> {
    let mut out: Vec<Network> = networks.iter().map(|n| n.cidr()).collect();
    loop {
        out.sort_by_key(|n| (n.v6, n.ip, n.prefix));
        let mut next: Vec<Network> = Vec::with_capacity(out.len());
        let mut changed = false;
        for n in &out {
            match next.last().copied() {
                Some(last) if last.holds(*n) => changed = true,
                Some(last)
                    if last.v6 == n.v6
                        && last.prefix == n.prefix
                        && n.prefix > 0
                        && Network {
                            prefix: n.prefix - 1,
                            ..last
                        }
                        .first()
                            == last.ip
                        && Network {
                            prefix: n.prefix - 1,
                            ..*n
                        }
                        .first()
                            == last.ip =>
                {
                    next.pop();
                    next.push(Network {
                        prefix: n.prefix - 1,
                        ..last
                    });
                    changed = true;
                }
                _ => next.push(*n),
            }
        }
        out = next;
        if !changed {
            return out;
        }
    }
}

/// The smallest network that holds them all.
pub(crate) fn span(networks: &[Network]) -> Option<Network> {
    let mut out = networks.first()?.cidr();
    for n in networks {
        while !out.holds(*n) {
            if out.v6 != n.v6 {
                return None;
            }
            out = Network {
                prefix: out.prefix.checked_sub(1)?,
                ..out
            }
            .cidr();
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::{Network, merge, span};

    fn nets(list: &[&str]) -> Vec<Network> {
        list.iter().map(|n| Network::read(n).unwrap().0).collect()
    }

    #[test]
    fn masks_are_read_in_all_forms() {
        for (text, want) in [
            ("10.1.2.3/24", "10.1.2.3/24"),
            ("10.1.2.3/255.255.255.0", "10.1.2.3/24"),
            ("10.1.2.3/0.0.0.255", "10.1.2.3/24"),
            ("10.1.2.3", "10.1.2.3/32"),
            ("fe80::1/10", "fe80::1/10"),
            ("0.0.0.0/0", "0.0.0.0/0"),
        ] {
            assert_eq!(Network::read(text).unwrap().0.with_prefix(), want);
        }
        for bad in [
            "10.1.2.3/33",
            "10.1.2",
            "x",
            "10.0.0.0/255.0.255.0",
            "10.0.0.0/ffff::",
        ] {
            assert!(Network::read(bad).is_none(), "{bad}");
        }
        assert_eq!(
            Network::read("::/0").unwrap().0.size().to_string(),
            "340282366920938463463374607431768211456"
        );
    }

    #[test]
    fn neighbours_are_merged() {
        let shown = |n: Vec<Network>| n.iter().map(|n| n.with_prefix()).collect::<Vec<_>>();
        assert_eq!(
            shown(merge(&nets(&[
                "10.0.1.0/24",
                "10.0.0.0/24",
                "10.0.0.5",
                "10.0.3.0/24"
            ]))),
            ["10.0.0.0/23", "10.0.3.0/24"]
        );
        assert_eq!(
            span(&nets(&["10.0.0.0/24", "10.0.3.7"])).unwrap().with_prefix(),
            "10.0.0.0/22"
        );
        assert!(span(&nets(&["10.0.0.0/24", "::1"])).is_none());
    }
}
