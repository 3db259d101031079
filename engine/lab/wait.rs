use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use crate::{Host, Lab, LabError, State};

/// Hosts asked at the same time.
const ABREAST: usize = 64;
const CONNECT: Duration = Duration::from_secs(1);
const BANNER: Duration = Duration::from_secs(5);
/// Between two questions to a host that refused.
const PAUSE: Duration = Duration::from_millis(20);

/// Waits until the SSH server of each host shows its banner.
pub(crate) fn for_ssh(lab: &Lab, hosts: &[&Host], seconds: u64) -> Result<(), LabError> {
    let end = Instant::now() + Duration::from_secs(seconds);
    let left = Mutex::new(hosts.iter());
    let silent = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..hosts.len().min(ABREAST) {
            scope.spawn(|| {
                loop {
                    let next = left.lock().ok().and_then(|mut left| left.next());
                    let Some(host) = next else { break };
                    let address = SocketAddr::from((host.address, host.port));
                    while !shows_banner(&address) {
                        if Instant::now() >= end {
                            if let Ok(mut silent) = silent.lock() {
                                silent.push(host.name.clone());
                            }
                            break;
                        }
                        thread::sleep(PAUSE);
                    }
                }
            });
        }
    });
    let silent = silent.into_inner().unwrap_or_default();
    if silent.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = silent.iter().take(10).map(String::as_str).collect();
    Err(LabError::NoBanner {
        names: names.join(" "),
        seconds,
        place: lab.run(),
    })
}

fn shows_banner(address: &SocketAddr) -> bool {
    let mut start = [0; 4];
    TcpStream::connect_timeout(address, CONNECT)
        .and_then(|mut stream| {
            stream.set_read_timeout(Some(BANNER))?;
            stream.read_exact(&mut start)
        })
        .is_ok_and(|()| &start == b"SSH-")
}

/// The same for hosts by name.
pub(crate) fn named(lab: &Lab, names: &[String], seconds: u64) -> Result<(), LabError> {
    for_ssh(lab, &State::load(lab)?.pick(names)?, seconds)
}
