//! Inventory sources: what `-i` can name.

use crate::{
    Inventory, VarsKind, ini, load_vars_dir, parse_address,
    script::{self, Failure},
    vars_files::read_text,
    yaml,
};
use fancy_regex::Regex;
use kdo_syntax::{Diagnostic, LoadOptions, SourceMap, load_secret, load_yaml};
use kdo_value::Map;
use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// Directories in directories deeper than this are left out.
const MAX_DEPTH: usize = 20;

/// Decrypts a whole vault file.
pub type Decrypt<'a> = dyn Fn(&[u8]) -> Result<String, String> + 'a;

/// What loading needs from outside.
#[derive(Clone)]
pub struct LoadContext<'a> {
    /// Where texts are kept.
    pub sources: &'a SourceMap,
    /// Decrypts whole files; without it they are errors.
    pub decrypt: Option<&'a Decrypt<'a>>,
    /// Ends of file names in an inventory directory that are skipped.
    pub ignore_extensions: Vec<String>,
    /// Regular expressions for file names in an inventory directory that are skipped.
    pub ignore_patterns: Vec<String>,
}

impl<'a> LoadContext<'a> {
    /// With Ansible's defaults.
    pub fn new(sources: &'a SourceMap) -> Self {
        let extensions = [
            ".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst", ".orig", ".cfg", ".retry",
        ];
        Self {
            sources,
            decrypt: None,
            ignore_extensions: extensions.map(str::to_owned).into(),
            ignore_patterns: Vec::new(),
        }
    }

    fn ignores(&self, name: &str) -> bool {
        name.starts_with('.')
            || matches!(name, "group_vars" | "host_vars" | "vars_plugins")
            || self.ignore_extensions.iter().any(|e| name.ends_with(e.as_str()))
            || self
                .ignore_patterns
                .iter()
                .any(|p| Regex::new(p).is_ok_and(|r| r.is_match(name).unwrap_or(false)))
    }
}

impl Inventory {
    /// Reads all sources in order, then the `group_vars` and `host_vars` beside them. A source that cannot be read
    /// becomes warnings and counts in [`Inventory::unparsed`].
    pub fn load(inputs: &[String], context: &LoadContext<'_>) -> Self {
        let mut inventory = Self::new();
        let mut parsed = 0;
        for input in inputs {
            let path = Path::new(input);
            if input.contains(',') && !path.exists() {
                host_list(&mut inventory, input);
                parsed += 1;
                continue;
            }
            inventory.sources.push(path.to_owned());
            if source(&mut inventory, path, context, 0) {
                parsed += 1;
            } else {
                inventory.unparsed += 1;
                let shown = absolute(path);
                let message = format!("Unable to parse {} as an inventory source", shown.display());
                inventory.warnings.push(Diagnostic::warning(message));
            }
        }
        inventory.reconcile();
        if parsed == 0 && !inputs.is_empty() {
            let message = "No inventory was parsed, only implicit localhost is available";
            inventory.warnings.push(Diagnostic::warning(message));
        }
        check_names(&mut inventory);
        files_beside(&mut inventory, context);
        inventory
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn host_list(inventory: &mut Inventory, input: &str) {
    for name in input.split(',').map(str::trim).filter(|n| !n.is_empty()) {
        let (name, port) = parse_address(name, false).unwrap_or_else(|| (name.to_owned(), None));
        inventory.add_host(&name, Some("ungrouped"), None);
        if let Some(port) = port {
            inventory.set_host_var(&name, "ansible_port", i64::from(port));
        }
    }
}

/// Reads a file or directory; tells whether anything could be read.
fn source(inventory: &mut Inventory, path: &Path, context: &LoadContext<'_>, depth: usize) -> bool {
    if !path.is_dir() {
        let before = (inventory.hosts.len(), inventory.groups.len());
        return match file(inventory, path, context) {
            Ok(()) => true,
            Err(failures) => {
                inventory.roll_back(before);
                inventory.warnings.extend(failures.into_iter().map(|mut d| {
                    d.severity = kdo_syntax::Severity::Warning;
                    d
                }));
                false
            }
        };
    }
    let Ok(entries) = std::fs::read_dir(path) else {
        let message = format!("cannot read the directory `{}`", path.display());
        inventory.warnings.push(Diagnostic::warning(message));
        return false;
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    paths.sort();
    let mut any = false;
    for entry in paths {
        let name = entry
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        if depth < MAX_DEPTH && !context.ignores(&name) {
            any |= source(inventory, &entry, context, depth + 1);
        }
    }
    any
}

fn file(inventory: &mut Inventory, path: &Path, context: &LoadContext<'_>) -> Result<(), Vec<Diagnostic>> {
    let mode = std::fs::metadata(path).map_or(0, |m| m.permissions().mode());
    let executable = path.is_file() && mode & 0o111 != 0;
    let mut failures = Vec::new();
    if executable {
        match script::read(inventory, path, context) {
            Ok(()) => return Ok(()),
            Err(Failure::Failed(d)) => {
                let is_script =
                    std::fs::read(path).is_ok_and(|b| b.starts_with(b"#!") || b.starts_with(b"\x7fELF"));
                if is_script {
                    return Err(vec![d]);
                }
                failures.push(d);
            }
            Err(Failure::NoProgram(why)) => failures.push(Diagnostic::error(format!(
                "`{}` is executable but cannot be run: {why}",
                path.display()
            ))),
        }
    }
    let (text, secret) = match read_text(path, context) {
        Ok(read) => read,
        Err(d) => {
            failures.push(d);
            return Err(failures);
        }
    };
    let extension = path.extension().map(|e| e.to_string_lossy().into_owned());
    let yaml_name = extension
        .as_deref()
        .is_some_and(|e| matches!(e, "yml" | "yaml" | "json"));
    if extension.as_deref() == Some("toml") {
        failures.push(Diagnostic::error(format!(
            "`{}`: TOML inventories are not supported",
            path.display()
        )));
        return Err(failures);
    }
    let number = context.sources.add(path, if secret { "" } else { text.as_str() });
    if yaml_name || extension.is_none() {
        let loaded = if secret {
            load_secret(context.sources, path, &text, LoadOptions::TRUSTED)
        } else {
            load_yaml(context.sources, number, LoadOptions::TRUSTED)
        };
        let tried = loaded.and_then(|mut documents| {
            let document = documents.single()?;
            yaml::read(inventory, path, &document)?;
            inventory.warnings.append(&mut documents.warnings);
            Ok(())
        });
        match tried {
            Ok(()) => return Ok(()),
            Err(d) if yaml_name => {
                failures.push(d);
                return Err(failures);
            }
            // What is no YAML inventory and has no telling name is INI.
            Err(_) => {}
        }
    }
    ini::read(inventory, path, number, &text).map_err(|d| {
        failures.push(d);
        failures
    })
}

fn check_names(inventory: &mut Inventory) {
    let odd = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_digit())
            || name.contains(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
    };
    let odd_names: Vec<&str> = inventory
        .groups
        .keys()
        .map(String::as_str)
        .filter(|n| odd(n))
        .collect();
    let mut warnings = Vec::new();
    if !odd_names.is_empty() {
        warnings.push(
            Diagnostic::warning(
                "Invalid characters were found in group names but not replaced, use -vvvv to see details",
            )
            .note(odd_names.join(", ")),
        );
    }
    for name in inventory
        .groups
        .keys()
        .filter(|n| inventory.hosts.contains_key(*n))
    {
        warnings.push(Diagnostic::warning(format!(
            "Found both group and host with same name: {name}"
        )));
    }
    inventory.warnings.extend(warnings);
}

/// Loads `group_vars` and `host_vars` beside each source; later sources win.
fn files_beside(inventory: &mut Inventory, context: &LoadContext<'_>) {
    let mut bases: Vec<PathBuf> = Vec::new();
    for source in &inventory.sources {
        let base = if source.is_dir() {
            source.clone()
        } else {
            match source.parent() {
                Some(p) if !p.as_os_str().is_empty() => p.to_owned(),
                _ => PathBuf::from("."),
            }
        };
        if !bases.contains(&base) {
            bases.push(base);
        }
    }
    let mut warnings = Vec::new();
    for base in bases {
        let mut load =
            |kind: VarsKind, name: &str, into: &Map, error: &mut Option<Diagnostic>| match load_vars_dir(
                &base,
                kind,
                name,
                context,
                &mut warnings,
            ) {
                Ok(Some(map)) => map.for_each(|k, v| {
                    into.insert(k.clone(), v.clone());
                }),
                Ok(None) => {}
                Err(d) => *error = error.take().or(Some(d)),
            };
        if base.join("group_vars").is_dir() {
            for group in inventory.groups.values_mut() {
                load(
                    VarsKind::Group,
                    &group.name,
                    &group.file_vars,
                    &mut group.file_error,
                );
            }
        }
        if base.join("host_vars").is_dir() {
            for host in inventory.all_hosts_mut() {
                load(VarsKind::Host, &host.name, &host.file_vars, &mut host.file_error);
            }
        }
    }
    inventory.warnings.append(&mut warnings);
}
