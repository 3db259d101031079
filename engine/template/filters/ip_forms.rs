//! The `ansible.utils` filters that write single addresses in other forms.

use super::{hwaddr::read_hardware, ip_network::Network};
use crate::{Call, Callable, TemplateError, declare::callable};
use kdo_value::{Map, Value};

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.utils.ip4_hex", ip4_hex, "A version 4 address in hexadecimal.", ["ip4_hex"];
        "{{ '192.0.2.1' | ansible.utils.ip4_hex(':') }}" => r#""c0:00:02:01""#),
    callable!("ansible.utils.ipcut", ipcut, "The first bits of an address, or the last ones where the number is negative.", ["ipcut"];
        "{{ '2001:db8::1' | ansible.utils.ipcut(32) }}" => r#""2001:db8""#),
    callable!("ansible.utils.ipv6form", ipv6form, "A version 6 address in full (`expand`), short (`compress`) or as certificates write it (`x509`).", ["ipv6form"];
        "{{ '2001:db8::1' | ansible.utils.ipv6form('expand') }}" => r#""2001:0db8:0000:0000:0000:0000:0000:0001""#,
        "{{ '2001:db8::1' | ansible.utils.ipv6form('x509') }}" => r#""2001:db8:0:0:0:0:0:1""#),
    callable!("ansible.utils.slaac", slaac, "The address that a hardware address gets in a version 6 network.", ["slaac"];
        "{{ 'fdcf:1894:23b5:d38c:0000:0000:0000:0000' | ansible.utils.slaac('c2:31:b3:83:bf:2b') }}"
            => r#""fdcf:1894:23b5:d38c:c031:b3ff:fe83:bf2b""#),
    callable!("ansible.utils.usable_range", usable_range, "All addresses of a network, and how many they are.", ["usable_range"];
        "{{ '172.16.5.4/31' | ansible.utils.usable_range }}"
            => r#"{"usable_ips": ["172.16.5.4", "172.16.5.5"], "number_of_ips": 2}"#),
];

/// The subject as one address.
fn address(call: &Call<'_>) -> Result<Network, TemplateError> {
    let text = call.subject()?.to_text();
    match Network::read(&text) {
        Some((n, false)) => Ok(n),
        _ => call.fail(format!("You must pass a valid IP address; {text} is invalid")),
    }
}

fn ip4_hex(call: &Call<'_>) -> Result<Value, TemplateError> {
    let n = address(call)?;
    if n.v6 {
        return call.fail(format!(
            "You must pass a valid IP address; {} is invalid",
            n.address()
        ));
    }
    let mark = call.text(1, "delimiter", "")?;
    let bytes: Vec<String> = (n.ip as u32)
        .to_be_bytes()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    Ok(Value::str(bytes.join(&mark)))
}

fn ipcut(call: &Call<'_>) -> Result<Value, TemplateError> {
    let n = address(call)?;
    let bits = usize::try_from(n.bits()).unwrap_or(128);
    let amount = call.int(1, "amount", 0)?;
    let width = usize::try_from(amount.unsigned_abs()).unwrap_or(bits).min(bits);
    let kept = if amount < 0 {
        n.ip & 1_u128
            .checked_shl(u32::try_from(width).unwrap_or(128))
            .map_or(u128::MAX, |m| m - 1)
    } else {
        n.ip.checked_shr(u32::try_from(bits - width).unwrap_or(128))
            .unwrap_or(0)
    };
    if !n.v6 {
        return Ok(Value::str(kept.to_string()));
    }
    let mut groups = Vec::new();
    let mut rest = kept;
    for _ in 0..width.div_ceil(16).max(1) {
        groups.push(format!("{:x}", rest & 0xffff));
        rest >>= 16;
    }
    groups.reverse();
    Ok(Value::str(groups.join(":")))
}

fn ipv6form(call: &Call<'_>) -> Result<Value, TemplateError> {
    let n = address(call)?;
    let form = call.text(1, "format", "")?;
    let groups = |full: bool| {
        let words: Vec<String> = (0..8)
            .rev()
            .map(|i| n.ip >> (16 * i) & 0xffff)
            .map(|w| {
                if full {
                    format!("{w:04x}")
                } else {
                    format!("{w:x}")
                }
            })
            .collect();
        words.join(":")
    };
    Ok(Value::str(match form.as_str() {
        "expand" if n.v6 => groups(true),
        "x509" if n.v6 => groups(false),
        "x509" => {
            return call.fail(format!(
                "You must pass a valid IP address; {} is invalid",
                n.address()
            ));
        }
        _ => n.address(),
    }))
}

fn slaac(call: &Call<'_>) -> Result<Value, TemplateError> {
    let Some((n, prefixed)) = Network::read(&call.subject()?.to_text()).filter(|(n, _)| n.v6) else {
        return Ok(Value::Bool(false));
    };
    let Some(mac) = read_hardware(&call.text(1, "query", "")?) else {
        return Ok(Value::Bool(false));
    };
    // the two halves with ff:fe between them, and the bit of global addresses flipped
    let host = (mac >> 24 << 40 | 0xff_fe00_0000 | mac & 0xff_ffff) ^ 1 << 57;
    let from = if prefixed { n.first() } else { n.ip };
    let ip = from.wrapping_add(u128::from(host));
    Ok(Value::str(n.show(ip)))
}

fn usable_range(call: &Call<'_>) -> Result<Value, TemplateError> {
    let text = call.subject()?.to_text();
    let problem = |why: &str| format!("Error while using plugin 'usable_range': {why}");
    let Some((n, _)) = Network::read(&text) else {
        return call.fail(problem(&format!(
            "'{text}' does not appear to be an IPv4 or IPv6 network"
        )));
    };
    if n.ip != n.first() {
        return call.fail(problem(&format!("{text} has host bits set")));
    }
    if n.last() - n.first() >= 1 << 20 {
        return call.fail(problem("the network has too many addresses"));
    }
    let ips: Vec<Value> = (n.first()..=n.last()).map(|ip| Value::str(n.show(ip))).collect();
    let out = Map::new();
    out.insert("usable_ips", Value::list(ips.iter().cloned()));
    out.insert("number_of_ips", Value::from(ips.len()));
    Ok(Value::Map(out))
}
