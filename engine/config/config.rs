//! The settings of a run.

use crate::{BASE, ConfigError, Effect, Entry, Environment, Kind, SETTINGS, Setting, parse_ini};
use std::{
    collections::HashMap,
    fmt,
    os::unix::fs::PermissionsExt,
    path::{Component, Path, PathBuf},
};

/// A value in the type of its setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Not set.
    Unset,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// Text; one path as text too.
    Text(String),
    /// Texts or paths.
    List(Vec<String>),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unset => f.write_str("None"),
            Self::Bool(b) => f.write_str(if *b { "True" } else { "False" }),
            Self::Int(n) => write!(f, "{n}"),
            Self::Float(n) => write!(f, "{n}"),
            Self::Text(t) => f.write_str(t),
            Self::List(items) => {
                let quoted: Vec<String> = items.iter().map(|i| format!("'{i}'")).collect();
                write!(f, "[{}]", quoted.join(", "))
            }
        }
    }
}

/// Where a value was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nowhere.
    Default,
    /// An environment variable.
    Environment(String),
    /// A line of the file.
    File(PathBuf, usize),
    /// An option of the command.
    CommandLine,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Environment(name) => write!(f, "env: {name}"),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::CommandLine => f.write_str("command line"),
        }
    }
}

/// All settings with their values.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file that was read.
    pub file: Option<PathBuf>,
    /// Things to tell the user once.
    pub warnings: Vec<String>,
    values: HashMap<&'static str, (Value, Origin)>,
    entries: Vec<Entry>,
    environment: Environment,
}

impl Config {
    /// Reads the configuration of this process.
    pub fn load() -> Result<Self, ConfigError> {
        Self::load_from(Environment::of_process())
    }

    /// Reads the configuration of a given environment.
    pub fn load_from(environment: Environment) -> Result<Self, ConfigError> {
        let mut warnings = Vec::new();
        let file = find(&environment, &mut warnings);
        let entries = match &file {
            Some(path) => {
                let read = std::fs::read_to_string(path);
                let text = read.map_err(|e| ConfigError::Read {
                    path: path.clone(),
                    why: e.to_string(),
                })?;
                parse_ini(path, text.strip_prefix('\u{feff}').unwrap_or(&text))?
            }
            None => Vec::new(),
        };
        let mut config = Self {
            file,
            warnings,
            values: HashMap::new(),
            entries,
            environment,
        };
        // `home` first: the defaults of others are below it.
        let (home, others): (Vec<&Setting>, Vec<&Setting>) = SETTINGS.iter().partition(|s| s.name == "home");
        for setting in home.into_iter().chain(others) {
            let value = config.resolve(setting)?;
            config.values.insert(setting.name, value);
        }
        config.tell_what_has_no_effect();
        Ok(config)
    }

    pub(crate) fn resolve(&self, setting: &Setting) -> Result<(Value, Origin), ConfigError> {
        let from_env = setting.env.iter().rev().find_map(|name| {
            Some((
                self.environment.get(name)?,
                Origin::Environment((*name).to_owned()),
            ))
        });
        let from_file = || {
            setting.keys.iter().rev().find_map(|key| {
                let (section, key) = key.split_once('.')?;
                let entry = self.entry(section, key)?;
                let path = self.file.clone().unwrap_or_default();
                Some((entry.value.as_str(), Origin::File(path, entry.line)))
            })
        };
        match from_env.or_else(from_file) {
            Some((text, origin)) => Ok((self.parse(setting, text, &origin)?, origin)),
            None => match setting.default {
                Some(text) => Ok((self.parse(setting, text, &Origin::Default)?, Origin::Default)),
                None => Ok((Value::Unset, Origin::Default)),
            },
        }
    }

    fn entry(&self, section: &str, key: &str) -> Option<&Entry> {
        let own = self.entries.iter().find(|e| e.section == section && e.key == key);
        own.or_else(|| {
            let inherited = self.entries.iter().any(|e| e.section == section) || section == "defaults";
            self.entries
                .iter()
                .find(|e| inherited && e.section == "DEFAULT" && e.key == key)
        })
    }

    fn parse(&self, setting: &Setting, text: &str, origin: &Origin) -> Result<Value, ConfigError> {
        let shown = BASE.iter().find(|b| b.own == setting.name);
        let name = shown.map_or(setting.name, |b| b.name).to_owned();
        let invalid = |expected: &str| ConfigError::Invalid {
            name: name.clone(),
            origin: origin.to_string(),
            value: text.to_owned(),
            expected: expected.to_owned(),
        };
        let in_file = matches!(origin, Origin::File(..));
        let in_env = matches!(origin, Origin::Environment(_));
        let pieces = |separator: char| text.split(separator).map(str::trim).filter(|p| !p.is_empty());
        let value = match setting.kind {
            // An empty variable is none: the default counts.
            Kind::Int | Kind::Float if text.trim().is_empty() && in_env => match setting.default {
                Some(default) if !default.is_empty() => {
                    return self.parse(setting, default, &Origin::Default);
                }
                _ => Value::Unset,
            },
            Kind::Bool => {
                let word = text.trim().to_lowercase();
                Value::Bool(matches!(
                    word.as_str(),
                    "y" | "yes" | "on" | "1" | "true" | "t" | "1.0"
                ))
            }
            Kind::Int => {
                let digits = text.trim().replace('_', "");
                let whole = digits.parse().ok().or_else(|| {
                    let float: f64 = digits.parse().ok()?;
                    (float.fract() == 0.0 && float.abs() < 9e15).then_some(float as i64)
                });
                Value::Int(whole.ok_or_else(|| invalid("integer"))?)
            }
            Kind::Float => {
                let number = text.trim().parse().ok().filter(|n: &f64| !n.is_nan());
                Value::Float(number.ok_or_else(|| invalid("float"))?)
            }
            Kind::Str => Value::Text(if in_file { unquoted(text) } else { text }.to_owned()),
            Kind::List => Value::List(pieces(',').map(str::to_owned).collect()),
            Kind::Path if text.trim().is_empty() => Value::Unset,
            Kind::Path => Value::Text(self.path_text(if in_file { unquoted(text) } else { text }, origin)),
            Kind::PathList => Value::List(pieces(',').map(|p| self.path_text(p, origin)).collect()),
            Kind::PathSpec => Value::List(pieces(':').map(|p| self.path_text(p, origin)).collect()),
        };
        if let (Value::Text(text), false) = (&value, setting.choices.is_empty())
            && !setting.choices.contains(&text.as_str())
        {
            return Err(ConfigError::Choice {
                name,
                origin: origin.to_string(),
                value: text.clone(),
                choices: setting.choices.join(", "),
            });
        }
        Ok(value)
    }

    /// An absolute path: relative to the file that names it, else to the working directory.
    fn path_text(&self, text: &str, origin: &Origin) -> String {
        let working = &self.environment.working_directory;
        let text = text
            .replace("{{CWD}}", &working.display().to_string())
            .replace("{{ANSIBLE_HOME}}", self.text("home").unwrap_or("~/.ansible"));
        let base = match origin {
            Origin::File(path, _) => path.parent().unwrap_or(working),
            _ => working,
        };
        normal(&base.join(self.environment.expand(&text)))
            .display()
            .to_string()
    }

    /// Sets a value from the command line.
    pub fn set(&mut self, name: &str, text: &str) -> Result<(), ConfigError> {
        if let Some(setting) = setting(name) {
            let value = self.parse(setting, text, &Origin::CommandLine)?;
            self.values.insert(setting.name, (value, Origin::CommandLine));
        }
        Ok(())
    }

    /// A setting's value; `Unset` for one that is not in the table.
    pub fn value(&self, name: &str) -> &Value {
        debug_assert!(setting(name).is_some(), "no setting `{name}`");
        self.values.get(name).map_or(&Value::Unset, |(value, _)| value)
    }

    /// Where a setting's value comes from.
    pub fn origin(&self, name: &str) -> &Origin {
        self.values
            .get(name)
            .map_or(&Origin::Default, |(_, origin)| origin)
    }

    /// Whether somebody set it.
    pub fn is_set(&self, name: &str) -> bool {
        *self.origin(name) != Origin::Default
    }

    /// A boolean setting; false if it is not set.
    pub fn bool(&self, name: &str) -> bool {
        matches!(self.value(name), Value::Bool(true))
    }

    /// An integer setting.
    pub fn int(&self, name: &str) -> Option<i64> {
        if let Value::Int(n) = self.value(name) {
            Some(*n)
        } else {
            None
        }
    }

    /// A number setting.
    pub fn float(&self, name: &str) -> Option<f64> {
        if let Value::Float(n) = self.value(name) {
            Some(*n)
        } else {
            None
        }
    }

    /// A text setting.
    pub fn text(&self, name: &str) -> Option<&str> {
        if let Value::Text(t) = self.value(name) {
            Some(t)
        } else {
            None
        }
    }

    /// A list setting.
    pub fn list(&self, name: &str) -> &[String] {
        if let Value::List(items) = self.value(name) {
            items
        } else {
            &[]
        }
    }

    /// A path setting.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.text(name).map(PathBuf::from)
    }

    /// A setting of several paths.
    pub fn paths(&self, name: &str) -> Vec<PathBuf> {
        self.list(name).iter().map(PathBuf::from).collect()
    }

    /// A key of any section as it is written, for sections whose names are not known beforehand.
    pub fn raw(&self, section: &str, key: &str) -> Option<&str> {
        self.entry(section, key).map(|e| e.value.as_str())
    }

    /// A variable of the environment.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name)
    }

    /// The names of all variables of the environment.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
        self.environment.variables.keys().map(String::as_str)
    }

    /// All entries of the file.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Every setting with value and origin, in the order of the table.
    pub fn all(&self) -> impl Iterator<Item = (&'static Setting, &Value, &Origin)> {
        SETTINGS
            .iter()
            .filter_map(|s| self.values.get(s.name).map(|(v, o)| (s, v, o)))
    }

    fn tell_what_has_no_effect(&mut self) {
        let unsupported = self
            .all()
            .filter(|(s, _, o)| s.effect == Effect::Unsupported && **o != Origin::Default)
            // Saying what is so anyway has all the effect it can have.
            .filter(|(s, v, _)| {
                !(s.name == "display_traceback" && matches!(v, Value::List(l) if l == &["never"]))
            })
            .map(|(s, _, o)| format!("{} ({o})", s.name));
        let known_key = |e: &Entry| {
            SETTINGS.iter().flat_map(|s| s.keys).any(|k| {
                let (section, key) = k.split_once('.').unwrap_or(("", k));
                key == e.key && (section == e.section || e.section == "DEFAULT")
            })
        };
        // Settings of callbacks, inventory plugins and galaxy servers are read by name.
        let open = |e: &Entry| {
            [
                "callback_",
                "galaxy_server.",
                "galaxy_sources",
                "galaxy_trust",
                "inventory_plugin_",
                "become_",
            ]
            .iter()
            .any(|p| e.section.starts_with(p))
        };
        let path = self.file.clone().unwrap_or_default();
        let keys = self
            .entries
            .iter()
            .filter(|e| !open(e) && !known_key(e) && e.key != "json_indent")
            .map(|e| format!("[{}] {} ({}:{})", e.section, e.key, path.display(), e.line));
        // Callbacks have variables of their own, as has the program that tests Ansible.
        let others = |name: &str| {
            [
                "ANSIBLE_TEST_",
                "ANSIBLE_CALLBACK_",
                "ANSIBLE_LUCID_",
                "ANSIBLE_SELECTIVE_",
                "ANSIBLE_JSON_INDENT",
                "ANSIBLE_COLLECTIONS_TASKS_ONLY_",
            ]
            .iter()
            .any(|p| name.starts_with(p))
        };
        let known_env = |name: &str| {
            name == "ANSIBLE_CONFIG" || others(name) || SETTINGS.iter().any(|s| s.env.contains(&name))
        };
        let variables = self
            .environment
            .variables
            .keys()
            .filter(|n| {
                // Those of ansible-test are for the tests that it runs.
                let named = ["ANSIBLE_GALAXY_SERVER_", "ANSIBLE_TEST_"];
                n.starts_with("ANSIBLE_") && !named.iter().any(|p| n.starts_with(p)) && !known_env(n)
            })
            .cloned();
        let told: Vec<String> = unsupported.chain(keys).chain(variables).collect();
        if !told.is_empty() {
            self.warnings
                .push(format!("these settings have no effect: {}", told.join(", ")));
        }
    }
}

fn setting(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|s| s.name == name)
}

/// The file: `ANSIBLE_CONFIG`, the working directory's, the home's, the system's.
fn find(environment: &Environment, warnings: &mut Vec<String>) -> Option<PathBuf> {
    if let Some(given) = environment.get("ANSIBLE_CONFIG") {
        let mut path = normal(&environment.working_directory.join(environment.expand(given)));
        if path.is_dir() {
            path.push("ansible.cfg");
        }
        if path.exists() {
            return Some(path);
        }
    }
    let working = &environment.working_directory;
    let here = working.join("ansible.cfg");
    if here.exists() {
        let open = std::fs::metadata(working).is_ok_and(|m| m.permissions().mode() & 0o002 != 0);
        if !open {
            return Some(here);
        }
        warnings.push(format!(
            "anyone can write to the working directory ({}): its ansible.cfg is ignored; name it in ANSIBLE_CONFIG if you trust it",
            working.display()
        ));
    }
    [
        environment.home.join(".ansible.cfg"),
        PathBuf::from("/etc/ansible/ansible.cfg"),
    ]
    .into_iter()
    .find(|p| p.exists())
}

/// Drops `.` and resolves `..` by name only.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

fn unquoted(text: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|t| t.strip_suffix(quote)) {
            return inner;
        }
    }
    text
}
