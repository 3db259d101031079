//! `firewalld`: zones of the firewall daemon.

use super::firewalld_item::{Forward, Item};
use crate::{params::Sub, prelude::*};

/// Open and close ports, services and more in zones of firewalld
///
/// Works with `firewall-cmd`, and with `firewall-offline-cmd` where the daemon does not run.
#[derive(Params)]
#[params(exclusive(
    icmp_block,
    icmp_block_inversion,
    service,
    protocol,
    port,
    port_forward,
    rich_rule,
    interface,
    forward,
    masquerade,
    source,
    target
))]
#[params(required_by(interface, zone))]
#[params(required_by(target, zone))]
#[params(required_by(source, permanent))]
pub struct Firewalld {
    /// Whether packets are forwarded within the zone.
    pub(super) forward: Option<bool>,
    /// ICMP message to block.
    pub(super) icmp_block: Option<String>,
    /// Let only the blocked ICMP messages pass, and block the others.
    pub(super) icmp_block_inversion: Option<bool>,
    /// Change the running firewall, too; so it is anyway without `permanent`.
    #[param(default = false)]
    immediate: bool,
    /// Interface that belongs to the zone.
    pub(super) interface: Option<String>,
    /// Whether addresses are translated on the way out.
    pub(super) masquerade: Option<bool>,
    /// Change the files even if the daemon does not run; with `permanent`.
    #[param(default = false)]
    offline: bool,
    /// Change what is kept over restarts.
    #[param(default = false)]
    permanent: bool,
    /// Port or range with protocol, `8080/tcp`.
    pub(super) port: Option<String>,
    /// A port that is handed on.
    #[param(options)]
    pub(super) port_forward: Option<Vec<Sub<Forward>>>,
    /// Protocol.
    pub(super) protocol: Option<String>,
    /// Rule in the rich language.
    pub(super) rich_rule: Option<String>,
    /// Service, by the names that `firewall-cmd --get-services` shows.
    pub(super) service: Option<String>,
    /// Network or address that belongs to the zone.
    pub(super) source: Option<String>,
    /// Whether it shall be so; `present` and `absent` are about a zone itself or its target.
    #[param(required, choices("absent", "disabled", "enabled", "present"))]
    pub(super) state: String,
    /// What happens to packets that nothing in the zone is about.
    #[param(choices("default", "ACCEPT", "DROP", "%%REJECT%%"))]
    pub(super) target: Option<String>,
    /// Seconds after which the running firewall forgets it; 0 is never.
    #[param(default = 0)]
    timeout: i64,
    /// The zone; without, the default one.
    pub(super) zone: Option<String>,
}

/// Exit statuses of `firewall-cmd`.
mod status {
    pub(super) const NO: i64 = 1;
    pub(super) const INVALID_ZONE: i64 = 112;
}

/// How firewalld is talked to.
struct Daemon {
    program: std::path::PathBuf,
    running: bool,
    zone: String,
}

impl Daemon {
    fn find(host: &mut Host<'_>, zone: Option<&str>) -> Result<Self, Failure> {
        let mut program = host.need_program("firewall-cmd", "firewalld")?;
        let running = host.query(Command::new(&program).arg("--state"))?.rc == 0;
        if !running {
            program = host.need_program("firewall-offline-cmd", "firewalld")?;
        }
        let zone = match zone {
            Some(zone) => zone.to_owned(),
            None => {
                let out = host.query(Command::new(&program).arg("--get-default-zone"))?;
                out.success("firewalld does not tell its default zone")?
                    .stdout_text()
                    .trim()
                    .to_owned()
            }
        };
        Ok(Self {
            program,
            running,
            zone,
        })
    }

    fn command(&self, permanent: bool, in_zone: bool) -> Command {
        let mut command = Command::new(&self.program).env("LC_ALL", "C");
        // Without a daemon there is nothing but what is permanent.
        if permanent && self.running {
            command = command.arg("--permanent");
        }
        if in_zone {
            command = command.arg(format!("--zone={}", self.zone));
        }
        command
    }

    fn enabled(&self, host: &mut Host<'_>, item: &Item, permanent: bool) -> Result<bool, Failure> {
        match item {
            Item::Zone => {
                let out = host.query(self.command(true, false).arg("--get-zones"))?;
                let out = done(out)?;
                Ok(out.stdout_text().split_whitespace().any(|z| z == self.zone))
            }
            Item::Target(target) => {
                let out = done(host.query(self.command(true, true).arg("--get-target"))?)?;
                let is = out.stdout_text().trim().to_owned();
                Ok(is == target.trim_matches('%'))
            }
            Item::Member { option, listed, .. } => {
                let out = host.query(self.command(permanent, true).arg(format!("--query-{option}")))?;
                match out.rc {
                    0 => Ok(true),
                    status::NO => Ok(false),
                    // Nothing is called so: then it is not in the list either.
                    rc if *listed && rc != status::INVALID_ZONE => Ok(false),
                    _ => done(out).map(|_| true),
                }
            }
        }
    }

    fn set(
        &self,
        host: &mut Host<'_>,
        item: &Item,
        on: bool,
        permanent: bool,
        timeout: i64,
    ) -> Result<(), Failure> {
        let command = match item {
            Item::Zone => {
                let verb = if on { "new" } else { "delete" };
                self.command(true, false)
                    .arg(format!("--{verb}-zone={}", self.zone))
            }
            Item::Target(target) => {
                let target = if on { target } else { "default" };
                self.command(true, true).arg(format!("--set-target={target}"))
            }
            Item::Member {
                option,
                interface,
                timed,
                ..
            } => {
                let verb = match (on, interface) {
                    (true, true) => "change",
                    (true, false) => "add",
                    (false, _) => "remove",
                };
                let command = self.command(permanent, true).arg(format!("--{verb}-{option}"));
                if on && *timed && !permanent && timeout > 0 {
                    command.arg(format!("--timeout={timeout}"))
                } else {
                    command
                }
            }
        };
        if let Some(out) = host.execute(command)? {
            done(out)?;
        }
        Ok(())
    }
}

/// The output of a run that went well, or what firewalld said was wrong.
fn done(out: Output) -> Result<Output, Failure> {
    if out.rc == 0 {
        return Ok(out);
    }
    let words = out.stderr_text();
    let words = words.trim().trim_start_matches("Error: ");
    let hint = if words.contains("INVALID_SERVICE") {
        " (`firewall-cmd --get-services` shows the services there are)"
    } else {
        ""
    };
    Err(Failure::new(format!("ERROR: Exception caught: {words}{hint}")))
}

impl Module for Firewalld {
    const META: Meta = Meta {
        name: "ansible.posix.firewalld",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[],
        examples: &[
            Example {
                title: "Let HTTPS in, now and after a restart",
                args: r#"{"service": "https", "permanent": true, "immediate": true, "state": "enabled"}"#,
                given: &[],
                then: &[],
                changed: true,
                runs: false,
            },
            Example {
                title: "A zone of its own",
                args: r#"{"zone": "office", "permanent": true, "state": "present"}"#,
                given: &[],
                then: &[],
                changed: true,
                runs: false,
            },
        ],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let daemon = Daemon::find(host, self.zone.as_deref())?;
        if self.offline && !self.permanent {
            return Err(Failure::new(
                "offline cannot be enabled unless permanent changes are allowed",
            ));
        }
        let mut immediate = self.immediate && (daemon.running || !self.offline);
        if !self.permanent && !immediate {
            immediate = true;
        }
        if immediate && !daemon.running {
            return Err(Failure::new(
                "firewall is not currently running, unable to perform immediate actions without a running firewall daemon",
            ));
        }
        let change = self.change(&daemon.zone)?;
        let whole = matches!(change.item, Item::Zone | Item::Target(_));
        if whole && change.wanted.is_some() && immediate {
            return Err(Failure::new(
                "Zone operations must be permanent. Make sure you didn't set the 'permanent' flag to 'false' or the 'immediate' flag to 'true'.",
            ));
        }
        let mut messages = Vec::new();
        // Without anything to switch there is nothing to do.
        if change.wanted.is_some() || !whole {
            messages.push(
                match (self.permanent, immediate) {
                    (true, true) => "Permanent and Non-Permanent(immediate) operation",
                    (true, false) => "Permanent operation",
                    _ => "Non-permanent operation",
                }
                .to_owned(),
            );
        }
        let mut wrong = Vec::new();
        for (used, permanent) in [(self.permanent, true), (immediate, false)] {
            if used
                && change.wanted.is_some()
                && change.wanted != Some(daemon.enabled(host, &change.item, permanent)?)
            {
                wrong.push(permanent);
            }
        }
        if let Some(on) = change.wanted {
            for permanent in wrong {
                daemon.set(host, &change.item, on, permanent, self.timeout)?;
            }
        }
        if host.changed() {
            if host.check() {
                return Ok(Outcome::new());
            }
            messages.extend(change.done);
            messages.extend(change.summary);
        }
        if !daemon.running {
            messages.push("(offline operation: only on-disk configs were altered)".into());
        }
        Ok(Outcome::new().with("msg", messages.join(", ")))
    }
}
