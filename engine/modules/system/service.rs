//! `service`: services, whatever starts them on this host.

use super::systemd_service::SystemdService;
use crate::{
    facts::service_mgr,
    host::{Command, Output},
    prelude::*,
};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// Start, stop, enable or disable a service
///
/// Works through systemd, OpenRC or init scripts, whichever the host has.
#[derive(Params)]
#[params(one_of(state, enabled, masked, daemon_reload, daemon_reexec))]
pub struct Service {
    /// Further arguments for an init script.
    #[param(default = "", alias = "args")]
    arguments: String,
    /// Whether it starts at boot.
    enabled: Option<bool>,
    /// Name of the service.
    #[param(required)]
    name: String,
    /// Part of a process's command line that stands for a service without a status command.
    pattern: Option<String>,
    /// OpenRC's runlevel.
    #[param(default = "default")]
    runlevel: String,
    /// Seconds between stopping and starting at a restart.
    sleep: Option<u64>,
    /// Whether it must run; restarted and reloaded always change.
    #[param(choices("reloaded", "restarted", "started", "stopped"))]
    state: Option<String>,
    /// Which service manager; `auto` finds out.
    #[param(default = "auto")]
    r#use: String,
    #[param(flatten)]
    unit: UnitOptions,
}

/// What only systemd can do; such parameters are handed on to `systemd_service`.
#[derive(Params, Default)]
pub(super) struct UnitOptions {
    #[param(hidden)]
    pub(super) force: Option<bool>,
    #[param(hidden)]
    pub(super) masked: Option<bool>,
    #[param(hidden, alias = "daemon-reload")]
    pub(super) daemon_reload: Option<bool>,
    #[param(hidden, alias = "daemon-reexec")]
    pub(super) daemon_reexec: Option<bool>,
    #[param(hidden, choices("system", "user", "global"))]
    pub(super) scope: Option<String>,
    #[param(hidden)]
    pub(super) no_block: Option<bool>,
}

impl UnitOptions {
    /// The first that was given.
    fn given(&self) -> Option<&'static str> {
        [
            ("force", self.force.is_some()),
            ("masked", self.masked.is_some()),
            ("daemon_reload", self.daemon_reload.is_some()),
            ("daemon_reexec", self.daemon_reexec.is_some()),
            ("scope", self.scope.is_some()),
            ("no_block", self.no_block.is_some()),
        ]
        .into_iter()
        .find_map(|(name, given)| given.then_some(name))
    }
}

enum Tool {
    OpenRc(PathBuf),
    Script(PathBuf),
    Service(PathBuf),
}

impl Service {
    fn tool(&self, host: &Host<'_>) -> Result<Tool, Failure> {
        let script = Path::new("/etc/init.d").join(&self.name);
        if let Some(path) = host.find_program("rc-service") {
            return Ok(Tool::OpenRc(path));
        }
        if script.exists() {
            return Ok(host
                .find_program("service")
                .map_or(Tool::Script(script), Tool::Service));
        }
        Err(Failure::new(format!(
            "Could not find the requested service {}: host",
            self.name
        )))
    }

    fn command(&self, tool: &Tool, verb: &str) -> Command {
        let c = match tool {
            Tool::OpenRc(p) | Tool::Service(p) => Command::new(p).arg(&self.name).arg(verb),
            Tool::Script(p) => Command::new(p).arg(verb),
        };
        c.args(self.arguments.split_whitespace())
    }

    /// Whether it runs, from the status command's exit code and words.
    fn running(&self, host: &mut Host<'_>, tool: &Tool) -> Result<Option<bool>, Failure> {
        if let Some(pattern) = &self.pattern {
            return Ok(Some(process_matches(pattern)));
        }
        let out = host.query(self.command(tool, "status"))?;
        Ok(judge(out.rc, &out.stdout_text(), &self.name))
    }

    fn run_verb(&self, host: &mut Host<'_>, tool: &Tool, verb: &str) -> Result<(), Failure> {
        let out = host.execute(self.command(tool, verb))?;
        self.succeeded(out)
    }

    fn succeeded(&self, out: Option<Output>) -> Result<(), Failure> {
        match out {
            Some(out) if out.rc != 0 => {
                let words = if out.stderr.is_empty() {
                    out.stdout_text()
                } else {
                    out.stderr_text()
                };
                Err(Failure::new(words))
            }
            _ => Ok(()),
        }
    }

    fn enable(&self, host: &mut Host<'_>, tool: &Tool) -> Result<(), Failure> {
        let Some(wanted) = self.enabled else { return Ok(()) };
        if let Tool::OpenRc(_) = tool {
            let program = host.need_program("rc-update", "openrc")?;
            let shown = host
                .query(Command::new(&program).arg("show").arg(&self.runlevel))?
                .stdout_text();
            let is = shown
                .lines()
                .any(|l| l.split('|').next().is_some_and(|n| n.trim() == self.name));
            if is != wanted {
                let verb = if wanted { "add" } else { "del" };
                let out = host.execute(
                    Command::new(program)
                        .arg(verb)
                        .arg(&self.name)
                        .arg(&self.runlevel),
                )?;
                return self.succeeded(out);
            }
            return Ok(());
        }
        let links = |kind: char| {
            let pattern = format!("/etc/rc[0-6].d/{kind}??{}", self.name);
            !crate::files::pattern::expand(Path::new(&pattern)).is_empty()
        };
        if links('S') == wanted {
            return Ok(());
        }
        if let Some(program) = host.find_program("update-rc.d") {
            if wanted && !links('K') {
                let out = host.execute(Command::new(&program).arg(&self.name).arg("defaults"))?;
                self.succeeded(out)?;
            }
            let verb = if wanted { "enable" } else { "disable" };
            let out = host.execute(Command::new(program).arg(&self.name).arg(verb))?;
            return self.succeeded(out);
        }
        let program = host.need_program("chkconfig", "chkconfig")?;
        let verb = if wanted { "on" } else { "off" };
        let out = host.execute(Command::new(program).arg(&self.name).arg(verb))?;
        self.succeeded(out)
    }

    fn by_scripts(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let tool = self.tool(host)?;
        let out = Outcome::new().with("name", self.name.as_str());
        self.enable(host, &tool)?;
        if let Some(enabled) = self.enabled {
            out.values.insert("enabled", enabled);
        }
        if let Some(state) = &self.state {
            let running = self.running(host, &tool)?;
            match (state.as_str(), running) {
                ("started", Some(true)) | ("stopped", Some(false)) => {}
                ("started", _) | ("reloaded" | "restarted", Some(false)) => {
                    self.run_verb(host, &tool, "start")?;
                }
                ("stopped", _) => self.run_verb(host, &tool, "stop")?,
                ("reloaded", _) => self.run_verb(host, &tool, "reload")?,
                _ if self.sleep.is_none() => self.run_verb(host, &tool, "restart")?,
                _ => {
                    self.run_verb(host, &tool, "stop")?;
                    if !host.check() {
                        std::thread::sleep(Duration::from_secs(self.sleep.unwrap_or(0)));
                    }
                    self.run_verb(host, &tool, "start")?;
                }
            }
            out.values
                .insert("state", if state == "stopped" { "stopped" } else { "started" });
        }
        Ok(out)
    }
}

/// What a status command means; `None`: nothing to go by.
fn judge(rc: i64, words: &str, name: &str) -> Option<bool> {
    let words = words.to_lowercase().replace(&name.to_lowercase(), "");
    if words.contains("not running") || words.contains("stopped") || words.contains("is dead") {
        return Some(false);
    }
    match rc {
        0 => Some(true),
        1..=3 => Some(false),
        _ if words.contains("running") => Some(true),
        _ => None,
    }
}

fn process_matches(pattern: &str) -> bool {
    let own = std::process::id().to_string();
    let read = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut lines = read.filter_map(|e| {
        let id = e.file_name().to_string_lossy().into_owned();
        (id.bytes().all(|b| b.is_ascii_digit()) && id != own)
            .then(|| std::fs::read(e.path().join("cmdline")).ok())?
    });
    lines.any(|l| String::from_utf8_lossy(&l).replace('\0', " ").contains(pattern))
}

impl Module for Service {
    const META: Meta = Meta {
        name: "ansible.builtin.service",
        aliases: &["ansible.builtin.sysvinit"],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "state",
                doc: "Whether it runs now.",
            },
            Return {
                name: "enabled",
                doc: "Whether it starts at boot now.",
            },
            Return {
                name: "status",
                doc: "With systemd, the unit's properties before the change.",
            },
        ],
        examples: &[Example {
            title: "Restart a service",
            args: r#"{"name": "ssh", "state": "restarted"}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let manager = match self.r#use.rsplit('.').next().unwrap_or("auto") {
            "auto" => service_mgr::detect(host),
            other => other.to_owned(),
        };
        if matches!(manager.as_str(), "systemd" | "systemd_service") {
            let unit = SystemdService::of(self.name, self.state, self.enabled, self.unit);
            return unit.apply(host);
        }
        if let Some(name) = self.unit.given() {
            return Err(Failure::new(format!(
                "Unsupported parameters for (service) module: {name}. Only systemd has it, and this host has {manager}."
            )));
        }
        self.by_scripts(host)
    }
}

#[cfg(test)]
mod tests {
    use super::judge;

    #[test]
    fn status_commands_are_judged_by_words_then_code() {
        for (rc, words, result) in [
            (0, "sshd is running", Some(true)),
            (0, "sshd is stopped", Some(false)),
            (3, "", Some(false)),
            (0, "", Some(true)),
            (4, "running-helper: who knows", Some(true)),
            (4, "who knows", None),
        ] {
            assert_eq!(judge(rc, words, "sshd"), result, "{rc} {words}");
        }
    }
}
