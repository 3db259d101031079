//! `ufw`: the uncomplicated firewall.

use crate::prelude::*;
use std::{
    fs,
    net::{Ipv4Addr, Ipv6Addr},
    path::{Path, PathBuf},
};

/// Manage rules, defaults and state of the firewall ufw
#[derive(Params)]
#[params(one_of(default, rule, logging, state))]
#[params(exclusive(name, proto, logging))]
#[params(exclusive(direction, interface_in))]
#[params(exclusive(direction, interface_out))]
#[params(required_by(interface, direction))]
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

/// The rules that ufw keeps, one a line.
fn kept() -> String {
    let mut out = String::new();
    for file in FILES {
        let text = fs::read_to_string(file).unwrap_or_default();
        out.extend(tuples(&text).map(|l| format!("{l}\n")));
    }
    out
}

/// The lines of ufw's files that describe rules.
fn tuples(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|l| l.starts_with("### tuple"))
}

/// Whether a text has an address of this kind in it, or begins with one.
fn address(text: &str, six: bool, at_start: bool) -> bool {
    let is = |word: &str| {
        let word = word.split('/').next().unwrap_or_default();
        if six {
            word.parse::<Ipv6Addr>().is_ok()
        } else {
            word.parse::<Ipv4Addr>().is_ok()
        }
    };
    if at_start {
        is(text)
    } else {
        text.split(' ').any(is)
    }
}

/// Whether a dry run, which tells only the rules of one kind of addresses if it is about such, would change rules.
fn would_change(from: &str, to: &str, before: &str, dry: &str) -> bool {
    let skipped = dry.lines().filter(|l| l.contains("Skipping")).count();
    if skipped > 0 && skipped == dry.lines().count() {
        return false;
    }
    let about = |six| address(from, six, true) || address(to, six, true);
    let kind = [false, true].into_iter().find(|six| about(*six));
    let of = |text| -> Vec<&str> {
        tuples(text)
            .filter(|line| kind.is_none_or(|six| address(line, six, false)))
            .collect()
    };
    of(before) != of(dry)
}

/// What ufw says of itself with `status verbose`.
struct Status<'a>(&'a str);

impl Status<'_> {
    fn active(&self) -> bool {
        self.0.contains(" active")
    }

    fn line(&self, key: &str) -> Option<&str> {
        self.0.lines().find_map(|l| l.strip_prefix(key)).map(str::trim)
    }

    /// Whether logging at that level is something else than what is.
    fn logging_differs(&self, level: &str) -> bool {
        let Some(is) = self.line("Logging:") else {
            return true;
        };
        let on = is.starts_with("on");
        let now = is.split_once('(').map(|(_, rest)| rest.trim_end_matches(')'));
        match level {
            "off" => on,
            _ if !on => true,
            "on" => false,
            level => now != Some(level),
        }
    }

    /// Whether the policy of that direction is something else than what is.
    fn policy_differs(&self, direction: &str, policy: &str) -> bool {
        let Some(is) = self.line("Default:") else {
            return true;
        };
        let named = format!("({direction})");
        let now = is.split(", ").find_map(|part| part.strip_suffix(&named));
        now.is_none_or(|now| !matches!(now.trim(), "disabled") && now.trim() != policy)
    }
}

/// An empty name, as roles give where they have none, is none.
fn given(name: &Option<String>) -> bool {
    name.as_ref().is_some_and(|n| !n.is_empty())
}

/// A word as it stands in a shell's command line.
fn quoted(word: &str) -> String {
    format!("'{word}'")
}

/// Runs of ufw, and what they are in a result.
struct Runs {
    program: PathBuf,
    commands: Vec<String>,
}

impl Runs {
    /// Runs ufw; `shown` is the same for people.
    fn run(&mut self, host: &mut Host<'_>, words: &[String], shown: &str) -> Result<String, Failure> {
        self.commands.push(format!("{} {shown}", self.program.display()));
        let out = host.query(
            Command::new(&self.program)
                .args(words)
                .env("LANG", "C")
                .env("LC_ALL", "C"),
        )?;
        if out.rc != 0 {
            let words = if out.stderr.is_empty() {
                out.stdout_text()
            } else {
                out.stderr_text()
            };
            return Err(Failure::new(words).with("commands", self.told()));
        }
        Ok(out.stdout_text())
    }

    fn plain(&mut self, host: &mut Host<'_>, words: &[&str]) -> Result<String, Failure> {
        let list: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
        self.run(host, &list, &words.join(" "))
    }

    /// Ansible looks for kept rules with grep, and says so.
    fn kept(&mut self) -> String {
        self.commands
            .push(format!("/usr/bin/grep -h '^### tuple' {}", FILES.join(" ")));
        kept()
    }

    fn told(&self) -> Value {
        Value::list(self.commands.iter().map(|c| Value::str(c.as_str())))
    }
}

impl Ufw {
    fn rule_words(
        &self,
        host: &mut Host<'_>,
        program: &Path,
        rule: &str,
    ) -> Result<(Vec<String>, String), Failure> {
        let mut out: Vec<String> = Vec::new();
        let mut shown: Vec<String> = Vec::new();
        let mut add = |words: &[&str]| {
            out.extend(words.iter().map(|w| (*w).to_owned()));
            shown.extend(words.iter().map(|w| (*w).to_owned()));
        };
        if host.check() {
            add(&["--dry-run"]);
        }
        if self.route {
            add(&["route"]);
        }
        if self.delete {
            add(&["delete"]);
        } else if let Some(number) = self.insert
            && let Some(position) = self.position(host, program, number)?
        {
            add(&["insert", &position.to_string()]);
        }
        add(&[rule]);
        if let Some(direction) = &self.direction {
            add(&[direction]);
        }
        for (words, name) in [
            (&["on"][..], &self.interface),
            (&["in", "on"], &self.interface_in),
            (&["out", "on"], &self.interface_out),
        ] {
            if let Some(name) = name.as_ref().filter(|n| !n.is_empty()) {
                add(words);
                add(&[name]);
            }
        }
        if self.log {
            add(&["log"]);
        }
        let (from, to) = (Some(self.from_ip.clone()), Some(self.to_ip.clone()));
        for (word, value) in [
            ("from", &from),
            ("port", &self.from_port),
            ("to", &to),
            ("port", &self.to_port),
            ("proto", &self.proto),
        ] {
            if let Some(value) = value.as_ref().filter(|v| !v.is_empty()) {
                add(&[word, value]);
            }
        }
        for (word, value) in [("app", &self.name), ("comment", &self.comment)] {
            if let Some(value) = value.as_ref().filter(|v| !v.is_empty()) {
                out.extend([word.to_owned(), value.clone()]);
                shown.extend([word.to_owned(), quoted(value)]);
            }
        }
        Ok((out, shown.join(" ")))
    }

    /// The number that a rule is inserted at; `None` puts it at the end, as numbers after the last are an error.
    fn position(&self, host: &mut Host<'_>, program: &Path, number: i64) -> Result<Option<i64>, Failure> {
        if self.insert_relative_to == "zero" {
            return Ok(Some(number));
        }
        let status = Command::new(program)
            .args(["status", "numbered"])
            .env("LC_ALL", "C");
        let text = host.query(status)?.stdout_text();
        Ok(relative(&self.insert_relative_to, number, &numbers(&text)))
    }
}

/// The rules' numbers, and whether each is about IPv6.
fn numbers(text: &str) -> Vec<(i64, bool)> {
    let read = |line: &str| {
        let (number, rest) = line.strip_prefix('[')?.split_once(']')?;
        Some((number.trim().parse().ok()?, rest.contains("(v6)")))
    };
    text.lines().filter_map(read).collect()
}

fn relative(to: &str, number: i64, rules: &[(i64, bool)]) -> Option<i64> {
    let last = rules.iter().map(|(n, _)| *n).max().unwrap_or(0);
    let last_four = rules.iter().filter(|(_, six)| !six).map(|(n, _)| *n).max();
    let base = match to {
        "first-ipv4" => 1,
        "last-ipv4" => last_four.unwrap_or(1),
        "first-ipv6" => last_four.map_or(1, |n| n + 1),
        _ if rules.iter().any(|(_, six)| *six) => last,
        _ => last + 1,
    };
    let position = base + number;
    (position <= last).then_some(position)
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
                doc: "The firewall's status; not in check mode.",
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
        let program = host.need_program("ufw", "ufw")?;
        let mut ufw = Runs {
            program: program.clone(),
            commands: Vec::new(),
        };
        let text = ufw.plain(host, &["status", "verbose"])?;
        let before = Status(&text);
        let rules = ufw.kept();
        let check = host.check();
        if let Some(state) = self.state.as_deref() {
            let (verb, change) = match state {
                "enabled" => ("enable", check && !before.active()),
                "disabled" => ("disable", check && before.active()),
                "reloaded" => ("reload", true),
                _ => ("reset", true),
            };
            if change {
                host.mark_changed();
            }
            if !check {
                ufw.plain(host, &["-f", verb])?;
            }
        }
        if let Some(policy) = self.default.as_deref() {
            let direction = self.direction.as_deref();
            if matches!(direction, Some("in" | "out")) {
                return Err(Failure::new(
                    "For default, direction must be one of \"outgoing\", \"incoming\" and \"routed\", or direction must not be specified.",
                ));
            }
            if check && before.policy_differs(direction.unwrap_or("incoming"), policy) {
                host.mark_changed();
            }
            if !check {
                let words: Vec<&str> = ["default", policy].into_iter().chain(direction).collect();
                ufw.plain(host, &words)?;
            }
        }
        if let Some(rule) = self.rule.as_deref() {
            if !matches!(self.direction.as_deref(), None | Some("in" | "out")) {
                return Err(Failure::new(
                    "For rules, direction must be one of \"in\" and \"out\", or direction must not be specified.",
                ));
            }
            if !self.route && given(&self.interface_in) && given(&self.interface_out) {
                return Err(Failure::new(
                    "Only route rules can combine interface_in and interface_out",
                ));
            }
            let (words, shown) = self.rule_words(host, &program, rule)?;
            ufw.commands.push(format!("{} --version", program.display()));
            let said = ufw.run(host, &words, &shown)?;
            if check && would_change(&self.from_ip, &self.to_ip, &rules, &said) {
                host.mark_changed();
            }
        }
        if let Some(level) = self.logging.as_deref() {
            if before.logging_differs(level) {
                host.mark_changed();
            }
            if !check {
                ufw.plain(host, &["logging", level])?;
            }
        }
        if check {
            return Ok(Outcome::new().with("commands", ufw.told()));
        }
        let after = ufw.plain(host, &["status", "verbose"])?;
        if !host.changed() {
            let kept = ufw.kept();
            if after != text || kept != rules {
                host.mark_changed();
            }
        }
        Ok(Outcome::new()
            .with("commands", ufw.told())
            .with("msg", after.trim_end()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Status, numbers, relative, would_change};

    #[test]
    fn positions_count_from_the_rules_there_are() {
        let rules = numbers(
            "Status: active\n\n[ 1] 22 ALLOW IN Anywhere\n[ 2] 80 ALLOW IN Anywhere\n[ 3] 22 (v6) ALLOW IN Anywhere (v6)\n",
        );
        assert_eq!(rules, [(1, false), (2, false), (3, true)]);
        for (to, number, position) in [
            ("first-ipv4", 0, Some(1)),
            ("last-ipv4", 0, Some(2)),
            ("first-ipv6", 0, Some(3)),
            ("last-ipv6", 0, Some(3)),
            ("last-ipv6", 1, None),
        ] {
            assert_eq!(relative(to, number, &rules), position, "{to} {number}");
        }
        assert_eq!(relative("first-ipv4", 0, &[]), None);
    }

    #[test]
    fn the_status_tells_what_is_set() {
        let status = Status(
            "Status: active\nLogging: on (low)\nDefault: deny (incoming), allow (outgoing), disabled (routed)\n",
        );
        assert!(status.active() && !Status("Status: inactive\n").active());
        assert!(!status.logging_differs("on") && !status.logging_differs("low"));
        assert!(status.logging_differs("high") && status.logging_differs("off"));
        assert!(!status.policy_differs("incoming", "deny") && status.policy_differs("outgoing", "deny"));
        assert!(!status.policy_differs("routed", "deny"));
    }

    #[test]
    fn a_dry_run_is_compared_with_the_rules_of_its_kind() {
        let four = "### tuple ### allow any 22 0.0.0.0/0 any 0.0.0.0/0 in\n";
        let six = "### tuple ### allow any 22 ::/0 any ::/0 in\n";
        let both = format!("{four}{six}");
        assert!(!would_change("any", "any", &both, &both));
        assert!(would_change("any", "any", four, &both));
        assert!(!would_change("1.2.3.4", "any", &both, four));
        assert!(!would_change(
            "any",
            "any",
            four,
            "Skipping adding existing rule\nSkipping adding existing rule (v6)\n"
        ));
    }
}
