//! `systemd_service`: units of systemd.

use super::{
    service::UnitOptions,
    systemctl::{Systemctl, offline},
    systemd_unit::Unit,
};
use crate::prelude::*;

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

    fn reload(&self, host: &mut Host<'_>, systemctl: &Systemctl) -> Result<(), Failure> {
        for (wanted, verb) in [
            (self.daemon_reload, "daemon-reload"),
            (self.daemon_reexec, "daemon-reexec"),
        ] {
            if !wanted || host.check() {
                continue;
            }
            let out = systemctl.query(host, &[verb])?;
            if out.rc == 0 {
                continue;
            }
            let words = out.stderr_text();
            if !offline(host) {
                return Err(Failure::new(format!("failure {} during {verb}: {words}", out.rc)));
            }
            host.warn(format!(
                "systemd does not run here (a chroot, or it is offline), so {verb} was left out: {} / {words}",
                out.rc
            ));
        }
        Ok(())
    }

    /// The module's work; `service` calls it too.
    pub(super) fn apply(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let name = self.name.as_deref().unwrap_or_default();
        if let Some(glob) = ['*', '?', '['].into_iter().find(|c| name.contains(*c)) {
            return Err(Failure::new(format!(
                "This module does not currently support using glob patterns, found '{glob}' in service name: {name}"
            )));
        }
        let systemctl = Systemctl::new(host, &self.scope, self.no_block, self.force == Some(true))?;
        self.reload(host, &systemctl)?;
        if name.is_empty() {
            let name = self.name.map_or(Value::None, Value::str);
            return Ok(Outcome::new().with("name", name).with("status", Map::new()));
        }
        let unit = Unit::look(host, &systemctl, name)?;
        let out = Outcome::new().with("name", name);
        if let Some(masked) = self.masked {
            unit.mask(host, &systemctl, masked)?;
        }
        if let Some(enabled) = self.enabled {
            unit.must_exist()?;
            unit.enable(host, &systemctl, &self.scope, enabled)?;
            out.values.insert("enabled", enabled);
        }
        if let Some(state) = &self.state {
            unit.must_exist()?;
            out.values.insert("state", unit.bring(host, &systemctl, state)?);
        }
        Ok(out.with("status", unit.status))
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
