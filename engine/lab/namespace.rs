//! The system calls that neither the standard library nor rustix offers safely. The only file with `unsafe`.
#![allow(unsafe_code)]

use std::ffi::CStr;
use std::io;
use std::mem;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;

use rustix::net::{AddressFamily, SocketType};
use rustix::process::{Pid, Signal};
use rustix::thread::{CapabilitySet, UnshareFlags};

use crate::LabError;
use crate::tell::tell;

/// Runs `child` in a copy of this process, which ends with it. Only for the supervisor, which has one thread.
pub(crate) fn fork(child: impl FnOnce() -> Result<(), LabError>) -> io::Result<Pid> {
    // SAFETY: the supervisor has a single thread, so the copy has no lock held by a thread it lacks.
    let pid = unsafe { libc::fork() };
    if pid < 0 {
        return Err(io::Error::last_os_error());
    }
    if let Some(pid) = Pid::from_raw(pid) {
        return Ok(pid);
    }
    // whatever happens, the copy must not go on as a second supervisor
    let code = match catch_unwind(AssertUnwindSafe(child)) {
        Ok(Ok(())) => 0,
        Ok(Err(error)) => {
            tell(&error.to_string());
            1
        }
        Err(_) => 101,
    };
    // SAFETY: _exit has no preconditions; the parent's exit handlers must not run here.
    unsafe { libc::_exit(code) }
}

/// Gives this process, and its children to come, namespaces of their own.
pub(crate) fn unshare(flags: UnshareFlags) -> io::Result<()> {
    // SAFETY: no flag that is used here takes away what other threads rely on (files, memory); there are none.
    Ok(unsafe { rustix::thread::unshare_unsafe(flags) }?)
}

/// What has no namespace and belongs to the machine: kernel modules, raw I/O, the clock.
const MACHINE: [CapabilitySet; 3] = [
    CapabilitySet::SYS_MODULE,
    CapabilitySet::SYS_RAWIO,
    CapabilitySet::SYS_TIME,
];

/// Gives up, for this process and what it will run, the capabilities that would reach beyond a host.
pub(crate) fn give_up_machine() -> io::Result<()> {
    for capability in MACHINE {
        rustix::thread::remove_capability_from_bounding_set(capability)?;
    }
    Ok(())
}

/// Prepares `command` to enter a host with no more power than the host itself has: whoever comes in from the
/// machine brings the machine's capabilities along.
pub(crate) fn as_in_host(command: &mut Command) {
    // SAFETY: between fork and exec only prctl(2) is called, which is async-signal-safe.
    unsafe {
        command.pre_exec(give_up_machine);
    }
}

/// Prepares `command` to outlive its caller: own session, none of the caller's open files.
pub(crate) fn detach(command: &mut Command) {
    // SAFETY: between fork and exec only two system calls are made, both async-signal-safe.
    unsafe {
        command.pre_exec(|| {
            rustix::process::setsid()?;
            close_on_exec(3)
        });
    }
}

fn close_on_exec(first: libc::c_uint) -> io::Result<()> {
    // SAFETY: sets a flag on descriptors; closes nothing that this process still uses.
    let done = unsafe {
        libc::syscall(
            libc::SYS_close_range,
            first,
            libc::c_uint::MAX,
            libc::CLOSE_RANGE_CLOEXEC as libc::c_uint,
        )
    };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// A descriptor that becomes readable when a child ends or this process is asked to end (SIGTERM); both signals
/// have no other effect from then on.
pub(crate) fn signals() -> io::Result<OwnedFd> {
    // SAFETY: the set is initialised by sigemptyset before use; the new descriptor has no other owner.
    unsafe {
        let mut set: libc::sigset_t = mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, libc::SIGCHLD);
        libc::sigaddset(&raw mut set, libc::SIGTERM);
        if libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) != 0 {
            return Err(io::Error::last_os_error());
        }
        let fd = libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK);
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(OwnedFd::from_raw_fd(fd))
    }
}

/// Reads one signal number from what [`signals`] gave, or none if there is no more.
pub(crate) fn next_signal(fd: &OwnedFd) -> Option<i32> {
    let mut record = [0u8; mem::size_of::<libc::signalfd_siginfo>()];
    match rustix::io::read(fd, &mut record) {
        Ok(n) if n == record.len() => {
            let [a, b, c, d, ..] = record;
            Some(i32::from_ne_bytes([a, b, c, d])) // ssi_signo is the first field
        }
        _ => None,
    }
}

/// What asks systemd as PID 1 for `poweroff.target`: its SIGRTMIN+4.
pub(crate) fn systemd_power_off() -> Signal {
    // SAFETY: 38 is a real-time signal beyond those that glibc (to 33) and musl (to 34) keep for themselves.
    unsafe { Signal::from_raw_unchecked(38) }
}

/// Switches a network device of this namespace on, with an address if one is given.
pub(crate) fn device_up(name: &CStr, address: Option<(Ipv4Addr, u8)>) -> io::Result<()> {
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::DGRAM, None)?;
    // SAFETY: ifreq is plain data for which all zeroes is valid.
    let mut request: libc::ifreq = unsafe { mem::zeroed() };
    for (to, from) in request
        .ifr_name
        .iter_mut()
        .take(libc::IFNAMSIZ - 1)
        .zip(name.to_bytes())
    {
        *to = *from as libc::c_char;
    }
    if let Some((address, prefix)) = address {
        let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
        for (call, value) in [
            (libc::SIOCSIFADDR, u32::from(address)),
            (libc::SIOCSIFNETMASK, mask),
        ] {
            let inet = libc::sockaddr_in {
                sin_family: libc::AF_INET as libc::sa_family_t,
                sin_port: 0,
                sin_addr: libc::in_addr {
                    s_addr: value.to_be(),
                },
                sin_zero: [0; 8],
            };
            // SAFETY: sockaddr_in and sockaddr are both 16 bytes of plain data; the kernel reads it as the former.
            request.ifr_ifru.ifru_addr = unsafe { mem::transmute::<libc::sockaddr_in, libc::sockaddr>(inet) };
            ioctl(&socket, call, &mut request)?;
        }
    }
    ioctl(&socket, libc::SIOCGIFFLAGS, &mut request)?;
    // SAFETY: SIOCGIFFLAGS has just filled this field of the union.
    let flags = unsafe { request.ifr_ifru.ifru_flags };
    request.ifr_ifru.ifru_flags = flags | libc::IFF_UP as libc::c_short;
    ioctl(&socket, libc::SIOCSIFFLAGS, &mut request)
}

fn ioctl(socket: &OwnedFd, call: libc::c_ulong, request: &mut libc::ifreq) -> io::Result<()> {
    // SAFETY: all calls used here take a pointer to one ifreq, which outlives the call.
    let done = unsafe { libc::ioctl(socket.as_raw_fd(), call as _, std::ptr::from_mut(request)) };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
