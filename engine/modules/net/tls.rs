//! TLS by the host's `openssl`: a program that sends what it reads and shows what comes back.

use super::{
    http::{Request, Tls},
    url::Url,
};
use crate::Host;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::{
    io::{self, Read, Write},
    net::{IpAddr, SocketAddr},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

/// A connection through the program; it ends with it.
pub(super) struct Tunnel {
    child: Child,
    to: ChildStdin,
    from: ChildStdout,
    errors: ChildStderr,
    timeout: Duration,
    /// Whether the server has said something.
    answered: bool,
}

/// The program's arguments for that server.
fn arguments(tls: &Tls, url: &Url) -> Vec<String> {
    let mut out: Vec<String> = ["s_client", "-quiet"].map(str::to_owned).into();
    let mut add = |words: &[&str]| out.extend(words.iter().map(|w| (*w).to_owned()));
    if !tls.unchecked {
        add(&["-verify_return_error"]);
        if let Some(path) = &tls.authorities {
            add(&["-no-CApath", "-CAfile", &path.to_string_lossy()]);
        }
        let name = if url.host.parse::<IpAddr>().is_ok() {
            "-verify_ip"
        } else {
            "-verify_hostname"
        };
        add(&[name, &url.host]);
    }
    if url.host.parse::<IpAddr>().is_err() {
        add(&["-servername", &url.host]);
    }
    if let Some(path) = &tls.certificate {
        add(&["-cert", &path.to_string_lossy()]);
        add(&["-key", &tls.key.as_ref().unwrap_or(path).to_string_lossy()]);
    }
    if !tls.ciphers.is_empty() {
        add(&["-cipher", &tls.ciphers.join(":")]);
    }
    out
}

/// Starts the program; whether the server is reached shows in the first reading.
pub(super) fn connect(
    host: &mut Host<'_>,
    request: &Request,
    url: &Url,
    proxy: Option<&Url>,
) -> io::Result<Tunnel> {
    let missing = || io::Error::other("https addresses need the program curl or openssl on this host");
    let program = host.find_program("openssl").ok_or_else(missing)?;
    let mut command = Command::new(program);
    command.args(arguments(&request.tls, url));
    // Names are looked up as everywhere else: openssl is not asked to.
    let place = format!("{}:{}", url.host, url.port.unwrap_or(443));
    match (&request.socket, proxy) {
        (Some(socket), _) => drop(command.arg("-unix").arg(socket)),
        (None, Some(proxy)) => {
            let at = format!("{}:{}", proxy.host, proxy.port.unwrap_or(80));
            command.args(["-proxy", &at, "-connect", &place]);
        }
        (None, None) => {
            let address = super::resolve::resolve(host, &url.host).into_iter().next();
            let address = address.ok_or_else(|| io::Error::other("[Errno -2] Name or service not known"))?;
            let address = SocketAddr::new(address, url.port.unwrap_or(443)).to_string();
            command.args(["-connect", &address]);
        }
    }
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn()?;
    match (child.stdin.take(), child.stdout.take(), child.stderr.take()) {
        (Some(to), Some(from), Some(errors)) => Ok(Tunnel {
            child,
            to,
            from,
            errors,
            timeout: request.timeout,
            answered: false,
        }),
        _ => Err(io::Error::other("openssl has no pipes")),
    }
}

impl Tunnel {
    /// Why the program ended without an answer.
    fn reason(&mut self) -> io::Error {
        let mut text = String::new();
        let _ = self.errors.by_ref().take(64 << 10).read_to_string(&mut text);
        let telling = |l: &&str| l.starts_with("verify error:") || l.contains("error") || l.contains("rrno");
        let line = text
            .lines()
            .find(telling)
            .unwrap_or("the server ended the connection");
        io::Error::other(format!("TLS: {}", line.trim()))
    }
}

impl Read for Tunnel {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut fds = [PollFd::new(&self.from, PollFlags::IN)];
        let limit = Timespec {
            tv_sec: i64::try_from(self.timeout.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(self.timeout.subsec_nanos()),
        };
        if poll(&mut fds, Some(&limit))? == 0 {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let count = self.from.read(buffer)?;
        if count == 0 && !buffer.is_empty() && !self.answered {
            return Err(self.reason());
        }
        self.answered = true;
        Ok(count)
    }
}

impl Write for Tunnel {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.to.write(bytes) {
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Err(self.reason()),
            other => other,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::{Tls, Url, arguments};

    #[test]
    fn servers_are_checked_by_name_or_address_unless_unwanted() {
        let told = |tls: &Tls, url: &str| arguments(tls, &Url::parse(url).unwrap()).join(" ");
        let mut tls = Tls::default();
        assert_eq!(
            told(&tls, "https://a.test/"),
            "s_client -quiet -verify_return_error -verify_hostname a.test -servername a.test"
        );
        assert_eq!(
            told(&tls, "https://[::1]/"),
            "s_client -quiet -verify_return_error -verify_ip ::1"
        );
        tls.authorities = Some("/ca.pem".into());
        tls.certificate = Some("/own.pem".into());
        tls.ciphers = vec!["A".into(), "B".into()];
        assert_eq!(
            told(&tls, "https://a.test/"),
            "s_client -quiet -verify_return_error -no-CApath -CAfile /ca.pem -verify_hostname a.test -servername a.test \
             -cert /own.pem -key /own.pem -cipher A:B"
        );
        tls.unchecked = true;
        assert!(!told(&tls, "https://a.test/").contains("verify"));
    }
}
