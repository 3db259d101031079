//! The `ansible.utils` filters on IP addresses.

use super::ip_network::{Network, merge, span};
use crate::{Call, Callable, Check, TemplateError, declare::callable, iterate::iterate};
use kdo_value::{BigInt, Value};

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.utils.ipaddr", |c| filter(c, None), "The addresses among the values, or what the query asks of them; false for what is no address.", ["ipaddr"];
        "{{ '192.0.2.1/24' | ansible.utils.ipaddr('address') }}" => r#""192.0.2.1""#,
        "{{ '192.0.2.1/24' | ipaddr('network/prefix') }}" => r#""192.0.2.0/24""#,
        "{{ '192.0.2.1/24' | ipaddr('netmask') }}" => r#""255.255.255.0""#,
        "{{ ['192.0.2.1', 'x', '::1'] | ipaddr }}" => r#"["192.0.2.1", "::1"]"#,
        "{{ 'x' | ipaddr }}" => "false",
        "{{ '192.0.2.0/24' | ipaddr('5') }}" => r#""192.0.2.5/24""#,
        "{{ '192.0.2.7' | ipaddr('192.0.2.0/24') }}" => r#""192.0.2.7""#,
        "{{ '192.0.2.0/24' | ipaddr('size') }}" => "256"),
    callable!("ansible.utils.ipv4", |c| filter(c, Some(false)), "Like `ipaddr`, for version 4 only.", ["ipv4"];
        "{{ ['192.0.2.1', '::1'] | ansible.utils.ipv4 }}" => r#"["192.0.2.1"]"#),
    callable!("ansible.utils.ipv6", |c| filter(c, Some(true)), "Like `ipaddr`, for version 6 only.", ["ipv6"];
        "{{ ['192.0.2.1', '::1'] | ansible.utils.ipv6 }}" => r#"["::1"]"#),
    callable!("ansible.utils.ipwrap", wrap, "Version 6 addresses in brackets, everything else as it is.", ["ipwrap"];
        "{{ ['::1', '192.0.2.1', 'host', 'fe80::1/64'] | ansible.utils.ipwrap }}"
            => r#"["[::1]", "192.0.2.1", "host", "[fe80::1]/64"]"#),
    callable!("ansible.utils.ipsubnet", subnet, "The number of subnets of a size, or one of them by its index.", ["ipsubnet"];
        "{{ '192.168.0.0/16' | ansible.utils.ipsubnet(20, 0) }}" => r#""192.168.0.0/20""#,
        "{{ '192.168.0.0/16' | ansible.utils.ipsubnet(20) }}" => r#""16""#,
        "{{ '192.168.0.0/16' | ansible.utils.ipsubnet(20, -1) }}" => r#""192.168.240.0/20""#,
        "{{ '192.168.144.5' | ansible.utils.ipsubnet(20) }}" => r#""192.168.144.0/20""#),
    callable!("ansible.utils.ipmath", math, "The address that many steps further.", ["ipmath"];
        "{{ '192.0.2.5' | ansible.utils.ipmath(5) }}" => r#""192.0.2.10""#,
        "{{ '192.0.2.5/24' | ansible.utils.ipmath(-10) }}" => r#""192.0.1.251""#),
    callable!("ansible.utils.cidr_merge", cidr_merge, "The fewest networks that hold the given ones (`merge`), or the one that spans them (`span`).", ["cidr_merge"];
        "{{ ['10.0.0.0/24', '10.0.1.0/24'] | ansible.utils.cidr_merge }}" => r#"["10.0.0.0/23"]"#,
        "{{ ['10.0.0.0/24', '10.0.3.0/24'] | ansible.utils.cidr_merge('span') }}" => r#""10.0.0.0/22""#),
    callable!("ansible.utils.nthhost", nth_host, "The address of that number in a network.", ["nthhost"];
        "{{ '10.0.0.0/8' | ansible.utils.nthhost(305) }}" => r#""10.0.1.49""#),
    callable!("ansible.utils.next_nth_usable", |c| nth_usable(c, 1), "The usable address that many steps after the given one, inside its network.", ["next_nth_usable"];
        "{{ '192.168.122.1/24' | ansible.utils.next_nth_usable(2) }}" => r#""192.168.122.3""#),
    callable!("ansible.utils.previous_nth_usable", |c| nth_usable(c, -1), "The usable address that many steps before the given one, inside its network.", ["previous_nth_usable"];
        "{{ '192.168.122.10/24' | ansible.utils.previous_nth_usable(2) }}" => r#""192.168.122.8""#),
    callable!("ansible.utils.network_in_network", |c| in_network(c, false), "Whether the second network lies in the first.", ["network_in_network"];
        "{{ '192.0.0.0/8' | ansible.utils.network_in_network('192.168.1.0/24') }}" => "true"),
    callable!("ansible.utils.network_in_usable", |c| in_network(c, true), "Whether the second network lies among the usable addresses of the first.", ["network_in_usable"];
        "{{ '192.0.2.0/24' | ansible.utils.network_in_usable('192.0.2.1') }}" => "true",
        "{{ '192.0.2.0/24' | ansible.utils.network_in_usable('192.0.2.255') }}" => "false"),
    callable!("ansible.utils.reduce_on_network", reduce, "The addresses that lie in a network.", ["reduce_on_network"];
        "{{ ['192.168.0.34', '10.3.0.3'] | ansible.utils.reduce_on_network('192.168.0.0/24') }}" => r#"["192.168.0.34"]"#),
];

/// A value's network and whether it was written with a prefix.
fn network(value: &Value) -> Option<(Network, bool)> {
    match value {
        Value::Str(s) => Network::read(s),
        Value::Int(n) => {
            let ip = u128::try_from(*n).ok()?;
            let v6 = ip > u128::from(u32::MAX);
            Some((
                Network {
                    ip,
                    v6,
                    prefix: if v6 { 128 } else { 32 },
                },
                false,
            ))
        }
        Value::Big(n) => {
            let ip: u128 = n.to_string().parse().ok()?;
            Some((
                Network {
                    ip,
                    v6: true,
                    prefix: 128,
                },
                false,
            ))
        }
        _ => None,
    }
}

fn filter(call: &Call<'_>, v6: Option<bool>) -> Result<Value, TemplateError> {
    let query = match call.get(1, "query") {
        None | Some(Value::None) => String::new(),
        Some(v) => v.check()?.to_text(),
    };
    one(call, call.subject()?, &query, v6, 0)
}

fn one(
    call: &Call<'_>,
    value: &Value,
    query: &str,
    v6: Option<bool>,
    depth: usize,
) -> Result<Value, TemplateError> {
    if let Some(items) = value.as_sequence() {
        if depth > 20 {
            return call.fail("lists are nested too deeply");
        }
        let mut out = Vec::new();
        for item in items {
            let found = one(call, item.check()?, query, v6, depth + 1)?;
            if found.truthy() {
                out.push(found);
            }
        }
        return Ok(Value::list(out));
    }
    if value.is_none() {
        let short = call.name.rsplit('.').next().unwrap_or(call.name);
        return call.fail(format!(
            "Unrecognized type <<class 'NoneType'>> for {short} filter <value>"
        ));
    }
    let Some((n, prefixed)) = network(value) else {
        return Ok(Value::Bool(false));
    };
    let (n, prefixed) = match (v6, n.v6) {
        (Some(false), true) => match mapped(n) {
            Some(n) if matches!(query, "ipv4" | "v4") => (n, prefixed),
            _ => return Ok(Value::Bool(false)),
        },
        (Some(true), false) if value.as_str().is_none() => (
            Network {
                v6: true,
                prefix: 128,
                ..n
            },
            prefixed,
        ),
        (Some(true), false) => return Ok(Value::Bool(false)),
        _ => (n, prefixed),
    };
    ask(call, value, n, prefixed, query)
}

/// The version 4 address inside a mapped one.
fn mapped(n: Network) -> Option<Network> {
    (n.v6 && n.ip >> 32 == 0xffff).then(|| Network {
        ip: n.ip & 0xffff_ffff,
        v6: false,
        prefix: n.prefix.saturating_sub(96).min(32),
    })
}

fn ask(
    call: &Call<'_>,
    value: &Value,
    n: Network,
    prefixed: bool,
    query: &str,
) -> Result<Value, TemplateError> {
    let none = Value::None;
    let text = |s: String| Value::str(s);
    // what was given, numbers as addresses
    let given = || match value {
        Value::Str(_) => value.clone(),
        _ => Value::str(n.with_prefix()),
    };
    let keep = |yes: bool| if yes { given() } else { Value::None };
    if query.ends_with("_usable") && query != "size_usable" && !prefixed {
        return call.fail("Not a network address");
    }
    let narrow = !n.is_wide();
    let host = !n.is_single() && (n.ip != n.first() || narrow);
    let usable = |ip: u128| n.show(ip);
    let (low, high) = if narrow {
        (n.first(), n.last())
    } else {
        (n.first() + 1, n.last() - u128::from(!n.v6))
    };
    Ok(match query {
        "" => text(if prefixed { n.with_prefix() } else { n.address() }),
        "bool" => Value::Bool(true),
        "address" | "ip" => {
            if n.is_single() || n.ip != n.first() || narrow || n.v6 {
                text(n.address())
            } else {
                none
            }
        }
        "broadcast" => {
            if n.is_wide() {
                text(n.show(n.last()))
            } else {
                none
            }
        }
        "cidr" => text(n.with_prefix()),
        "subnet" => text(n.cidr().with_prefix()),
        "network" | "network_id" => text(n.show(n.first())),
        "net" => {
            if !n.is_single() && n.ip == n.first() {
                text(n.with_prefix())
            } else {
                none
            }
        }
        "network/prefix" => text(n.cidr().with_prefix()),
        "network_netmask" => text(format!("{} {}", n.show(n.first()), n.netmask())),
        "network_wildcard" => text(format!("{} {}", n.show(n.first()), n.hostmask())),
        "ip_netmask" => {
            if host {
                text(format!("{} {}", n.address(), n.netmask()))
            } else {
                none
            }
        }
        // broken in the collection, too
        "ip_wildcard" => return call.fail("unsupported operand type(s) for +: 'NoneType' and 'str'"),
        "host/prefix" | "hostnet" | "router" | "gateway" | "gw" => {
            let edge = !narrow && (n.ip == n.first() || n.ip == n.last());
            if n.is_single() || !edge {
                text(n.with_prefix())
            } else {
                Value::Bool(false)
            }
        }
        "ip/prefix" => {
            if host {
                text(n.with_prefix())
            } else {
                none
            }
        }
        "host" => {
            if n.is_single() || n.ip != n.first() {
                text(n.with_prefix())
            } else {
                none
            }
        }
        "prefix" => Value::from(n.prefix),
        "netmask" => text(n.netmask()),
        "hostmask" | "wildcard" => text(n.hostmask()),
        "size" => Value::big(n.size()),
        "size_usable" => {
            let size = n.size();
            if n.is_single() {
                Value::Int(0)
            } else if narrow {
                Value::big(size)
            } else {
                Value::big(size - 2)
            }
        }
        "first_usable" => {
            if n.is_single() {
                none
            } else {
                text(usable(low))
            }
        }
        "last_usable" => {
            if n.is_single() {
                none
            } else {
                text(usable(if n.is_wide() { n.last() - 1 } else { high }))
            }
        }
        "range_usable" => {
            if n.is_single() {
                none
            } else {
                let high = if n.is_wide() { n.last() - 1 } else { high };
                text(format!("{}-{}", usable(low), usable(high)))
            }
        }
        "next_usable" => step(n, 1),
        "previous_usable" => step(n, -1),
        "peer" => match n.bits() - n.prefix {
            1 => text(n.show(n.ip ^ 1)),
            2 if n.ip & 3 == 1 || n.ip & 3 == 2 => text(n.show(n.ip ^ 3)),
            _ => return call.fail("Not a point-to-point network"),
        },
        "type" => text(
            if n.is_single() || n.ip != n.first() {
                "address"
            } else {
                "network"
            }
            .into(),
        ),
        "version" => Value::Int(if n.v6 { 6 } else { 4 }),
        "int" => {
            if prefixed {
                text(format!("{}/{}", n.ip, n.prefix))
            } else {
                Value::big(BigInt::from(n.ip))
            }
        }
        "v4" | "v6" => {
            return call.fail(format!(
                "_ip{query}_query() missing 1 required positional argument: 'value'"
            ));
        }
        "ipv4" => match (n.v6, mapped(n)) {
            (false, _) => given(),
            (true, Some(v4)) => text(v4.with_prefix()),
            (true, None) if n.ip >> 32 == 0 && n.prefix >= 96 => text(
                Network {
                    v6: false,
                    prefix: n.prefix - 96,
                    ..n
                }
                .with_prefix(),
            ),
            _ => Value::Bool(false),
        },
        "ipv6" => {
            if n.v6 {
                given()
            } else {
                text(format!("::ffff:{}/{}", n.address(), n.prefix + 96))
            }
        }
        "wrap" => text(match (n.v6, prefixed) {
            (true, true) => format!("[{}]/{}", n.address(), n.prefix),
            (true, false) => format!("[{}]", n.address()),
            (false, true) => n.with_prefix(),
            (false, false) => n.address(),
        }),
        "revdns" => text(n.reverse()),
        "private" => keep(!n.is_global() && !n.is_multicast()),
        "public" => keep(n.is_global() && !n.is_multicast()),
        "loopback" | "lo" => keep(n.is_loopback()),
        "link-local" => keep(n.is_link_local()),
        "multicast" => keep(n.is_multicast()),
        "unicast" => keep(!n.is_multicast()),
        "6to4" => {
            if n.v6 {
                if n.ip >> 112 == 0x2002 {
                    given()
                } else {
                    Value::Bool(false)
                }
            } else if n.is_multicast() || !n.is_single() && n.ip == n.first() {
                Value::Bool(false)
            } else {
                text(format!(
                    "2002:{:04x}:{:04x}::1/48",
                    n.ip >> 16 & 0xffff,
                    n.ip & 0xffff
                ))
            }
        }
        other => {
            if let Ok(index) = other.parse::<i128>() {
                if n.is_single() {
                    return Ok(text(if prefixed { n.with_prefix() } else { n.address() }));
                }
                return Ok(match offset(n, index) {
                    Some(ip) => text(n.at(ip).with_prefix()),
                    None => Value::Bool(false),
                });
            }
            match Network::read(other) {
                Some((range, _)) => keep(range.holds(n)),
                None => return call.fail(format!("{}: unknown filter type: {other}", call.name)),
            }
        }
    })
}

/// The address of that number, counted from the end where negative.
fn offset(n: Network, index: i128) -> Option<u128> {
    let ip = if index < 0 {
        n.last().checked_sub(index.unsigned_abs() - 1)?
    } else {
        n.first().checked_add(index.unsigned_abs())?
    };
    (n.first() <= ip && ip <= n.last()).then_some(ip)
}

/// The usable address that many steps away, if it is in the network.
fn step(n: Network, by: i128) -> Value {
    let moved = if by < 0 {
        n.ip.checked_sub(by.unsigned_abs())
    } else {
        n.ip.checked_add(by.unsigned_abs())
    };
    let (low, high) = if n.is_wide() {
        (n.first() + 1, n.last() - 1)
    } else {
        (n.first(), n.last())
    };
    match moved {
        Some(ip) if !n.is_single() && low <= ip && ip <= high => Value::str(n.show(ip)),
        _ => Value::None,
    }
}

/// The query makes no difference, as in the collection.
fn wrap(call: &Call<'_>) -> Result<Value, TemplateError> {
    let one_wrapped = |value: &Value| match network(value) {
        Some((n, prefixed)) if n.v6 => ask(call, value, n, prefixed, "wrap"),
        _ => Ok(value.clone()),
    };
    match call.subject()? {
        value @ Value::Str(_) => one_wrapped(value),
        value => match value.as_sequence() {
            Some(items) => Ok(Value::list(
                items.iter().map(one_wrapped).collect::<Result<Vec<_>, _>>()?,
            )),
            None => call.fail(format!(
                "Unrecognized type <<class '{}'>> for ipwrap filter <value>",
                value.type_name()
            )),
        },
    }
}

fn subnet(call: &Call<'_>) -> Result<Value, TemplateError> {
    let Some((n, prefixed)) = network(call.subject()?) else {
        return Ok(Value::Bool(false));
    };
    let query = call.text(1, "query", "")?;
    let index = call.get(2, "index").filter(|i| i.as_str() != Some("x"));
    if query.is_empty() {
        return Ok(Value::str(if prefixed {
            n.cidr().with_prefix()
        } else {
            n.address()
        }));
    }
    let index = match index {
        None => None,
        Some(v) => match v.to_text().parse::<i128>() {
            Ok(i) => Some(i),
            Err(_) => return call.fail("ipsubnet: the index must be a number"),
        },
    };
    let Ok(prefix) = query.parse::<u32>() else {
        // position of a network among the subnets of another
        let Some((inner, _)) = Network::read(&query) else {
            return call.fail(format!(
                "ipsubnet: You must pass a valid subnet or IP address; {query} is invalid"
            ));
        };
        let (wide, small) = if inner.prefix < n.prefix {
            (inner, n)
        } else {
            (n, inner)
        };
        if !wide.holds(small) {
            return call.fail(format!(
                "{} is not in the subnet {}",
                small.with_prefix(),
                wide.cidr().with_prefix()
            ));
        }
        let free = small.bits() - small.prefix;
        let rank = (small.first() - wide.first()).checked_shr(free).unwrap_or(0);
        return Ok(Value::str((rank + 1).to_string()));
    };
    if prefix > n.bits() {
        return Ok(Value::Bool(false));
    }
    if !prefixed {
        let wide = Network { prefix, ..n }.cidr();
        return Ok(match index {
            None => Value::str(wide.with_prefix()),
            Some(i) => {
                // a prefix length to cut this address's network into
                let Ok(inner) = u32::try_from(i) else {
                    return Ok(Value::Bool(false));
                };
                if inner > n.bits() || inner < prefix {
                    return Ok(Value::Bool(false));
                }
                Value::str(Network { prefix: inner, ..n }.cidr().with_prefix())
            }
        });
    }
    if prefix < n.prefix {
        return match index {
            None => call.fail(format!("Requested subnet size of {prefix} is invalid")),
            Some(_) => Ok(Value::Bool(false)),
        };
    }
    let count = BigInt::from(1) << (prefix - n.prefix);
    match index {
        None => Ok(Value::str(count.to_string())),
        Some(i) => {
            let i = BigInt::from(i);
            let i = if i < BigInt::from(0) { i + &count } else { i };
            if i < BigInt::from(0) || i >= count {
                return Ok(Value::Bool(false));
            }
            let number: u128 = i.to_string().parse().unwrap_or(0);
            let ip = n.first() + number.checked_shl(n.bits() - prefix).unwrap_or(0);
            Ok(Value::str(Network { ip, prefix, ..n }.with_prefix()))
        }
    }
}

fn math(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let Some((n, _)) = network(value).filter(|_| value.as_str().is_some()) else {
        return call.fail(format!(
            "You must pass a valid IP address; {} is invalid",
            value.to_text()
        ));
    };
    let Some(amount) = call.required(1, "amount")?.as_int() else {
        return call.fail(format!(
            "You must pass an integer for arithmetic; {} is not a valid integer",
            call.required(1, "amount")?.to_text()
        ));
    };
    let moved = if amount < 0 {
        n.ip.checked_sub(u128::from(amount.unsigned_abs()))
    } else {
        n.ip.checked_add(u128::from(amount.unsigned_abs()))
    };
    match moved.filter(|ip| n.v6 || *ip <= u128::from(u32::MAX)) {
        Some(ip) => Ok(Value::str(n.show(ip))),
        None => call.fail("the address is out of range"),
    }
}

fn cidr_merge(call: &Call<'_>) -> Result<Value, TemplateError> {
    let mut networks = Vec::new();
    let subject = call.subject()?;
    let items = match subject {
        Value::Str(_) => vec![subject.clone()],
        other => iterate(other)?,
    };
    for item in items {
        match network(item.check()?).filter(|_| item.as_str().is_some()) {
            Some((n, _)) => networks.push(n),
            None => return call.fail(format!("cidr_merge: invalid IP or network: {}", item.to_text())),
        }
    }
    match call.text(1, "action", "merge")?.as_str() {
        "merge" => Ok(Value::list(
            merge(&networks).into_iter().map(|n| Value::str(n.with_prefix())),
        )),
        "span" => match span(&networks) {
            Some(n) => Ok(Value::str(n.with_prefix())),
            None if networks.is_empty() => Ok(Value::None),
            None => call.fail("cidr_merge: networks of both versions cannot be spanned"),
        },
        other => call.fail(format!("cidr_merge: invalid action '{other}'")),
    }
}

fn nth_host(call: &Call<'_>) -> Result<Value, TemplateError> {
    let Some((n, _)) = network(call.subject()?) else {
        return Ok(Value::Bool(false));
    };
    let nth = call.text(1, "query", "")?;
    Ok(match nth.parse().ok().and_then(|i| offset(n, i)) {
        Some(ip) => Value::str(n.show(ip)),
        None => Value::Bool(false),
    })
}

fn nth_usable(call: &Call<'_>, sign: i128) -> Result<Value, TemplateError> {
    let n = match network(call.subject()?) {
        Some((n, true)) => n,
        Some((_, false)) => return Ok(Value::None),
        None => return Ok(Value::Bool(false)),
    };
    Ok(step(n, sign * i128::from(call.int(1, "offset", 1)?)))
}

fn in_network(call: &Call<'_>, usable: bool) -> Result<Value, TemplateError> {
    let (Some((wide, _)), Some((small, _))) = (network(call.subject()?), network(call.required(1, "test")?))
    else {
        return Ok(Value::Bool(false));
    };
    let inside = wide.holds(small);
    let ends = usable && wide.is_wide() && (small.first() == wide.first() || small.last() == wide.last());
    Ok(Value::Bool(inside && !ends))
}

fn reduce(call: &Call<'_>) -> Result<Value, TemplateError> {
    let Some((range, _)) = network(call.required(1, "network")?) else {
        return call.fail("reduce_on_network: invalid network");
    };
    let subject = call.subject()?;
    let items = subject.as_sequence().unwrap_or_else(|| vec![subject.clone()]);
    Ok(Value::list(
        items
            .into_iter()
            .filter(|i| network(i).is_some_and(|(n, _)| range.holds(n))),
    ))
}
