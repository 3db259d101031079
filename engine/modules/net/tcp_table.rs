//! The kernel's table of TCP connections.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// A connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Connection {
    pub(super) local: (IpAddr, u16),
    pub(super) remote: (IpAddr, u16),
    /// The state's number.
    pub(super) state: u8,
}

/// The number that stands for a state in the table.
pub(super) fn state_number(name: &str) -> Option<u8> {
    let names = [
        "ESTABLISHED",
        "SYN_SENT",
        "SYN_RECV",
        "FIN_WAIT1",
        "FIN_WAIT2",
        "TIME_WAIT",
        "CLOSE",
        "CLOSE_WAIT",
        "LAST_ACK",
        "LISTEN",
        "CLOSING",
    ];
    let position = names.iter().position(|n| *n == name)?;
    u8::try_from(position + 1).ok()
}

/// All connections, IPv4 and IPv6.
pub(super) fn read() -> Vec<Connection> {
    let text = |p: &str| fs::read_to_string(p).unwrap_or_default();
    let mut out = parse(&text("/proc/net/tcp"));
    out.extend(parse(&text("/proc/net/tcp6")));
    out
}

fn parse(text: &str) -> Vec<Connection> {
    let line = |l: &str| {
        let mut words = l.split_whitespace().skip(1);
        Some(Connection {
            local: end(words.next()?)?,
            remote: end(words.next()?)?,
            state: u8::from_str_radix(words.next()?, 16).ok()?,
        })
    };
    text.lines().filter_map(line).collect()
}

/// `0100007F:1F90`: words of four bytes in the machine's order.
fn end(text: &str) -> Option<(IpAddr, u16)> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let mut bytes = Vec::new();
    for i in (0..address.len()).step_by(8) {
        let word = u32::from_str_radix(address.get(i..i + 8)?, 16).ok()?;
        bytes.extend(word.to_ne_bytes());
    }
    let ip = match bytes.len() {
        4 => Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?).into(),
        16 => {
            let ip = Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?);
            ip.to_ipv4_mapped().map_or(IpAddr::V6(ip), IpAddr::V4)
        }
        _ => return None,
    };
    Some((ip, port))
}

#[cfg(test)]
mod tests {
    use super::{parse, state_number};

    #[test]
    #[cfg(target_endian = "little")]
    fn lines_become_connections() {
        let text =
            "  sl  local_address rem_address   st\n   0: 0100007F:1F90 0200000A:D431 01 00000000:00000000\n";
        let all = parse(text);
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].local, ("127.0.0.1".parse().unwrap(), 8080));
        assert_eq!(all[0].remote, ("10.0.0.2".parse().unwrap(), 54321));
        assert_eq!(state_number("TIME_WAIT"), Some(6));
        assert_eq!(state_number("x"), None);
    }
}
