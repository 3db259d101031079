//! `service`: services, whatever starts them on this host.

use super::{
    init_script,
    service_tool::{Enabled, Tool},
    systemd_service::SystemdService,
    sysvinit::Sysvinit,
};
use crate::{facts::service_mgr, prelude::*};

/// OpenRC's name of the usual runlevel.
const DEFAULT_RUNLEVEL: &str = "default";

/// Start, stop, enable or disable a service
///
/// Works through systemd, OpenRC or init scripts, whichever the host has.
#[derive(Params)]
#[params(one_of(state, enabled, masked, daemon_reload, daemon_reexec))]
pub struct Service {
    /// Further arguments for an init script.
    #[param(default = "", alias = "args")]
    pub(super) arguments: String,
    /// Whether it starts at boot.
    enabled: Option<bool>,
    /// Name of the service.
    #[param(required)]
    pub(super) name: String,
    /// Part of a process's command line that stands for a service without a status command.
    pattern: Option<String>,
    /// OpenRC's runlevel.
    #[param(default = "default")]
    pub(super) runlevel: String,
    /// Seconds between stopping and starting at a restart.
    sleep: Option<i64>,
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

impl Service {
    /// As a unit of systemd.
    fn by_systemd(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        for (name, given) in [
            ("pattern", self.pattern.is_some()),
            ("runlevel", self.runlevel != DEFAULT_RUNLEVEL),
            ("sleep", self.sleep.is_some()),
            ("arguments", !self.arguments.is_empty()),
        ] {
            if given {
                host.warn(format!("Ignoring \"{name}\" as it is not used in \"systemd\""));
            }
        }
        SystemdService::of(self.name, self.state, self.enabled, self.unit).apply(host)
    }

    /// As an init script.
    fn by_script(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let service = Sysvinit {
            arguments: Some(self.arguments),
            _daemonize: false,
            enabled: self.enabled,
            name: self.name,
            pattern: self.pattern,
            runlevels: None,
            sleep: self.sleep.unwrap_or(1),
            state: self.state,
        };
        service.apply(host)
    }

    /// With whatever tool the host has for it.
    fn by_tool(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let tool = Tool::find(host, &self)?;
        let out = Outcome::new().with("name", self.name.as_str());
        if let Some(wanted) = self.enabled {
            if tool.enable(host, wanted)? == Enabled::Would {
                return Ok(Outcome::new());
            }
            out.values.insert("enabled", wanted);
        }
        let Some(state) = &self.state else { return Ok(out) };
        let running = match &self.pattern {
            Some(pattern) => Some(init_script::process_matches(pattern)),
            None => tool.running(host)?,
        };
        let running = running.ok_or_else(|| {
            Failure::new("failed determining service state, possible typo of service name?")
        })?;
        let verb = match state.as_str() {
            "started" => (!running).then_some("start"),
            "stopped" => running.then_some("stop"),
            "reloaded" => Some(if running { "reload" } else { "start" }),
            _ => Some("restart"),
        };
        if let Some(verb) = verb {
            host.mark_changed();
            if host.check() {
                return Ok(Outcome::new().with("msg", "service state changed"));
            }
            tool.control(host, verb, self.sleep)?;
        }
        let word = if state == "stopped" { "stopped" } else { "started" };
        Ok(out.with("state", word))
    }
}

impl Module for Service {
    const META: Meta = Meta {
        name: "ansible.builtin.service",
        aliases: &[],
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
            other => other.to_lowercase(),
        };
        if matches!(manager.as_str(), "systemd" | "systemd_service") {
            return self.by_systemd(host);
        }
        if let Some(name) = self.unit.given() {
            return Err(Failure::new(format!(
                "Unsupported parameters for (service) module: {name}. Only systemd has it, and this host has {manager}."
            )));
        }
        if manager == "sysvinit" {
            return self.by_script(host);
        }
        self.by_tool(host)
    }
}
