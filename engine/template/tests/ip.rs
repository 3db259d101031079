//! The `ansible.utils` tests of IP addresses.

use crate::{Call, Callable, TemplateError, declare::callable, filters::Network};
use kdo_value::Value;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.utils.ip", |c| test(c, None, None), "Whether it is an address or network.", [];
        "{{ '::1' is ansible.utils.ip }}" => "true", "{{ 'x' is ansible.utils.ip }}" => "false"),
    callable!("ansible.utils.ip_address", |c| test(c, None, Some(false)), "Whether it is an address.", [];
        "{{ '10.0.0.1' is ansible.utils.ip_address }}" => "true", "{{ '10.0.0.0/8' is ansible.utils.ip_address }}" => "false"),
    callable!("ansible.utils.ipv4", |c| test(c, Some(false), None), "Whether it is an address or network of version 4.", [];
        "{{ '10.0.0.1' is ansible.utils.ipv4 }}" => "true"),
    callable!("ansible.utils.ipv4_address", |c| test(c, Some(false), Some(false)), "Whether it is an address of version 4.", [];
        "{{ '10.0.0.1' is ansible.utils.ipv4_address }}" => "true"),
    callable!("ansible.utils.ipv6", |c| test(c, Some(true), None), "Whether it is an address or network of version 6.", [];
        "{{ '10.0.0.1' is ansible.utils.ipv6 }}" => "false"),
    callable!("ansible.utils.ipv6_address", |c| test(c, Some(true), Some(false)), "Whether it is an address of version 6.", [];
        "{{ '::1' is ansible.utils.ipv6_address }}" => "true"),
    callable!("ansible.utils.in_network", |c| inside(c), "Whether the address lies in the network.", [];
        "{{ '10.1.1.1' is ansible.utils.in_network('10.0.0.0/8') }}" => "true"),
    callable!("ansible.utils.in_any_network", any_network, "Whether the address lies in one of the networks.", ["in_any_network"];
        "{{ '10.1.1.1' is ansible.utils.in_any_network(['10.0.0.0/8', '192.168.0.0/16']) }}" => "true"),
    callable!("ansible.utils.in_one_network", any_network, "Whether the address lies in one of the networks.", ["in_one_network"];
        "{{ '10.1.1.1' is ansible.utils.in_one_network(['192.168.0.0/16']) }}" => "false"),
    callable!("ansible.utils.subnet_of", |c| inside(c), "Whether the network lies in the other one.", ["subnet_of"];
        "{{ '10.1.1.0/24' is ansible.utils.subnet_of('10.0.0.0/8') }}" => "true"),
    callable!("ansible.utils.supernet_of", around, "Whether the other network lies in the network.", ["supernet_of"];
        "{{ '10.0.0.0/8' is ansible.utils.supernet_of('10.1.1.0/24') }}" => "true"),
    callable!("ansible.utils.ipv4_hostmask", |c| kind(c, |n| !n.v6 && n.ip != 0 && n.ip < u128::from(u32::MAX) && (n.ip & (n.ip + 1)) == 0), "Whether it is a mask of the host's bits.", ["ipv4_hostmask"];
        "{{ '0.0.0.255' is ansible.utils.ipv4_hostmask }}" => "true"),
    callable!("ansible.utils.ipv4_netmask", |c| kind(c, |n| !n.v6 && n.ip != 0 && ((n.ip as u32).leading_ones() + (n.ip as u32).trailing_zeros()) == 32), "Whether it is a mask of a network's bits.", ["ipv4_netmask"];
        "{{ '255.255.255.0' is ansible.utils.ipv4_netmask }}" => "true", "{{ '10.0.0.1' is ansible.utils.ipv4_netmask }}" => "false"),
    callable!("ansible.utils.ipv6_ipv4_mapped", |c| kind(c, |n| n.v6 && n.ip >> 32 == 0xffff), "Whether it is a version 4 address in version 6.", ["ipv6_ipv4_mapped"];
        "{{ '::ffff:10.0.0.1' is ansible.utils.ipv6_ipv4_mapped }}" => "true"),
    callable!("ansible.utils.ipv6_sixtofour", |c| kind(c, |n| n.v6 && n.ip >> 112 == 0x2002), "Whether it is a 6to4 address.", ["ipv6_sixtofour"];
        "{{ '2002:c000:0204::' is ansible.utils.ipv6_sixtofour }}" => "true"),
    callable!("ansible.utils.ipv6_teredo", |c| kind(c, |n| n.v6 && n.ip >> 96 == 0x2001_0000), "Whether it is a Teredo address.", ["ipv6_teredo"];
        "{{ '2001::1' is ansible.utils.ipv6_teredo }}" => "true"),
    callable!("ansible.utils.loopback", |c| kind(c, |n| among(n, &["127.0.0.0/8", "::1"])), "Whether it is a loopback address.", ["loopback"];
        "{{ '127.1.2.3' is ansible.utils.loopback }}" => "true"),
    callable!("ansible.utils.multicast", |c| kind(c, |n| among(n, &["224.0.0.0/4", "ff00::/8"])), "Whether it is a multicast address.", ["multicast"];
        "{{ 'ff02::1' is ansible.utils.multicast }}" => "true"),
    callable!("ansible.utils.private", |c| kind(c, |n| among(n, PRIVATE)), "Whether it is an address for private use.", ["private"];
        "{{ '10.0.0.1' is ansible.utils.private }}" => "true", "{{ '8.8.8.8' is ansible.utils.private }}" => "false"),
    callable!("ansible.utils.public", |c| kind(c, |n| !among(n, PRIVATE) && !among(n, &["100.64.0.0/10"])), "Whether it is an address that the whole Internet can reach.", ["public"];
        "{{ '8.8.8.8' is ansible.utils.public }}" => "true"),
    callable!("ansible.utils.reserved", |c| kind(c, |n| among(n, RESERVED)), "Whether it is an address that is kept for later.", ["reserved"];
        "{{ '240.0.0.1' is ansible.utils.reserved }}" => "true"),
    callable!("ansible.utils.unspecified", |c| kind(c, |n| n.ip == 0), "Whether it is the address of no host.", ["unspecified"];
        "{{ '0.0.0.0' is ansible.utils.unspecified }}" => "true"),
    callable!("ansible.utils.mac", mac, "Whether it is a hardware address.", ["mac"];
        "{{ '1a:2b:3c:4d:5e:6f' is ansible.utils.mac }}" => "true", "{{ 'x' is ansible.utils.mac }}" => "false"),
    callable!("ansible.utils.resolvable", resolvable, "Whether the name of a host, or an address, is known to the resolver of the controller.", ["resolvable"];
        "{{ '127.0.0.1' is ansible.utils.resolvable }}" => "true"),
];

/// Networks for private use, as Python's `ipaddress` lists them.
const PRIVATE: &[&str] = &[
    "0.0.0.0/8",
    "10.0.0.0/8",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/29",
    "192.0.0.170/31",
    "192.0.2.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "240.0.0.0/4",
    "::1",
    "::",
    "::ffff:0:0/96",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "fc00::/7",
    "fe80::/10",
];

/// Networks that are kept for later.
const RESERVED: &[&str] = &[
    "240.0.0.0/4",
    "::/8",
    "100::/8",
    "200::/7",
    "400::/6",
    "800::/5",
    "1000::/4",
    "4000::/3",
    "6000::/3",
    "8000::/3",
    "a000::/3",
    "c000::/3",
    "e000::/4",
    "f000::/5",
    "f800::/6",
    "fe00::/9",
];

fn among(n: Network, networks: &[&str]) -> bool {
    networks
        .iter()
        .filter_map(|text| Network::read(text))
        .any(|(range, _)| range.v6 == n.v6 && range.holds(n))
}

/// A test of a single address.
fn kind(call: &Call<'_>, fits: fn(Network) -> bool) -> Result<Value, TemplateError> {
    let found = call.subject()?.as_str().and_then(Network::read);
    Ok(Value::Bool(matches!(found, Some((n, false)) if fits(n))))
}

/// A network without bits of a host.
fn exact(value: &Value) -> Option<Network> {
    let (n, _) = value.as_str().and_then(Network::read)?;
    (n.ip == n.first()).then_some(n)
}

fn around(call: &Call<'_>) -> Result<Value, TemplateError> {
    let (wide, small) = (exact(call.subject()?), exact(call.required(1, "network_b")?));
    Ok(Value::Bool(
        matches!((small, wide), (Some(s), Some(w)) if s.v6 == w.v6 && w.holds(s)),
    ))
}

fn any_network(call: &Call<'_>) -> Result<Value, TemplateError> {
    let small = exact(call.subject()?);
    let networks = crate::iterate::iterate(call.required(1, "networks")?)?;
    let inside = |s: Network| {
        networks
            .iter()
            .filter_map(exact)
            .any(|w| w.v6 == s.v6 && w.holds(s))
    };
    Ok(Value::Bool(small.is_some_and(inside)))
}

fn mac(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let Some(text) = value.as_str() else {
        return call.fail(format!(
            "expected string or bytes-like object, got '{}'",
            value.type_name()
        ));
    };
    let full = match text.len() {
        12 => true,
        14 => text.contains('.'),
        17 => !text.contains('.'),
        _ => false,
    };
    Ok(Value::Bool(full && crate::filters::read_hardware(text).is_some()))
}

fn resolvable(call: &Call<'_>) -> Result<Value, TemplateError> {
    let name = call.subject()?.to_text();
    Ok(Value::Bool(
        std::net::ToSocketAddrs::to_socket_addrs(&(name.as_str(), 0)).is_ok(),
    ))
}

fn test(call: &Call<'_>, v6: Option<bool>, prefixed: Option<bool>) -> Result<Value, TemplateError> {
    let found = Network::read(&call.subject()?.to_text());
    Ok(Value::Bool(found.is_some_and(|(n, p)| {
        n.ip == n.first() && v6.is_none_or(|v| v == n.v6) && prefixed.is_none_or(|w| w == p)
    })))
}

fn inside(call: &Call<'_>) -> Result<Value, TemplateError> {
    let (small, wide) = (
        exact(call.subject()?),
        call.get(1, "network")
            .or_else(|| call.get(1, "network_b"))
            .and_then(exact),
    );
    Ok(Value::Bool(
        matches!((small, wide), (Some(s), Some(w)) if s.v6 == w.v6 && w.holds(s)),
    ))
}
