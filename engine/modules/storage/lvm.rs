//! What the modules about logical volumes share: calling the programs of LVM.

use crate::{
    Failure, Host,
    host::{Command, Output},
};

/// A program of LVM with its arguments.
pub(super) fn command(
    host: &Host<'_>,
    program: &str,
    args: impl IntoIterator<Item = impl Into<std::ffi::OsString>>,
) -> Result<Command, Failure> {
    let path = host.need_program(program, "lvm2")?;
    Ok(Command::new(path).env("LC_ALL", "C").args(args))
}

/// Runs a program that only looks; its output by lines and fields.
pub(super) fn report(
    host: &mut Host<'_>,
    program: &str,
    args: &[&str],
) -> Result<Result<Vec<Vec<String>>, Output>, Failure> {
    let command = command(host, program, ["--noheadings", "--separator", ";"])?.args(args);
    let out = host.query(command)?;
    if out.rc != 0 {
        return Ok(Err(out));
    }
    let fields = |line: &str| line.trim().split(';').map(|f| f.trim().to_owned()).collect();
    let text = out.stdout_text();
    Ok(Ok(text
        .lines()
        .filter(|l| !l.trim().is_empty())
        .map(fields)
        .collect()))
}

/// A failure with what the program said.
pub(super) fn failure(message: impl Into<String>, out: &Output) -> Failure {
    Failure::new(message)
        .with("rc", out.rc)
        .with("err", out.stderr_text())
}

/// Runs a program that changes something; without success the message tells what failed.
pub(super) fn change(
    host: &mut Host<'_>,
    program: &str,
    args: &[String],
    message: &str,
) -> Result<(), Failure> {
    let command = command(host, program, args)?;
    match host.execute(command)? {
        Some(out) if out.rc != 0 => Err(failure(message, &out)),
        _ => Ok(()),
    }
}

/// Whether a letter of the attributes that LVM prints is this one.
pub(super) fn attribute(attributes: &str, at: usize, letter: char) -> bool {
    attributes.chars().nth(at) == Some(letter)
}
