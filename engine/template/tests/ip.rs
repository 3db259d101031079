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
];

fn test(call: &Call<'_>, v6: Option<bool>, prefixed: Option<bool>) -> Result<Value, TemplateError> {
    let found = Network::read(&call.subject()?.to_text());
    Ok(Value::Bool(found.is_some_and(|(n, p)| {
        v6.is_none_or(|v| v == n.v6) && prefixed.is_none_or(|w| w == p)
    })))
}

fn inside(call: &Call<'_>) -> Result<Value, TemplateError> {
    let small = Network::read(&call.subject()?.to_text());
    let wide = Network::read(&call.required(1, "network")?.to_text());
    Ok(Value::Bool(
        matches!((small, wide), (Some((s, _)), Some((w, _))) if w.holds(s)),
    ))
}
