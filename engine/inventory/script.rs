//! Inventory scripts: `--list` and `--host`.

use crate::{Inventory, LoadContext};
use kdo_syntax::{Diagnostic, LoadOptions, load_text};
use kdo_value::{Map, Value};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Why a script gave no inventory.
pub(crate) enum Failure {
    /// The file cannot be executed; it may be a plain inventory with the wrong mode.
    NoProgram(String),
    /// It ran and failed.
    Failed(Diagnostic),
}

/// Runs a script and takes its groups over.
pub(crate) fn read(inventory: &mut Inventory, path: &Path, context: &LoadContext<'_>) -> Result<(), Failure> {
    let program = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let output = run(&program, &["--list"], path)?;
    let document = json(path, "--list", &output, context).map_err(Failure::Failed)?;
    let fail = |message: &str| {
        Failure::Failed(Diagnostic::error(format!(
            "the inventory script `{}` {message}",
            path.display()
        )))
    };
    let Value::Map(groups) = document else {
        return Err(fail("does not give a JSON object for --list"));
    };
    let mut hostvars = None;
    let mut has_meta = false;
    for (name, data) in groups.text_entries() {
        if name == "_meta" {
            has_meta = true;
            hostvars = data.get("hostvars");
            continue;
        }
        group(inventory, path, &name, &data).map_err(|m| fail(&m))?;
    }
    let hosts: Vec<String> = inventory.hosts.keys().cloned().collect();
    for host in hosts {
        let from_here = inventory
            .hosts
            .get(&host)
            .is_some_and(|h| h.source.as_deref() == Some(path));
        let vars = match &hostvars {
            Some(all) => all.get(&host),
            None if has_meta || !from_here => None,
            None => {
                let output = run(&program, &["--host", &host], path)?;
                if output.trim().is_empty() {
                    continue;
                }
                Some(json(path, &format!("--host {host}"), &output, context).map_err(Failure::Failed)?)
            }
        };
        match vars {
            None | Some(Value::None) => {}
            Some(Value::Map(vars)) => vars
                .entries()
                .into_iter()
                .for_each(|(k, v)| inventory.set_host_var(&host, k, v)),
            Some(_) => return Err(fail(&format!("gives no JSON object for the host `{host}`"))),
        }
    }
    Ok(())
}

fn group(inventory: &mut Inventory, path: &Path, name: &str, data: &Value) -> Result<(), String> {
    inventory.add_group(name);
    let map = match data {
        Value::List(_) => [("hosts", data.clone())].into_iter().collect(),
        Value::Map(map) if ["hosts", "vars", "children"].iter().any(|k| map.contains(k)) => map.clone(),
        Value::Map(map) => {
            let made = Map::new();
            made.insert("hosts", Value::list([Value::str(name)]));
            made.insert("vars", Value::Map(map.clone()));
            made
        }
        other => return Err(format!("gives {} for the group `{name}`", other.type_name())),
    };
    if let Some(hosts) = map.get("hosts").filter(|v| !v.is_none()) {
        let hosts = hosts
            .as_sequence()
            .ok_or_else(|| format!("gives no list of hosts for the group `{name}`"))?;
        for host in hosts {
            inventory.add_host(&host.to_text(), Some(name), Some(path));
        }
    }
    if let Some(vars) = map.get("vars").filter(|v| !v.is_none()) {
        let vars = vars
            .as_map()
            .cloned()
            .ok_or_else(|| format!("gives no dictionary of variables for the group `{name}`"))?;
        for (key, value) in vars.entries() {
            inventory.set_group_var(name, key, value);
        }
    }
    if let Some(children) = map.get("children").and_then(|v| v.as_sequence()) {
        for child in children {
            inventory.add_child(name, &child.to_text())?;
        }
    }
    Ok(())
}

fn run(program: &Path, arguments: &[&str], path: &Path) -> Result<String, Failure> {
    let mut command = Command::new(program);
    command.args(arguments);
    if let Some(dir) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        command.current_dir(dir);
    }
    let output = command.output().map_err(|e| Failure::NoProgram(e.to_string()))?;
    let fail = |what: String| Failure::Failed(Diagnostic::error(what));
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        let shown = format!(
            "the inventory script `{}` failed ({})",
            path.display(),
            output.status
        );
        return Err(Failure::Failed(
            Diagnostic::error(shown).note(complaint.trim().to_owned()),
        ));
    }
    String::from_utf8(output.stdout).map_err(|_| {
        fail(format!(
            "the inventory script `{}` does not write UTF-8",
            path.display()
        ))
    })
}

fn json(path: &Path, call: &str, text: &str, context: &LoadContext<'_>) -> Result<Value, Diagnostic> {
    kdo_value::json::read(text).map_err(|e| {
        let shown = format!(
            "the inventory script `{} {call}` does not write JSON",
            path.display()
        );
        Diagnostic::error(shown).note(e)
    })?;
    let name = PathBuf::from(format!("{} {call}", path.display()));
    load_text(context.sources, &name, text, LoadOptions::TRUSTED)?.single()
}
