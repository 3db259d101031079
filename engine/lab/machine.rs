//! Programs of this machine: running them, installing those that are missing.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use rustix::process::{Pid, PidfdFlags, Signal};

use crate::LabError;
use crate::error::During;
use crate::tell::tell;

/// A program that a lab needs and the Debian package that has it.
pub(crate) type Need = (&'static str, &'static str);

/// What every lab as root needs.
pub(crate) const NETWORK: &[Need] = &[
    ("ip", "iproute2"),
    ("ssh-keygen", "openssh-client"),
    ("nsenter", "util-linux"),
];

/// How many inotify instances all hosts together may have: systemd takes about six in each.
const INOTIFY: (&str, u32) = ("/proc/sys/fs/inotify/max_user_instances", 8192);

/// Raises the machine's limit of inotify instances, with which systemd in a few dozen hosts would not start, and says
/// nothing about it.
pub(crate) fn allow_inotify() {
    let (file, wanted) = INOTIFY;
    let is = fs::read_to_string(file)
        .ok()
        .and_then(|t| t.trim().parse::<u32>().ok());
    if is.is_none_or(|is| is < wanted)
        && let Err(error) = fs::write(file, wanted.to_string())
    {
        tell(&format!(
            "{file} could not be raised to {wanted} ({error}): many hosts with systemd may not start"
        ));
    }
}

/// Where a program is, as a shell would find it, with the folders of the administrator.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    if program.starts_with('/') {
        return Some(PathBuf::from(program)).filter(|path| path.exists());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin", "/usr/bin", "/bin"].map(PathBuf::from))
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

/// Installs the packages of those programs that are not there. Only root may.
pub(crate) fn ensure(needs: &[&[Need]]) -> Result<(), LabError> {
    let missing: Vec<&str> = needs
        .iter()
        .copied()
        .flatten()
        .filter(|(program, _)| find(program).is_none())
        .map(|need| need.1)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    if find("apt-get").is_none() {
        return Err(LabError::Refused(format!(
            "missing on this machine: {}. The lab installs them by itself on Debian and Ubuntu only",
            missing.join(" ")
        )));
    }
    tell(&format!(
        "installing missing Debian packages: {}",
        missing.join(" ")
    ));
    apt_get(&["update"], None)?;
    let mut arguments = vec!["install", "-y", "--no-install-recommends"];
    arguments.extend(missing);
    apt_get(&arguments, None)
}

/// Runs `apt-get` quietly.
pub(crate) fn apt_get(arguments: &[&str], folder: Option<&Path>) -> Result<(), LabError> {
    let mut command = Command::new("apt-get");
    command
        .args(["-q", "-o", "DPkg::Lock::Timeout=300"])
        .args(arguments);
    command.env("DEBIAN_FRONTEND", "noninteractive");
    if let Some(folder) = folder {
        command.current_dir(folder);
    }
    run(&mut command)
}

/// Runs a program; its output is shown only as part of the error if it fails.
pub(crate) fn run(command: &mut Command) -> Result<(), LabError> {
    output(command).map(|_| ())
}

/// Runs a program and gives what it wrote.
pub(crate) fn output(command: &mut Command) -> Result<String, LabError> {
    let program = name(command);
    let out = command
        .stdin(Stdio::null())
        .output()
        .during(|| format!("cannot run {program}"))?;
    if out.status.success() {
        return Ok(String::from_utf8_lossy(&out.stdout).into_owned());
    }
    let words = String::from_utf8_lossy(&out.stderr);
    let last: Vec<&str> = words.lines().rev().take(3).collect();
    let last: Vec<&str> = last.into_iter().rev().collect();
    Err(LabError::Program {
        program,
        status: format!("{}: {}", out.status, last.join("; ")),
        log: None,
    })
}

/// Runs a program that takes long and writes much, into a log file.
pub(crate) fn run_logged(command: &mut Command, log: &Path) -> Result<(), LabError> {
    let program = name(command);
    let file = File::create(log).during(|| format!("cannot make {}", log.display()))?;
    let copy = file.try_clone().during(|| "log")?;
    let status = command
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(copy)
        .status()
        .during(|| format!("cannot run {program}"))?;
    if status.success() {
        return Ok(());
    }
    Err(LabError::Program {
        program,
        status: status.to_string(),
        log: Some(log.to_owned()),
    })
}

/// Hands `lines` to `ip -batch`. With `force` lines that fail are passed over.
pub(crate) fn ip_batch(lines: &[String], force: bool) -> Result<(), LabError> {
    if lines.is_empty() {
        return Ok(());
    }
    let mut command = Command::new("ip");
    command
        .args(force.then_some("-force"))
        .args(["-batch", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null());
    command.stderr(if force { Stdio::null() } else { Stdio::inherit() });
    let mut child = command.spawn().during(|| "cannot run ip")?;
    let fed = child.stdin.take().map_or(Ok(()), |mut pipe| {
        pipe.write_all((lines.join("\n") + "\n").as_bytes())
    });
    let status = child.wait().during(|| "ip")?;
    if !force {
        fed.during(|| "ip")?;
        if !status.success() {
            return Err(LabError::Program {
                program: "ip".into(),
                status: status.to_string(),
                log: None,
            });
        }
    }
    Ok(())
}

fn name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

/// The fields of `/proc/PID/stat` after the name: the state is the first, the start time the twentieth.
fn stat(pid: i32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

/// When a process started, in clock ticks since the machine's boot.
pub(crate) fn start_time(pid: i32) -> Option<u64> {
    stat(pid)?.get(19)?.parse().ok()
}

/// Number and start time of the processes whose parent is `parent`.
pub(crate) fn children(parent: i32) -> Vec<(i32, u64)> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
        .filter(|pid| stat(*pid).and_then(|s| s.get(1)?.parse::<i32>().ok()) == Some(parent))
        .filter_map(|pid| Some((pid, start_time(pid)?)))
        .collect()
}

/// Signals exactly the process that has this number *and* this start time. Returns whether there was one.
pub(crate) fn signal(pid: i32, started: u64, signal: Signal) -> Result<bool, LabError> {
    let Some(number) = Pid::from_raw(pid) else {
        return Ok(false);
    };
    // the descriptor pins the process, so the number cannot be reused between the check and the signal
    let fd = match rustix::process::pidfd_open(number, PidfdFlags::empty()) {
        Ok(fd) => fd,
        Err(rustix::io::Errno::SRCH) => return Ok(false),
        Err(error) => return Err(error).during(|| format!("process {pid}")),
    };
    if start_time(pid) != Some(started) {
        return Ok(false);
    }
    match rustix::process::pidfd_send_signal(&fd, signal) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::SRCH) => Ok(false),
        Err(error) => Err(error).during(|| format!("cannot signal process {pid}")),
    }
}

/// Whether this process still runs.
pub(crate) fn alive(pid: i32, started: u64) -> bool {
    stat(pid).is_some_and(|s| {
        s.first().is_some_and(|state| state != "Z") && s.get(19).and_then(|t| t.parse().ok()) == Some(started)
    })
}

/// The folder of cgroup version 2, if this machine has it.
pub(crate) fn cgroup2() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    mounts.lines().find_map(|line| {
        let mut words = line.split(' ').skip(1);
        let place = words.next()?;
        (words.next()? == "cgroup2").then(|| PathBuf::from(place))
    })
}

/// Removes a folder with all that is in it; that it is not there is fine.
pub(crate) fn remove_tree(path: &Path) -> Result<(), LabError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).during(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}
