//! Starts PID 1 of a host in namespaces of its own.

use std::convert::Infallible;
use std::ffi::{CStr, CString};
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{CWD, FileType, Mode, chmod, makedev, mknodat};
use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{PidfdFlags, Signal, WaitOptions};
use rustix::thread::UnshareFlags;

use crate::error::During;
use crate::flavor::Init;
use crate::lab::PREFIX;
use crate::{Host, Lab, LabError, machine, namespace};

pub(crate) const NOTHING: MountFlags = MountFlags::NOSUID
    .union(MountFlags::NODEV)
    .union(MountFlags::NOEXEC);
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Starts PID 1 of `host` and gives its number. It waits for a byte through the descriptor until its network is
/// there, and ends if this process ends first.
pub(crate) fn spawn(lab: &Lab, host: &Host) -> Result<(i32, OwnedFd), LabError> {
    spawn_init(
        lab,
        host,
        || enter(lab, host),
        |wait, supervisor| init(lab, host, wait, supervisor),
    )
}

/// Starts a process that is PID 1 of the namespaces that `enter` makes.
pub(crate) fn spawn_init(
    lab: &Lab,
    host: &Host,
    enter: impl FnOnce() -> Result<(), LabError>,
    init: impl FnOnce(&OwnedFd, &OwnedFd) -> Result<Infallible, LabError>,
) -> Result<(i32, OwnedFd), LabError> {
    let (answer, tell) = pipe_with(PipeFlags::CLOEXEC).during(|| "pipe")?;
    let (wait, gate) = pipe_with(PipeFlags::CLOEXEC).during(|| "pipe")?;
    let supervisor = rustix::process::pidfd_open(rustix::process::getpid(), PidfdFlags::empty())
        .during(|| "the supervisor itself")?;
    // the helper enters the new namespaces, so that its child is PID 1 there
    let helper = namespace::fork(|| {
        enter()?;
        let pid = namespace::fork(|| match init(&wait, &supervisor) {
            Ok(never) => match never {},
            Err(error) => Err(LabError::Refused(format!("{}: {error}", host.name))),
        })
        .during(|| "fork")?;
        rustix::io::write(&tell, &pid.as_raw_nonzero().get().to_ne_bytes()).during(|| "pipe")?;
        Ok(())
    })
    .during(|| "fork")?;
    drop(tell);
    let mut number = [0; 4];
    let got = rustix::io::read(&answer, &mut number);
    let _ = rustix::process::waitpid(Some(helper), WaitOptions::empty());
    if got != Ok(4) {
        return Err(LabError::Refused(format!(
            "cannot start it, see {}",
            lab.run().join("supervisor.log").display()
        )));
    }
    Ok((i32::from_ne_bytes(number), gate))
}

fn enter(lab: &Lab, host: &Host) -> Result<(), LabError> {
    if host.flavor.init() == Init::Systemd
        && let Some(top) = machine::cgroup2()
    {
        let group = top.join(format!("kdo-lab-{}", lab.number())).join(&host.name);
        fs::create_dir_all(&group)
            .and_then(|()| fs::write(group.join("cgroup.procs"), "0"))
            .during(|| format!("control group {}", group.display()))?;
    }
    namespace::unshare(
        UnshareFlags::NEWNS
            | UnshareFlags::NEWCGROUP
            | UnshareFlags::NEWUTS
            | UnshareFlags::NEWIPC
            | UnshareFlags::NEWPID
            | UnshareFlags::NEWNET,
    )
    .during(|| "new namespaces")?;
    // uptime from zero at each boot; a kernel without time namespaces does without
    if namespace::unshare(UnshareFlags::NEWTIME).is_ok() {
        let uptime = fs::read_to_string("/proc/uptime").during(|| "uptime")?;
        let seconds = uptime.split('.').next().unwrap_or("0");
        fs::write("/proc/self/timens_offsets", format!("boottime -{seconds} 0\n")).during(|| "uptime")?;
    }
    Ok(())
}

/// Becomes PID 1 of the host.
fn init(lab: &Lab, host: &Host, wait: &OwnedFd, supervisor: &OwnedFd) -> Result<Infallible, LabError> {
    rustix::process::setsid().during(|| "setsid")?;
    wait_for_network(wait, supervisor)?;
    std::env::set_current_dir(lab.cache()).during(|| "cache folder")?;
    let folder = lab.host_folder(&host.name);
    redirect(&format!("{folder}/console.log"))?;
    rustix::system::sethostname(host.name.as_bytes()).during(|| "host name")?;
    namespace::device_up(c"lo", None).during(|| "lo")?;
    namespace::device_up(c"eth0", Some((host.address, PREFIX))).during(|| "eth0")?;
    private_mounts()?;
    mount_root(host, &folder)?;
    std::env::set_current_dir(format!("{folder}/root")).during(|| "root")?;
    fill(host)?;
    fence()?;
    if host.flavor.init() == Init::Systemd {
        mount("cgroup2", "sys/fs/cgroup", "cgroup2", NOTHING, None)?;
    }
    rustix::process::pivot_root(".", ".").during(|| "pivot_root")?;
    rustix::mount::unmount(".", UnmountFlags::DETACH).during(|| "the machine's root")?;
    std::env::set_current_dir("/").during(|| "root")?;
    let mut command = match host.flavor.init() {
        Init::Systemd => {
            let mut command = Command::new("/sbin/init");
            command.args(["--log-target=console", "--show-status=no"]);
            command
        }
        Init::Busybox => {
            let mut command = Command::new("/bin/busybox");
            command.arg0("init");
            command
        }
        Init::Sshd => {
            fs::create_dir_all("run/sshd").during(|| "/run/sshd")?;
            let mut command = Command::new("/usr/sbin/sshd");
            command.args(["-D", "-e"]);
            command
        }
    };
    let container = (host.flavor.init() == Init::Systemd).then_some(("container", "kdo-lab"));
    command
        .env_clear()
        .env("PATH", PATH)
        .env("HOME", "/root")
        .env("TERM", "dumb")
        .envs(container);
    Err(command.exec()).during(|| "init of the host")
}

/// Sleeps until the gate opens; fails if the supervisor ended instead.
pub(crate) fn wait_for_network(gate: &OwnedFd, supervisor: &OwnedFd) -> Result<(), LabError> {
    let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
    loop {
        let mut fds = [
            PollFd::new(gate, PollFlags::IN),
            PollFd::new(supervisor, PollFlags::IN),
        ];
        match poll(&mut fds, None) {
            Ok(_) if fds.iter().skip(1).any(|fd| !fd.revents().is_empty()) => {
                return Err(gone()).during(|| "supervisor");
            }
            Ok(_) => break,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error).during(|| "poll"),
        }
    }
    let mut byte = [0];
    if rustix::io::read(gate, &mut byte) != Ok(1) {
        return Err(gone()).during(|| "supervisor");
    }
    // the helper is gone and the supervisor our parent: from now on its death is ours; unless it has just died
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).during(|| "prctl")?;
    let mut fds = [PollFd::new(supervisor, PollFlags::IN)];
    let now = rustix::event::Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    match poll(&mut fds, Some(&now)) {
        Ok(0) => Ok(()),
        _ => Err(gone()).during(|| "supervisor"),
    }
}

pub(crate) fn redirect(log: &str) -> Result<(), LabError> {
    let null = fs::File::open("/dev/null").during(|| "/dev/null")?;
    let log = fs::File::options()
        .append(true)
        .create(true)
        .open(log)
        .during(|| "console.log")?;
    rustix::stdio::dup2_stdin(&null).during(|| "stdin")?;
    rustix::stdio::dup2_stdout(&log).during(|| "stdout")?;
    rustix::stdio::dup2_stderr(&log).during(|| "stderr")
}

pub(crate) fn mount(
    source: &str,
    target: &str,
    kind: &str,
    flags: MountFlags,
    data: Option<&CStr>,
) -> Result<(), LabError> {
    rustix::mount::mount(source, target, kind, flags, data).during(|| format!("mount {kind} on {target}"))
}

/// What is mounted from here on is not seen outside.
pub(crate) fn private_mounts() -> Result<(), LabError> {
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    rustix::mount::mount_change("/", private).during(|| "mounts")
}

/// The paths are relative to the cache folder, whose own may have characters that overlayfs gives a meaning.
fn mount_root(host: &Host, folder: &str) -> Result<(), LabError> {
    let lower: Vec<String> = host
        .layers
        .iter()
        .rev()
        .map(|layer| format!("roots/{layer}"))
        .collect();
    let options = format!(
        "lowerdir={},upperdir={folder}/upper,workdir={folder}/work",
        lower.join(":")
    );
    let options = CString::new(options)
        .map_err(io::Error::other)
        .during(|| "overlay")?;
    let flags = MountFlags::empty();
    rustix::mount::mount("overlay", format!("{folder}/root"), "overlay", flags, options.as_c_str()).during(|| {
        "mount overlay (the cache folder must be on a file system that can be its upper layer, such as ext4, xfs \
         or tmpfs: KDO_LAB_CACHE moves it)"
    })
}

/// Mounts and devices, relative to the new root.
fn fill(host: &Host) -> Result<(), LabError> {
    for folder in ["proc", "sys", "dev", "run", "tmp"] {
        fs::create_dir_all(folder).during(|| folder)?;
    }
    mount("proc", "proc", "proc", NOTHING, None)?;
    mount("sysfs", "sys", "sysfs", NOTHING | MountFlags::RDONLY, None)?;
    mount(
        "tmpfs",
        "run",
        "tmpfs",
        MountFlags::NOSUID | MountFlags::NODEV,
        Some(c"mode=755"),
    )?;
    mount("tmpfs", "dev", "tmpfs", MountFlags::NOSUID, Some(c"mode=755"))?;
    let character = FileType::CharacterDevice;
    for (name, major, minor) in [
        ("null", 1, 3),
        ("zero", 1, 5),
        ("full", 1, 7),
        ("random", 1, 8),
        ("urandom", 1, 9),
        ("tty", 5, 0),
    ] {
        node(name, character, 0o666, major, minor)?;
    }
    if host.loop_devices {
        node("loop-control", character, 0o660, 10, 237)?;
        node("fuse", character, 0o666, 10, 229)?;
        node("kmsg", character, 0o640, 1, 11)?;
        for number in 0..64 {
            node(&format!("loop{number}"), FileType::BlockDevice, 0o660, 7, number)?;
        }
    }
    for (name, target) in [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
        ("ptmx", "pts/ptmx"),
    ] {
        symlink(target, format!("dev/{name}")).during(|| name)?;
    }
    fs::create_dir("dev/pts")
        .and_then(|()| fs::create_dir("dev/shm"))
        .during(|| "dev")?;
    let terminals = MountFlags::NOSUID | MountFlags::NOEXEC;
    mount(
        "devpts",
        "dev/pts",
        "devpts",
        terminals,
        Some(c"newinstance,ptmxmode=0666,mode=620,gid=5"),
    )?;
    mount(
        "tmpfs",
        "dev/shm",
        "tmpfs",
        MountFlags::NOSUID | MountFlags::NODEV,
        None,
    )
}

fn node(name: &str, kind: FileType, mode: u32, major: u32, minor: u32) -> Result<(), LabError> {
    let path = format!("dev/{name}");
    let mode = Mode::from_raw_mode(mode);
    mknodat(CWD, &path, kind, mode, makedev(major, minor))
        .and_then(|()| chmod(&path, mode))
        .during(|| format!("device {name}"))
}

/// Keeps what has no namespace out of reach: kernel settings but `net`, sysrq, clock, modules, raw I/O.
fn fence() -> Result<(), LabError> {
    let bind = |source: &str, target: &str| {
        rustix::mount::mount_bind(source, target).during(|| format!("bind {source} on {target}"))
    };
    bind("proc/sys", "proc/sys")?;
    bind("proc/sys/net", "proc/sys/net")?;
    rustix::mount::mount_remount("proc/sys", MountFlags::BIND | MountFlags::RDONLY | NOTHING, "")
        .during(|| "read-only proc/sys")?;
    if fs::exists("proc/sysrq-trigger").unwrap_or(false) {
        bind("/dev/null", "proc/sysrq-trigger")?;
    }
    namespace::give_up_machine().during(|| "capabilities")?;
    // a new one at each boot, as on a real host
    let id = fs::read_to_string("/proc/sys/kernel/random/uuid").during(|| "boot_id")?;
    fs::write("run/boot_id", id).during(|| "boot_id")?;
    bind("run/boot_id", "proc/sys/kernel/random/boot_id")
}
