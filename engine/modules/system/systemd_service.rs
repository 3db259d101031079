//! `systemd_service`: units of systemd.

use super::{
    service::UnitOptions,
    systemctl::{Systemctl, properties},
};
use crate::{facts::service_mgr, prelude::*};
use std::path::Path;

/// Start, stop, enable, disable or mask units of systemd
///
/// In a chroot, where systemd does not run, units are enabled and masked but not started.
#[derive(Params, Default)]
#[params(one_of(state, enabled, masked, daemon_reload, daemon_reexec))]
#[params(required_by(state, name))]
#[params(required_by(enabled, name))]
#[params(required_by(masked, name))]
pub struct SystemdService {
    /// Unit; without an extension a service.
    #[param(alias = "service", alias = "unit")]
    name: Option<String>,
    /// Whether it must run; restarted and reloaded always change.
    #[param(choices("reloaded", "restarted", "started", "stopped"))]
    state: Option<String>,
    /// Whether it starts at boot.
    enabled: Option<bool>,
    /// Replace links that are there already.
    force: Option<bool>,
    /// Whether it cannot be started at all.
    masked: Option<bool>,
    /// Make systemd read its files anew first.
    #[param(default = false, alias = "daemon-reload")]
    daemon_reload: bool,
    /// Make systemd start itself anew first.
    #[param(default = false, alias = "daemon-reexec")]
    daemon_reexec: bool,
    /// Which manager: of the system, of the user, or the settings for all users.
    #[param(default = "system", choices("system", "user", "global"))]
    scope: String,
    /// Do not wait until it is done.
    #[param(default = false)]
    no_block: bool,
}

fn missing(found: bool, unit: &str) -> Result<(), Failure> {
    if found {
        return Ok(());
    }
    Err(Failure::new(format!(
        "Could not find the requested service {unit}: host"
    )))
}

impl SystemdService {
    /// What `service` asks for.
    pub(super) fn of(
        name: String,
        state: Option<String>,
        enabled: Option<bool>,
        options: UnitOptions,
    ) -> Self {
        Self {
            name: Some(name),
            state,
            enabled,
            force: options.force,
            masked: options.masked,
            daemon_reload: options.daemon_reload.unwrap_or(false),
            daemon_reexec: options.daemon_reexec.unwrap_or(false),
            scope: options.scope.unwrap_or_else(|| "system".into()),
            no_block: options.no_block.unwrap_or(false),
        }
    }

    fn reload(&self, host: &mut Host<'_>, systemctl: &Systemctl, offline: bool) -> Result<(), Failure> {
        for (wanted, verb) in [
            (self.daemon_reload, "daemon-reload"),
            (self.daemon_reexec, "daemon-reexec"),
        ] {
            if !wanted || host.check() {
                continue;
            }
            let out = systemctl.query(host, &[verb])?;
            if out.rc != 0 && !offline {
                return Err(Failure::new(format!(
                    "failure {} during {verb}: {}",
                    out.rc,
                    out.stderr_text()
                )));
            }
        }
        Ok(())
    }

    fn mask(
        &self,
        host: &mut Host<'_>,
        systemctl: &Systemctl,
        unit: &str,
        found: bool,
    ) -> Result<(), Failure> {
        let Some(wanted) = self.masked else { return Ok(()) };
        let is = systemctl.query(host, &["is-enabled", unit])?.stdout_text().trim() == "masked";
        if is == wanted {
            return Ok(());
        }
        let verb = if wanted { "mask" } else { "unmask" };
        if let Some(out) = systemctl.execute(host, &[verb, unit])?
            && out.rc != 0
        {
            missing(found, unit)?;
            return Err(Failure::new(format!(
                "Unable to {verb} service {unit}: {}",
                out.stderr_text()
            )));
        }
        Ok(())
    }

    fn enable(
        &self,
        host: &mut Host<'_>,
        systemctl: &Systemctl,
        unit: &str,
        initd: bool,
    ) -> Result<Option<bool>, Failure> {
        let Some(wanted) = self.enabled else {
            return Ok(None);
        };
        let answer = systemctl.query(host, &["is-enabled", unit])?;
        let text = answer.stdout_text();
        let text = text.trim();
        let mut enabled = answer.rc == 0;
        if answer.rc == 1 && self.scope == "system" && initd && !text.ends_with("disabled") {
            enabled = !crate::files::pattern::expand(Path::new(&format!("/etc/rc?.d/S??{unit}"))).is_empty();
        } else if answer.rc == 0 && text == "alias" && !wanted {
            // An alias is enabled as long as its target is.
            enabled = true;
        }
        if enabled == wanted {
            return Ok(Some(enabled));
        }
        let verb = if wanted { "enable" } else { "disable" };
        if let Some(out) = systemctl.execute(host, &[verb, unit])?
            && out.rc != 0
        {
            return Err(Failure::new(format!(
                "Unable to {verb} service {unit}: {}",
                if out.stderr.is_empty() {
                    out.stdout_text()
                } else {
                    out.stderr_text()
                }
            )));
        }
        Ok(Some(wanted))
    }

    fn start(
        &self,
        host: &mut Host<'_>,
        systemctl: &Systemctl,
        unit: &str,
        active: &str,
    ) -> Result<(), Failure> {
        let running = matches!(active, "active" | "activating");
        let verb = match self.state.as_deref() {
            Some("started") => (!running).then_some("start"),
            Some("stopped") => (running || active == "deactivating").then_some("stop"),
            Some(_) if !running => Some("start"),
            Some("restarted") => Some("restart"),
            Some("reloaded") => Some("reload"),
            _ => None,
        };
        if let Some(verb) = verb
            && let Some(out) = systemctl.execute(host, &[verb, unit])?
            && out.rc != 0
        {
            return Err(Failure::new(format!(
                "Unable to {verb} service {unit}: {}",
                out.stderr_text()
            )));
        }
        Ok(())
    }

    /// The module's work; `service` calls it too.
    pub(super) fn apply(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let systemctl = Systemctl::new(host, &self.scope, self.no_block, self.force == Some(true))?;
        let offline =
            std::env::var("SYSTEMD_OFFLINE").is_ok_and(|v| v == "1") || !service_mgr::systemd_runs();
        self.reload(host, &systemctl, offline)?;
        let Some(unit) = self.name.clone() else {
            return Ok(Outcome::new()
                .with("name", Value::None)
                .with("status", Map::new()));
        };
        if let Some(glob) = unit.chars().find(|c| matches!(c, '*' | '?' | '[')) {
            return Err(Failure::new(format!(
                "This module does not currently support using glob patterns, found '{glob}' in service name: {unit}"
            )));
        }
        let shown = systemctl.query(host, &["show", &unit])?;
        let status = if shown.rc == 0 {
            properties(&shown.stdout_text())
        } else {
            Map::new()
        };
        let property = |key: &str| status.get(key).map(|v| v.to_text()).unwrap_or_default();
        let load = property("LoadState");
        let known = !load.is_empty() && load != "not-found";
        if known && load != "masked" && status.contains("LoadError") {
            return Err(Failure::new(format!(
                "Error loading unit file '{unit}': {}",
                property("LoadError")
            )));
        }
        if shown.rc != 0 && !offline {
            let words = shown.stderr_text();
            if !words.is_empty() && self.scope != "global" {
                return Err(
                    Failure::new(format!("failure {} during show: {words}", shown.rc)).with("name", unit)
                );
            }
        }
        let stem = unit.trim_end_matches(".service");
        let initd = Path::new("/etc/init.d").join(stem).exists();
        let mut found = known || initd;
        if !found && (offline || self.scope == "global") {
            let listed = systemctl.query(host, &["list-unit-files", &unit])?.stdout_text();
            let with = format!("{stem}.service");
            found = listed.lines().any(|l| {
                l.split_whitespace()
                    .next()
                    .is_some_and(|n| n == unit || n == with)
            });
        }
        let out = Outcome::new().with("name", unit.as_str());
        self.mask(host, &systemctl, &unit, found)?;
        if self.enabled.is_some() || self.state.is_some() {
            missing(found, &unit)?;
        }
        if let Some(enabled) = self.enable(host, &systemctl, &unit, initd)? {
            out.values.insert("enabled", enabled);
        }
        if let Some(state) = &self.state {
            let word = match state.as_str() {
                "stopped" => "stopped",
                _ => "started",
            };
            if status.contains("ActiveState") {
                self.start(host, &systemctl, &unit, &property("ActiveState"))?;
                out.values.insert("state", word);
            } else if offline {
                host.warn(format!(
                    "Target is a chroot or systemd is offline: '{unit}' is not {state}"
                ));
                out.values.insert("state", word);
            } else {
                return Err(Failure::new("Service is in unknown state").with("status", status));
            }
        }
        Ok(out.with("status", status))
    }
}

impl Module for SystemdService {
    const META: Meta = Meta {
        name: "ansible.builtin.systemd_service",
        aliases: &["ansible.builtin.systemd"],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "status",
                doc: "The unit's properties before the change.",
            },
            Return {
                name: "enabled",
                doc: "Whether it starts at boot now.",
            },
            Return {
                name: "state",
                doc: "Whether it runs now.",
            },
        ],
        examples: &[Example {
            title: "Enable and start",
            args: r#"{"name": "ssh", "state": "started", "enabled": true, "daemon_reload": true}"#,
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
