//! The process that holds the hosts of a lab. One thread, which sleeps until a host ends or a command comes.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, WaitOptions, WaitStatus, wait};

use crate::control::peer_is_root;
use crate::error::During;
use crate::flavor::Init;
use crate::lab::MAX_HOSTS;
use crate::tell::tell;
use crate::{Cut, Host, Lab, LabError, Power, State, bridge, host_boot, host_disk, machine, namespace, uml};

/// Hosts that are given their network in one run of `ip`.
const BATCH: usize = 25;
/// A request longer than this is none.
const REQUEST_LIMIT: u64 = 1 << 20;

struct Supervisor<'a> {
    lab: &'a Lab,
    state: State,
    /// Hosts that will boot, and when.
    due: Vec<(Instant, String)>,
    signals: OwnedFd,
    ending: bool,
}

/// Holds the hosts of `lab` until told to end.
pub(crate) fn supervise(lab: &Lab) -> Result<(), LabError> {
    let listener = UnixListener::bind_addr(&lab.socket()?)
        .during(|| format!("lab {} is held by another process", lab.number()))?;
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    // PID 1 of a host is our grandchild: when the helper between us ends, it must come to us, not to init
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).during(|| "subreaper")?;
    let signals = namespace::signals().during(|| "signals")?;
    let mut supervisor = Supervisor {
        lab,
        state: State::load(lab)?,
        due: Vec::new(),
        signals,
        ending: false,
    };
    supervisor.state.hosts.clear();
    supervisor.state.save(lab)?;
    crate::tell::print("ready\n")?;
    // let go of the pipe to the command that started us
    rustix::stdio::dup2_stdout(std::io::stderr()).during(|| "standard output")?;
    let asker = supervisor.serve(&listener)?;
    supervisor.end_all()?;
    drop(listener);
    if let Some(mut asker) = asker {
        let _ = asker.write_all(b"ok\n");
    }
    Ok(())
}

impl Supervisor<'_> {
    /// Returns who asked for the end, to be answered when it has come.
    fn serve(&mut self, listener: &UnixListener) -> Result<Option<UnixStream>, LabError> {
        loop {
            let wait = self
                .due
                .iter()
                .map(|(when, _)| when.saturating_duration_since(Instant::now()))
                .min();
            let wait = wait.map(|time| Timespec {
                tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: time.subsec_nanos().into(),
            });
            let (mut asked, mut signalled) = (false, false);
            {
                let mut fds = [
                    PollFd::new(listener, PollFlags::IN),
                    PollFd::new(&self.signals, PollFlags::IN),
                ];
                match poll(&mut fds, wait.as_ref()) {
                    Ok(_) => {
                        let [command, signal] = &fds;
                        asked = !command.revents().is_empty();
                        signalled = !signal.revents().is_empty();
                    }
                    Err(rustix::io::Errno::INTR) => {}
                    Err(error) => return Err(error).during(|| "poll"),
                }
            }
            if signalled {
                while let Some(number) = namespace::next_signal(&self.signals) {
                    if number == libc::SIGTERM {
                        self.ending = true;
                    }
                }
                self.reap()?;
            }
            self.boot_due();
            if asked && let Ok((stream, _)) = listener.accept() {
                match self.answer(stream) {
                    Ok(None) => {}
                    Ok(asker) => return Ok(asker),
                    Err(error) => tell(&format!("request: {error}")),
                }
            }
            if self.ending {
                return Ok(None);
            }
        }
    }

    /// Answers one request; gives the connection back if it asks for the end.
    fn answer(&mut self, mut stream: UnixStream) -> Result<Option<UnixStream>, LabError> {
        if !peer_is_root(&stream)? {
            return Ok(None);
        }
        stream
            .set_read_timeout(Some(Duration::from_secs(5)))
            .during(|| "socket")?;
        let mut lines = Vec::new();
        for line in BufReader::new((&stream).take(REQUEST_LIMIT)).lines() {
            let line = line.during(|| "read")?;
            if line.is_empty() {
                break;
            }
            lines.push(line);
        }
        let Some((head, rest)) = lines.split_first() else {
            return Ok(None);
        };
        let (operation, run) = head.split_once('\t').unwrap_or((head, ""));
        let result = if run != self.lab.run().to_string_lossy() {
            Err(LabError::Refused(format!(
                "lab {} is in use with the cache folder {}; --lab picks another number",
                self.lab.number(),
                self.lab.cache().display()
            )))
        } else if operation == "down" {
            return Ok(Some(stream));
        } else {
            self.obey(operation, rest)
        };
        let text = match result {
            Ok(()) => "ok\n".to_owned(),
            Err(error) => format!("error\t{}\n", error.to_string().replace('\n', " ")),
        };
        stream.write_all(text.as_bytes()).during(|| "write")?;
        Ok(None)
    }

    fn obey(&mut self, operation: &str, lines: &[String]) -> Result<(), LabError> {
        match operation {
            "ping" => Ok(()),
            "up" => self.up(lines),
            "start" => self.boot_named(lines),
            "stop" | "kill" => {
                for name in lines {
                    self.due.retain(|(_, waiting)| waiting != name);
                    let host = self.state.host_mut(name)?;
                    match host.pid {
                        Some(_) if operation == "stop" => shut_down(self.lab, host)?,
                        Some(_) => pull_plug(host)?,
                        None => host.power = Power::Off,
                    }
                }
                self.state.save(self.lab)
            }
            "reset" => {
                for name in lines {
                    if self.state.host(name)?.pid.is_some() {
                        return Err(LabError::Refused(format!("{name} still runs")));
                    }
                    machine::remove_tree(&self.lab.cache().join(self.lab.host_folder(name)))?;
                }
                self.boot_named(lines)
            }
            "cut" => {
                for line in lines {
                    let (name, cut) = line.split_once('\t').unwrap_or((line, ""));
                    self.state.host_mut(name)?.cut = Cut::named(cut);
                }
                self.state.save(self.lab)
            }
            _ => Err(LabError::Refused(format!("unknown request {operation}"))),
        }
    }

    fn up(&mut self, lines: &[String]) -> Result<(), LabError> {
        let mut names = Vec::new();
        for line in lines {
            let mut host: Host = line.parse()?;
            let name = host.name.clone();
            if self.state.host(&name).is_err() {
                let free = (1..=MAX_HOSTS).find(|n| self.state.hosts.iter().all(|other| other.index != *n));
                host.index = free.ok_or_else(|| {
                    LabError::Refused(format!(
                        "a lab has at most {MAX_HOSTS} hosts; --lab picks another"
                    ))
                })?;
                host.address = self.lab.address(host.index);
                self.state.hosts.push(host);
            }
            names.push(name);
        }
        self.boot_named(&names)
    }

    /// Boots those that do not run.
    fn boot_named(&mut self, names: &[String]) -> Result<(), LabError> {
        self.due.retain(|(_, waiting)| !names.contains(waiting));
        let mut off = Vec::new();
        for name in names {
            if self.state.host(name)?.pid.is_none() {
                off.push(name.clone());
            }
        }
        for batch in off.chunks(BATCH) {
            let booted = self.boot(batch);
            self.state.save(self.lab)?;
            booted?;
        }
        Ok(())
    }

    fn boot(&mut self, names: &[String]) -> Result<(), LabError> {
        bridge::up(self.lab)?;
        let (mut stale, mut links) = (Vec::new(), Vec::new());
        let mut gates = Vec::new();
        let mut failure = None;
        for name in names {
            let host = self.state.host_mut(name)?;
            let started = if host.flavor.is_vm() {
                uml::boot(self.lab, host)
            } else {
                host_disk::prepare(self.lab, host)
                    .and_then(|()| host_boot::spawn(self.lab, host))
                    .map(|(pid, gate)| {
                        stale.extend(bridge::leave(self.lab, host));
                        links.extend(bridge::join(self.lab, host, pid));
                        gates.push(gate);
                        pid
                    })
            };
            match started {
                Ok(pid) => {
                    host.pid = Some(pid);
                    host.started = machine::start_time(pid).unwrap_or(0);
                    host.power = Power::Running;
                    host.boots += 1;
                    host.cut = None;
                }
                Err(error) => {
                    host.power = Power::Off;
                    failure = Some(LabError::Refused(format!("{name}: {error}")));
                    break;
                }
            }
        }
        let linked = machine::ip_batch(&stale, true).and_then(|()| machine::ip_batch(&links, false));
        // those whose link is missing come up without a network: better seen than hung
        for gate in gates {
            let _ = rustix::io::write(&gate, b"x");
        }
        linked?;
        failure.map_or(Ok(()), Err)
    }

    fn boot_due(&mut self) {
        let now = Instant::now();
        let mut names = Vec::new();
        self.due.retain(|(when, name)| {
            let due = *when <= now;
            if due {
                names.push(name.clone());
            }
            !due
        });
        if let Err(error) = self.boot_named(&names) {
            tell(&format!("boot: {error}"));
        }
    }

    /// Notes which hosts have ended, and how.
    fn reap(&mut self) -> Result<(), LabError> {
        let mut changed = false;
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            let pid = pid.as_raw_nonzero().get();
            let Some(host) = self.state.hosts.iter_mut().find(|host| host.pid == Some(pid)) else {
                continue;
            };
            host.pid = None;
            host.power = Power::Off;
            if asked_for_reboot(host, status) && !self.ending {
                host.power = Power::Rebooting;
                let when = Instant::now() + Duration::from_millis(host.boot_delay);
                self.due.push((when, host.name.clone()));
            }
            changed = true;
        }
        if changed {
            self.state.save(self.lab)
        } else {
            Ok(())
        }
    }

    fn end_all(&mut self) -> Result<(), LabError> {
        self.ending = true;
        self.due.clear();
        for host in &self.state.hosts {
            pull_plug(host)?;
        }
        let patience = Timespec {
            tv_sec: 30,
            tv_nsec: 0,
        };
        while self.state.hosts.iter().any(|host| host.pid.is_some()) {
            let mut fds = [PollFd::new(&self.signals, PollFlags::IN)];
            match poll(&mut fds, Some(&patience)) {
                Ok(0) => break, // the next command clears up
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error).during(|| "poll"),
            }
            while namespace::next_signal(&self.signals).is_some() {}
            self.reap()?;
        }
        let _ = fs::remove_file(self.lab.run().join("state"));
        Ok(())
    }
}

/// The kernel ends PID 1 of a namespace with SIGHUP when reboot(2) asked for a restart, with SIGINT for power-off.
fn asked_for_reboot(host: &Host, status: WaitStatus) -> bool {
    !host.flavor.is_vm() && status.terminating_signal() == Some(libc::SIGHUP)
}

fn shut_down(lab: &Lab, host: &Host) -> Result<(), LabError> {
    if host.flavor.is_vm() {
        return uml::power_off(lab, host);
    }
    let signal = match host.flavor.init() {
        Init::Busybox => Signal::USR2,
        Init::Sshd => Signal::TERM,
        Init::Systemd => namespace::systemd_power_off(),
    };
    host.pid
        .map_or(Ok(false), |pid| machine::signal(pid, host.started, signal))
        .map(|_| ())
}

/// Ends a host at once, with all its processes: PID 1 takes its namespace along. It is our child and not yet reaped, so its number cannot be another's.
fn pull_plug(host: &Host) -> Result<(), LabError> {
    let Some(pid) = host.pid.and_then(rustix::process::Pid::from_raw) else {
        return Ok(());
    };
    match rustix::process::kill_process(pid, Signal::KILL) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(error).during(|| format!("cannot end {}", host.name)),
    }
}
