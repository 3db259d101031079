//! `iptables`: rules of the kernel's packet filter.

use super::iptables_rule::Rule;
use crate::{commands::words, prelude::*};
use std::path::Path;

/// Add or remove a rule of the packet filter, set a chain's policy, make or flush chains
///
/// Rules are looked for with `iptables -C`. They are gone after a reboot unless something else saves them.
#[derive(Params)]
#[params(exclusive(set_dscp_mark, set_dscp_mark_class))]
#[params(exclusive(flush, policy))]
#[params(required_if(flush = false, chain))]
#[params(required_if(jump = "TEE", gateway))]
#[params(required_if(jump = "tee", gateway))]
#[params(required_by(set_dscp_mark, jump))]
#[params(required_by(set_dscp_mark_class, jump))]
pub struct Iptables {
    /// Where a new rule is put.
    #[param(default = "append", choices("append", "insert"))]
    action: String,
    /// The chain.
    chain: Option<String>,
    /// Make or remove the chain itself, where no rule is given.
    #[param(default = false)]
    chain_management: bool,
    /// Remove all rules of the chain, or of the table.
    #[param(default = false)]
    flush: bool,
    /// Which protocol's filter.
    #[param(default = "ipv4", choices("ipv4", "ipv6", "both"))]
    ip_version: String,
    /// Do not look up names when listing.
    #[param(default = false)]
    numeric: bool,
    /// What happens to packets that no rule of the chain matches.
    #[param(choices("ACCEPT", "DROP", "QUEUE", "RETURN"))]
    policy: Option<String>,
    /// Position of an inserted rule.
    rule_num: Option<String>,
    #[param(flatten)]
    rule: Rule,
    /// Whether the rule must be there.
    #[param(default = "present", choices("absent", "present"))]
    state: String,
    /// The table.
    #[param(default = "filter", choices("filter", "nat", "mangle", "raw", "security"))]
    table: String,
}

impl Iptables {
    /// A run of iptables, with the rule's number where one is inserted.
    fn command(&self, program: &Path, verb: &str) -> Command {
        let mut words = vec!["-t", self.table.as_str(), verb];
        words.extend(self.chain.as_deref());
        if verb == "-I" {
            words.extend(self.rule_num.as_deref());
        }
        if let Some(wait) = &self.rule.wait {
            words.extend(["-w", wait]);
        }
        Command::new(program).args(words).env("LC_ALL", "C")
    }

    fn change(&self, host: &mut Host<'_>, command: Command) -> Result<(), Failure> {
        let line: Vec<String> = command.argv_text().iter().map(|w| words::quote(w)).collect();
        if let Some(out) = host.execute(command)? {
            out.success("iptables failed")
                .map_err(|f| f.with("cmd", line.join(" ")))?;
        }
        Ok(())
    }

    fn list(&self, host: &mut Host<'_>, program: &Path) -> Result<Output, Failure> {
        let mut c = self.command(program, "-L");
        if self.numeric {
            c = c.arg("--numeric");
        }
        host.query(c)
    }

    fn set_policy(&self, host: &mut Host<'_>, program: &Path, policy: &str) -> Result<(), Failure> {
        let text = self
            .list(host, program)?
            .success("iptables failed")?
            .stdout_text();
        let first = text.lines().next().unwrap_or_default();
        let is = first
            .split_once("(policy ")
            .and_then(|(_, rest)| rest.split([' ', ')']).next())
            .ok_or("Can't detect current policy")?;
        if is == policy {
            return Ok(());
        }
        self.change(host, self.command(program, "-P").arg(policy))
    }

    /// Without a rule the task is about the chain itself. Without `chain_management` it is only told what is wrong.
    fn manage_chain(&self, host: &mut Host<'_>, program: &Path) -> Result<(), Failure> {
        let there = self.list(host, program)?.rc == 0;
        let wanted = self.state == "present";
        if there == wanted {
            return Ok(());
        }
        host.mark_changed();
        if self.chain_management {
            self.change(host, self.command(program, if wanted { "-N" } else { "-X" }))?;
        }
        Ok(())
    }

    fn apply(&self, host: &mut Host<'_>, program: &Path, six: bool) -> Result<(), Failure> {
        let rule = self.rule.complete(six)?;
        if self.flush {
            return self.change(host, self.command(program, "-F"));
        }
        if let Some(policy) = &self.policy {
            return self.set_policy(host, program, policy);
        }
        if rule.is_empty() {
            return self.manage_chain(host, program);
        }
        let there = host.query(self.command(program, "-C").args(&rule))?.rc == 0;
        let verb = match (self.state.as_str(), there, self.action.as_str()) {
            ("present", false, "insert") => "-I",
            ("present", false, _) => "-A",
            ("absent", true, _) => "-D",
            _ => return Ok(()),
        };
        self.change(host, self.command(program, verb).args(&rule))
    }
}

impl Module for Iptables {
    const META: Meta = Meta {
        name: "ansible.builtin.iptables",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "chain",
                doc: "The chain.",
            },
            Return {
                name: "chain_management",
                doc: "Whether the chain itself was to be made or removed.",
            },
            Return {
                name: "flush",
                doc: "Whether rules were to be removed.",
            },
            Return {
                name: "ip_version",
                doc: "Which protocol's filter.",
            },
            Return {
                name: "rule",
                doc: "The rule as iptables takes it.",
            },
            Return {
                name: "state",
                doc: "The state that was wanted.",
            },
            Return {
                name: "table",
                doc: "The table.",
            },
            Return {
                name: "wait",
                doc: "Seconds to wait for another iptables.",
            },
        ],
        examples: &[Example {
            title: "Let SSH in",
            args: r#"{"chain": "INPUT", "protocol": "tcp", "destination_port": "22", "ctstate": ["NEW"], "jump": "ACCEPT"}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let programs: &[(&str, bool)] = match self.ip_version.as_str() {
            "ipv4" => &[("iptables", false)],
            "ipv6" => &[("ip6tables", true)],
            _ => &[("iptables", false), ("ip6tables", true)],
        };
        for (name, six) in programs {
            let program = host.need_program(name, "iptables")?;
            self.apply(host, &program, *six)?;
        }
        let rule = self.rule.as_given(self.ip_version == "ipv6");
        Ok(Outcome::new()
            .with("chain", self.chain)
            .with("chain_management", self.chain_management)
            .with("flush", self.flush)
            .with("ip_version", self.ip_version)
            .with("rule", rule.join(" "))
            .with("state", self.state)
            .with("table", self.table)
            .with("wait", self.rule.wait))
    }
}
