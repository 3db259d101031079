//! `iptables`: rules of the kernel's packet filter.

use super::iptables_rule::Rule;
use crate::{host::Command, prelude::*};

/// Add or remove a rule of the packet filter, set a chain's policy, make or flush chains
///
/// Rules are looked for with `iptables -C`. They are gone after a reboot unless something else saves them.
#[derive(Params)]
#[params(exclusive(set_dscp_mark, set_dscp_mark_class))]
#[params(exclusive(flush, policy))]
#[params(required_if(flush = false, chain))]
#[params(required_by(set_dscp_mark, jump))]
#[params(required_by(set_dscp_mark_class, jump))]
pub struct Iptables {
    /// Where a new rule is put.
    #[param(default = "append", choices("append", "insert"))]
    action: String,
    /// The chain.
    chain: Option<String>,
    /// Make the chain if it is missing; with `absent` and no rule, remove it.
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
    fn command(&self, host: &Host<'_>, program: &str, words: &[&str]) -> Result<Command, Failure> {
        let path = host.need_program(program, "iptables")?;
        let mut c = Command::new(path).args(["-t", self.table.as_str()]).args(words);
        c = c.args(self.chain.iter());
        Ok(c.env("LC_ALL", "C"))
    }

    fn run_words(
        &self,
        host: &mut Host<'_>,
        program: &str,
        verb: &str,
        rule: &[String],
    ) -> Result<(), Failure> {
        let mut c = self.command(host, program, &[verb])?;
        if verb == "-I" {
            c = c.args(self.rule_num.iter());
        }
        if let Some(out) = host.execute(c.args(rule))? {
            out.success("iptables failed")?;
        }
        Ok(())
    }

    fn list(&self, host: &mut Host<'_>, program: &str) -> Result<Option<String>, Failure> {
        let mut c = self.command(host, program, &["-L"])?;
        if self.numeric {
            c = c.arg("-n");
        }
        let out = host.query(c)?;
        Ok((out.rc == 0).then(|| out.stdout_text()))
    }

    fn apply(&self, host: &mut Host<'_>, program: &str, rule: &[String]) -> Result<(), Failure> {
        if self.flush {
            return self.run_words(host, program, "-F", &[]);
        }
        if let Some(policy) = &self.policy {
            let text = self.list(host, program)?.unwrap_or_default();
            let is = text
                .split_once("(policy ")
                .and_then(|(_, r)| r.split([' ', ')']).next());
            let Some(is) = is else {
                return Err(Failure::new("Can't detect current policy"));
            };
            if is != policy {
                return self.run_words(host, program, "-P", std::slice::from_ref(policy));
            }
            return Ok(());
        }
        let bare = rule.is_empty();
        if self.chain_management && (bare || self.state == "present") {
            let there = self.list(host, program)?.is_some();
            if self.state == "absent" {
                return if there {
                    self.run_words(host, program, "-X", &[])
                } else {
                    Ok(())
                };
            }
            if !there {
                self.run_words(host, program, "-N", &[])?;
                if host.check() && !bare {
                    return Ok(());
                }
            }
            if bare {
                return Ok(());
            }
        }
        let there = host.query(self.command(host, program, &["-C"])?.args(rule))?.rc == 0;
        match (self.state.as_str(), there) {
            ("present", false) => {
                let verb = if self.action == "insert" { "-I" } else { "-A" };
                self.run_words(host, program, verb, rule)
            }
            ("absent", true) => self.run_words(host, program, "-D", rule),
            _ => Ok(()),
        }
    }
}

impl Module for Iptables {
    const META: Meta = Meta {
        name: "ansible.builtin.iptables",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[Return {
            name: "rule",
            doc: "The rule as iptables takes it.",
        }],
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
        let rule = self.rule.words()?;
        let programs: &[&str] = match self.ip_version.as_str() {
            "ipv4" => &["iptables"],
            "ipv6" => &["ip6tables"],
            _ => &["iptables", "ip6tables"],
        };
        for program in programs {
            self.apply(host, program, &rule)?;
        }
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
