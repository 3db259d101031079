//! `service_facts`: the host's services.

use super::systemctl::Systemctl;
use crate::{facts::service_mgr, host::Command, prelude::*};

/// Tell which services there are and how they are
#[derive(Params)]
pub struct ServiceFacts;

const BAD: &[&str] = &["not-found", "masked", "failed"];

fn entry(name: &str, state: &str, status: Option<&str>, source: &str) -> Map {
    let map = Map::from_iter([("name", name), ("source", source), ("state", state)]);
    if let Some(status) = status {
        map.insert("status", status);
    }
    map
}

fn units(text: &str, services: &Map) {
    for line in text.lines().filter(|l| l.contains(".service")) {
        let fields: Vec<_> = line
            .split_whitespace()
            .filter(|f| *f != "●" && *f != "*")
            .collect();
        let [name, load, active, sub, ..] = fields[..] else {
            continue;
        };
        let bad = BAD.iter().find(|b| [load, active, sub].contains(b));
        let state = if sub == "running" { "running" } else { "stopped" };
        services.insert(
            name,
            entry(name, state, Some(bad.copied().unwrap_or(active)), "systemd"),
        );
    }
}

fn systemd(host: &mut Host<'_>, services: &Map) -> Result<(), Failure> {
    let systemctl = Systemctl::new(host, "system", false, false)?;
    let options = ["--no-pager", "--type", "service", "--all", "--plain"];
    let listed = systemctl.query(host, &[&["list-units"][..], &options].concat())?;
    units(&listed.stdout_text(), services);
    let files = systemctl.query(
        host,
        &["list-unit-files", "--no-pager", "--type", "service", "--all"],
    )?;
    let mut unknown = Vec::new();
    for line in files.stdout_text().lines().filter(|l| l.contains(".service")) {
        let mut words = line.split_whitespace();
        let (Some(name), Some(status)) = (words.next(), words.next()) else {
            continue;
        };
        match services.get(name) {
            Some(Value::Map(map)) => {
                let now = map.get("status").map(|s| s.to_text()).unwrap_or_default();
                if !BAD.contains(&now.as_str()) {
                    map.insert("status", status);
                }
            }
            _ => {
                services.insert(name, entry(name, "unknown", Some(status), "systemd"));
                if !name.contains("@.") {
                    unknown.push(name.to_owned());
                }
            }
        }
    }
    if !unknown.is_empty() {
        let mut args = vec!["show", "--property=Id,ActiveState"];
        args.extend(unknown.iter().map(String::as_str));
        let text = systemctl.query(host, &args)?.stdout_text();
        // Answers come in the order of the question; an alias answers with its target's name.
        for (name, block) in unknown.iter().zip(text.split("\n\n")) {
            let state = block.lines().find_map(|l| l.strip_prefix("ActiveState="));
            if let (Some(Value::Map(map)), Some(state)) = (services.get(name), state) {
                map.insert("state", state.trim());
            }
        }
    }
    Ok(())
}

fn scripts(host: &mut Host<'_>, services: &Map) -> Result<(), Failure> {
    if let Some(program) = host.find_program("rc-status") {
        let text = host
            .query(Command::new(program).args(["-a", "-s", "-C"]))?
            .stdout_text();
        for line in text.lines() {
            if let Some((name, state)) = line.split_once('[') {
                let name = name.trim();
                let state = state.trim_end_matches(']').trim();
                let state = if state.starts_with("started") {
                    "running"
                } else {
                    "stopped"
                };
                services.insert(name, entry(name, state, None, "openrc"));
            }
        }
        return Ok(());
    }
    if let Some(program) = host.find_program("service") {
        let text = host
            .query(Command::new(program).arg("--status-all").env("LC_ALL", "C"))?
            .stdout_text();
        for line in text.lines() {
            let Some((mark, name)) = line.split_once(']') else {
                continue;
            };
            let name = name.trim();
            let state = if mark.contains('+') { "running" } else { "stopped" };
            services.insert(name, entry(name, state, None, "sysv"));
        }
    }
    Ok(())
}

impl Module for ServiceFacts {
    const META: Meta = Meta {
        name: "ansible.builtin.service_facts",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[Return {
            name: "ansible_facts",
            doc: "`services`: by name, each with name, source, state and status.",
        }],
        examples: &[Example {
            title: "All services",
            args: "{}",
            given: &[],
            then: &[],
            changed: false,
            runs: true,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let services = Map::new();
        scripts(host, &services)?;
        if service_mgr::systemd_runs() && host.find_program("systemctl").is_some() {
            systemd(host, &services)?;
        }
        Ok(Outcome::new().with("ansible_facts", Map::from_iter([("services", services)])))
    }
}

#[cfg(test)]
mod tests {
    use super::units;
    use kdo_value::{Map, json};

    #[test]
    fn bad_states_win_over_activity() {
        let services = Map::new();
        units(
            "a.service loaded active running A daemon\nb.service not-found inactive dead b.service\nc.service loaded active exited C\n\n3 loaded units listed.\n",
            &services,
        );
        assert_eq!(
            json::line(&services.into()),
            r#"{"a.service": {"name": "a.service", "source": "systemd", "state": "running", "status": "active"}, "b.service": {"name": "b.service", "source": "systemd", "state": "stopped", "status": "not-found"}, "c.service": {"name": "c.service", "source": "systemd", "state": "stopped", "status": "active"}}"#
        );
    }
}
