//! `seport`: which ports a type of the SELinux policy has.

use super::{Store, need_enabled};
use crate::prelude::*;

/// Give network ports a type of the SELinux policy, or take it from them
///
/// Works on the policy's store with `semanage`.
#[derive(Params)]
pub struct Seport {
    /// Work on the policy's store even where SELinux is off.
    #[param(default = false)]
    ignore_selinux_state: bool,
    /// Look only at what was added to the policy on this host.
    #[param(default = false)]
    local: bool,
    /// Ports and ranges, `8080` or `9000-9100`.
    #[param(required, elements = "str")]
    ports: Vec<String>,
    /// Their protocol.
    #[param(required, choices("tcp", "udp"))]
    proto: String,
    /// Load the policy into the kernel after a change.
    #[param(default = true)]
    reload: bool,
    /// The type.
    #[param(required)]
    setype: String,
    /// Whether the ports have the type.
    #[param(default = "present", choices("absent", "present"))]
    state: String,
}

/// A line of `semanage port --list`.
struct Line<'a> {
    setype: &'a str,
    proto: &'a str,
    ports: Vec<&'a str>,
}

fn lines(text: &str) -> Vec<Line<'_>> {
    text.lines()
        .filter_map(|line| {
            let (setype, rest) = line.trim().split_once(char::is_whitespace)?;
            let (proto, ports) = rest.trim_start().split_once(char::is_whitespace)?;
            let ports = ports
                .split(',')
                .map(str::trim)
                .filter(|p| !p.is_empty())
                .collect();
            Some(Line { setype, proto, ports })
        })
        .collect()
}

impl Module for Seport {
    const META: Meta = Meta {
        name: "community.general.seport",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "ports",
                doc: "The ports.",
            },
            Return {
                name: "proto",
                doc: "Their protocol.",
            },
            Return {
                name: "setype",
                doc: "The type.",
            },
            Return {
                name: "state",
                doc: "The state that was wanted.",
            },
        ],
        examples: &[Example {
            title: "Let the web server listen on another port",
            args: r#"{"ports": ["8888", "9000-9100"], "proto": "tcp", "setype": "http_port_t", "state": "present"}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        need_enabled(self.ignore_selinux_state)?;
        let store = Store::find(host, self.reload)?;
        let all = store.list(host, "port", false)?;
        let of_type = if self.local {
            store.list(host, "port", true)?
        } else {
            all.clone()
        };
        let has = |text: &str, port: &str, any: bool| {
            lines(text).iter().any(|line| {
                (any || line.setype == self.setype) && line.proto == self.proto && line.ports.contains(&port)
            })
        };
        let port_words = ["--proto", self.proto.as_str()];
        for port in &self.ports {
            let there = has(&of_type, port, false);
            if self.state == "absent" {
                if there {
                    let words = [&["--delete"], &port_words[..], &[port.as_str()]].concat();
                    store.change(host, "port", &words)?;
                }
            } else if !there {
                let verb = if has(&all, port, true) {
                    "--modify"
                } else {
                    "--add"
                };
                let kind = [verb, "--type", self.setype.as_str(), "--range", "s0"];
                let words = [&kind[..], &port_words, &[port.as_str()]].concat();
                store.change(host, "port", &words)?;
            }
        }
        Ok(Outcome::new()
            .with("ports", Value::list(self.ports.into_iter().map(Value::str)))
            .with("proto", self.proto)
            .with("setype", self.setype)
            .with("state", self.state))
    }
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn types_have_lists_of_ports() {
        let text = "http_port_t                    tcp      9999, 80, 443\nssh_port_t                     tcp      9000-9010\n\n";
        let found = lines(text);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].ports, ["9999", "80", "443"]);
        assert_eq!((found[1].setype, found[1].proto), ("ssh_port_t", "tcp"));
    }
}
