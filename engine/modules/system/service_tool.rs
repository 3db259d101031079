//! The programs that start services and enable them, where neither systemd's nor init scripts' own module is asked for.

use super::{
    init_script,
    service::Service,
    systemctl::{Systemctl, properties},
};
use crate::{commands::words, facts::service_mgr, host::Command, prelude::*};
use std::{path::PathBuf, time::Duration};

/// What starts it.
enum Starter {
    Systemctl(Systemctl),
    OpenRc(PathBuf),
    /// `service NAME VERB`.
    Service(PathBuf),
    /// The script itself.
    Script(PathBuf),
}

/// What makes it start at boot.
enum Enabler {
    Systemctl,
    OpenRc(PathBuf),
    UpdateRc(PathBuf),
    Insserv(PathBuf),
    Chkconfig(PathBuf),
}

/// The tools for one service.
pub(super) struct Tool {
    name: String,
    runlevel: String,
    arguments: Vec<String>,
    starter: Starter,
    enabler: Enabler,
}

/// What enabling came to.
#[derive(PartialEq, Eq)]
pub(super) enum Enabled {
    /// It is as wanted.
    Done,
    /// Check mode: it would be changed, and nothing further is looked at.
    Would,
}

/// The program's failure in its own words.
fn succeeded(out: Option<Output>) -> Result<(), Failure> {
    match out {
        Some(out) if out.rc != 0 => Err(Failure::new(if out.stderr.is_empty() {
            out.stdout_text()
        } else {
            out.stderr_text()
        })),
        _ => Ok(()),
    }
}

impl Tool {
    pub(super) fn find(host: &Host<'_>, service: &Service) -> Result<Self, Failure> {
        let tool = |starter, enabler| -> Result<Self, Failure> {
            Ok(Self {
                name: service.name.clone(),
                runlevel: service.runlevel.clone(),
                arguments: words::split(&service.arguments)?,
                starter,
                enabler,
            })
        };
        if service_mgr::systemd_runs() && host.find_program("systemctl").is_some() {
            let systemctl = Systemctl::new(host, "system", false, false)?;
            return tool(Starter::Systemctl(systemctl), Enabler::Systemctl);
        }
        if let Some(program) = host.find_program("rc-service") {
            let update = host.need_program("rc-update", "openrc")?;
            return tool(Starter::OpenRc(program), Enabler::OpenRc(update));
        }
        let script = init_script::path(&service.name);
        let enabler = host
            .find_program("update-rc.d")
            .map(Enabler::UpdateRc)
            .or_else(|| host.find_program("insserv").map(Enabler::Insserv))
            .or_else(|| host.find_program("chkconfig").map(Enabler::Chkconfig));
        match enabler {
            Some(enabler) if script.is_file() => {
                let starter = host
                    .find_program("service")
                    .map_or(Starter::Script(script), Starter::Service);
                tool(starter, enabler)
            }
            _ => Err(Failure::new(format!(
                "Could not find the requested service {}: host",
                service.name
            ))),
        }
    }

    fn command(&self, verb: &str) -> Command {
        let c = match &self.starter {
            Starter::OpenRc(p) | Starter::Service(p) => Command::new(p).arg(&self.name).arg(verb),
            Starter::Script(p) => Command::new(p).arg(verb),
            Starter::Systemctl(systemctl) => systemctl.command(&[verb, &self.name]),
        };
        c.args(&self.arguments).env("LC_ALL", "C")
    }

    /// Whether it runs; `None`: nothing to go by.
    pub(super) fn running(&self, host: &mut Host<'_>) -> Result<Option<bool>, Failure> {
        if let Starter::Systemctl(systemctl) = &self.starter {
            let out = systemctl
                .query(host, &["show", &self.name])?
                .success("systemctl show failed")?;
            let status = properties(&out.stdout_text());
            let property = |key: &str| status.get(key).map(|v| v.to_text());
            if property("LoadState").as_deref() == Some("not-found") {
                return Err(Failure::new(format!(
                    "systemd could not find the requested service \"'{}'\": {}",
                    self.name,
                    out.stderr_text()
                )));
            }
            return Ok(Some(property("ActiveState").as_deref() == Some("active")));
        }
        let out = host.query(self.command("status"))?;
        let words = out.stdout_text();
        if matches!(self.starter, Starter::OpenRc(_)) {
            return Ok(Some(words.contains("started")));
        }
        Ok(judge(out.rc, &words, &self.name))
    }

    /// Starts, stops, reloads or restarts it. Not all init scripts can restart, so that is stop and start.
    pub(super) fn control(&self, host: &mut Host<'_>, verb: &str, sleep: Option<i64>) -> Result<(), Failure> {
        if verb != "restart" || matches!(self.starter, Starter::OpenRc(_)) {
            return succeeded(host.execute(self.command(verb))?);
        }
        let stopped = host.query(self.command("stop"))?;
        std::thread::sleep(Duration::from_secs(
            sleep.and_then(|s| s.try_into().ok()).unwrap_or(0),
        ));
        let started = host.query(self.command("start"))?;
        if started.rc == 0 {
            return Ok(());
        }
        Err(Failure::new(
            if started.stderr.is_empty() && stopped.stderr.is_empty() {
                stopped.stdout_text() + &started.stdout_text()
            } else {
                stopped.stderr_text() + &started.stderr_text()
            },
        ))
    }

    /// Makes it start at boot, or not.
    pub(super) fn enable(&self, host: &mut Host<'_>, wanted: bool) -> Result<Enabled, Failure> {
        if let Enabler::UpdateRc(program) = &self.enabler {
            self.update_rc(host, program, wanted)?;
            return Ok(Enabled::Done);
        }
        let (is, command) = match &self.enabler {
            Enabler::OpenRc(program) => self.by_rc_update(host, program, wanted)?,
            Enabler::Chkconfig(program) => self.by_chkconfig(host, program, wanted)?,
            Enabler::Insserv(program) => self.by_insserv(host, program, wanted)?,
            Enabler::Systemctl | Enabler::UpdateRc(_) => self.by_systemctl(host, wanted)?,
        };
        if is == wanted {
            return Ok(Enabled::Done);
        }
        let Some(out) = host.execute(command)? else {
            return Ok(Enabled::Would);
        };
        if out.rc != 0 {
            let (start, words) = if out.stderr.is_empty() {
                ("Failure for", out.stdout_text())
            } else {
                ("Error when trying to", out.stderr_text())
            };
            let verb = if wanted { "enable" } else { "disable" };
            return Err(Failure::new(format!(
                "{start} {verb} {}: rc={} {words}",
                self.name, out.rc
            )));
        }
        Ok(Enabled::Done)
    }

    fn update_rc(&self, host: &mut Host<'_>, program: &PathBuf, wanted: bool) -> Result<(), Failure> {
        if init_script::enabled(&self.name, None) == wanted {
            return Ok(());
        }
        if wanted && !init_script::linked('K', &self.name, None) {
            succeeded(host.execute(Command::new(program).arg(&self.name).arg("defaults"))?)?;
        }
        let verb = if wanted { "enable" } else { "disable" };
        succeeded(host.execute(Command::new(program).arg(&self.name).arg(verb))?)
    }

    fn by_systemctl(&self, host: &mut Host<'_>, wanted: bool) -> Result<(bool, Command), Failure> {
        let Starter::Systemctl(systemctl) = &self.starter else {
            return Err(Failure::new("systemctl is not here"));
        };
        let out = systemctl.query(host, &["is-enabled", &self.name])?;
        let script = init_script::path(&self.name).exists();
        let is = match out.rc {
            0 => true,
            _ if out.stdout_text().starts_with("disabled") => false,
            _ => script && init_script::enabled(&self.name, None),
        };
        let verb = if wanted { "enable" } else { "disable" };
        Ok((is, systemctl.command(&[verb, &self.name])))
    }

    fn by_rc_update(
        &self,
        host: &mut Host<'_>,
        program: &PathBuf,
        wanted: bool,
    ) -> Result<(bool, Command), Failure> {
        let shown = host.query(Command::new(program).arg("show"))?.stdout_text();
        let is = shown
            .lines()
            .filter_map(|l| l.split_once('|'))
            .any(|(name, levels)| {
                name.trim() == self.name && levels.split_whitespace().any(|l| l == self.runlevel)
            });
        let verb = if wanted { "add" } else { "delete" };
        let command = Command::new(program)
            .arg(verb)
            .arg(&self.name)
            .arg(&self.runlevel);
        Ok((is, command))
    }

    fn by_chkconfig(
        &self,
        host: &mut Host<'_>,
        program: &PathBuf,
        wanted: bool,
    ) -> Result<(bool, Command), Failure> {
        let list = Command::new(program)
            .arg("--list")
            .arg(&self.name)
            .env("LC_ALL", "C");
        let mut listed = host.query(list.clone())?;
        if listed
            .stderr_text()
            .contains(&format!("chkconfig --add {}", self.name))
        {
            host.query(Command::new(program).arg("--add").arg(&self.name))?;
            listed = host.query(list)?;
        }
        let words = listed.stdout_text();
        if !words.contains(&self.name) {
            return Err(Failure::new(format!(
                "service {} does not support chkconfig",
                self.name
            )));
        }
        let verb = if wanted { "on" } else { "off" };
        let all = ["3", "5"].iter().all(|l| words.contains(&format!("{l}:{verb}")));
        let command = Command::new(program).arg(&self.name).arg(verb);
        Ok((if all { wanted } else { !wanted }, command))
    }

    fn by_insserv(
        &self,
        host: &mut Host<'_>,
        program: &PathBuf,
        wanted: bool,
    ) -> Result<(bool, Command), Failure> {
        let (remove, sign) = if wanted {
            (None, "enable service")
        } else {
            (Some("-r"), "remove service")
        };
        let tried = Command::new(program)
            .arg("-n")
            .args(remove)
            .arg("-v")
            .arg(&self.name);
        let different = host.query(tried)?.stderr_text().contains(sign);
        let command = Command::new(program).args(remove).arg(&self.name);
        Ok((wanted != different, command))
    }
}

/// What a status command's code and words mean; `None`: nothing to go by.
fn judge(rc: i64, out: &str, name: &str) -> Option<bool> {
    if matches!(rc, 1..=4 | 69) {
        return Some(false);
    }
    if out.matches('\n').count() <= 1 {
        let words = out.to_lowercase().replace(&name.to_lowercase(), "");
        if words.contains("stop") {
            return Some(false);
        }
        if words.contains("run") {
            return Some(!words.contains("not "));
        }
        if words.contains("start") && !words.contains("not ") {
            return Some(true);
        }
        let dead = [
            "could not access pid file",
            "is dead and pid file exists",
            "dead but subsys locked",
            "dead but pid file exists",
        ];
        if dead.iter().any(|d| words.contains(d)) {
            return Some(false);
        }
    }
    (rc == 0 || (name == "iptables" && out.contains("ACCEPT"))).then_some(true)
}

#[cfg(test)]
mod tests {
    use super::judge;

    #[test]
    fn status_commands_are_judged_by_code_then_words() {
        for (rc, words, result) in [
            (0, "sshd is running\n", Some(true)),
            (0, "sshd is not running\n", Some(false)),
            (0, "sshd is stopped\n", Some(false)),
            (3, "", Some(false)),
            (0, "", Some(true)),
            (5, "running-helper: who knows", Some(true)),
            (5, "who knows", None),
        ] {
            assert_eq!(judge(rc, words, "sshd"), result, "{rc} {words}");
        }
    }
}
