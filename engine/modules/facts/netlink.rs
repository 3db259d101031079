//! Addresses and routes, asked from the kernel.

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink::SocketAddrNetlink, recv, sendto,
    socket_with,
};
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    os::fd::OwnedFd,
};

const GET_ADDRESS: u16 = 22;
const GET_ROUTE: u16 = 26;
const DONE: u16 = 3;
const ERROR: u16 = 2;
const DUMP: u16 = 0x301;
const REQUEST: u16 = 1;

/// An address of an interface.
pub(super) struct Address {
    pub(super) index: u32,
    pub(super) address: IpAddr,
    pub(super) prefix: u8,
    pub(super) broadcast: Option<IpAddr>,
    pub(super) label: Option<String>,
    pub(super) secondary: bool,
    pub(super) scope: u8,
}

/// How the kernel would send to an address, or an entry of a routing table.
#[derive(Default)]
pub(super) struct Route {
    pub(super) destination: Option<IpAddr>,
    pub(super) prefix: u8,
    pub(super) interface: Option<u32>,
    pub(super) gateway: Option<IpAddr>,
    pub(super) source: Option<IpAddr>,
    pub(super) local: bool,
}

/// A question to the kernel's routing socket.
pub(super) struct Netlink(OwnedFd);

fn address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(|b| Ipv4Addr::from(b).into()),
        16 => <[u8; 16]>::try_from(bytes).ok().map(|b| Ipv6Addr::from(b).into()),
        _ => None,
    }
}

fn number16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn number32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// The attributes after a message's fixed part.
fn attributes(mut bytes: &[u8]) -> Vec<(u16, &[u8])> {
    let mut out = Vec::new();
    while let (Some(length), Some(kind)) = (number16(bytes, 0), number16(bytes, 2)) {
        let length = usize::from(length);
        let Some(value) = bytes.get(4..length) else { break };
        out.push((kind & 0x3fff, value));
        bytes = bytes.get((length + 3) & !3..).unwrap_or_default();
    }
    out
}

impl Netlink {
    pub(super) fn open() -> io::Result<Self> {
        // Protocol 0 of this family is the routing one.
        let family = AddressFamily::NETLINK;
        let fd = socket_with(family, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
        Ok(Self(fd))
    }

    /// Sends a request and gives the bodies of all answers.
    fn ask(&self, kind: u16, flags: u16, body: &[u8]) -> io::Result<Vec<Vec<u8>>> {
        let length = u32::try_from(16 + body.len()).map_err(io::Error::other)?;
        let mut message = length.to_ne_bytes().to_vec();
        message.extend(kind.to_ne_bytes());
        message.extend(flags.to_ne_bytes());
        message.extend(1_u32.to_ne_bytes());
        message.extend(0_u32.to_ne_bytes());
        message.extend(body);
        sendto(
            &self.0,
            &message,
            SendFlags::empty(),
            &SocketAddrNetlink::new(0, 0),
        )?;
        let mut answers = Vec::new();
        let mut buffer = vec![0_u8; 64 << 10];
        loop {
            let (n, _) = recv(&self.0, buffer.as_mut_slice(), RecvFlags::empty())?;
            let mut rest = buffer.get(..n).unwrap_or_default();
            while let (Some(length), Some(kind)) = (number32(rest, 0), number16(rest, 4)) {
                match kind {
                    DONE => return Ok(answers),
                    ERROR => return Err(io::Error::other("the kernel refused")),
                    _ => {}
                }
                let length = length as usize;
                if length < 16 {
                    return Err(io::Error::other("short answer of the kernel"));
                }
                answers.push(rest.get(16..length).unwrap_or_default().to_vec());
                rest = rest.get((length + 3) & !3..).unwrap_or_default();
            }
            if flags == REQUEST || n == 0 {
                return Ok(answers);
            }
        }
    }

    /// All addresses of this family (2: IPv4, 10: IPv6).
    pub(super) fn addresses(&self, family: u8) -> io::Result<Vec<Address>> {
        let answers = self.ask(GET_ADDRESS, DUMP, &[family, 0, 0, 0, 0, 0, 0, 0])?;
        Ok(answers.iter().filter_map(|a| parse_address(a)).collect())
    }

    /// The way to one address.
    pub(super) fn route_to(&self, to: IpAddr) -> Option<Route> {
        let (family, bits, bytes) = match to {
            IpAddr::V4(a) => (2, 32, a.octets().to_vec()),
            IpAddr::V6(a) => (10, 128, a.octets().to_vec()),
        };
        let mut body = vec![family, bits, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        body.extend(u16::try_from(4 + bytes.len()).unwrap_or(0).to_ne_bytes());
        body.extend(1_u16.to_ne_bytes());
        body.extend(bytes);
        let answers = self.ask(GET_ROUTE, REQUEST, &body).ok()?;
        answers.first().and_then(|a| parse_route(a)).map(|(_, r)| r)
    }

    /// Entries of the table of local addresses.
    pub(super) fn local_table(&self, family: u8) -> io::Result<Vec<Route>> {
        let body = [family, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 0];
        let answers = self.ask(GET_ROUTE, DUMP, &body)?;
        let routes = answers.iter().filter_map(|a| parse_route(a));
        Ok(routes
            .filter(|(table, r)| *table == 255 && r.local)
            .map(|(_, r)| r)
            .collect())
    }
}

fn parse_address(body: &[u8]) -> Option<Address> {
    let (prefix, flags, scope) = (*body.get(1)?, *body.get(2)?, *body.get(3)?);
    let mut out = Address {
        index: number32(body, 4)?,
        address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        prefix,
        broadcast: None,
        label: None,
        secondary: flags & 1 != 0,
        scope,
    };
    let (mut peer, mut local) = (None, None);
    for (kind, value) in attributes(body.get(8..)?) {
        match kind {
            1 => peer = address(value),
            2 => local = address(value),
            3 => out.label = Some(String::from_utf8_lossy(value).trim_end_matches('\0').to_owned()),
            4 => out.broadcast = address(value),
            _ => {}
        }
    }
    out.address = local.or(peer)?;
    if out.address.is_ipv4() && local.is_some() && local != peer {
        // A point-to-point link: the prefix is the peer's.
        out.prefix = 32;
    }
    Some(out)
}

fn parse_route(body: &[u8]) -> Option<(u32, Route)> {
    let mut table = u32::from(*body.get(4)?);
    let mut out = Route {
        prefix: *body.get(1)?,
        local: *body.get(7)? == 2,
        ..Route::default()
    };
    for (kind, value) in attributes(body.get(12..)?) {
        match kind {
            1 => out.destination = address(value),
            4 => out.interface = number32(value, 0),
            5 => out.gateway = address(value),
            7 => out.source = address(value),
            15 => table = number32(value, 0).unwrap_or(table),
            _ => {}
        }
    }
    Some((table, out))
}
