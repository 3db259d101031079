//! `constructed`: variables and groups of the hosts read so far, from expressions.

use super::Plugin;
use crate::{
    Evaluate, GroupNames, Inventory, LoadContext, VarsFolder, VarsKind, load::folders, source::Source,
};
use kdo_syntax::Diagnostic;
use kdo_value::{Map, Origin, Value};

mod keyed;

pub(crate) const PLUGIN: Plugin = Plugin {
    name: "constructed",
    accepts: |source, context| {
        source.is_readable() && source.has_extension(&context.yaml_extensions, &[".config"])
    },
    read,
};

/// The dictionary of a file that configures this plugin.
pub(crate) fn config(plugin: &str, source: &Source<'_>) -> Result<Map, Diagnostic> {
    let (document, _) = source.document()?;
    if !document.truthy() {
        return Err(Diagnostic::error(format!("{} is empty", source.name)));
    }
    let named = document.get("plugin");
    let name = named.as_ref().map_or("none found".into(), Value::to_text);
    if super::find(&name).is_none_or(|p| p.name != plugin) {
        let message = format!("Incorrect plugin name in file: {name}");
        return Err(Diagnostic::error(message).at(named.and_then(|n| n.origin())));
    }
    match document {
        Value::Map(map) => Ok(map),
        other => Err(Diagnostic::error(format!(
            "inventory source has invalid structure, it should be a dictionary, got: {}",
            other.type_name()
        ))),
    }
}

/// What evaluates templates.
pub(crate) fn evaluate<'a>(context: &LoadContext<'a>) -> Result<&'a dyn Evaluate, Diagnostic> {
    context
        .evaluate
        .ok_or_else(|| Diagnostic::error("expressions cannot be evaluated here"))
}

/// What the file says.
struct Options<'a> {
    strict: bool,
    leading_separator: bool,
    extra: Option<&'a Map>,
    evaluate: &'a dyn Evaluate,
}

impl Options<'_> {
    /// Variables for an expression of `compose` or `keyed_groups`.
    fn seen(&self, vars: &Map) -> Map {
        match self.extra {
            Some(extra) => over(vars, [extra]),
            None => vars.clone(),
        }
    }

    fn expression(&self, written: &Value, vars: &Map) -> Result<Value, String> {
        match written {
            Value::Str(text) => match self.evaluate.expression(text, &self.seen(vars))? {
                Value::Omit => Err("A template was resolved to an Omit scalar.".into()),
                value => Ok(value),
            },
            other => Err(format!(
                "the expression must be a text, it is {}",
                other.type_name()
            )),
        }
    }
}

/// Yes or no, as options are converted.
pub(super) fn is_yes(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(b) => Some(*b),
        Value::Int(n @ (0 | 1)) => Some(*n == 1),
        other => match other.as_str()?.to_lowercase().as_str() {
            "y" | "yes" | "on" | "1" | "true" | "t" | "1.0" => Some(true),
            "n" | "no" | "off" | "0" | "false" | "f" | "0.0" => Some(false),
            _ => None,
        },
    }
}

fn read(inventory: &mut Inventory, source: &Source<'_>, context: &LoadContext<'_>) -> Result<(), Diagnostic> {
    let config = config(PLUGIN.name, source)?;
    let flag = |name: &str, default: bool| match config.get(name) {
        None | Some(Value::None) => Ok(default),
        Some(value) => is_yes(&value).ok_or_else(|| {
            let message = format!("the option '{name}' must be true or false");
            Diagnostic::error(message).at(value.origin())
        }),
    };
    let options = Options {
        strict: flag("strict", false)?,
        leading_separator: flag("leading_separator", true)?,
        extra: flag("use_extra_vars", context.use_extra_vars)?.then_some(&context.extra),
        evaluate: evaluate(context)?,
    };
    let section = |name: &str| match config.get(name) {
        None | Some(Value::None) => Ok(Map::new()),
        Some(Value::Map(map)) => Ok(map),
        Some(other) => {
            let message = format!(
                "the option '{name}' must be a dictionary, it is {}",
                other.type_name()
            );
            Err(Diagnostic::error(message).at(other.origin()))
        }
    };
    let (compose, groups) = (section("compose")?, section("groups")?);
    let keyed = keyed::entries(&config)?;
    let files: Vec<VarsFolder> = if flag("use_vars_plugins", false)? && context.vars_files {
        let mut warnings = Vec::new();
        let bases = folders(&inventory.processed);
        let read = |base| VarsFolder::load(base, inventory, context, &mut warnings);
        bases.iter().map(|b| b.as_path()).map(read).collect()
    } else {
        Vec::new()
    };
    let failed = |message: String, written: &Value| {
        Diagnostic::error(format!("Failed to parse '{}'. {message}", source.name)).at(written.origin())
    };
    let hosts: Vec<String> = inventory.hosts.keys().cloned().collect();
    for host in &hosts {
        let vars = variables(inventory, host, &files)?;
        for (name, expression) in compose.entries() {
            match options.expression(&expression, &vars) {
                Ok(value) => {
                    let value = placed(value, expression.origin());
                    inventory.set_host_var(host, name, value);
                }
                Err(e) if options.strict => {
                    let message = format!("Could not set {} for host {host}: {e}", name.to_text());
                    return Err(failed(message, &expression));
                }
                Err(_) => {}
            }
        }
        // What was just composed counts for the groups.
        let vars = if compose.is_empty() {
            vars
        } else {
            variables(inventory, host, &files)?
        };
        for (name, condition) in groups.entries() {
            let name = safe(&name.to_text());
            match options.evaluate.condition(&condition, &vars) {
                Ok(true) => {
                    inventory.add_host(host, Some(&name), None, None);
                }
                Ok(false) => {}
                Err(e) if options.strict => {
                    let message = format!("Could not add host {host} to group {name}: {e}");
                    return Err(failed(message, &condition));
                }
                Err(_) => {}
            }
        }
        for entry in &keyed {
            entry
                .apply(inventory, host, &vars, &options)
                .map_err(|e| failed(e, &entry.key))?;
        }
    }
    Ok(())
}

/// Names of constructed groups never have odd characters, whatever the configuration says.
fn safe(name: &str) -> String {
    GroupNames::Silently.apply(name)
}

/// Texts that an expression made, with its place. They are never templates.
pub(crate) fn placed(value: Value, place: Option<Origin>) -> Value {
    let Some(origin) = place else { return value };
    match value {
        Value::Str(text) if text.origin().is_none() => Value::Str(text.with_origin(origin)),
        Value::List(items) => Value::list(items.to_vec().into_iter().map(|v| placed(v, place))),
        Value::Map(map) => {
            let entries = map.entries().into_iter();
            Value::Map(entries.map(|(k, v)| (k, placed(v, place))).collect())
        }
        other => other,
    }
}

/// What expressions see of a host: variables of its groups and its own, of sources and, if asked for, of files.
fn variables(inventory: &Inventory, host: &str, files: &[VarsFolder]) -> Result<Map, Diagnostic> {
    let groups = inventory.groups_of(host);
    let mut maps: Vec<Map> = Vec::new();
    let groups = inventory.in_order(&groups);
    maps.extend(groups.iter().map(|g| g.vars.clone()));
    for file in files {
        for group in &groups {
            if let Some(problem) = file.problem(VarsKind::Group, &group.name) {
                return Err(problem.clone());
            }
            maps.extend(file.of(VarsKind::Group, &group.name).iter().cloned());
        }
    }
    let Some(found) = inventory.hosts.get(host) else {
        return Ok(Map::new());
    };
    let magic = Map::new();
    let path = found.source.as_ref().map(|p| p.display().to_string());
    magic.insert("inventory_file", path);
    let dir = found
        .source
        .as_ref()
        .filter(|p| p.exists())
        .and_then(|p| p.parent());
    magic.insert("inventory_dir", dir.map(|d| d.display().to_string()));
    magic.insert("inventory_hostname", host);
    magic.insert("inventory_hostname_short", found.short_name());
    let mut names: Vec<&str> = groups
        .iter()
        .map(|g| g.name.as_str())
        .filter(|n| *n != "all")
        .collect();
    names.sort_unstable();
    magic.insert("group_names", Value::list(names.into_iter().map(Value::str)));
    maps.extend([found.vars.clone(), magic]);
    for file in files {
        if let Some(problem) = file.problem(VarsKind::Host, host) {
            return Err(problem.clone());
        }
        maps.extend(file.of(VarsKind::Host, host).iter().cloned());
    }
    let all = Map::new();
    let all = over(&all, &maps);
    all.freeze();
    Ok(all)
}

fn over<'m>(under: &Map, maps: impl IntoIterator<Item = &'m Map>) -> Map {
    let all = under.copied();
    for map in maps {
        map.for_each(|k, v| {
            all.insert(k.clone(), v.clone());
        });
    }
    all
}
