//! What `ansible.cfg` and the environment say.

use crate::{
    screen,
    stop::{Result, Stop},
};
use kdo_config::{Config, Environment};
use kdo_inventory::HashBehaviour;
use kdo_template::{NoSetting, SettingValue};
use kdo_value::Value;
use std::{
    ops::Deref,
    path::{Path, PathBuf},
};

/// The configuration, with what several commands make of it.
#[derive(Clone)]
pub(crate) struct Settings(Config);

impl Deref for Settings {
    type Target = Config;

    fn deref(&self) -> &Config {
        &self.0
    }
}

impl kdo_template::Settings for Settings {
    fn setting(
        &self,
        name: &str,
        plugin: Option<(&str, &str)>,
    ) -> std::result::Result<SettingValue, NoSetting> {
        let shown = match plugin {
            None => self.0.named(name),
            Some((kind, plugin)) => self
                .0
                .plugin_option(kind, plugin, name)
                .ok_or(NoSetting::NoPlugin)?,
        }
        .ok_or(NoSetting::Unknown)?;
        let value = match shown.value {
            Some(value) => match value {
                kdo_config::Value::Unset => Value::None,
                kdo_config::Value::Bool(b) => b.into(),
                kdo_config::Value::Int(n) => n.into(),
                kdo_config::Value::Float(n) => Value::Float(n),
                kdo_config::Value::Text(text) => Value::str(text),
                kdo_config::Value::List(list) => Value::list(list.into_iter().map(Value::from)),
            },
            // kdo takes them where nobody says otherwise.
            None if shown.name == "ALLOW_BROKEN_CONDITIONALS" => true.into(),
            None => kdo_value::json::read(&shown.default).unwrap_or(Value::None),
        };
        Ok(SettingValue {
            value,
            origin: shown.origin,
        })
    }
}

impl Settings {
    /// Reads the configuration and tells its warnings.
    pub(crate) fn load() -> Result<Self> {
        let settings = Self::silent()?;
        for warning in &settings.warnings {
            screen::warn(warning);
        }
        Ok(settings)
    }

    /// Reads this file instead of the one that is found.
    pub(crate) fn of_file(file: &Path) -> Result<Self> {
        let mut environment = Environment::of_process();
        environment
            .variables
            .insert("ANSIBLE_CONFIG".to_owned(), file.display().to_string());
        let config = Config::load_from(environment).map_err(|e| Stop::new(e.to_string()).code(5))?;
        Ok(Self(config))
    }

    /// Reads the configuration and says nothing.
    pub(crate) fn silent() -> Result<Self> {
        let config = Config::load().map_err(|e| Stop::new(e.to_string()).code(5))?;
        screen::set_color(config.bool("force_color"), config.bool("nocolor"));
        Ok(Self(config))
    }

    /// Sets a value from the command line.
    pub(crate) fn set(&mut self, name: &str, text: &str) -> std::result::Result<(), kdo_config::ConfigError> {
        self.0.set(name, text)
    }

    /// `hash_behaviour`
    pub(crate) fn hash_behaviour(&self) -> HashBehaviour {
        match self.text("hash_behaviour") {
            Some("merge") => HashBehaviour::Merge,
            _ => HashBehaviour::Replace,
        }
    }

    /// Where roles are.
    pub(crate) fn roles_path(&self) -> Vec<PathBuf> {
        self.paths("roles_path")
    }

    /// A text that is set and not empty.
    pub(crate) fn given(&self, name: &str) -> Option<String> {
        self.text(name)
            .filter(|t| !t.is_empty() && self.is_set(name))
            .map(str::to_owned)
    }

    /// The first of these that is set and not empty.
    pub(crate) fn first_given(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|n| self.given(n))
    }
}
