//! Inventory sources: what `-i` can name.

use crate::{
    Evaluate, GroupNames, HashBehaviour, Inventory, Precedence, VarsFolder,
    plugins::{self, Plugin},
    python,
    source::Source,
};
use fancy_regex::Regex;
use kdo_syntax::{Diagnostic, Severity, SourceMap};
use kdo_value::Map;
use std::path::{Path, PathBuf};

/// Directories in directories deeper than this are left out.
const MAX_DEPTH: usize = 20;

const IGNORED_EXTENSIONS: [&str; 12] = [
    ".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst", ".orig", ".cfg", ".retry",
];

/// Decrypts a whole vault file.
pub type Decrypt<'a> = dyn Fn(&[u8]) -> Result<String, String> + 'a;

/// What loading needs from outside.
#[derive(Clone)]
pub struct LoadContext<'a> {
    /// Where texts are kept.
    pub sources: &'a SourceMap,
    /// Decrypts whole files; without it they are errors.
    pub decrypt: Option<&'a Decrypt<'a>>,
    /// Evaluates what `constructed` and `generator` compose; without it they are errors.
    pub evaluate: Option<&'a dyn Evaluate>,
    /// Names of the plugins that are tried, in order (`enable_plugins`).
    pub enabled: Vec<String>,
    /// Ends of file names in an inventory directory that are skipped.
    pub ignore_extensions: Vec<String>,
    /// Regular expressions for file names in an inventory directory that are skipped.
    pub ignore_patterns: Vec<String>,
    /// Extensions of YAML files, with their dots.
    pub yaml_extensions: Vec<String>,
    /// What happens to odd names of groups.
    pub group_names: GroupNames,
    /// Whose variables win, lowest first.
    pub precedence: Vec<Precedence>,
    /// What happens to dicts that several sources set.
    pub hash_behaviour: HashBehaviour,
    /// `--extra-vars`, for `constructed` where it asks for them.
    pub extra: Map,
    /// Whether `constructed` takes extra variables if its file does not say.
    pub use_extra_vars: bool,
    /// Whether the standard error of inventory scripts is passed on even if all went well.
    pub script_errors: bool,
    /// Whether `group_vars` and `host_vars` are read.
    pub vars_files: bool,
    /// Whether they are read once with the inventory and become variables of it (`run_vars_plugins = start`).
    pub vars_at_start: bool,
    /// Folders that may have inventory plugins in Python, which cannot be used.
    pub python_folders: Vec<PathBuf>,
    /// Folders of collections.
    pub collections: Vec<PathBuf>,
    /// Whether a source that cannot be read ends the loading.
    pub stop_at_first: bool,
}

impl<'a> LoadContext<'a> {
    /// With Ansible's defaults.
    pub fn new(sources: &'a SourceMap) -> Self {
        Self {
            sources,
            decrypt: None,
            evaluate: None,
            enabled: plugins::DEFAULT.map(str::to_owned).into(),
            ignore_extensions: IGNORED_EXTENSIONS.map(str::to_owned).into(),
            ignore_patterns: Vec::new(),
            yaml_extensions: [".yml", ".yaml", ".json"].map(str::to_owned).into(),
            group_names: GroupNames::default(),
            precedence: Precedence::DEFAULT.into(),
            hash_behaviour: HashBehaviour::default(),
            extra: Map::new(),
            use_extra_vars: false,
            script_errors: true,
            vars_files: true,
            vars_at_start: false,
            python_folders: Vec::new(),
            collections: Vec::new(),
            stop_at_first: false,
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
        inventory.group_names = context.group_names;
        inventory.precedence.clone_from(&context.precedence);
        inventory.hash_behaviour = context.hash_behaviour;
        inventory.play_files = context.vars_files && !context.vars_at_start;
        inventory.yaml_extensions.clone_from(&context.yaml_extensions);
        let plugins = enabled(&mut inventory, context);
        let mut parsed = false;
        for input in inputs.iter().filter(|i| !i.is_empty()) {
            inventory.sources.push(PathBuf::from(input));
            let name = if input.contains(',') {
                input.clone()
            } else {
                absolute(input).display().to_string()
            };
            parsed |= read(&mut inventory, &name, &plugins, context, 0);
            if inventory.unparsed > 0 && context.stop_at_first {
                return inventory;
            }
        }
        if parsed {
            inventory.reconcile();
        } else if !inputs.is_empty() {
            let message = "No inventory was parsed, only implicit localhost is available";
            inventory.warnings.push(Diagnostic::warning(message));
        }
        tell_names(&mut inventory);
        if context.vars_files {
            let mut warnings = Vec::new();
            inventory.folders = folders(&inventory.sources)
                .iter()
                .map(|base| VarsFolder::load(base, &inventory, context, &mut warnings))
                .collect();
            inventory.warnings.append(&mut warnings);
            if context.vars_at_start {
                inventory.take_folders();
            }
        }
        inventory
    }
}

/// The plugins that are enabled; what is none is told.
fn enabled(inventory: &mut Inventory, context: &LoadContext<'_>) -> Vec<&'static Plugin> {
    let mut out = Vec::new();
    for name in &context.enabled {
        match plugins::find(name) {
            Some(plugin) => out.push(plugin),
            None => {
                let message = match python::plugin(name, context) {
                    Some(path) => python::complaint(name, &path, None),
                    None => format!("Failed to load inventory plugin, skipping {name}"),
                };
                inventory.warnings.push(Diagnostic::warning(message));
            }
        }
    }
    out
}

/// An absolute path without detours; `~` is the home directory.
fn absolute(text: &str) -> PathBuf {
    let expanded = match (Path::new(text).strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(text),
    };
    let whole = std::path::absolute(&expanded).unwrap_or(expanded);
    let mut out = PathBuf::new();
    for part in whole.components() {
        match part {
            std::path::Component::ParentDir => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

/// Reads a list, file or directory; tells whether anything could be read.
fn read(
    inventory: &mut Inventory,
    name: &str,
    plugins: &[&'static Plugin],
    context: &LoadContext<'_>,
    depth: usize,
) -> bool {
    let failures = if Path::new(name).is_dir() {
        if directory(inventory, Path::new(name), plugins, context, depth) {
            return true;
        }
        Vec::new()
    } else {
        match one(inventory, name, plugins, context) {
            Ok(()) => return true,
            Err(failures) => failures,
        }
    };
    inventory.warnings.extend(failures);
    inventory.unparsed += 1;
    let message = format!("Unable to parse {name} as an inventory source");
    inventory.warnings.push(Diagnostic::warning(message));
    false
}

fn directory(
    inventory: &mut Inventory,
    path: &Path,
    plugins: &[&'static Plugin],
    context: &LoadContext<'_>,
    depth: usize,
) -> bool {
    let Ok(entries) = std::fs::read_dir(path) else {
        let message = format!("cannot read the directory `{}`", path.display());
        inventory.warnings.push(Diagnostic::warning(message));
        return false;
    };
    let mut names: Vec<String> = entries
        .flatten()
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let mut any = false;
    for name in names {
        if depth < MAX_DEPTH && !context.ignores(&name) {
            any |= read(
                inventory,
                &path.join(name).display().to_string(),
                plugins,
                context,
                depth + 1,
            );
        }
    }
    any
}

/// Lets each plugin try, until one can read the source.
fn one(
    inventory: &mut Inventory,
    name: &str,
    plugins: &[&'static Plugin],
    context: &LoadContext<'_>,
) -> Result<(), Vec<Diagnostic>> {
    let source = Source::new(name, context);
    let mut failures: Vec<(&'static str, Diagnostic)> = Vec::new();
    for plugin in plugins {
        if !(plugin.accepts)(&source, context) {
            let remark = format!(
                "{} declined parsing {name} as it did not pass its verify_file() method",
                plugin.name
            );
            inventory.remarks.push((3, remark));
            continue;
        }
        match (plugin.read)(inventory, &source, context) {
            Ok(()) => {
                let remark = format!("Parsed {name} inventory source with {} plugin", plugin.name);
                inventory.remarks.push((3, remark));
                inventory.processed.push(source.path.clone());
                return Ok(());
            }
            Err(mut failure) => {
                failure.severity = Severity::Warning;
                failure.message = format!(
                    "Failed to parse inventory with '{}' plugin: {}",
                    plugin.name, failure.message
                );
                if failure.place.is_none() && !failure.message.contains(name) {
                    failure.notes.push(name.to_owned());
                }
                failures.push((plugin.name, failure));
            }
        }
    }
    Err(telling(failures, &source))
}

/// The failures that tell something: of a file that names its plugin that plugin's, else not that it names none; and
/// not that a YAML file is no INI file.
fn telling(mut failures: Vec<(&'static str, Diagnostic)>, source: &Source<'_>) -> Vec<Diagnostic> {
    let named = |name: &str| name == plugins::auto::PLUGIN.name;
    let names_plugin =
        |d: &Diagnostic| source.document().is_ok() && !d.message.contains(plugins::auto::NO_PLUGIN);
    if let Some(at) = failures.iter().position(|(n, d)| named(n) && names_plugin(d)) {
        return vec![failures.swap_remove(at).1];
    }
    let yaml = failures.iter().any(|(n, _)| *n == "yaml") && source.path.extension().is_some();
    if failures.len() > 1 {
        failures.retain(|(n, _)| !(named(n) || yaml && *n == "ini"));
    }
    failures.into_iter().map(|(_, d)| d).collect()
}

/// Tells of groups with odd names and of groups and hosts with the same name.
fn tell_names(inventory: &mut Inventory) {
    let odd: Vec<String> = inventory.odd_names.iter().cloned().collect();
    if let Some(message) = inventory.group_names.warning()
        && !odd.is_empty()
    {
        let warning = Diagnostic::warning(message).note(odd.join(", "));
        inventory.warnings.push(warning);
    }
    for name in inventory
        .groups
        .keys()
        .filter(|n| inventory.hosts.contains_key(*n))
    {
        let message = format!("Found both group and host with same name: {name}");
        inventory.warnings.push(Diagnostic::warning(message));
    }
}

/// Folders whose `group_vars` and `host_vars` count: of directories they themselves, of files the ones around. One that
/// is named again counts where it is last.
pub(crate) fn folders(sources: &[PathBuf]) -> Vec<PathBuf> {
    let mut out: Vec<PathBuf> = Vec::new();
    for source in sources {
        if source.to_string_lossy().contains(',') && !source.exists() {
            continue;
        }
        let source = absolute(&source.to_string_lossy());
        let base = match source.parent() {
            Some(parent) if !source.is_dir() => parent.to_owned(),
            _ => source,
        };
        out.retain(|b| *b != base);
        out.push(base);
    }
    out
}
