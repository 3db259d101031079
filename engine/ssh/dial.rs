//! TCP connections: name lookup, several addresses, and errors that say what is wrong.

use crate::fault::unreachable;
use kdo_transport::TransportError;
use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use tokio::{
    net::{TcpSocket, TcpStream},
    task::JoinSet,
};

/// How long one address has before the next is tried beside it.
const HEAD_START: Duration = Duration::from_millis(300);

/// The addresses of `host`, in the order to try them; `ipv6` restricts them to one family.
pub(crate) async fn addresses(
    host: &str,
    port: u16,
    ipv6: Option<bool>,
) -> Result<Vec<SocketAddr>, TransportError> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let found = tokio::net::lookup_host((host, port))
        .await
        .map_err(|e| unreachable(format!("could not resolve the name {host}: {}", lookup_text(&e))))?;
    let mut addresses: Vec<SocketAddr> = found
        .filter(|a| ipv6.is_none_or(|v6| a.is_ipv6() == v6))
        .collect();
    addresses.dedup();
    if addresses.is_empty() {
        return Err(unreachable(format!(
            "the name {host} has no address of the wanted family"
        )));
    }
    Ok(addresses)
}

fn lookup_text(error: &io::Error) -> String {
    let text = error.to_string();
    text.strip_prefix("failed to lookup address information: ")
        .unwrap_or(&text)
        .to_owned()
}

/// Connects to the first address that answers; an address that does not is overtaken by the next after a moment.
pub(crate) async fn connect(
    addresses: &[SocketAddr],
    bind: Option<IpAddr>,
) -> Result<TcpStream, TransportError> {
    let mut waiting = addresses.iter().copied();
    let mut attempts = JoinSet::new();
    let mut failures: Vec<String> = Vec::new();
    loop {
        if attempts.is_empty() {
            match waiting.next() {
                Some(address) => drop(attempts.spawn(async move { (address, open(address, bind).await) })),
                None => return Err(unreachable(failures.join("; "))),
            }
        }
        let more = waiting.len() > 0;
        tokio::select! {
            Some(done) = attempts.join_next() => match done {
                Ok((_, Ok(stream))) => return Ok(stream),
                Ok((address, Err(error))) => failures.push(describe(address, &error)),
                Err(_) => {}
            },
            () = tokio::time::sleep(HEAD_START), if more => {
                if let Some(address) = waiting.next() {
                    attempts.spawn(async move { (address, open(address, bind).await) });
                }
            }
        }
    }
}

async fn open(address: SocketAddr, bind: Option<IpAddr>) -> io::Result<TcpStream> {
    let socket = if address.is_ipv6() {
        TcpSocket::new_v6()?
    } else {
        TcpSocket::new_v4()?
    };
    if let Some(bind) = bind {
        socket.bind(SocketAddr::new(bind, 0))?;
    }
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Lets the kernel give up on data that is not acknowledged for `limit`, as keepalives do for an idle connection.
pub(crate) fn limit_silence(stream: &TcpStream, limit: Duration) {
    let millis = u32::try_from(limit.as_millis()).unwrap_or(u32::MAX);
    let _ = rustix::net::sockopt::set_tcp_user_timeout(stream, millis);
}

fn describe(address: SocketAddr, error: &io::Error) -> String {
    let (ip, port) = (address.ip(), address.port());
    match error.kind() {
        io::ErrorKind::ConnectionRefused => format!("connection refused by {ip} port {port}"),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            format!("no route to {ip} port {port}")
        }
        io::ErrorKind::TimedOut => format!("{ip} port {port} did not answer"),
        io::ErrorKind::ConnectionReset => format!("connection reset by {ip} port {port}"),
        _ if error.raw_os_error() == Some(rustix::io::Errno::MFILE.raw_os_error()) => {
            "too many open files; raise the limit (ulimit -n) or lower the number of forks".to_owned()
        }
        _ => format!("connecting to {ip} port {port}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_refused_address_is_followed_by_the_next() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = listener.local_addr().unwrap();
        let closed = {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            listener.local_addr().unwrap()
        };
        assert!(connect(&[closed, good], None).await.is_ok());
        let message = connect(&[closed], None).await.unwrap_err().message;
        assert_eq!(
            message,
            format!("connection refused by 127.0.0.1 port {}", closed.port())
        );
    }

    #[tokio::test]
    async fn a_name_that_does_not_exist_is_named() {
        let message = addresses("no-such-host.invalid", 22, None)
            .await
            .unwrap_err()
            .message;
        assert!(message.contains("no-such-host.invalid"), "{message}");
    }
}
