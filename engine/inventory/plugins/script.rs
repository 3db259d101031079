//! `script`: programs that answer `--list` and `--host` in JSON.

use super::Plugin;
use crate::{Inventory, LoadContext, source::Source};
use indexmap::IndexSet;
use kdo_syntax::{Diagnostic, LoadOptions, load_text};
use kdo_value::{Map, Value};
use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

pub(crate) const PLUGIN: Plugin = Plugin {
    name: "script",
    accepts: |source, _| source.is_readable() && is_program(&source.path),
    read,
};

fn is_program(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

/// What a script wrote.
struct Answer {
    text: String,
    complaint: String,
}

impl Answer {
    fn fail(&self, message: &str) -> Diagnostic {
        failed(message, &self.complaint)
    }
}

fn failed(message: &str, complaint: &str) -> Diagnostic {
    let d = Diagnostic::error(message);
    if complaint.trim().is_empty() {
        return d;
    }
    d.note(format!(
        "standard error from inventory script: {}",
        complaint.trim_end()
    ))
}

fn read(inventory: &mut Inventory, source: &Source<'_>, context: &LoadContext<'_>) -> Result<(), Diagnostic> {
    let path = source.path.as_path();
    let answer = run(path, &["--list"])?;
    let undecodable = |why: &str| {
        answer.fail(&format!(
            "Unable to get JSON decoder for inventory script result. {why}"
        ))
    };
    let plain = kdo_value::json::read(&answer.text)
        .map_err(|e| undecodable(&format!("Value could not be parsed as JSON. {e}")))?;
    profile(&plain).map_err(|why| undecodable(&why))?;
    // Variables may be templates; those of a group that is none (see `group`) may not.
    let load = |options| value(path, "--list", &answer, options, context);
    let (Value::Map(groups), Value::Map(untrusted)) =
        (load(LoadOptions::TRUSTED)?, load(LoadOptions::UNTRUSTED)?)
    else {
        return Err(answer.fail("Inventory script result could not be parsed as JSON."));
    };
    if context.script_errors && !answer.complaint.trim().is_empty() {
        let told = Diagnostic::error(answer.complaint.trim_end());
        inventory.warnings.push(told);
    }
    let mut hosts = IndexSet::new();
    let mut hostvars = None;
    for (name, data) in groups.text_entries() {
        if name != "_meta" {
            let plain = untrusted.get(&name).unwrap_or(Value::None);
            group(inventory, path, &name, &data, &plain, &mut hosts).map_err(Diagnostic::error)?;
            continue;
        }
        let found = data.get("hostvars").unwrap_or(Value::None);
        let Value::Map(map) = found else {
            let kind = found.type_name();
            return Err(Diagnostic::error(format!(
                "Value contains '_meta.hostvars' which is '{kind}' instead of 'dict'."
            )));
        };
        hostvars = Some(map);
    }
    if hostvars.is_none() {
        inventory.deprecated(
            "Inventory scripts should always provide 'meta.hostvars'. Host variables will be collected by running the \
             inventory script with the '--host' option for each host.",
        );
    }
    for host in hosts {
        let vars = match &hostvars {
            Some(all) => all.get(&host),
            None => of_host(path, &host, context)?,
        };
        match vars {
            None => {}
            Some(Value::Map(vars)) => vars
                .entries()
                .into_iter()
                .for_each(|(k, v)| inventory.set_host_var(&host, k, v)),
            Some(other) => {
                return Err(Diagnostic::error(format!(
                    "Invalid data from file, expected dictionary and got: {}",
                    other.repr()
                )));
            }
        }
    }
    Ok(())
}

/// Whether the document says of itself that it is read otherwise.
fn profile(document: &Value) -> Result<(), String> {
    let wrong = |what: &str, is: &Value, wanted: &str| {
        Err(format!(
            "Value {what} '{}' instead of '{wanted}'.",
            is.type_name()
        ))
    };
    if document.as_map().is_none() {
        return wrong("is", document, "dict");
    }
    let Some(meta) = document.get("_meta") else {
        return Ok(());
    };
    if meta.as_map().is_none() {
        return wrong("contains '_meta' which is", &meta, "dict");
    }
    match meta.get("profile") {
        None => Ok(()),
        Some(Value::Str(name)) if name.as_str() == "inventory_legacy" => Ok(()),
        Some(Value::Str(name)) if name.starts_with("inventory_") => {
            Err(format!("Unknown profile name '{}'.", name.as_str()))
        }
        Some(Value::Str(name)) => Err(format!(
            "Non-inventory profile '{}' is not allowed.",
            name.as_str()
        )),
        Some(other) => wrong("contains '_meta.profile' which is", &other, "str"),
    }
}

/// The variables that `--host` gives; nothing for an empty answer.
fn of_host(path: &Path, host: &str, context: &LoadContext<'_>) -> Result<Option<Value>, Diagnostic> {
    let answer = run(path, &["--host", host])?;
    if answer.text.trim().is_empty() {
        return Ok(None);
    }
    let call = format!("--host {host}");
    let message = format!("Inventory script result for host '{host}' could not be parsed as JSON.");
    if kdo_value::json::read(&answer.text).is_err() {
        return Err(answer.fail(&message));
    }
    let found = value(path, &call, &answer, LoadOptions::TRUSTED, context);
    found.map(Some).map_err(|_| answer.fail(&message))
}

fn group(
    inventory: &mut Inventory,
    path: &Path,
    name: &str,
    data: &Value,
    untrusted: &Value,
    hosts: &mut IndexSet<String>,
) -> Result<(), String> {
    if name.is_empty() {
        return Err("Invalid empty/false group name provided".into());
    }
    let group = inventory.add_group(name);
    let map = match data {
        Value::Map(map) if ["hosts", "vars", "children"].iter().any(|k| map.contains(k)) => map.clone(),
        Value::Map(_) => {
            inventory.deprecated(&format!(
                "Treating malformed group '{group}' as the sole host of that group. Variables provided in this manner cannot \
                 be templated."
            ));
            let made = Map::new();
            made.insert("hosts", Value::list([Value::str(group.as_str())]));
            made.insert("vars", untrusted.clone());
            made
        }
        other => {
            inventory.deprecated(&format!(
                "Group '{group}' was converted to 'dict' from '{}'.",
                other.type_name()
            ));
            [("hosts", data.clone())].into_iter().collect()
        }
    };
    let wrong = |section: &str, is: &Value, wanted: &str| {
        format!(
            "Value contains '{group}.{section}' which is '{}' instead of '{wanted}'.",
            is.type_name()
        )
    };
    if let Some(named) = map.get("hosts") {
        let list = named.as_list().ok_or_else(|| wrong("hosts", &named, "list"))?;
        for host in list.to_vec() {
            let Some(host) = host.as_str().filter(|h| !h.is_empty()) else {
                return Err(format!(
                    "Invalid host name supplied, expected a string but got {}",
                    host.repr()
                ));
            };
            hosts.insert(host.to_owned());
            inventory.add_host(host, Some(&group), Some(path), None);
        }
    }
    if let Some(vars) = map.get("vars") {
        let entries = vars
            .as_map()
            .ok_or_else(|| wrong("vars", &vars, "dict"))?
            .entries();
        for (key, value) in entries {
            inventory.set_group_var(&group, key, value);
        }
    }
    let children = match map.get("children") {
        Some(Value::Map(children)) => children.keys(),
        Some(children) => children.as_sequence().unwrap_or_default(),
        None => Vec::new(),
    };
    for child in children {
        inventory.add_child(&group, &child.to_text())?;
    }
    Ok(())
}

fn run(program: &Path, arguments: &[&str]) -> Result<Answer, Diagnostic> {
    let output = Command::new(program).args(arguments).output().map_err(|e| {
        let shown = format!("{} {}", program.display(), arguments.join(" "));
        Diagnostic::error(format!(
            "Failed to execute inventory script command '{shown}'. {e}"
        ))
    })?;
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        let how = match output.status.code() {
            Some(code) => format!("Inventory script returned non-zero exit code {code}."),
            None => format!("Inventory script was ended ({}).", output.status),
        };
        return Err(failed(&how, &complaint));
    }
    match String::from_utf8(output.stdout) {
        Ok(text) => Ok(Answer { text, complaint }),
        Err(_) => Err(failed(
            "Inventory script result contained characters that cannot be interpreted as UTF-8.",
            &complaint,
        )),
    }
}

/// The answer as variables, with vault texts and texts that are no templates where it marks them.
fn value(
    path: &Path,
    call: &str,
    answer: &Answer,
    options: LoadOptions,
    context: &LoadContext<'_>,
) -> Result<Value, Diagnostic> {
    let name = PathBuf::from(format!("{} {call}", path.display()));
    let value = load_text(context.sources, &name, &answer.text, options)?.single()?;
    if is_broken(&value) {
        return Err(answer.fail("Inventory script result could not be parsed as JSON."));
    }
    Ok(value)
}

/// Whether a mark of a vault or unsafe text is on something else.
fn is_broken(value: &Value) -> bool {
    match value {
        Value::Map(map) => {
            let marked = map.contains("__ansible_vault") || map.contains("__ansible_unsafe");
            marked && map.len() == 1 || map.values().iter().any(is_broken)
        }
        Value::List(items) => items.to_vec().iter().any(is_broken),
        _ => false,
    }
}
