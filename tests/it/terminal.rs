//! A terminal for programs, and its other end.

use std::{
    fs::File,
    io::{ErrorKind, Read},
    os::fd::OwnedFd,
    process::Stdio,
};

/// The end at which a user would sit.
pub(crate) struct Terminal {
    pub(crate) user: File,
    program: File,
}

impl Terminal {
    pub(crate) fn new() -> Self {
        let flags = rustix::pty::OpenptFlags::RDWR | rustix::pty::OpenptFlags::NOCTTY;
        let user = rustix::pty::openpt(flags).unwrap();
        rustix::pty::grantpt(&user).unwrap();
        rustix::pty::unlockpt(&user).unwrap();
        let name = rustix::pty::ptsname(&user, Vec::new()).unwrap();
        let mut options = File::options();
        let program = options
            .read(true)
            .write(true)
            .open(name.to_str().unwrap())
            .unwrap();
        Self {
            user: user.into(),
            program,
        }
    }

    /// The other end, for a program.
    pub(crate) fn end(&self) -> Stdio {
        OwnedFd::from(self.program.try_clone().unwrap()).into()
    }

    /// Leaves the other end to the programs that have it, and tells of all that they write, until they end: `seen` is
    /// called with what was written so far.
    pub(crate) fn watch(self, mut seen: impl FnMut(&str, &mut File)) -> String {
        let Self { mut user, program } = self;
        drop(program);
        let (mut shown, mut bytes) = (String::new(), [0; 4096]);
        loop {
            match user.read(&mut bytes) {
                Ok(0) => return shown,
                Ok(n) => shown += &String::from_utf8_lossy(&bytes[..n]),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                // The other end is closed.
                Err(_) => return shown,
            }
            seen(&shown, &mut user);
        }
    }
}
