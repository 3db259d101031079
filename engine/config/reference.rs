//! Settings as ansible-config shows them: under Ansible's names, base settings first, then the plugins' options.

use crate::{BASE, Config, Kind, Origin, PLUGINS, SETTINGS, Setting, Value};

/// A base setting under Ansible's name.
#[derive(Clone, Copy, Debug)]
pub struct BaseSetting {
    /// Ansible's name, for example `DEFAULT_TIMEOUT`.
    pub name: &'static str,
    /// Our name; empty for a setting that has no meaning here.
    pub own: &'static str,
    /// Type in Ansible's words; empty if none is given.
    pub kind: &'static str,
    /// Default as JSON.
    pub default: &'static str,
}

impl BaseSetting {
    /// The row of the table with keys and variables.
    pub fn setting(&self) -> Option<&'static Setting> {
        SETTINGS.iter().find(|s| s.name == self.own)
    }
}

/// An option of a plugin of Ansible's.
#[derive(Clone, Copy, Debug)]
pub struct PluginSetting {
    /// Type of plugin, for example `connection`.
    pub category: &'static str,
    /// The plugin.
    pub plugin: &'static str,
    /// The option.
    pub name: &'static str,
    /// Type in Ansible's words; empty if none is given.
    pub kind: &'static str,
    /// Default as JSON; empty if the option must be given.
    pub default: &'static str,
    /// `section.key` in the file; the last one that is set wins.
    pub keys: &'static [&'static str],
    /// Environment variables; the last one that is set wins, and over the file.
    pub env: &'static [&'static str],
}

/// Types of plugins in the order in which they are shown.
pub const CATEGORIES: [&str; 11] = [
    "become",
    "cache",
    "callback",
    "cliconf",
    "connection",
    "httpapi",
    "inventory",
    "lookup",
    "netconf",
    "shell",
    "vars",
];

/// A setting with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// Its name.
    pub name: String,
    /// `default`, `REQUIRED`, `env: NAME` or the file.
    pub origin: String,
    /// The value where somebody set it.
    pub value: Option<Value>,
    /// The default as JSON where nobody did.
    pub default: String,
}

impl Shown {
    /// Whether somebody set it.
    pub fn is_set(&self) -> bool {
        self.value.is_some()
    }
}

impl Config {
    /// All base settings in Ansible's order, the configuration file among them.
    pub fn base_settings(&self) -> Vec<Shown> {
        BASE.iter().map(|base| self.base_setting(base)).collect()
    }

    fn base_setting(&self, base: &BaseSetting) -> Shown {
        if base.name == "CONFIG_FILE" {
            let file = self.file.as_ref().map(|f| f.display().to_string());
            return Shown {
                name: base.name.to_owned(),
                origin: String::new(),
                value: Some(file.map_or(Value::Unset, Value::Text)),
                default: String::new(),
            };
        }
        let set = base.setting().is_some() && self.is_set(base.own);
        Shown {
            name: base.name.to_owned(),
            origin: place(if set {
                self.origin(base.own)
            } else {
                &Origin::Default
            }),
            value: set.then(|| self.value(base.own).clone()),
            default: self.at_home(base.default),
        }
    }

    /// A base setting under Ansible's name.
    pub fn named(&self, name: &str) -> Option<Shown> {
        let base = BASE.iter().find(|b| b.name == name)?;
        Some(self.base_setting(base))
    }

    /// An option of a plugin; `None` within if there is none of that name, `None` if there is no such plugin.
    pub fn plugin_option(&self, category: &str, plugin: &str, name: &str) -> Option<Option<Shown>> {
        let mut options = PLUGINS
            .iter()
            .filter(|p| p.category == category && p.plugin == plugin)
            .peekable();
        options.peek()?;
        Some(options.find(|p| p.name == name).map(|p| self.plugin_setting(p)))
    }

    /// The options of all plugins of one type, by plugin.
    pub fn plugin_settings(&self, category: &str) -> Vec<(&'static str, Vec<Shown>)> {
        let mut out: Vec<(&'static str, Vec<Shown>)> = Vec::new();
        for option in PLUGINS.iter().filter(|p| p.category == category) {
            let shown = self.plugin_setting(option);
            match out.last_mut() {
                Some((plugin, list)) if *plugin == option.plugin => list.push(shown),
                _ => out.push((option.plugin, vec![shown])),
            }
        }
        out
    }

    fn plugin_setting(&self, option: &PluginSetting) -> Shown {
        let row = Setting {
            name: option.name,
            kind: kind(option.kind),
            default: None,
            keys: option.keys,
            env: option.env,
            effect: crate::Effect::Harmless,
            choices: &[],
        };
        // What cannot be read was told when the configuration was loaded, or nobody follows it here.
        let (value, origin) = self.resolve(&row).unwrap_or((Value::Unset, Origin::Default));
        let set = origin != Origin::Default;
        Shown {
            name: option.name.to_owned(),
            origin: match (set, option.default) {
                (false, "") => "REQUIRED".to_owned(),
                _ => place(&origin),
            },
            value: set.then_some(value),
            default: match option.default {
                "" => "null".to_owned(),
                json => self.at_home(json),
            },
        }
    }

    /// The servers of `[galaxy] server_list` with their options.
    pub fn galaxy_servers(&self) -> Vec<(String, Vec<Shown>)> {
        const OPTIONS: [&str; 10] = [
            "url",
            "username",
            "password",
            "token",
            "auth_url",
            "api_version",
            "validate_certs",
            "client_id",
            "client_secret",
            "timeout",
        ];
        let names = self.list("galaxy_server_list").iter();
        names
            .map(|server| {
                let options = OPTIONS.iter().map(|name| self.galaxy_option(server, name));
                (server.clone(), options.collect())
            })
            .collect()
    }

    fn galaxy_option(&self, server: &str, name: &str) -> Shown {
        let variable = format!(
            "ANSIBLE_GALAXY_SERVER_{}_{}",
            server.to_uppercase(),
            name.to_uppercase()
        );
        let file = self.file.as_ref().map(|f| f.display().to_string());
        let found = match self.variable(&variable) {
            Some(text) => Some((text.to_owned(), format!("env: {variable}"))),
            None => self
                .raw(&format!("galaxy_server.{server}"), name)
                .map(|text| (text.to_owned(), file.unwrap_or_default())),
        };
        let (value, origin) = found.unzip();
        Shown {
            name: name.to_owned(),
            origin: origin.unwrap_or_else(|| "default".to_owned()),
            value: value.map(|text| match text.parse() {
                Ok(seconds) if name == "timeout" => Value::Int(seconds),
                _ => Value::Text(text),
            }),
            default: if name == "timeout" { "60" } else { "null" }.to_owned(),
        }
    }

    /// What is wrong with the file's names: keys that no setting has, and sections that hold none but such. With
    /// `plugins`, options of plugins count as settings.
    pub fn unknown_entries(&self, plugins: bool) -> Vec<String> {
        let file = self
            .file
            .as_ref()
            .map(|f| f.display().to_string())
            .unwrap_or_default();
        let known = |wanted: &str| {
            let base = BASE.iter().filter_map(BaseSetting::setting).flat_map(|s| s.keys);
            let options = PLUGINS.iter().filter(|_| plugins).flat_map(|p| p.keys);
            base.chain(options)
                .any(|k| *k == wanted || wanted.ends_with('.') && k.starts_with(wanted))
        };
        let mut told = Vec::new();
        for entry in self.entries() {
            let (section, key) = (&entry.section, &entry.key);
            if section.starts_with("galaxy_server.") {
                continue;
            }
            let text = if known(&format!("{section}.{key}")) {
                continue;
            } else if known(&format!("{section}.")) {
                format!("Found unknown key '{key}' in section '{section}' in '{file}.")
            } else {
                format!("Found unknown section '{section}' in '{file}.")
            };
            if !told.contains(&text) {
                told.push(text);
            }
        }
        told
    }

    /// Variables `ANSIBLE_*` that no setting has.
    pub fn unknown_variables(&self, plugins: bool) -> Vec<String> {
        let known = |name: &str| {
            let base = BASE.iter().filter_map(BaseSetting::setting).flat_map(|s| s.env);
            let options = PLUGINS.iter().filter(|_| plugins).flat_map(|p| p.env);
            let other = name == "ANSIBLE_CONFIG" || name.starts_with("ANSIBLE_GALAXY_SERVER_");
            other || base.chain(options).any(|e| *e == name)
        };
        // What the suites that test such programs set for themselves.
        let of_tests = |name: &str| name.starts_with("ANSIBLE_TEST_");
        let mut told: Vec<String> = self
            .variables()
            .filter(|n| n.starts_with("ANSIBLE_") && !of_tests(n) && !known(n))
            .map(|n| format!("Found unknown environment variable '{n}'."))
            .collect();
        told.sort();
        told
    }

    fn at_home(&self, json: &str) -> String {
        let home = self.text("home").unwrap_or("~/.ansible");
        json.replace("{{ANSIBLE_HOME}}", home)
    }
}

fn place(origin: &Origin) -> String {
    match origin {
        Origin::File(path, _) => path.display().to_string(),
        other => other.to_string(),
    }
}

fn kind(word: &str) -> Kind {
    match word {
        "bool" | "boolean" => Kind::Bool,
        "int" | "integer" => Kind::Int,
        "float" => Kind::Float,
        "list" => Kind::List,
        "path" | "tmppath" | "tmp" => Kind::Path,
        "pathlist" => Kind::PathList,
        "pathspec" => Kind::PathSpec,
        _ => Kind::Str,
    }
}
