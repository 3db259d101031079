//! `kdo.reboot`: the host's part of a reboot.

use crate::prelude::*;
use std::{
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{self, Stdio},
};

/// Start a reboot and answer at once
///
/// The program is started detached after a second, so that the answer still reaches the controller.
#[derive(Params)]
pub struct Reboot {
    /// The program and its arguments; without, `shutdown` is looked for, then `systemctl`, then `reboot`.
    #[param(elements = "str")]
    command: Vec<String>,
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

    fn argv(&self) -> Result<Vec<String>, Failure> {
        if let Some((program, args)) = self.command.split_first() {
            let path = if program.contains('/') {
                Some(PathBuf::from(program))
            } else {
                self.find(program)
            };
            let path = path.ok_or_else(|| {
                Failure::new(format!(
                    "Unable to find command \"{program}\" in search paths: {}",
                    self.search_paths.join(", ")
                ))
            })?;
            let mut argv = vec![path.to_string_lossy().into_owned()];
            argv.extend(args.iter().cloned());
            return Ok(argv);
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
        Err(Failure::new(format!(
            "Unable to find command \"shutdown\" in search paths: {}",
            self.search_paths.join(", ")
        )))
    }
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
            // A shell only sleeps and hands over: the words themselves are never parsed again.
            let mut child = process::Command::new("/bin/sh");
            child.args(["-c", "sleep 1; exec \"$@\"", "sh"]).args(&argv);
            child
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
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
            child
                .spawn()
                .map_err(|e| Failure::new(format!("could not start the reboot: {e}")))?;
        }
        Ok(Outcome::new().with("cmd", Value::list(argv.iter().map(Value::from))))
    }
}
