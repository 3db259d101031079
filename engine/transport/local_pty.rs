//! A local program on a pseudo-terminal.

use crate::{Process, local::exit_of};
use rustix::{
    fs::{Mode, OFlags},
    io::Errno,
    process::{ioctl_tiocsctty, setsid},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    stdio::stdin,
    termios::{LocalModes, OptionalActions, OutputModes, tcgetattr, tcsetattr},
};
use std::{
    io,
    os::fd::OwnedFd,
    pin::Pin,
    process::Stdio,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf, unix::AsyncFd},
    process::Command,
};

/// Starts the shell with a new terminal as its controlling one.
pub(crate) fn start(mut shell: Command) -> io::Result<Process> {
    let main = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&main)?;
    unlockpt(&main)?;
    let name = ptsname(&main, Vec::new())?;
    let side = rustix::fs::open(
        name.as_c_str(),
        OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    // No echo (passwords are typed into it) and line ends left alone (programs talk through it).
    let mut modes = tcgetattr(&side)?;
    modes.local_modes -= LocalModes::ECHO | LocalModes::ECHONL;
    modes.output_modes -= OutputModes::ONLCR;
    tcsetattr(&side, OptionalActions::Now, &modes)?;

    shell
        .env("TERM", "dumb")
        .stdin(Stdio::from(side.try_clone()?))
        .stdout(Stdio::from(side.try_clone()?))
        .stderr(Stdio::from(side));
    let take_terminal = || {
        setsid()?;
        ioctl_tiocsctty(stdin())?;
        Ok(())
    };
    // SAFETY: between fork and exec only two system calls are made; nothing is allocated and no lock is taken.
    #[allow(unsafe_code)]
    unsafe {
        shell.pre_exec(take_terminal);
    }
    let child = shell.spawn()?;
    // The command holds copies of the program's side; only without them does its end show.
    drop(shell);
    rustix::io::ioctl_fionbio(&main, true)?;
    // SAFETY: an OwnedFd names the same open descriptor for as long as it lives, and it lives inside.
    #[allow(unsafe_code)]
    let main = Arc::new(unsafe { AsyncFd::register(main)? });
    Ok(Process {
        stdin: Box::new(Terminal(Arc::clone(&main))),
        stdout: Box::new(Terminal(main)),
        stderr: Box::new(tokio::io::empty()),
        exit: exit_of(child),
    })
}

/// Our side of the terminal.
struct Terminal(Arc<AsyncFd<OwnedFd>>);

impl AsyncRead for Terminal {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut guard = ready!(self.0.poll_read_ready(cx))?;
            let unfilled = buf.initialize_unfilled();
            match guard.try_io(|fd| rustix::io::read(fd, unfilled).map_err(io::Error::from)) {
                Ok(Ok(count)) => {
                    buf.advance(count);
                    return Poll::Ready(Ok(()));
                }
                // Linux tells so that the last program on the other side is gone.
                Ok(Err(e)) if e.raw_os_error() == Some(Errno::IO.raw_os_error()) => {
                    return Poll::Ready(Ok(()));
                }
                Ok(Err(e)) => return Poll::Ready(Err(e)),
                Err(_) => {}
            }
        }
    }
}

impl AsyncWrite for Terminal {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            let mut guard = ready!(self.0.poll_write_ready(cx))?;
            if let Ok(result) = guard.try_io(|fd| rustix::io::write(fd, bytes).map_err(io::Error::from)) {
                return Poll::Ready(result);
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
