use std::fs;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::error::During;
use crate::tell::tell;
use crate::{Lab, LabError, State, bridge, control, machine};

/// How long to wait for what was killed.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(10);

/// Ends all hosts of the lab and takes away all that belonged to them.
pub(crate) fn down(lab: &Lab) -> Result<(), LabError> {
    let _lock = lab.lock_run()?;
    let count = State::load(lab)?.hosts.len();
    control::ask(lab, "down", &[])?;
    clear(lab)?;
    if count > 0 {
        tell(&format!("lab {}: {count} host(s) ended", lab.number()));
    }
    Ok(())
}

/// Clears up after a supervisor that has ended, in whatever way. Fails if one runs.
pub(crate) fn clear(lab: &Lab) -> Result<(), LabError> {
    // holding the name proves that no supervisor has the bridge, and keeps one from coming meanwhile
    let _held = UnixListener::bind_addr(&lab.socket()?)
        .during(|| format!("lab {} is held by another process", lab.number()))?;
    let end = Instant::now() + PATIENCE;
    for host in &State::load(lab)?.hosts {
        let Some(pid) = host.pid else { continue };
        machine::signal(pid, host.started, Signal::KILL)?;
        await_end(pid, host.started, end);
    }
    if machine::find("ip").is_some() {
        bridge::down(lab)?;
    }
    if let Some(top) = machine::cgroup2() {
        remove_groups(&top.join(format!("kdo-lab-{}", lab.number())), end);
    }
    machine::remove_tree(&lab.run())
}

fn await_end(pid: i32, started: u64, end: Instant) {
    while machine::alive(pid, started) && Instant::now() < end {
        thread::sleep(PAUSE);
    }
}

/// A control group is busy for a moment after its last process.
fn remove_groups(folder: &Path, end: Instant) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_groups(&entry.path(), end);
        }
    }
    while let Err(error) = fs::remove_dir(folder) {
        if error.kind() != std::io::ErrorKind::ResourceBusy || Instant::now() >= end {
            break;
        }
        thread::sleep(PAUSE);
    }
}
