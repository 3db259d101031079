//! `kdo.reboot`: the host's part of a reboot.

use crate::prelude::*;
use rustix::fs::{MemfdFlags, memfd_create};
use std::{
    fs::File,
    io::{self, Read, Seek},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{self, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Start a reboot and answer soon
///
/// The program is started detached. One that fails within a second is a failure; else the answer does not wait for its
/// end, so that it still reaches the controller.
#[derive(Params)]
pub struct Reboot {
    /// A shell's command line whose first word is looked for, unless it is a path; without, `shutdown` is looked
    /// for, then `systemctl`, then `reboot`.
    command: Option<String>,
    /// Folders to look in for it.
    #[param(default = ["/sbin", "/bin", "/usr/sbin", "/usr/bin", "/usr/local/sbin"], elements = "str")]
    search_paths: Vec<String>,
    /// Seconds to wait before the reboot; `shutdown` knows only minutes, rounded down.
    #[param(default = 0)]
    delay: i64,
    /// What logged-in users are told.
    #[param(default = "Reboot initiated by Ansible")]
    msg: String,
}

impl Reboot {
    fn find(&self, name: &str) -> Option<PathBuf> {
        let candidates = self.search_paths.iter().map(|p| Path::new(p).join(name));
        candidates.into_iter().find(|p| p.is_file())
    }

    fn need(&self, name: &str) -> Result<PathBuf, Failure> {
        self.find(name).ok_or_else(|| {
            Failure::new(format!(
                "Unable to find command \"{name}\" in search paths: {}",
                self.search_paths.join(", ")
            ))
        })
    }

    fn argv(&self) -> Result<Vec<String>, Failure> {
        if let Some(line) = &self.command {
            let (program, args) = line.split_once(' ').unwrap_or((line, ""));
            let path = if program.starts_with('/') {
                PathBuf::from(program)
            } else {
                self.need(program)?
            };
            let line = format!("{} {args}", path.display());
            return Ok(vec!["/bin/sh".into(), "-c".into(), line]);
        }
        let text = |p: PathBuf| p.to_string_lossy().into_owned();
        if let Some(path) = self.find("shutdown") {
            let when = (self.delay.max(0) / 60).to_string();
            return Ok(vec![text(path), "-r".into(), when, self.msg.clone()]);
        }
        if let Some(path) = self.find("systemctl") {
            return Ok(vec![text(path), "reboot".into()]);
        }
        if let Some(path) = self.find("reboot") {
            return Ok(vec![text(path)]);
        }
        self.need("shutdown").map(|path| vec![text(path)])
    }
}

/// Starts the program in a session of its own and waits a little: what it said, if it has failed by then.
fn start(argv: &[String]) -> io::Result<Option<(String, String)>> {
    let Some((program, args)) = argv.split_first() else {
        return Ok(None);
    };
    // A pipe would be broken once the agent has ended, and the program with it.
    let memory = || memfd_create("said", MemfdFlags::CLOEXEC).map(File::from);
    let (mut out, mut err) = (memory()?, memory()?);
    let mut child = process::Command::new(program);
    child
        .args(args)
        .stdin(Stdio::null())
        .stdout(out.try_clone()?)
        .stderr(err.try_clone()?)
        .current_dir("/");
    let detach = || {
        rustix::process::setsid()
            .map(|_| ())
            .map_err(std::io::Error::from)
    };
    #[allow(unsafe_code)]
    // SAFETY: setsid(2) is async-signal-safe and touches only the forked child.
    unsafe {
        child.pre_exec(detach);
    }
    let mut child = child.spawn()?;
    let begin = Instant::now();
    let code = loop {
        match child.try_wait()? {
            // It or the shell's child was killed, as all are when the host goes down.
            Some(status) => break status.code().filter(|c| !(129..=192).contains(c)).unwrap_or(0),
            None if begin.elapsed() > Duration::from_secs(1) => break 0,
            None => thread::sleep(Duration::from_millis(20)),
        }
    };
    if code == 0 {
        return Ok(None);
    }
    let said = |file: &mut File| -> io::Result<String> {
        let mut bytes = Vec::new();
        file.rewind()?;
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
    };
    Ok(Some((said(&mut out)?, said(&mut err)?)))
}

impl Module for Reboot {
    const META: Meta = Meta {
        name: "kdo.reboot",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[Return {
            name: "cmd",
            doc: "What was started.",
        }],
        examples: &[Example {
            title: "Reboot at once",
            args: r#"{"msg": "new kernel"}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let argv = self.argv()?;
        host.mark_changed();
        if !host.check() {
            let failed =
                start(&argv).map_err(|e| Failure::new(format!("could not start the reboot: {e}")))?;
            if let Some((out, err)) = failed {
                return Err(
                    Failure::new(format!("Reboot command failed. Error was: '{out}, {err}'"))
                        .with("rebooted", false),
                );
            }
        }
        Ok(Outcome::new().with("cmd", Value::list(argv.iter().map(Value::from))))
    }
}

#[cfg(test)]
mod tests {
    use super::{Reboot, start};

    fn reboot(command: &str) -> Reboot {
        Reboot {
            command: Some(command.into()),
            search_paths: vec!["/nowhere".into(), "/bin".into()],
            delay: 0,
            msg: String::new(),
        }
    }

    #[test]
    fn only_the_first_word_is_looked_for() {
        let line = |command: &str| reboot(command).argv().map(|argv| argv[2].clone());
        assert_eq!(line("sh -c 'a  b'").unwrap(), "/bin/sh -c 'a  b'");
        assert_eq!(line("/opt/boot now").unwrap(), "/opt/boot now");
        assert!(line("nothing-like-it now").is_err());
    }

    #[test]
    fn what_fails_at_once_is_told_with_its_words() {
        let run = |command: &str| start(&reboot(command).argv().unwrap()).unwrap();
        let said = run("sh -c 'echo out; echo why >&2; exit 3'");
        assert_eq!(said, Some(("out".into(), "why".into())));
        assert_eq!(run("true"), None);
        assert_eq!(run("sleep 3"), None);
        assert_eq!(run("sh -c 'kill -9 $$'"), None);
    }
}
