//! Facts that other programs gather, where they are installed: Puppet's facter and Chef's ohai.

use super::Gather;
use crate::host::Command;
use kdo_value::{Value, json};
use std::path::PathBuf;

pub(super) fn facter(g: &mut Gather<'_, '_>) {
    let of_puppet = |name: &str| Some(PathBuf::from("/opt/puppetlabs/bin").join(name)).filter(|p| p.exists());
    let find = |name: &str| g.host.find_program(name).or_else(|| of_puppet(name));
    let Some(program) = find("cfacter").or_else(|| find("facter")) else {
        return;
    };
    for args in [&["--puppet", "--json"] as &[_], &["--json"]] {
        if add(g, "facter", Command::new(&program).args(args)) {
            return;
        }
    }
}

pub(super) fn ohai(g: &mut Gather<'_, '_>) {
    if let Some(program) = g.host.find_program("ohai") {
        add(g, "ohai", Command::new(program));
    }
}

/// Adds what a program prints, with its name before the facts'; says whether it ran well.
fn add(g: &mut Gather<'_, '_>, name: &str, command: Command) -> bool {
    let Ok(answer) = g.host.query(command) else {
        return false;
    };
    if answer.rc != 0 {
        return false;
    }
    match json::read(&answer.stdout_text()) {
        Ok(Value::Map(facts)) => {
            for (fact, value) in facts.text_entries() {
                g.foreign
                    .insert(format!("{name}_{}", fact.replace('-', "_")), value);
            }
        }
        _ => g.host.warn(format!("Failed to parse {name} facts")),
    }
    true
}
