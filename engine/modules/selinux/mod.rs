//! Modules about SELinux.

pub mod boolean;
pub mod config;
mod config_file;
pub mod context;
pub mod port;

use crate::{
    Failure, Host,
    host::{Command, Output},
};
use std::path::Path;

/// The kernel's file system for SELinux.
const KERNEL: &str = "/sys/fs/selinux";

/// Whether the kernel runs with SELinux.
fn enabled() -> bool {
    Path::new(KERNEL).join("enforce").exists()
}

/// Fails where SELinux is off, unless that is to be overlooked.
fn need_enabled(overlook: bool) -> Result<(), Failure> {
    if overlook || enabled() {
        Ok(())
    } else {
        Err(Failure::new("SELinux is disabled on this host."))
    }
}

/// The policy's store, by `semanage`.
struct Store {
    program: std::path::PathBuf,
    /// Whether the kernel gets the policy after a change.
    reload: bool,
}

impl Store {
    fn find(host: &Host<'_>, reload: bool) -> Result<Self, Failure> {
        let program = host.need_program("semanage", "policycoreutils-python-utils")?;
        Ok(Self { program, reload })
    }

    fn command(&self, object: &str) -> Command {
        Command::new(&self.program).arg(object).env("LC_ALL", "C.UTF-8")
    }

    /// The lines of a list.
    fn list(&self, host: &mut Host<'_>, object: &str, local: bool) -> Result<String, Failure> {
        let mut command = self.command(object).args(["--list", "--noheading"]);
        if local {
            command = command.arg("--locallist");
        }
        Ok(checked(host.query(command)?)?.stdout_text())
    }

    fn change(&self, host: &mut Host<'_>, object: &str, words: &[&str]) -> Result<(), Failure> {
        let mut command = self.command(object).args(words);
        if !self.reload {
            command = command.arg("--noreload");
        }
        if let Some(out) = host.execute(command)? {
            checked(out)?;
        }
        Ok(())
    }
}

/// The output of semanage, or its last words: `ValueError: …`.
fn checked(out: Output) -> Result<Output, Failure> {
    if out.rc == 0 {
        return Ok(out);
    }
    let errors = out.stderr_text();
    let last = errors
        .lines()
        .rfind(|l| !l.trim().is_empty())
        .unwrap_or("semanage failed");
    Err(Failure::new(last.trim()))
}
