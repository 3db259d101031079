//! `sysvinit`: services of init scripts.

use super::init_script;
use crate::{commands::words, host::Command, prelude::*};
use std::{collections::BTreeMap, path::PathBuf, time::Duration};

/// Start, stop, enable or disable the services of init scripts
///
/// The script is called itself; whether the service runs is what its `status` says.
#[derive(Params)]
#[params(one_of(state, enabled))]
pub struct Sysvinit {
    /// Further arguments for the script.
    #[param(alias = "args")]
    pub(super) arguments: Option<String>,
    /// Start the script apart from this session, for scripts that do not do so themselves. Programs never hold up
    /// a task here, so this changes nothing.
    #[param(name = "daemonize", default = false)]
    pub(super) _daemonize: bool,
    /// Whether it starts at boot.
    pub(super) enabled: Option<bool>,
    /// Name of the script.
    #[param(required, alias = "service")]
    pub(super) name: String,
    /// Part of a process's command line that shows that the service runs, for scripts without `status`.
    pub(super) pattern: Option<String>,
    /// The runlevels in which `enabled` holds; without, those the script names.
    #[param(elements = "str")]
    pub(super) runlevels: Option<Vec<String>>,
    /// Seconds to wait after stop and after start at a restart.
    #[param(default = 1)]
    pub(super) sleep: i64,
    /// Whether it must run; restarted and reloaded always change.
    #[param(choices("started", "stopped", "restarted", "reloaded"))]
    pub(super) state: Option<String>,
}

/// What one part of the work did.
#[derive(Default)]
struct Part {
    changed: bool,
    said: Option<Output>,
}

impl Part {
    fn values(&self) -> Map {
        let map = Map::new();
        map.insert("changed", self.changed);
        let said = self.said.as_ref();
        map.insert("rc", said.map_or(Value::None, |s| s.rc.into()));
        map.insert(
            "stdout",
            said.map_or(Value::None, |s| Value::str(s.stdout_text())),
        );
        map.insert(
            "stderr",
            said.map_or(Value::None, |s| Value::str(s.stderr_text())),
        );
        map
    }
}

/// What a status command's words and code mean; `None`: nothing to go by.
fn judge(rc: i64, out: &str, name: &str) -> Option<bool> {
    if name == "iptables" && out.contains("ACCEPT") {
        return Some(true);
    }
    if out.matches('\n').count() <= 1 {
        let words = out.to_lowercase().replace(&name.to_lowercase(), "");
        let any = |list: &[&str]| list.iter().any(|w| words.contains(w));
        if any(&[
            "stop",
            "is dead ",
            "dead but ",
            "could not access pid file",
            "inactive",
        ]) {
            return Some(false);
        }
        if any(&["run", "start", "active"]) && !words.contains("not ") {
            return Some(true);
        }
    }
    match rc {
        1..=4 | 69 => Some(false),
        0 => Some(true),
        _ => None,
    }
}

impl Sysvinit {
    fn script(&self) -> PathBuf {
        init_script::path(&self.name)
    }

    fn running(&self, host: &mut Host<'_>) -> Result<bool, Failure> {
        if let Some(pattern) = &self.pattern {
            let found = init_script::process_matches(pattern);
            if !found {
                host.warn("Unable to determine if service is up, assuming it is down");
            }
            return Ok(found);
        }
        let command = match host.find_program("service") {
            Some(program) => Command::new(program).arg(&self.name),
            None => Command::new(self.script()),
        };
        let out = host.query(command.arg("status"))?;
        if let Some(running) = judge(out.rc, &out.stdout_text(), &self.name) {
            return Ok(running);
        }
        let found = init_script::process_matches(&self.name);
        host.warn(if found {
            "Used ps output to match service name and determine it is up, this is very unreliable"
        } else {
            "Unable to determine if service is up, assuming it is down"
        });
        Ok(found)
    }

    /// The command that makes or removes the links.
    fn link_command(&self, host: &Host<'_>, wanted: bool) -> Result<Command, Failure> {
        let levels = self.runlevels.clone().unwrap_or_default();
        if let Some(program) = host.find_program("update-rc.d") {
            let verb = match (wanted, levels.is_empty()) {
                (true, true) => "defaults",
                (true, false) => "enable",
                (false, _) => "disable",
            };
            return Ok(Command::new(program).arg(&self.name).arg(verb).args(levels));
        }
        let mut c = Command::new(host.need_program("chkconfig", "init-system-helpers")?);
        if !levels.is_empty() {
            c = c.arg("--level").arg(levels.concat());
        }
        Ok(c.arg(&self.name).arg(if wanted { "on" } else { "off" }))
    }

    fn enable(&self, host: &mut Host<'_>) -> Result<Part, Failure> {
        let wanted = self.enabled;
        let levels: Vec<Option<&str>> = match &self.runlevels {
            Some(levels) if !levels.is_empty() => levels.iter().map(|l| Some(l.as_str())).collect(),
            _ => vec![None],
        };
        // Runlevels without `enabled` mean that it must not start in them.
        let asked = wanted.is_some() || levels.iter().any(Option::is_some);
        let different = levels
            .iter()
            .any(|level| Some(init_script::enabled(&self.name, *level)) != wanted);
        let mut part = Part {
            changed: asked && different,
            said: None,
        };
        if part.changed {
            let command = self.link_command(host, wanted == Some(true))?;
            part.said = host.execute(command)?;
            if part
                .said
                .as_ref()
                .is_some_and(|s| s.stderr_text().contains("illegal runlevel specified"))
            {
                return Err(Failure::new(format!(
                    "Illegal runlevel specified for enable operation on service {}",
                    self.name
                ))
                .with("name", self.name.as_str())
                .with("changed", true)
                .with(
                    "status",
                    Map::from_iter([("enabled", self.enabled_values(&part))]),
                ));
            }
        }
        Ok(part)
    }

    fn enabled_values(&self, part: &Part) -> Map {
        let values = part.values();
        if let Some(levels) = self.runlevels.as_ref().filter(|l| !l.is_empty()) {
            values.insert("runlevels", Value::list(levels.iter().map(Value::from)));
        }
        values
    }

    fn call(&self, host: &mut Host<'_>, verb: &str, action: &str) -> Result<Option<Output>, Failure> {
        let arguments = words::split(self.arguments.as_deref().unwrap_or(""))?;
        let said = host.execute(Command::new(self.script()).arg(verb).args(arguments))?;
        match said {
            Some(out) if out.rc != 0 => {
                Err(Failure::new(format!("Failed to {action} service: {}", self.name))
                    .with("rc", out.rc)
                    .with("stdout", out.stdout_text())
                    .with("stderr", out.stderr_text()))
            }
            said => Ok(said),
        }
    }

    fn bring(&self, host: &mut Host<'_>, state: &str, running: bool) -> Result<Part, Failure> {
        let mut part = Part {
            changed: true,
            said: None,
        };
        match state {
            "restarted" => {
                for verb in ["stop", "start"] {
                    part.said = self.call(host, verb, "restart")?;
                    if !host.check() {
                        std::thread::sleep(Duration::from_secs(self.sleep.try_into().unwrap_or(0)));
                    }
                }
            }
            "started" if !running => part.said = self.call(host, "start", "start")?,
            "stopped" if running => part.said = self.call(host, "stop", "stop")?,
            "reloaded" => part.said = self.call(host, "reload", "reload")?,
            _ => part.changed = false,
        }
        Ok(part)
    }

    /// The module's work; `service` calls it too.
    pub(super) fn apply(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        if !self.script().exists() {
            return Err(Failure::new(format!(
                "Could not find the requested service {}: ",
                self.name
            )));
        }
        let running = self.running(host)?;
        let mut parts = BTreeMap::new();
        let enabled = self.enable(host)?;
        parts.insert("enabled", self.enabled_values(&enabled));
        match &self.state {
            Some(state) => parts.insert(state.as_str(), self.bring(host, state, running)?.values()),
            // Ansible's key for a state that was not asked for.
            None => parts.insert("null", Part::default().values()),
        };
        let status = Map::from_iter(parts);
        Ok(Outcome::new()
            .with("name", self.name.as_str())
            .with("status", status))
    }
}

impl Module for Sysvinit {
    const META: Meta = Meta {
        name: "ansible.builtin.sysvinit",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "name",
                doc: "Name of the service.",
            },
            Return {
                name: "status",
                doc: "By `enabled` and the wanted state: whether it was changed, and code and words of the program that did it.",
            },
        ],
        examples: &[Example {
            title: "Start a service at boot, and now",
            args: r#"{"name": "apache2", "state": "started", "enabled": true}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        self.apply(host)
    }
}

#[cfg(test)]
mod tests {
    use super::judge;

    #[test]
    fn status_commands_are_judged_by_words_then_code() {
        for (rc, words, result) in [
            (0, "sshd is running\n", Some(true)),
            (3, "sshd is not running ... failed!\n", Some(false)),
            (0, "sshd is stopped\n", Some(false)),
            (0, "a\nb\nsshd is stopped\n", Some(true)),
            (3, "", Some(false)),
            (0, "", Some(true)),
            (5, "active\n", Some(true)),
            (5, "who knows\n", None),
        ] {
            assert_eq!(judge(rc, words, "sshd"), result, "{rc} {words}");
        }
    }
}
