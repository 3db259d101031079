//! `ufw`: the uncomplicated firewall.

use crate::{host::Command, prelude::*};
use std::{fs, path::PathBuf};

/// Manage rules, defaults and state of the firewall ufw
#[derive(Params)]
#[params(one_of(default, rule, logging, state))]
#[params(exclusive(name, proto, logging))]
pub struct Ufw {
    /// Comment of the rule.
    comment: Option<String>,
    /// What happens to packets without a rule.
    #[param(alias = "policy", choices("allow", "deny", "reject"))]
    default: Option<String>,
    /// Remove the rule.
    #[param(default = false)]
    delete: bool,
    /// Direction of a rule or default.
    #[param(choices("in", "incoming", "out", "outgoing", "routed"))]
    direction: Option<String>,
    /// Where packets come from.
    #[param(default = "any", alias = "from", alias = "src")]
    from_ip: String,
    /// Port they come from.
    from_port: Option<String>,
    /// Number the rule gets.
    insert: Option<i64>,
    /// What that number counts from.
    #[param(
        default = "zero",
        choices("first-ipv4", "first-ipv6", "last-ipv4", "last-ipv6", "zero")
    )]
    insert_relative_to: String,
    /// Interface.
    #[param(alias = "if")]
    interface: Option<String>,
    /// Interface packets come in by.
    #[param(alias = "if_in")]
    interface_in: Option<String>,
    /// Interface they leave by.
    #[param(alias = "if_out")]
    interface_out: Option<String>,
    /// Log new connections that match.
    #[param(default = false)]
    log: bool,
    /// How much is logged.
    #[param(choices("on", "off", "low", "medium", "high", "full"))]
    logging: Option<String>,
    /// Profile of an application.
    #[param(alias = "app")]
    name: Option<String>,
    /// Protocol.
    #[param(
        alias = "protocol",
        choices("any", "tcp", "udp", "ipv6", "esp", "ah", "gre", "igmp", "vrrp")
    )]
    proto: Option<String>,
    /// The rule is about forwarded packets.
    #[param(default = false)]
    route: bool,
    /// What is done with packets that match.
    #[param(choices("allow", "deny", "limit", "reject"))]
    rule: Option<String>,
    /// Whether the firewall is on.
    #[param(choices("disabled", "enabled", "reloaded", "reset"))]
    state: Option<String>,
    /// Where packets go.
    #[param(default = "any", alias = "dest", alias = "to")]
    to_ip: String,
    /// Port they go to.
    #[param(alias = "port")]
    to_port: Option<String>,
}

/// Files in which ufw keeps its rules.
const FILES: &[&str] = &[
    "/lib/ufw/user.rules",
    "/lib/ufw/user6.rules",
    "/etc/ufw/user.rules",
    "/etc/ufw/user6.rules",
    "/var/lib/ufw/user.rules",
    "/var/lib/ufw/user6.rules",
];

/// The rules that ufw keeps.
fn kept() -> Vec<String> {
    let lines = |f: &&str| {
        let text = fs::read_to_string(f).unwrap_or_default();
        text.lines()
            .filter(|l| l.starts_with("### tuple"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    FILES.iter().flat_map(lines).collect()
}

/// A setting of ufw's files; they tell it whether the firewall is on or not.
fn setting(file: &str, name: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let value = text
        .lines()
        .filter_map(|l| l.strip_prefix(name)?.strip_prefix('='))
        .next_back();
    value.unwrap_or("").trim().trim_matches('"').to_owned()
}

impl Ufw {
    fn rule_words(&self, host: &mut Host<'_>, program: &PathBuf) -> Result<Vec<String>, Failure> {
        let mut out: Vec<String> = Vec::new();
        let mut add = |words: &[&str]| out.extend(words.iter().map(|w| (*w).to_owned()));
        if self.route {
            add(&["route"]);
        }
        if self.delete {
            add(&["delete"]);
        } else if let Some(number) = self.insert {
            let position = self.position(host, program, number)?;
            // After the last rule is where a rule goes without a number.
            if let Some(position) = position {
                add(&["insert", &position.to_string()]);
            }
        }
        add(&[self.rule.as_deref().unwrap_or("allow")]);
        match self.direction.as_deref() {
            Some("in" | "incoming") => add(&["in"]),
            Some("out" | "outgoing") => add(&["out"]),
            _ => {}
        }
        if let Some(name) = &self.interface {
            add(&["on", name]);
        }
        if let Some(name) = &self.interface_in {
            add(&["in", "on", name]);
        }
        if let Some(name) = &self.interface_out {
            add(&["out", "on", name]);
        }
        if self.log {
            add(&["log"]);
        }
        add(&["from", &self.from_ip]);
        if let Some(port) = &self.from_port {
            add(&["port", port]);
        }
        add(&["to", &self.to_ip]);
        if let Some(port) = &self.to_port {
            add(&["port", port]);
        }
        if let Some(proto) = &self.proto {
            add(&["proto", proto]);
        }
        if let Some(name) = &self.name {
            add(&["app", name]);
        }
        if let Some(comment) = self.comment.as_ref().filter(|c| !c.is_empty() && !self.delete) {
            add(&["comment", comment]);
        }
        Ok(out)
    }

    fn position(&self, host: &mut Host<'_>, program: &PathBuf, number: i64) -> Result<Option<i64>, Failure> {
        if self.insert_relative_to == "zero" {
            return Ok(Some(number));
        }
        let text = host
            .query(
                Command::new(program)
                    .args(["status", "numbered"])
                    .env("LC_ALL", "C"),
            )?
            .stdout_text();
        let rules: Vec<bool> = text
            .lines()
            .filter(|l| l.starts_with('['))
            .map(|l| l.contains("(v6)"))
            .collect();
        let count = |six: bool| rules.iter().filter(|r| **r == six).count() as i64;
        let (four, six) = (count(false), count(true));
        let base = match self.insert_relative_to.as_str() {
            "first-ipv4" => 1,
            "last-ipv4" => four.max(1),
            "first-ipv6" => four + 1,
            _ => four + six.max(1),
        };
        let position = (base + number).max(1);
        Ok((position <= four + six).then_some(position))
    }

    /// Runs a command that changes something, `--dry-run` in check mode, and says whether it did.
    fn start(&self, host: &mut Host<'_>, program: &PathBuf, words: &[String]) -> Result<String, Failure> {
        let mut c = Command::new(program).env("LC_ALL", "C");
        if host.check() {
            c = c.arg("--dry-run");
        }
        let out = host.query(c.args(words))?;
        if out.rc != 0 {
            let words = if out.stderr.is_empty() {
                out.stdout_text()
            } else {
                out.stderr_text()
            };
            return Err(Failure::new(words).with("rc", out.rc));
        }
        Ok(out.stdout_text())
    }
}

impl Module for Ufw {
    const META: Meta = Meta {
        name: "community.general.ufw",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "commands",
                doc: "What was run.",
            },
            Return {
                name: "msg",
                doc: "The firewall's status.",
            },
        ],
        examples: &[Example {
            title: "Let SSH in",
            args: r#"{"rule": "allow", "port": "22", "proto": "tcp"}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        if self.direction.is_some() && (self.interface_in.is_some() || self.interface_out.is_some()) {
            return Err(Failure::new(
                "parameters are mutually exclusive: direction|interface_in, direction|interface_out",
            ));
        }
        let program = host.need_program("ufw", "ufw")?;
        let verbose = Command::new(&program)
            .args(["status", "verbose"])
            .env("LC_ALL", "C");
        let before = host.query(verbose.clone())?.success("ufw failed")?.stdout_text();
        let rules_before = kept();
        let mut commands: Vec<String> = Vec::new();
        let line = |text: &str, key: &str| {
            let found = text.lines().find_map(|l| l.strip_prefix(key));
            found.unwrap_or("").trim().to_owned()
        };
        let active = line(&before, "Status:") == "active";
        let mut run = |host: &mut Host<'_>, words: &[&str]| {
            let words: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
            commands.push(format!("{} {}", program.display(), words.join(" ")));
            self.start(host, &program, &words)
        };
        if let Some(state) = self.state.as_deref() {
            let (verb, change): (&[&str], bool) = match state {
                "enabled" => (&["-f", "enable"], !active),
                "disabled" => (&["-f", "disable"], active),
                "reloaded" => (&["-f", "reload"], true),
                _ => (&["-f", "reset"], true),
            };
            if change {
                host.mark_changed();
            }
            if change || state == "enabled" {
                run(host, verb)?;
            }
        }
        if let Some(level) = self.logging.as_deref() {
            let is = setting("/etc/ufw/ufw.conf", "LOGLEVEL");
            let same = if level == "on" { is != "off" } else { is == level };
            if !same {
                host.mark_changed();
            }
            run(host, &["logging", level])?;
        }
        if let Some(policy) = self.default.as_deref() {
            let direction = match self.direction.as_deref() {
                Some("out" | "outgoing") => "outgoing",
                Some("routed") => "routed",
                _ => "incoming",
            };
            let chain = match direction {
                "outgoing" => "OUTPUT",
                "routed" => "FORWARD",
                _ => "INPUT",
            };
            let wanted = match policy {
                "allow" => "ACCEPT",
                "deny" => "DROP",
                _ => "REJECT",
            };
            if setting("/etc/default/ufw", &format!("DEFAULT_{chain}_POLICY")) != wanted {
                host.mark_changed();
            }
            run(host, &["default", policy, direction])?;
        }
        if self.rule.is_some() {
            let words = self.rule_words(host, &program)?;
            let said = run(host, &words.iter().map(String::as_str).collect::<Vec<_>>())?;
            if host.check() {
                // A dry run prints the rules as they would be.
                let mut would: Vec<_> = said.lines().filter(|l| l.starts_with("### tuple")).collect();
                let mut is: Vec<_> = rules_before.iter().map(String::as_str).collect();
                would.sort_unstable();
                is.sort_unstable();
                let touches = would.iter().any(|l| !is.contains(l))
                    || self.delete && is.iter().any(|l| !would.contains(l));
                if touches && !said.contains("Skipping") {
                    host.mark_changed();
                }
            } else if kept() != rules_before {
                host.mark_changed();
            }
        }
        let after = host.query(verbose)?.stdout_text();
        Ok(Outcome::new()
            .with("commands", Value::list(commands.into_iter().map(Value::str)))
            .with("msg", after.trim_end()))
    }
}
