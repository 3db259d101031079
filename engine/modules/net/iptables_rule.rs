//! A rule of iptables as its words.

use crate::{params::Sub, prelude::*};

/// What a rule matches and does.
#[derive(Params, Default)]
pub(super) struct Rule {
    /// Comment in the rule.
    comment: Option<String>,
    /// States of connections.
    #[param(default = [])]
    ctstate: Vec<String>,
    /// Where packets go; `!` before it means all others, here and elsewhere.
    destination: Option<String>,
    /// Port they go to, or a range `first:last`.
    destination_port: Option<String>,
    /// Several ports.
    #[param(default = [])]
    destination_ports: Vec<String>,
    /// Range of addresses they go to.
    dst_range: Option<String>,
    /// Fragments after the first.
    fragment: Option<String>,
    /// Host that gets copies, for `jump: TEE`.
    gateway: Option<String>,
    /// Group of the sending process.
    gid_owner: Option<String>,
    /// Chain to go on in, without coming back.
    goto: Option<String>,
    /// Type of ICMP message.
    icmp_type: Option<String>,
    /// Interface they come from.
    in_interface: Option<String>,
    /// What is done with them.
    jump: Option<String>,
    /// How often the rule may match.
    limit: Option<String>,
    /// How many at once before that limit holds.
    limit_burst: Option<String>,
    /// Level of the log messages.
    #[param(choices(
        "0", "1", "2", "3", "4", "5", "6", "7", "emerg", "alert", "crit", "error", "warning", "notice",
        "info", "debug"
    ))]
    log_level: Option<String>,
    /// Beginning of the log messages.
    log_prefix: Option<String>,
    /// Extensions to load.
    #[param(default = [], name = "match")]
    matches: Vec<String>,
    /// Set of addresses.
    match_set: Option<String>,
    /// What of the packet is looked for in the set.
    #[param(choices("src", "dst", "src,dst", "dst,src", "dst,dst", "src,src"))]
    match_set_flags: Option<String>,
    /// Interface they leave by.
    out_interface: Option<String>,
    /// Protocol.
    protocol: Option<String>,
    /// How they are rejected; implies `jump: REJECT`.
    reject_with: Option<String>,
    /// First values of the counters.
    set_counters: Option<String>,
    /// DSCP mark they get.
    set_dscp_mark: Option<String>,
    /// DSCP class they get.
    set_dscp_mark_class: Option<String>,
    /// Where they come from.
    source: Option<String>,
    /// Port they come from, or a range.
    source_port: Option<String>,
    /// Range of addresses they come from.
    src_range: Option<String>,
    /// Whether they must open a TCP connection.
    #[param(default = "ignore", choices("ignore", "match", "negate"))]
    syn: String,
    /// TCP flags.
    #[param(options)]
    tcp_flags: Option<Sub<TcpFlags>>,
    /// New address they go to.
    to_destination: Option<String>,
    /// New port they go to.
    to_ports: Option<String>,
    /// New address they come from.
    to_source: Option<String>,
    /// User of the sending process.
    uid_owner: Option<String>,
    /// Seconds to wait for another iptables.
    pub(super) wait: Option<String>,
}

/// TCP flags to look at.
#[derive(Params, Default)]
struct TcpFlags {
    /// Flags that are looked at.
    flags: Vec<String>,
    /// Those of them that must be set.
    flags_set: Vec<String>,
}

impl Rule {
    /// The words with `-j LOG` where only options of that target are given.
    pub(super) fn complete(&self, six: bool) -> Result<Vec<String>, Failure> {
        let logs = self.log_prefix.is_some() || self.log_level.is_some();
        match self.jump.as_deref() {
            None if logs => Ok(self.words(six, Some("LOG"))),
            Some(jump) if logs && jump != "LOG" => Err(Failure::new(
                "Logging options can only be used with the LOG jump target.",
            )),
            jump => Ok(self.words(six, jump)),
        }
    }

    /// The words as they are given, in the order that Ansible gives them.
    pub(super) fn as_given(&self, six: bool) -> Vec<String> {
        self.words(six, self.jump.as_deref())
    }

    fn words(&self, six: bool, jump: Option<&str>) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        // A value may begin with `!`, which goes before the option.
        let add = |out: &mut Vec<String>, option: &str, value: &Option<String>| {
            if let Some(value) = value {
                match value.strip_prefix('!') {
                    Some(rest) => out.extend(["!".into(), option.into(), rest.to_owned()]),
                    None => out.extend([option.into(), value.clone()]),
                }
            }
        };
        let plain = |out: &mut Vec<String>, option: &str, value: &Option<String>| {
            out.extend(value.iter().flat_map(|v| [option.to_owned(), v.clone()]));
        };
        let load = |out: &mut Vec<String>, name: &str| out.extend(["-m".to_owned(), name.to_owned()]);
        let loaded = |name: &str| self.matches.iter().any(|m| m == name);
        add(&mut out, "-p", &self.protocol);
        add(&mut out, "-s", &self.source);
        add(&mut out, "-d", &self.destination);
        for name in &self.matches {
            load(&mut out, name);
        }
        if let Some(Sub(flags)) = &self.tcp_flags
            && !flags.flags.is_empty()
            && !flags.flags_set.is_empty()
        {
            out.extend([
                "--tcp-flags".into(),
                flags.flags.join(","),
                flags.flags_set.join(","),
            ]);
        }
        if let Some(jump) = jump {
            out.extend(["-j".into(), jump.into()]);
        }
        if jump.is_some_and(|j| j.eq_ignore_ascii_case("tee")) {
            add(&mut out, "--gateway", &self.gateway);
        }
        plain(&mut out, "--log-prefix", &self.log_prefix);
        plain(&mut out, "--log-level", &self.log_level);
        add(&mut out, "--to-destination", &self.to_destination);
        if !self.destination_ports.is_empty() {
            load(&mut out, "multiport");
            out.extend(["--dports".into(), self.destination_ports.join(",")]);
        }
        add(&mut out, "--to-source", &self.to_source);
        add(&mut out, "-g", &self.goto);
        add(&mut out, "-i", &self.in_interface);
        add(&mut out, "-o", &self.out_interface);
        add(&mut out, "-f", &self.fragment);
        add(&mut out, "-c", &self.set_counters);
        add(&mut out, "--source-port", &self.source_port);
        add(&mut out, "--destination-port", &self.destination_port);
        add(&mut out, "--to-ports", &self.to_ports);
        add(&mut out, "--set-dscp", &self.set_dscp_mark);
        add(&mut out, "--set-dscp-class", &self.set_dscp_mark_class);
        let marks = self.set_dscp_mark.is_some() || self.set_dscp_mark_class.is_some();
        if marks && !jump.is_some_and(|j| j.eq_ignore_ascii_case("dscp")) {
            out.extend(["-j".into(), "DSCP".into()]);
        }
        match self.syn.as_str() {
            "match" => out.push("--syn".into()),
            "negate" => out.extend(["!".into(), "--syn".into()]),
            _ => {}
        }
        if !self.ctstate.is_empty() {
            let option = if loaded("state") && !loaded("conntrack") {
                "--state"
            } else {
                "--ctstate"
            };
            if !loaded("state") && !loaded("conntrack") {
                load(&mut out, "conntrack");
            }
            out.extend([option.into(), self.ctstate.join(",")]);
        }
        if self.src_range.is_some() || self.dst_range.is_some() {
            if !loaded("iprange") {
                load(&mut out, "iprange");
            }
            add(&mut out, "--src-range", &self.src_range);
            add(&mut out, "--dst-range", &self.dst_range);
        }
        if self.match_set.is_some() {
            if !loaded("set") {
                load(&mut out, "set");
            }
            add(&mut out, "--match-set", &self.match_set);
            out.extend(self.match_set_flags.clone());
        }
        if self.limit.is_some() || self.limit_burst.is_some() {
            load(&mut out, "limit");
            add(&mut out, "--limit", &self.limit);
            add(&mut out, "--limit-burst", &self.limit_burst);
        }
        for (option, value) in [("--uid-owner", &self.uid_owner), ("--gid-owner", &self.gid_owner)] {
            if value.is_some() {
                load(&mut out, "owner");
                add(&mut out, option, value);
            }
        }
        if self.reject_with.is_some() && jump.is_none() {
            out.extend(["-j".into(), "REJECT".into()]);
        }
        add(&mut out, "--reject-with", &self.reject_with);
        let icmp = if six { "--icmpv6-type" } else { "--icmp-type" };
        add(&mut out, icmp, &self.icmp_type);
        if let Some(comment) = &self.comment {
            load(&mut out, "comment");
            out.extend(["--comment".into(), comment.clone()]);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::Rule;
    use crate::params::Params;
    use kdo_value::json;

    fn rule(args: &str) -> String {
        let args = json::read(args).unwrap();
        let args = Rule::SPEC.normalise(args.as_map().unwrap(), "iptables").unwrap();
        Rule::from_args(&args).unwrap().complete(false).unwrap().join(" ")
    }

    #[test]
    fn words_come_in_ansibles_order() {
        let text = r#"{"protocol": "tcp", "source": "!1.2.3.0/24", "destination": "9.9.9.9", "match": ["socket"], "tcp_flags": {"flags": ["ALL"], "flags_set": ["ACK", "RST"]}, "jump": "DNAT", "in_interface": "!eth0", "out_interface": "eth1", "fragment": "f", "set_counters": "1 2", "source_port": "!10:20", "to_ports": "80", "to_destination": "1.1.1.1", "to_source": "2.2.2.2", "syn": "negate", "set_dscp_mark_class": "CS1", "limit": "2/s", "limit_burst": "20", "uid_owner": "!5", "gid_owner": "6", "icmp_type": "8", "wait": "5", "src_range": "1.1.1.1-2.2.2.2", "dst_range": "3.3.3.3-4.4.4.4", "match_set": "!s", "match_set_flags": "src", "gateway": "7.7.7.7", "destination_port": "!5", "destination_ports": [7, 8], "ctstate": ["NEW"], "comment": "c c"}"#;
        assert_eq!(
            rule(text),
            "-p tcp ! -s 1.2.3.0/24 -d 9.9.9.9 -m socket --tcp-flags ALL ACK,RST -j DNAT --to-destination 1.1.1.1 -m multiport --dports 7,8 --to-source 2.2.2.2 ! -i eth0 -o eth1 -f f -c 1 2 ! --source-port 10:20 ! --destination-port 5 --to-ports 80 --set-dscp-class CS1 -j DSCP ! --syn -m conntrack --ctstate NEW -m iprange --src-range 1.1.1.1-2.2.2.2 --dst-range 3.3.3.3-4.4.4.4 -m set ! --match-set s src -m limit --limit 2/s --limit-burst 20 -m owner ! --uid-owner 5 -m owner --gid-owner 6 --icmp-type 8 -m comment --comment c c"
        );
        assert_eq!(rule(r#"{"reject_with": "x"}"#), "-j REJECT --reject-with x");
        assert_eq!(
            rule(r#"{"log_prefix": "x", "log_level": "4"}"#),
            "-j LOG --log-prefix x --log-level 4"
        );
        assert_eq!(
            rule(r#"{"match": ["state"], "ctstate": "NEW", "jump": "REJECT"}"#),
            "-m state -j REJECT --state NEW"
        );
    }
}
