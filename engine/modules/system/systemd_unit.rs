//! What systemd knows of one unit.

use super::{
    init_script,
    systemctl::{Systemctl, offline, properties},
};
use crate::prelude::*;

/// What `is-enabled` says of a unit that exists, where `show` does not answer.
const KNOWN: &[&str] = &[
    "enabled",
    "enabled-runtime",
    "linked",
    "linked-runtime",
    "masked",
    "masked-runtime",
    "static",
    "indirect",
    "disabled",
    "generated",
    "transient",
];

/// A unit as it was found.
pub(super) struct Unit {
    pub(super) name: String,
    /// Its properties; empty where systemd does not run.
    pub(super) status: Map,
    /// Whether an init script has its name.
    pub(super) script: bool,
    known: bool,
}

/// systemd's answer in a chroot.
fn ignored(words: &str) -> bool {
    !words.contains('=') && (words.contains("ignoring request") || words.contains("ignoring command"))
}

impl Unit {
    pub(super) fn look(host: &mut Host<'_>, systemctl: &Systemctl, name: &str) -> Result<Self, Failure> {
        let shown = systemctl.query(host, &["show", name])?;
        let mut unit = Self {
            name: name.to_owned(),
            status: Map::new(),
            script: init_script::path(name).exists(),
            known: false,
        };
        let (out, err) = (shown.stdout_text(), shown.stderr_text());
        if shown.rc == 0 && !ignored(&out) && !ignored(&err) {
            unit.status = properties(&out);
            unit.judge()?;
        } else if shown.rc == 1 && err.contains("Failed to parse bus message") {
            unit.status = properties(&out);
            unit.ask_around(host, systemctl)?;
        } else {
            unit.ask_files(host, systemctl)?;
        }
        if unit.script && !unit.known {
            host.warn(format!(
                "The service ({name}) is actually an init script but the system is managed by systemd"
            ));
        }
        Ok(unit)
    }

    pub(super) fn property(&self, key: &str) -> String {
        self.status.get(key).map(|v| v.to_text()).unwrap_or_default()
    }

    fn judge(&mut self) -> Result<(), Failure> {
        let load = self.property("LoadState");
        self.known = !load.is_empty() && load != "not-found";
        if self.known && load != "masked" && self.status.contains("LoadError") {
            return Err(Failure::new(format!(
                "Error loading unit file '{}': {}",
                self.name,
                self.property("LoadError")
            )));
        }
        Ok(())
    }

    /// Some versions of systemd break off when they show units made from templates.
    fn ask_around(&mut self, host: &mut Host<'_>, systemctl: &Systemctl) -> Result<(), Failure> {
        let base = match self.name.split_once('@') {
            Some((base, _)) => format!("{base}@"),
            None => self.name.clone(),
        };
        let listed = systemctl.query(host, &["list-unit-files", &format!("{base}*")])?;
        self.known = listed.stdout_text().contains(&base);
        let active = systemctl.query(host, &["is-active", &self.name])?.stdout_text();
        self.status.insert("ActiveState", active.trim_end_matches('\n'));
        Ok(())
    }

    /// Where systemd does not run its program still reads the units' files.
    fn ask_files(&mut self, host: &mut Host<'_>, systemctl: &Systemctl) -> Result<(), Failure> {
        let enabled = systemctl.query(host, &["is-enabled", &self.name])?;
        self.known = KNOWN.contains(&enabled.stdout_text().trim())
            || systemctl.query(host, &["list-unit-files", &self.name])?.rc == 0;
        if !self.known {
            // What systemctl says without a command tells why it does not answer.
            let said = systemctl.query(host, &[])?;
            let line = systemctl.command(&[]).argv_text().join(" ");
            said.success("systemd cannot be asked on this host")
                .map_err(|f| f.with("cmd", line))?;
        }
        Ok(())
    }

    /// A failure if there is no such unit.
    pub(super) fn must_exist(&self) -> Result<(), Failure> {
        if self.known || self.script {
            return Ok(());
        }
        Err(Failure::new(format!(
            "Could not find the requested service {}: host",
            self.name
        )))
    }

    pub(super) fn mask(
        &self,
        host: &mut Host<'_>,
        systemctl: &Systemctl,
        wanted: bool,
    ) -> Result<(), Failure> {
        let is = systemctl.query(host, &["is-enabled", &self.name])?.stdout_text();
        if (is.trim() == "masked") == wanted {
            return Ok(());
        }
        let verb = if wanted { "mask" } else { "unmask" };
        if let Some(out) = systemctl.execute(host, &[verb, &self.name])?
            && out.rc != 0
        {
            // Some versions of systemd mask units that do not exist, others do not.
            self.must_exist()?;
            return Err(Failure::new(format!(
                "Failed to {verb} the service ({}): {}",
                self.name,
                out.stderr_text().trim()
            )));
        }
        Ok(())
    }

    pub(super) fn enable(
        &self,
        host: &mut Host<'_>,
        systemctl: &Systemctl,
        scope: &str,
        wanted: bool,
    ) -> Result<(), Failure> {
        let answer = systemctl.query(host, &["is-enabled", &self.name, "-l"])?;
        let (words, text) = (answer.stdout_text(), answer.stdout_text());
        let enabled = match answer.rc {
            // Enabled until the next boot, or through another unit: systemd knows what is to be done.
            0 => !matches!(words.trim_end(), "enabled-runtime" | "indirect" | "alias"),
            1 => {
                scope == "system"
                    && self.script
                    && !text.trim().ends_with("disabled")
                    && init_script::enabled(&self.name, None)
            }
            _ => false,
        };
        if enabled == wanted {
            return Ok(());
        }
        let verb = if wanted { "enable" } else { "disable" };
        if let Some(out) = systemctl.execute(host, &[verb, &self.name])?
            && out.rc != 0
        {
            return Err(Failure::new(format!(
                "Unable to {verb} service {}: {}{}",
                self.name,
                out.stdout_text(),
                out.stderr_text()
            )));
        }
        Ok(())
    }

    /// Brings the unit into that state and gives the word for it.
    pub(super) fn bring(
        &self,
        host: &mut Host<'_>,
        systemctl: &Systemctl,
        state: &str,
    ) -> Result<String, Failure> {
        if !self.status.contains("ActiveState") {
            if offline(host) {
                host.warn(format!(
                    "systemd does not run here (a chroot, or it is offline): {} was not {state}",
                    self.name
                ));
                return Ok(state.to_owned());
            }
            return Err(Failure::new("Service is in unknown state").with("status", self.status.clone()));
        }
        let active = self.property("ActiveState");
        let running = matches!(active.as_str(), "active" | "activating");
        let verb = match state {
            "started" => (!running).then_some("start"),
            "stopped" => (running || active == "deactivating").then_some("stop"),
            _ if !running => Some("start"),
            "restarted" => Some("restart"),
            _ => Some("reload"),
        };
        if let Some(verb) = verb
            && let Some(out) = systemctl.execute(host, &[verb, &self.name])?
            && out.rc != 0
        {
            return Err(Failure::new(format!(
                "Unable to {verb} service {}: {}",
                self.name,
                out.stderr_text()
            )));
        }
        Ok(if state == "stopped" { "stopped" } else { "started" }.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::{Unit, ignored};
    use crate::system::systemctl::properties;

    fn unit(text: &str) -> Unit {
        Unit {
            name: "a".into(),
            status: properties(text),
            script: false,
            known: false,
        }
    }

    #[test]
    fn a_unit_is_known_if_it_was_loaded_and_broken_ones_are_an_error() {
        let judged = |text: &str| {
            let mut unit = unit(text);
            unit.judge().map(|()| unit.must_exist().is_ok())
        };
        assert!(judged("LoadState=loaded\n").unwrap());
        assert!(!judged("LoadState=not-found\nLoadError=x \"Unit a not found.\"\n").unwrap());
        assert!(judged("LoadState=masked\nLoadError=x \"Unit a is masked.\"\n").unwrap());
        let error = judged("LoadState=bad-setting\nLoadError=x \"bad\"\n").unwrap_err();
        assert_eq!(error.message, "Error loading unit file 'a': x \"bad\"");
    }

    #[test]
    fn requests_that_a_chroot_ignores_are_no_answers() {
        assert!(ignored("Running in chroot, ignoring request: show\n"));
        assert!(!ignored("Description=ignoring request\n"));
    }
}
